import type { CapacityProviderFacts, EcsServiceFacts, Expr } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { itemsOf, textOf, valueAt, valueOf, type DataNode, type DataSource } from '../../parsers/nodes.js';
import { exprOf, fieldAt, mapLiteral, placeOf, textExprOf, toBoolean, toNumber } from '../node-values.js';
import { ownPlace } from './task-definitions.js';

const ROLLOUT = 'deploymentConfiguration';
const BREAKER = [ROLLOUT, 'deploymentCircuitBreaker'] as const;

/** A service as `create-service` takes it and `describe-services` prints it. */
export function serviceOf(node: DataNode, source: DataSource): EcsServiceFacts {
  const owner = ownPlace(node, ['serviceName', 'service', 'taskDefinition'], source);
  const number = { source, owner, turn: toNumber };
  const boolean = { source, owner, turn: toBoolean };
  const text = (...path: readonly string[]): string | undefined => textOf(valueAt(node, ...path));
  const name = text('serviceName') ?? text('service');
  const launchType = valueOf(node, 'launchType');
  const [deploymentController, schedulingStrategy] = [text('deploymentController', 'type'), text('schedulingStrategy')];
  const taskDefinition = valueOf(node, 'taskDefinition');
  return {
    ...(name !== undefined && { name }),
    at: owner,
    ...(taskDefinition && taskDefinition.is !== 'map' && taskDefinition.is !== 'list' && { taskDefinition: textExprOf(taskDefinition, source) }),
    ...(launchType && { launchType: textExprOf(launchType, source) }),
    capacityProviders: itemsOf(valueOf(node, 'capacityProviderStrategy')).map(item => capacityProviderOf(item, source)),
    desiredCount: fieldAt(node, ['desiredCount'], number),
    minimumHealthyPercent: fieldAt(node, [ROLLOUT, 'minimumHealthyPercent'], number),
    maximumPercent: fieldAt(node, [ROLLOUT, 'maximumPercent'], number),
    circuitBreaker: {
      // The API wants both, so a circuit breaker that is written new comes with its rollback.
      enable: fieldAt(node, [...BREAKER, 'enable'], { ...boolean, rest: ', "rollback": true' }),
      rollback: valueAt(node, ...BREAKER) ? fieldAt(node, [...BREAKER, 'rollback'], boolean) : { at: owner, slots: [] },
    },
    ...(deploymentController !== undefined && { deploymentController }),
    ...(schedulingStrategy !== undefined && { schedulingStrategy }),
    availabilityZoneRebalancing: fieldAt(node, ['availabilityZoneRebalancing'], { source, owner }),
  };
}

/** One item of a capacity provider strategy, in the words of the API. */
export function capacityProviderOf(item: DataNode, source: DataSource): CapacityProviderFacts {
  const [name, weight, base] = ['capacityProvider', 'weight', 'base'].map(key => valueOf(item, key));
  const at = placeOf(item, source);
  const number = (node: DataNode): Expr => mapLiteral(exprOf(node, source), toNumber);
  return { name: name ? textExprOf(name, source) : literal('', at), ...(weight && { weight: number(weight) }), ...(base && { base: number(base) }), at };
}
