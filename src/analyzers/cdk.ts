import type { ContainerFacts, EcsServiceFacts, Facts, TaskDefinitionFacts } from '../model/index.js';
import { literal } from '../model/index.js';
import { itemsOf, textOf, valueOf, type DataNode, type DataSource } from '../parsers/nodes.js';
import { parseTypeScript, type TsCall } from '../parsers/typescript.js';
import { containerOf } from './cdk/containers.js';
import { capacityProviderOf } from './ecs-objects/services.js';
import { exprOf, fieldAt, mapLiteral, placeOf, toBoolean, toNumber } from './node-values.js';
import { toMebibytes } from './units.js';

/** A source file of the AWS CDK (v1 or v2) that makes something of ECS; declarations (`.d.ts`) make nothing. */
export function recognises(path: string, text: string): boolean {
  return /\.[cm]?tsx?$/i.test(path) && !/\.d\.[cm]?ts$/i.test(path) && /["'](?:aws-cdk-lib(?:\/aws-ecs(?:-patterns)?)?|@aws-cdk\/aws-ecs(?:-patterns)?)["']/.test(text);
}

/** Task definitions and services that a file makes with constructs. What props give is a reference. */
export function facts(text: string, path: string): Facts {
  const { calls: written, aliases, imports, source, comments, problems } = parseTypeScript(text, path);
  const calls = written.map(call => ({ ...call, callee: unaliased(call.callee, aliases) }));
  const duration = durationName(imports);
  const made = calls.filter(call => call.isNew);
  const definitions = made.filter(call => DEFINITIONS.has(lastOf(call.callee)));
  const taskDefinitions = [...definitions.map(call => definitionOf(call, calls, source, duration, path)), ...passedDefinitions(definitions, calls, source, duration, path)];
  const patterns = made.filter(call => QUEUE_PATTERNS.has(lastOf(call.callee))).map(call => patternOf(call, source, path));
  const own = made.filter(call => SERVICES.has(lastOf(call.callee))).map(call => serviceOf(call, calls, taskDefinitions.map(({ name }) => name), source));
  const services = [...own, ...patterns.map((pattern, i): EcsServiceFacts => ({ ...pattern.service, ownTaskDefinition: taskDefinitions.length + i }))];
  const all = [...taskDefinitions.map(({ facts: definition }) => definition), ...patterns.map(pattern => pattern.definition)];
  return { path, format: 'cdk', comments, problems, ...(all.length > 0 && { taskDefinitions: all }), ...(services.length > 0 && { services }) };
}

const DEFINITIONS = new Set(['FargateTaskDefinition', 'Ec2TaskDefinition', 'TaskDefinition', 'ExternalTaskDefinition']);
const SERVICES = new Set(['FargateService', 'Ec2Service', 'ExternalService']);
const QUEUE_PATTERNS = new Set(['QueueProcessingFargateService', 'QueueProcessingEc2Service']);

/** `cfn.addPropertyOverride` → `definition.node.defaultChild.addPropertyOverride`. */
function unaliased(callee: string, aliases: ReadonlyMap<string, string>): string {
  const [first = '', ...rest] = callee.split('.');
  const of = aliases.get(first);
  return of === undefined || rest.length === 0 ? callee : [of, ...rest].join('.');
}

const lastOf = (callee: string): string => callee.slice(callee.lastIndexOf('.') + 1);
const objectOf = (callee: string): string => callee.slice(0, Math.max(0, callee.lastIndexOf('.')));
/** The props of a construct: its third argument. */
const propsOf = (call: TsCall): DataNode | undefined => call.arguments[2];
const idOf = (call: TsCall): string | undefined => textOf(call.arguments[1]);

/** How this file writes a Duration; undefined where it imports none. */
function durationName(imports: ReadonlyMap<string, string>): string | undefined {
  if (imports.has('Duration')) return 'Duration';
  const namespace = [...imports].find(([, module]) => module === 'aws-cdk-lib' || module === '@aws-cdk/core')?.[0];
  return namespace === undefined ? undefined : `${namespace}.Duration`;
}

interface Defined { readonly name: string | undefined; readonly facts: TaskDefinitionFacts }

function definitionOf(call: TsCall, calls: readonly TsCall[], source: DataSource, duration: string | undefined, path: string): Defined {
  const props = propsOf(call);
  const isFargate = lastOf(call.callee) === 'FargateTaskDefinition' || /FARGATE/.test(JSON.stringify(valueOf(props, 'compatibility') ?? ''));
  const memory = valueOf(props, 'memoryLimitMiB');
  const family = textOf(valueOf(props, 'family'));
  const pidMode = textOf(valueOf(props, 'pidMode'));
  const own = containerCalls(calls).filter(one => (call.name !== undefined && one.definition === call.name) || one.call.objectStart === call.start);
  const overrides = stopTimeoutOverrides(call.name, calls, source);
  const containers = own.map((one, i): ContainerFacts => { const container = containerOf(one.id, one.props, one.call, source, duration, path); const override = overrides.get(i); return override ? { ...container, stopTimeout: override } : container; });
  return {
    name: call.name,
    facts: {
      address: `cdk.${call.name ?? call.start}`, at: call.at, family: family ?? idOf(call) ?? 'task definition', requiresCompatibilities: isFargate ? [literal('FARGATE', call.at)] : lastOf(call.callee) === 'Ec2TaskDefinition' ? [literal('EC2', call.at)] : [],
      ...(pidMode !== undefined && { pidMode: pidMode.toLowerCase() }), containers,
      memory: memory ? mapLiteral(exprOf(memory, source), toMebibytes('m')) : isFargate ? literal(512, call.at) : literal(null, call.at),
    },
  };
}

interface ContainerCall { readonly call: TsCall; readonly definition: string; readonly id: string | undefined; readonly props: DataNode | undefined }

/** `definition.addContainer("id", props)` and `new ecs.ContainerDefinition(this, "id", { taskDefinition, … })`. */
function containerCalls(calls: readonly TsCall[]): readonly ContainerCall[] {
  return calls.flatMap((call): readonly ContainerCall[] => {
    if (!call.isNew && lastOf(call.callee) === 'addContainer') return [{ call, definition: objectOf(call.callee), id: textOf(call.arguments[0]), props: call.arguments[1] }];
    if (!call.isNew || lastOf(call.callee) !== 'ContainerDefinition') return [];
    return [{ call, definition: nameIn(valueOf(propsOf(call), 'taskDefinition')) ?? '', id: idOf(call), props: propsOf(call) }];
  });
}

/** The variable that a value is: `definition`, `this.definition`. */
function nameIn(node: DataNode | undefined): string | undefined {
  if (node?.is !== 'expr') return undefined;
  return node.expr.is === 'name' ? node.expr.name : node.expr.is === 'reference' && node.expr.module === 'props' ? `props.${node.expr.name}` : undefined;
}

/** Containers that are added to a task definition this file is given: one definition for each name. */
function passedDefinitions(definitions: readonly TsCall[], calls: readonly TsCall[], source: DataSource, duration: string | undefined, path: string): readonly Defined[] {
  const known = new Set(definitions.map(({ name }) => name));
  const starts = new Set(definitions.map(({ start }) => start));
  const passed = containerCalls(calls).filter(one => !known.has(one.definition) && !(one.call.objectStart !== undefined && starts.has(one.call.objectStart)) && one.props?.is === 'map');
  return [...new Set(passed.map(one => one.definition))].map(name => {
    const own = passed.filter(one => one.definition === name);
    return { name, facts: { address: `cdk.${name}`, at: own[0]!.call.at, requiresCompatibilities: [], containers: own.map(one => containerOf(one.id, one.props, one.call, source, duration, path)) } };
  });
}

/** `cfn.addPropertyOverride("ContainerDefinitions.0.StopTimeout", 120)` on the definition's default child, by the container's number. */
function stopTimeoutOverrides(name: string | undefined, calls: readonly TsCall[], source: DataSource): ReadonlyMap<number, ContainerFacts['stopTimeout']> {
  const found = calls.flatMap((call): readonly [number, ContainerFacts['stopTimeout']][] => {
    const match = !call.isNew && call.callee === `${name ?? ''}.node.defaultChild.addPropertyOverride` ? /^ContainerDefinitions\.(\d+)\.StopTimeout$/.exec(textOf(call.arguments[0]) ?? '') : null;
    const value = call.arguments[1];
    return match && value && name !== undefined ? [[Number(match[1]), { value: mapLiteral(exprOf(value, source), toNumber), at: placeOf(value, source), slots: [] }]] : [];
  });
  return new Map(found);
}

function serviceOf(call: TsCall, calls: readonly TsCall[], definitions: readonly (string | undefined)[], source: DataSource): EcsServiceFacts {
  const props = propsOf(call);
  const definition = nameIn(valueOf(props, 'taskDefinition'));
  const own = definition === undefined ? -1 : definitions.indexOf(definition);
  const isDaemon = textOf(valueOf(props, 'daemon')) === 'true';
  const launchType = lastOf(call.callee) === 'FargateService' ? 'FARGATE' : lastOf(call.callee) === 'Ec2Service' ? 'EC2' : 'EXTERNAL';
  const autoscaling = scalingOf(call.name, calls, source);
  const common = commonService(props, call, source);
  return {
    ...common, ...(common.capacityProviders.length === 0 && { launchType: literal(launchType, call.at) }), ...(own >= 0 && { ownTaskDefinition: own }), ...(isDaemon && { schedulingStrategy: 'DAEMON' }), ...(autoscaling && { autoscaling }),
    ...(own < 0 && { taskDefinition: { is: 'reference' as const, module: 'cdk', name: definition ?? 'taskDefinition', at: call.at } }),
  };
}

function commonService(props: DataNode | undefined, call: TsCall, source: DataSource): EcsServiceFacts {
  const field = (key: string): EcsServiceFacts['desiredCount'] => fieldAt(props, [key], { source, owner: call.at, turn: toNumber });
  const breaker = valueOf(props, 'circuitBreaker');
  const absent = { at: call.at, slots: [] };
  return {
    name: textOf(valueOf(props, 'serviceName')) ?? idOf(call) ?? 'service', at: call.at, defaultsOf: 'cdk',
    capacityProviders: itemsOf(valueOf(props, 'capacityProviderStrategies')).filter(item => item.is === 'map').map(item => capacityProviderOf(item, source)),
    desiredCount: field('desiredCount'), minimumHealthyPercent: field('minHealthyPercent'), maximumPercent: field('maxHealthyPercent'),
    // `circuitBreaker: {}` switches it on, without rollback
    circuitBreaker: { enable: breaker?.is === 'map' && !valueOf(breaker, 'enable') ? { value: literal(true, placeOf(breaker, source)), at: placeOf(breaker, source), slots: [] } : breaker ? fieldAt(breaker, ['enable'], { source, owner: call.at, turn: toBoolean }) : absent, rollback: breaker ? fieldAt(breaker, ['rollback'], { source, owner: call.at, turn: toBoolean }) : absent },
    availabilityZoneRebalancing: absent,
  };
}

/** `service.autoScaleTaskCount({ … })` and what is called on its result. */
function scalingOf(name: string | undefined, calls: readonly TsCall[], source: DataSource): EcsServiceFacts['autoscaling'] {
  const target = name === undefined ? undefined : calls.find(call => !call.isNew && lastOf(call.callee) === 'autoScaleTaskCount' && objectOf(call.callee) === name);
  if (!target) return undefined;
  const [minimum, maximum] = [valueOf(target.arguments[0], 'minCapacity'), valueOf(target.arguments[0], 'maxCapacity')];
  const policies = calls.filter(call => !call.isNew && /^scale(?:On|To)/.test(lastOf(call.callee)) && ((target.name !== undefined && objectOf(call.callee) === target.name) || call.objectStart === target.start));
  return { metrics: [...new Set(policies.map(({ callee }) => METRICS[lastOf(callee)] ?? lastOf(callee)))], at: target.at, minimum: minimum ? exprOf(minimum, source) : literal(1, target.at), ...(maximum && { maximum: exprOf(maximum, source) }) };
}

const METRICS: Readonly<Record<string, string>> = { scaleOnCpuUtilization: 'ECSServiceAverageCPUUtilization', scaleOnMemoryUtilization: 'ECSServiceAverageMemoryUtilization' };

/** A QueueProcessing service: one container, a queue, and scaling on visible messages and CPU (aws-ecs-patterns; facts/ecs.md 3.3). */
function patternOf(call: TsCall, source: DataSource, path: string): { readonly definition: TaskDefinitionFacts; readonly service: EcsServiceFacts } {
  const props = propsOf(call);
  const isFargate = lastOf(call.callee) === 'QueueProcessingFargateService';
  const number = (key: string, usual: number): EcsServiceFacts['desiredCount']['value'] => { const value = valueOf(props, key); return value ? mapLiteral(exprOf(value, source), toNumber) : literal(usual, call.at); };
  const container = containerOf('QueueProcessingContainer', props, call, source, undefined, path);
  return {
    definition: { at: call.at, family: idOf(call) ?? 'queue processing', requiresCompatibilities: [literal(isFargate ? 'FARGATE' : 'EC2', call.at)], containers: [{ ...container, stopTimeout: { at: call.at, slots: [] }, logConfiguration: { value: literal('awslogs', call.at), at: call.at, slots: [] } }] },
    service: {
      ...commonService(props, call, source), launchType: literal(isFargate ? 'FARGATE' : 'EC2', call.at),
      autoscaling: { minimum: number('minScalingCapacity', 1)!, maximum: number('maxScalingCapacity', 2)!, metrics: ['ApproximateNumberOfMessagesVisible', 'ECSServiceAverageCPUUtilization'], at: call.at },
    },
  };
}

