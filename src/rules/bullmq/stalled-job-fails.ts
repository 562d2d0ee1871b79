import type { Rule } from '../../model/index.js';

export const stalledJobFails: Rule = {
  id: 'bullmq/stalled-job-fails',
  severity: 'warning',
  title: 'A job that a deployment cuts fails for good',
  rationale: 'maxStalledCount is how often a job may be cut and started again. With 0 the first deployment that cuts it makes it fail ("job stalled more than allowable limit"), whatever attempts say.',
  remedy: 'Leave maxStalledCount at 1 or more, and close the worker so that jobs are not cut.',
  references: ['https://docs.bullmq.io/guide/jobs/stalled', 'https://docs.bullmq.io/guide/workers/stalled-jobs'],

  *check({ consumers }) {
    for (const { options, queue, text } of consumers) {
      const count = options.get('maxStalledCount');
      if (count?.state !== 'set' || count.value !== 0) continue;
      yield {
        order: 3, at: count.at, confidence: 'high', label: 'no second start',
        message: `maxStalledCount is 0: a job of ${queue ?? text} that a deployment cuts once is failed for good, whatever its attempts are`,
        suggestion: 'write maxStalledCount: 3', fate: 'SIGKILL → stalled → failed: "job stalled more than allowable limit"',
      };
    }
  },
};
