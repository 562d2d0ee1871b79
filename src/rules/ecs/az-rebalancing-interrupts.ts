import type { Rule } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { rolls, workersIn } from '../deployment.js';
import { about, confidenceOf, fixTo } from '../shared.js';
import { isProtected, mayOutlast, onEcs } from '../outlast.js';

export const azRebalancingInterrupts: Rule = {
  id: 'ecs/az-rebalancing-interrupts',
  severity: 'note',
  title: 'Workers are stopped to even out availability zones',
  rationale:
    'With availabilityZoneRebalancing ECS starts a copy in a zone that has too few and stops one in a zone that has too many, at any time and without a deployment. For a queue worker whose tasks outlast stopTimeout ' +
    'that is one more interruption, and it gains nothing: no traffic is routed to it.',
  remedy: 'Turn it off for services that work queues.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html'],
  documentedBy: 'Only the ECS scheduler rebalances',

  *check(model, thresholds) {
    for (const service of model.services) {
      const { zoneRebalancing } = service;
      if (service.runs !== 'work' || !rolls(service) || agreed(zoneRebalancing) !== 'ENABLED') continue;
      const worker = workersIn(model, service).find(one => { const stop = agreed(one.stopTime); return onEcs(one) && !isProtected(one) && stop !== undefined && mayOutlast(one, stop, thresholds); });
      if (!worker) continue;
      const fix = fixTo(zoneRebalancing, 'DISABLED', 'safe', 'turn rebalancing off');
      yield {
        order: 9, at: zoneRebalancing.at, confidence: confidenceOf(worker, zoneRebalancing, worker.stopTime), ...about(worker), resource: service.name,
        message: `availabilityZoneRebalancing stops workers of ${service.name} at any time, and their tasks may outlast stopTimeout`,
        suggestion: 'set availabilityZoneRebalancing to DISABLED',
        fate: 'zones uneven → new worker elsewhere → SIGTERM to a busy one',
        ...(fix && { fix }),
      };
    }
  },
};
