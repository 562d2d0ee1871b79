import type { Rule } from '../../model/index.js';
import { byProcess } from '../consumers.js';
import { plural, relatedAt } from '../shared.js';

export const schedulerPerReplica: Rule = {
  id: 'node/scheduler-per-replica',
  severity: 'note',
  title: 'A schedule runs in every copy of a worker',
  rationale: 'A cron inside the process of a worker fires once in each of its copies: with three replicas, and with the old and the new one during a deployment, the same work starts several times at the same moment.',
  remedy: 'Let the queue keep the schedule (a job scheduler of BullMQ, EventBridge), or take a lock with a lifetime first.',
  references: ['https://docs.bullmq.io/guide/job-schedulers', 'https://docs.nestjs.com/techniques/task-scheduling'],

  *check({ consumers }) {
    for (const { process, consumers: all } of byProcess(consumers)) {
      const [first, ...others] = process.schedules;
      const usesBullmq = all.some(({ kind }) => kind === 'bullmq');
      if (!first) continue;
      yield {
        order: 3, at: first.at, confidence: 'medium', label: 'in every copy',
        message: `${first.text} runs in a process that takes messages: each of its copies starts it at the same time, and a deployment has one more of them`,
        related: relatedAt(others.slice(0, 5).map(({ at }) => at), `${plural(others.length, 'other schedule')} too`),
        suggestion: usesBullmq ? "write queue.upsertJobScheduler('name', { pattern }, …) instead: BullMQ adds one job for all copies" : 'let one process of its own keep the schedule, or take a lock with a lifetime in front of the work',
      };
    }
  },
};
