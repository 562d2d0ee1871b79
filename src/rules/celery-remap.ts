import type { CeleryApp, TaskFunction, Worker } from '../model/index.js';
import { boundOf, byAcknowledgement, isAtLeast, numberOf } from './celery-shared.js';

/** The only value that makes Celery shut down cold on SIGTERM (celery apps/worker.py:434, 5.6.3). */
export const REMAP = 'SIGQUIT';

/** Why a remapped SIGTERM loses tasks instead of giving them back. */
export type Loss =
  | { readonly by: 'early-ack'; readonly functions: readonly TaskFunction[] }
  /** threads: nothing is lost by it, but the worker crashes and stays until SIGKILL. `isMeasured`: not on eventlet. */
  | { readonly by: 'pool'; readonly isMeasured: boolean }
  | { readonly by: 'billiard'; readonly isPinned: boolean };

/** What REMAP_SIGTERM=SIGQUIT would cost this worker, worst first; empty where it gives tasks back. */
export function lossesOf(worker: Worker, app: CeleryApp): readonly Loss[] {
  const { early } = byAcknowledgement(worker.functions);
  const late = worker.functions.length > early.length || early.length === 0;
  const losses: Loss[] = [];
  if (early.length > 0 && !outwaits(worker, early)) losses.push({ by: 'early-ack', functions: early });
  // up to 5.4.0 late-acknowledged tasks of solo and gevent stay with the broker, 5.5.3 and 5.6.3 lose them (measured); the cold shutdown was rewritten in 5.5
  if (late && POOLS.includes(worker.pool) && (worker.pool === 'eventlet' || isAtLeast(app.versions.celery, '5.5'))) losses.push({ by: 'pool', isMeasured: worker.pool !== 'eventlet' });
  if (late && worker.pool === 'prefork' && hasBrokenBilliard(app) && !outwaits(worker, worker.functions)) losses.push({ by: 'billiard', isPinned: app.versions.billiard.version !== undefined && app.versions.celery.version !== undefined });
  return losses;
}

/** Pools that cannot give a running task back: terminate_job is missing, or kills the greenlet. */
const POOLS: readonly Worker['pool'][] = ['solo', 'threads', 'gevent', 'eventlet'];

/** billiard 4.3.0 reports the exit of a child as an ordinary failure, which celery up to 5.6.3 acknowledges (measured; celery PR #10667). */
export function hasBrokenBilliard({ versions }: CeleryApp): boolean {
  return isAtLeast(versions.billiard, '4.3.0') && !isAtLeast(versions.celery, '5.6.4');
}

/** The worker's main process honours the remap since 4.4.7 (celery 92df000d). */
export function knowsRemap({ versions }: CeleryApp): boolean {
  return isAtLeast(versions.celery, '4.4.7');
}

/** The soft shutdown (5.5) waits long enough for all of these to end. */
function outwaits(worker: Worker, functions: readonly TaskFunction[]): boolean {
  const soft = numberOf(worker.settings.get('worker_soft_shutdown_timeout')) ?? 0;
  return soft > 0 && functions.length > 0 && functions.every(fn => { const bound = boundOf(fn, worker.pool); return typeof bound === 'number' && bound <= soft; });
}
