import type { EcsService, Model, Problem, Rule, Thresholds } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { inside, rollout, rolls, workersIn } from '../deployment.js';
import { plural, startConfidence, weakest } from '../shared.js';

export const minimumHealthyPercent: Rule = {
  id: 'ecs/minimum-healthy-percent',
  severity: 'warning',
  title: 'Every deployment stops all workers of the service at once',
  rationale:
    'ECS keeps ceil(count × minimumHealthyPercent / 100) workers running while it replaces them. At 0 it may stop all of them together: nothing works the ' +
    'queue until the new ones are up, and every running task is interrupted at the same moment.',
  remedy: 'Keep some workers: 50 replaces half at a time, 100 starts new ones first (with maximumPercent 200).',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html'],
  documentedBy: 'The arithmetic is that of the ECS scheduler, which no local process has',
  leadsTo: ['ecs/deployment-deadlock', 'ecs/spot-interrupts-tasks'],

  *check(model, thresholds) {
    for (const service of model.services) {
      if ((service.runs !== 'work' && service.runs !== 'named-work') || !rolls(service)) continue;
      const problem = zero(service, model, thresholds) ?? (service.runs === 'work' ? byDefault(service, model, thresholds) : undefined);
      if (problem) yield problem;
    }
  },
};

function zero(service: EcsService, model: Model, { minimumHealthyPercent: kept }: Thresholds): Problem | undefined {
  const { minimumHealthyPercent: setting } = service;
  if (agreed(setting) !== 0) return undefined;
  const count = agreed(service.maximumCount);
  const maximum = agreed(service.maximumPercent);
  const replaces = maximum !== undefined && maximum <= 100;
  if ((count === undefined && !replaces) || count === 0 || (count === 1 && !replaces)) return undefined;
  const all = count === undefined ? 'every worker' : count === 1 ? 'the only worker' : count === 2 ? 'both workers' : `all ${count} workers`;
  return {
    ...shared(service, model), order: 2, at: setting.at,
    message: `minimumHealthyPercent 0 lets a deployment stop ${all} ${replaces ? 'before a new one starts' : 'at once'}, so nothing works the queue meanwhile`,
    suggestion: service.format === 'copilot'
      ? 'take `rolling: recreate` out: Copilot then keeps minimumHealthyPercent 100 and maximumPercent 200'
      : count === undefined || count === 1
      ? 'set minimumHealthyPercent to 100 and maximumPercent to 200: the new worker starts before the old one stops'
      : `set minimumHealthyPercent to ${kept}: ${plural(rollout(count, kept, 200).lower, 'worker')} of ${count} stay while the others are replaced`,
    fate: `deployment → SIGTERM to ${all} → queue without a worker until new ones are healthy`,
  };
}

/** Advice for strict readers: nobody chose 100, and half of it makes a deployment shorter. Writing any value is a choice; where none can be written, there is none. */
function byDefault(service: EcsService, model: Model, { minimumHealthyPercent: kept }: Thresholds): Problem | undefined {
  const { minimumHealthyPercent: setting } = service;
  const count = agreed(service.maximumCount);
  if (setting.state !== 'set' || setting.certainty !== 'format-default' || setting.value !== 100 || service.format === 'copilot' || count === undefined || count < 2 || kept === 100) return undefined;
  const half = rollout(count, kept, 200).lower;
  return {
    ...shared(service, model), severity: 'note', confidence: 'low', order: 9, at: setting.at,
    message: `minimumHealthyPercent is 100 by default: a deployment runs up to ${2 * count} workers for ${count}`,
    suggestion: `write minimumHealthyPercent ${kept} to keep ${half} of ${count} workers while the others are replaced, or write 100 to say that it is meant`,
  };
}

function shared(service: EcsService, model: Model): Pick<Problem, 'confidence' | 'workers' | 'environments' | 'resource'> {
  return { confidence: service.runs === 'named-work' ? 'low' : weakest(...workersIn(model, service).map(worker => startConfidence(worker, service.minimumHealthyPercent, service.maximumPercent))), ...inside(model, service) };
}
