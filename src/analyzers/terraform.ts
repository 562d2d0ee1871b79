import { posix } from 'node:path';
import type { CacheFacts, ContainerFacts, EcsServiceFacts, Expr, Facts, NamedExpr, SourceLocation, TaskDefinitionFacts, TerraformFacts } from '../model/index.js';
import { literal } from '../model/index.js';
import { parseHcl } from '../parsers/hcl.js';
import { entriesOf, itemsOf, textOf, valueAt, valueOf, type DataEntry, type DataNode, type DataSource, type MapNode } from '../parsers/nodes.js';
import { exprOf, fieldAt, fixedField, mapLiteral, placeOf, placeOfEntry, toBoolean, toNumber } from './node-values.js';
import { capacityProviderOf } from './ecs-objects/services.js';
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
  const taskDefinitions = [...definitions, ...wrapped.map(one => one.definition)];
  const allServices = [...services, ...wrapped.map((one, i): EcsServiceFacts => ({ ...one.service, ownTaskDefinition: definitions.length + i }))];
  const caches = resources('aws_elasticache_parameter_group').flatMap(({ name, body }) => body.entries.flatMap(({ key, value }): readonly CacheFacts[] => { const policy = key === 'parameter' && textOf(valueOf(value, 'name')) === 'maxmemory-policy' ? valueOf(value, 'value') : undefined; return policy ? [{ name, policy: fixedField(placeOf(policy, source), exprOf(policy, source)) }] : []; }));
  const terraform = namesOf(root, blocks, modules, resources, isValues, source);
  return {
    path, format: 'terraform', comments, problems, terraform,
    ...(caches.length > 0 && { caches }), ...(taskDefinitions.length > 0 && { taskDefinitions }), ...(allServices.length > 0 && { services: allServices }),
  };
}

/** A block with labels: `resource "type" "name" { … }`. */
interface Block { readonly name: string; readonly body: MapNode; readonly at: SourceLocation }
type BlockEntry = DataEntry & { readonly value: MapNode };

const labelled = (root: MapNode): readonly BlockEntry[] => root.entries.filter((entry): entry is BlockEntry => entry.value.is === 'map' && entry.value.labels !== undefined);
const blockOf = (source: DataSource) => ({ keyStart, keyEnd, value }: BlockEntry): Block => ({ name: value.labels?.at(-1) ?? '', body: value, at: source.lines.at(keyStart, Math.max(keyEnd, Math.min(value.start, lineEnd(keyStart, source)))) });
const lineEnd = (offset: number, { lines }: DataSource): number => { const end = lines.text.indexOf('\n', offset); return end < 0 ? lines.text.length : end; };

function definitionOf({ name, body, at }: Block, source: DataSource): TaskDefinitionFacts {
  const { containers, from } = containersIn(valueOf(body, 'container_definitions'), source);
  const family = valueOf(body, 'family');
  const familyText = textOf(family);
  const [memory, pidMode] = [valueOf(body, 'memory'), textOf(valueOf(body, 'pid_mode'))];
  return {
    address: `aws_ecs_task_definition.${name}`, at, containers, ...(from && { containersFrom: from }), ...(familyText !== undefined && { family: familyText }), ...(pidMode !== undefined && { pidMode }),
    requiresCompatibilities: itemsOf(valueOf(body, 'requires_compatibilities')).map(textOf).filter(text => text !== undefined),
    ...(memory && { memory: mapLiteral(exprOf(memory, source), toMebibytes('m')) }),
  };
}

function serviceOf({ name, body, at }: Block, source: DataSource): EcsServiceFacts {
  const field = (key: string, turn?: typeof toNumber | typeof toBoolean): EcsServiceFacts['desiredCount'] => fieldAt(body, [key], { source, owner: at, ...(turn && { turn }) });
  const text = (...path: readonly string[]): string | undefined => textOf(valueAt(body, ...path));
  const taskDefinition = valueOf(body, 'task_definition');
  const written = valueOf(body, 'name');
  const breaker = valueOf(body, 'deployment_circuit_breaker');
  const inBreaker = (key: string): EcsServiceFacts['desiredCount'] => (breaker ? fieldAt(breaker, [key], { source, owner: at, turn: toBoolean }) : { at, slots: [] });
  const [launchType, controller, strategy] = [text('launch_type'), text('deployment_controller', 'type'), text('scheduling_strategy')];
  return {
    address: `aws_ecs_service.${name}`, name: text('name') ?? name, at, ...(text('name') === undefined && written && { nameFrom: exprOf(written, source) }),
    ...(taskDefinition && { taskDefinition: exprOf(taskDefinition, source) }), ...(launchType !== undefined && { launchType }),
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

// Modules of the registry that are services or containers themselves

/** terraform-aws-modules/ecs writes it where nothing is written (modules/container-definition). */
const MODULE_STOP_TIMEOUT = 120;

interface Wrapped { readonly definition: TaskDefinitionFacts; readonly service: EcsServiceFacts }

function fromModule({ name, body, at }: Block, source: DataSource): readonly Wrapped[] {
  const from = textOf(valueOf(body, 'source')) ?? '';
  if (!/(^|\/)terraform-aws-modules\/(terraform-aws-)?ecs(\/|\?|$|\.)/.test(from) && !/terraform-aws-ecs/.test(from)) return [];
  if (/\/\/modules\/service\b/.test(from)) return wrappedService(name, body, at, source);
  return entriesOf(valueOf(body, 'services')).flatMap(entry => (entry.value.is === 'map' ? wrappedService(entry.key, entry.value, placeOfEntry(entry, source), source) : []));
}

function wrappedService(name: string, body: MapNode, at: SourceLocation, source: DataSource): readonly Wrapped[] {
  const containers = entriesOf(valueOf(body, 'container_definitions')).flatMap((entry, i): readonly ContainerFacts[] => (entry.value.is === 'map' ? [{ ...named(containerOf(asApi(entry.value), i, source), entry.key), stopTimeoutDefault: MODULE_STOP_TIMEOUT }] : []));
  if (containers.length === 0) return [];
  const launchType = textOf(valueOf(body, 'launch_type')) ?? 'FARGATE';
  const isAutoscaled = textOf(valueOf(body, 'enable_autoscaling')) !== 'false';
  const number = (key: string): Expr | undefined => { const value = valueOf(body, key); return value && mapLiteral(exprOf(value, source), toNumber); };
  const own = serviceOf({ name, body, at }, source);
  const [minimum, maximum] = [number('autoscaling_min_capacity') ?? literal(1, at), number('autoscaling_max_capacity') ?? literal(10, at)];
  return [{
    definition: { at, containers, family: name, requiresCompatibilities: [launchType] },
    service: {
      ...own, name: textOf(valueOf(body, 'name')) ?? name, at, defaultsOf: 'terraform-aws-modules', ...(own.capacityProviders.length === 0 && { launchType }),
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
    modules: modules.map(({ name, body, at }) => {
      const from = textOf(valueOf(body, 'source'));
      return { name, arguments: pairs(body, /^(?:source|version|providers|depends_on|count|for_each)$/), at, ...(from !== undefined && /^\.{1,2}\//.test(from) && { source: posix.join(folder, from).replace(/\/$/, '') || '.' }) };
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

