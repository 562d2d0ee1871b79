import type { Finding, Report, Severity, SourceLocation } from '../model/index.js';
import { clean, jsonText } from './clean.js';
import { applicableFix, bySeverity, details, pageOf, visible } from './options.js';

const SEVERITY: Readonly<Record<Severity, string>> = { error: 'ERROR', warning: 'WARNING', note: 'INFO' };

/**
 * reviewdog's diagnostic format (its proto/rdf). Suppressed findings are left out. A fix is a suggestion where it is one edit of the
 * finding's own file: reviewdog offers each edit alone, and half a fix mends nothing.
 */
export function rdjson(report: Report): string {
  const findings = visible(report);
  const [worst] = [...findings].sort(bySeverity);
  const range = rangeIn(report);
  return jsonText({ source: { name: report.tool.name }, ...(worst && { severity: SEVERITY[worst.severity] }), diagnostics: findings.map(finding => diagnostic(finding, range)) });
}

type RangeOf = (at: SourceLocation) => { readonly start: object; readonly end: object };

function diagnostic(finding: Finding, range: RangeOf): object {
  const { ruleId, severity, at, related = [] } = finding;
  const url = pageOf(finding);
  const [edit, ...others] = applicableFix(finding)?.edits ?? [];
  const place = (where: SourceLocation): object => ({ path: where.path, range: range(where) });
  return {
    message: [clean(finding.message), ...details(finding)].join('\n'), location: place(at), severity: SEVERITY[severity], code: { value: ruleId, ...(url !== undefined && { url }) },
    ...(edit && others.length === 0 && edit.at.path === at.path && { suggestions: [{ range: range(edit.at), text: edit.text }] }),
    ...(related.length > 0 && { related_locations: related.map(other => ({ message: clean(other.message), location: place(other.at) })) }),
  };
}

/** Columns as reviewdog counts them: bytes of UTF-8, from 1. */
function rangeIn(report: Report): RangeOf {
  const position = (path: string, line: number, column: number): object => {
    const text = report.lines(path)[line - 1];
    return { line, column: text === undefined ? column : Buffer.byteLength(text.slice(0, column - 1)) + 1 };
  };
  return ({ path, startLine, startColumn, endLine, endColumn }) => ({ start: position(path, startLine, startColumn), end: position(path, endLine, endColumn) });
}
