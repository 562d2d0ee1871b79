import type { CeleryApp, Problem, Publish, Rule, TaskFunction, Thresholds } from '../../model/index.js';
import { shorten as shortened } from '../../model/index.js';
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
      const long = waitsOf(app).filter(wait => wait.seconds >= visibility.seconds);
      for (const wait of long) yield problemOf(app, wait, visibility, thresholds);
    }
  },
};

/** A delay, in a task function's code or anywhere else: a view, a model, a command. */
export interface Wait extends Omit<Delay, 'in'> {
  /** The task function in whose code it stands; none: it stands outside of them. */
  readonly in?: TaskFunction;
  /** What is sent, as far as its name is known. */
  readonly name: string;
}

/** Every delay whose length can be told, of messages to this app, once for each place. */
export function waitsOf(app: CeleryApp): readonly Wait[] {
  const inside = delaysOf(app).map((delay): Wait => ({ ...delay, name: delay.of?.functionName ?? 'a task' }));
  return oncePerPlace([...inside, ...(app.sends ?? []).flatMap(publish => outside(app, publish))], ({ at }) => at);
}

function outside(app: CeleryApp, { at, target, countdown, via }: Publish): readonly Wait[] {
  const numbers = countdown.state === 'set' ? [countdown.value] : countdown.state === 'unknown' ? countdown.candidates : [];
  if (numbers.length === 0 || !numbers.every(one => typeof one === 'number' && Number.isFinite(one))) return [];
  const of = app.functions.find(fn => fn.name === target);
  return [{ seconds: Math.min(...numbers), at, setting: countdown, kind: 'countdown', via, name: of?.functionName ?? shortened(target, 40), ...(of && { of }) }];
}

/** A delay of a message to nobody known may be another app's; one of several values is at least the smallest. */
export function waitConfidence({ in: fn, of, setting }: Wait): 'high' | 'medium' {
  return (fn === undefined && of === undefined) || setting.state === 'unknown' ? 'medium' : 'high';
}

function problemOf(app: CeleryApp, delay: Wait, { seconds, setting, isDefault }: Visibility, thresholds: Thresholds): Problem {
  const wanted = enoughFor(app, delay, seconds, thresholds);
  const raise = wanted === undefined ? ', with beat and a table of due times for later ones' : `, or ${toWrite(app, [VISIBILITY_TIMEOUT, wanted])}`;
  const times = Math.floor(delay.seconds / seconds) + 1;
  const { related, ...about } = ofApp(app, delay.at);
  return {
    order: 6, at: delay.at, confidence: weakest(appConfidence(app, setting, delay.setting), waitConfidence(delay)),
    message: `${said(delay)} ${inWords(delay.seconds)} but visibility_timeout is ${inWords(seconds)}${isDefault ? ' by default' : ''}: the waiting message is delivered up to ${times} times, and each copy is run`,
    label: `held for ${inWords(delay.seconds)}, unacknowledged`,
    suggestion: `${shorten(delay, seconds)}${raise}`,
    ...about, related: [...(isDefault ? [] : [{ at: setting.at, message: `visibility_timeout is ${seconds}` }]), ...(related ?? [])],
    ...(delay.via.length > 0 && { flow: delay.via }),
    fate: `delivered, held → ${inWords(seconds)} → delivered to another worker → … → after ${inWords(delay.seconds)} run by each of them`,
  };
}

/**
 * s. One visibility timeout for every delay that a higher one can cure. A killed worker's tasks wait as long: above the 12 hours that SQS allows no number is a
 * cure, and there is none.
 */
function enoughFor(app: CeleryApp, { seconds }: Wait, visibility: number, thresholds: Thresholds): number | undefined {
  const { enough, longestDelay } = floorOf(app, visibility, thresholds);
  const runs = enough - longestDelay;
  const curable = waitsOf(app).map(wait => wait.seconds).filter(one => one + runs <= SQS_MAXIMUM);
  return curable.includes(seconds) ? Math.ceil(runs + Math.max(...curable)) + (runs === 0 ? 1 : 0) : undefined;
}

/** `hold sends release with a countdown of`: what waits, in front of how long. */
export function said({ kind, in: fn, of: target, name }: Wait): string {
  if (!fn) return `${name} is sent with a delay of`;
  if (kind === 'countdown') return `${fn.functionName} sends ${target?.functionName ?? 'a task'} with a countdown of`;
  if (kind === 'backoff') return `the backoff of ${fn.functionName} grows to`;
  return kind === 'retry-default' ? `${fn.functionName} is retried after its default delay of` : `${fn.functionName} is retried after`;
}

/** The change that makes the delay shorter. */
export function shorten({ kind, in: fn }: Wait, seconds: number): string {
  const below = `below ${seconds} s`;
  if (!fn) return `keep the delay ${below}`;
  if (kind === 'countdown') return `keep the countdown ${below}`;
  if (kind === 'backoff') return `set retry_backoff_max ${below}`;
  return kind === 'retry-default' ? `set default_retry_delay ${below}` : `keep the countdown of the retry ${below}`;
}
