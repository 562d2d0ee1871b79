import { explore, type Circumstances, type Known } from './circumstances.js';
import { decide } from './decide.js';

/** What interrupts a task. Only `stop` is announced. */
export const EVENTS = ['stop', 'container-killed', 'host-lost', 'child-killed', 'connection-lost', 'hard-limit', 'exception', 'visibility-timeout', 'consumer-timeout', 'second-stop', 'recycled', 'long-task-ahead'] as const;
/**
 * stop: SIGTERM by a deployment or scale-in, SIGKILL when stopTimeout is over. container-killed: SIGKILL without a warning, as by
 * running out of the container's memory. host-lost: the same, and nobody closes the connections. child-killed: one child process, as by running out of memory.
 * second-stop: the next deployment comes while the task runs again. recycled: max_tasks_per_child. long-task-ahead: another task occupies the process.
 */
export type Event = (typeof EVENTS)[number];

/** What becomes of the message. completes: done once, at its time. fails: an exception of its own, recorded. */
export type Outcome =
  | { readonly is: 'completes' | 'fails' | 'lost' | 'twice' | 'loops' }
  /** Runs (again) from the beginning. */
  | { readonly is: 'restarts'; readonly after: Delay }
  /** The broker keeps it, and no running worker gets it. */
  | { readonly is: 'stuck' };
/** restored: SQS makes a message it gets back visible after wait_time_seconds (10 s). retried: after the countdown of its retry. noticed: when the broker misses the heartbeats. */
export type Delay = 'at-once' | 'restored' | 'retried' | 'noticed' | 'visibility-timeout';

/** One way it may go, with the steps that lead there. */
export interface Fate { readonly outcome: Outcome; readonly because: readonly string[] }

/** All that may become of a message, worst first. One: certain. Several: it depends on what is not known, or on a race. */
export function fatesOf(known: Known, event: Event): readonly Fate[] {
  const key = event + JSON.stringify(known);
  const before = found.get(key);
  if (before) return before;
  const all = explore(known, circumstances => decide(circumstances, event));
  const distinct = new Map(all.map(fate => [keyOf(fate.outcome), fate]).reverse() as [string, Fate][]);
  const fates = [...distinct.values()].sort((a, b) => badness(b.outcome) - badness(a.outcome));
  if (found.size >= MOST) found.clear();
  found.set(key, fates);
  return fates;
}

/** What was explored: most functions of most workers share their circumstances, and where little is known one takes 10 ms. */
const found = new Map<string, readonly Fate[]>();
const MOST = 10_000;

export const keyOf = (outcome: Outcome): string => (outcome.is === 'restarts' ? `restarts ${outcome.after}` : outcome.is);

const ORDER: readonly Outcome['is'][] = ['completes', 'fails', 'restarts', 'twice', 'loops', 'stuck', 'lost'];
export const badness = (outcome: Outcome): number => ORDER.indexOf(outcome.is);

/** The task is not done, or done twice, and nothing puts that right. */
export function isHarm({ is }: Outcome): boolean {
  return is === 'lost' || is === 'twice' || is === 'loops' || is === 'stuck';
}

export type { Circumstances, Known };
