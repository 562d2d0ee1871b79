import type { CeleryApp, TaskFunction, Thresholds } from '../model/index.js';
import { visibilityOf } from '../fate/index.js';
import { delaysOf } from './celery-delays.js';
import { boundOf, byAcknowledgement, isOn, longestStop, numberOf } from './celery-shared.js';

export { VISIBILITY_TIMEOUT, visibilityOf, type Visibility } from '../fate/index.js';

/** s. A queue of SQS allows no more (12 hours). */
export const SQS_MAXIMUM = 43_200;

/** How long a message of an app may stay unacknowledged. */
export interface Floor {
  /** s. Below this a message is delivered again while its task runs: longest limit + stop + exit margin + the delay it was sent with. 0: nothing says so. */
  readonly seconds: number;
  /** s. The same with the longest of everything, and the longest stop where no stop time is known: always enough. */
  readonly enough: number;
  /** s. The longest hard limit of a late-acknowledged function, with its delay: alone enough to outlast. */
  readonly running: number;
  readonly stop: number | undefined;
  readonly longestDelay: number;
  /** The late-acknowledged function that sets it. */
  readonly by?: TaskFunction;
  /** Late-acknowledged functions that nothing bounds. */
  readonly unlimited: readonly TaskFunction[];
}

/** Delays at or above `visibility` are left out of `seconds`: celery/countdown-exceeds-visibility-timeout speaks of them. */
export function floorOf(app: CeleryApp, visibility: number, thresholds: Pick<Thresholds, 'exitMarginSeconds' | 'stopTimeoutSeconds'>): Floor {
  const { late } = byAcknowledgement(app.functions);
  const delays = delaysOf(app);
  const stop = longestStop(app);
  const ownDelay = (fn: TaskFunction): number => Math.max(0, ...delays.filter(delay => delay.of === fn && delay.seconds < visibility).map(({ seconds }) => seconds));
  const runs = late.map(fn => ({ fn, bound: boundOf(fn, app.pool), delay: ownDelay(fn) }));
  const bounded = runs.flatMap(({ fn, bound, delay }) => (typeof bound === 'number' && bound > 0 ? [{ fn, seconds: bound + delay }] : []));
  const global = app.functions.length === 0 && isOn(app.settings.get('task_acks_late')) ? numberOf(app.settings.get('task_time_limit')) ?? 0 : 0;
  const longest = bounded.reduce<{ readonly fn?: TaskFunction; readonly seconds: number }>((best, one) => (one.seconds > best.seconds ? one : best), { seconds: global });
  const limits = app.functions.map(fn => boundOf(fn, app.pool)).filter(bound => typeof bound === 'number');
  const longestDelay = Math.max(0, ...delays.map(({ seconds }) => seconds));
  return {
    seconds: longest.seconds > 0 ? longest.seconds + (stop ?? 0) + thresholds.exitMarginSeconds : 0,
    enough: Math.ceil(Math.max(global, 0, ...limits) + (stop ?? thresholds.stopTimeoutSeconds) + thresholds.exitMarginSeconds + longestDelay),
    running: longest.seconds, stop, longestDelay, ...(longest.fn && { by: longest.fn }),
    unlimited: runs.filter(({ bound }) => bound === 'none').map(({ fn }) => fn),
  };
}

/** s. A hard limit that fits below the visibility timeout the rules ask for, and one for the soft limit below it. */
export function fittingLimits(app: CeleryApp, thresholds: Thresholds): { readonly hard: number; readonly soft: number; /** s. The visibility timeout that has to go with them. */ readonly visibility?: number } {
  const visibility = visibilityOf(app);
  const target = Math.min(visibility?.seconds ?? Infinity, thresholds.visibilityTimeoutSeconds);
  const floor = floorOf(app, target, thresholds);
  const delay = Math.max(0, ...delaysOf(app).map(({ seconds }) => seconds).filter(seconds => seconds < target));
  const room = visibility ? target - (floor.stop ?? thresholds.stopTimeoutSeconds) - thresholds.exitMarginSeconds - delay : Infinity;
  // a little less to fit, never a limit cut down to serve another value: then that one goes up
  const hard = room < thresholds.maxTaskSeconds && room >= thresholds.maxTaskSeconds * 0.8 ? Math.floor(room / 10) * 10 : thresholds.maxTaskSeconds;
  const needed = Math.ceil(hard + (floor.stop ?? thresholds.stopTimeoutSeconds) + thresholds.exitMarginSeconds + delay);
  return { hard, soft: softBelow(hard), ...(visibility && needed > visibility.seconds && { visibility: needed }) };
}

/** s. A soft limit with time left to clean up: 30 s before the hard one, a tenth where that is short. Celery takes parts of a second. */
export function softBelow(hard: number): number {
  return hard > 300 ? hard - 30 : hard >= 2 ? Math.floor(hard * 0.9) : Math.round(hard * 90) / 100;
}

/** A number of milliseconds where seconds are meant: 900000. Days as seconds have other digits (86400, 604800). */
export function looksLikeMilliseconds(seconds: number): boolean {
  return seconds >= 120_000 && seconds % 30_000 === 0;
}
