import type { CeleryApp, Problem, Rule, TaskFunction, Thresholds } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { appConfidence, fixTo, listed, plural } from '../shared.js';
import { acksLate, afterNames, asFound, boundOf, byAcknowledgement, isAtLeast, isOn, isWritten, longestSaid, numberOf, ofApp, placeIn, toWrite } from '../celery-shared.js';

/** s. Work below this does not make a waiting message late. */
const SHORT = 60;

export const prefetchAboveOne: Rule = {
  id: 'celery/prefetch-above-one',
  severity: 'warning',
  title: 'A worker process holds messages that others could run',
  rationale:
    'Each worker process reserves worker_prefetch_multiplier messages (4 unless set). Behind a long task they wait although other workers are idle, their visibility ' +
    'timeout runs meanwhile, and when the container is killed they come back only after it.',
  remedy: 'Set worker_prefetch_multiplier to 1 with late acknowledgement; keep a higher value for short tasks alone.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/optimizing.html#prefetch-limits', 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#worker-prefetch-multiplier'],
  provenBy: ['hostage/prefork/late/prefetch=4', 'hostage/prefork/late/prefetch=1'],

  *check({ apps }, thresholds) {
    for (const app of apps) {
      const problem = judge(app, thresholds);
      if (problem) yield problem;
    }
  },
};

function judge(app: CeleryApp, thresholds: Thresholds): Problem | undefined {
  const setting = app.settings.get('worker_prefetch_multiplier');
  const multiplier = numberOf(setting);
  if (!setting || multiplier === undefined || (multiplier >= 1 && multiplier <= thresholds.prefetchMultiplier) || holdsNothing(app)) return undefined;
  const long = app.functions.filter(fn => isLong(fn, app, thresholds));
  const late = byAcknowledgement(app.functions).late;
  const deliberate = isWritten(setting) && multiplier > 0;
  if (deliberate && (app.pool === 'gevent' || app.pool === 'eventlet' || (app.functions.length > 0 && app.functions.every(fn => isShort(fn, app))))) return undefined;
  if (long.length === 0 && !acksLate(app)) return undefined;
  const at = placeIn(app, setting);
  const wanted = thresholds.prefetchMultiplier;
  const fix = fixTo(setting, wanted, 'delivery', `reserve ${wanted === 1 ? 'one message' : plural(wanted, 'message')} per process`);
  return {
    order: 7, at, confidence: appConfidence(app, setting, long.length === 0 || deliberate ? 'high' : 'medium'),
    message: `${asFound(app, 'worker_prefetch_multiplier')}, so ${reserved(app, multiplier)}: they wait behind ${waitsFor(app, long)} while other workers are idle`,
    label: multiplier === 0 ? 'reserves the whole queue' : `reserves ${multiplier} messages per process`,
    suggestion: `${toWrite(app, ['worker_prefetch_multiplier', wanted])}${rest(app, wanted)}`,
    ...ofApp(app, at, long.length > 0 ? long : late, long.length > 0 ? 'may run long' : 'acknowledged late'),
    ...afterNames(app, 'worker_prefetch_multiplier'), ...(fix && { fix }),
  };
}

/** From 5.6 a worker on Redis can be told to hold no more messages than it has processes (measured). */
const holdsNothing = (app: CeleryApp): boolean => app.broker === 'redis' && isAtLeast(app.versions.celery, '5.6') && isOn(app.settings.get('worker_disable_prefetch')) === true;

function isShort(fn: TaskFunction, app: CeleryApp): boolean {
  const bound = boundOf(fn, app.pool);
  return typeof bound === 'number' && bound <= SHORT;
}

/** What it does, or how long it is allowed, shows that it may run for minutes. */
function isLong(fn: TaskFunction, app: CeleryApp, { maxTaskSeconds }: Thresholds): boolean {
  if (fn.observed) return fn.observed.seconds > SHORT;
  const bound = boundOf(fn, app.pool);
  if (typeof bound === 'number') return bound > maxTaskSeconds / 2 && !fn.body.trivial;
  const { loops, effects } = fn.body;
  return loops.some(loop => loop.bound === 'unbounded') || effects.some(({ kind, insideLoop }) => kind === 'subprocess' || (insideLoop !== undefined && loops[insideLoop]?.bound !== 'bounded'));
}

function reserved(app: CeleryApp, multiplier: number): string {
  if (multiplier === 0) return 'one worker takes every message there is';
  const concurrency = agreed(app.settings.get('worker_concurrency'));
  const all = typeof concurrency === 'number' ? ` (${plural(concurrency * multiplier, 'message')} for ${concurrency} process${concurrency === 1 ? '' : 'es'})` : '';
  return `each worker process reserves ${multiplier} messages${all}`;
}

function waitsFor(app: CeleryApp, long: readonly TaskFunction[]): string {
  const bounds = long.map(fn => boundOf(fn, app.pool)).filter(bound => typeof bound === 'number');
  if (long.length === 0) return 'the running task';
  return bounds.length === 0 ? listed(long.map(fn => fn.functionName), 2) : `a task that may run ${longestSaid(Math.max(...bounds), long)}`;
}

/** Under early acknowledgement a process takes its next message as soon as one is acknowledged, which is when its task starts (measured). */
function rest(app: CeleryApp, kept: number): string {
  if (acksLate(app)) return '';
  const disable = app.broker === 'redis' && isAtLeast(app.versions.celery, '5.6') ? `, or ${toWrite(app, ['worker_disable_prefetch', true])} (Celery 5.6)` : '';
  return `; under early acknowledgement that still holds ${kept === 1 ? 'one message' : plural(kept, 'message')} per process: acknowledge late too${disable}`;
}
