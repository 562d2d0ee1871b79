import type { CeleryApp, Effect, Problem, Rule, SourceLocation, TaskFunction, WorkUnit } from '../../model/index.js';
import { samePlace } from '../../model/index.js';
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
    'requests and urllib have no timeout of their own, and the fetch of Node.js waits 5 minutes. A peer that accepts the connection and says nothing holds the task until it is killed: the slot works no more, and every deployment ends with SIGKILL in the middle of it.',
  remedy: 'Give every request a timeout that is shorter than the stop timeout.',
  references: ['https://requests.readthedocs.io/en/latest/user/quickstart/#timeouts', 'https://docs.python.org/3/library/urllib.request.html#urllib.request.urlopen', 'https://github.com/nodejs/undici/blob/main/docs/docs/api/Client.md'],

  *check({ apps, processors }) {
    yield* ofFunctions(apps, judge);
    yield* ofFunctions(processors, judgeProcessor);
  },
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

/** s. The longest stop timeout of ECS on Fargate. */
const LONGEST_STOP = 120;
/** Other places that are shown with the first. */
const MOST_OTHERS = 5;

/** Once for each handler: node ends such a request by itself, long after any deployment has killed the process. */
function* judgeProcessor(app: WorkUnit, fn: TaskFunction): Iterable<Problem> {
  const [first, ...others] = fn.body.effects.filter(({ byDefault, timeoutSeconds = 0 }) => byDefault && timeoutSeconds > LONGEST_STOP);
  if (!first) return;
  const { at, text, via, timeoutSeconds = 0 } = first;
  yield {
    order: 3, at, severity: 'note', confidence: weakest(appConfidence(app), 'medium'), resource: app.id,
    message: `${text} names no end: Node.js waits ${inWords(timeoutSeconds)} for the headers of an answer that does not come, and ${fn.functionName} outlasts every stop timeout with it`,
    label: `waits up to ${inWords(timeoutSeconds)}`,
    related: others.filter(other => !samePlace(other.at, at)).slice(0, MOST_OTHERS).map(other => ({ at: other.at, message: 'names no end either' })),
    ...(via.length > 0 && { flow: [...via, { at, text }] }),
    suggestion: `write signal: AbortSignal.timeout(${TIMEOUT}_000) in its options`,
    fate: `SIGTERM → the stop timeout ends in the request → SIGKILL: ${fn.again?.anew ?? 'the message comes back'}`,
  };
}
