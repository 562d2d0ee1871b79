import type { CeleryApp, MessageConsumer, TaskFunction, Worker } from '../model/index.js';
import { numberOf, stopOf } from './bounds.js';
import { consumerFates, type MessageFate } from './consumer.js';
import { cutAfter, cutsOf, type Cuts } from './cuts.js';
import { badness, EVENTS, keyOf, type Event, type Fate, type Outcome } from './outcome.js';
import { signalOf } from './signal.js';
import { outcomeText, stepsOf } from './text.js';
import { circumstancesOf, fatesOfFunction } from './worker.js';

/** One way it may go. `key`: what tells it from other ways; `steps`: what leads there. */
export interface Way { readonly is: Outcome['is']; readonly key: string; readonly text: string; readonly steps: readonly string[] }

/** What may become of a message at an event, the worst first; one way: certain. */
export interface Cell { readonly event: Event; readonly ways: readonly Way[] }

/** What takes messages. A worker whose command is nowhere is made of its app (`workerOf`). `startedBy`: the processes that make a consumer, as far as they are known. */
export type Unit = { readonly worker: Worker; readonly consumer?: undefined } | { readonly consumer: MessageConsumer; readonly startedBy: readonly Worker[]; readonly worker?: undefined };

/** The fates of one task function on one worker, or of what a consumer in Node.js takes. */
export interface Fated {
  readonly unit: Unit;
  readonly name: string;
  readonly fn?: TaskFunction;
  /** In the order of EVENTS; events that cannot occur here are left out. Empty: nobody has measured what becomes of it. */
  readonly cells: readonly Cell[];
  readonly cuts?: Cuts;
}

/** Is it an app whose worker command is nowhere? */
export const isAlone = ({ command }: Worker): boolean => command.text === '' && command.kind === 'celery-other';

/** The name by which a unit is found again at another revision, where lines have moved. */
export const unitKey = ({ worker, consumer }: Unit): string => JSON.stringify(worker ? [worker.id, worker.environment] : [consumer.at.path, consumer.kind, consumer.queue ?? consumer.text]);
/** What stands in one section: a worker, or the consumers of one kind in a package. */
export const placeOf = (unit: Unit): string => (unit.worker ? unitKey(unit) : JSON.stringify([unit.consumer.kind, unit.consumer.process.folder]));

/** Every task function of every worker, and every consumer, with its fates. `margin`: s a worker needs beyond its last task. */
export function fatedOf(workers: readonly Worker[], consumers: readonly MessageConsumer[], margin: number): readonly Fated[] {
  return [...workers.flatMap(worker => worker.functions.map(fn => fatedFunction(worker, fn, margin))), ...consumers.map(consumer => fatedConsumer(consumer, workers.filter(worker => worker.consumers?.some(({ id }) => id === consumer.id))))];
}

/** An app whose worker command is nowhere, as a worker: how it is started and stopped is not known. */
export function workerOf({ id, name, at, settings, broker, pool, functions, ...app }: CeleryApp): Worker {
  const unknown = { state: 'unknown', at, expression: '', candidates: [] } as const;
  return {
    id, name, platform: 'ecs', role: 'deployed', command: { kind: 'celery-other', text: '', at, options: new Map(), unknownOptions: new Map(), overrides: new Map() }, start: { links: [], complete: false },
    app: { id, name, at, settings, broker, pool, functions, ...app }, settings, broker, pool, stopTime: { state: 'unset', at, slots: [] }, drainNeed: { is: 'unknown' }, functions, sigtermRemap: unknown, strayVariables: [], joins: [],
  };
}

function fatedFunction(worker: Worker, fn: TaskFunction, margin: number): Fated {
  const stop = stopOf(worker);
  const cells = EVENTS.filter(event => mayOccur(event, worker)).map(event => ({ event, ways: fatesOfFunction({ worker, fn }, event, margin).map(fate => wayOf(fate, stop)) }));
  const known = circumstancesOf({ worker, fn }, 'stop', margin);
  return {
    unit: { worker }, name: fn.name, fn, cells: cells.filter(({ event, ways }) => ways.length > 0 && !(event === 'exception' && ways.every(({ is }) => is === 'fails'))),
    cuts: cutsOf(worker, fn, known, cutAfter(known, stop, numberOf(worker.settings.get('worker_soft_shutdown_timeout')) ?? 0)),
  };
}

const wayOf = (fate: Fate, stop: number | undefined): Way => ({ is: fate.outcome.is, key: keyOf(fate.outcome), text: outcomeText(fate.outcome), steps: stepsOf(fate, stop) });

/**
 * The events that are shown for a worker: those that may interrupt a run there. A second stop does what the first one did; a recycled child
 * and a long task ahead end nothing. Where a pool has no child processes, the death of one is that of the container.
 */
function mayOccur(event: Event, { broker, pool }: Worker): boolean {
  switch (event) {
    case 'second-stop': case 'recycled': case 'long-task-ahead': return false;
    case 'child-killed': return pool === 'prefork' || pool === 'unknown' || pool === 'other';
    case 'connection-lost': return broker !== 'sqs';
    case 'visibility-timeout': return broker === 'redis' || broker === 'sqs' || broker === 'unknown';
    case 'consumer-timeout': return broker === 'rabbitmq' || broker === 'unknown';
    default: return true;
  }
}

function fatedConsumer(consumer: MessageConsumer, workers: readonly Worker[]): Fated {
  const cells = ([['stop', 'stop'], ['container-killed', 'container-killed'], ['visibility-timeout', 'lease-expires']] as const).map(([event, of]) => ({ event, ways: consumerFates(consumer, of, workers).map(wayOfMessage) }));
  return { unit: { consumer, startedBy: workers }, name: consumer.queue ?? consumer.text, cells: cells.filter(({ ways }) => ways.length > 0) };
}

const IS: Readonly<Record<MessageFate['outcome'], Outcome['is']>> = { once: 'completes', again: 'restarts', twice: 'twice', lost: 'lost' };
const OF_MESSAGE: Readonly<Record<MessageFate['outcome'], string>> = { once: 'the message is done once', again: 'the message is handled again from the beginning', twice: 'the message is done twice', lost: 'the message is lost' };
const AFTER_MESSAGE = { 'at-once': ' at once', 'stall-check': ' after the stall check', 'visibility-timeout': ' after the visibility timeout' } as const;

function wayOfMessage({ outcome, after, because }: MessageFate): Way {
  return { is: IS[outcome], key: after ? `${outcome} ${after}` : outcome, text: OF_MESSAGE[outcome] + (after ? AFTER_MESSAGE[after] : ''), steps: [because] };
}

/** How bad a cell is: its worst way, then its best one, so that what is certain is worse than what may be. */
export const badnessOf = ({ ways }: Cell): readonly number[] => (ways.length === 0 ? [] : [badnessIs(ways[0]!), badnessIs(ways.at(-1)!)]);
const badnessIs = ({ is }: Way): number => badness({ is } as Outcome);

export const cellAt = ({ cells }: Fated, event: Event): Cell | undefined => cells.find(cell => cell.event === event);

/** Which of two is worse off, by the first event where they differ; a stop, which comes with every deployment, counts first. Negative: `a` is. */
export function worseFirst(a: Fated, b: Fated): number {
  for (const event of EVENTS) {
    const [left, right] = [cellAt(a, event), cellAt(b, event)].map(cell => (cell ? badnessOf(cell) : []));
    const difference = (right![0] ?? -1) - (left![0] ?? -1) || (right![1] ?? -1) - (left![1] ?? -1);
    if (difference !== 0) return difference;
    if (event === 'stop') {
      const cut = shareOf(b.cuts) - shareOf(a.cuts);
      if (cut !== 0) return cut;
    }
  }
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

const shareOf = (cuts: Cuts | undefined): number => (cuts?.is === 'share' ? cuts.share : cuts?.is === 'protected' ? 0 : 1);

/** Functions with the same fates on one worker, or on several that are alike. */
export interface Row { readonly members: readonly Fated[]; readonly cells: readonly Cell[] }
export interface Section { readonly units: readonly Unit[]; readonly rows: readonly Row[] }

/** The table: a section for each unit, and one for all that are alike; the worst section and the worst row first. `fine`: what comes later or otherwise is not alike either. */
export function sectionsOf(all: readonly Fated[], fine: boolean): readonly Section[] {
  const keyOfCells = fine ? cellsKey : (cells: readonly Cell[]): string => JSON.stringify(cells.map(({ event, ways }) => [event, ways[0]?.is, new Set(ways.map(({ is }) => is)).size > 1]));
  const byUnit = new Map<string, Fated[]>();
  for (const one of all) {
    const key = placeOf(one.unit);
    const known = byUnit.get(key);
    if (known) known.push(one); else byUnit.set(key, [one]);
  }
  const sections = new Map<string, { readonly units: Unit[]; readonly rows: readonly Row[] }>();
  for (const members of byUnit.values()) {
    const rows = rowsOf([...members].sort(worseFirst), keyOfCells);
    const { worker } = members[0]!.unit;
    const key = worker ? JSON.stringify([stopOf(worker), worker.broker, worker.pool, signalOf(worker), isAlone(worker), rows.map(row => [row.members.map(({ name, cuts }) => [name, cuts]), keyOfCells(row.cells)])]) : placeOf(members[0]!.unit);
    const known = sections.get(key);
    if (known) known.units.push(members[0]!.unit); else sections.set(key, { units: worker ? [members[0]!.unit] : members.map(({ unit }) => unit), rows });
  }
  return [...sections.values()].sort((a, b) => worseFirst(a.rows[0]!.members[0]!, b.rows[0]!.members[0]!));
}

function rowsOf(sorted: readonly Fated[], keyOfCells: (cells: readonly Cell[]) => string): readonly Row[] {
  const rows = new Map<string, { readonly members: Fated[]; readonly cells: readonly Cell[] }>();
  for (const one of sorted) {
    const key = keyOfCells(one.cells);
    const known = rows.get(key);
    if (known) known.members.push(one); else rows.set(key, { members: [one], cells: one.cells });
  }
  return [...rows.values()];
}

/** The same for cells that say the same. */
export const cellsKey = (cells: readonly Cell[]): string => JSON.stringify(cells.map(({ event, ways }) => [event, ways.map(({ key }) => key)]));
