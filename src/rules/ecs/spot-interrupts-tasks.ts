import type { EcsService, Model, Problem, Rule, Thresholds, Worker } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { inside, rolls, workersIn } from '../deployment.js';
import { adviceWhereNamed, listed, outcomeOfKill, startConfidence } from '../shared.js';
import { onEcs } from '../outlast.js';

export const spotInterruptsTasks: Rule = {
  id: 'ecs/spot-interrupts-tasks',
  severity: 'warning',
  title: 'Spot capacity is taken away in the middle of tasks',
  rationale:
    'AWS takes Spot capacity back with two minutes\' notice: SIGTERM comes at the start of them, SIGKILL after stopTimeout. With the default 30 s the rest of ' +
    'the notice is given away; with Spot alone there may be no worker at all for a while; and with minimumHealthyPercent 100 there is not enough time ' +
    'to start a replacement first.',
  remedy: 'stopTimeout 120, a base of on-demand capacity, and minimumHealthyPercent below 100.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html', 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-spot.html'],
  documentedBy: 'Only AWS takes Spot capacity back; the kill itself is that of ecs/stop-timeout-too-short',
  leadsTo: ['celery/early-ack', 'ecs/minimum-healthy-percent'],

  *check(model, thresholds) {
    for (const service of model.services) {
      const spot = service.capacityProviders.find(({ name }) => isSpot(name));
      if (spot && service.runs === 'named-work') yield* byName(service, spot, model);
      if (service.runs !== 'work' || !spot) continue;
      for (const worker of workersIn(model, service)) {
        if (!onEcs(worker)) continue;
        const faults = faultsOf(service, worker, thresholds);
        if (faults.length === 0) continue;
        const used = faults.flatMap(({ rests }) => rests.map(({ setting }) => setting));
        yield {
          order: 2, at: spot.at, severity: adviceWhereNamed(worker, 'warning'), confidence: startConfidence(worker, ...used), ...inside(model, service),
          message: `${spot.name} ends this worker with two minutes' notice, and ${listed(faults.map(({ message }) => message))}`,
          related: faults.flatMap(({ rests }) => rests.map(({ setting, label }) => ({ at: setting.at, message: label }))),
          suggestion: listed(faults.map(({ suggestion }) => suggestion)),
          fate: `Spot notice → SIGTERM → ${worker.stopTime.state === 'set' ? `${worker.stopTime.value} s` : 'stopTimeout'} → SIGKILL: ${outcomeOfKill(worker)}`,
        };
      }
    }
  },
};

/** Nothing but the name says that it works a queue: then what its capacity alone says, as advice. */
function* byName(service: EcsService, spot: EcsService['capacityProviders'][number], model: Model): Iterable<Problem> {
  if (!isOnlySpot(service)) return;
  yield {
    order: 2, at: spot.at, severity: 'note', confidence: 'medium', ...inside(model, service),
    message: `${spot.name} ends the tasks of ${service.name} with two minutes' notice, and no on-demand capacity remains`,
    suggestion: 'add an on-demand capacity provider with base 1',
    fate: 'Spot notice → SIGTERM → stopTimeout → SIGKILL',
  };
}

/** All that is weighed is Spot: a provider of weight and base 0 starts nothing. */
const isOnlySpot = ({ capacityProviders }: EcsService): boolean => capacityProviders.filter(({ weight, base }) => weight > 0 || base > 0).every(({ name }) => isSpot(name));

const isSpot = (name: string): boolean => /spot/i.test(name);

interface SpotFault { readonly message: string; readonly suggestion: string; readonly rests: readonly { readonly setting: Worker['stopTime']; readonly label: string }[] }

function faultsOf(service: EcsService, { stopTime, container, name }: Worker, { stopTimeoutSeconds, minimumHealthyPercent: kept }: Thresholds): readonly SpotFault[] {
  const stop = agreed(stopTime);
  const minimum = agreed(service.minimumHealthyPercent);
  const onlySpot = isOnlySpot(service);
  return [
    ...(stop !== undefined && stop < stopTimeoutSeconds ? [{ message: `stopTimeout uses ${stop} s of them`, suggestion: `set stopTimeout to ${stopTimeoutSeconds} in container ${container?.name ?? name}`, rests: [{ setting: stopTime, label: `killed ${stop} s after the notice` }] }] : []),
    ...(onlySpot ? [{ message: 'no on-demand capacity remains', suggestion: 'add an on-demand capacity provider with base 1', rests: [] }] : []),
    ...(minimum !== undefined && minimum >= 100 && rolls(service) ? [{ message: `minimumHealthyPercent ${minimum} leaves no time for a replacement`, suggestion: `set minimumHealthyPercent to ${agreed(service.maximumCount) === 1 ? 0 : kept < 100 ? kept : 50}`, rests: [{ setting: service.minimumHealthyPercent, label: 'a replacement has to be healthy first' }] }] : []),
  ];
}

