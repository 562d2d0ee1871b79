import type { Encoding, Slot } from '../model/index.js';
import { placeInLine } from './alignment.js';
import type { DataEntry, DataNode, DataSource, MapNode } from '../parsers/nodes.js';

/** Where a value stands, so that another can take its place. */
export function replaceSlot(node: DataNode, source: DataSource, around: { readonly before?: string; readonly after?: string } = {}): Slot {
  return { kind: 'replace', at: source.lines.at(node.start, node.end), encoding: languagesOf(source), ...around };
}

/**
 * Where an absent key can be written into a map, in the map's own style. `path`: the key, or keys of maps that are missing too.
 * `rest`: what must stand behind the value in the innermost of those (`, "rollback": true`).
 * None where the text gives no safe place.
 */
export function insertSlots(map: DataNode, path: readonly string[], source: DataSource, rest: InsertOptions = {}): readonly Slot[] {
  if (map.is !== 'map' || path.length === 0) return [];
  const keys = path.map(source.spell ?? (key => key));
  const slot = source.encoding !== 'yaml' ? intoCode(map, keys, source, rest.json ?? '') : map.flow ? intoFlow(map, keys, source, rest.unit ?? '') : intoBlock(map, keys, source, rest);
  return slot ? [slot] : [];
}

/** `below`: the keys of a YAML map that the new one best stands below, the best first. `unit`: what a number needs behind it. */
export interface InsertOptions { readonly json?: string; readonly unit?: string; readonly below?: readonly string[] }

function insertAt(offset: number, before: string, after: string, source: DataSource): Slot {
  const { lines, escape = (text: string) => text } = source;
  return { kind: 'insert', at: lines.at(offset, offset), encoding: languagesOf(source), before: escape(before), ...(after !== '' && { after: escape(after) }) };
}

const languagesOf = ({ around = [], encoding }: DataSource): readonly Encoding[] => [...around, encoding];

/** Where a JSON object, an HCL object or block, or an object or dict of a program has its names. */
const NAMES: ReadonlySet<string> = new Set(['name', 'containerName', 'family']);

/**
 * Behind the property that names the thing, else behind the first: never in need of a comma that is not ours. Key, colon and comma
 * are written as that property has them (HCL knows `key = value` with and without commas).
 */
function intoCode(map: MapNode, path: readonly string[], source: DataSource, rest: string): Slot | undefined {
  // what is missing around it is an object of a class, which would have to be imported
  if (source.encoding === 'python' && path.length > 1) return undefined;
  const { text } = source.lines;
  const anchor = map.entries.find(entry => NAMES.has(entry.key)) ?? map.entries[0];
  const colon = anchor ? colonOf(anchor, text) : source.encoding === 'hcl' ? ' = ' : ': ';
  const quote = source.encoding === 'json' ? '"' : anchor ? quoteOf(anchor, text) : source.encoding === 'python' ? '"' : '';
  const before = path.map(key => `${quote}${key}${quote}${colon}`).join('{ ');
  const after = rest + ' }'.repeat(path.length - 1);
  if (!anchor) return insertAt(map.start + 1, before, after, source);
  const lineBreak = lineBreakBefore(anchor.keyStart, source);
  const comma = source.encoding !== 'hcl' || !lineBreak || /^\s*,/.test(text.slice(anchor.value.end, anchor.value.end + 200)) ? ',' : '';
  const apart = source.encoding === 'hcl' && lineBreak ? placeInLine(map, anchor, path[0]!, text) : undefined;
  if (apart) return insertAt(apart.behind.value.end, `${comma}${apart.isApart ? /^\r?\n/.exec(lineBreak!)![0] : ''}${lineBreak}${before.replace(/^[^ =]+ *(?==)/, apart.key)}`, after, source);
  return insertAt(anchor.value.end, `${comma}${lineBreak ?? gapBehind(anchor, map, text)}${before}`, after, source);
}

/** What stands behind the comma of an entry, where others follow on its line: nothing in compact JSON. */
function gapBehind(anchor: DataEntry, map: MapNode, text: string): string {
  const next = map.entries[map.entries.indexOf(anchor) + 1];
  return next ? /^\s*,([ \t]*)$/.exec(text.slice(anchor.value.end, next.keyStart))?.[1] ?? ' ' : ' ';
}

const quoteOf = (entry: DataEntry, text: string): string => (/["']/.exec(text[entry.keyStart] ?? '')?.[0] ?? '');

const colonOf = (entry: DataEntry, text: string): string => {
  const written = text.slice(entry.keyEnd, entry.value.start);
  return /^\s*[:=][ \t]*$/.test(written) && !written.includes('\n') ? written.replace(/^\s+(?==)/, ' ') : ': ';
};

/** The line break and indentation in front of a key, where it stands first on its line. */
function lineBreakBefore(offset: number, source: DataSource): string | undefined {
  const { text } = source.lines;
  const indent = source.lines.indentAt(offset);
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  if (lineStart + indent.length !== offset || lineStart === 0) return undefined;
  return `${lineBreakAt(lineStart, text)}${indent}`;
}

const lineBreakAt = (lineStart: number, text: string): string => (text.slice(lineStart - 2, lineStart) === '\r\n' ? '\r\n' : '\n');
/** The line break of a text, by its first line. */
export const lineBreakOf = (text: string): string => (/\r?\n/.exec(text)?.[0] ?? '\n');

/** In front of the first key of `{…}`. */
function intoFlow(map: MapNode, path: readonly string[], source: DataSource, unit: string): Slot {
  const before = path.map(key => `${key}: `).join('{ ');
  const after = unit + ' }'.repeat(path.length - 1) + (map.entries.length > 0 ? ', ' : '');
  return insertAt(map.start + 1, before, after, source);
}

/**
 * On a line of its own: below an entry that takes one line (one of `below`, the first, any), else above the first. The map may have been written elsewhere
 * (an alias): then it is changed there. Entries laid over the map from another one do not count.
 */
function intoBlock(map: MapNode, path: readonly string[], source: DataSource, { unit = '', below = [] }: InsertOptions): Slot | undefined {
  if (map.entries.length === 0) return undefined;
  const { text } = source.lines;
  const column = columnOf(map.start, text);
  const own = map.entries.filter(entry => entry.keyStart >= map.start && entry.keyEnd <= map.end && columnOf(entry.keyStart, text) === column);
  const preferred = [...below.map(key => own.findLast(entry => entry.key === key)), own.find(entry => entry.keyStart === map.start), ...own];
  const indent = ' '.repeat(text.startsWith('\uFEFF') && map.start === column ? column - 1 : column); // behind a byte order mark
  const lineBreak = lineBreakOf(text);
  const before = path.map((key, level) => `${level === 0 ? '' : lineBreak + indent + '  '.repeat(level)}${key}:`).join('');
  const lineEnd = preferred.map(entry => entry && endOfLine(entry, text)).find(end => end !== undefined);
  if (lineEnd === undefined) return insertAt(map.start, `${before} `, `${unit}${lineBreak}${indent}`, source);
  return insertAt(lineEnd, `${lineBreak}${indent}${before} `, unit, source);
}

const columnOf = (offset: number, text: string): number => offset - (text.lastIndexOf('\n', offset - 1) + 1);

/** Where the line of an entry ends that has nothing but its key, a value of its own and perhaps a comment on it. */
function endOfLine(entry: DataEntry, text: string): number | undefined {
  const { value } = entry;
  const merged = entry.key === '<<' ? /^[ \t]*:[ \t]*\*[^\s,]+[ \t]*(?=\r?\n|$)/.exec(text.slice(entry.keyEnd, entry.keyEnd + 300)) : undefined;
  if (merged) return entry.keyEnd + merged[0].length;
  if ((value.is === 'scalar' ? value.raw === '' : !('flow' in value) || !value.flow) || value.start < entry.keyEnd || text.slice(entry.keyStart, value.end).includes('\n')) return undefined;
  const rest = /^[ \t]*(?:[ \t]#[^\r\n]*)?(?=\r?\n|$)/.exec(text.slice(value.end, value.end + 2000));
  return rest ? value.end + rest[0].length : undefined;
}
