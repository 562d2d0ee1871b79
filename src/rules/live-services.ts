import type { DeployedContainer, LiveService, Model, TaskStop, Worker } from '../model/index.js';
import { listed } from './shared.js';

/** The container of a running service, by its name. */
export function containerOf({ containers }: Model, service: LiveService, name: string): DeployedContainer['container'] | undefined {
  return containers.find(({ container }) => container.at.path === service.path && container.name === name)?.container;
}

/** The workers that run in a service's container. */
export function workersOf({ workers }: Model, service: LiveService, container?: string): readonly Worker[] {
  return workers.filter(worker => worker.container?.at.path === service.path && (container === undefined || worker.container.name === container));
}

/** Stops that somebody asked for, by container: what ends by itself was told nothing. */
export function askedStops({ stops }: LiveService): ReadonlyMap<string, readonly TaskStop[]> {
  const found = new Map<string, TaskStop[]>();
  for (const stop of stops) if (stop.cause !== 'exited' && stop.exitCode !== undefined) found.set(stop.container, [...(found.get(stop.container) ?? []), stop]);
  return found;
}

/** The newest of them. */
export function newest(stops: readonly TaskStop[]): TaskStop | undefined {
  return [...stops].sort((a, b) => ((a.stoppedAt ?? '') < (b.stoppedAt ?? '') ? 1 : -1))[0];
}

const CAUSES: Readonly<Record<TaskStop['cause'], string>> = { deployment: 'a deployment', 'scale-in': 'scale-in', spot: 'a Spot interruption', 'health-check': 'a failed health check', user: 'a person or a script', exited: 'its own end', other: 'ECS' };

/** `a deployment (5), scale-in (2)`; one cause alone: `a deployment`. */
export function causesOf(stops: readonly TaskStop[]): string {
  const counts = new Map<TaskStop['cause'], number>();
  for (const { cause } of stops) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.length === 1 ? CAUSES[sorted[0]![0]] : listed(sorted.map(([cause, count]) => `${CAUSES[cause]} (${count})`));
}

/** `2026-11-25 14:03 UTC`. */
export function moment(iso: string | undefined): string {
  return iso === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(iso) ? 'an unknown time' : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** The container of a service in words: `worker`, or `worker in billing`. */
export function containerIn({ name }: Pick<LiveService, 'name'>, container: string): string {
  return container === name ? name : `${container} in ${name}`;
}

/** `7 of the last 9 stops`; of one: `the last stop`. */
export function shareOf(count: number, all: number): string {
  return all === 1 ? 'the last stop' : `${count} of the last ${all} stops`;
}
