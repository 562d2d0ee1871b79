import type { CeleryApp, NoEffect, Problem, Rule, Worker } from '../../model/index.js';
import { place } from '../../model/index.js';
import { about, confidenceOf, listed, oncePerPlace } from '../shared.js';
import { numberOf, ofApp, spelled } from '../celery-shared.js';
import { lossesOf, REMAP } from '../celery-remap.js';

const SOFT = 'worker_soft_shutdown_timeout';
const NAMES: ReadonlySet<string> = new Set([SOFT, 'worker_enable_soft_shutdown_on_idle']);

export const softShutdownIneffective: Rule = {
  id: 'celery/soft-shutdown-ineffective',
  severity: 'warning',
  title: 'The soft shutdown never takes place',
  rationale:
    'ECS sends SIGTERM, which starts a warm shutdown: the worker waits for its running tasks without a limit, until SIGKILL. The soft shutdown of celery 5.5, which gives tasks ' +
    'back after worker_soft_shutdown_timeout, follows SIGQUIT alone, so it needs REMAP_SIGTERM=SIGQUIT in the environment, and the setting is read from 5.5 on.',
  remedy: 'Set REMAP_SIGTERM=SIGQUIT where tasks are acknowledged late on the prefork pool; elsewhere remove the setting.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#soft-shutdown', 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#worker-soft-shutdown-timeout'],
  provenBy: ['soft/prefork/late/soft=1,stopTimeout=2,task=4', 'soft/prefork/late/REMAP/soft=2,stopTimeout=10,task=1.2'],
  leadsTo: ['celery/sigterm-remap-loses-tasks', 'celery/soft-shutdown-exceeds-stop-timeout', 'celery/visibility-timeout-too-short'],

  *check({ apps }) {
    for (const app of apps) {
      const deployed = app.workers.filter(({ role }) => role === 'deployed');
      const workers = deployed.length > 0 ? deployed : app.workers;
      // Where one worker uses it, the others' missing remap is celery/no-sigterm-remap's matter.
      for (const row of oncePerPlace(workers.flatMap(rowsOf), ({ at }) => at)) {
        if (workers.every(worker => rowsOf(worker).some(other => isSame(other, row)))) yield problemOf(app, workers, row);
      }
    }
  },
};

/** What stands there in vain; with the timeout, what belongs to it goes without saying. */
function rowsOf(worker: Worker): readonly NoEffect[] {
  const rows = (worker.noEffect ?? []).filter(({ setting, kind }) => NAMES.has(setting) && (kind === 'soft-shutdown' || kind === 'version'));
  return rows.some(({ setting }) => setting === SOFT) ? rows.filter(({ setting }) => setting === SOFT) : rows;
}
const isSame = (a: NoEffect, b: NoEffect): boolean => a.setting === b.setting && place(a.at) === place(b.at);

function problemOf(app: CeleryApp, workers: readonly Worker[], { setting, at, kind, text }: NoEffect): Problem {
  const [worker] = workers as readonly [Worker];
  const own = app.settings.get(setting);
  const seconds = setting === SOFT ? numberOf(worker.settings.get(SOFT)) : undefined;
  const name = spelled(app, setting);
  return {
    order: 9, at, confidence: confidenceOf(worker, own, worker.sigtermRemap), ...ofApp(app, at),
    workers: workers.flatMap(one => about(one).workers ?? []), environments: [...new Set(workers.flatMap(one => one.environment ?? []))],
    message: `${name}${seconds === undefined ? '' : ` is ${seconds} s but`} has no effect: ${text}${seconds === undefined ? '' : `, so tasks that run at a deployment are waited for until SIGKILL, not given back after ${seconds} s`}`,
    label: kind === 'version' ? 'not known to this release' : 'no signal leads to it',
    suggestion: suggest(app, workers, name, kind, seconds),
    fate: 'SIGTERM → warm shutdown: waits for running tasks, however long → SIGKILL',
  };
}

/** The remap where it gives tasks back; the setting goes where the remap would lose them. */
function suggest(app: CeleryApp, workers: readonly Worker[], name: string, kind: NoEffect['kind'], seconds: number | undefined): string {
  if (kind === 'version') return `install celery 5.5 or later, or remove ${name}`;
  if (seconds === undefined) return `remove ${name}, or give worker_soft_shutdown_timeout seconds`;
  if (workers.some(worker => lossesOf(worker, app).length > 0)) return `remove ${name}: with REMAP_SIGTERM=${REMAP}, which it needs, running tasks would be lost here`;
  return `set REMAP_SIGTERM=${REMAP} in the environment of ${listed([...new Set(workers.map(one => one.container?.name ?? one.name))])}`;
}
