import type { CeleryApp, Problem, Rule, Thresholds } from '../../model/index.js';
import { appConfidence, inWords, weakest } from '../shared.js';
import { delayConfidence, delaySaid, delaysOf, shorterDelay, type Delay } from '../celery-delays.js';
import { ofApp, toWrite } from '../celery-shared.js';
import { floorOf, looksLikeMilliseconds, SQS_MAXIMUM, VISIBILITY_TIMEOUT, visibilityOf, type Visibility } from '../celery-visibility.js';

export const countdownExceedsVisibilityTimeout: Rule = {
  id: 'celery/countdown-exceeds-visibility-timeout',
  severity: 'error',
  title: 'A delayed task is delivered again before its time has come',
  rationale:
    'A worker takes a message with a countdown, an eta or a retry delay at once and holds it, unacknowledged, until its time. On Redis and SQS it goes to the next worker ' +
    'after each visibility timeout, which holds it too: when the time comes all of them run it, with early acknowledgement as well as with late.',
  remedy: 'Keep every delay below the visibility timeout: beat or a table of due times for longer ones, or raise visibility_timeout above the longest.',
  references: ['https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout', 'https://github.com/celery/kombu/issues/337'],
  provenBy: ['celery/countdown-exceeds-visibility-timeout/bad', 'celery/countdown-exceeds-visibility-timeout/good', 'eta-vt/prefork/early/vt=3,countdown=12,2 fresh workers', 'eta-vt/prefork/early/vt=60,countdown=12,2 fresh workers'],
  leadsTo: ['celery/visibility-timeout-too-short'],

  *check({ apps }, thresholds) {
    for (const app of apps) {
      const visibility = visibilityOf(app);
      if (!visibility || looksLikeMilliseconds(visibility.seconds)) continue;
      const long = delaysOf(app).filter(wait => wait.seconds >= visibility.seconds);
      for (const wait of long) yield problemOf(app, wait, visibility, thresholds);
    }
  },
};

function problemOf(app: CeleryApp, delay: Delay, { seconds, setting, isDefault }: Visibility, thresholds: Thresholds): Problem {
  const wanted = enoughFor(app, delay, seconds, thresholds);
  const raise = wanted === undefined ? ', with beat and a table of due times for later ones' : `, or ${toWrite(app, [VISIBILITY_TIMEOUT, wanted])}`;
  const times = Math.floor(delay.seconds / seconds) + 1;
  const { related, ...about } = ofApp(app, delay.at);
  return {
    // one that ends as the message comes back is run twice only where it has to wait for a free process then
    order: 6, at: delay.at, ...(delay.seconds === seconds && { severity: 'warning' as const }), confidence: weakest(appConfidence(app, setting, delay.setting), delayConfidence(delay)),
    message: `${delaySaid(delay)} ${inWords(delay.seconds)} but visibility_timeout is ${inWords(seconds)}${isDefault ? ' by default' : ''}: ${delay.seconds === seconds ? 'where it then waits for a free process it is delivered a second time, and both copies are run' : `the waiting message is delivered up to ${times} times, and each copy is run`}`,
    label: `held for ${inWords(delay.seconds)}, unacknowledged`,
    suggestion: `${shorterDelay(delay, seconds)}${raise}`,
    ...about, related: [...(isDefault ? [] : [{ at: setting.at, message: `visibility_timeout is ${seconds}` }]), ...(related ?? [])],
    ...(delay.via.length > 0 && { flow: delay.via }),
    fate: `delivered, held → ${inWords(seconds)} → delivered to another worker → … → after ${inWords(delay.seconds)} run by each of them`,
  };
}

/**
 * s. One visibility timeout for every delay that a higher one can cure. A killed worker's tasks wait as long: above the 12 hours that SQS allows no number is a
 * cure, and there is none.
 */
function enoughFor(app: CeleryApp, { seconds }: Delay, visibility: number, thresholds: Thresholds): number | undefined {
  const { enough, longestDelay } = floorOf(app, visibility, thresholds);
  const runs = enough - longestDelay;
  const curable = delaysOf(app).map(wait => wait.seconds).filter(one => one + runs <= SQS_MAXIMUM);
  return curable.includes(seconds) ? Math.ceil(runs + Math.max(...curable)) + (runs === 0 ? 1 : 0) : undefined;
}
