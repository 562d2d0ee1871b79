import type { CeleryApp, Problem, Rule, Thresholds } from '../../model/index.js';
import { appConfidence, inWords, weakest } from '../shared.js';
import { ofApp, oncePerPlace, toWrite } from '../celery-shared.js';
import { delaysOf, floorOf, looksLikeMilliseconds, SQS_MAXIMUM, VISIBILITY_TIMEOUT, visibilityOf, type Delay, type Visibility } from '../celery-visibility.js';

export const countdownExceedsVisibilityTimeout: Rule = {
  id: 'celery/countdown-exceeds-visibility-timeout',
  severity: 'error',
  title: 'A delayed task is delivered again before its time has come',
  rationale:
    'A worker takes a message with a countdown, an eta or a retry delay at once and holds it, unacknowledged, until its time. On Redis and SQS it goes to the next worker ' +
    'after each visibility timeout, which holds it too: when the time comes all of them run it, with early acknowledgement as well as with late.',
  remedy: 'Keep every delay below the visibility timeout: beat or a table of due times for longer ones, or raise visibility_timeout above the longest.',
  references: ['https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout', 'https://github.com/celery/kombu/issues/337'],
  provenBy: ['eta-vt/prefork/early/vt=3,countdown=12,2 fresh workers', 'eta-vt/prefork/early/vt=60,countdown=12,2 fresh workers'],
  leadsTo: ['celery/visibility-timeout-too-short'],

  *check({ apps }, thresholds) {
    for (const app of apps) {
      const visibility = visibilityOf(app);
      if (!visibility || looksLikeMilliseconds(visibility.seconds)) continue;
      const long = delaysOf(app).filter(delay => delay.seconds >= visibility.seconds);
      for (const delay of oncePerPlace(long, ({ at }) => at)) yield problemOf(app, delay, visibility, thresholds);
    }
  },
};

function problemOf(app: CeleryApp, delay: Delay, { seconds, setting, isDefault }: Visibility, thresholds: Thresholds): Problem {
  const wanted = Math.max(floorOf(app, seconds, thresholds).enough, delay.seconds + 1);
  const raise = app.broker === 'sqs' && wanted > SQS_MAXIMUM ? '' : `, or ${toWrite(app, [VISIBILITY_TIMEOUT, wanted])}`;
  const times = Math.floor(delay.seconds / seconds) + 1;
  const { related, ...about } = ofApp(app, delay.at);
  return {
    order: 6, at: delay.at, confidence: weakest(appConfidence(app, setting, delay.setting), delay.setting.state === 'unknown' ? 'medium' : 'high'),
    message: `${said(delay)} ${inWords(delay.seconds)} but visibility_timeout is ${inWords(seconds)}${isDefault ? ' by default' : ''}: the waiting message is delivered up to ${times} times, and each copy is run`,
    label: `held for ${inWords(delay.seconds)}, unacknowledged`,
    suggestion: `${shorten(delay, seconds)}${raise}`,
    ...about, related: [...(isDefault ? [] : [{ at: setting.at, message: `visibility_timeout is ${seconds}` }]), ...(related ?? [])],
    ...(delay.via.length > 0 && { flow: delay.via }),
    fate: `delivered, held → ${inWords(seconds)} → delivered to another worker → … → after ${inWords(delay.seconds)} run by each of them`,
  };
}

function said({ kind, in: fn, of: target }: Delay): string {
  if (kind === 'countdown') return `${fn.functionName} sends ${target?.functionName ?? 'a task'} with a countdown of`;
  if (kind === 'backoff') return `the backoff of ${fn.functionName} grows to`;
  return kind === 'retry-default' ? `${fn.functionName} is retried after its default delay of` : `${fn.functionName} is retried after`;
}

function shorten({ kind }: Delay, seconds: number): string {
  const below = `below ${seconds} s`;
  if (kind === 'countdown') return `keep the countdown ${below}`;
  if (kind === 'backoff') return `set retry_backoff_max ${below}`;
  return kind === 'retry-default' ? `set default_retry_delay ${below}` : `keep the countdown of the retry ${below}`;
}
