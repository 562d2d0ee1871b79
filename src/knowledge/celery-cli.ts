import type { CliOption, OptionRow } from './celery/rows.js';
import { BEAT_ROWS, GLOBAL_ROWS, WORKER_ROWS } from './celery/tables.js';
import { isAliveIn, isFrom } from './celery/versions.js';

export type { CliOption } from './celery/rows.js';

/** The first release that parses its command line with click instead of argparse. */
const FIRST_WITH_CLICK = '5.0';

/** What 5.0 dropped (celery bin/worker.py:309-313, bin/base.py:550, 4.4.7): names of options that go on under another one. */
const DROPPED: Readonly<Record<string, { readonly short?: string; readonly also?: string }>> = {
  '--help': { short: '-h' },
  '--max-tasks-per-child': { also: '--maxtasksperchild' },
  '--max-memory-per-child': { also: '--maxmemperchild' },
};

/** With the names that 5.0 dropped: which Celery will run is not known where a command line is read. */
function withDropped(row: OptionRow): CliOption {
  const dropped = DROPPED[row.long];
  const short = [...(row.short ?? []), ...(dropped?.short !== undefined ? [dropped.short] : [])];
  const also = [...(row.also ?? []), ...(dropped?.also !== undefined ? [dropped.also] : [])];
  return { long: row.long, ...(short.length > 0 && { short }), ...(also.length > 0 && { also }), value: row.value };
}

/** Options in front of the subcommand. Before 5.0 they stood behind it. */
export const GLOBAL_OPTIONS: readonly CliOption[] = GLOBAL_ROWS.map(withDropped);

/** Options of `celery worker`, those of every long-running command among them. */
export const WORKER_OPTIONS: readonly CliOption[] = WORKER_ROWS.map(withDropped);

/** Options of `celery beat`, those of every long-running command among them. */
export const BEAT_OPTIONS: readonly CliOption[] = BEAT_ROWS.map(withDropped);

/**
 * Has this Celery release the long option (`--disable-prefetch`), for `celery` itself, `celery worker` or `celery beat`? Names that 5.0 dropped
 * exist in the releases before it. `version` as in settingExists.
 */
export function optionExists(longName: string, version: string): boolean {
  if (Object.values(DROPPED).some(({ also }) => also === longName)) return !isFrom(version, FIRST_WITH_CLICK);
  return [...GLOBAL_ROWS, ...WORKER_ROWS, ...BEAT_ROWS].some(row => {
    if (row.long !== longName && !row.also?.includes(longName)) return false;
    const since = row.spelled?.[longName] ?? row.since;
    return isAliveIn(version, longName, { ...(since !== undefined && { since }), ...(row.until !== undefined && { until: row.until }) });
  });
}
