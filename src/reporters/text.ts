import type { Finding, Report } from '../model/index.js';
import { place } from '../model/index.js';
import { clean, wrap } from './clean.js';
import { excerpts, type Annotation } from './excerpt.js';
import { blockedOn, blockerOf, groupFindings, verdict, type Group } from './groups.js';
import { counted, elsewhere, nothingRead, plural, scopeOf, visible, type ReportOptions } from './options.js';
import { painter, SEVERITY_STYLE, type Paint } from './paint.js';

/** Places shown besides the primary one; --verbose shows all. */
const RELATED = 6;
/** Consumers, assumptions and the like that are listed; --verbose lists all. */
const LISTED = 8;

/** Findings as a compiler shows them, under a verdict line per worker, and what they rest on. */
export function text(report: Report, options: ReportOptions): string {
  const paint = painter(options.color);
  const groups = groupFindings(report).map(group => renderGroup(group, report, options, paint));
  return [...groups, ...closing(report, options, paint)].join('\n\n') + '\n';
}

function renderGroup(group: Group, report: Report, options: ReportOptions, paint: Paint): string {
  const blocks = group.findings.filter(finding => !blockerOf(finding, group)).map(finding => {
    return [renderFinding(finding, report, options, paint), ...blockedOn(finding, group).map(other => `  ${paint('blue', '=')} blocks: ${oneLine(other)}`)].join('\n');
  });
  return [paint('bold', `${clean(group.heading)} — ${counted(group.findings)}: ${verdict(group, report)}`), ...blocks].join('\n\n');
}

const oneLine = (finding: Finding): string => clean(`${finding.severity}[${finding.ruleId}] ${place(finding.at)} ${finding.message}`);

function renderFinding(finding: Finding, report: Report, options: ReportOptions, paint: Paint): string {
  const style = SEVERITY_STYLE[finding.severity];
  const related = finding.related ?? [];
  const shown = options.verbose ? related : related.slice(0, RELATED);
  const annotations: readonly Annotation[] = [
    { at: finding.at, label: finding.label ?? '', primary: true },
    ...shown.map(({ at, message }) => ({ at, label: message, primary: false })),
  ];
  const gutter = Math.max(2, ...annotations.map(({ at }) => String(at.startLine).length));
  const note = (name: string, value: string | undefined): readonly string[] => (value ? noteLines(name, clean(value), gutter, options, paint) : []);
  return [
    `${paint(style, `${finding.severity}[${finding.ruleId}]`)} ${paint('bold', clean(finding.message))}`,
    ...excerpts(annotations, { lines: report.lines, paint, style, gutter, ...(options.width !== undefined && { width: options.width }) }),
    ...note('places', related.length > shown.length ? `${related.length - shown.length} more (--verbose)` : ''),
    ...note('through', (finding.flow?.length ?? 0) < 2 ? undefined : finding.flow!.map(step => `${step.text} (${place(step.at)})`).join(' → ')),
    ...note('fate', finding.fate),
    ...note('environments', elsewhere(finding)),
    ...note('blocked by', finding.blockedBy?.length ? `${finding.blockedBy.join(', ')}: without that this changes little` : undefined),
    ...note('suggestion', finding.suggestion),
    ...note('where', finding.where),
    ...note('owner', finding.owner),
    ...(finding.sketches ?? []).flatMap(({ title, code }) => [...note('sketch', title), ...code.split('\n').map(line => `${' '.repeat(gutter)}${paint('blue', '|')}   ${clean(line)}`.trimEnd())]),
    ...note('explain', `drainlint explain ${finding.ruleId}`),
  ].join('\n');
}

function noteLines(name: string, value: string, gutter: number, { width }: ReportOptions, paint: Paint): readonly string[] {
  const head = `${' '.repeat(gutter)}${paint('blue', '=')} ${paint('bold', `${name}:`)} `;
  const indent = gutter + 2;
  if (width === undefined || indent + name.length + 2 + value.length <= width) return [head + value];
  const [first = '', ...rest] = wrap(value, Math.max(30, width - indent - name.length - 2));
  return [head + first, ...rest.map(line => ' '.repeat(indent + name.length + 2) + line)];
}

/** What the findings rest on, what was not audited, and how many there are. */
function closing(report: Report, { verbose }: ReportOptions, paint: Paint): readonly string[] {
  const { model, hidden } = report;
  const list = (title: string, entries: readonly string[]): readonly string[] => {
    const shown = verbose ? entries : entries.slice(0, LISTED);
    const more = entries.length > shown.length ? [`  … and ${entries.length - shown.length} more (--verbose)`] : [];
    return entries.length === 0 ? [] : [[title, ...shown.map(entry => `  ${clean(entry)}`), ...more].join('\n')];
  };
  const unresolved = model.unresolved.map(({ at, reason }) => `${place(at)} ${reason}`);
  return [
    ...list('assumptions:', model.assumptions),
    ...list('recognised, not audited:', model.unaudited.map(({ kind, at, text: command }) => `${place(at)} ${kind}: ${command}`)),
    ...(verbose ? list('could not be resolved:', unresolved) : unresolved.length > 0 ? [`could not be resolved: ${plural(unresolved.length, 'value')} (--verbose lists them)`] : []),
    [paint('bold', summary(report)), ...(hidden > 0 ? [`${plural(hidden, 'finding')} of lower confidence not shown (--preset strict)`] : [])].join('\n'),
  ];
}

function summary(report: Report): string {
  if (report.readFiles === 0) return nothingRead(report);
  const findings = visible(report);
  const suppressed = report.findings.length - findings.length;
  const fixable = findings.filter(({ fix }) => fix?.safety === 'safe').length;
  return [
    `${counted(findings)} (${scopeOf(report)})`,
    ...(suppressed > 0 ? [`${suppressed} suppressed`] : []),
    ...(fixable > 0 ? [`${fixable} mended by --fix`] : []),
  ].join(' · ');
}
