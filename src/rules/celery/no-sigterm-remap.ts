import type { CeleryApp, Problem, Rule, TaskFunction, Thresholds, Worker } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { about, confidenceOf, inWords, killedAfter, listed } from '../shared.js';
import { boundOf, byAcknowledgement, ofApp } from '../celery-shared.js';
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
    for (const worker of workers) {
      const problem = worker.app && worker.pool === 'prefork' && worker.sigtermRemap.state === 'unset' && worker.strayVariables.length === 0 ? judge(worker, worker.app, thresholds) : undefined;
      if (problem) yield problem;
    }
  },
};

function judge(worker: Worker, app: CeleryApp, thresholds: Thresholds): Problem | undefined {
  const stop = agreed(worker.stopTime);
  if (stop === undefined || !knowsRemap(app) || isProtected(app)) return undefined;
  const losses = lossesOf(worker, app);
  if (losses.some(({ by }) => by !== 'early-ack')) return undefined;
  const long = byAcknowledgement(worker.functions).late.filter(fn => outlasts(fn, worker, stop, thresholds));
  if (long.length === 0) return undefined;
  const early = losses.flatMap(loss => (loss.by === 'early-ack' ? loss.functions : []));
  const container = worker.container?.name ?? worker.name;
  const { blockedBy = [] } = blockersOf(worker);
  const { resource, related } = ofApp(app, worker.sigtermRemap.at, long, 'may outlast the stop');
  return {
    order: 9, at: worker.sigtermRemap.at, confidence: confidenceOf(worker, worker.stopTime, worker.drainNeed), ...about(worker), resource, related,
    message: `REMAP_SIGTERM is not set, so a stop waits ${stop} s for ${listed(long.map(fn => fn.functionName))} and then kills ${long.length === 1 ? 'it' : 'them'}: ${consequence(app)}`,
    label: `no REMAP_SIGTERM=${REMAP}`,
    suggestion: `${early.length > 0 ? `acknowledge ${listed(early.map(fn => fn.functionName))} late first, then ` : ''}add REMAP_SIGTERM=${REMAP} to the environment of container ${container}`,
    ...(early.length + blockedBy.length > 0 && { blockedBy: [...blockedBy, ...(early.length > 0 ? ['celery/early-ack'] : [])] }),
    fate: killedAfter(stop, app.broker === 'redis' || app.broker === 'sqs' ? 'the running task comes back after the visibility timeout' : 'the running task starts again from the beginning'),
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
