import type { Rule } from '../../model/index.js';

export const commitBeforeWork: Rule = {
  id: 'kafka/commit-before-work',
  severity: 'warning',
  title: 'An offset is committed while the work of its message still runs',
  rationale: 'KafkaJS commits an offset when eachMessage or eachBatch has returned. A handler that starts its work without waiting for it returns at once: the offset moves on, and work that a deployment cuts is never done.',
  remedy: 'Await the work in the handler.',
  references: ['https://kafka.js.org/docs/consuming', 'https://kafka.js.org/docs/consuming#autocommit'],
  documentedBy: 'kafka.js.org: offsets are resolved and committed after the function has returned',

  *check({ consumers }) {
    for (const { kind, handler, options } of consumers) {
      const own = options.get('autoCommit');
      if (kind !== 'kafka' || !handler?.detached || (own?.state === 'set' && own.value === false)) continue;
      const { at, text } = handler.detached;
      yield {
        order: 5, at, confidence: 'medium', label: 'started, not waited for',
        message: `${text} is not waited for: the offset is committed while it runs, and a message whose work is cut by a deployment is lost`,
        suggestion: `write \`await ${text}\``, fate: 'offset committed → SIGTERM in the work: lost',
      };
    }
  },
};
