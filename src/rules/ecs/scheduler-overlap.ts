import type { EcsService, Rule } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { beatsOf, sharesService, type Beat } from '../beat.js';
import { rolloutOf, rolls } from '../deployment.js';
import { about, startConfidence } from '../shared.js';

export const schedulerOverlap: Rule = {
  id: 'ecs/scheduler-overlap',
  severity: 'warning',
  title: 'Two schedulers run side by side during a deployment',
  rationale:
    'With room for more copies than desired (maximumPercent 200) ECS starts the new beat before it stops the old one. Both send what falls due meanwhile: ' +
    'a periodic task runs twice at each deployment. With 0/100 there is a gap instead, which is harmless only where the schedule remembers what was sent.',
  remedy: 'minimumHealthyPercent 0 and maximumPercent 100 for the scheduler\'s own service, with a schedule that is kept outside the container.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html', 'https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html'],
  documentedBy: 'The order of stop and start is that of the ECS scheduler, which no local process has',

  *check(model) {
    for (const beat of beatsOf(model)) {
      const { service } = beat.process;
      if (!service || !rolls(service) || agreed(service.maximumCount) !== 1) continue;
      const plan = rolloutOf(service, 1);
      if (!plan || plan.upper < 2) continue;
      const shared = sharesService(beat, service);
      yield {
        order: 4, at: placeOf(service, beat, shared), confidence: startConfidence(beat.process, service.minimumHealthyPercent, service.maximumPercent), ...about(beat.process),
        message: `a deployment may run two copies of ${beat.embedded ? 'a worker with an embedded beat' : 'beat'} at once (${plan.minimum}/${plan.maximum} percent of 1), and both send what falls due`,
        label: 'two of it during a deployment',
        related: [{ at: beat.command.at, message: 'beat starts here' }],
        suggestion: `${beat.onDisk ? 'keep the schedule outside the container (RedBeat, django-celery-beat), then ' : ''}${
          shared ? 'run beat in a service of its own with minimumHealthyPercent 0 and maximumPercent 100' : `${zeroToHundred(service)} in service ${service.name}`}`,
        fate: `deployment → new beat beside the old one → what falls due is sent twice${beat.onDisk ? '; its file schedule is lost with the old container' : ''}`,
      };
    }
  },
};

/** A Copilot manifest has one word for the pair. */
function zeroToHundred({ format }: EcsService): string {
  return format === 'copilot' ? 'write `deployment: {rolling: recreate}` (minimumHealthyPercent 0, maximumPercent 100)' : 'set minimumHealthyPercent to 0 and maximumPercent to 100';
}

/** Where somebody wrote the value that decides, else where the one copy is asked for; beat beside workers: its command. */
function placeOf(service: EcsService, beat: Beat, shared: boolean) {
  if (shared) return beat.command.at;
  const { maximumPercent } = service;
  return maximumPercent.state === 'set' && maximumPercent.certainty === 'written' ? maximumPercent.at : service.desiredCount.at;
}
