import type { CeleryApp, TaskFunction, Worker } from '../model/index.js';
import { stopOf } from './bounds.js';
import type { Event, Fate, Outcome } from './outcome.js';
import { fatesOfFunction } from './worker.js';

/** s. The `exitMarginSeconds` threshold's default: a prefork worker was measured to need 2-2.7 s beyond its last task. */
const EXIT_MARGIN = 3;

/** The outcome as a report says it, of "the running task". */
export function outcomeText(outcome: Outcome): string {
  switch (outcome.is) {
    case 'completes': return 'the running task is done in time';
    case 'fails': return 'the running task fails, recorded';
    case 'lost': return 'the running task is lost';
    case 'twice': return 'the running task is done twice';
    case 'loops': return 'the running task is started over and over';
    case 'stuck': return 'the running task is not redelivered while workers keep running';
    case 'restarts': return AGAIN + AFTER[outcome.after];
  }
}

const AGAIN = 'the running task starts again from the beginning';
const AFTER: Readonly<Record<Extract<Outcome, { is: 'restarts' }>['after'], string>> = {
  'at-once': ' at once', restored: ' after some 10 s', retried: ' after the countdown of its retry', noticed: ' once the broker misses the worker', 'visibility-timeout': ' after the visibility timeout',
};

/** The steps that lead to a fate, with the seconds of the stop where they are known: `SIGTERM`, `the worker waits for running tasks`, `SIGKILL after 30 s`. */
export function stepsOf({ because }: Fate, stopSeconds: number | undefined): readonly string[] {
  return because.map(step => (step === 'SIGKILL' && stopSeconds !== undefined ? `SIGKILL after ${stopSeconds} s` : step));
}

/** A fate as one line: `SIGTERM → the worker waits for running tasks → SIGKILL after 30 s → it was acknowledged when it started: the running task is lost`. */
export function fateText(fate: Fate, stopSeconds?: number): string {
  return `${stepsOf(fate, stopSeconds).join(' → ')}: ${outcomeText(fate.outcome)}`;
}

/**
 * What becomes of the task that runs when its worker is killed. Where functions differ by their acknowledgement both are said; where
 * that is not known, the worst is said with its condition.
 */
export function outcomeOfKill(worker: Worker): string {
  const fates = worker.functions.map(fn => fatesOfFunction({ worker, fn }, 'container-killed', 0));
  const certain = fates.filter(each => each.length === 1 || each.every(({ outcome }) => outcome.is === 'restarts'))
    .map(each => (each.length === 1 ? outcomeText(each[0]!.outcome) : AGAIN));
  const texts = [...new Set(certain)];
  if (texts.length === 0) return 'the running task is cut off: lost if it is acknowledged early';
  if (texts.length === 1) return texts[0]!;
  const [lost, ...others] = texts.sort((a, b) => Number(b.endsWith('lost')) - Number(a.endsWith('lost')));
  return `${lost!} if it is acknowledged early, else it ${others[0]!.replace('the running task ', '')}`;
}

/**
 * What a stop does to the worst placed of the worker's tasks. Without task functions: what a kill does. `seconds`: s between SIGTERM
 * and SIGKILL, `margin`: s a worker needs beyond its last task.
 */
export function fateOfStop(worker: Worker, seconds: number, margin = EXIT_MARGIN): string {
  const worst = worstFate(worker, worker.functions.filter(fn => !fn.body.trivial), 'stop', margin);
  return worst && worst.isCertain ? fateText(worst.fate, seconds) : `SIGTERM → SIGKILL after ${seconds} s: ${outcomeOfKill(worker)}`;
}

/** The worst that may become of any of these functions at an event, with the function; undefined where there is none. */
export function worstFate(worker: Worker, functions: readonly TaskFunction[], event: Event, margin: number): { readonly fn: TaskFunction; readonly fate: Fate; readonly isCertain: boolean } | undefined {
  let worst: { readonly fn: TaskFunction; readonly fate: Fate; readonly isCertain: boolean; readonly rank: number } | undefined;
  for (const fn of functions) {
    const fates = fatesOfFunction({ worker, fn }, event, margin);
    if (fates.length === 0) continue;
    const rank = BADNESS.indexOf(fates[0]!.outcome.is) + (fates.length === 1 ? 0.5 : 0);
    if (!worst || rank > worst.rank) worst = { fn, fate: fates[0]!, isCertain: fates.length === 1, rank };
  }
  return worst && { fn: worst.fn, fate: worst.fate, isCertain: worst.isCertain };
}

/** How an app's message comes to that outcome at an event, on the first of its workers where it may; undefined where no worker is known, or none may. */
export function fateIn(app: Pick<CeleryApp, 'workers'>, functions: readonly TaskFunction[], event: Event, outcome: Outcome['is']): string | undefined {
  for (const worker of app.workers) {
    for (const fn of functions) {
      const fate = fatesOfFunction({ worker, fn }, event, EXIT_MARGIN).find(each => each.outcome.is === outcome);
      if (fate) return fateText(fate, stopOf(worker));
    }
  }
  return undefined;
}

const BADNESS: readonly Outcome['is'][] = ['completes', 'fails', 'restarts', 'twice', 'loops', 'stuck', 'lost'];
