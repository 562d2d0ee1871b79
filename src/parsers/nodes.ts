import type { Encoding, Expr, ReadProblem, Scalar } from '../model/index.js';
import { literal } from '../model/index.js';
import type { LineTable } from './lines.js';

/**
 * What JSON and YAML have in common: values with the offsets they stand at. One tree may hold a node several times (YAML aliases),
 * never inside itself. At most `MAX_DEPTH` levels, so plain recursion over it is safe.
 */
export type DataNode = ScalarNode | ListNode | MapNode | ExprNode | ChoiceNode;

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
/** `flow`: written as `{…}`. Entries in the order of the text; keys may repeat. `labels`: of a block of HCL (`resource "type" "name"`). */
export interface MapNode extends Span { readonly is: 'map'; readonly entries: readonly DataEntry[]; readonly flow: boolean; readonly labels?: readonly string[] }

/** A value that is computed: an intrinsic function, a reference, a call. Analyzers of such formats put it where plain data would stand. */
export interface ExprNode extends Span { readonly is: 'expr'; readonly expr: Expr }
/** One of several values (`!If`, `?:`); a branch that is undefined leaves the value out. `test`: chooses the first branch, or the second. */
export interface ChoiceNode extends Span { readonly is: 'choice'; readonly test?: Expr; readonly branches: readonly (DataNode | undefined)[] }

export interface DataEntry {
  readonly key: string;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: DataNode;
}

/** The text a tree was read from, and its language. */
export interface DataSource {
  readonly lines: LineTable;
  readonly encoding: Encoding;
  /** The languages around it, outermost first: JSON in a heredoc of Terraform. */
  readonly around?: readonly Encoding[];
  /** How what is added is written, where all of it stands in a quoted text of another language. */
  readonly escape?: (text: string) => string;
  /** The key as this format spells it, where the tree holds it in the words of the ECS API (`StopTimeout` of `stopTimeout`). */
  readonly spell?: (key: string) => string;
  /** Told of what cannot be read of the texts inside it. */
  readonly report?: (problem: ReadProblem) => void;
}

/** Levels of nesting that are read; no file a person writes is near it. */
export const MAX_DEPTH = 400;
/** Nodes a tree may have once YAML aliases are followed. */
export const MAX_NODES = 200_000;

/** The entry that counts for a key: the last one written, else one merged in with `<<` (the first of a list wins, as in YAML 1.1). */
export function entryOf(node: DataNode | undefined, key: string): DataEntry | undefined {
  if (node?.is === 'choice') return chosenEntry(node, key);
  if (node?.is !== 'map') return undefined;
  return node.entries.findLast(entry => entry.key === key) ?? fromMerged(node, key);
}

/** What decides between the branches, for what takes their place. */
export const testOf = ({ test }: ChoiceNode): { readonly test?: Expr } => (test ? { test } : {});

/** Of several maps: the value is one of theirs, or missing where one lacks it. */
function chosenEntry(node: ChoiceNode, key: string): DataEntry | undefined {
  const entries = node.branches.map(branch => entryOf(branch, key));
  const first = entries.find(entry => entry !== undefined);
  if (!first || entries.every(entry => entry === first)) return first;
  return { ...first, value: { is: 'choice', ...testOf(node), branches: entries.map(entry => entry?.value), start: first.value.start, end: first.value.end } };
}

function fromMerged(node: MapNode, key: string): DataEntry | undefined {
  if (key === '<<') return undefined;
  for (const map of mergedInto(node)) {
    const found = entryOf(map, key);
    if (found) return found;
  }
  return undefined;
}

/** The maps that a map's `<<` lays under it. */
export function mergedInto(node: MapNode): readonly DataNode[] {
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

/** The entries of a map with merged ones followed, each key once: the one that counts. Of a choice those of every branch. Empty for anything else. */
export function entriesOf(node: DataNode | undefined): readonly DataEntry[] {
  if (node?.is === 'choice') return [...new Set(node.branches.flatMap(branch => entriesOf(branch).map(({ key }) => key)))].flatMap(key => chosenEntry(node, key) ?? []);
  if (node?.is !== 'map') return [];
  const found = new Map<string, DataEntry>();
  for (const map of [...mergedInto(node)].reverse()) for (const entry of entriesOf(map)) found.set(entry.key, entry);
  for (const entry of node.entries) if (entry.key !== '<<') found.set(entry.key, entry);
  return [...found.values()];
}

/** The items of a list, of a choice those of every branch; empty for anything else. */
export function itemsOf(node: DataNode | undefined): readonly DataNode[] {
  if (node?.is === 'choice') return node.branches.flatMap(itemsOf);
  return node?.is === 'list' ? node.items : [];
}

/** The text of a scalar as a program in another format would receive it: strings decoded, numbers and booleans as written. */
export function textOf(node: DataNode | undefined): string | undefined {
  if (node?.is === 'choice') {
    const texts = node.branches.flatMap(branch => (branch ? [textOf(branch)] : []));
    return texts.every(text => text === texts[0]) ? texts[0] : undefined;
  }
  if (node?.is === 'expr') return node.expr.is === 'literal' && node.expr.value !== null ? String(node.expr.value) : undefined;
  if (node?.is !== 'scalar' || node.value === null || node.tag !== undefined) return undefined;
  return typeof node.value === 'string' ? node.value : node.raw;
}

/** A written `null`, `~` or nothing behind the colon. */
export function isNull(node: DataNode | undefined): boolean {
  return node?.is === 'scalar' && node.value === null;
}

/** A branch of a choice; one that is null leaves the value out. */
export function branchOf(node: DataNode): DataNode | undefined {
  return isNull(node) ? undefined : node;
}

/** Data as an expression, without slots; the places are those of the data. */
export function asExpr(node: DataNode, lines: LineTable): Expr {
  const at = lines.at(node.start, node.end);
  switch (node.is) {
    case 'expr': return node.expr;
    case 'scalar': return literal(node.value, at);
    case 'list': return { is: 'list', items: node.items.map(item => asExpr(item, lines)), at };
    case 'choice': return { is: 'choice', ...testOf(node), branches: node.branches.map(branch => (branch ? asExpr(branch, lines) : literal(null, at))), at };
    case 'map': return { is: 'map', entries: node.entries.map(entry => [literal(entry.key, lines.at(entry.keyStart, entry.keyEnd)), asExpr(entry.value, lines)] as const), at };
  }
}
