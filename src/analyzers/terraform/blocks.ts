import type { Field, RepeatFacts, SourceLocation } from '../../model/index.js';
import { itemsOf, textOf, valueAt, valueOf, type DataEntry, type DataNode, type DataSource, type MapNode } from '../../parsers/nodes.js';
import { exprOf, placeOf } from '../node-values.js';

/** A block with labels: `resource "type" "name" { … }`. */
export interface Block { readonly name: string; readonly body: MapNode; readonly at: SourceLocation }
export type BlockEntry = DataEntry & { readonly value: MapNode };

/** The blocks of a file that have labels. */
export const labelled = (root: MapNode): readonly BlockEntry[] => root.entries.filter((entry): entry is BlockEntry => entry.value.is === 'map' && entry.value.labels !== undefined);

/** A block with its `dynamic` blocks written out; its place is its first line. */
export const blockOf = (source: DataSource) => ({ keyStart, keyEnd, value }: BlockEntry): Block => ({
  name: value.labels?.at(-1) ?? '', body: value.entries.some(({ key }) => key === 'dynamic') ? { ...value, entries: value.entries.flatMap(writtenOut) } : value,
  at: source.lines.at(keyStart, Math.max(keyEnd, Math.min(value.start, lineEnd(keyStart, source)))),
});
const lineEnd = (offset: number, { lines }: DataSource): number => { const end = lines.text.indexOf('\n', offset); return end < 0 ? lines.text.length : end; };

/** Blocks one `dynamic` block is written out to. */
const COPIES = 100;

/** `dynamic "x" { for_each = […] content { … } }`: an `x` block for each item. Where the items are not known, one that may be absent. */
function writtenOut(entry: DataEntry): readonly DataEntry[] {
  const [name, ...others] = entry.key === 'dynamic' && entry.value.is === 'map' ? entry.value.labels ?? [] : [];
  const content = valueOf(entry.value, 'content');
  if (name === undefined || others.length > 0 || content?.is !== 'map') return [entry];
  const iterator = textOf(valueOf(entry.value, 'iterator')) ?? name;
  const over = valueOf(entry.value, 'for_each');
  const { labels: _, ...body } = content;
  const copy = (value: DataNode): DataEntry => ({ ...entry, key: name, value });
  if (over?.is === 'list' && over.items.every(({ is }) => is !== 'expr')) return over.items.slice(0, COPIES).map(item => copy(filled(body, iterator, undefined, item)));
  if (over?.is === 'map') return over.entries.slice(0, COPIES).map(({ key, keyStart, keyEnd, value }) => copy(filled(body, iterator, { is: 'scalar', value: key, raw: key, style: 'plain', start: keyStart, end: keyEnd }, value)));
  if (over?.is === 'choice' && over.branches.every(branch => branch?.is === 'list' && branch.items.length <= 1)) {
    const items = over.branches.map(branch => itemsOf(branch)[0]);
    return [copy({ is: 'choice', branches: items.map(item => item && filled(body, iterator, undefined, item)), start: entry.value.start, end: entry.value.end })];
  }
  return [copy({ is: 'choice', branches: [body, undefined], start: entry.value.start, end: entry.value.end })];
}

/** The content of a dynamic block for one item: `x.value` and `x.key` are put in. */
function filled(node: DataNode, iterator: string, key: DataNode | undefined, item: DataNode): DataNode {
  const inner = (child: DataNode): DataNode => filled(child, iterator, key, item);
  switch (node.is) {
    case 'list': return { ...node, items: node.items.map(inner) };
    case 'map': return { ...node, entries: node.entries.map(entry => ({ ...entry, value: inner(entry.value) })) };
    case 'choice': return { ...node, branches: node.branches.map(branch => branch && inner(branch)) };
    case 'expr': {
      const { expr } = node;
      if (expr.is !== 'reference' || expr.module !== iterator) return node;
      const [what, ...path] = expr.name.split('.');
      return (what === 'key' ? key ?? item : valueAt(item, ...path)) ?? node;
    }
    default: return node;
  }
}

/** How often the block stands for what it says. */
export function repeatOf({ body }: Block, source: DataSource): { readonly repeat: RepeatFacts } | undefined {
  const [count, forEach] = [valueOf(body, 'count'), valueOf(body, 'for_each')];
  return count ?? forEach ? { repeat: { ...(count && { count: exprOf(count, source) }), ...(forEach && { forEach: exprOf(forEach, source) }) } } : undefined;
}

/** Where `lifecycle { ignore_changes = [name, …] }` stands, if it names one of these or all of them. */
export function ignoresAt({ body }: Block, names: readonly string[], source: DataSource): SourceLocation | undefined {
  const list = valueAt(body, 'lifecycle', 'ignore_changes');
  const words = list?.is === 'list' ? list.items : list ? [list] : [];
  const found = words.find(word => { const text = word.is === 'expr' && word.expr.is === 'name' ? word.expr.name : textOf(word); return text === 'all' || (text !== undefined && names.includes(text)); });
  return found && placeOf(found, source);
}

/** A field whose change is not applied. */
export const frozenField = (field: Field, at: SourceLocation | undefined): Field => (at ? { ...field, frozen: at } : field);
