import type { Rule } from '../../model/index.js';

/** Said by `audit.ts`, which alone knows the baseline; listed here so that it has a page and a severity. */
export const staleBaselineEntry: Rule = {
  id: 'audit/stale-baseline-entry',
  severity: 'note',
  title: 'An entry of the baseline matches nothing any more',
  rationale: 'The fault it stood for is gone; left in place it would hide the same fault when it comes back.',
  remedy: 'Remove the line, or run `drainlint check --update-baseline`.',
  references: [],
  documentedBy: 'It concerns the audit, not a running worker',
  *check() {},
};
