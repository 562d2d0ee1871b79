import { existsSync, readFileSync } from 'node:fs';

/** What a worker or its task functions say of themselves; `t`: s of the monotonic clock, `w`: the container, `tid`: the message, `ex`: one execution of it. */
export interface WorkerEvent { readonly ev: 'ready' | 'start' | 'end' | 'interrupted' | 'failed'; readonly t: number; readonly w: string; readonly tid?: string; readonly ex?: string; readonly exc?: string }

export function readEvents(path: string): readonly WorkerEvent[] {
  // the last line may still be on its way
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line) as WorkerEvent) : [];
}

/** Executions that have begun and not ended, of workers that live. */
export function running(events: readonly WorkerEvent[], gone: (worker: string) => boolean): readonly WorkerEvent[] {
  const over = new Set(events.filter(({ ev }) => ev === 'end' || ev === 'interrupted').map(({ ex }) => ex));
  return events.filter(({ ev, ex, w }) => ev === 'start' && !over.has(ex) && !gone(w));
}

/**
 * once: one execution, which ended. rerun: cut short, started again from the beginning, ended once. twice: ended more than once.
 * lost: never ended, and the broker holds nothing. waiting: never ended, and the broker still holds it.
 * sender: done in the process that sent it.
 */
export type Verdict = 'once' | 'rerun' | 'twice' | 'lost' | 'waiting' | 'sender';

/** `again`: s from the event to the second start. `late`: s from the event to the first start, for a message that had not begun then. */
export interface Observed { readonly verdict: Verdict; readonly starts: number; readonly ends: number; readonly again?: number; readonly late?: number }

/** What became of one message. `event`: when it happened; `held`: messages that the broker still has. */
export function observe(events: readonly WorkerEvent[], id: string, event: number | undefined, held: number): Observed {
  const starts = events.filter(({ ev, tid }) => ev === 'start' && tid === id), ends = events.filter(({ ev, tid }) => ev === 'end' && tid === id);
  const since = (start: WorkerEvent | undefined): number | undefined => (start && event !== undefined && start.t > event ? Math.round((start.t - event) * 10) / 10 : undefined);
  const again = since(starts[1]), late = since(starts[0]);
  return { verdict: verdictOf(starts, ends, held), starts: starts.length, ends: ends.length, ...(again !== undefined && { again }), ...(late !== undefined && { late }) };
}

function verdictOf(starts: readonly WorkerEvent[], ends: readonly WorkerEvent[], held: number): Verdict {
  if (ends.length > 1) return 'twice';
  if (ends.length === 0) return held > 0 ? 'waiting' : 'lost';
  return ends[0]!.w === 'sender' ? 'sender' : starts.length === 1 ? 'once' : 'rerun';
}
