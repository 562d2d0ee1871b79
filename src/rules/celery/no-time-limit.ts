import type { CeleryApp, Problem, Rule, TaskFunction, Thresholds } from '../../model/index.js';
import { appConfidence, listed, weakest } from '../shared.js';
import { afterNames, boundOf, ignoresLimits, isWritten, numberOf, ofApp, placeIn, spelled, toWrite } from '../celery-shared.js';
import { fittingLimits, VISIBILITY_TIMEOUT } from '../celery-visibility.js';

export const noTimeLimit: Rule = {
  id: 'celery/no-time-limit',
  severity: 'warning',
  title: 'Nothing ends a task that hangs',
  rationale:
    'A task that waits for ever, on a socket without a timeout or a lock that never comes, holds its worker process until the container is killed. With as many of them ' +
    'as there are processes the queue stands still, and no stop timeout is long enough: a warm shutdown waits for running tasks without end.',
  remedy: 'Set task_time_limit, with task_soft_time_limit below it so that the task can clean up.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits', 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-time-limit'],
  documentedBy: 'Celery\'s documentation: task_time_limit is unset by default; a hanging task has no end to measure',
  leadsTo: ['celery/visibility-timeout-too-short', 'celery/visibility-timeout-too-long', 'celery/time-limit-ignored', 'ecs/stop-timeout-too-short', 'container/stop-grace-period-too-short', 'container/process-manager-kills-early'],

  *check({ apps }, thresholds) {
    for (const app of apps) {
      const problem = judge(app, thresholds);
      if (problem) yield problem;
    }
  },
};

function judge(app: CeleryApp, thresholds: Thresholds): Problem | undefined {
  const setting = app.settings.get('task_time_limit');
  const open = app.functions.filter(fn => isOpen(fn, app));
  // Limits on a pool that ignores them are celery/time-limit-ignored's matter.
  if (open.length === 0 || (ignoresLimits(app.pool) && app.functions.some(fn => fn.timeLimit.state !== 'unset' || fn.softTimeLimit.state === 'set'))) return undefined;
  const at = setting?.state === 'unset' ? app.configuredAt ?? app.at : placeIn(app, setting);
  const unbounded = open.filter(fn => !fn.body.trivial);
  if (unbounded.length === 0 && open.length < app.functions.length) return undefined;
  const named = unbounded.length > 0 ? unbounded : open;
  // Nothing in them can take long, or a timeout of the repository's own is the habit and a few are without it: a hint.
  const isHint = unbounded.length === 0 || app.functions.some(fn => fn.ownTimeout !== undefined);
  const limits = fittingLimits(app, thresholds);
  return {
    order: 3, at, ...(isHint && { severity: 'note' }), confidence: weakest(appConfidence(app), 'medium'),
    message: `${found(app, named)}: one that hangs holds its worker ${app.pool === 'prefork' ? 'process' : 'slot'} for ever, and a stop waits for it until SIGKILL`,
    label: 'no task_time_limit', suggestion: suggest(app, open, limits), ...ofApp(app, at, named, 'nothing ends it'), ...afterNames(app, 'task_time_limit'),
  };
}

function isOpen(fn: TaskFunction, app: CeleryApp): boolean {
  if (fn.ownTimeout || fn.observed) return false;
  const bound = boundOf(fn, app.pool);
  return bound === 'none' || (bound === 0 && fn.timeLimit.state === 'unset');
}

function found(app: CeleryApp, open: readonly TaskFunction[]): string {
  const who = open.length === app.functions.length || open.length > 5 ? `${open.length === 1 ? 'the task function' : `${open.length} task functions`}` : listed(open.map(fn => fn.functionName));
  const softly = open.every(fn => numberOf(fn.softTimeLimit) !== undefined) ? ', a soft limit alone can be swallowed' : '';
  return `${who} ${open.length === 1 ? 'has' : 'have'} no hard time limit (${spelled(app, 'task_time_limit')} is not set${softly})`;
}

function suggest(app: CeleryApp, open: readonly TaskFunction[], { hard, soft, visibility }: ReturnType<typeof fittingLimits>): string {
  const softSet = app.settings.get('task_soft_time_limit');
  const values: readonly (readonly [string, number])[] = isWritten(softSet) ? [['task_time_limit', Math.max(hard, (numberOf(softSet) ?? 0) + 30)]] : [['task_time_limit', hard], ...(app.pool === 'gevent' ? [] : [['task_soft_time_limit', soft] as const])];
  const always = app.reach === 'implicit' ? `add time_limit=${hard}, soft_time_limit=${soft} to ${listed(open.map(fn => fn.functionName))}` : toWrite(app, ...values);
  return ignoresLimits(app.pool) ? `run the prefork pool, as ${app.pool} ignores time limits, and ${always}` : `${always}${visibility === undefined ? '' : ` together with ${toWrite(app, [VISIBILITY_TIMEOUT, visibility])}`}, or what the longest of them needs`;
}
