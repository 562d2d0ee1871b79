import { posix } from 'node:path';
import type { ContainerFacts, EcsServiceFacts, Expr, Facts, FactStore, RepeatFacts, TaskDefinitionFacts, TerraformFacts, Unresolved } from '../model/index.js';
import { literalText, refersTo, startOf, walk } from '../model/index.js';
import { copiesOf } from './infrastructure/copies.js';
import { mapExprs } from './infrastructure/map-exprs.js';
import { containersFor } from './infrastructure/container-lists.js';
import { withPatches } from './infrastructure/patches.js';
import { withStacks } from './infrastructure/stacks.js';
import { resolveIn } from './infrastructure/resolve.js';
import { instancesOf, moduleTables, type Instance } from './infrastructure/modules.js';

/** Instances of one tree's modules beyond this are not followed. */
const INSTANCES = 200;

/** A tree's facts with everything in place, and what was left out. */
export interface Infrastructure { readonly facts: readonly Facts[]; readonly unresolved: readonly Unresolved[] }

/**
 * The facts of a tree with patches and nested stacks joined in, and what Terraform writes elsewhere put in place: variables, locals, outputs, module arguments, template files. A
 * folder that several modules call gives its task definitions and services once for each. Everything else is left as it is.
 */
export function withInfrastructure(store: FactStore, written: readonly Facts[]): Infrastructure {
  const all = withStacks(store, withPatches(written));
  if (!all.some(facts => facts.terraform)) return { facts: all, unresolved: [] };
  // queues and brokers stand in files that say nothing of workers by themselves
  const own = store.paths.filter(path => /\.tf$/i.test(path)).flatMap(path => store.facts(path) ?? []);
  const tables = moduleTables(store);
  const found = instancesOf(tables, new Set(own.filter(facts => facts.taskDefinitions ?? facts.services ?? facts.queues ?? facts.redrives ?? facts.brokers ?? facts.caches).map(facts => posix.dirname(facts.path))), copiesOf);
  const instances = found.instances.slice(0, INSTANCES);
  const filled = new Set<string>();
  const resolved = own.flatMap(facts => instances.filter(instance => instance.folder === posix.dirname(facts.path)).map(instance => inInstance(facts, instance, store, filled)));
  // a template is what a module makes of it
  const facts = [...all.filter(one => !one.terraform && !filled.has(one.path)), ...resolved];
  const missing = own.flatMap(({ terraform }) => terraform?.modules ?? []).filter(module => isMissing(module, tables)).map(({ name, from, at }) => ({ at, reason: `module.${name}: ${from} is not in the repository` }));
  const left = [...found.cut, ...found.instances.slice(INSTANCES).map(({ folder }) => folder)];
  // the files say where to mend what a plan of them shows
  const isWritten = resolved.some(({ taskDefinitions, services }) => taskDefinitions ?? services);
  return { facts: isWritten ? facts.filter(({ format }) => format !== 'terraform-plan') : facts, unresolved: [...missing, ...[...new Set(left)].flatMap(folder => cutAt(folder, own))] };
}

/** Said at the first file of a module that is used more often than is followed. */
function cutAt(folder: string, own: readonly Facts[]): readonly Unresolved[] {
  const first = own.find(({ path }) => posix.dirname(path) === folder);
  return first ? [{ at: first.taskDefinitions?.[0]?.at ?? first.services?.[0]?.at ?? startOf(first.path), reason: `the module in ${folder} is used more often than is followed here` }] : [];
}

/** A folder that is not there, or a module from elsewhere that by its name or its arguments runs containers and is none that is known. */
function isMissing({ from, source, arguments: given }: TerraformFacts['modules'][number], tables: ReadonlyMap<string, unknown>): boolean {
  if (source !== undefined) return !tables.has(source);
  return /\becs\b|fargate/i.test(from) && !/terraform-aws-modules|ecs-container-definition|ecs-cluster/.test(from) && given.some(({ name }) => /container|command|task/i.test(name));
}

function inInstance(facts: Facts, instance: Instance, store: FactStore, filled: Set<string>): Facts {
  const taskDefinitions = facts.taskDefinitions?.flatMap(definition => copiesOf(definition.repeat, instance).map((copy): TaskDefinitionFacts => {
    const { containersFrom: _from, repeat: _, familyFrom, ...rest } = put(definition, copy);
    const family = literalText(familyFrom) ?? rest.family;
    const more = definition.containersFrom ? containersFor(definition.containersFrom, copy, { store, filled }) : [];
    return { ...rest, ...(family !== undefined && { family }), containers: [...rest.containers, ...more].map(named), ...placeOf(copy) };
  }));
  const services = facts.services?.flatMap(service => copiesOf(service.repeat, instance).map((copy): EcsServiceFacts => {
    const scaling = service.autoscaling ?? scalingFor(service, copy);
    const { nameFrom, repeat: _, ...rest } = put(service, copy);
    const name = literalText(nameFrom);
    return { ...rest, ...placeOf(copy), ...(name !== undefined && { name }), ...(scaling && { autoscaling: put(scaling, copy) }) };
  }));
  const copied = <T extends { readonly repeat?: RepeatFacts }>(all: readonly T[] | undefined): readonly T[] | undefined => all?.flatMap(one => copiesOf(one.repeat, instance).map(copy => ({ ...put(one, copy), scope: instance.id })));
  const [queues, brokers, redrives] = [copied(facts.queues), copied(facts.brokers), facts.redrives?.map(one => ({ ...put(one, instance), scope: instance.id }))];
  return { ...facts, ...(taskDefinitions && { taskDefinitions }), ...(services && { services }), ...(queues && { queues }), ...(redrives && { redrives }), ...(brokers && { brokers }) };
}

/** A container under the name that was computed for it. */
function named({ nameFrom, ...container }: ContainerFacts): ContainerFacts {
  return { ...container, name: literalText(nameFrom) ?? container.name };
}

/** Everything of an instance put in place. */
const put = <T>(value: T, instance: Instance): T => mapExprs(value, expr => resolveIn(expr, instance));
const placeOf = ({ id, each }: Instance): { readonly scope: string; readonly copy?: string } => ({ scope: id, ...(each && { copy: each.name }) });

/** What scales a service: a target whose resource id names it, directly or by the service's name. */
function scalingFor({ address, name }: EcsServiceFacts, { table }: Instance): EcsServiceFacts['autoscaling'] {
  const isOwn = (resource: Expr): boolean => (address !== undefined && refersTo(resource, address)) || (name !== undefined && walk(resource).some(part => part.is === 'literal' && String(part.value).endsWith(`/${name}`)));
  const target = table.scaling.find(({ resource }) => isOwn(resource));
  if (!target) return undefined;
  const metrics = table.policies.filter(({ resource }) => isOwn(resource) || refersTo(resource, target.address)).flatMap(policy => policy.metrics);
  return { metrics: [...new Set(metrics)], at: target.at, ...(target.minimum && { minimum: target.minimum }), ...(target.maximum && { maximum: target.maximum }) };
}
