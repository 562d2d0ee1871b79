import type { EcsService, Model, Scheduler, Worker } from '../model/index.js';
import { agreed } from '../model/index.js';

/** How many old and new copies a rolling update allows: ECS stops an old one above `lower`, and starts a new one below `upper`. */
export interface Rollout {
  readonly desired: number;
  /** Percent. */
  readonly minimum: number;
  readonly maximum: number;
  /** ceil(desired × minimum / 100) */
  readonly lower: number;
  /** floor(desired × maximum / 100) */
  readonly upper: number;
  readonly stopsFirst: boolean;
  readonly startsFirst: boolean;
}

/** AWS's arithmetic of a rolling update (DeploymentConfiguration in the ECS API). */
export function rollout(desired: number, minimum: number, maximum: number): Rollout {
  const lower = Math.ceil((desired * minimum) / 100);
  const upper = Math.floor((desired * maximum) / 100);
  return { desired, minimum, maximum, lower, upper, stopsFirst: lower <= desired - 1, startsFirst: upper >= desired + 1 };
}

/** The service's own values at a count, undefined where one is not known. */
export function rolloutOf(service: EcsService, desired: number | undefined): Rollout | undefined {
  const minimum = agreed(service.minimumHealthyPercent);
  const maximum = agreed(service.maximumPercent);
  return desired === undefined || minimum === undefined || maximum === undefined ? undefined : rollout(desired, minimum, maximum);
}

/** ECS itself rolls this service by its percentages: not CODE_DEPLOY or EXTERNAL, and no daemon. */
export function rolls(service: EcsService): boolean {
  return service.deploymentController === 'ECS' && service.schedulingStrategy === 'REPLICA';
}

export function workersIn(model: Model, service: EcsService): readonly Worker[] {
  return model.workers.filter(worker => isOf(worker, service));
}

export function schedulersIn(model: Model, service: EcsService): readonly Scheduler[] {
  return model.schedulers.filter(scheduler => isOf(scheduler, service));
}

const isOf = (process: { readonly service?: EcsService }, { name, at, environment }: EcsService): boolean =>
  process.service !== undefined && process.service.name === name && process.service.environment === environment && process.service.at.path === at.path && process.service.at.startLine === at.startLine;

/** The workers and schedulers of a service, as a problem names them. */
export function inside(model: Model, service: EcsService): { readonly workers: readonly string[]; readonly environments: readonly string[]; readonly resource: string } {
  const ids = [...workersIn(model, service), ...schedulersIn(model, service)].map(({ id }) => id);
  return { workers: ids, environments: service.environment === undefined ? [] : [service.environment], resource: service.name };
}
