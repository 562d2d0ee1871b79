import type { CeleryApp, Problem, Rule, Setting } from '../../model/index.js';
import { appConfidence, fixTo, inWords } from '../shared.js';
import { numberOf, ofApp, toWrite } from '../celery-shared.js';
import { looksLikeMilliseconds, VISIBILITY_TIMEOUT } from '../celery-visibility.js';

export const visibilityTimeoutNotSeconds: Rule = {
  id: 'celery/visibility-timeout-not-seconds',
  severity: 'error',
  title: 'The visibility timeout is no number of seconds',
  rationale:
    'kombu takes visibility_timeout as it is, a number of seconds. On Redis it subtracts it from the clock as it looks for messages of killed workers: a timedelta or a text ' +
    'raises TypeError there, and milliseconds are days. SQS refuses it as it creates the queue.',
  remedy: 'Write seconds: 900, or timedelta(minutes=15).total_seconds().',
  references: ['https://github.com/celery/kombu/blob/v5.6.2/kombu/transport/redis.py#L410-L425', 'https://github.com/celery/kombu/blob/v5.6.2/kombu/transport/SQS.py#L409-L416'],
  provenBy: ['celery/visibility-timeout-not-seconds/bad', 'celery/visibility-timeout-not-seconds/good'],
  leadsTo: ['celery/visibility-timeout-too-short', 'celery/visibility-timeout-too-long', 'celery/countdown-exceeds-visibility-timeout'],

  *check({ apps }) {
    for (const app of apps) {
      const setting = app.settings.get(VISIBILITY_TIMEOUT);
      const found = setting?.state === 'set' && (app.broker === 'redis' || app.broker === 'sqs') ? secondsMeant(setting.value, app) : undefined;
      if (found && setting) yield problemOf(app, setting, found);
    }
  },
};

interface Meant { readonly seconds: number; readonly is: 'timedelta' | 'text' | 'milliseconds'; readonly written: string }

function secondsMeant(value: unknown, app: CeleryApp): Meant | undefined {
  if (typeof value === 'object' && value !== null && 'seconds' in value && typeof value.seconds === 'number') return { seconds: value.seconds, is: 'timedelta', written: `a timedelta of ${inWords(value.seconds)}` };
  // SQS sends every attribute as text.
  if (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) && app.broker === 'redis') return { seconds: Number(value), is: 'text', written: `the text "${value}"` };
  if (typeof value === 'number' && looksLikeMilliseconds(value)) return { seconds: value / 1000, is: 'milliseconds', written: `${value}, the milliseconds of ${inWords(value / 1000)}` };
  return undefined;
}

function problemOf(app: CeleryApp, setting: Setting<unknown>, { seconds, is, written }: Meant): Problem {
  const number = numberOf(setting);
  const fix = fixTo(setting, seconds, is === 'milliseconds' ? 'delivery' : 'safe', `write ${seconds} seconds`);
  return {
    order: 6, at: setting.at, confidence: appConfidence(app, setting, is === 'milliseconds' ? 'medium' : 'high'),
    message: `visibility_timeout is ${written} where a number of seconds is wanted, so ${number === undefined ? broken(app) : `messages of a killed worker wait ${Math.round(number / 86_400)} days`}`,
    label: 'no number of seconds',
    suggestion: is === 'timedelta' ? `write .total_seconds() behind it, or ${toWrite(app, [VISIBILITY_TIMEOUT, seconds])}` : toWrite(app, [VISIBILITY_TIMEOUT, seconds]),
    ...ofApp(app, setting.at), ...(fix && { fix }),
  };
}

const broken = (app: CeleryApp): string => (app.broker === 'sqs' ? 'SQS refuses to create the queue' : 'the worker ends with TypeError as it looks for messages to restore');
