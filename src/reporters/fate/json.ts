import type { Cell, Comparison, Fated, Origin, Timeline, Unit } from '../../fate/index.js';
import { jsonText } from '../clean.js';
import { originText } from '../effective.js';
import { region } from '../region.js';
import type { FateReport } from './words.js';

/** Version 1 of what `drainlint fate --format json` prints: schema/fate.schema.json. Times are s after SIGTERM; an event that is absent cannot occur. */
export function fateJson({ report, fated, empty, timelines, comparison }: FateReport): string {
  return jsonText({
    schemaVersion: 1, tool: report.tool,
    fates: fated.map(fatedOf), withoutFunctions: empty.map(({ id }) => id), timelines: timelines.map(timelineOf),
    ...(comparison && { comparison: comparisonOf(comparison.title, comparison.result) }),
    assumptions: report.model.assumptions,
  });
}

const unitOf = ({ worker, consumer }: Unit): object => (worker
  ? { worker: worker.id, ...(worker.environment !== undefined && { environment: worker.environment }), role: worker.role, broker: worker.broker, pool: worker.pool }
  : { consumer: consumer.id, kind: consumer.kind });

const cellOf = ({ ways }: Cell): readonly object[] => ways.map(({ is, key, text, steps }) => ({ outcome: is, key, text, because: steps }));
const fatedOf = ({ unit, name, fn, cells, cuts }: Fated): object => ({ ...unitOf(unit), name, ...(fn && { at: region(fn.at) }), events: Object.fromEntries(cells.map(cell => [cell.event, cellOf(cell)])), ...(cuts && { cuts }) });

const timeOf = (time: number | 'never' | undefined): number | string | null => time ?? null;
const originsOf = (origins: readonly Origin[]): readonly string[] => origins.map(originText);

function timelineOf({ worker, fn, kill, lanes, moments }: Timeline): object {
  return {
    worker: worker.id, ...(fn && { name: fn.name }), kill: kill ?? null,
    lanes: lanes.map(({ kind, name, text, from, to, cutAt }) => ({ kind, name, text, from: from ?? null, to: to ?? null, ...(cutAt !== undefined && { cutAt }) })),
    moments: moments.map(({ kind, from, to, title, text, origins }) => ({ kind, from: timeOf(from), ...(to !== undefined && { to }), title, text, origins: originsOf(origins) })),
  };
}

function comparisonOf(title: string, { changed, unchanged, added, removed }: Comparison): object {
  return {
    title, unchanged, added: added.map(fatedOf), removed: removed.map(fatedOf),
    // members of a section stand for each of its workers
    changed: changed.flatMap(({ units, rows }) => rows.flatMap(({ members, changes }) => members.flatMap(({ unit: own, name }) => (own.worker ? units : [own]).flatMap(unit => changes.map(({ event, is, before, after, cuts }) => ({
      ...unitOf(unit), name, event, is, before: before ? cellOf(before) : [], after: after ? cellOf(after) : [], ...(cuts && { cuts: { before: cuts.before, after: cuts.after } }),
    })))))),
  };
}
