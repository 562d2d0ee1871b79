import type { Rule } from '../../model/index.js';

/** Said by `audit.ts`, which alone knows the files; listed here so that it has a page and a severity. */
export const unreadableInput: Rule = {
  id: 'audit/unreadable-input',
  severity: 'warning',
  title: 'A file, or a part of it, could not be read',
  rationale: 'What stands there is not judged: a fault in it stays unseen, and values that other files take from it are unknown.',
  remedy: 'Mend the file at the place named, or ignore it in `drainlint.config.yaml` with a reason.',
  references: [],
  documentedBy: 'It concerns the audit, not a running worker',
  *check() {},
};
