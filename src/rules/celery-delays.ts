import type { CallStep, CeleryApp, Publish, RetryPolicy, Setting, SourceLocation, TaskFunction } from '../model/index.js';
import { shorten } from '../model/index.js';
import { numberOf } from './celery-shared.js';
import { oncePerPlace } from './shared.js';

/** A message that a worker holds, unacknowledged, until its time has come: a countdown, or a retry. */
export interface Delay {
  /** s; the longest that is sure to occur. */
  readonly seconds: number;
  readonly at: SourceLocation;
  readonly setting: Setting<unknown>;
  readonly kind: 'countdown' | 'retry' | 'backoff' | 'retry-default';
  /** The task function that is sent, where it is one of the app's. */
  readonly of?: TaskFunction;
  /** The task function in whose code it stands; none: it stands in a view, a model, a command. */
  readonly in?: TaskFunction;
  /** What is sent, as far as its name is known. */
  readonly name: string;
  readonly via: readonly CallStep[];
}

/** Every delay whose length can be told, of messages to this app, once for each place. */
export function delaysOf(app: CeleryApp): readonly Delay[] {
  const inside = app.functions.flatMap(fn => [...publishesOf(fn, app), ...retriesOf(fn)]);
  return oncePerPlace([...inside, ...(app.sends ?? []).flatMap(publish => outside(app, publish))], ({ at }) => at);
}

function outside(app: CeleryApp, { at, target, countdown, via }: Publish): readonly Delay[] {
  const numbers = countdown.state === 'set' ? [countdown.value] : countdown.state === 'unknown' ? countdown.candidates : [];
  if (numbers.length === 0 || !numbers.every(one => typeof one === 'number' && Number.isFinite(one))) return [];
  const of = app.functions.find(fn => fn.name === target);
  return [{ seconds: Math.min(...numbers), at, setting: countdown, kind: 'countdown', via, name: of?.functionName ?? shorten(target, 40), ...(of && { of }) }];
}

function publishesOf(fn: TaskFunction, app: CeleryApp): readonly Delay[] {
  return fn.body.publishes.flatMap((publish): readonly Delay[] => {
    const seconds = certainSeconds(publish.countdown, publish.insideLoop !== undefined);
    const target = app.functions.find(other => other.name === publish.target || other.functionName === publish.target || publish.target.endsWith(`.${other.functionName}`));
    return seconds === undefined ? [] : [{ seconds, at: publish.at, setting: publish.countdown, kind: 'countdown', in: fn, name: target?.functionName ?? 'a task', via: publish.via, ...(target && { of: target }) }];
  });
}

function retriesOf(fn: TaskFunction): readonly Delay[] {
  const { retry } = fn;
  if (!retry.retries || numberOf(retry.maxRetries) === 0) return [];
  const fallback = numberOf(retry.defaultRetryDelay);
  const calls = retry.calls.flatMap((call): readonly Delay[] => {
    if (call.countdown.state === 'unset') return fallback === undefined ? [] : [{ seconds: fallback, at: call.at, setting: retry.defaultRetryDelay, kind: 'retry-default', of: fn, in: fn, name: fn.functionName, via: call.via }];
    const seconds = certainSeconds(call.countdown, call.grows);
    return seconds === undefined ? [] : [{ seconds, at: call.at, setting: call.countdown, kind: 'retry', of: fn, in: fn, name: fn.functionName, via: call.via }];
  });
  if (retry.autoretryFor.length === 0) return calls;
  const backoff = longestBackoff(retry);
  const seconds = backoff ?? fallback;
  if (seconds === undefined) return calls;
  const setting: Setting<unknown> = backoff === undefined ? retry.defaultRetryDelay : retry.backoffMax;
  return [...calls, { seconds, at: retry.autoretryAt ?? fn.decoratorAt, setting, kind: backoff === undefined ? 'retry-default' : 'backoff', of: fn, in: fn, name: fn.functionName, via: [] }];
}

/**
 * s. The longest wait of an exponential backoff: factor × 2^n, n counting from 0 to one below the maximum of retries, never above
 * retry_backoff_max (celery utils/time.py, app/autoretry.py). undefined: no backoff, or its values are not known.
 */
export function longestBackoff(retry: RetryPolicy): number | undefined {
  if (retry.backoff.state !== 'set' || !retry.backoff.value) return undefined;
  const factor = retry.backoff.value === true ? 1 : numberOf(retry.backoff);
  const maximum = numberOf(retry.backoffMax);
  if (factor === undefined || maximum === undefined) return undefined;
  const retries = retry.maxRetries.state === 'set' ? retry.maxRetries.value ?? Infinity : Infinity;
  return Math.min(maximum, factor * 2 ** Math.max(0, retries - 1));
}

/** The longest value that is sure to occur: in a loop every candidate does, else only what all of them reach. */
function certainSeconds(setting: Setting<unknown>, allOccur: boolean): number | undefined {
  if (setting.state === 'set') return numberOf(setting);
  if (setting.state === 'unset') return undefined;
  const numbers = setting.candidates.filter(candidate => typeof candidate === 'number');
  if (numbers.length === 0 || numbers.length < setting.candidates.length) return undefined;
  return allOccur ? Math.max(...numbers) : Math.min(...numbers);
}

/** A delay of a message to nobody known may be another app's; one of several values is at least the smallest. */
export function delayConfidence({ in: fn, of, setting }: Delay): 'high' | 'medium' {
  return (fn === undefined && of === undefined) || setting.state === 'unknown' ? 'medium' : 'high';
}

/** `hold sends release with a countdown of`: what waits, in front of how long. */
export function delaySaid({ kind, in: fn, of: target, name }: Delay): string {
  if (!fn) return `${name} is sent with a delay of`;
  if (kind === 'countdown') return `${fn.functionName} sends ${target?.functionName ?? 'a task'} with a countdown of`;
  if (kind === 'backoff') return `the backoff of ${fn.functionName} grows to`;
  return kind === 'retry-default' ? `${fn.functionName} is retried after its default delay of` : `${fn.functionName} is retried after`;
}

/** The change that makes the delay shorter. */
export function shorterDelay({ kind, in: fn }: Delay, seconds: number): string {
  const below = `below ${seconds} s`;
  if (!fn) return `keep the delay ${below}`;
  if (kind === 'countdown') return `keep the countdown ${below}`;
  if (kind === 'backoff') return `set retry_backoff_max ${below}`;
  return kind === 'retry-default' ? `set default_retry_delay ${below}` : `keep the countdown of the retry ${below}`;
}
