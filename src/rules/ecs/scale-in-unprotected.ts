import type { DrainNeed, Problem, Rule, Setting } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { workersIn } from '../deployment.js';
import { about, confidenceOf, inWords, killedAfter, outcomeOfKill, relatedAt } from '../shared.js';
import { isProtected, mayOutlast, observedSaid, onEcs, survivesStop } from '../outlast.js';

export const scaleInUnprotected: Rule = {
  id: 'ecs/scale-in-unprotected',
  severity: 'warning',
  title: 'Scaling in stops workers in the middle of tasks',
  rationale:
    'When autoscaling lowers the count, ECS picks its victims by zone and instance, not by load: a busy worker is as likely as an idle one, and it gets ' +
    'stopTimeout and no more. Task protection is the only thing ECS asks before.',
  remedy: 'Protect the ECS task while it works (`PUT $ECS_AGENT_URI/task-protection/v1/state`), turn scale-in off, or keep tasks shorter than the stop time.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html', 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html'],
  documentedBy: 'Only the ECS scheduler picks what to stop; the kill itself is that of ecs/stop-timeout-too-short',
  leadsTo: ['celery/early-ack'],

  *check(model, thresholds) {
    for (const service of model.services) {
      const { autoscaling } = service;
      if (!autoscaling || autoscaling.minimum === undefined || autoscaling.maximum === undefined || autoscaling.minimum >= autoscaling.maximum) continue;
      for (const worker of workersIn(model, service)) {
        const { stopTime, drainNeed } = worker;
        const stop = agreed(stopTime);
        if (!onEcs(worker) || stop === undefined || !mayOutlast(worker, stop, thresholds) || isProtected(worker) || survivesStop(worker, stop, thresholds)) continue;
        yield {
          order: 4, at: autoscaling.at, confidence: confidenceOf(worker, stopTime, drainNeed), ...about(worker),
          message: `autoscaling may stop busy workers (${autoscaling.maximum} down to ${autoscaling.minimum}): ${drainNeed.is === 'bounded' ? `a task may run ${observedSaid(drainNeed.seconds, drainNeed.declared)}` : 'nothing bounds a task'}, and a stop waits ${stop} s`,
          label: 'scales in without asking the worker',
          related: drainNeed.is === 'bounded' ? relatedAt(drainNeed.from, 'a task may run this long') : hintedBy(drainNeed),
          suggestion: `protect the ECS task while ${worker.consumers ? 'a message is worked on (`PUT $ECS_AGENT_URI/task-protection/v1/state` when it was received, cleared when none is left)' : 'a task function runs (`PUT $ECS_AGENT_URI/task-protection/v1/state` at task_prerun, cleared when no slot is busy)'}, or turn scale-in off`,
          fate: killedAfter(stop, outcomeOfKill(worker)).replace('SIGTERM', 'scale-in → SIGTERM'),
        };
      }
    }
  },
};

const hintedBy = ({ hint }: Extract<DrainNeed, { is: 'unbounded' | 'unknown' }> & { readonly hint?: Setting<number> }): NonNullable<Problem['related']> =>
  (hint?.state === 'set' ? [{ at: hint.at, message: `its queue hides a message for ${inWords(hint.value)}` }] : []);
