import type { Rule, Setting } from '../../model/index.js';

export const retryWithoutBackoff: Rule = {
  id: 'bullmq/retry-without-backoff',
  severity: 'warning',
  title: 'A job is tried again at once, until its attempts are used up',
  rationale: 'Without a backoff BullMQ starts a failed job again without a delay: an outage of a second uses up every attempt, and all jobs that wait hit the other side again in that second.',
  remedy: 'Give the attempts an exponential backoff with jitter.',
  references: ['https://docs.bullmq.io/guide/retrying-failing-jobs', 'https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/'],

  *check({ jobQueues: { queues, ownAttempts } }) {
    const found: readonly { readonly what: string; readonly attempts: Setting<number> }[] = [
      ...queues.filter(({ backoff, isOpen }) => !backoff && !isOpen).map(({ name, attempts }) => ({ what: name === undefined ? 'jobs' : `jobs of ${name}`, attempts })),
      ...ownAttempts.filter(({ backoff }) => !backoff && queues.length > 0 && !queues.some(queue => queue.backoff)).map(({ attempts }) => ({ what: 'this job', attempts })),
    ];
    for (const { what, attempts } of found) {
      if (attempts.state !== 'set' || !(attempts.value > 1)) continue;
      yield {
        order: 3, at: attempts.at, confidence: 'medium', label: 'without a delay',
        message: `${what} ${what === 'this job' ? 'has' : 'have'} ${attempts.value} attempts without a backoff: they follow each other at once, and an outage of a second uses all of them up`,
        suggestion: "write backoff: { type: 'exponential', delay: 5000, jitter: 0.5 } beside attempts",
      };
    }
  },
};
