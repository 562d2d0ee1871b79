import type { EcsServiceFacts, Expr, Facts, Join, TaskDefinitionFacts } from '../model/index.js';
import { walk } from '../model/index.js';
import { familyOf } from './services.js';
import { environmentNames } from './start/deployments.js';
import { folderOf } from './start/image.js';

/** A task definition of the tree, with where it stands. `index`: among those of its file. */
export interface Definition { readonly facts: TaskDefinitionFacts; readonly path: string; readonly format: Facts['format']; readonly index: number; readonly environment?: string }

export function taskDefinitionsIn(all: readonly Facts[]): readonly Definition[] {
  const found = all.flatMap(facts => (facts.taskDefinitions ?? []).map((definition, index) => ({ facts: definition, path: facts.path, format: facts.format, index })));
  const byPath = environmentNames(found.map(({ path }) => path));
  const byFamily = environmentNames(found.flatMap(({ facts }) => facts.family ?? []));
  return found.map(definition => {
    const environment = definition.facts.environment ?? byPath.get(definition.path) ?? (definition.facts.family === undefined ? undefined : byFamily.get(definition.facts.family));
    return { ...definition, ...(environment !== undefined && { environment }) };
  });
}

export interface Matches { readonly matches: readonly Definition[]; readonly how: Join['how'] }
/** The task definitions a service may run; several: one for each environment, or nobody knows which. `environment`: of the service. */
export type DefinitionsOf = (service: EcsServiceFacts, facts: Facts, environment: string | undefined) => Matches;

export function definitionFinder(definitions: readonly Definition[]): DefinitionsOf {
  const order = new Map(definitions.map((definition, i) => [definition, i]));
  const ofFile = grouped(definitions, ({ path, index }) => [`${path}\0${index}`]);
  const beside = grouped(definitions, ({ path, format }) => [`${folderOf(path)}\0${format}`]);
  const byAddress = grouped(definitions, ({ facts }) => (facts.address === undefined ? [] : [facts.address]));
  /** By its family, and by its path from any folder on. */
  const byName = grouped(definitions, ({ facts, path }) => new Set([...(facts.family === undefined ? [] : [facts.family]), ...path.split('/').map((_, i, parts) => parts.slice(i).join('/'))]));

  /** The task definition that the service refers to by its address: of the same module, or of a stack, whose addresses are its own. */
  const referred = (service: EcsServiceFacts): Definition | undefined => {
    const named = new Set(addressesIn(service.taskDefinition).flatMap(address => byAddress(address)));
    const same = [...named].filter(({ facts }) => facts.scope === service.scope || facts.address!.includes('#')).sort((a, b) => order.get(a)! - order.get(b)!);
    return same.find(({ facts }) => facts.copy === service.copy) ?? same[0];
  };

  return (service, facts, environment) => {
    const own = service.ownTaskDefinition === undefined ? undefined : ofFile(`${facts.path}\0${service.ownTaskDefinition}`).find(definition => definition.facts.scope === service.scope);
    if (own) return { matches: [own], how: 'written' };
    const named = referred(service);
    if (named) return { matches: [named], how: 'written' };
    // a construct gets its task definition from whoever makes it: what stands beside it may be another's; AWS says which revision runs
    if (facts.format === 'cdk' || facts.format === 'aws-answer') return { matches: [], how: 'written' };
    const family = familyOf(service.taskDefinition);
    if (family === undefined) {
      const candidates = beside(`${folderOf(facts.path)}\0${facts.format}`);
      return { matches: candidates.length === 1 ? candidates : [], how: 'only-candidate' };
    }
    const same = byName(family);
    const here = environment === undefined ? [] : same.filter(definition => definition.environment === environment);
    const near = same.filter(definition => folderOf(definition.path) === folderOf(facts.path));
    return { matches: here.length > 0 ? here : near.length > 0 ? near : same, how: 'written' };
  };
}

/** In the order they have. */
function grouped(definitions: readonly Definition[], keysOf: (definition: Definition) => Iterable<string>): (key: string) => readonly Definition[] {
  const groups = new Map<string, Definition[]>();
  for (const definition of definitions) for (const key of keysOf(definition)) {
    const group = groups.get(key);
    if (group) group.push(definition);
    else groups.set(key, [definition]);
  }
  return key => groups.get(key) ?? [];
}

/** What references in an expression may be the address of: `aws_ecs_task_definition.worker` and `aws_ecs_task_definition` of `aws_ecs_task_definition.worker.arn` (`refersTo`). */
function addressesIn(expr: Expr | undefined): readonly string[] {
  return (expr ? walk(expr) : []).flatMap(part => (part.is === 'reference' ? `${part.module}.${part.name}`.split('.').map((_, i, parts) => parts.slice(0, i + 1).join('.')) : []));
}
