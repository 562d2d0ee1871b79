import type { Rule } from '../../model/index.js';

/** Said by `audit.ts`, which alone knows the files; listed here so that it has a page and a severity. */
export const suppressionWithoutReason: Rule = {
  id: 'audit/suppression-without-reason',
  severity: 'warning',
  title: 'A suppression gives no reason',
  rationale: 'Nobody can tell later whether what it hides still does not matter. It has no effect until a reason stands there.',
  remedy: 'Add the reason: `drainlint: ignore <rule> -- why it does not matter here`.',
  references: [],
  documentedBy: 'It concerns the audit, not a running worker',
  *check() {},
};
