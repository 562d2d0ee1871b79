import type { Rule } from '../../model/index.js';

/** Said by `audit.ts`, which alone knows the files; listed here so that it has a page and a severity. */
export const suppressionExpired: Rule = {
  id: 'audit/suppression-expired',
  severity: 'warning',
  title: 'A suppression is past its date',
  rationale: 'What it hid until then is reported again.',
  remedy: 'Mend the fault, or set a later date.',
  references: [],
  documentedBy: 'It concerns the audit, not a running worker',
  *check() {},
};
