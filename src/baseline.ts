import { AuditError, didYouMean } from './config.js';
import { isWorse, matchKnown, type Place } from './fingerprint.js';
import type { BaselineEntry, Finding, Problem, Severity, SourceLocation } from './model/index.js';
import { SEVERITIES } from './model/index.js';

/** Findings that are known: reported as suppressed, and no reason to fail. One JSON object on each line, so that merges rarely conflict. */
export interface Baseline {
  /** As places in it are shown: relative to the root; absolute where it lies outside: its entries may have been written for another root. */
  readonly path: string;
  readonly entries: readonly WrittenEntry[];
}

/** An entry as it stands in the file. `line`: kept byte for byte as long as it says the same. */
export interface WrittenEntry extends BaselineEntry { readonly at: SourceLocation; readonly line: string }

const KEYS: readonly (keyof BaselineEntry)[] = ['path', 'rule', 'severity', 'fingerprint', 'reason'];
const HINT = 'restore it, or write it anew with --update-baseline once it is removed';

/** Reads a baseline's text. A line that is there twice (git's `merge=union`) counts once. Throws AuditError with the line of the first mistake. */
export function parseBaseline(text: string, path: string): Baseline {
  const entries = new Map<string, WrittenEntry>();
  text.replace(/^\ufeff/, '').split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '') return;
    const fail = (message: string): never => { throw new AuditError(`${path}:${i + 1}: ${message}`); };
    if (/^(?:<{7}|={7}|>{7}|\|{7})(?: |$)/.test(line)) fail('a merge conflict is not resolved here: keep the entries of both sides, remove the lines with <<<<<<<, ======= and >>>>>>>, and run --update-baseline');
    const entry = entryOf(line, fail);
    if (!entries.has(entry.fingerprint)) entries.set(entry.fingerprint, { ...entry, line, at: { path, startLine: i + 1, startColumn: 1, endLine: i + 1, endColumn: line.length + 1 } });
  });
  return { path, entries: [...entries.values()] };
}

function entryOf(line: string, fail: (message: string) => never): BaselineEntry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return fail(`this line is no JSON object; ${HINT}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(`this line is no JSON object; ${HINT}`);
  for (const [key, said] of Object.entries(value)) {
    if (!(KEYS as readonly string[]).includes(key)) return fail(`unknown key ${key}${didYouMean(key, KEYS)}`);
    if (typeof said !== 'string' || said === '') return fail(`${key} is not a text`);
  }
  const entry = value as Partial<BaselineEntry>;
  for (const key of ['path', 'rule', 'severity', 'fingerprint'] as const) if (entry[key] === undefined) return fail(`this entry lacks ${key}; ${HINT}`);
  if (!SEVERITIES.includes(entry.severity!)) return fail(`severity is ${JSON.stringify(entry.severity)}, not one of ${SEVERITIES.join(', ')}`);
  if (!/^[0-9a-f]{32}$/.test(entry.fingerprint!)) return fail('fingerprint is not 32 hexadecimal digits, as in the JSON report');
  return entry as BaselineEntry;
}

/** The file's text: sorted by path, rule and fingerprint; an entry that says the same as before keeps its line. */
export function printBaseline(entries: readonly BaselineEntry[]): string {
  return [...entries].sort(byPath).map(entry => `${'line' in entry ? (entry as WrittenEntry).line : lineOf(entry)}\n`).join('');
}

const lineOf = ({ path, rule, severity, fingerprint, reason }: BaselineEntry): string => JSON.stringify({ path, rule, severity, fingerprint, ...(reason !== undefined && { reason }) });

function byPath(a: BaselineEntry, b: BaselineEntry): number {
  for (const key of ['path', 'rule', 'fingerprint'] as const) if (a[key] !== b[key]) return a[key] < b[key] ? -1 : 1;
  return 0;
}

/** A baseline laid over the findings of a run. */
export interface Settled {
  /** All of them; those that are known and no worse are marked. */
  readonly findings: readonly Finding[];
  /** Entries that nothing matches any more. */
  readonly stale: readonly WrittenEntry[];
  /** The entry of each finding that has one, as it stands in the file. */
  readonly matched: ReadonlyMap<string, WrittenEntry>;
}

/**
 * Marks what is known and `mayHide` by its rule. `looksAt`: the run would have found what an entry names; other entries are no matter of this run.
 */
export function settle(findings: readonly Finding[], { entries }: Baseline, where: Place, isThere: (path: string) => boolean | undefined, looksAt: (entry: BaselineEntry) => boolean, mayHide: (rule: string) => boolean): Settled {
  const matches = matchKnown(findings, entries, where, isThere);
  const used = new Set(matches.values());
  return {
    findings: findings.map(finding => {
      const entry = matches.get(finding);
      return !entry || finding.suppressed || !mayHide(finding.ruleId) || isWorse(finding.severity, entry.severity) ? finding : known(finding, entry.reason, entry.at);
    }),
    stale: entries.filter(entry => !used.has(entry) && looksAt(entry)),
    matched: new Map([...matches].map(([finding, entry]) => [finding.fingerprint, entry])),
  };
}

const known = (finding: Finding, reason = 'known: it is in the baseline', at?: SourceLocation): Finding => ({ ...finding, suppressed: { kind: 'baseline', reason, ...(at && { at }) } });

/**
 * The baseline after an update, and the findings under it: what is reported now is taken in, stale entries go, moved ones follow, all others stay as they are.
 * `reported`: those findings of the run that are shown.
 */
export function updated({ entries }: Baseline, { findings, stale, matched }: Settled, reported: readonly Finding[]): { readonly entries: readonly BaselineEntry[]; readonly findings: readonly Finding[] } {
  const open = new Set(reported.filter(finding => !finding.suppressed).map(finding => finding.fingerprint));
  const gone = new Set<BaselineEntry>([...stale, ...matched.values()]);
  const now = findings.filter(finding => matched.has(finding.fingerprint) || open.has(finding.fingerprint)).flatMap((finding): BaselineEntry[] => {
    const before = matched.get(finding.fingerprint);
    // what a comment or the configuration suppresses needs no entry; what has become worse unseen (too low a confidence) stays as it was
    if (finding.suppressed && finding.suppressed.kind !== 'baseline') return [];
    const severity: Severity = before && isWorse(finding.severity, before.severity) && !open.has(finding.fingerprint) ? before.severity : finding.severity;
    if (before && before.path === finding.at.path && before.fingerprint === finding.fingerprint && before.severity === severity) return [before];
    return [{ path: finding.at.path, rule: finding.ruleId, severity, fingerprint: finding.fingerprint, ...(before?.reason !== undefined && { reason: before.reason }) }];
  });
  return { entries: [...entries.filter(entry => !gone.has(entry)), ...now], findings: reported.map(finding => (open.has(finding.fingerprint) ? known(finding, matched.get(finding.fingerprint)?.reason) : finding)) };
}

/** Every stale entry, said where it stands. */
export const staleEntries = (stale: readonly WrittenEntry[]): readonly { readonly ruleId: string; readonly problem: Problem }[] => stale.map(({ rule, path, at }) => ({
  ruleId: 'audit/stale-baseline-entry',
  problem: { message: `${rule} is no longer reported in ${path}, so this entry has no use`, suggestion: 'remove this line, or run --update-baseline', confidence: 'high', at: { ...at, endColumn: 2 }, order: 9 },
}));
