import type { CeleryApp, Problem, Rule, Setting, TaskFunction } from '../../model/index.js';
import { samePlace } from '../../model/index.js';
import { appConfidence, fixTo, listed, oncePerPlace } from '../shared.js';
import { hasChildren, numberOf, ofApp } from '../celery-shared.js';
import { softBelow } from '../celery-visibility.js';

export const softLimitNotBelowHard: Rule = {
  id: 'celery/soft-limit-not-below-hard',
  severity: 'warning',
  title: 'The soft time limit leaves no time to clean up',
  rationale:
    'The soft limit raises SoftTimeLimitExceeded inside the task, so that it can release locks and record where it stood; at the hard limit its process is killed. Where the ' +
    'soft limit is not below the hard one, the task is killed as it is told, or before.',
  remedy: 'Set the soft limit below the hard one by the time a clean-up takes.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits', 'https://github.com/celery/celery/blob/v5.6.3/celery/concurrency/asynpool.py#L578-L583'],
  documentedBy: 'Celery\'s code: the hard timer starts at hard − soft after the soft one',

  *check({ apps }) {
    for (const app of apps) if (hasChildren(app.pool)) yield* judge(app);
  },
};

interface Pair { readonly soft: Setting<unknown>; readonly hard: Setting<unknown>; readonly fn?: TaskFunction }

function* judge(app: CeleryApp): Generator<Problem> {
  const own: Pair[] = app.functions.map(fn => ({ soft: fn.softTimeLimit, hard: fn.timeLimit, fn }));
  const [soft, hard] = [app.settings.get('task_soft_time_limit'), app.settings.get('task_time_limit')];
  const pairs = [...(soft && hard && app.functions.length === 0 ? [{ soft, hard }] : []), ...own].filter(isWrong);
  for (const pair of oncePerPlace(pairs, one => one.soft.at)) yield problemOf(app, pair, pairs.filter(other => other.soft.at === pair.soft.at).flatMap(({ fn }) => (fn ? [fn] : [])));
}

function isWrong({ soft, hard }: Pair): boolean {
  const [softSeconds, hardSeconds] = [numberOf(soft), numberOf(hard)];
  return softSeconds !== undefined && hardSeconds !== undefined && hardSeconds > 0 && softSeconds >= hardSeconds;
}

function problemOf(app: CeleryApp, { soft, hard }: Pair, functions: readonly TaskFunction[]): Problem {
  const [softSeconds, hardSeconds] = [numberOf(soft)!, numberOf(hard)!];
  const wanted = softBelow(hardSeconds);
  // one number for both (`a = b = 100`, or a constant) cannot be below itself
  const fix = samePlace(soft.at, hard.at) ? undefined : fixTo(soft, wanted, 'safe', `set the soft limit to ${wanted}`);
  const { related, ...about } = ofApp(app, soft.at);
  return {
    order: 3, at: soft.at, confidence: appConfidence(app, soft, hard),
    message: `the soft time limit is ${softSeconds} s and the hard one ${hardSeconds} s, so ${functions.length > 0 ? listed(functions.map(fn => fn.functionName)) : 'a task'} is killed with no time to clean up`,
    label: `not below ${hardSeconds} s`, suggestion: `set the soft time limit to ${wanted} in ${soft.at.path}`,
    ...about, related: [{ at: hard.at, message: `the hard limit is ${hardSeconds} s` }, ...(related ?? [])], ...(fix && { fix }),
  };
}
