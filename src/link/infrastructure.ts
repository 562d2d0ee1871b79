import { posix } from 'node:path';
import type { EcsServiceFacts, Expr, Facts, FactStore, TaskDefinitionFacts, Unresolved } from '../model/index.js';
import { literalText, refersTo, startOf, walk } from '../model/index.js';
import { mapExprs } from './infrastructure/map-exprs.js';
import { containersFor } from './infrastructure/container-lists.js';
import { resolveIn } from './infrastructure/resolve.js';
import { instancesOf, moduleTables, type Instance } from './infrastructure/modules.js';

/** Instances of one tree's modules beyond this are not followed. */
const INSTANCES = 200;

/** A tree's facts with everything in place, and what was left out. */
export interface Infrastructure { readonly facts: readonly Facts[]; readonly unresolved: readonly Unresolved[] }

/**
 * The facts of a tree with what Terraform writes elsewhere put in place: variables, locals, outputs, module arguments, template files. A
 * folder that several modules call gives its task definitions and services once for each. Everything else is left as it is.
 */
export function withInfrastructure(store: FactStore, all: readonly Facts[]): Infrastructure {
  const own = all.filter(facts => facts.terraform);
  if (own.length === 0) return { facts: all, unresolved: [] };
  const found = instancesOf(moduleTables(store), new Set(own.filter(facts => facts.taskDefinitions ?? facts.services).map(facts => posix.dirname(facts.path))));
  const instances = found.instances.slice(0, INSTANCES);
  const filled = new Set<string>();
  const resolved = own.flatMap(facts => instances.filter(instance => instance.folder === posix.dirname(facts.path)).map(instance => inInstance(facts, instance, store, filled)));
  // a template is what a module makes of it
  const facts = [...all.filter(one => !one.terraform && !filled.has(one.path)), ...resolved];
  const left = [...found.cut, ...found.instances.slice(INSTANCES).map(({ folder }) => folder)];
  return { facts, unresolved: [...new Set(left)].flatMap(folder => { const first = own.find(one => posix.dirname(one.path) === folder); return first ? [{ at: first.taskDefinitions?.[0]?.at ?? first.services?.[0]?.at ?? startOf(first.path), reason: `the module in ${folder} is used more often than is followed here` }] : []; }) };
}

function inInstance(facts: Facts, instance: Instance, store: FactStore, filled: Set<string>): Facts {
  const put = <T>(value: T): T => mapExprs(value, expr => resolveIn(expr, instance));
  const taskDefinitions = facts.taskDefinitions?.map((definition): TaskDefinitionFacts => {
    const more = definition.containersFrom ? containersFor(definition.containersFrom, instance, { store, filled }) : [];
    const { containersFrom: _, ...rest } = definition;
    return { ...put({ ...rest, containers: rest.containers }), containers: [...put(rest.containers), ...more], scope: instance.id };
  });
  const services = facts.services?.map((service): EcsServiceFacts => {
    const scaling = service.autoscaling ?? scalingFor(service, instance);
    const { nameFrom, ...rest } = service;
    const name = nameFrom && literalText(resolveIn(nameFrom, instance));
    return { ...put(rest), scope: instance.id, ...(name !== undefined && { name }), ...(scaling && { autoscaling: put(scaling) }) };
  });
  return { ...facts, ...(taskDefinitions && { taskDefinitions }), ...(services && { services }) };
}

/** What scales a service: a target whose resource id names it, directly or by the service's name. */
function scalingFor({ address, name }: EcsServiceFacts, { table }: Instance): EcsServiceFacts['autoscaling'] {
  const isOwn = (resource: Expr): boolean => (address !== undefined && refersTo(resource, address)) || (name !== undefined && [...walk(resource)].some(part => part.is === 'literal' && String(part.value).endsWith(`/${name}`)));
  const target = table.scaling.find(({ resource }) => isOwn(resource));
  if (!target) return undefined;
  const metrics = table.policies.filter(({ resource }) => isOwn(resource) || refersTo(resource, target.address)).flatMap(policy => policy.metrics);
  return { metrics: [...new Set(metrics)], at: target.at, ...(target.minimum && { minimum: target.minimum }), ...(target.maximum && { maximum: target.maximum }) };
}
