/** One command-line option: its long name, short names, and whether a value follows. */
export interface CliOption { readonly long: string; readonly short?: readonly string[]; readonly also?: readonly string[]; readonly value: boolean }

/** Options in front of the subcommand (celery bin/celery.py:55-110, 5.6.3). Before 5.0 they stood behind it. */
export const GLOBAL_OPTIONS: readonly CliOption[] = [
  { long: '--app', short: ['-A'], value: true },
  { long: '--broker', short: ['-b'], value: true },
  { long: '--result-backend', value: true },
  { long: '--loader', value: true },
  { long: '--config', value: true },
  { long: '--workdir', value: true },
  { long: '--no-color', short: ['-C'], value: false },
  { long: '--quiet', short: ['-q'], value: false },
  { long: '--version', value: false },
  { long: '--skip-checks', value: false },
  { long: '--help', short: ['-h'], value: false },
];

/** Options of every long-running command (celery bin/base.py:214-227, 5.6.3). */
const DAEMON_OPTIONS: readonly CliOption[] = [
  { long: '--logfile', short: ['-f'], value: true },
  { long: '--pidfile', value: true },
  { long: '--uid', value: true },
  { long: '--gid', value: true },
  { long: '--umask', value: true },
  { long: '--executable', value: true },
];

/** Options of `celery worker` (celery bin/worker.py:136-304, 5.6.3), and those that 5.0 dropped. */
export const WORKER_OPTIONS: readonly CliOption[] = [
  { long: '--hostname', short: ['-n'], value: true },
  { long: '--detach', short: ['-D'], value: false },
  { long: '--statedb', short: ['-S'], value: true },
  { long: '--loglevel', short: ['-l'], value: true },
  { long: '--optimization', short: ['-O'], value: true },
  { long: '--prefetch-multiplier', value: true },
  { long: '--disable-prefetch', value: false },
  { long: '--concurrency', short: ['-c'], value: true },
  { long: '--pool', short: ['-P'], value: true },
  { long: '--task-events', short: ['-E'], also: ['--events'], value: false },
  { long: '--time-limit', value: true },
  { long: '--soft-time-limit', value: true },
  { long: '--max-tasks-per-child', also: ['--maxtasksperchild'], value: true },
  { long: '--max-memory-per-child', also: ['--maxmemperchild'], value: true },
  { long: '--purge', also: ['--discard'], value: false },
  { long: '--queues', short: ['-Q'], value: true },
  { long: '--exclude-queues', short: ['-X'], value: true },
  { long: '--include', short: ['-I'], value: true },
  { long: '--without-gossip', value: false },
  { long: '--without-mingle', value: false },
  { long: '--without-heartbeat', value: false },
  { long: '--heartbeat-interval', value: true },
  { long: '--autoscale', value: true },
  { long: '--beat', short: ['-B'], value: false },
  { long: '--schedule-filename', short: ['-s'], also: ['--schedule'], value: true },
  { long: '--scheduler', value: true },
  ...DAEMON_OPTIONS,
];

/** Options of `celery beat` (celery bin/beat.py, 5.6.3). */
export const BEAT_OPTIONS: readonly CliOption[] = [
  { long: '--detach', value: false },
  { long: '--schedule', short: ['-s'], value: true },
  { long: '--scheduler', short: ['-S'], value: true },
  { long: '--max-interval', value: true },
  { long: '--loglevel', short: ['-l'], value: true },
  ...DAEMON_OPTIONS,
];
