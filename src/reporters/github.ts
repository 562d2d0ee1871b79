import type { Finding, Report } from '../model/index.js';
import { SEVERITIES } from '../model/index.js';
import { clean } from './clean.js';
import { bySeverity, plural, visible } from './options.js';

/** GitHub shows ten annotations per level and step. */
const PER_LEVEL = 10;
const COMMAND = { error: 'error', warning: 'warning', note: 'notice' } as const;

/** Workflow commands that become annotations: the worst first, ten per level, then how many there are more. */
export function github(report: Report): string {
  const findings = [...visible(report)].sort(bySeverity);
  const shown = SEVERITIES.flatMap(severity => findings.filter(finding => finding.severity === severity).slice(0, severity === 'note' ? PER_LEVEL - 1 : PER_LEVEL));
  const more = findings.length - shown.length;
  return [...shown.map(annotation), ...(more > 0 ? [`::notice title=drainlint::${plural(more, 'more finding')} in the log and the step summary`] : [])].map(line => `${line}\n`).join('');
}

function annotation({ at, severity, ruleId, message, suggestion }: Finding): string {
  const oneLine = at.endLine === at.startLine && at.endColumn > at.startColumn;
  const properties = [
    ['file', at.path], ['line', at.startLine], ['col', at.startColumn], ['endLine', at.endLine], ...(oneLine ? [['endColumn', at.endColumn - 1]] : []), ['title', ruleId],
  ].map(([name, value]) => `${name}=${property(String(value))}`);
  return `::${COMMAND[severity]} ${properties.join(',')}::${data(`${clean(message)}\n${clean(suggestion)}`)}`;
}

const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(clean(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
