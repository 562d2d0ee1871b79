import type { Finding, Fix, Report, Severity } from '../model/index.js';
import { isRunning, SEVERITIES } from '../model/index.js';
import { clean } from './clean.js';
import { withoutPasswords } from './credentials.js';

export interface ReportOptions {
  readonly color: boolean;
  /** Columns of the terminal; undefined: never wrap or cut. */
  readonly width?: number;
  /** Every place, every value that could not be resolved. */
  readonly verbose: boolean;
}

/** A report as text, in one output format. Reads and prints nothing. */
export type Reporter = (report: Report, options: ReportOptions) => string;

/** What a reporter without excerpts prints: everything that is not suppressed, the worst first, then in the order of cure. */
export function visible(report: Report): readonly Finding[] {
  return report.findings.filter(finding => !finding.suppressed);
}

export function bySeverity(a: Finding, b: Finding): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || a.order - b.order;
}

/** `2 errors, 1 warning`; `nothing` where there is none. */
export function counted(findings: readonly Finding[]): string {
  return SEVERITIES.map(severity => plural(count(findings, severity), severity)).filter(text => !text.startsWith('0 ')).join(', ') || 'no findings';
}

export function count(findings: readonly Finding[], severity: Severity): number {
  return findings.filter(finding => finding.severity === severity).length;
}

export function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `also in dev, perf`: where else an equal finding stands. */
export function elsewhere(finding: Finding): string {
  return finding.environments.length > 1 ? `also in ${finding.environments.slice(1).join(', ')}` : '';
}

/** What the text report says under a finding, one line each, for formats that have one text per finding. */
export function details(finding: Finding): readonly string[] {
  const line = (name: string, value: string | undefined): readonly string[] => (value ? [clean(`${name}: ${value}`)] : []);
  return [
    ...line('suggestion', finding.suggestion), ...line('fate', finding.fate), ...line('environments', elsewhere(finding)),
    ...line('blocked by', finding.blockedBy?.join(', ')), ...line('where', finding.where), ...line('owner', finding.owner),
  ];
}

/** The fix as another program may apply it: none to what runs, none whose text would have to show a password. */
export function applicableFix({ at, fix }: Finding): Fix | undefined {
  return fix && fix.edits.length > 0 && !isRunning(at) && fix.edits.every(edit => !isRunning(edit.at) && withoutPasswords(edit.text) === edit.text) ? fix : undefined;
}

/** The page of a finding's rule, where it has an address of its own (and is no path inside the project). */
export function pageOf({ docsUrl }: Finding): string | undefined {
  return /^https?:\/\/[\x21-\x7e]+$/.test(docsUrl) && URL.canParse(docsUrl) ? docsUrl : undefined;
}

/** `1 worker, 2 apps, 12 files read` */
export function scopeOf({ model: { workers, apps, consumers }, readFiles }: Report): string {
  return `${plural(workers.length, 'worker')}, ${plural(apps.length, 'app')}${consumers.length > 0 ? `, ${plural(consumers.length, 'consumer')}` : ''}, ${plural(readFiles, 'file')} read`;
}

/** Why nothing was audited, where no file was read. */
export function nothingRead({ scannedFiles }: Report): string {
  return scannedFiles === 0 ? 'nothing to audit: there are no files here' : `nothing to audit: none of ${plural(scannedFiles, 'file')} speaks of Celery or ECS`;
}
