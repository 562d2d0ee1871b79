import type { Confidence, DrainNeed, EffectiveSettings, PoolKind, Setting, TaskFunction } from '../model/index.js';

/** Pools that ignore time limits (measured: threads, solo; gevent keeps the hard one; eventlet has none). */
const IGNORES_LIMITS: ReadonlySet<PoolKind> = new Set(['threads', 'solo', 'eventlet']);

/**
 * How long a worker needs to leave after SIGTERM: the longest hard limit of what it runs (a warm shutdown waits for running tasks
 * and nothing else bounds it), an observed maximum from the configuration, or no bound at all. Where no task function is known, the limit of the
 * whole pool counts, which an option of one of them may raise.
 */
export function drainNeedOf(settings: EffectiveSettings, functions: readonly TaskFunction[], pool: PoolKind): DrainNeed {
  const ignored = IGNORES_LIMITS.has(pool);
  const global = settings.get('task_time_limit') as Setting<number> | undefined;
  if (functions.length === 0) {
    if (!ignored && global?.state === 'set' && typeof global.value === 'number' && global.value > 0) return { is: 'bounded', seconds: global.value, from: [global.at], confidence: 'medium' };
    return { is: 'unknown' };
  }
  const bounds = functions.map(fn => boundOf(fn, ignored));
  if (bounds.includes('unknown')) return { is: 'unknown' };
  const numbers = bounds.filter(bound => typeof bound === 'object');
  const unbounded = functions.some((fn, i) => bounds[i] === 'none' && !fn.body.trivial);
  if (unbounded) return { is: 'unbounded', confidence: 'medium' };
  if (numbers.length === 0) return { is: 'unknown' };
  const seconds = Math.max(...numbers.map(bound => bound.seconds));
  const longest = numbers.filter(bound => bound.seconds === seconds);
  const declared = longest.find(bound => bound.isDeclared);
  return { is: 'bounded', seconds, from: unique(longest.map(bound => bound.at)).slice(0, 3), confidence: longest.some(bound => bound.confidence === 'high') ? 'high' : 'medium', ...(declared && { declared: declared.at }) };
}

interface Bound { readonly seconds: number; readonly at: TaskFunction['at']; readonly confidence: Confidence; readonly isDeclared?: true }

function boundOf(fn: TaskFunction, ignored: boolean): Bound | 'none' | 'unknown' {
  if (fn.observed) return { ...fn.observed, confidence: 'high', isDeclared: true };
  if (fn.ownTimeout) return fn.ownTimeout.seconds === undefined ? 'unknown' : { seconds: fn.ownTimeout.seconds, at: fn.ownTimeout.at, confidence: 'medium' };
  if (ignored) return 'none';
  if (fn.timeLimit.state === 'set') return typeof fn.timeLimit.value === 'number' ? { seconds: fn.timeLimit.value, at: fn.timeLimit.at, confidence: confidenceOf(fn.timeLimit) } : 'unknown';
  return fn.timeLimit.state === 'unknown' ? 'unknown' : 'none';
}

const confidenceOf = (setting: Setting<unknown>): Confidence => (setting.state === 'set' && setting.certainty === 'written' ? 'high' : 'medium');
const unique = (places: readonly TaskFunction['at'][]): readonly TaskFunction['at'][] => [...new Map(places.map(at => [`${at.path}:${at.startLine}`, at])).values()];
