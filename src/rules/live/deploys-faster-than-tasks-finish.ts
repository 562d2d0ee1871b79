import type { Rule } from '../../model/index.js';
import { about, confidenceOf, inWords, relatedAt } from '../shared.js';
import { observedSaid } from '../outlast.js';
import { workersOf } from '../live-services.js';

/** Fewer gaps than this say nothing of what is usual. */
const GAPS = 3;

export const deploysFasterThanTasksFinish: Rule = {
  id: 'live/deploys-faster-than-tasks-finish',
  severity: 'warning',
  title: 'Deployments follow each other faster than the longest task can finish',
  rationale: 'A task that runs longer than the usual time between two deployments is cut by each of them, starts again, and is cut by the next one: it may never finish on a busy day, however it is acknowledged.',
  remedy: 'Make long tasks resumable, so that each run gets further, or protect them with ECS task protection.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html'],
  documentedBy: 'The times that the service itself tells of its deployments',

  *check(model) {
    for (const service of model.live?.services ?? []) {
      const times = service.deployments.map(at => Date.parse(at)).filter(Number.isFinite).sort((a, b) => a - b);
      const gaps = times.slice(1).map((time, i) => (time - times[i]!) / 1000).sort((a, b) => a - b);
      const median = gaps[Math.floor(gaps.length / 2)];
      if (gaps.length < GAPS || median === undefined) continue;
      for (const worker of workersOf(model, service)) {
        const { drainNeed } = worker;
        if (drainNeed.is !== 'bounded' || drainNeed.seconds <= median) continue;
        yield {
          order: 3, at: service.at, confidence: confidenceOf(worker, drainNeed), ...about(worker), resource: service.name,
          message: `half of the last ${gaps.length} deployments of ${service.name} came within ${inWords(Math.round(median))} of the one before, but its tasks may run ${observedSaid(drainNeed.seconds, drainNeed.declared)}: one that long is cut again and again`,
          related: relatedAt(drainNeed.from, 'a task may run this long'),
          suggestion: `split tasks over ${inWords(Math.round(median))}, make them resumable, or protect them with ECS task protection`,
        };
      }
    }
  },
};
