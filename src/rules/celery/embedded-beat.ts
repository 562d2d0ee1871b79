import type { Rule } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { about, startConfidence } from '../shared.js';
import { beatsOf } from '../beat.js';
import { isWorker } from '../signal-path.js';

export const embeddedBeat: Rule = {
  id: 'celery/embedded-beat',
  severity: 'warning',
  title: 'The worker runs the scheduler too',
  rationale:
    'With -B every copy of the worker is a scheduler: a second replica, or the overlap of a rolling deployment, sends each periodic task twice. Its schedule is kept in the ' +
    'container, and starts anew with it.',
  remedy: 'Run beat on its own, one replica, and start the worker without -B.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#starting-the-scheduler'],
  documentedBy: 'Celery\'s documentation: -B is "convenient if you\'ll never run more than one worker node, but not recommended for production use"',
  leadsTo: ['ecs/scheduler-overlap'],

  *check(model) {
    for (const { process, command, embedded } of beatsOf(model)) {
      if (!embedded || !isWorker(process)) continue;
      // Several replicas are the harder case of the same: ecs/scheduler-replicas speaks of them.
      if ((process.service && agreed(process.service.maximumCount) || 1) > 1) continue;
      yield {
        order: 9, at: command.at, confidence: startConfidence(process), ...about(process),
        message: 'this worker runs beat as well (-B), so a second replica or a rolling deployment sends every periodic task twice',
        label: 'scheduler inside the worker',
        suggestion: `drop -B from ${process.name}, and run \`celery${command.app === undefined ? '' : ` -A ${command.app}`} beat\` in a container of its own with one replica`,
        ...(process.app && { resource: process.app.id }),
      };
    }
  },
};
