import { posix } from 'node:path';
import type { ContainerFacts, EcsServiceFacts, Facts, Field, PatchFacts } from '../../model/index.js';

type Change<T> = (facts: T, field: Field) => T;

/** What is read of a container, by the end of its pointer. */
const CONTAINER: Readonly<Record<string, Change<ContainerFacts>>> = {
  StopTimeout: (container, stopTimeout) => ({ ...container, stopTimeout }), 'LinuxParameters/InitProcessEnabled': (container, initProcess) => ({ ...container, initProcess }), Essential: (container, essential) => ({ ...container, essential }),
};
const SERVICE: Readonly<Record<string, Change<EcsServiceFacts>>> = {
  DesiredCount: (service, desiredCount) => ({ ...service, desiredCount }), AvailabilityZoneRebalancing: (service, availabilityZoneRebalancing) => ({ ...service, availabilityZoneRebalancing }),
  'DeploymentConfiguration/MinimumHealthyPercent': (service, minimumHealthyPercent) => ({ ...service, minimumHealthyPercent }), 'DeploymentConfiguration/MaximumPercent': (service, maximumPercent) => ({ ...service, maximumPercent }),
  'DeploymentConfiguration/DeploymentCircuitBreaker/Enable': (service, enable) => ({ ...service, circuitBreaker: { ...service.circuitBreaker, enable } }), 'DeploymentConfiguration/DeploymentCircuitBreaker/Rollback': (service, rollback) => ({ ...service, circuitBreaker: { ...service.circuitBreaker, rollback } }),
};

/** Copilot's manifests with the patches beside them applied, to every environment. A pointer into anything that is not read changes nothing. */
export function withPatches(all: readonly Facts[]): readonly Facts[] {
  const patches = new Map(all.flatMap(facts => (facts.patches ? [[posix.dirname(posix.dirname(facts.path)), facts.patches] as const] : [])));
  if (patches.size === 0) return all;
  return all.map(facts => {
    const own = facts.format === 'copilot' ? patches.get(posix.dirname(facts.path)) : undefined;
    if (!own) return facts;
    return {
      ...facts, ...(facts.taskDefinitions && { taskDefinitions: facts.taskDefinitions.map(definition => ({ ...definition, containers: definition.containers.map((container, i) => applied(container, own, `/Resources/TaskDefinition/Properties/ContainerDefinitions/${i}/`, CONTAINER)) })) }),
      ...(facts.services && { services: facts.services.map(service => applied(service, own, '/Resources/Service/Properties/', SERVICE)) }),
    };
  });
}

function applied<T extends { readonly at: Field['at'] }>(facts: T, patches: readonly PatchFacts[], prefix: string, changes: Readonly<Record<string, Change<T>>>): T {
  return patches.filter(({ pointer }) => pointer.startsWith(prefix)).reduce((changed, { pointer, value, at }) => {
    const change = changes[pointer.slice(prefix.length)];
    return change ? change(changed, value ?? { at, slots: [] }) : changed;
  }, facts);
}
