import type { Cuts } from './cuts.js';
import { EVENTS, type Event } from './outcome.js';
import { badnessOf, cellAt, cellsKey, placeOf, unitKey, type Cell, type Fated, type Unit } from './table.js';

/** A cell, a share of cut runs or both that differ between two states of one unit. */
export interface Change { readonly event: Event; readonly before: Cell | undefined; readonly after: Cell | undefined; readonly cuts?: { readonly before: Cuts; readonly after: Cuts }; readonly is: 'better' | 'worse' | 'other' }
export interface Changed { readonly members: readonly Fated[]; readonly changes: readonly Change[] }
export interface Comparison {
  /** The worst first: functions whose fates change in the same way stand together. */
  readonly changed: readonly { readonly units: readonly Unit[]; readonly rows: readonly Changed[] }[];
  /** How many task functions (on each worker) and consumers keep their fates. */
  readonly unchanged: number;
  /** How many workers and consumers were compared. */
  readonly compared: { readonly workers: number; readonly consumers: number };
  /** What is there only after, and only before. */
  readonly added: readonly Fated[];
  readonly removed: readonly Fated[];
}

/** What has become better or worse from one state to another. Units are the same by id, else by the only name that fits. */
export function compare(before: readonly Fated[], after: readonly Fated[]): Comparison {
  const keyed = pairing(before, after);
  const old = new Map(before.map(one => [JSON.stringify([unitKey(one.unit), one.name]), one]));
  const seen = new Set<Fated>();
  const added: Fated[] = [], found: { readonly one: Fated; readonly changes: readonly Change[] }[] = [];
  const units = new Set<string>();
  let unchanged = 0, consumers = 0;
  for (const one of after) {
    const was = old.get(JSON.stringify([keyed(one.unit), one.name]));
    if (!was) { added.push(one); continue; }
    seen.add(was);
    if (one.unit.worker) units.add(unitKey(one.unit)); else consumers++;
    const changes = changesOf(was, one);
    if (changes.length === 0) unchanged++; else found.push({ one, changes });
  }
  return { changed: together(found), unchanged, compared: { workers: units.size, consumers }, added, removed: before.filter(one => !seen.has(one)) };
}

/** The key that a unit had before. A file that is moved changes the id of what it describes, not its name. */
function pairing(before: readonly Fated[], after: readonly Fated[]): (unit: Unit) => string {
  const nameOf = ({ worker, consumer }: Unit): string => (worker ? JSON.stringify([worker.name, worker.environment]) : JSON.stringify([consumer.kind, consumer.queue ?? consumer.text]));
  const unitsOf = (all: readonly Fated[]): ReadonlyMap<string, Unit> => new Map(all.map(({ unit }) => [unitKey(unit), unit]));
  const old = unitsOf(before), now = unitsOf(after);
  const left = [...old].filter(([key]) => !now.has(key)), came = [...now].filter(([key]) => !old.has(key));
  const moved = new Map(came.flatMap(([key, unit]): readonly (readonly [string, string])[] => {
    const [same, ...others] = left.filter(([, other]) => nameOf(other) === nameOf(unit));
    return same && others.length === 0 && came.filter(([, other]) => nameOf(other) === nameOf(unit)).length === 1 ? [[key, same[0]]] : [];
  }));
  return unit => moved.get(unitKey(unit)) ?? unitKey(unit);
}

function changesOf(before: Fated, after: Fated): readonly Change[] {
  return EVENTS.flatMap((event): readonly Change[] => {
    const [was, is] = [cellAt(before, event), cellAt(after, event)];
    const cuts = event === 'stop' && before.cuts && after.cuts && JSON.stringify(before.cuts) !== JSON.stringify(after.cuts) ? { before: before.cuts, after: after.cuts } : undefined;
    const same = cellsKey(was ? [was] : []) === cellsKey(is ? [is] : []);
    if (same && (!cuts || isDone(was, is))) return [];
    const difference = badnessDifference(was, is) || (same && cuts ? shareDifference(cuts.before, cuts.after) : 0);
    return [{ event, before: was, after: is, ...(cuts && { cuts }), is: difference > 0 ? 'worse' : difference < 0 ? 'better' : 'other' }];
  });
}

/** Nothing is cut before and after: how much could be is of no matter. */
const isDone = (...cells: readonly (Cell | undefined)[]): boolean => cells.every(cell => cell?.ways.every(({ is }) => is === 'completes'));

/** Above 0: worse. An event that can no longer occur does no harm. */
function badnessDifference(before: Cell | undefined, after: Cell | undefined): number {
  const [was, is] = [before ? badnessOf(before) : [], after ? badnessOf(after) : []];
  return (is[0] ?? 0) - (was[0] ?? 0) || (is[1] ?? 0) - (was[1] ?? 0) || delayOf(after) - delayOf(before);
}

const DELAYS = ['at-once', 'restored', 'retried', 'noticed', 'stall-check', 'visibility-timeout'];
/** How late the latest second start comes. */
const delayOf = (cell: Cell | undefined): number => Math.max(-1, ...(cell?.ways ?? []).map(({ key }) => DELAYS.findIndex(delay => key.endsWith(delay))));

/** Above 0: more runs are cut. What SIGKILL finds running is as many as all; what is not known is neither more nor less. */
function shareDifference(before: Cuts, after: Cuts): number {
  const [was, is] = [before, after].map(cuts => (cuts.is === 'share' ? cuts.share : cuts.is === 'unknown' ? undefined : cuts.is === 'protected' ? 0 : 1));
  return was === undefined || is === undefined ? 0 : is - was;
}

const WORST_CHANGE: readonly Change['is'][] = ['worse', 'other', 'better'];
const rankOf = (changes: readonly Change[]): number => Math.min(...changes.map(({ is }) => WORST_CHANGE.indexOf(is)));

/** Sections as in the table: functions of one worker, or of several that change in the same way, and consumers of a package. */
function together(found: readonly { readonly one: Fated; readonly changes: readonly Change[] }[]): Comparison['changed'] {
  interface Place { readonly units: Unit[]; readonly rows: Map<string, { readonly members: Fated[]; readonly changes: readonly Change[] }> }
  const places = new Map<string, Place>();
  for (const { one, changes } of found) {
    const place: Place = places.get(placeOf(one.unit)) ?? { units: [], rows: new Map() };
    places.set(placeOf(one.unit), place);
    if (one.unit.consumer || place.units.length === 0) place.units.push(one.unit);
    const key = JSON.stringify(changes.map(({ event, before, after, cuts }) => [event, cellsKey([before, after].filter(cell => cell !== undefined)), before === undefined, cuts]));
    const row = place.rows.get(key);
    if (row) row.members.push(one); else place.rows.set(key, { members: [one], changes });
  }
  const sections = new Map<string, { readonly units: Unit[]; readonly rows: readonly Changed[] }>();
  for (const [place, { units, rows }] of places) {
    const sorted = [...rows].sort(([, a], [, b]) => rankOf(a.changes) - rankOf(b.changes));
    const key = units[0]!.worker ? JSON.stringify(sorted.map(([id, { members }]) => [id, members.map(({ name }) => name)])) : place;
    const known = sections.get(key);
    if (known) known.units.push(...units); else sections.set(key, { units, rows: sorted.map(([, row]) => row) });
  }
  return [...sections.values()].sort((a, b) => rankOf(a.rows[0]!.changes) - rankOf(b.rows[0]!.changes));
}
