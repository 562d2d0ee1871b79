import type { Comment, Finding, Problem, SourceLocation, Suppression } from './model/index.js';
import { ACROSS, FOLDERS, globOf, nearest, ONE, signs, WITHIN, type Glob } from './model/index.js';

/** `drainlint: ignore a/b, c/d until 2027-03-31 -- reason`, in any format that has comments. */
export interface IgnoreComment {
  readonly rules: readonly string[];
  /** YYYY-MM-DD, the last day it holds. */
  readonly until?: string;
  readonly reason?: string;
  readonly at: SourceLocation;
  /** The lines it speaks of. */
  readonly lines: readonly number[];
}

/** The configuration's form of the same, for formats without comments. */
export interface IgnoreRule { readonly rule: string; readonly path?: string; readonly resource?: string; readonly reason?: string; readonly until?: string; readonly isShared?: boolean; readonly at: SourceLocation }

/** What is wrong with a suppression itself, by the rule that says so. */
export interface SuppressionProblem { readonly ruleId: string; readonly problem: Problem }

export interface SuppressOptions {
  readonly comments: readonly IgnoreComment[];
  readonly entries: readonly IgnoreRule[];
  /** YYYY-MM-DD. */
  readonly today: string;
  /** Every rule id there is. */
  readonly known: readonly string[];
  /** Rules that did not run or are off: nothing can be said about their suppressions. */
  readonly silent: ReadonlySet<string>;
  /** Rules that nothing may suppress, and where the configuration says so. */
  readonly neverIgnore?: Readonly<Record<string, SourceLocation>>;
  /** Findings that concern the whole app may be ignored at any of their places. */
  isAppWide(finding: Finding): boolean;
}

/** Characters of a comment that count. */
const LONGEST = 1000;
const COMMENT = /drainlint:\s*ignore\b\s*(?<rest>[^\n]*)/i;

/** The suppressions among a file's comments. An own-line comment speaks of the next line that is no such comment. */
export function readComments(comments: readonly Comment[]): readonly IgnoreComment[] {
  const key = (path: string, line: number): string => `${path}:${line}`;
  const own = new Set(comments.filter(comment => comment.ownLine && COMMENT.test(comment.text)).map(({ at }) => key(at.path, at.startLine)));
  return comments.flatMap(comment => {
    const rest = COMMENT.exec(comment.text)?.groups?.rest;
    if (rest === undefined) return [];
    const said = rest.slice(0, LONGEST).trimEnd().replace(/(?:\*\/|-->)$/, '').trimEnd();
    const dashes = /(?:^|\s)--+(?=\s|$)/.exec(said);
    const [head, reason] = dashes ? [said.slice(0, dashes.index), said.slice(dashes.index + dashes[0].length)] : [said, undefined];
    const [, ids = '', until] = /^(.*?)(?:\buntil\s+(\S+))?$/.exec(head.trim()) ?? [];
    let line = comment.at.endLine;
    if (comment.ownLine) do line++; while (own.has(key(comment.at.path, line)));
    return [{
      rules: ids.split(/[\s,]+/).filter(id => id !== ''), at: comment.at,
      lines: comment.ownLine ? [line] : [comment.at.startLine],
      ...(until !== undefined && { until }), ...(reason?.trim() && { reason: reason.trim() }),
    }];
  });
}

/** Marks what is suppressed, and says which suppressions are wrong, expired or of no use. */
export function suppress(findings: readonly Finding[], options: SuppressOptions): { readonly findings: readonly Finding[]; readonly problems: readonly SuppressionProblem[] } {
  const problems: SuppressionProblem[] = [];
  const usable = <T extends IgnoreComment | IgnoreRule>(ignore: T, rules: readonly string[]): readonly string[] => {
    const found = judge(ignore, rules, options);
    problems.push(...found.problems);
    return found.rules;
  };
  const comments = options.comments.map(comment => ({ comment, rules: usable(comment, comment.rules), used: new Set<string>() }));
  const entries = options.entries.map(entry => ({ entry, rules: usable(entry, [entry.rule]), used: new Set<string>(), matches: matcher(entry) }));

  const marked = findings.map(finding => {
    const places = options.isAppWide(finding) ? [finding.at, ...(finding.related ?? []).map(related => related.at)] : [finding.at];
    const inline = comments.filter(({ comment, rules }) => rules.includes(finding.ruleId) && places.some(place => speaksOf(comment, place)));
    const declared = entries.filter(({ rules, matches }) => rules.includes(finding.ruleId) && matches(finding));
    for (const { used } of [...inline, ...declared]) used.add(finding.ruleId);
    const by: Suppression | undefined = inline[0] ? { kind: 'inline', reason: inline[0].comment.reason!, at: inline[0].comment.at }
      : declared[0] ? { kind: 'config', reason: declared[0].entry.reason!, at: declared[0].entry.at } : undefined;
    return by ? { ...finding, suppressed: by } : finding;
  });

  const all = [...comments.map(({ comment, rules, used }) => ({ at: comment.at, rules, used })), ...entries.filter(({ entry }) => !entry.isShared).map(({ entry, rules, used }) => ({ at: entry.at, rules, used }))];
  for (const { at, rules, used } of all) {
    for (const id of rules.filter(id => !used.has(id) && !options.silent.has(id)))
      problems.push(say('unused-suppression', at, `${id} reports nothing here, so this suppression has no use`, `remove ${id} from it`));
  }
  return { findings: marked, problems };
}

/** Every part of a suppression that cannot be honoured, and the rules for which it can. */
function judge(ignore: IgnoreComment | IgnoreRule, rules: readonly string[], { today, known, neverIgnore = {} }: SuppressOptions): { readonly rules: readonly string[]; readonly problems: readonly SuppressionProblem[] } {
  const { at, reason, until } = ignore;
  const problems = rules.filter(id => !known.includes(id)).map(id => {
    const near = nearest(id, known);
    return say('unknown-rule', at, `there is no rule ${id}`, near === undefined ? 'write a rule that `drainlint rules` lists' : `write ${near}`);
  });
  if (rules.length === 0) problems.push(say('unknown-rule', at, 'this suppression names no rule', 'name the rules after `drainlint: ignore`'));
  const forbidden = rules.filter(id => known.includes(id) && Object.hasOwn(neverIgnore, id));
  for (const id of forbidden) problems.push(say('forbidden-suppression', at, `${id} may not be ignored (neverIgnore in ${neverIgnore[id]!.path}:${neverIgnore[id]!.startLine}), so this suppression has no effect`, `mend what ${id} reports, and remove ${id} from it`));
  const right = rules.filter(id => known.includes(id) && !forbidden.includes(id));
  if (reason === undefined || reason === '') problems.push(say('suppression-without-reason', at, 'this suppression gives no reason, so it has no effect', 'add ` -- ` and why the finding does not matter here'));
  else if (until !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(until)) problems.push(say('suppression-expired', at, `${until} is not a date, so this suppression has no effect`, 'write the date like 2027-03-31'));
  else if (until !== undefined && until < today) problems.push(say('suppression-expired', at, `this suppression held until ${until}`, 'mend what it hides, or set a later date'));
  else return { rules: right, problems };
  return { rules: [], problems };
}

const say = (fault: string, at: SourceLocation, message: string, suggestion: string): SuppressionProblem =>
  ({ ruleId: `audit/${fault}`, problem: { message, suggestion, confidence: 'high', at, order: 9 } });

/** The place begins on a line the comment speaks of, or ends on the comment's own line (the last line of a long call). */
function speaksOf(comment: IgnoreComment, place: SourceLocation): boolean {
  return comment.at.path === place.path && (comment.lines.includes(place.startLine) || comment.lines.includes(place.endLine));
}

function matcher(entry: IgnoreRule): (finding: Finding) => boolean {
  const path = entry.path === undefined ? undefined : readGlob(entry.path);
  return finding => (!path || path.test(finding.at.path))
    && (entry.resource === undefined || [finding.resource, ...(finding.workers ?? [])].some(id => id !== undefined && (id === entry.resource || id.endsWith(`: ${entry.resource}`))));
}

/** `*` and `?` within a folder, `**` across folders; a folder's name stands for all below it. */
export function readGlob(glob: string): Glob {
  const parts = glob.replace(/^\.?\//, '').replace(/(?<!\*\*)\/$/, '').split(/(\*\*\/|\*\*|\*|\?)/);
  const steps = parts.flatMap(part => (part === '**/' ? FOLDERS : part === '**' ? [ACROSS] : part === '*' ? [WITHIN] : part === '?' ? [ONE] : signs(part)));
  return globOf([...steps, { optional: 2 }, '/', ACROSS]);
}
