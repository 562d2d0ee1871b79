import type { CeleryApp, Problem, Rule, TaskFunction } from '../../model/index.js';
import { samePlace } from '../../model/index.js';
import { CONSUMER_TIMEOUT_DEFAULT } from '../../fate/index.js';
import { appConfidence, inWords, listed, weakest } from '../shared.js';
import { boundOf, byAcknowledgement, ofApp, oncePerPlace } from '../celery-shared.js';
import { delaysOf, softBelow, type Delay } from '../celery-visibility.js';

export const countdownExceedsConsumerTimeout: Rule = {
  id: 'celery/countdown-exceeds-consumer-timeout',
  severity: 'warning',
  title: 'A message is held for longer than RabbitMQ allows',
  rationale:
    'RabbitMQ closes the channel of a consumer that holds a message unacknowledged for longer than consumer_timeout: 30 minutes unless the server says otherwise. A held countdown or retry, and a ' +
    'late-acknowledged task, are unacknowledged all the time. Celery then ends the whole worker process (measured: "Unrecoverable error: PreconditionFailed"), the message goes back to the queue, and the next worker meets the same end.',
  remedy: 'Keep delays and late-acknowledged tasks below consumer_timeout, or raise it on the server or by the policy of the queue.',
  references: ['https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout', 'https://docs.celeryq.dev/en/stable/userguide/calling.html#eta-and-countdown', 'https://github.com/celery/celery/issues/6760'],
  provenBy: ['consumer-timeout/prefork/late/consumer_timeout=3s,task=8'],

  *check({ apps }) {
    for (const app of apps) {
      if (app.broker !== 'rabbitmq') continue;
      for (const delay of oncePerPlace(delaysOf(app).filter(({ seconds }) => seconds > CONSUMER_TIMEOUT_DEFAULT), ({ at }) => at)) yield heldTooLong(app, delay);
      const long = byAcknowledgement(app.functions).late.filter(fn => { const bound = boundOf(fn, app.pool); return typeof bound === 'number' && bound > CONSUMER_TIMEOUT_DEFAULT; });
      for (const first of oncePerPlace(long, limitPlace)) yield runsTooLong(app, long.filter(fn => samePlace(limitPlace(fn), limitPlace(first))));
    }
  },
};

const limitPlace = (fn: TaskFunction): TaskFunction['at'] => (fn.timeLimit.state === 'set' ? fn.timeLimit.at : fn.at);
const ALLOWED = `the ${inWords(CONSUMER_TIMEOUT_DEFAULT)} RabbitMQ allows by default`;
const fate = 'RabbitMQ closes the channel → the worker process ends → the message goes back → the next worker does the same';

function heldTooLong(app: CeleryApp, delay: Delay): Problem {
  const { related, ...about } = ofApp(app, delay.at);
  const text = delay.kind === 'countdown' ? `${delay.in.functionName} sends ${delay.of?.functionName ?? 'a task'} with a countdown of` : delay.kind === 'backoff' ? `the backoff of ${delay.in.functionName} grows to` : `${delay.in.functionName} is retried after`;
  return {
    order: 6, at: delay.at, confidence: weakest(appConfidence(app, delay.setting), 'medium'), ...about, ...(related && { related }), ...(delay.via.length > 0 && { flow: delay.via }), fate,
    message: `${text} ${inWords(delay.seconds)}, held unacknowledged, longer than ${ALLOWED} (consumer_timeout): the worker process that holds it ends`,
    label: `held for ${inWords(delay.seconds)}, unacknowledged`,
    suggestion: `keep it below ${CONSUMER_TIMEOUT_DEFAULT} s and let beat or a table of due times start what is later, or set consumer_timeout = ${(delay.seconds + 600) * 1000} (ms) in rabbitmq.conf`,
  };
}

function runsTooLong(app: CeleryApp, functions: readonly TaskFunction[]): Problem {
  const [fn] = functions as readonly [TaskFunction];
  const seconds = boundOf(fn, app.pool) as number;
  const at = limitPlace(fn);
  return {
    order: 3, at, confidence: weakest(appConfidence(app, fn.timeLimit, fn.acksLate), 'medium'), ...ofApp(app, at, functions, 'acknowledged late'), fate,
    message: `${listed(functions.map(one => one.functionName))} may run ${inWords(seconds)} and ${functions.length === 1 ? 'is' : 'are'} acknowledged late, longer than ${ALLOWED} (consumer_timeout): the worker process then ends, and the task is done again`,
    label: `up to ${inWords(seconds)}, unacknowledged`,
    suggestion: `split the work and set the limit to ${CONSUMER_TIMEOUT_DEFAULT - 60} (soft ${softBelow(CONSUMER_TIMEOUT_DEFAULT - 60)}) or less, or set consumer_timeout = ${(seconds + 600) * 1000} (ms) in rabbitmq.conf`,
  };
}
