import type { PoolKind, Setting, TaskFunction, Worker } from '../model/index.js';
import { agreed } from '../model/index.js';
import { deafLink } from './signal.js';

/** Pools that run a task to its end whatever its time limits say (celery concurrency/thread.py:41-56, solo.py:11-20, eventlet.py; measured for threads). */
const WITHOUT_LIMITS: ReadonlySet<PoolKind> = new Set(['threads', 'solo', 'eventlet']);

/** Is a switch on, as Python sees its value: every text but the empty one is true. undefined: not known. */
export function isOn(setting: Setting<unknown> | undefined): boolean | undefined {
  if (!setting) return undefined;
  if (setting.state === 'set') return Boolean(setting.value);
  if (setting.state === 'unset') return false;
  const [first, ...rest] = setting.candidates.map(Boolean);
  return first !== undefined && rest.every(candidate => candidate === first) ? first : undefined;
}

/** A number that can be relied on: set, or the same whatever happens. Seconds where the setting is a duration. */
export function numberOf(setting: Setting<unknown> | undefined): number | undefined {
  const value = agreed(setting);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The pool ignores hard and soft time limits. */
export function ignoresLimits(pool: PoolKind): boolean {
  return WITHOUT_LIMITS.has(pool);
}

/** s a task function may run at most; 0 where nothing in it can take long. none: nothing bounds it. */
export function boundOf(fn: TaskFunction, pool: PoolKind): number | 'none' | 'unknown' {
  if (fn.observed) return fn.observed.seconds;
  const unlimited = fn.body.trivial ? 0 : 'none';
  if (!ignoresLimits(pool)) {
    const limit = numberOf(fn.timeLimit);
    if (limit !== undefined && limit > 0) return limit;
    if (fn.timeLimit.state !== 'unset') return 'unknown';
  }
  return fn.ownTimeout ? fn.ownTimeout.seconds ?? 'unknown' : unlimited;
}

/** s between SIGTERM and SIGKILL: what the container is given, or a process manager that hears SIGTERM, where that kills first. */
export function stopOf(worker: Worker): number | undefined {
  const { links } = worker.start;
  const deaf = deafLink(worker);
  const managers = links.slice(0, deaf ? links.indexOf(deaf) : links.length).flatMap(link => (link.kind === 'process-manager' ? [numberOf(link.stopWait)] : []));
  const stops = [numberOf(worker.stopTime), ...managers].filter(stop => stop !== undefined);
  return stops.length > 0 ? Math.min(...stops) : undefined;
}
