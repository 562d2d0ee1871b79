export function build(options?: { readonly force?: boolean }): void;
