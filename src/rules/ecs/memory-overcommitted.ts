import type { Problem, Rule, Worker } from '../../model/index.js';
import { about, confidenceOf, relatedAt } from '../shared.js';
import { numberOf, spelled, toWrite } from '../celery-shared.js';

const PER_CHILD = 'worker_max_memory_per_child';

export const memoryOvercommitted: Rule = {
  id: 'ecs/memory-overcommitted',
  severity: 'warning',
  title: 'The worker\'s processes may use more memory than the container has',
  rationale:
    'Celery replaces a process that grew beyond worker_max_memory_per_child after its task, so each of them may reach that size. Where all of them together exceed the container\'s memory, the kernel kills one ' +
    'or all of them in the middle of a task: no signal, no drain.',
  remedy: 'Keep worker_max_memory_per_child × concurrency, plus the main process, below the container\'s memory.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/configuration.html#worker-max-memory-per-child', 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html'],
  provenBy: ['oom-child/prefork/early', 'oom-child/prefork/late'],
  leadsTo: ['celery/worker-loss-acknowledged'],

  *check({ workers }) {
    for (const worker of workers) {
      const problem = judge(worker);
      if (problem) yield problem;
    }
  },
};

function judge(worker: Worker): Problem | undefined {
  const { app, container, settings, pool } = worker;
  const setting = settings.get(PER_CHILD), concurrency = settings.get('worker_concurrency');
  const [perChild, processes, memory] = [numberOf(setting), numberOf(concurrency), container?.memoryMiB];
  if (!app || !container || !setting || perChild === undefined || processes === undefined || memory === undefined || pool !== 'prefork' || perChild <= 0) return undefined;
  const needed = Math.ceil((perChild * processes) / 1024);
  if (needed <= memory) return undefined;
  const fitting = Math.floor(((memory * 0.9) / processes) * 1024);
  return {
    order: 9, at: setting.at, confidence: confidenceOf(worker, setting, concurrency), ...about(worker),
    message: `${spelled(app, PER_CHILD)} lets ${processes} processes grow to ${Math.round(perChild / 1024)} MiB each, ${needed} MiB together, and the container has ${memory} MiB: the kernel kills them in the middle of tasks`,
    label: `${Math.round(perChild / 1024)} MiB × ${processes}`, related: relatedAt([container.at], `the container has ${memory} MiB`),
    suggestion: `${toWrite(app, [PER_CHILD, fitting])}, run fewer processes, or give the container ${Math.ceil(needed * 1.1)} MiB`,
    fate: 'memory exceeded → SIGKILL to a process → its task is lost or run again',
  };
}
