import type { CeleryApp, Container, EffectKind, SourceLocation, TaskFunction, Thresholds, Worker } from '../model/index.js';
import { isWritten, place } from '../model/index.js';
import { inWords } from './shared.js';

/** What a second run would do again. */
const HARMFUL: ReadonlySet<EffectKind> = new Set(['insert', 'increment', 'append', 'email', 'sms', 'payment', 'http-write', 'publish']);

/** The worker runs on ECS, by a task definition that was read. */
export function onEcs({ platform }: Pick<Worker, 'platform'>): boolean {
  return platform === 'fargate' || platform === 'ec2' || platform === 'ecs';
}

/** Who sends SIGKILL this many seconds after the stop signal: a process manager that gives no more, else what runs the container. */
export function killerOf(worker: Worker, stopSeconds: number): string {
  const manager = worker.start.links.find(link => link.kind === 'process-manager' && link.stopWait.state === 'set' && link.stopWait.value === stopSeconds);
  const stop = worker.stopTime.state === 'set' ? worker.stopTime.value : undefined;
  if (manager?.kind === 'process-manager' && stop !== stopSeconds) return `${manager.program} kills`;
  return onEcs(worker) ? 'ECS kills' : worker.platform === 'compose' ? 'Compose kills' : 'SIGKILL ends';
}

/** Its tasks may run on after this many seconds: longer than their bound allows, or without any bound. undefined: not known. */
export function mayOutlast({ drainNeed }: Worker, stopSeconds: number, { exitMarginSeconds }: Thresholds): boolean | undefined {
  if (drainNeed.is === 'unknown') return undefined;
  return drainNeed.is === 'unbounded' || drainNeed.seconds + exitMarginSeconds > stopSeconds;
}

/** `7 min`, and the entry of `durations` that says so, where one does. */
export function observedSaid(seconds: number, declared: SourceLocation | undefined): string {
  return `${inWords(seconds)}${declared ? ` (durations, ${place(declared)})` : ''}`;
}

/** Why a stop cuts its tasks, behind `ECS kills this worker 30 s after SIGTERM, `. */
export function needSaid({ drainNeed }: Worker): string {
  if (drainNeed.is === 'bounded') return `but its tasks may run ${observedSaid(drainNeed.seconds, drainNeed.declared)}`;
  return drainNeed.is === 'unbounded' ? 'but nothing bounds its tasks' : 'however long its tasks run';
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
export function isProtected({ app, taskProtection }: { readonly app?: CeleryApp | undefined; readonly taskProtection?: SourceLocation }): boolean {
  return (taskProtection ?? app?.taskProtection) !== undefined;
}

/** The sidecar whose written stopTimeout is longer than the default that the worker's own container is left with. */
export function misplaced({ stopTimeout, siblings }: Container): Container['siblings'][number] | undefined {
  const own = stopTimeout.state === 'set' && !isWritten(stopTimeout) ? stopTimeout.value : undefined;
  return own === undefined ? undefined : siblings.find(other => isWritten(other.stopTimeout) && other.stopTimeout.state === 'set' && other.stopTimeout.value > own);
}
