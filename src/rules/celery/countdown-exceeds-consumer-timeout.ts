import type { CeleryApp, Problem, Rule, Setting, TaskFunction, Thresholds } from '../../model/index.js';
import { CONSUMER_TIMEOUT_DEFAULT } from '../../fate/index.js';
import { appConfidence, inWords, listed, oncePerPlace, weakest } from '../shared.js';
import { boundOf, byAcknowledgement, isAtLeast, isInherited, isOn, longestSaid, longestStop, numberOf, ofApp, toWrite } from '../celery-shared.js';
import { softBelow } from '../celery-visibility.js';
import { delayConfidence, delaySaid, delaysOf, shorterDelay, type Delay } from '../celery-delays.js';

/** s. consumer_timeout is a signed number of milliseconds: more cannot be written. */
const LONGEST = 2_147_483;

export const countdownExceedsConsumerTimeout: Rule = {
  id: 'celery/countdown-exceeds-consumer-timeout',
  severity: 'warning',
  title: 'A message is held longer than RabbitMQ allows',
  rationale:
    'A worker holds a message unacknowledged while it waits for its countdown, eta or retry delay (with early acknowledgement too), and a late-acknowledged one until its task has ended. Once that is longer than ' +
    'consumer_timeout, 30 minutes unless the broker says otherwise, RabbitMQ closes the channel and takes the message back. Celery ends the whole worker process over it ("Unrecoverable error: PreconditionFailed", ' +
    'measured), what its other processes run included, and the next worker meets the same message: it repeats.',
  remedy: 'Keep delays and late-acknowledged tasks below consumer_timeout (beat or a table of due times for later ones), or raise consumer_timeout in the broker\'s configuration.',
  references: [
    'https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout', 'https://docs.celeryq.dev/en/stable/userguide/calling.html#eta-and-countdown', 'https://github.com/celery/celery/issues/6760',
  ],
  provenBy: ['consumer-timeout/prefork/late/consumer_timeout=3s,task=8'],

  *check({ apps }, thresholds) {
    for (const app of apps) {
      const timeout = app.broker === 'rabbitmq' ? timeoutOf(app) : undefined;
      if (!timeout) continue;
      const long = passInBroker(app) ? [] : delaysOf(app).filter(({ seconds }) => seconds > timeout.seconds);
      for (const wait of long) yield waiting(app, wait, timeout, thresholds);
      yield* running(app, timeout, thresholds);
    }
  },
};

interface Timeout { readonly seconds: number; /** Absent: the broker's usual one. */ readonly setting?: Setting<number> }

/** One that is written and cannot be read is silence. */
function timeoutOf({ consumerTimeout }: CeleryApp): Timeout | undefined {
  if (!consumerTimeout) return { seconds: CONSUMER_TIMEOUT_DEFAULT };
  const seconds = numberOf(consumerTimeout);
  return seconds === undefined ? undefined : { seconds, setting: consumerTimeout };
}

/**
 * From 5.5 a delay on quorum queues passes in queues of its own, and no worker holds the message, except behind a direct exchange, Celery's usual one
 * (celery app/base.py:876-906). Which exchange a queue declared in code has is not known: silence.
 */
function passInBroker(app: CeleryApp): boolean {
  const exchange = app.settings.get('task_default_exchange_type');
  const isQuorum = (setting: Setting<unknown> | undefined): boolean => setting?.state === 'set' && setting.value === 'quorum';
  const isDirect = exchange?.state === 'unset' || (exchange?.state === 'set' && exchange.value === 'direct');
  return isAtLeast(app.versions.celery, '5.5') && (app.quorumQueue !== undefined || (isQuorum(app.settings.get('task_default_queue_type')) && !isDirect));
}

function waiting(app: CeleryApp, wait: Delay, timeout: Timeout, thresholds: Thresholds): Problem {
  const later = wait.kind === 'countdown' ? ' (beat and a table of due times for later ones)' : '';
  return {
    ...shared(app, wait.at, timeout), order: 6, confidence: weakest(appConfidence(app, app.settings.get('broker_url'), wait.setting), delayConfidence(wait), sure(timeout)),
    message: `${delaySaid(wait)} ${inWords(wait.seconds)} but ${found(timeout)}: ${consequence(app)} while it waits, and the next one after it`,
    label: `held for ${inWords(wait.seconds)}, unacknowledged`, suggestion: `${shorterDelay(wait, timeout.seconds)}${later}${raise(app, wait.seconds + longestBound(app), thresholds)}`,
    ...(wait.via.length > 0 && { flow: wait.via }), fate: `delivered, held → ${inWords(timeout.seconds)} → ${ended(app)} → delivered to the next worker → …`,
  };
}

/** Late-acknowledged functions whose own bound is above the timeout, once for each limit. */
function* running(app: CeleryApp, timeout: Timeout, thresholds: Thresholds): Generator<Problem> {
  const long = byAcknowledgement(app.functions).late.flatMap(fn => { const seconds = boundOf(fn, app.pool); return typeof seconds === 'number' && seconds > timeout.seconds ? [{ fn, seconds }] : []; });
  const placeOf = (fn: TaskFunction) => (!fn.observed && numberOf(fn.timeLimit) !== undefined ? fn.timeLimit.at : fn.ownTimeout?.at ?? fn.at);
  for (const { fn, seconds } of oncePerPlace(long, one => placeOf(one.fn))) {
    const at = placeOf(fn);
    const functions = long.filter(one => placeOf(one.fn).startLine === at.startLine && placeOf(one.fn).path === at.path).map(one => one.fn);
    const { related, ...about } = shared(app, at, timeout, functions);
    yield {
      ...about, ...(related && { related }), order: 3, confidence: weakest(appConfidence(app, app.settings.get('broker_url'), fn.timeLimit, fn.acksLate), sure(timeout)),
      message: `${listed(functions.map(one => one.functionName))} may run ${longestSaid(seconds, functions)} before ${functions.length === 1 ? 'it is' : 'they are'} acknowledged but ${found(timeout)}: ${consequence(app)} under a task that takes longer, and the next one after it`,
      label: `unacknowledged for up to ${inWords(seconds)}`, suggestion: `split the work and ${limit(app, fn, timeout, thresholds)}${raise(app, seconds, thresholds)}`,
      fate: `acknowledged late → ${inWords(timeout.seconds)} → ${ended(app)} → delivered to the next worker → …`,
    };
  }
}

function shared(app: CeleryApp, at: Problem['at'], { setting }: Timeout, functions: readonly TaskFunction[] = []): Pick<Problem, 'at' | 'severity' | 'resource' | 'related'> {
  const { related = [], ...about } = ofApp(app, at, functions, 'acknowledged late');
  return { at, severity: setting ? 'error' : 'warning', ...about, related: [...(setting ? [{ at: setting.at, message: `${nameOf(setting)} is ${inWords(numberOf(setting)!)}` }] : []), ...related] };
}

/** A queue's argument, or the broker's own setting. */
const nameOf = (setting: Setting<number>): string => (setting.state === 'set' ? setting.writtenAs : undefined) ?? 'x-consumer-timeout';

/** Which broker runs, and what its own configuration says, is not in the files. */
const sure = ({ setting }: Timeout): 'high' | 'medium' => (setting ? 'high' : 'medium');

function found({ seconds, setting }: Timeout): string {
  return setting ? `${nameOf(setting)} is ${inWords(seconds)}` : `RabbitMQ's consumer_timeout is ${inWords(seconds)} unless its configuration says otherwise`;
}

const survives = (app: CeleryApp): boolean => isOn(app.settings.get('broker_channel_error_retry')) === true;
const consequence = (app: CeleryApp): string => (survives(app) ? 'the channel is closed' : 'the worker ends with PreconditionFailed');
const ended = (app: CeleryApp): string => (survives(app) ? 'the channel is closed' : 'PreconditionFailed, the worker process ends');

function limit(app: CeleryApp, fn: TaskFunction, { seconds }: Timeout, { maxTaskSeconds }: Thresholds): string {
  const hard = Math.min(maxTaskSeconds, Math.floor(seconds / 2));
  if (fn.timeLimit.state === 'unset') return `set time_limit=${hard}, soft_time_limit=${softBelow(hard)} on ${fn.functionName}`;
  return isInherited(fn.timeLimit, app.settings.get('task_time_limit')) ? toWrite(app, ['task_time_limit', hard], ['task_soft_time_limit', softBelow(hard)]) : `set time_limit=${hard}, soft_time_limit=${softBelow(hard)} on ${fn.functionName}`;
}

/** s. What a late-acknowledged function of the app may run at most, as far as it is bounded. */
function longestBound(app: CeleryApp): number {
  return Math.max(0, ...byAcknowledgement(app.functions).late.map(fn => boundOf(fn, app.pool)).filter(bound => typeof bound === 'number'));
}

/** `held` s and the stop after it, in whole minutes or hours; nothing where no number is large enough. */
function raise(app: CeleryApp, held: number, { exitMarginSeconds, stopTimeoutSeconds }: Thresholds): string {
  const least = held + (longestStop(app) ?? stopTimeoutSeconds) + exitMarginSeconds;
  const unit = least > 7200 ? 3600 : 60;
  const wanted = Math.ceil(least / unit) * unit;
  if (wanted > LONGEST) return '';
  return app.consumerTimeout && nameOf(app.consumerTimeout) !== 'consumer_timeout' ? `, or write "x-consumer-timeout": ${wanted * 1000}` : `, or \`consumer_timeout = ${wanted * 1000}\` (${inWords(wanted)}, in ms) in the broker's rabbitmq.conf`;
}
