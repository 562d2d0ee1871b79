import type { EcsService, Model, Rule } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { inside, rollout, rolls, schedulersIn, workersIn, type Rollout } from '../deployment.js';
import { fixTo, startConfidence, weakest } from '../shared.js';

/** Counts that autoscaling can reach are tried one by one; no service has more copies than that quota. */
const MOST = 5000;

export const deploymentDeadlock: Rule = {
  id: 'ecs/deployment-deadlock',
  severity: 'error',
  title: 'The deployment can neither stop an old copy nor start a new one',
  rationale:
    'ECS may run at most floor(count × maximumPercent / 100) copies and must keep ceil(count × minimumHealthyPercent / 100) healthy. Where both are the ' +
    'count itself, nothing can move: the deployment waits for ever ("was unable to stop or start tasks"), and instances cannot be drained.',
  remedy: 'Raise maximumPercent to 200 (new first), or lower minimumHealthyPercent (old first); 0/100 for a scheduler that must never run twice.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html', 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html'],
  documentedBy: 'The arithmetic is that of the ECS scheduler, which no local process has',
  leadsTo: ['ecs/scheduler-overlap', 'ecs/minimum-healthy-percent', 'ecs/spot-interrupts-tasks'],

  *check(model) {
    for (const service of model.services) {
      if (service.runs === 'other' || !rolls(service)) continue;
      const stuck = stuckCounts(service);
      if (!stuck) continue;
      const [first] = stuck.stuck;
      const isScheduler = service.runs === 'scheduler';
      const setting = isScheduler ? service.minimumHealthyPercent : service.maximumPercent;
      const fix = fixTo(setting, isScheduler ? 0 : 200, 'safe', isScheduler ? 'set minimumHealthyPercent to 0' : 'set maximumPercent to 200');
      yield {
        order: 1, at: setting.at, confidence: confidence(service, model), ...(stuck.always ? {} : { severity: 'warning' as const }), ...inside(model, service),
        message: `with ${first!.minimum}/${first!.maximum} percent ECS must keep ${first!.lower} of ${first!.desired} and may run ${first!.upper}, so ${stuck.always ? 'no deployment can start' : `no deployment can start while ${first!.desired} run`}`,
        related: service.desiredCount.state === 'set' ? [{ at: service.desiredCount.at, message: `${first!.desired} desired` }] : [],
        suggestion: isScheduler
          ? `set minimumHealthyPercent to 0 and keep maximumPercent ${first!.maximum}: the old copy stops before the new one starts`
          : `set maximumPercent to 200: ECS may then run ${Math.floor(first!.desired * 2)} and starts new copies first`,
        fate: 'deployment → nothing may stop, nothing may start → the old version stays',
        ...(fix && { fix }),
      };
    }
  },
};

function stuckCounts(service: EcsService): { readonly stuck: readonly Rollout[]; readonly always: boolean } | undefined {
  const minimum = agreed(service.minimumHealthyPercent);
  const maximum = agreed(service.maximumPercent);
  if (minimum === undefined || maximum === undefined) return undefined;
  const all = countsOf(service).map(desired => rollout(desired, minimum, maximum));
  const stuck = all.filter(({ stopsFirst, startsFirst }) => !stopsFirst && !startsFirst);
  return stuck.length === 0 ? undefined : { stuck, always: stuck.length === all.length };
}

function countsOf({ autoscaling, desiredCount }: EcsService): readonly number[] {
  const desired = agreed(desiredCount);
  if (!autoscaling) return desired === undefined || desired < 1 ? [] : [desired];
  const from = Math.max(1, autoscaling.minimum ?? desired ?? 0);
  const to = Math.min(MOST, autoscaling.maximum ?? from);
  return autoscaling.minimum === undefined && desired === undefined ? [] : Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}

function confidence(service: EcsService, model: Model) {
  const evidence = [service.minimumHealthyPercent, service.maximumPercent];
  return weakest(...[...workersIn(model, service), ...schedulersIn(model, service)].map(process => startConfidence(process, ...evidence)));
}
