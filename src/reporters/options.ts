import type { Finding, Report, Severity } from '../model/index.js';
import { SEVERITIES } from '../model/index.js';

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
