import type { EcsServiceFacts, Expr, Facts, SourceLocation, TaskDefinitionFacts } from '../model/index.js';
import { parseJson } from '../parsers/json.js';
import { itemsOf, textOf, valueAt, valueOf, type DataNode, type DataSource, type MapNode } from '../parsers/nodes.js';
import { exprOf } from './node-values.js';
import { definitionOf, serviceOf } from './terraform.js';

/** `terraform show -json` of a plan or a state. */
export function recognises(path: string, text: string): boolean {
  return /\.json$/i.test(path) && /"(?:planned_values|values)"\s*:/.test(text) && /"format_version"\s*:/.test(text) && /"aws_ecs_(?:service|task_definition)"/.test(text);
}

interface Resource { readonly type: string; readonly name: string; readonly module: string; readonly copy?: string; readonly body: MapNode; readonly at: SourceLocation }

/** Modules inside each other beyond this are not read. */
const DEPTH = 40;

/** Task definitions and services as they are planned: every value is known or decided by AWS. Nothing of it can be mended where it stands. */
export function facts(text: string, path: string): Facts {
  const { root, source, comments, problems } = parseJson(text, path);
  const resources = resourcesIn(valueAt(root, 'planned_values', 'root_module') ?? valueAt(root, 'values', 'root_module'), '', source, 0);
  const of = (type: string): readonly Resource[] => resources.filter(resource => resource.type === type);
  const placed = ({ module, copy }: Resource): { readonly scope: string; readonly copy?: string } => ({ scope: `${path}#${module}`, ...(copy !== undefined && { copy }) });
  const taskDefinitions = of('aws_ecs_task_definition').map((resource): TaskDefinitionFacts => {
    const inner = innerJson(valueOf(resource.body, 'container_definitions'), source);
    return { ...definitionOf(resource, source, inner), ...placed(resource) };
  });
  const configuration = valueAt(root, 'configuration', 'root_module');
  const services = of('aws_ecs_service').map((resource): EcsServiceFacts => {
    const { taskDefinition: _, ...service } = serviceOf(resource, source);
    const reference = referenced(resource, configuration);
    const autoscaling = scalingOf(service.name, of('aws_appautoscaling_target'), source);
    return { ...service, ...placed(resource), ...(reference && { taskDefinition: reference }), ...(autoscaling && { autoscaling }) };
  });
  return withoutSlots({ path, format: 'terraform-plan', comments, problems, ...(taskDefinitions.length > 0 && { taskDefinitions }), ...(services.length > 0 && { services }) });
}

function resourcesIn(module: DataNode | undefined, name: string, source: DataSource, depth: number): readonly Resource[] {
  if (depth > DEPTH) return [];
  const own = itemsOf(valueOf(module, 'resources')).flatMap((node): readonly Resource[] => {
    const [type, label, index, values] = [textOf(valueOf(node, 'type')), textOf(valueOf(node, 'name')), textOf(valueOf(node, 'index')), valueOf(node, 'values')];
    const address = valueOf(node, 'address');
    if (type === undefined || label === undefined || values?.is !== 'map') return [];
    const at = address ? source.lines.at(address.start, address.end) : source.lines.at(node.start, node.start + 1);
    return [{ type, name: label, module: name, body: asBlocks(values), at: { ...at, logical: textOf(address) ?? `${type}.${label}` }, ...(index !== undefined && { copy: index }) }];
  });
  return [...own, ...itemsOf(valueOf(module, 'child_modules')).flatMap(child => resourcesIn(child, textOf(valueOf(child, 'address')) ?? '', source, depth + 1))];
}

/** A block that may stand once is a list of one map; one that is absent, null or an empty list. */
function asBlocks(body: MapNode): MapNode {
  return { ...body, entries: body.entries.flatMap(entry => {
    const { value } = entry;
    if (value.is !== 'list' || value.items.some(item => item.is !== 'map')) return [entry];
    if (entry.key === 'capacity_provider_strategy') return value.items.map(item => ({ ...entry, value: item }));
    return value.items.length === 1 ? [{ ...entry, value: value.items[0]! }] : value.items.length === 0 ? [] : [entry];
  }) };
}

/** The JSON in a text; every place in it is that of the text. */
function innerJson(node: DataNode | undefined, { lines }: DataSource): { readonly node: DataNode; readonly source: DataSource } | undefined {
  const text = textOf(node);
  const parsed = node && text !== undefined && /^\s*\[/.test(text) ? parseJson(text, lines.path) : undefined;
  return node && parsed?.root ? { node: parsed.root, source: { ...parsed.source, lines: { ...parsed.source.lines, at: () => lines.at(node.start, node.start + 1) } } } : undefined;
}

/** What a service's `task_definition` refers to, as the configuration in the plan says it. */
function referenced({ type, name, module, at }: Resource, configuration: DataNode | undefined): Expr | undefined {
  const steps = module === '' ? [] : module.replace(/\[[^[\]]*\]/g, '').split('.').filter(step => step !== 'module');
  const own = steps.reduce<DataNode | undefined>((node, step) => valueAt(node, 'module_calls', step, 'module'), configuration);
  const resource = itemsOf(valueOf(own, 'resources')).find(node => textOf(valueOf(node, 'type')) === type && textOf(valueOf(node, 'name')) === name);
  const references = itemsOf(valueAt(resource, 'expressions', 'task_definition', 'references')).map(textOf);
  const found = references.flatMap(reference => /^(aws_ecs_task_definition)\.([\w-]+)/.exec(reference ?? '') ?? []).slice(0, 3);
  return found.length === 3 ? { is: 'reference', module: found[1]!, name: found[2]!, at } : undefined;
}

function scalingOf(name: string | undefined, targets: readonly Resource[], source: DataSource): EcsServiceFacts['autoscaling'] {
  const target = name === undefined ? undefined : targets.find(({ body }) => textOf(valueOf(body, 'resource_id'))?.endsWith(`/${name}`));
  if (!target) return undefined;
  const [minimum, maximum] = [valueOf(target.body, 'min_capacity'), valueOf(target.body, 'max_capacity')];
  return { metrics: [], at: target.at, ...(minimum && { minimum: exprOf(minimum, source) }), ...(maximum && { maximum: exprOf(maximum, source) }) };
}

/** A plan is made, not written. */
function withoutSlots<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(item => withoutSlots<unknown>(item)) as T;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'slot').map(([key, inner]) => [key, key === 'slots' || key === 'dependsOnSlots' ? [] : withoutSlots<unknown>(inner)])) as T;
}

