import type { Rule, Worker } from '../../model/index.js';
import { about, confidenceOf, inWords, outcomeOfKill } from '../shared.js';
import { onEcs } from '../outlast.js';

export const healthCheckKillsBusyWorker: Rule = {
  id: 'ecs/health-check-kills-busy-worker',
  severity: 'warning',
  title: 'The health check ends a worker that is only busy',
  rationale:
    '`celery inspect ping` and `celery status` ask the worker\'s own event loop. On the solo pool that loop runs the tasks: while one runs nothing answers, and after interval × retries ECS takes the container for ' +
    'unhealthy and stops it in the middle of the task.',
  remedy: 'Run the prefork or threads pool, or check something that does not need the loop: a file that the worker touches.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html', 'https://docs.celeryq.dev/en/stable/userguide/workers.html#inspecting-workers'],
  documentedBy: 'ECS itself stops unhealthy containers; that solo answers nothing while a task runs is its code (celery concurrency/solo.py)',

  *check({ workers }) {
    for (const worker of workers) {
      const check = worker.container?.healthCheck;
      if (!check || !onEcs(worker) || worker.pool !== 'solo' || !asksTheLoop(check.text)) continue;
      const patience = check.intervalSeconds * check.retries;
      if (!mayOutlast(worker, patience)) continue;
      yield {
        order: 5, at: check.at, confidence: confidenceOf(worker, worker.drainNeed), ...about(worker),
        message: `the health check asks the worker itself, which answers nothing while the solo pool runs a task: after ${inWords(patience)} of one task ECS stops the container`,
        label: `${check.retries} tries, one every ${inWords(check.intervalSeconds)}`,
        suggestion: 'run the prefork pool with --concurrency 1, or check a file that the worker touches',
        fate: `task runs for ${inWords(patience)} → unhealthy → SIGTERM → SIGKILL: ${outcomeOfKill(worker)}`,
      };
    }
  },
};

const asksTheLoop = (text: string): boolean => /\bcelery\b.*\b(?:inspect\s+(?:ping|active|stats)|status)\b/.test(text);

function mayOutlast({ drainNeed }: Worker, seconds: number): boolean {
  return drainNeed.is === 'unbounded' || (drainNeed.is === 'bounded' && drainNeed.seconds > seconds);
}
