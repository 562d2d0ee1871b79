import type { CeleryApp, Problem, Rule, TaskFunction, Thresholds, Worker } from '../../model/index.js';
import { confidenceOf, fateOfStop, inWords, listed } from '../shared.js';
import { boundOf, byAcknowledgement, ofApp, stopOf } from '../celery-shared.js';
import { knowsRemap, lossesOf, REMAP } from '../celery-remap.js';
import { visibilityOf } from '../celery-visibility.js';
import { isProtected } from '../outlast.js';
import { blockersOf } from '../signal-path.js';

export const noSigtermRemap: Rule = {
  id: 'celery/no-sigterm-remap',
  severity: 'warning',
  title: 'A stop waits for tasks that it will kill anyway',
  rationale:
    'On SIGTERM Celery waits for running tasks without end. Tasks that need longer than the container is given are killed with it, and on Redis and SQS their messages come ' +
    'back only after the visibility timeout. With REMAP_SIGTERM=SIGQUIT a prefork worker stops them at once and gives late-acknowledged ones back within 1 to 2 s.',
  remedy: 'Set REMAP_SIGTERM=SIGQUIT on prefork workers whose tasks are all acknowledged late, with billiard below 4.3; or keep tasks shorter than the stop timeout.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#remap-sigterm', 'https://docs.celeryq.dev/en/stable/history/whatsnew-5.5.html'],
  provenBy: ['stop-outlives/prefork/late', 'remap-long/prefork/late/REMAP/stopTimeout=9,task=14'],
  leadsTo: ['celery/sigterm-remap-loses-tasks'],

  *check({ workers }, thresholds) {
    const waiting = workers.flatMap(worker => waits(worker, thresholds) ?? []);
    for (const id of new Set(waiting.map(({ app }) => app.id))) {
      const own = waiting.filter(({ app }) => app.id === id);
      const deployed = own.filter(({ worker }) => worker.role === 'deployed');
      yield problemOf(deployed.length > 0 ? deployed : own);
    }
  },
};

/** A worker that waits for late-acknowledged tasks which its stop then cuts off. */
interface Waiting { readonly worker: Worker; readonly app: CeleryApp; readonly stop: number; readonly long: readonly TaskFunction[]; readonly early: readonly TaskFunction[] }

function waits(worker: Worker, thresholds: Thresholds): Waiting | undefined {
  const { app } = worker;
  const stop = stopOf(worker);
  if (!app || stop === undefined || worker.pool !== 'prefork' || worker.sigtermRemap.state !== 'unset' || worker.strayVariables.length > 0 || !isSigterm(worker) || !knowsRemap(app) || isProtected(worker)) return undefined;
  const losses = lossesOf(worker, app);
  const long = byAcknowledgement(worker.functions).late.filter(fn => outlasts(fn, worker, stop, thresholds));
  if (long.length === 0 || losses.some(({ by }) => by !== 'early-ack')) return undefined;
  return { worker, app, stop, long, early: losses.flatMap(loss => (loss.by === 'early-ack' ? loss.functions : [])) };
}

/** Nothing is to be remapped where the image sends another signal: SIGQUIT is the cold shutdown by itself. */
const isSigterm = ({ container }: Worker): boolean => container?.stopSignal.state !== 'unknown' && (container?.stopSignal.state !== 'set' || /^(?:SIG)?TERM$|^15$/.test(container.stopSignal.value));

/** One finding for an app: the first of its workers, and the places of the others. */
function problemOf(all: readonly Waiting[]): Problem {
  const [{ worker, app, stop, long, early }, ...others] = all as readonly [Waiting, ...Waiting[]];
  const names = [...new Set(all.map(({ worker: { container, name } }) => container?.name ?? name))];
  const { blockedBy = [] } = blockersOf(worker);
  const blockers = [...blockedBy, ...(early.length > 0 ? ['celery/early-ack'] : [])];
  const { resource, related = [] } = ofApp(app, worker.sigtermRemap.at, long, 'may outlast the stop');
  return {
    order: 9, at: worker.sigtermRemap.at, confidence: confidenceOf(worker, worker.stopTime, worker.drainNeed), resource,
    workers: all.map(each => each.worker.id), environments: [...new Set(all.flatMap(each => each.worker.environment ?? []))],
    related: [...others.map(each => ({ at: each.worker.sigtermRemap.at, message: `${each.worker.name} neither` })), ...related],
    message: `REMAP_SIGTERM is not set, so a stop waits ${stop} s for ${listed(long.map(fn => fn.functionName))} and then kills ${long.length === 1 ? 'it' : 'them'}: ${consequence(app)}`,
    label: `no REMAP_SIGTERM=${REMAP}`,
    suggestion: `${early.length > 0 ? `acknowledge ${listed(early.map(fn => fn.functionName))} late first, then ` : ''}add REMAP_SIGTERM=${REMAP} to the environment of container${names.length === 1 ? '' : 's'} ${listed(names)}`,
    ...(blockers.length > 0 && { blockedBy: blockers }),
    fate: fateOfStop({ ...worker, functions: long }, stop),
  };
}

function outlasts(fn: TaskFunction, worker: Worker, stop: number, { exitMarginSeconds }: Thresholds): boolean {
  const bound = boundOf(fn, worker.pool);
  return bound === 'none' || (typeof bound === 'number' && bound + exitMarginSeconds > stop);
}

function consequence(app: CeleryApp): string {
  const seconds = visibilityOf(app)?.seconds;
  if (seconds !== undefined) return `the task waits for the visibility timeout of ${inWords(seconds)}, where ${REMAP} gives it back within 2 s`;
  if (app.broker === 'redis' || app.broker === 'sqs') return `the task waits for the visibility timeout, where ${REMAP} gives it back within 2 s`;
  return `what it did meanwhile is done again, and the deployment waits for it, where ${REMAP} gives it back within 2 s`;
}
