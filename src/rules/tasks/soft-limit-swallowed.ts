import type { CeleryApp, EffectKind, Problem, Rule, SourceLocation, TaskFunction } from '../../model/index.js';
import { samePlace, SLOW } from '../../model/index.js';
import { ignoresLimits } from '../celery-shared.js';
import { appConfidence, inWords, weakest } from '../shared.js';
import { caughtBy, ofFunctions } from '../task-functions.js';

/** What a loop does in no time, however many items it has. */
const QUICK: ReadonlySet<EffectKind> = new Set(['read', 'publish', 'counter']);

export const softLimitSwallowed: Rule = {
  id: 'tasks/soft-limit-swallowed',
  severity: 'warning',
  title: 'The soft time limit is caught as the failure of one item',
  rationale:
    'The soft time limit raises SoftTimeLimitExceeded once, wherever the task is. It is an Exception: a broad handler inside the loop takes it for the failure of one item and goes on with the next one. Nothing is cleaned up, ' +
    'and the hard limit kills the process, or nothing does.',
  remedy: 'Pass it on: `except SoftTimeLimitExceeded: raise` before the broad handler.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits', 'https://github.com/celery/billiard/blob/main/billiard/exceptions.py'],

  check: ({ apps }) => ofFunctions(apps, judge),
};

/** May the limit be reached there, and is the rest not taken up by the next run anyway? */
function isLong({ body, periodic }: TaskFunction, tried: SourceLocation): boolean {
  return !periodic && body.effects.some(effect => SLOW.has(effect.kind) && samePlace(effect.at, tried));
}

/** Once for each task function: its first loop that goes on. A handler in a function that it calls catches the limit only while that runs. */
function* judge(app: CeleryApp, fn: TaskFunction): Iterable<Problem> {
  const { softTimeLimit: soft, timeLimit: hard, body } = fn;
  if (soft.state !== 'set' || ignoresLimits(app.pool)) return;
  for (const handler of body.handlers) {
    const { insideLoop, catches, outcome, passesOn, tried } = handler;
    const loop = insideLoop === undefined ? undefined : body.loops[insideLoop];
    if (loop?.bound !== 'unbounded' || handler.via.length > 0 || catches !== 'any' || outcome === 'raises' || !tried || passesOn.some(name => /^(SoftTimeLimitExceeded|Exception|BaseException)$/.test(name))) continue;
    const inside = body.effects.filter(effect => effect.insideLoop === insideLoop);
    if (inside.length > 0 && inside.every(({ kind }) => QUICK.has(kind))) continue;
    const end = hard.state === 'set' ? `the hard limit kills it after ${inWords(hard.value)}` : 'nothing ends it';
    yield {
      order: 3, at: handler.at, confidence: weakest(appConfidence(app, soft), isLong(fn, tried.at) ? 'medium' : 'low'), resource: app.id,
      message: `${caughtBy(handler)} takes the soft time limit of ${inWords(soft.value)} for the failure of one item: ${fn.functionName} goes on with the next one, and ${end}`,
      label: 'catches SoftTimeLimitExceeded too',
      related: [{ at: soft.at, message: `the soft time limit: ${inWords(soft.value)}` }, { at: loop.at, message: 'the loop that goes on' }],
      suggestion: 'write `except SoftTimeLimitExceeded: raise` (from celery.exceptions) in front of it',
      fate: `soft limit → caught as one item's failure → ${hard.state === 'set' ? 'SIGKILL at the hard limit' : 'the loop goes on'}`,
    };
    return;
  }
}
