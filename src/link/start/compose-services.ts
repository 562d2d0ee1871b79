import { posix } from 'node:path';
import type { ComposeServiceFacts, Facts, FactStore, Field } from '../../model/index.js';

/** `extends:` chains longer than this are not followed. */
const DEPTH = 8;

export interface ComposeEntry { readonly service: ComposeServiceFacts; readonly path: string }

/** The services of all Compose files, with what they extend and what the file beside them says of the same service. */
export function composeContainers(store: FactStore, all: readonly Facts[]): readonly ComposeEntry[] {
  const entries = all.flatMap(facts => (facts.compose?.services ?? []).map(service => ({ service: extended(service, facts, store, 0), path: facts.path })));
  return entries.map(entry => ({ ...entry, service: besides(entry, entries) }));
}

function extended(service: ComposeServiceFacts, facts: Facts, store: FactStore, depth: number): ComposeServiceFacts {
  const from = service.extends;
  if (!from || depth > DEPTH) return service;
  const file = from.file === undefined || from.file === facts.path ? facts : store.facts(from.file);
  const base = file?.compose?.services.find(other => other.name === from.service && other !== service);
  return base && file ? merged(extended(base, file, store, depth + 1), service) : service;
}

/** An override file says only what it changes: image and build stand in the base file beside it. */
function besides({ service, path }: ComposeEntry, all: readonly ComposeEntry[]): ComposeServiceFacts {
  if (service.build || service.image) return service;
  const base = all.find(other => other.path !== path && posix.dirname(other.path) === posix.dirname(path) && other.service.name === service.name && (other.service.build || other.service.image));
  return base ? merged(base.service, service) : service;
}

/** The second over the first: what is written there counts, variables are added. */
function merged(base: ComposeServiceFacts, over: ComposeServiceFacts): ComposeServiceFacts {
  const field = (name: 'stopTimeout' | 'initProcess' | 'logConfiguration' | 'essential' | 'replicas'): Field => (over[name].value || !base[name].value ? over[name] : base[name]);
  return {
    ...base, ...over,
    stopTimeout: field('stopTimeout'), initProcess: field('initProcess'), logConfiguration: field('logConfiguration'), essential: field('essential'), replicas: field('replicas'),
    environment: [...base.environment, ...over.environment], environmentFiles: [...base.environmentFiles, ...over.environmentFiles],
    dependsOn: [...base.dependsOn, ...over.dependsOn], profiles: over.profiles.length > 0 ? over.profiles : base.profiles,
  };
}
