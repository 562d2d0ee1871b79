import type { Rule } from '../../model/index.js';

/** Said by `audit.ts`, which alone knows the configuration; listed here so that it has a page and a severity. */
export const unusedDuration: Rule = {
  id: 'audit/unused-duration',
  severity: 'warning',
  title: 'An entry of `durations` matches no task function',
  rationale: 'The function was renamed, is gone, or the pattern is mistyped: what was observed of it bounds nothing, and the function is judged as one that may run for ever.',
  remedy: 'Write the name under which Celery knows the task function, or remove the entry.',
  references: [],
  documentedBy: 'It concerns the audit, not a running worker',
  *check() {},
};
