import type { Rule } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { beatsOf, sharesService } from '../beat.js';
import { about, startConfidence } from '../shared.js';

export const schedulerReplicas: Rule = {
  id: 'ecs/scheduler-replicas',
  severity: 'error',
  title: 'Several copies of the scheduler run, and each sends every periodic task',
  rationale:
    'Beat has no lock: each copy sends every entry of the schedule. In a service with more than one copy, or embedded in a worker that is replicated, every ' +
    'periodic task runs once per copy.',
  remedy: 'Give beat a service of its own with one copy and 0/100 percent; or use a scheduler with a lock, such as RedBeat.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html'],
  documentedBy: 'Celery documents that only one beat may run at a time; two of them sending twice needs no measurement',
  leadsTo: ['ecs/scheduler-overlap'],

  *check(model) {
    for (const beat of beatsOf(model)) {
      const { process, command } = beat;
      const { service } = process;
      const count = service && agreed(service.maximumCount);
      if (!service || count === undefined || count < 2) continue;
      const scaled = service.autoscaling !== undefined;
      yield {
        order: 4, at: scaled ? service.autoscaling!.at : service.desiredCount.at, confidence: startConfidence(process, service.maximumCount), ...about(process),
        message: `service ${service.name} ${scaled ? 'may run' : 'runs'} ${count} copies of ${beat.embedded ? 'a worker with an embedded beat' : 'beat'}, and each sends every periodic task`,
        label: scaled ? `up to ${count} copies` : `${count} copies`,
        related: [{ at: command.at, message: beat.embedded ? 'beat runs inside this worker' : 'beat starts here' }],
        suggestion: beat.embedded || sharesService(beat, service) ? 'take beat out of it and run it in a service of its own with one copy, minimumHealthyPercent 0 and maximumPercent 100' : `set the count of service ${service.name} to 1`,
        fate: `each tick → ${count} messages for one entry → the task runs ${count} times`,
      };
    }
  },
};
