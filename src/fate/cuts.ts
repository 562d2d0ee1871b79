import type { TaskFunction, Worker } from '../model/index.js';
import { boundOf, stopOf } from './bounds.js';
import type { Known } from './circumstances.js';

/** How many of the runs that are in progress at SIGTERM a stop cuts off. */
export type Cuts =
  /** Of runs that need `seconds` each, where `stopSeconds` are left to them; `share` from 0 to 1. observed: `durations` says so; limit: a time limit ends them, and they may be shorter. */
  | { readonly is: 'share'; readonly share: number; readonly seconds: number; readonly stopSeconds: number; readonly basis: 'observed' | 'limit' }
  /** The stop leaves a run no time at all. */
  | { readonly is: 'every' }
  /** The worker does not hear the signal and takes messages until SIGKILL: what runs then is cut, whatever the stop time is. */
  | { readonly is: 'whatever-runs' }
  /** ECS task protection: a deployment and scale-in wait for the run. */
  | { readonly is: 'protected' }
  | { readonly is: 'unknown'; readonly because: 'duration' | 'unbounded' | 'stop' | 'signal' };

/**
 * s after SIGTERM at which a run that has not ended is cut off; undefined: not known. Circumstances as decide.ts takes them: a shell
 * that dies, a child that is signalled and a cold shutdown cut at once, a soft shutdown when its time is over, else SIGKILL does.
 */
export function cutAfter({ signal, remaps, pool, soft, softFits, modernPools, soloWaits }: Known, stop: number | undefined, softSeconds: number): number | undefined {
  if (signal === 'kills') return 0;
  if (signal === 'ignored') return stop;
  if (signal === undefined || remaps === undefined) return undefined;
  if (!remaps) return (signal === 'group' && pool === 'prefork') || (pool === 'solo' && modernPools === false) ? 0 : stop;
  if (pool === 'threads' || (pool === 'solo' && soloWaits)) return stop;
  if (pool === 'solo' && soloWaits === undefined) return undefined;
  return soft === 'none' ? 0 : soft === undefined || softFits === undefined ? undefined : softFits ? softSeconds : stop;
}

/**
 * The share of runs in progress that a stop cuts: max(0, 1 - left / needed). A stop comes at a random time of a run that always needs
 * the same, so what is left of it is anything from nothing to all, each as likely. `cut`: as `cutAfter` says.
 */
export function cutsOf(worker: Worker, fn: TaskFunction, known: Known, cut: number | undefined): Cuts {
  if (worker.app?.taskProtection) return { is: 'protected' };
  if (known.signal === 'ignored') return { is: 'whatever-runs' };
  if (cut !== 0 && fn.observed === undefined && fn.body.trivial) return { is: 'share', share: 0, seconds: 0, stopSeconds: stopOf(worker) ?? 0, basis: 'limit' };
  if (known.signal === undefined) return { is: 'unknown', because: 'signal' };
  if (cut === undefined) return { is: 'unknown', because: 'stop' };
  if (cut === 0) return { is: 'every' };
  const seconds = boundOf(fn, worker.pool);
  if (seconds === 'none') return { is: 'unknown', because: 'unbounded' };
  if (seconds === 'unknown') return { is: 'unknown', because: 'duration' };
  return { is: 'share', share: seconds <= cut ? 0 : 1 - cut / seconds, seconds, stopSeconds: cut, basis: fn.observed === undefined ? 'limit' : 'observed' };
}

/** `90 %`; less than one per cent is said to be. */
export const percent = (share: number): string => (share > 0 && share < 0.005 ? '< 1 %' : share < 1 && share > 0.995 ? '> 99 %' : `${Math.round(share * 100)} %`);

/** `90 % of the runs in progress are cut (a run takes 300 s, the stop leaves it 30 s)`, or why that is not known. */
export function cutsText(cuts: Cuts): string {
  switch (cuts.is) {
    case 'protected': return 'no run is cut by a deployment or scale-in: ECS task protection makes them wait';
    case 'every': return 'every run in progress is cut at once';
    case 'whatever-runs': return 'what SIGKILL finds running is cut, however long the stop time: the worker goes on taking messages';
    case 'unknown': return `how many runs are cut is not known: ${UNKNOWN[cuts.because]}`;
    case 'share': {
      const { share, seconds, stopSeconds, basis } = cuts;
      if (seconds === 0) return 'no run is cut: nothing in it takes long';
      const takes = basis === 'observed' ? `a run takes ${seconds} s` : share === 0 ? `a run takes ${seconds} s at most` : `if a run takes its full ${seconds} s`;
      return `${share === 0 ? 'no run in progress is' : `${percent(share)} of the runs in progress are`} cut (${takes}, the stop leaves it ${stopSeconds} s)`;
    }
  }
}

const UNKNOWN: Readonly<Record<Extract<Cuts, { is: 'unknown' }>['because'], string>> = {
  duration: 'the time limit of a run could not be resolved', unbounded: 'nothing bounds a run; `durations` in drainlint.config.yaml can say how long it takes',
  stop: 'the stop time, or what SIGTERM starts, could not be resolved', signal: 'the way of SIGTERM to the worker could not be resolved',
};
