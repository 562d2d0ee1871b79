import type { Report, Severity } from '../model/index.js';
import { clean, jsonText } from './clean.js';
import { visible } from './options.js';

/** Of GitLab's info, minor, major, critical, blocker. */
const SEVERITY: Readonly<Record<Severity, string>> = { error: 'critical', warning: 'major', note: 'info' };

/**
 * GitLab's Code Quality report (docs.gitlab.com, "Code Quality report format"). Suppressed findings are left out. What stands in a
 * running resource keeps its `aws:` path: GitLab lists it, and its link leads to no file.
 */
export function gitlab(report: Report): string {
  const seen = new Map<string, number>();
  /** GitLab drops what has the fingerprint of another. */
  const unique = (fingerprint: string): string => {
    const index = (seen.get(fingerprint) ?? 0) + 1;
    seen.set(fingerprint, index);
    return index === 1 ? fingerprint : `${fingerprint}-${index}`;
  };
  return jsonText(visible(report).map(({ ruleId, severity, message, suggestion, fingerprint, at }) => ({
    description: clean(`${message} — ${suggestion}`), check_name: ruleId, fingerprint: unique(fingerprint), severity: SEVERITY[severity],
    location: { path: at.path, lines: { begin: at.startLine, end: at.endLine } },
  })));
}
