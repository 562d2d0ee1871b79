export interface EcosystemOptions { readonly trees: string; readonly update?: boolean; readonly list?: string; readonly say?: (line: string) => void }
export function contentOf(tree: string): string;
export function ecosystem(options: EcosystemOptions): Promise<boolean>;
