import type { CeleryApp, Problem, Rule, Thresholds } from '../../model/index.js';
import { place } from '../../model/index.js';
import { appConfidence, fixTo, inWords, weakest } from '../shared.js';
import { acksLate, byAcknowledgement, isWritten, ofApp, placeIn, spelled, toWrite } from '../celery-shared.js';
import { fittingLimits, floorOf, looksLikeMilliseconds, VISIBILITY_TIMEOUT, visibilityOf } from '../celery-visibility.js';

/** A long need, rounded up, is still the need. */
const ROUNDING = 1.1;

export const visibilityTimeoutTooLong: Rule = {
  id: 'celery/visibility-timeout-too-long',
  severity: 'warning',
  title: 'The tasks of a killed worker wait longer than they have to',
  rationale:
    'Redis knows no connection: the messages of a worker that was killed come back only after the visibility timeout (1 hour unless set), and then with the next ' +
    'sweep, up to 100 s later. That holds for the task it ran, if acknowledged late, and for everything it had prefetched.',
  remedy: 'Set visibility_timeout a little above the longest hard limit + stop timeout + countdown, 15 minutes where that is less.',
  references: ['https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout', 'https://github.com/celery/kombu/pull/2558'],
  provenBy: ['slow-restore-period/prefork/late/vt=10,B up at once', 'prefetch-kill/prefork/early/prefetch=4'],

  *check({ apps }, thresholds) {
    for (const app of apps) {
      const problem = app.broker === 'redis' ? judge(app, thresholds) : undefined;
      if (problem) yield problem;
    }
  },
};

/** A delay that is not known, of what its task functions and the rest of the code send or retry: it may need all of the timeout. */
function unreadDelay({ functions, sends = [] }: CeleryApp): Problem['at'] | undefined {
  const delays = [...functions.flatMap(({ body, retry }) => [...body.publishes, ...retry.calls]), ...sends];
  return delays.find(({ countdown }) => countdown.state === 'unknown')?.at;
}

function judge(app: CeleryApp, thresholds: Thresholds): Problem | undefined {
  const visibility = visibilityOf(app);
  if (!visibility || looksLikeMilliseconds(visibility.seconds)) return undefined;
  const { seconds, setting, isDefault } = visibility;
  const floor = floorOf(app, seconds, thresholds);
  const isUnlimited = floor.unlimited.length > 0;
  // The default without late acknowledgement delays prefetched messages alone; without a limit it is too short as well as too long.
  if (isDefault && (!acksLate(app) || isUnlimited || floor.seconds === 0)) return undefined;
  const wanted = Math.max(thresholds.visibilityTimeoutSeconds, floor.enough);
  if (seconds <= (floor.enough > thresholds.visibilityTimeoutSeconds ? wanted * ROUNDING : wanted)) return undefined;
  const at = placeIn(app, setting), unread = unreadDelay(app);
  const fix = isUnlimited || unread ? undefined : fixTo(setting, wanted, 'delivery', `set visibility_timeout to ${wanted}`);
  const { hard } = fittingLimits(app, thresholds);
  return {
    order: 6, at, confidence: weakest(appConfidence(app, setting), isUnlimited ? 'medium' : 'high'),
    message: `visibility_timeout is ${inWords(seconds)}${isDefault ? ' by default' : ''}, so what a killed worker ${acksLate(app) ? 'ran or had prefetched' : 'had prefetched'} waits that long, plus up to 100 s, ${unread ? 'unless a countdown needs it' : `where ${inWords(wanted)} ${isUnlimited ? 'is usual' : 'is enough'}`}`,
    label: isDefault ? 'no visibility_timeout: messages come back after 1 h' : 'the wait of a killed worker\'s messages',
    suggestion: unread ? `keep it just above the longest countdown, which could not be read at ${place(unread)}, and send what is due later from beat` : isUnlimited ? `${toWrite(app, ['task_time_limit', hard])}, then ${toWrite(app, [VISIBILITY_TIMEOUT, wanted])}` : toWrite(app, [VISIBILITY_TIMEOUT, wanted]),
    ...ofApp(app, at, byAcknowledgement(app.functions).late, 'waits when its worker is killed'), ...(isUnlimited && { blockedBy: ['celery/no-time-limit'] }),
    fate: `SIGKILL → ${inWords(seconds)} (${spelled(app, 'broker_transport_options')}${isWritten(setting) ? '' : ' not set'}) + up to 100 s → delivered again`,
    ...(fix && { fix }),
  };
}
