import type { Confidence, Finding, Report, Rule, Severity, SourceLocation, Suppression, TextEdit } from '../model/index.js';
import { CONFIDENCES, isRunning } from '../model/index.js';
import { clean, jsonText } from './clean.js';
import { lineHashes } from './line-hash.js';
import { escape } from './markdown.js';
import { applicableFix, bySeverity, details, pageOf, plural } from './options.js';

/**
 * What GitHub shows of a run: 5,000 results, 100 locations of each, 1,000 steps of its flows. It refuses more than 25,000, 1,000 and
 * 10,000 (docs.github.com, "SARIF results exceed one or more limits").
 */
const RESULTS = 5000;
const LOCATIONS = 100;
const STEPS = 1000;
/** GitHub's words for how much a rule matters. */
const PROBLEM: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', note: 'recommendation' };
const ROOT = '%SRCROOT%';

/**
 * SARIF 2.1.0, within GitHub's limits: of more than 5,000 findings the least severe are left out, and a notification says how many.
 * Suppressed findings are there, marked. Findings on running resources have a logical location alone, as there is no file.
 */
export function sarif(report: Report): string {
  const shown = worst(report.findings);
  const ids = [...new Set(shown.map(({ ruleId }) => ruleId))].sort();
  const hashes = new Map<string, ReturnType<typeof lineHashes>>();
  const lineHash = ({ path, startLine }: SourceLocation): string | undefined => {
    if (!hashes.has(path)) hashes.set(path, lineHashes(report.lines(path)));
    return hashes.get(path)!(startLine);
  };
  // The standard wants `suppressions` on all results or on none.
  const marks = shown.some(({ suppressed }) => suppressed);
  return jsonText({
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: { driver: { name: report.tool.name, semanticVersion: report.tool.version, rules: ids.map(id => descriptor(id, shown.filter(({ ruleId }) => ruleId === id), report.rules)) } },
      automationDetails: { id: report.model.live ? 'drainlint-live/' : 'drainlint/' },
      invocations: [{ executionSuccessful: true, toolExecutionNotifications: notifications(report, shown.length) }],
      originalUriBaseIds: { [ROOT]: { description: { text: 'the top of the git work tree, else the folder that was audited' } } },
      columnKind: 'utf16CodeUnits',
      results: shown.map(finding => ({
        ruleId: finding.ruleId, ruleIndex: ids.indexOf(finding.ruleId), ...resultOf(finding),
        partialFingerprints: { ...(!isRunning(finding.at) && { primaryLocationLineHash: lineHash(finding.at) }), 'drainlint/v1': finding.fingerprint },
        ...(marks && { suppressions: finding.suppressed ? [suppressionOf(finding.suppressed)] : [] }),
      })),
    }],
  });
}

/** As many findings as GitHub shows, in their order; those left out are suppressed or the least severe. */
function worst(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length <= RESULTS) return findings;
  const kept = new Set([...findings].sort((a, b) => Number(a.suppressed !== undefined) - Number(b.suppressed !== undefined) || bySeverity(a, b)).slice(0, RESULTS));
  return findings.filter(finding => kept.has(finding));
}

function notifications({ findings, hidden, model }: Report, shown: number): readonly object[] {
  const left = findings.length - shown;
  return [
    ...(left > 0 ? [{ level: 'warning', message: message(`${plural(left, 'finding')} of ${findings.length} left out, suppressed or the least severe: GitHub shows ${RESULTS}`) }] : []),
    ...(hidden > 0 ? [{ level: 'note', message: message(`${plural(hidden, 'finding')} of lower confidence not shown (--preset strict)`) }] : []),
    ...model.assumptions.map(assumption => ({ level: 'note', message: message(assumption) })),
  ];
}

/** A rule as GitHub shows it. Its precision is the least confidence among its findings. */
function descriptor(id: string, findings: readonly Finding[], rules: readonly Rule[]): object {
  const [family, fault] = id.split('/');
  const rule = rules.find(each => each.id === id);
  const helpUri = pageOf(findings[0]!);
  const severity = rule?.severity ?? findings[0]!.severity;
  return {
    id, name: (fault ?? id).replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    ...(rule && { shortDescription: { text: rule.title }, fullDescription: { text: rule.rationale }, help: help(rule) }), ...(helpUri !== undefined && { helpUri }),
    defaultConfiguration: { level: severity },
    properties: { precision: leastOf(findings), 'problem.severity': PROBLEM[severity], tags: ['reliability', family] },
  };
}

const leastOf = (findings: readonly Finding[]): Confidence => CONFIDENCES[Math.max(...findings.map(({ confidence }) => CONFIDENCES.indexOf(confidence)))]!;

/** What `drainlint explain` says of a rule. */
function help({ id, rationale, remedy, references }: Rule): { readonly text: string; readonly markdown: string } {
  const sections = [['What breaks', rationale], ['What to write instead', remedy], ['To ignore it', `\`drainlint: ignore ${id} -- why it does not matter here\` in a comment on the line or the line above`]] as const;
  return {
    text: [...sections.map(([title, text]) => `${title}\n${text}`), ['Sources', ...references].join('\n')].join('\n\n'),
    markdown: [...sections.map(([title, text]) => `## ${title}\n\n${escape(text)}`), `## Sources\n\n${references.map(each => `- ${/^https?:\/\/[^\s<>]+$/.test(each) ? `<${each}>` : escape(each)}`).join('\n')}`].join('\n\n'),
  };
}

function resultOf(finding: Finding): object {
  const { at, label, confidence, severity, workers = [], environments, resource, owner, order, blockedBy = [] } = finding;
  const related = distinct(finding.related ?? []).slice(0, LOCATIONS - 1).map(other => locationOf(other.at, other.message));
  const fix = applicableFix(finding);
  return {
    level: severity, message: message([clean(finding.message), ...details(finding)].join('\n')),
    locations: [locationOf(at, label)], ...(related.length > 0 && { relatedLocations: related }), ...codeFlows(finding),
    ...(fix && { fixes: [{ description: message(clean(fix.title)), artifactChanges: changes(fix.edits), properties: { safety: fix.safety } }] }),
    properties: { precision: confidence, confidence, order, workers: workers.map(clean), environments: environments.map(clean), blockedBy, ...(resource !== undefined && { resource: clean(resource) }), ...(owner !== undefined && { owner: clean(owner) }) },
  };
}

/** The standard takes no related location twice. */
function distinct(related: NonNullable<Finding['related']>): NonNullable<Finding['related']> {
  return [...new Map(related.map(one => [JSON.stringify(locationOf(one.at, one.message)), one])).values()];
}

/** The calls that lead to the place, and what the finding rests on: two paths, each in causal order. */
function codeFlows({ at, label, flow = [], related = [], message: about }: Finding): object {
  const calls = flow.slice(0, STEPS / 2).map(step => locationOf(step.at, step.text));
  const rests = related.length === 0 ? [] : [locationOf(at, label || about), ...distinct(related).slice(0, LOCATIONS - 1).map(other => locationOf(other.at, other.message))];
  const paths = [['how the code gets there', calls], ['what it rests on', rests]] as const;
  const flows = paths.filter(([, steps]) => steps.length > 0).map(([title, steps]) => ({ message: message(title), threadFlows: [{ locations: steps.map(location => ({ location })) }] }));
  return flows.length > 0 ? { codeFlows: flows } : {};
}

function locationOf(at: SourceLocation, text?: string): object {
  const name = isRunning(at) ? [at.path.slice('aws:'.length), at.logical ?? ''].join(' ').trim() : at.logical;
  return {
    ...(!isRunning(at) && { physicalLocation: { artifactLocation: artifact(at.path), region: regionOf(at) } }),
    ...(name !== undefined && { logicalLocations: [{ fullyQualifiedName: clean(name), kind: 'resource' }] }),
    ...(text && { message: message(clean(text)) }),
  };
}

const artifact = (path: string): object => ({ uri: path.split('/').map(segment => encodeURIComponent(wellFormed(segment))).join('/'), uriBaseId: ROOT });
/** Half a character, which a file system may hold in a name, has no code in UTF-8. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');
/** As ours: from 1, the end exclusive, an empty one where text is inserted. */
const regionOf = ({ startLine, startColumn, endLine, endColumn }: SourceLocation): object => ({ startLine, startColumn, endLine, endColumn });

function changes(edits: readonly TextEdit[]): readonly object[] {
  return [...new Set(edits.map(({ at }) => at.path))].map(path => ({
    artifactLocation: artifact(path),
    replacements: edits.filter(({ at }) => at.path === path).map(({ at, text }) => ({ deletedRegion: regionOf(at), insertedContent: { text } })),
  }));
}

const suppressionOf = ({ kind, reason, at }: Suppression): object => ({
  kind: kind === 'inline' ? 'inSource' : 'external', status: 'accepted', ...(reason && { justification: clean(reason) }), ...(at && { location: locationOf(at) }),
});

/**
 * A text that no viewer takes for more: what looks like a link is none, what looks like a placeholder is written as the standard
 * has it. Other braces stay single, as viewers show doubled ones doubled.
 */
const message = (text: string): { readonly text: string } => ({ text: text.replaceAll('](', '] (').replace(/\{(\d+)\}/g, '{{$1}}') });
