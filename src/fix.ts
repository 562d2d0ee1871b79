import type { Finding, Fix, Report, SourceLocation, TextEdit } from './model/index.js';
import { applyEdits, comparePlaces, samePlace } from './model/index.js';

/** safe: what cannot change behaviour beyond the fault. all: also what changes when or how often tasks run. */
export type FixLevel = 'safe' | 'all';

/** A fix may uncover the next one, and of several at one place each round makes one; no chain is longer than this. */
const ROUNDS = 10;

/** The edits one round may make, by path: each fix whole or not at all; one that touches an earlier one's text waits for the next round, unless both write the same there. */
export function selectEdits(findings: readonly Finding[], level: FixLevel): ReadonlyMap<string, readonly TextEdit[]> {
  return byPath(selectFixes(findings, level).flatMap(fix => fix.edits));
}

/** The fixes of one round, in the order of cure. `isOpen`: whether a file may be changed; a fix that needs another one is not made at all. */
function selectFixes(findings: readonly Finding[], level: FixLevel, isOpen: (path: string) => boolean = () => true): readonly Fix[] {
  const chosen: Fix[] = [];
  const made = new Set<string>();
  for (const finding of [...findings].sort((a, b) => a.order - b.order)) {
    const { fix, suppressed } = finding;
    if (!fix || suppressed || fix.edits.length === 0 || (level === 'safe' && fix.safety !== 'safe') || isBlocked(finding, findings)) continue;
    const key = keyOf(fix);
    if (made.has(key) || fix.edits.some(edit => chosen.some(other => other.edits.some(one => !isSame(edit, one) && collide(edit.at, one.at)))) || !fix.edits.every(edit => isOpen(edit.at.path))) continue;
    made.add(key);
    chosen.push(fix);
  }
  return chosen;
}

const keyOf = (fix: Fix): string => JSON.stringify(fix.edits);

function byPath(edits: readonly TextEdit[]): ReadonlyMap<string, readonly TextEdit[]> {
  const paths = new Map<string, TextEdit[]>();
  for (const edit of edits) {
    const others = paths.get(edit.at.path) ?? [];
    if (!others.some(other => isSame(other, edit))) paths.set(edit.at.path, [...others, edit]);
  }
  return paths;
}

/** Two fixes need the same line, an import: it is written once. */
const isSame = (a: TextEdit, b: TextEdit): boolean => a.text === b.text && samePlace(a.at, b.at) && a.at.endLine === b.at.endLine && a.at.endColumn === b.at.endColumn;

/**
 * Whether it waits for another finding of its workers: a longer stop time only lengthens every stop as long as the signal does not reach the worker. It is
 * mended once the other one is.
 */
function isBlocked({ blockedBy = [], workers = [] }: Finding, findings: readonly Finding[]): boolean {
  return findings.some(other => blockedBy.includes(other.ruleId) && (other.workers ?? []).some(worker => workers.includes(worker)));
}

/** Two ranges share text, or both insert at one point. */
function collide(a: SourceLocation, b: SourceLocation): boolean {
  if (a.path !== b.path) return false;
  if (comparePlaces(a, b) === 0) return true;
  const [first, second] = comparePlaces(a, b) < 0 ? [a, b] : [b, a];
  return first.endLine > second.startLine || (first.endLine === second.startLine && first.endColumn > second.startColumn);
}

export interface Fixed {
  /** As it was before. */
  readonly before: Report;
  /** What is left to report. */
  readonly report: Report;
  /** The new text of every file that changed, by path. */
  readonly changed: ReadonlyMap<string, string>;
  /** The same paths, in groups that one fix or several change together. */
  readonly together: readonly (readonly string[])[];
}

/**
 * Applies fixes, audits again, until nothing is left to fix. Writes nothing: the audit reads the changed texts instead of the files.
 * `read` gives the text of a file that may be changed, undefined for one that must not be.
 */
export async function untilFixed(run: (overlay: ReadonlyMap<string, string>) => Promise<Report>, level: FixLevel, read: (path: string) => string | undefined): Promise<Fixed> {
  const changed = new Map<string, string>();
  const texts = new Map<string, string | undefined>();
  const textOf = (path: string): string | undefined => {
    if (!texts.has(path)) texts.set(path, read(path));
    return changed.get(path) ?? texts.get(path);
  };
  let together: readonly (readonly string[])[] = [];
  const done = new Set<string>();
  const before = await run(changed);
  let report = before;
  for (let round = 0; round < ROUNDS; round++) {
    const fixes = selectFixes(report.findings, level, path => textOf(path) !== undefined).filter(fix => !done.has(keyOf(fix)));
    const mended = [...byPath(fixes.flatMap(fix => fix.edits))].map(([path, edits]) => [path, applyEdits(textOf(path)!, edits)] as const).filter(([path, text]) => text !== textOf(path));
    if (mended.length === 0) break;
    // one that comes again did not help: made once more it would write a key twice
    for (const fix of fixes) done.add(keyOf(fix));
    for (const [path, text] of mended) changed.set(path, text);
    for (const { edits } of fixes) together = joined(together, edits.map(edit => edit.at.path).filter(path => changed.has(path)));
    report = await run(changed);
  }
  return { before, report, changed, together };
}

/** Groups with one more set of paths, which joins the groups it touches. */
function joined(groups: readonly (readonly string[])[], paths: readonly string[]): readonly (readonly string[])[] {
  if (paths.length === 0) return groups;
  const touches = (group: readonly string[]): boolean => group.some(path => paths.includes(path));
  return [...groups.filter(group => !touches(group)), [...new Set([...groups.filter(touches).flat(), ...paths])]];
}

/** Lines of context around a change. */
const CONTEXT = 3;
/** Above this many cells a table of line pairs costs more than it tells; the changed region is then shown as one. */
const CELLS = 4_000_000;

type Step = { readonly sign: ' ' | '-' | '+'; readonly line: string };

/** A unified diff of one file, as `git apply` takes it; empty where nothing changed. The texts include a byte order mark where the file has one. */
export function diff(path: string, before: string, after: string): string {
  if (before === after) return '';
  const steps = compare(linesOf(before), linesOf(after));
  const near = steps.map((_, i) => steps.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(step => step.sign !== ' '));
  const hunks: string[] = [];
  let [oldLine, newLine] = [1, 1];
  for (let i = 0; i < steps.length;) {
    const start = i;
    const [oldStart, newStart] = [oldLine, newLine];
    while (i < steps.length && near[i] === near[start]) {
      if (steps[i]!.sign !== '+') oldLine++;
      if (steps[i]!.sign !== '-') newLine++;
      i++;
    }
    if (near[start]) hunks.push(`@@ -${range(oldStart, oldLine)} +${range(newStart, newLine)} @@\n${steps.slice(start, i).map(render).join('')}`);
  }
  return `--- ${named(`a/${path}`)}\n+++ ${named(`b/${path}`)}\n${hunks.join('')}`;
}

/** A path as git writes it: bytes beyond plain ASCII are quoted, and behind one with a space a tab says where it ends. */
function named(path: string): string {
  if (/^[\x20-\x7e]*$/.test(path) && !/["\\]/.test(path)) return path.includes(' ') ? `${path}\t` : path;
  return `"${[...Buffer.from(path)].map(quotedByte).join('')}"`;
}

const ESCAPES: Readonly<Record<number, string>> = { 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r', 34: '\\"', 92: '\\\\' };
const quotedByte = (byte: number): string => ESCAPES[byte] ?? (byte < 0x20 || byte > 0x7e ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte));

/** Lines with their line breaks; only the last one can lack it. */
const linesOf = (text: string): readonly string[] => text.match(/[^\n]+\n?|\n/g) ?? [];
/** An empty range is named by the line before it. */
const range = (from: number, to: number): string => `${from === to ? from - 1 : from},${to - from}`;
const render = ({ sign, line }: Step): string => (line.endsWith('\n') ? sign + line : `${sign}${line}\n\\ No newline at end of file\n`);

function compare(before: readonly string[], after: readonly string[]): readonly Step[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const same = (line: string): Step => ({ sign: ' ', line });
  return [
    ...before.slice(0, head).map(same),
    ...compareMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

/** Longest common subsequence of lines. */
function compareMiddle(before: readonly string[], after: readonly string[]): readonly Step[] {
  if (before.length * after.length > CELLS) return [...before.map((line): Step => ({ sign: '-', line })), ...after.map((line): Step => ({ sign: '+', line }))];
  const common = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--) common[i]![j] = before[i] === after[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) { steps.push({ sign: ' ', line: before[i]! }); i++; j++; }
    else if (i < before.length && (j >= after.length || common[i + 1]![j]! >= common[i]![j + 1]!)) steps.push({ sign: '-', line: before[i++]! });
    else steps.push({ sign: '+', line: after[j++]! });
  }
  return steps;
}
