import { posix } from 'node:path';
import type { EcsServiceFacts, Expr, Facts, FactStore, TaskDefinitionFacts } from '../model/index.js';
import { literalText, walk } from '../model/index.js';
import { mapExprs } from './infrastructure/map-exprs.js';
import { containersFor } from './infrastructure/container-lists.js';
import { resolveIn } from './infrastructure/resolve.js';
import { instancesOf, moduleTables, type Instance } from './infrastructure/modules.js';

/** Instances of one tree's modules beyond this are not followed. */
const INSTANCES = 200;

/**
 * The facts of a tree with what Terraform writes elsewhere put in place: variables, locals, outputs, module arguments, template files. A
 * folder that several modules call gives its task definitions and services once for each. Everything else is left as it is.
 */
export function withInfrastructure(store: FactStore, all: readonly Facts[]): readonly Facts[] {
  const own = all.filter(facts => facts.terraform);
  if (own.length === 0) return all;
  const tables = moduleTables(store);
  const instances = instancesOf(tables, new Set(own.filter(facts => facts.taskDefinitions ?? facts.services).map(facts => posix.dirname(facts.path)))).slice(0, INSTANCES);
  const filled = new Set<string>();
  const resolved = own.flatMap(facts => instances.filter(instance => instance.folder === posix.dirname(facts.path)).map(instance => inInstance(facts, instance, store, filled)));
  // a template is what a module makes of it
  return [...all.filter(facts => !facts.terraform && !filled.has(facts.path)), ...resolved];
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
  const isOwn = (resource: Expr): boolean => [...walk(resource)].some(part => (part.is === 'reference' && address !== undefined && (`${part.module}.${part.name}` === address || `${part.module}.${part.name}`.startsWith(`${address}.`))) || (part.is === 'literal' && name !== undefined && String(part.value).endsWith(`/${name}`)));
  const target = table.scaling.find(({ resource }) => isOwn(resource));
  if (!target) return undefined;
  const follows = (resource: Expr): boolean => isOwn(resource) || [...walk(resource)].some(part => part.is === 'reference' && `${part.module}.${part.name}`.startsWith(`${target.address}.`));
  const metrics = table.policies.filter(({ resource }) => follows(resource)).flatMap(policy => policy.metrics);
  return { metrics: [...new Set(metrics)], at: target.at, ...(target.minimum && { minimum: target.minimum }), ...(target.maximum && { maximum: target.maximum }) };
}

