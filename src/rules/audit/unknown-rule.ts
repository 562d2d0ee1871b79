import type { Rule } from '../../model/index.js';

/** Said by `audit.ts`, which alone knows the files; listed here so that it has a page and a severity. */
export const unknownRule: Rule = {
  id: 'audit/unknown-rule',
  severity: 'warning',
  title: 'A suppression or a setting names a rule that does not exist',
  rationale: 'It has no effect: what it was to hide or change is reported as usual.',
  remedy: 'Write the rule as `drainlint rules` lists it.',
  references: [],
  documentedBy: 'It concerns the audit, not a running worker',
  *check() {},
};
