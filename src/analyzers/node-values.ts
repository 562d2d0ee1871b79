import type { Expr, Field, Scalar, Slot, SourceLocation } from '../model/index.js';
import { literal } from '../model/index.js';
import { entryOf, isNull, itemsOf, testOf, textOf, type DataEntry, type DataNode, type DataSource } from '../parsers/nodes.js';
import { insertSlots, replaceSlot } from './insertion.js';

/** How the texts of a format become values: plain, or with `${VAR}` in them. */
export type TextReader = (text: string, at: SourceLocation) => Expr;

export const plainText: TextReader = (value, at) => ({ is: 'literal', value, at });

export function placeOf(node: DataNode, source: DataSource): SourceLocation {
  return source.lines.at(node.start, node.end);
}

/** Key and value; the key alone where the value is longer than its line, or was written elsewhere (an alias). */
export function placeOfEntry(entry: DataEntry, source: DataSource): SourceLocation {
  const { value } = entry;
  const isShort = value.is === 'scalar' && value.start >= entry.keyEnd && !source.lines.text.slice(entry.keyStart, value.end).includes('\n');
  return source.lines.at(entry.keyStart, isShort ? value.end : entry.keyEnd);
}

/** A value as an expression, with a slot to replace it. Tagged values (`!GetAtt x`) are opaque. */
export function exprOf(node: DataNode, source: DataSource, read: TextReader = plainText): Expr {
  const at = placeOf(node, source);
  if (node.is === 'expr') return node.expr;
  if (node.is === 'choice') return { is: 'choice', ...testOf(node), branches: node.branches.map(branch => (branch ? exprOf(branch, source, read) : { is: 'literal', value: null, at })), at };
  const slot = replaceSlot(node, source);
  if (node.tag !== undefined) return opaque(node, source);
  if (node.is === 'list') return { is: 'list', items: node.items.map(item => exprOf(item, source, read)), at, slot };
  if (node.is === 'map') return { is: 'map', entries: node.entries.map(entry => [{ is: 'literal', value: entry.key, at: source.lines.at(entry.keyStart, entry.keyEnd) }, exprOf(entry.value, source, read)] as const), at, slot };
  const expr: Expr = typeof node.value === 'string' ? read(node.value, at) : { is: 'literal', value: node.value, at };
  return withSlot(expr, slot);
}

/** Each spread of an object makes V8 keep another shape (Node 20): the one kind of which there are very many is written out. */
const withSlot = (expr: Expr, slot: Slot): Expr => (expr.is === 'literal' ? literal(expr.value, expr.at, slot) : { ...expr, slot });

/** Longer texts of what is not understood are cut: they are for messages only. */
const OPAQUE_LENGTH = 200;

function opaque(node: DataNode, source: DataSource): Expr {
  const text = source.lines.text.slice(node.start, Math.min(node.end, node.start + OPAQUE_LENGTH));
  return { is: 'opaque', text: node.tag === undefined ? text : `${node.tag} ${text}`, at: placeOf(node, source) };
}

/** A value that reaches the process as text, whatever it looks like: `8080`, `true`. Maps and lists are opaque. */
export function textExprOf(node: DataNode, source: DataSource, read: TextReader = plainText): Expr {
  const at = placeOf(node, source);
  if (node.is === 'expr') return node.expr;
  if (node.is === 'choice') return { is: 'choice', ...testOf(node), branches: node.branches.map(branch => (branch ? textExprOf(branch, source, read) : { is: 'literal', value: null, at })), at };
  const value = textOf(node);
  if (value === undefined) return opaque(node, source);
  return withSlot(read(value, at), replaceSlot(node, source));
}

/** The texts of a list; a list that is named stands for its items. */
export function textsOf(node: DataNode | undefined, source: DataSource): readonly Expr[] {
  return node?.is === 'expr' ? [node.expr] : itemsOf(node).map(item => textExprOf(item, source));
}

/** Every literal the expression can come to, through fallbacks, turned into another value; undefined leaves it as it is. */
export function mapLiteral(expr: Expr, turn: (value: Scalar) => Scalar | undefined): Expr {
  if (expr.is === 'literal') {
    const value = turn(expr.value);
    return value === undefined ? expr : { ...expr, value };
  }
  if ((expr.is === 'environment' || expr.is === 'reference') && expr.fallback) return { ...expr, fallback: mapLiteral(expr.fallback, turn) };
  if (expr.is === 'choice') return { ...expr, branches: expr.branches.map(branch => mapLiteral(branch, turn)) };
  return expr;
}

/** The same value, with the unit its slot needs behind a number. */
export function withUnit(expr: Expr, unit: string | undefined): Expr {
  return unit !== undefined && expr.slot ? { ...expr, slot: { ...expr.slot, after: unit } } : expr;
}

/** "30" → 30. */
export function toNumber(value: Scalar): number | undefined {
  return typeof value === 'string' && /^\s{0,9}-?\d+(?:\.\d+)?\s{0,9}$/.test(value) ? Number(value) : undefined;
}

/** "true" → true. */
export function toBoolean(value: Scalar): boolean | undefined {
  return value === 'true' ? true : value === 'false' ? false : undefined;
}

export interface FieldOptions {
  readonly source: DataSource;
  /** Where a rule points when the value is missing. */
  readonly owner: SourceLocation;
  readonly read?: TextReader;
  readonly turn?: (value: Scalar) => Scalar | undefined;
  /** JSON: what must stand behind an inserted value, in the map it is in. */
  readonly rest?: string;
  /** YAML: the unit behind a written number. */
  readonly unit?: string;
  /** YAML: the keys the new one best stands below. */
  readonly below?: readonly string[];
}

/**
 * The value at a path of keys: with a slot to replace it, or with the slot that adds what is missing of the path. A value that others share is left as
 * it is: one that is merged in gets a key of its own beside it, one behind an alias no slot.
 */
export function fieldAt(map: DataNode | undefined, path: readonly string[], options: FieldOptions): Field {
  const { source, owner, read, turn, unit } = options;
  let at: DataNode | undefined = map;
  let shared: readonly Slot[] | undefined;
  for (const [level, key] of path.entries()) {
    const entry = entryOf(at, key);
    if (!entry || (isNull(entry.value) && level < path.length - 1)) {
      const rest = level < path.length - 1 ? options.rest : undefined;
      return { at: owner, slots: at && !entry ? insertSlots(at, path.slice(level), source, { json: rest, unit, below: options.below }) : [] };
    }
    if (at?.is === 'map' && !at.entries.includes(entry)) shared = level < path.length - 1 ? [] : insertSlots(at, [key], source, { unit, below: options.below });
    else if (source.encoding === 'yaml' && entry.value.end <= entry.keyStart) shared = [];
    at = entry.value;
  }
  if (!at || isNull(at)) return { at: owner, slots: shared ?? (at && at.end > at.start ? [replaceSlot(at, source, unit === undefined ? {} : { after: unit })] : []) };
  const expr = exprOf(at, source, read);
  const slots = shared ?? (at.is === 'choice' || (at.is === 'expr' && at.expr.is !== 'literal') ? [] : [replaceSlot(at, source, unit === undefined ? {} : { after: unit })]);
  return { value: turn ? mapLiteral(expr, turn) : expr, at: placeOf(at, source), slots };
}

/** A field nobody can mend where it stands. */
export function fixedField(at: SourceLocation, value?: Expr): Field {
  return value ? { value, at: value.at, slots: [] } : { at, slots: [] };
}
