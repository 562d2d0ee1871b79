import type { CeleryApp, EffectKind, TaskFunction, Thresholds, Worker } from '../model/index.js';

/** What a second run would do again. */
const HARMFUL: ReadonlySet<EffectKind> = new Set(['insert', 'increment', 'append', 'email', 'sms', 'payment', 'http-write', 'publish']);

/** The worker runs on ECS, by a task definition that was read. */
export function onEcs({ platform }: Pick<Worker, 'platform'>): boolean {
  return platform === 'fargate' || platform === 'ec2' || platform === 'ecs';
}

/** Its tasks may run on after this many seconds: longer than their bound allows, or without any bound. undefined: not known. */
export function mayOutlast({ drainNeed }: Worker, stopSeconds: number, { exitMarginSeconds }: Thresholds): boolean | undefined {
  if (drainNeed.is === 'unknown') return undefined;
  return drainNeed.is === 'unbounded' || drainNeed.seconds + exitMarginSeconds > stopSeconds;
}

/** Every task that may outlast the stop is given back and harmless when it runs again. */
export function survivesStop(worker: Worker, stopSeconds: number, { exitMarginSeconds }: Thresholds): boolean {
  const long = worker.functions.filter(fn => !fn.body.trivial && !(fn.timeLimit.state === 'set' && fn.timeLimit.value + exitMarginSeconds <= stopSeconds));
  return long.length > 0 && long.every(fn => fn.acksLate.state === 'set' && fn.acksLate.value && isHarmless(fn));
}

/** No effect that a second run would repeat without a guard. */
export function isHarmless({ body }: TaskFunction): boolean {
  return body.effects.every(({ kind, guard }) => !HARMFUL.has(kind) || guard !== undefined);
}

/** ECS waits for tasks that its code protects. */
export function isProtected(app: CeleryApp | undefined): boolean {
  return app?.taskProtection !== undefined;
}
