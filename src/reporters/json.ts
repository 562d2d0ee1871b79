import type { Finding, Report } from '../model/index.js';
import { jsonText } from './clean.js';
import { count } from './options.js';
import { inventory } from './inventory.js';
import { region } from './region.js';

/** Version 1 of the machine-readable report: schema/report.schema.json. Suppressed findings are there, marked. */
export function json(report: Report): string {
  const { model, findings } = report;
  const visible = findings.filter(finding => !finding.suppressed);
  return jsonText({
    schemaVersion: 1,
    tool: report.tool,
    findings: findings.map(findingOf),
    inventory: inventory(model),
    unresolved: model.unresolved.map(({ at, reason }) => ({ ...region(at), reason })),
    assumptions: model.assumptions,
    summary: {
      errors: count(visible, 'error'), warnings: count(visible, 'warning'), notes: count(visible, 'note'),
      suppressed: findings.length - visible.length, hidden: report.hidden, scannedFiles: report.scannedFiles, readFiles: report.readFiles,
    },
  });
}

function findingOf(finding: Finding): unknown {
  const { suppressed, fix } = finding;
  return {
    ruleId: finding.ruleId, severity: finding.severity, confidence: finding.confidence, message: finding.message, suggestion: finding.suggestion,
    docsUrl: finding.docsUrl, fingerprint: finding.fingerprint, ...region(finding.at),
    related: (finding.related ?? []).map(({ at, message }) => ({ ...region(at), message })),
    flow: (finding.flow ?? []).map(({ at, text }) => ({ ...region(at), message: text })),
    sketches: finding.sketches, fate: finding.fate, environments: finding.environments, workers: finding.workers ?? [], resource: finding.resource, owner: finding.owner, where: finding.where,
    order: finding.order, blockedBy: finding.blockedBy ?? [],
    fix: fix && { title: fix.title, safety: fix.safety, edits: fix.edits.map(({ at, text }) => ({ ...region(at), text })) },
    suppressed: suppressed ? { kind: suppressed.kind, reason: suppressed.reason, ...(suppressed.at && { at: region(suppressed.at) }) } : null,
  };
}
