import type { JobQueue, Rule } from '../../model/index.js';
import { listed, plural, relatedAt } from '../shared.js';

/** Places that add jobs, of all that do so. */
const MOST_ADDS = 12;

export const noAttempts: Rule = {
  id: 'bullmq/no-attempts',
  severity: 'note',
  title: 'A job that fails once is not tried again',
  rationale: 'BullMQ tries a job once unless attempts say otherwise: one timeout of a service that it calls, or a database that fails over during a deployment, and the job is failed for good.',
  remedy: 'Give attempts and a growing backoff, in defaultJobOptions for all jobs of a queue or in add() for one.',
  references: ['https://docs.bullmq.io/guide/retrying-failing-jobs', 'https://api.docs.bullmq.io/interfaces/v5.DefaultJobOptions.html'],
  leadsTo: ['tasks/non-idempotent-write'],

  *check({ jobQueues: { queues, ownAttempts }, consumers }) {
    const works = consumers.filter(({ handler }) => handler !== undefined && [handler, ...(handler.cases ?? [])].some(({ body }) => body.effects.some(({ kind }) => kind !== 'read' && kind !== 'sleep')));
    const isWork = ({ name, folder }: JobQueue): boolean => works.some(({ queue, process }) => (name !== undefined && queue !== undefined ? queue === name : process.folder === folder));
    for (const own of grouped(queues.filter(isWork))) {
      // attempts: 1 that somebody wrote is a choice
      const once = own.filter(({ at, attempts, isOpen, adds, hasOwnAttempts }) => !isOpen && attempts.state === 'unset' && (adds.length > 0 || !hasOwnAttempts) && !ownAttempts.some(job => job.at.path === at.path));
      const [first, ...others] = once;
      if (!first) continue;
      const named = once.flatMap(({ name }) => name ?? []);
      const names = named.length === once.length ? listed(named) : plural(once.length, 'queue');
      yield {
        order: 4, at: first.at, confidence: 'medium',
        message: `jobs of ${names} have one attempt: one that fails, for a timeout or a failover of the database, is failed for good`,
        label: 'no attempts: one',
        related: [...relatedAt(others.slice(0, 5).map(({ at }) => at), 'one attempt too'), ...once.flatMap(({ adds }) => adds).slice(0, MOST_ADDS).map(at => ({ at, message: 'added without attempts of its own' }))],
        suggestion: "write defaultJobOptions: { attempts: 5, backoff: { type: 'exponential', delay: 5000 } }",
      };
    }
  },
};

function grouped(queues: readonly JobQueue[]): readonly (readonly JobQueue[])[] {
  const found = new Map<string, JobQueue[]>();
  for (const queue of queues) found.set(queue.folder, [...(found.get(queue.folder) ?? []), queue]);
  return [...found.values()];
}
