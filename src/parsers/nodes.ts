import type { ReadProblem, Scalar } from '../model/index.js';
import type { LineTable } from './lines.js';

/**
 * What JSON and YAML have in common: values with the offsets they stand at. One tree may hold a node several times (YAML aliases),
 * never inside itself. At most `MAX_DEPTH` levels, so plain recursion over it is safe.
 */
export type DataNode = ScalarNode | ListNode | MapNode;

/** Offsets of a value in UTF-16 units, end exclusive. `tag`: a YAML tag that is not a core type (`!Ref`). */
interface Span { readonly start: number; readonly end: number; readonly tag?: string }

/** `raw`: as written, quotes and escapes included. */
export interface ScalarNode extends Span {
  readonly is: 'scalar';
  readonly value: Scalar;
  readonly raw: string;
  readonly style: 'plain' | 'single' | 'double' | 'block';
}
/** `flow`: written as `[…]`. */
export interface ListNode extends Span { readonly is: 'list'; readonly items: readonly DataNode[]; readonly flow: boolean }
/** `flow`: written as `{…}`. Entries in the order of the text; keys may repeat. */
export interface MapNode extends Span { readonly is: 'map'; readonly entries: readonly DataEntry[]; readonly flow: boolean }

export interface DataEntry {
  readonly key: string;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: DataNode;
}

/** The text a tree was read from, and its language. `report`: told of what cannot be read of the texts inside it. */
export interface DataSource { readonly lines: LineTable; readonly encoding: 'json' | 'yaml'; readonly report?: (problem: ReadProblem) => void }

/** Levels of nesting that are read; no file a person writes is near it. */
export const MAX_DEPTH = 400;
/** Nodes a tree may have once YAML aliases are followed. */
export const MAX_NODES = 200_000;

/** The entry that counts for a key: the last one written, else one merged in with `<<` (the first of a list wins, as in YAML 1.1). */
export function entryOf(node: DataNode | undefined, key: string): DataEntry | undefined {
  if (node?.is !== 'map') return undefined;
  return node.entries.findLast(entry => entry.key === key) ?? fromMerged(node, key);
}

function fromMerged(node: MapNode, key: string): DataEntry | undefined {
  if (key === '<<') return undefined;
  for (const map of mergedInto(node)) {
    const found = entryOf(map, key);
    if (found) return found;
  }
  return undefined;
}

function mergedInto(node: MapNode): readonly DataNode[] {
  return node.entries.filter(entry => entry.key === '<<').flatMap(({ value }) => (value.is === 'list' ? value.items : [value]));
}

/** The value at a key, through merged maps; undefined for anything that is no map or lacks it. */
export function valueOf(node: DataNode | undefined, key: string): DataNode | undefined {
  return entryOf(node, key)?.value;
}

/** Like `valueOf` along a path of keys. */
export function valueAt(node: DataNode | undefined, ...path: readonly string[]): DataNode | undefined {
  return path.reduce<DataNode | undefined>(valueOf, node);
}

/** The entries of a map with merged ones followed, each key once: the one that counts. Empty for anything else. */
export function entriesOf(node: DataNode | undefined): readonly DataEntry[] {
  if (node?.is !== 'map') return [];
  const found = new Map<string, DataEntry>();
  for (const map of [...mergedInto(node)].reverse()) for (const entry of entriesOf(map)) found.set(entry.key, entry);
  for (const entry of node.entries) if (entry.key !== '<<') found.set(entry.key, entry);
  return [...found.values()];
}

/** The items of a list; empty for anything else. */
export function itemsOf(node: DataNode | undefined): readonly DataNode[] {
  return node?.is === 'list' ? node.items : [];
}

/** The text of a scalar as a program in another format would receive it: strings decoded, numbers and booleans as written. */
export function textOf(node: DataNode | undefined): string | undefined {
  if (node?.is !== 'scalar' || node.value === null || node.tag !== undefined) return undefined;
  return typeof node.value === 'string' ? node.value : node.raw;
}

/** A written `null`, `~` or nothing behind the colon. */
export function isNull(node: DataNode | undefined): boolean {
  return node?.is === 'scalar' && node.value === null;
}
