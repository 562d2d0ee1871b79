import type { Rule } from '../../model/index.js';

/** Said by `audit.ts`, which alone knows the files; listed here so that it has a page and a severity. */
export const unusedSuppression: Rule = {
  id: 'audit/unused-suppression',
  severity: 'warning',
  title: 'A suppression matches nothing',
  rationale: 'The fault it hid is gone, or stands elsewhere; left in place it would hide the next one.',
  remedy: 'Remove it.',
  references: [],
  documentedBy: 'It concerns the audit, not a running worker',
  *check() {},
};
