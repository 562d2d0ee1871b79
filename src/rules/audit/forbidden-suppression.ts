import type { Rule } from '../../model/index.js';

/** Said by `audit.ts`, which alone knows the files; listed here so that it has a page and a severity. */
export const forbiddenSuppression: Rule = {
  id: 'audit/forbidden-suppression',
  severity: 'error',
  title: 'A rule that may not be ignored is suppressed, turned off or lowered',
  rationale: 'The configuration lists the rule under `neverIgnore`. What was written against it has no effect: its findings are reported, with the severity they had.',
  remedy: 'Mend what the rule reports, and remove the suppression; or have the rule taken from `neverIgnore` where it stands.',
  references: [],
  documentedBy: 'It concerns the audit, not a running worker',
  *check() {},
};
