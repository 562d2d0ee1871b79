import type { Encoding, Slot } from '../../model/index.js';
import type { Source } from './source.js';
import type { Syntax } from './syntax.js';

const PYTHON: readonly Encoding[] = ['python'];

/** Where a decorator takes one more keyword argument, laid out as its others are. */
export function decoratorSlot(node: Syntax, source: Source): Slot | undefined {
  if (node.type !== 'call') return { kind: 'insert', at: source.at(node.end, node.end), encoding: PYTHON, before: '(', after: ')' };
  const given = argumentList(node);
  return given && insertion(given, source);
}

/** Where the value of a keyword argument stands, or goes: it may span several lines. A call on one line gets one argument a line then, as formatters write it. */
export function keywordSlot(node: Syntax, keyword: string, source: Source): Slot | undefined {
  const given = argumentList(node);
  if (!given) return undefined;
  const { text } = source;
  const all = given.children.filter(child => child.type !== 'comment');
  const own = all.findIndex(child => child.type === 'keyword_argument' && text.slice(child.children[0]?.start, child.children[0]?.end) === keyword);
  if (own < 0 && all.some(child => child.type.endsWith('_splat'))) return undefined; // it may hold it
  const isPlain = all.length === given.children.length && all.every(child => !text.slice(child.start, child.end).includes('\n'));
  if (isPlain && (all.length === 0 || !all.every(child => standsFirst(child, text)))) return oneALine(given, all, own, keyword, source);
  const value = all[own]?.children[1];
  if (value) return { kind: 'replace', at: source.at(value.start, value.end), encoding: PYTHON, items: itemsAt(all[own]!.start, source) };
  const slot = insertion(given, source);
  return { ...slot, before: `${slot.before}${keyword}=`, items: itemsAt((all.at(-1) ?? given).start, source) };
}

/** Where one more attribute of a class goes: behind its first ones, else in front of all it has. `head`: where the line of its name ends. */
export function attributeSlot(node: Syntax, head: number, source: Source): Slot | undefined {
  const { text } = source;
  const body = node.children.findLast(child => child.type === 'block')?.children.filter(child => child.type !== 'comment') ?? [];
  const [first] = body;
  if (!first || !standsFirst(first, text) || lineStart(first.start, text) <= head) return undefined;
  const line = lineBreakAt(first.start, text) + indentAt(first.start, text);
  const empty = lineBreakAt(first.start, text);
  const leading = body.slice(0, body.findIndex(child => !(child.type === 'expression_statement' && child.children.length === 1 && ATTRIBUTES.has(child.children[0]!.type))));
  const last = leading.at(-1);
  const end = text.indexOf('\n', last ? last.end : head);
  const offset = text[end - 1] === '\r' ? end - 1 : end;
  const isText = last?.children[0]?.type === 'string';
  return { kind: 'insert', at: source.at(offset, offset), encoding: PYTHON, before: isText ? empty + line : line, after: last ? '' : empty, between: line, sign: ' = ' };
}

/** Attributes and the documentation in front of them. */
const ATTRIBUTES: ReadonlySet<string> = new Set(['assignment', 'string']);

function oneALine(given: Syntax, all: readonly Syntax[], own: number, keyword: string, source: Source): Slot {
  const end = lineBreakAt(given.start, source.text) + indentAt(given.start, source.text), unit = unitOf(source.text);
  const texts = all.map(child => `${end}${unit}${source.text.slice(child.start, child.end)},`);
  const index = own < 0 ? all.length : own;
  return {
    kind: all.length > 0 ? 'replace' : 'insert', at: source.at(given.start + 1, given.end - 1), encoding: PYTHON, items: [end + unit + unit, end + unit],
    before: `${texts.slice(0, index).join('')}${end}${unit}${keyword}=`, after: `,${texts.slice(index + 1).join('')}${end}`,
  };
}

/** Behind the last argument, on a line of its own where that has one. */
function insertion(given: Syntax, source: Source): Slot {
  const { text } = source;
  const slot = (offset: number, before: string, after: string, between?: string): Slot => ({ kind: 'insert', at: source.at(offset, offset), encoding: PYTHON, before, after, ...(between !== undefined && { between }) });
  const last = given.children.findLast(child => child.type !== 'comment');
  if (!last) return slot(given.start + 1, '', '');
  if (lineStart(last.start, text) <= given.start || !standsFirst(last, text)) return slot(last.end, ', ', '');
  const line = lineBreakAt(last.start, text) + indentAt(last.start, text);
  const [rest, comma, comment] = /^[ \t]*(,?)[ \t]*(#[^\r\n]*)?/.exec(text.slice(last.end, given.end - 1))!;
  if (comment === undefined) return slot(last.end, `,${line}`, '', `,${line}`);
  return comma ? slot(last.end + rest.length, line, ',', `,${line}`) : slot(last.start, '', `,${line}`, `,${line}`);
}

const argumentList = (node: Syntax): Syntax | undefined => node.children.find(child => child.type === 'argument_list');
const lineStart = (offset: number, text: string): number => text.lastIndexOf('\n', offset - 1) + 1;
const standsFirst = ({ start }: Syntax, text: string): boolean => text.slice(lineStart(start, text), start).trim() === '';
const indentAt = (offset: number, text: string): string => /^[ \t]*/.exec(text.slice(lineStart(offset, text), offset))![0];

/** The line break in front of an offset; in the first line that behind it. */
function lineBreakAt(offset: number, text: string): string {
  const before = text.lastIndexOf('\n', offset - 1);
  const at = before < 0 ? text.indexOf('\n', offset) : before;
  return text[at - 1] === '\r' ? '\r\n' : '\n';
}

/** How the items of a list in brackets begin whose first line is that at an offset, and its closing bracket. */
function itemsAt(offset: number, source: Source): readonly [string, string] {
  const end = lineBreakAt(offset, source.text) + indentAt(offset, source.text);
  return [end + unitOf(source.text), end];
}

/** What a block is indented by: that of the first one in the text. */
const unitOf = (text: string): string => /^(?:def|class|async|if|for|with|try|while|@)\b[^\n]*:[ \t]*\r?\n([ \t]+)\S/m.exec(text)?.[1] ?? (/^\t/m.test(text) ? '\t' : '    ');
