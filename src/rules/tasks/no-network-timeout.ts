import type { CeleryApp, Effect, Problem, Rule, SourceLocation, TaskFunction } from '../../model/index.js';
import { ignoresLimits, longestStopOnEcs } from '../celery-shared.js';
import { appConfidence, inWords, weakest } from '../shared.js';
import { ofFunctions } from '../task-functions.js';

/** s. What is suggested: longer than a slow answer, shorter than any stop timeout of ECS's default. */
const TIMEOUT = 10;

export const noNetworkTimeout: Rule = {
  id: 'tasks/no-network-timeout',
  severity: 'warning',
  title: 'A request without a timeout waits for ever',
  rationale:
    'requests and urllib have no timeout of their own. A peer that accepts the connection and says nothing holds the task until it is killed: the slot works no more, and every deployment ends with SIGKILL in the middle of it.',
  remedy: 'Give every request a timeout that is shorter than the stop timeout.',
  references: ['https://requests.readthedocs.io/en/latest/user/quickstart/#timeouts', 'https://docs.python.org/3/library/urllib.request.html#urllib.request.urlopen'],

  check: ({ apps }) => ofFunctions(apps, judge),
};

/** Once for each call. A hard limit ends it; whether in time is known only where the stop timeout is: else it is advice. */
function* judge(app: CeleryApp, fn: TaskFunction): Iterable<Problem> {
  const stop = longestStopOnEcs(app);
  const limit = ignoresLimits(app.pool) ? undefined : fn.timeLimit;
  if (limit?.state === 'unknown') return;
  const isAdvice = limit?.state === 'set' && (stop === undefined || limit.value < stop);
  for (const effect of fn.body.effects) if (effect.endless) yield { ...(isAdvice && { severity: 'note' as const }), ...problemOf(app, fn, effect, limit?.state === 'set' ? limit : undefined, isAdvice ? undefined : stop) };
}

function problemOf(app: CeleryApp, { functionName }: TaskFunction, { at, text, via }: Effect, limit: { readonly value: number; readonly at: SourceLocation } | undefined, stop: number | undefined): Problem {
  const end = limit ? `only the time limit of ${inWords(limit.value)} ends ${functionName}` : `no time limit ends ${functionName} either`;
  const kill = stop === undefined ? '' : `, and a deployment kills it ${inWords(stop)} after SIGTERM`;
  return {
    order: 3, at, confidence: weakest(appConfidence(app), via.length > 1 ? 'medium' : 'high'), resource: app.id,
    message: `${text} has no timeout: when the other side does not answer, ${end}${kill}`,
    label: 'may wait for ever',
    related: limit ? [{ at: limit.at, message: `time limit: ${inWords(limit.value)}` }] : [],
    ...(via.length > 0 && { flow: [...via, { at, text }] }),
    suggestion: `write timeout=${TIMEOUT} in the call`,
  };
}
