import type { Rule } from '../../model/index.js';
import { about } from '../shared.js';
import { containerIn, containerOf, moment, newest, shareOf, workersOf } from '../live-services.js';

export const outOfMemoryKills: Rule = {
  id: 'live/out-of-memory-kills',
  severity: 'error',
  title: 'The container was killed because it ran out of memory',
  rationale: 'The kernel ends a container that uses more than its memory with SIGKILL at once: no signal comes before it and nothing drains. Every task that ran in it is cut, and one that needs too much memory comes back and kills the next worker.',
  remedy: 'Give the container more memory, run fewer processes in it (--concurrency), or restart children that grow (worker_max_memory_per_child).',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html'],
  documentedBy: 'What ECS says of tasks that it stopped',

  *check(model) {
    for (const service of model.live?.services ?? []) {
      const killed = service.stops.filter(({ outOfMemory }) => outOfMemory);
      for (const name of new Set(killed.map(({ container }) => container))) {
        const stops = killed.filter(({ container }) => container === name);
        const container = containerOf(model, service, name);
        const [worker] = workersOf(model, service, name);
        yield {
          order: 1, at: container?.at ?? service.at, confidence: 'high', resource: service.name, ...(worker ? about(worker) : {}),
          message: `${shareOf(stops.length, service.stops.filter(({ container: other }) => other === name).length)} of ${containerIn(service, name)} ${stops.length === 1 ? 'was' : 'were'} for lack of memory, ${stops.length === 1 ? '' : 'the last '}at ${moment(newest(stops)?.stoppedAt)}: what it worked on was cut without a signal`,
          label: container?.memoryMiB === undefined ? '' : `${container.memoryMiB} MiB`,
          suggestion: container?.memoryMiB === undefined ? 'give the ECS task more memory, or run fewer processes in the container' : `give it more than ${container.memoryMiB} MiB, or run fewer processes in it`,
          fate: 'out of memory → SIGKILL at once: nothing drains',
        };
      }
    }
  },
};
