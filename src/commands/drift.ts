import type { Drift, EcsService, Model, Setting, SourceLocation } from '../model/index.js';
import { agreed, isRunning } from '../model/index.js';

/** Values of running services that the repository sets otherwise, by the name of the service: only those that decide about running tasks. */
export function driftOf(live: Model, written: Model): readonly Drift[] {
  return live.services.flatMap(service => {
    const same = written.services.filter(other => other.name === service.name);
    // several environments of one name: none of them is known to be this one
    const [own] = same.length === 1 ? same : [];
    if (!own) return [];
    const differences = [
      ...differ(service, 'minimumHealthyPercent', service.minimumHealthyPercent, own.minimumHealthyPercent, ' %'), ...differ(service, 'maximumPercent', service.maximumPercent, own.maximumPercent, ' %'),
      ...differ(service, 'the deployment circuit breaker', service.circuitBreaker.enable, own.circuitBreaker.enable), ...differ(service, 'availabilityZoneRebalancing', service.zoneRebalancing, own.zoneRebalancing),
    ];
    return [...differences, ...containersOf(live, service).flatMap(running => {
      const [other, ...others] = containersOf(written, own).filter(({ name }) => name === running.name);
      if (!other || others.length > 0) return [];
      return [
        ...differ(service, `stopTimeout of container ${running.name}`, running.stopTimeout, other.stopTimeout, ' s'), ...differ(service, `STOPSIGNAL of container ${running.name}`, running.stopSignal, other.stopSignal),
        ...(running.initProcess === other.initProcess ? [] : [drift(service.name, `initProcessEnabled of container ${running.name}`, String(running.initProcess), String(other.initProcess), running.at, other.at)]),
      ];
    })];
  });
}

/** The containers of a service's workers, and of its task definition where that stands in the same document. */
function containersOf(model: Model, service: EcsService): readonly Model['containers'][number]['container'][] {
  const own = model.workers.filter(worker => worker.service === service).flatMap(({ container }) => container ?? []);
  const beside = model.containers.filter(({ container }) => isRunning(service.at) && container.at.path === service.at.path).map(({ container }) => container);
  return [...new Map([...own, ...beside].map(container => [container.name, container])).values()];
}

function differ<T extends string | number | boolean>({ name }: EcsService, what: string, running: Setting<T>, written: Setting<T>, unit = ''): readonly Drift[] {
  const [a, b] = [agreed(running), agreed(written)];
  return a === undefined || b === undefined || a === b ? [] : [drift(name, what, `${String(a)}${unit}`, `${String(b)}${unit}`, running.at, written.at)];
}

const drift = (service: string, what: string, running: string, written: string, at: SourceLocation, writtenAt: SourceLocation): Drift => ({ service, what, running, written, at, writtenAt });
