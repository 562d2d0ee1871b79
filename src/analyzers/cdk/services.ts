import type { EcsServiceFacts } from '../../model/index.js';
import { literal } from '../../model/index.js';
import type { ConstructCall } from '../../parsers/constructs.js';
import { itemsOf, textOf, valueOf, type DataNode } from '../../parsers/nodes.js';
import { capacityProviderOf } from '../ecs-objects/services.js';
import { exprOf, fieldAt, fixedField, placeOf, toBoolean, toNumber } from '../node-values.js';
import type { Defined } from './definitions.js';
import { idOf, lastOf, methodsOf, nameIn, propsOf, type Program } from './program.js';

/** The launch types of the services' constructs. */
const SERVICES: Readonly<Record<string, string>> = { FargateService: 'FARGATE', Ec2Service: 'EC2', ExternalService: 'EXTERNAL' };

/** The services that a file makes, each with the task definition of the file that it runs. */
export function servicesIn(definitions: readonly Defined[], program: Program): readonly EcsServiceFacts[] {
  return program.calls.filter(call => call.isNew && SERVICES[lastOf(call.callee)] !== undefined).map(call => serviceOf(call, definitions, program));
}

function serviceOf(call: ConstructCall, definitions: readonly Defined[], program: Program): EcsServiceFacts {
  const props = propsOf(call);
  const definition = nameIn(valueOf(props, 'taskDefinition'));
  const own = definition === undefined ? -1 : definitions.findIndex(({ name }) => name === definition);
  const autoscaling = scalingOf(call, program);
  const common = commonService(props, call, program);
  return {
    ...common, ...(common.capacityProviders.length === 0 && { launchType: literal(SERVICES[lastOf(call.callee)]!, call.at) }), ...(own >= 0 && { ownTaskDefinition: own }), ...(autoscaling && { autoscaling }),
    ...(textOf(valueOf(props, 'daemon')) === 'true' && { schedulingStrategy: 'DAEMON' }), ...(own < 0 && { taskDefinition: { is: 'reference' as const, module: 'cdk', name: definition ?? 'taskDefinition', at: call.at } }),
  };
}

/** What every service construct takes, those of the patterns too. */
export function commonService(props: DataNode | undefined, call: ConstructCall, { source }: Program): EcsServiceFacts {
  const field = (key: string): EcsServiceFacts['desiredCount'] => fieldAt(props, [key], { source, owner: call.at, turn: toNumber });
  const breaker = valueOf(props, 'circuitBreaker');
  const inBreaker = (key: string): EcsServiceFacts['desiredCount'] => (breaker ? fieldAt(breaker, [key], { source, owner: call.at, turn: toBoolean }) : fixedField(call.at));
  const rebalancing = nameIn(valueOf(props, 'availabilityZoneRebalancing'));
  return {
    name: textOf(valueOf(props, 'serviceName')) ?? idOf(call) ?? 'service', at: call.at, defaultsOf: 'cdk',
    capacityProviders: itemsOf(valueOf(props, 'capacityProviderStrategies')).filter(item => item.is === 'map').map(item => capacityProviderOf(item, source)),
    desiredCount: field('desiredCount'), minimumHealthyPercent: field('minHealthyPercent'), maximumPercent: field('maxHealthyPercent'),
    // `circuitBreaker: {}` switches it on, without rollback
    circuitBreaker: { enable: breaker?.is === 'map' && !valueOf(breaker, 'enable') ? fixedField(placeOf(breaker, source), literal(true, placeOf(breaker, source))) : inBreaker('enable'), rollback: inBreaker('rollback') },
    availabilityZoneRebalancing: rebalancing === undefined ? fixedField(call.at) : fixedField(call.at, literal(lastOf(rebalancing), placeOf(valueOf(props, 'availabilityZoneRebalancing')!, source))),
  };
}

const METRICS: Readonly<Record<string, string>> = { scaleOnCpuUtilization: 'ECSServiceAverageCPUUtilization', scaleOnMemoryUtilization: 'ECSServiceAverageMemoryUtilization' };

/** `service.autoScaleTaskCount({ … })` and what is called on its result. */
function scalingOf(call: ConstructCall, program: Program): EcsServiceFacts['autoscaling'] {
  const [target] = methodsOf(call, 'autoScaleTaskCount', program);
  if (!target) return undefined;
  const { source } = program;
  const [minimum, maximum] = [valueOf(target.arguments[0], 'minCapacity'), valueOf(target.arguments[0], 'maxCapacity')];
  const policies = program.calls.filter(other => !other.isNew && /^scale(?:On|To)/.test(lastOf(other.callee)) && methodsOf(target, lastOf(other.callee), program).includes(other));
  return { metrics: [...new Set(policies.map(({ callee }) => METRICS[lastOf(callee)] ?? lastOf(callee)))], at: target.at, minimum: minimum ? exprOf(minimum, source) : literal(1, target.at), ...(maximum && { maximum: exprOf(maximum, source) }) };
}
