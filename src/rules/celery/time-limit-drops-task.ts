import type { CeleryApp, PoolKind, Problem, Rule, TaskFunction } from '../../model/index.js';
import { place, samePlace } from '../../model/index.js';
import { fateIn } from '../../fate/index.js';
import { appConfidence, inWords, listed, oncePerPlace, weakest } from '../shared.js';
import { byAcknowledgement, hasChildren, isAtLeast, isInherited, isOn, numberOf, ofApp, spelled, toWrite } from '../celery-shared.js';
import { softBelow } from '../celery-visibility.js';

export const timeLimitDropsTask: Rule = {
  id: 'celery/time-limit-drops-task',
  severity: 'note',
  title: 'A task that reaches its hard time limit is dropped, although it is acknowledged late',
  rationale:
    'At the hard limit the process of the task is killed, and Celery acknowledges the message as failed, late acknowledgement or not (measured: never run again). The task ' +
    'itself is not told, and no autoretry_for catches it. A soft limit below raises SoftTimeLimitExceeded inside the task, which can retry or record where it stood. ' +
    'task_acks_on_failure_or_timeout=False is no way out: from 5.5 on such a task loops for ever.',
  remedy: 'Set a soft limit below the hard one, and retry or record on SoftTimeLimitExceeded.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits', 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-acks-on-failure-or-timeout'],
  provenBy: ['time-limit/prefork/late', 'time-limit/prefork/late/acks_on_failure_or_timeout=False'],
  leadsTo: ['celery/soft-limit-not-below-hard'],

  *check({ apps }) {
    for (const app of apps) {
      // the other pools keep no limit at all: celery/time-limit-ignored
      if (!poolsOf(app).every(pool => hasChildren(pool) || pool === 'gevent')) continue;
      const dropped = byAcknowledgement(app.functions).late.filter(fn => isDropped(fn, app));
      for (const { timeLimit } of oncePerPlace(dropped, fn => fn.timeLimit.at)) yield problemOf(app, dropped.filter(fn => samePlace(fn.timeLimit.at, timeLimit.at)));
    }
  },
};

const poolsOf = (app: CeleryApp): readonly PoolKind[] => (app.workers.length > 0 ? app.workers.map(({ pool }) => pool) : [app.pool]);

/** It may reach a hard limit that nothing tells it of. A soft limit that is not below the hard one is celery/soft-limit-not-below-hard's matter. */
function isDropped(fn: TaskFunction, app: CeleryApp): boolean {
  const hard = numberOf(fn.timeLimit) ?? 0;
  if (hard <= 0 || (fn.softTimeLimit.state !== 'unset' && app.pool !== 'gevent') || fn.body.trivial || fn.ownTimeout || (fn.observed?.seconds ?? Infinity) < hard) return false;
  return isOn(fn.acksOnFailureOrTimeout) === true || (isOn(fn.acksOnFailureOrTimeout) === false && !isAtLeast(app.versions.celery, '5.5'));
}

function problemOf(app: CeleryApp, functions: readonly TaskFunction[]): Problem {
  const [fn] = functions as readonly [TaskFunction];
  const hard = numberOf(fn.timeLimit)!;
  const isGlobal = isInherited(fn.timeLimit, app.settings.get('task_time_limit'));
  const names = listed(functions.map(one => one.functionName));
  const { at } = fn.timeLimit;
  return {
    order: 3, at, confidence: weakest(appConfidence(app, fn.timeLimit, fn.acksLate), functions.every(one => one.periodic) ? 'low' : 'high'),
    message: `${names} ${functions.length === 1 ? 'is' : 'are'} killed at ${isGlobal ? `${spelled(app, 'task_time_limit')} = ${hard}` : `time_limit=${hard}`} with no soft limit before it: late acknowledgement does not bring ${functions.length === 1 ? 'it' : 'them'} back, the message is acknowledged as failed`,
    label: 'killed without a warning, and acknowledged',
    suggestion: suggest(app, functions, softBelow(hard), isGlobal),
    ...ofApp(app, at, isGlobal || functions.length > 1 ? functions : [], 'acknowledged as failed at the limit'),
    fate: `${inWords(hard)} → ${fateIn(app, functions, 'hard-limit', 'lost') ?? 'the hard limit kills it → acknowledged as failed: the running task is lost'}`,
  };
}

function suggest(app: CeleryApp, functions: readonly TaskFunction[], soft: number, isGlobal: boolean): string {
  const names = listed(functions.map(fn => fn.functionName));
  if (poolsOf(app).includes('gevent')) return `end the work from inside before that, and retry on it: \`with gevent.Timeout(${soft}):\` in ${names}; gevent knows no soft limit`;
  const set = isGlobal && app.reach !== 'implicit' ? toWrite(app, ['task_soft_time_limit', soft]) : `add soft_time_limit=${soft} to ${names}`;
  // an option of a decorator takes the place of what a base class or a shared dict names
  const named = functions.flatMap(({ retry }) => (retry.autoretryAt ? [retry] : []))[0];
  if (named?.autoretryFor.some(type => /(?:^|\.)(?:SoftTimeLimitExceeded|Exception|BaseException)$/.test(type))) return `${set}: autoretry_for takes it from there`;
  if (named) return `${set}, and add SoftTimeLimitExceeded to autoretry_for (${place(named.autoretryAt!)}), beside what is named there`;
  return `${set}, and retry on it: autoretry_for=(SoftTimeLimitExceeded,), or \`except SoftTimeLimitExceeded as exc: raise self.retry(exc=exc)\` in ${names}`;
}
