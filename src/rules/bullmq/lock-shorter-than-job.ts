import type { MessageConsumer, Problem, Rule } from '../../model/index.js';

/** ms. BullMQ's default (docs.bullmq.io/guide/workers/stalled-jobs). */
const LOCK = 30_000;
/** ms. Below it a pause of the garbage collector or one synchronous call loses the lock. */
const SHORT = 5000;

export const lockShorterThanJob: Rule = {
  id: 'bullmq/lock-shorter-than-job',
  severity: 'warning',
  title: 'A job can lose its lock while it runs',
  rationale:
    'A worker renews the lock of its job from the event loop, at half of lockDuration. What blocks the loop for longer loses the lock: the job is given to another worker, runs twice, and ends as failed ("Missing lock"). ' +
    'Jobs that wait (await) renew it.',
  remedy: 'Keep the event loop free (asynchronous calls, a sandboxed processor), or make lockDuration longer than the longest blocking call.',
  references: ['https://docs.bullmq.io/guide/workers/stalled-jobs', 'https://docs.bullmq.io/guide/workers/sandboxed-processors'],

  *check({ consumers }) {
    for (const consumer of consumers) {
      if (consumer.kind !== 'bullmq' && consumer.kind !== 'bull') continue;
      const problem = judge(consumer);
      if (problem) yield problem;
    }
  },
};

function judge({ at, options, handler, queue, text, openOptions }: MessageConsumer): Problem | undefined {
  const lock = options.get('lockDuration'), skips = options.get('skipLockRenewal');
  const name = queue ?? text;
  const ms = lock?.state === 'set' && typeof lock.value === 'number' ? lock.value : LOCK;
  const common = { order: 3, fate: 'lock lost → the job runs a second time → "Missing lock": failed' } as const;
  if (skips?.state === 'set' && skips.value === true) return {
    ...common, at: skips.at, confidence: 'medium', label: 'the lock is not renewed',
    message: `jobs of ${name} keep their lock for ${ms / 1000} s and do not renew it: a longer one is run twice and ends as failed`,
    suggestion: 'remove skipLockRenewal',
  };
  if (handler?.blocks && (!openOptions || lock)) return {
    ...common, at: handler.blocks.at, confidence: 'medium', label: 'blocks the event loop',
    message: `${handler.blocks.text} blocks the event loop of the jobs of ${name}: one that takes longer than the lock (${ms / 1000} s) is run a second time, and ends as failed`,
    related: [{ at: lock?.at ?? at, message: lock ? `lockDuration: ${ms / 1000} s` : 'lockDuration is 30 s by default' }],
    suggestion: 'use the asynchronous call and await it; and give lockDuration more than the longest block',
  };
  if (lock?.state === 'set' && ms < SHORT) return {
    ...common, at: lock.at, confidence: 'medium', label: `${ms} ms`,
    message: `jobs of ${name} lose their lock when the event loop is blocked for ${ms / 1000} s: they are run a second time and end as failed`,
    suggestion: 'remove lockDuration: its default of 30 s costs nothing where jobs are short',
  };
  return undefined;
}
