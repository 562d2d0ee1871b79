import type { Facts, Finding, SourceLocation, Statement } from './model/index.js';
import { comparePlaces, nested, SEVERITIES, type Severity } from './model/index.js';

/**
 * What makes a finding the same one tomorrow. A fingerprint is 32 hex digits: 16 of what it says of what (`contentOf`), which no move of lines, files or
 * folders and no formatter changes, then 16 of the file it stands in and its number among equals there. The first 8 (`shapeOf`) do not change either
 * where a number or an argument in the reported text does.
 */
export interface Known { readonly fingerprint: string; readonly path: string; readonly severity: Severity; readonly reason?: string }

/** Where a finding stands: the text and the facts of its file, as `FileStore` has them. */
export interface Place { lines(path: string): readonly string[]; facts(path: string): Facts | undefined }

/** The part of a fingerprint that does not depend on the path. */
export const contentOf = (fingerprint: string): string => fingerprint.slice(0, 16);

/** The part that a touched value leaves as it is. */
const shapeOf = (fingerprint: string): string => fingerprint.slice(0, 8);

/** Gives every finding its fingerprint; no two in a run have the same. `findings`: in the order of their places. `hash`: hex digits of a text. */
export function withFingerprints(findings: readonly Finding[], where: Place, hash: (text: string) => string): readonly Finding[] {
  const seen = new Map<string, number>();
  return findings.map(finding => {
    const name = functionAt(finding.at, where.facts(finding.at.path)?.code);
    const subject = [finding.ruleId, name ?? ownName(finding) ?? ''], text = textAt(finding.at, where, name);
    const content = hash([...subject, untouched(text)].join('\0')).slice(0, 8) + hash([...subject, significant(text)].join('\0')).slice(0, 8);
    const key = `${content}\0${finding.at.path}`;
    const index = seen.get(key) ?? 0;
    seen.set(key, index + 1);
    return { ...finding, fingerprint: content + hash(`${finding.at.path}\0${index}`).slice(0, 16) };
  });
}

/** A call outside of any function is known by what it calls: more arguments of `Celery(…)` make no other fault. */
function textAt(at: SourceLocation, { lines }: Place, inFunction: string | undefined): string {
  const rows = lines(at.path).slice(at.startLine - 1, at.endLine);
  const cut = rows.map((row, i) => row.slice(i === 0 ? at.startColumn - 1 : 0, i === at.endLine - at.startLine ? at.endColumn - 1 : undefined)).join('\n');
  return inFunction === undefined ? calleeOf(cut) ?? cut : cut;
}

const calleeOf = (text: string): string | undefined => /^[\w.]+(?=\()/.exec(text)?.[0];

/** A text in quotes, or a number that is not a part of a name. */
const VALUES = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?<![\w.-])\d[\w.]*(?![\w.-])/g;

/** What of a text stays where a value in it is touched: what is called, and with which texts; else all but its numbers. */
function untouched(text: string): string {
  const callee = calleeOf(text);
  const texts = [...text.matchAll(VALUES)].flatMap(([, quoted]) => quoted ?? []);
  return significant(callee === undefined ? text.replace(VALUES, (_, quoted: string | undefined) => quoted ?? '') : [callee, ...texts].join(' '));
}

/** Without all that a formatter adds, removes or exchanges: white space, quotes, commas, semicolons, brackets, and the backslash before a line break. */
export const significant = (text: string): string => text.replace(/[\s'"`,;()[\]{}\\]+/g, '');

/** The last part of what a finding is about: `app` of `shop.celery:app`, whose module has another name once its folder is moved. */
const ownName = ({ resource, at }: Finding): string | undefined => resource?.slice(resource.lastIndexOf(':') + 1) ?? at.logical;

/** The classes and functions around a place, as `Mailer.send`; undefined outside of any. */
function functionAt(at: SourceLocation, code: readonly Statement[] | undefined): string | undefined {
  const names: string[] = [];
  let body = code ?? [];
  while (body.length > 0) {
    const around = body.findLast(statement => comparePlaces({ ...startOf(statement), path: at.path }, at) <= 0);
    if (!around) break;
    if (around.do === 'function') names.push(around.function.name);
    if (around.do === 'class') names.push(around.class.name);
    body = around.do === 'function' ? around.function.body : around.do === 'class' ? around.class.body : nested(around);
  }
  return names.length === 0 ? undefined : names.join('.');
}

/** A function begins with its decorators. */
function startOf(statement: Statement): SourceLocation {
  const decorators = statement.do === 'function' ? statement.function.decorators : statement.do === 'class' ? statement.class.decorators : [];
  return [statement.at, ...decorators.map(decorator => decorator.at)].reduce((first, at) => (comparePlaces(at, first) < 0 ? at : first));
}

/**
 * Which known finding each finding is: the one with its fingerprint; else one that is no longer found where it was and says the same: of a file that is
 * gone, or of a function that was moved to another one. What equals in several places is paired with the file of the same name first.
 * `isThere`: whether a file still exists; undefined where that was not looked at.
 */
export function matchKnown<K extends Known>(findings: readonly Finding[], known: readonly K[], where: Place, isThere: (path: string) => boolean | undefined): ReadonlyMap<Finding, K> {
  const matched = new Map<Finding, K>();
  const left = new Map(known.map(one => [one.fingerprint, one]));
  const take = (finding: Finding, one: K): void => { matched.set(finding, one); left.delete(one.fingerprint); };
  for (const finding of findings) {
    const one = left.get(finding.fingerprint);
    if (one) take(finding, one);
  }
  const moved = new Map<string, K[]>();
  for (const one of left.values()) moved.set(contentOf(one.fingerprint), [...(moved.get(contentOf(one.fingerprint)) ?? []), one]);
  const fits = [(a: string, b: string): boolean => a === b, (a: string, b: string): boolean => fileOf(a) === fileOf(b), (): boolean => true];
  for (const fit of moved.size === 0 ? [] : fits) {
    for (const finding of findings.filter(finding => !matched.has(finding))) {
      const { path } = finding.at;
      const mayMove = (from: string): boolean => from === path || isThere(from) === false || (isThere(from) === true && functionAt(finding.at, where.facts(path)?.code) !== undefined);
      const one = moved.get(contentOf(finding.fingerprint))?.find(one => left.has(one.fingerprint) && fit(one.path, path) && mayMove(one.path));
      if (one) take(finding, one);
    }
  }
  const isAsBefore = [(from: string, path: string): boolean => from === path, (from: string): boolean => isThere(from) === false];
  for (const mayBe of isAsBefore) for (const [finding, one] of touchedOnes(findings.filter(finding => !matched.has(finding)), [...left.values()], mayBe)) take(finding, one);
  return matched;
}

/**
 * Findings whose text was edited and that still say the same, with what is known of them: only where no other can be meant, or where it makes no difference
 * which is. `mayBe`: whether what was known in one file may stand in another.
 */
function touchedOnes<K extends Known>(findings: readonly Finding[], known: readonly K[], mayBe: (from: string, path: string) => boolean): readonly (readonly [Finding, K])[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${shapeOf(finding.fingerprint)}\0${finding.at.path}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  const pairs = [...groups.values()].flatMap(group => {
    const { fingerprint, at } = group[0]!;
    const candidates = known.filter(one => shapeOf(one.fingerprint) === shapeOf(fingerprint) && mayBe(one.path, at.path));
    const isClear = candidates.length === group.length && candidates.every(one => one.severity === candidates[0]!.severity && one.reason === candidates[0]!.reason && one.path === candidates[0]!.path);
    return isClear ? group.map((finding, i) => [finding, candidates[i]!] as const) : [];
  });
  return pairs.filter(([, one]) => pairs.filter(([, other]) => other === one).length === 1);
}

const fileOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** It has become more severe than it was; undefined: it was not there. */
export const isWorse = (now: Severity, before: Severity | undefined): boolean => before === undefined || SEVERITIES.indexOf(now) < SEVERITIES.indexOf(before);
