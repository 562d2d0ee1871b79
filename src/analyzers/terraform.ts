import { posix } from 'node:path';
import type { BrokerFacts, CacheFacts, ContainerFacts, EcsServiceFacts, Expr, Facts, Field, NamedExpr, RedriveFacts, SourceLocation, TaskDefinitionFacts, TerraformFacts } from '../model/index.js';
import { literal } from '../model/index.js';
import { parseHcl } from '../parsers/hcl.js';
import { entriesOf, textOf, valueAt, valueOf, type DataEntry, type DataNode, type DataSource, type MapNode } from '../parsers/nodes.js';
import { exprOf, fieldAt, fixedField, mapLiteral, placeOf, placeOfEntry, textsOf, toBoolean, toNumber } from './node-values.js';
import { brokerOf, cacheOf, consumerTimeoutOf, queueOf, redriveOf, type BrokerKeys, type QueueKeys, type Resource } from './ecs-objects/resources.js';
import { capacityProviderOf } from './ecs-objects/services.js';
import { blockOf, frozenField, ignoresAt, labelled, repeatOf, type Block, type BlockEntry } from './terraform/blocks.js';
import { asApi, containersIn, looksLikeContainers } from './terraform/containers.js';
import { containerOf } from './ecs-objects/task-definitions.js';
import { toMebibytes } from './units.js';

/** Terraform by its ending. */
export function recognises(path: string): boolean {
  return /\.(?:tf|tfvars)$/i.test(path);
}

/** Task definitions and services of one file of Terraform, and the names it gives to the other files of its module. */
export function facts(text: string, path: string): Facts {
  const { root, source, comments, problems } = parseHcl(text, path);
  const isValues = /\.tfvars$/i.test(path);
  const blocks = isValues ? [] : labelled(root);
  const resources = (type: string): readonly Block[] => blocks.filter(({ key, value }) => key === 'resource' && value.labels?.[0] === type).map(blockOf(source));
  const definitions = resources('aws_ecs_task_definition').map(block => definitionOf(block, source));
  const services = resources('aws_ecs_service').map(block => serviceOf(block, source));
  const modules = blocks.filter(({ key }) => key === 'module').map(blockOf(source));
  const wrapped = modules.flatMap(block => fromModule(block, source));
  const taskDefinitions = [...definitions, ...wrapped.flatMap(one => one.definition ?? [])];
  const allServices = [...services, ...wrapped.map(one => one.service)];
  const caches = resources('aws_elasticache_parameter_group').flatMap(({ name, body }) => body.entries.flatMap(({ key, value }): readonly CacheFacts[] => { const policy = key === 'parameter' && textOf(valueOf(value, 'name')) === 'maxmemory-policy' ? valueOf(value, 'value') : undefined; return policy ? [{ name, policy: fixedField(placeOf(policy, source), exprOf(policy, source)) }] : []; }));
  const resource = ({ name, body, at }: Block, type: string): Resource => ({ address: `${type}.${name}`, at, node: body, source });
  const queues = resources('aws_sqs_queue').map(block => ({ ...queueOf(resource(block, 'aws_sqs_queue'), QUEUE), ...repeatOf(block, source) }));
  const redrives = resources('aws_sqs_queue_redrive_policy').flatMap(({ body, at }): readonly RedriveFacts[] => { const queue = valueOf(body, 'queue_url'); return queue ? [{ of: exprOf(queue, source), ...redriveOf(valueOf(body, 'redrive_policy'), at, source) }] : []; });
  const brokers = ['aws_elasticache_replication_group', 'aws_elasticache_cluster', 'aws_mq_broker', 'aws_mq_configuration'].flatMap(type => resources(type).flatMap(block => { const found = brokerIn(resource(block, type), type); return found ? [{ ...found, ...repeatOf(block, source) }] : []; }));
  const terraform = namesOf(root, blocks, modules, resources, isValues, source);
  return {
    path, format: 'terraform', comments, problems, terraform,
    ...(caches.length > 0 && { caches }), ...(queues.length > 0 && { queues }), ...(redrives.length > 0 && { redrives }), ...(brokers.length > 0 && { brokers }), ...(taskDefinitions.length > 0 && { taskDefinitions }), ...(allServices.length > 0 && { services: allServices }),
  };
}

/** `written`: the containers, where they stand in a text of its own. */
export function definitionOf(block: Block, source: DataSource, written?: { readonly node: DataNode; readonly source: DataSource }): TaskDefinitionFacts {
  const { name, body, at } = block;
  const { containers, from } = written ? containersIn(written.node, written.source) : containersIn(valueOf(body, 'container_definitions'), source);
  const family = valueOf(body, 'family');
  const familyText = textOf(family);
  const [memory, pidMode] = [valueOf(body, 'memory'), textOf(valueOf(body, 'pid_mode'))];
  return {
    address: `aws_ecs_task_definition.${name}`, at, ...repeatOf(block, source), containers: frozenContainers(containers, ignoresAt(block, ['container_definitions'], source)), ...(from && { containersFrom: from }), ...(familyText !== undefined ? { family: familyText } : family && { familyFrom: exprOf(family, source) }), ...(pidMode !== undefined && { pidMode }),
    requiresCompatibilities: textsOf(valueOf(body, 'requires_compatibilities'), source),
    ...(memory && { memory: mapLiteral(exprOf(memory, source), toMebibytes('m')) }),
  };
}

/** What is written in the containers is not applied to a task definition that exists. */
function frozenContainers(containers: readonly ContainerFacts[], at: SourceLocation | undefined): readonly ContainerFacts[] {
  return at ? containers.map(container => ({ ...container, stopTimeout: frozenField(container.stopTimeout, at), initProcess: frozenField(container.initProcess, at), logConfiguration: frozenField(container.logConfiguration, at) })) : containers;
}

export function serviceOf(block: Block, source: DataSource): EcsServiceFacts {
  const { name, body, at } = block;
  const field = (key: string, turn?: typeof toNumber | typeof toBoolean): Field => frozenField(fieldAt(body, [key], { source, owner: at, ...(turn && { turn }) }), ignoresAt(block, [key], source));
  const keeps = ignoresAt(block, ['task_definition'], source);
  const text = (...path: readonly string[]): string | undefined => textOf(valueAt(body, ...path));
  const taskDefinition = valueOf(body, 'task_definition');
  const written = valueOf(body, 'name');
  const breaker = valueOf(body, 'deployment_circuit_breaker');
  const inBreaker = (key: string): EcsServiceFacts['desiredCount'] => (breaker ? fieldAt(breaker, [key], { source, owner: at, turn: toBoolean }) : { at, slots: [] });
  const launchType = valueOf(body, 'launch_type');
  const [controller, strategy] = [text('deployment_controller', 'type'), text('scheduling_strategy')];
  return {
    address: `aws_ecs_service.${name}`, ...repeatOf(block, source), ...(keeps && { keepsTaskDefinition: keeps }), name: text('name') ?? name, at, ...(text('name') === undefined && written && { nameFrom: exprOf(written, source) }),
    ...(taskDefinition && { taskDefinition: exprOf(taskDefinition, source) }), ...(launchType && { launchType: exprOf(launchType, source) }),
    capacityProviders: capacityProvidersOf(body, source),
    desiredCount: field('desired_count', toNumber), minimumHealthyPercent: field('deployment_minimum_healthy_percent', toNumber), maximumPercent: field('deployment_maximum_percent', toNumber),
    circuitBreaker: { enable: inBreaker('enable'), rollback: inBreaker('rollback') },
    ...(controller !== undefined && { deploymentController: controller }), ...(strategy !== undefined && { schedulingStrategy: strategy }),
    availabilityZoneRebalancing: field('availability_zone_rebalancing'),
  };
}

/** Blocks, or (of a module) a list or map of objects. */
function capacityProvidersOf(body: MapNode, source: DataSource): EcsServiceFacts['capacityProviders'] {
  const all = body.entries.filter(({ key }) => key === 'capacity_provider_strategy').flatMap(({ value }) => (value.is === 'list' ? value.items : value.is === 'map' && value.labels === undefined && !valueOf(value, 'capacity_provider') ? entriesOf(value).map(entry => entry.value) : [value]));
  return all.filter(node => node.is === 'map').map(node => capacityProviderOf(asApi(node), source));
}

// Queues and brokers

const QUEUE: QueueKeys = { name: 'name', visibilityTimeout: 'visibility_timeout_seconds', redrive: 'redrive_policy' };

function brokerIn(resource: Resource, type: string): BrokerFacts | undefined {
  const keys: BrokerKeys = { engine: 'engine', failover: 'automatic_failover_enabled', mode: 'deployment_mode', name: 'replication_group_id' };
  if (type === 'aws_mq_broker') return brokerOf(resource, { ...keys, engine: 'engine_type', name: 'broker_name' });
  if (type !== 'aws_mq_configuration') return cacheOf(resource, type === 'aws_elasticache_cluster' ? { ...keys, name: 'cluster_id' } : keys);
  const consumerTimeout = consumerTimeoutOf(valueOf(resource.node, 'data'), resource.source);
  return consumerTimeout && { address: resource.address, at: resource.at, kind: 'rabbitmq', consumerTimeout };
}

// Modules of the registry that are services or containers themselves

/** terraform-aws-modules/ecs writes it where nothing is written (modules/container-definition). */
const MODULE_STOP_TIMEOUT = 120;

/** Without a definition: it is given one (`task_definition_arn`). */
interface Wrapped { readonly definition?: TaskDefinitionFacts; readonly service: EcsServiceFacts }

function fromModule(block: Block, source: DataSource): readonly Wrapped[] {
  const { name, body } = block;
  const from = textOf(valueOf(body, 'source')) ?? '';
  if (!/(^|\/)terraform-aws-modules\/(terraform-aws-)?ecs(\/|\?|$|\.)/.test(from) && !/terraform-aws-ecs/.test(from)) return [];
  if (/\/\/modules\/service\b/.test(from)) return wrappedService(block, `module.${name}`, source);
  return entriesOf(valueOf(body, 'services')).flatMap(entry => (entry.value.is === 'map' ? wrappedService({ name: entry.key, body: entry.value, at: placeOfEntry(entry, source) }, `module.${name}.${entry.key}`, source) : []));
}

/** `address`: by which the service that the module makes finds the task definition that it makes. */
function wrappedService(block: Block, address: string, source: DataSource): readonly Wrapped[] {
  const { name, body, at } = block;
  const containers = entriesOf(valueOf(body, 'container_definitions')).flatMap((entry, i): readonly ContainerFacts[] => (entry.value.is === 'map' ? [{ ...named(containerOf(asApi(entry.value), i, source), entry.key), stopTimeoutDefault: MODULE_STOP_TIMEOUT }] : []));
  const given = valueOf(body, 'task_definition_arn');
  if (containers.length === 0 && !given) return [];
  const written = valueOf(body, 'launch_type');
  const launchType = written ? exprOf(written, source) : literal('FARGATE', at);
  const isAutoscaled = textOf(valueOf(body, 'enable_autoscaling')) !== 'false';
  const number = (key: string): Expr | undefined => { const value = valueOf(body, key); return value && mapLiteral(exprOf(value, source), toNumber); };
  const own = serviceOf(block, source);
  const [minimum, maximum] = [number('autoscaling_min_capacity') ?? literal(1, at), number('autoscaling_max_capacity') ?? literal(10, at)];
  return [{
    ...(containers.length > 0 && { definition: { address, at, containers, family: name, requiresCompatibilities: [launchType], ...repeatOf(block, source) } }),
    service: {
      ...own, address, taskDefinition: containers.length === 0 && given ? exprOf(given, source) : { is: 'reference', module: 'module', name: address.slice('module.'.length), at }, name: textOf(valueOf(body, 'name')) ?? name, at, defaultsOf: 'terraform-aws-modules', ...(own.capacityProviders.length === 0 && { launchType }),
      ...(isAutoscaled && { autoscaling: { minimum, maximum, metrics: ['ECSServiceAverageCPUUtilization', 'ECSServiceAverageMemoryUtilization'], at } }),
    },
  }];
}

const named = (container: ContainerFacts, name: string): ContainerFacts => (/^container \d+$/.test(container.name) ? { ...container, name } : container);

// Names

function namesOf(root: MapNode, blocks: readonly BlockEntry[], modules: readonly Block[], resources: (type: string) => readonly Block[], isValues: boolean, source: DataSource): TerraformFacts {
  const of = (kind: string): readonly Block[] => blocks.filter(({ key }) => key === kind).map(blockOf(source));
  const value = (node: DataNode | undefined, at: SourceLocation): Expr => (node ? exprOf(node, source) : literal(null, at));
  const pairs = (map: MapNode, without: RegExp): readonly NamedExpr[] => map.entries.filter(entry => !without.test(entry.key) && !(entry.value.is === 'map' && entry.value.labels !== undefined)).map(entry => ({ name: entry.key, value: exprOf(entry.value, source), at: placeOfEntry(entry, source) }));
  const locals = blocks.filter(({ key }) => key === 'locals');
  const lists = (prefix: string, entries: readonly DataEntry[]): TerraformFacts['containers'] => entries.flatMap(entry => {
    const inner = entry.value.is === 'expr' ? [] : [entry.value];
    return [...inner.filter(looksLikeContainers).map(node => ({ name: `${prefix}${entry.key}`, containers: containersIn(node, source).containers })), ...heredocLists(`${prefix}${entry.key}`, entry.value, source)];
  });
  const folder = posix.dirname(source.lines.path);
  return {
    variables: of('variable').map(({ name, body, at }) => { const fallback = valueOf(body, 'default'); return { name, at, ...(fallback && !(fallback.is === 'scalar' && fallback.value === null) && { default: exprOf(fallback, source) }) }; }),
    locals: locals.flatMap(({ value: map }) => pairs(map, /^$/)),
    outputs: of('output').map(({ name, body, at }) => ({ name, value: value(valueOf(body, 'value'), at), at })),
    values: isValues ? pairs(root, /^$/) : [],
    modules: modules.map(block => {
      const { name, body, at } = block;
      const from = textOf(valueOf(body, 'source'));
      return { name, from: from ?? '', arguments: pairs(body, /^(?:source|version|providers|depends_on|count|for_each)$/), at, ...repeatOf(block, source), ...(from !== undefined && /^\.{1,2}\//.test(from) && { source: posix.join(folder, from).replace(/\/$/, '') || '.' }) };
    }),
    containers: [
      ...locals.flatMap(({ value: map }) => lists('local.', map.entries)), ...of('variable').flatMap(({ name, body }) => lists('var.', body.entries.filter(({ key }) => key === 'default').map(entry => ({ ...entry, key: name })))),
      ...modules.flatMap(({ name, body }) => [...lists(`module.${name}.`, body.entries), ...cloudposse(name, body, source)]),
    ],
    templates: blocks.filter(({ key, value: map }) => key === 'data' && map.labels?.[0] === 'template_file').map(({ value: map }) => ({ name: `data.template_file.${map.labels?.[1] ?? ''}`, file: value(valueOf(map, 'template'), source.lines.at(map.start, map.start)), variables: value(valueOf(map, 'vars'), source.lines.at(map.start, map.start)) })),
    scaling: resources('aws_appautoscaling_target').map(({ name, body, at }) => {
      const [minimum, maximum] = [valueOf(body, 'min_capacity'), valueOf(body, 'max_capacity')];
      return { address: `aws_appautoscaling_target.${name}`, resource: value(valueOf(body, 'resource_id'), at), at, ...(minimum && { minimum: exprOf(minimum, source) }), ...(maximum && { maximum: exprOf(maximum, source) }) };
    }),
    policies: resources('aws_appautoscaling_policy').map(({ body, at }) => ({ resource: value(valueOf(body, 'resource_id'), at), metrics: metricsOf(body) })),
  };
}

function heredocLists(name: string, node: DataNode, source: DataSource): TerraformFacts['containers'] {
  const found = node.is === 'expr' ? containersIn(node, source).containers : [];
  return found.length > 0 ? [{ name, containers: found }] : [];
}

/** cloudposse/ecs-container-definition is one container, which its outputs hand on as JSON. */
function cloudposse(name: string, body: MapNode, source: DataSource): TerraformFacts['containers'] {
  if (!/cloudposse\/(?:terraform-aws-)?ecs-container-definition/.test(textOf(valueOf(body, 'source')) ?? '')) return [];
  return [{ name: `module.${name}`, containers: [containerOf(asApi(body), 0, source)] }];
}

function metricsOf(body: MapNode): readonly string[] {
  const tracking = valueOf(body, 'target_tracking_scaling_policy_configuration');
  const found = [valueAt(tracking, 'predefined_metric_specification', 'predefined_metric_type'), valueAt(tracking, 'customized_metric_specification', 'metric_name')].map(textOf).filter(text => text !== undefined);
  return found.length > 0 ? found : valueOf(body, 'step_scaling_policy_configuration') ? ['step scaling'] : [];
}

