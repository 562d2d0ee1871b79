import type { Input } from './mutate.js';

/** An input as a file: what did not hold of it, and its trees. */
export interface Saved { readonly what: string; readonly order: number; readonly before: Readonly<Record<string, string>>; readonly tree: Readonly<Record<string, string>> }

export const savedOf = (what: string, { order, before, tree }: Input): Saved => ({ what, order, before: Object.fromEntries(before), tree: Object.fromEntries(tree) });
export const inputOf = ({ order, before, tree }: Saved): Input => ({ order, before: new Map(Object.entries(before)), tree: new Map(Object.entries(tree)) });
