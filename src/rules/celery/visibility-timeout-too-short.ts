import type { CeleryApp, Problem, Rule, TaskFunction, Thresholds } from '../../model/index.js';
import { appConfidence, fixTo, inWords, listed, weakest } from '../shared.js';
import { boundOf, byAcknowledgement, longestSaid, ofApp, numberOf, placeIn, toWrite } from '../celery-shared.js';
import { fittingLimits, floorOf, looksLikeMilliseconds, SQS_MAXIMUM, VISIBILITY_TIMEOUT, visibilityOf, type Floor, type Visibility } from '../celery-visibility.js';

export const visibilityTimeoutTooShort: Rule = {
  id: 'celery/visibility-timeout-too-short',
  severity: 'error',
  title: 'A message is delivered again while its task still runs',
  rationale:
    'On Redis and SQS a message that is not acknowledged within the visibility timeout goes to another worker. A late-acknowledged task that runs longer is then run ' +
    'by both, and on Redis a deployment triggers it: each starting worker looks for such messages first.',
  remedy: 'Give every task a hard time limit, and set visibility_timeout above the longest limit + stop timeout + longest countdown.',
  references: ['https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout', 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/sqs.html#visibility-timeout'],
  provenBy: ['celery/visibility-timeout-too-short/bad', 'celery/visibility-timeout-too-short/good', 'vt-short/prefork/late/vt=3,task=10,fresh worker', 'vt-short/prefork/late/vt=60,task=10,fresh worker'],
  leadsTo: ['celery/visibility-timeout-too-long', 'celery/countdown-exceeds-visibility-timeout'],

  *check({ apps }, thresholds) {
    for (const app of apps) {
      const visibility = visibilityOf(app);
      if (!visibility || looksLikeMilliseconds(visibility.seconds)) continue;
      const floor = floorOf(app, visibility.seconds, thresholds);
      const problem = belowLimit(app, visibility, floor, thresholds) ?? (visibility.isDefault ? withoutLimit(app, visibility, floor, thresholds) : undefined) ?? behindOthers(app, visibility, floor, thresholds);
      if (problem) yield problem;
    }
  },
};

/** A hard limit that lets a late-acknowledged task run on after its message went to another worker. */
function belowLimit(app: CeleryApp, { seconds, setting, isDefault }: Visibility, floor: Floor, thresholds: Thresholds): Problem | undefined {
  if (floor.seconds <= seconds) return undefined;
  const at = placeIn(app, setting);
  const isSure = floor.running >= seconds;
  const who = floor.by ? floor.by.functionName : 'a task';
  const limit = floor.by && typeof boundOf(floor.by, app.pool) === 'number' ? boundOf(floor.by, app.pool) as number : floor.running;
  const delay = floor.running - limit;
  const parts = [`may run ${longestSaid(limit, floor.by ? [floor.by] : [])}`, ...(delay > 0 ? [`is held up to ${inWords(delay)} before`] : []), ...(isSure || floor.stop === undefined ? [] : [`and its worker is given ${inWords(floor.stop)} to stop`])];
  return {
    ...common(app, at, floor.by ? [floor.by] : [], 'runs longer than its message stays hidden'), severity: isSure ? 'error' : 'warning',
    confidence: appConfidence(app, setting, floor.by?.timeLimit),
    message: `visibility_timeout is ${inWords(seconds)}${isDefault ? ' by default' : ''} but ${who}, acknowledged late, ${parts.join(', ')}: below ${inWords(Math.ceil(floor.seconds))} it is run twice at the same time`,
    ...remedyFor(app, setting, Math.max(thresholds.visibilityTimeoutSeconds, floor.enough)), fate: `delivered → ${inWords(seconds)} → delivered again while the first run goes on: done twice`,
  };
}

/** Late acknowledgement, the broker's default, and nothing that ends a task before it. */
function withoutLimit(app: CeleryApp, { seconds, setting }: Visibility, floor: Floor, thresholds: Thresholds): Problem | undefined {
  const { unlimited } = floor;
  if (unlimited.length === 0) return undefined;
  const endless = unlimited.filter(fn => fn.body.loops.some(loop => loop.bound === 'unbounded'));
  const named = endless.length > 0 ? endless : unlimited;
  const at = placeIn(app, setting);
  const { hard } = fittingLimits(app, thresholds);
  const wanted = Math.max(thresholds.visibilityTimeoutSeconds, floor.enough, hard + floor.enough - Math.max(0, ...limitsOf(app)));
  return {
    ...common(app, at, named, endless.length > 0 ? 'loops over a source without a bound, acknowledged late' : 'acknowledged late, without a time limit'), severity: endless.length > 0 ? 'error' : 'warning',
    confidence: weakest(appConfidence(app, setting), 'medium'),
    message: `visibility_timeout is ${inWords(seconds)} by default and nothing ends ${listed(named.map(fn => fn.functionName))} before that: a task acknowledged late that runs longer is run again every ${inWords(seconds)}`,
    label: 'no visibility_timeout and no time limit',
    suggestion: `${toWrite(app, ['task_time_limit', hard])}, then ${toWrite(app, [VISIBILITY_TIMEOUT, wanted])}`,
    fate: `delivered → ${inWords(seconds)} → delivered again while the first run goes on: done twice`,
  };
}

const limitsOf = (app: CeleryApp): readonly number[] => app.functions.map(fn => boundOf(fn, app.pool)).filter(bound => typeof bound === 'number');

/** Early acknowledgement: a prefetched message waits, not acknowledged, until the long task before it has ended. */
function behindOthers(app: CeleryApp, { seconds, setting }: Visibility, floor: Floor, thresholds: Thresholds): Problem | undefined {
  const multiplier = numberOf(app.settings.get('worker_prefetch_multiplier'));
  if (multiplier === undefined || multiplier === 1) return undefined;
  const long = byAcknowledgement(app.functions).early.filter(fn => { const bound = boundOf(fn, app.pool); return typeof bound === 'number' && bound > seconds; });
  if (long.length === 0) return undefined;
  const at = placeIn(app, setting);
  const longest = Math.max(...long.map(fn => boundOf(fn, app.pool) as number));
  return {
    ...common(app, at, long, 'runs longer than prefetched messages stay hidden'), severity: 'warning', confidence: weakest(appConfidence(app, setting), 'medium'),
    message: `visibility_timeout is ${inWords(seconds)}, but a message that is prefetched (worker_prefetch_multiplier is ${multiplier}) behind ${listed(long.map(fn => fn.functionName))} waits up to ${longestSaid(longest, long)}: it is delivered again and run twice`,
    ...remedyFor(app, setting, Math.max(thresholds.visibilityTimeoutSeconds, floor.enough)),
  };
}

function common(app: CeleryApp, at: Problem['at'], functions: readonly TaskFunction[], said: string): Pick<Problem, 'order' | 'at' | 'resource' | 'related' | 'label'> {
  return { order: 6, at, label: 'then the message goes to another worker', ...ofApp(app, at, functions, said) };
}

function remedyFor(app: CeleryApp, setting: Visibility['setting'], wanted: number): Pick<Problem, 'suggestion' | 'fix'> {
  if (app.broker === 'sqs' && wanted > SQS_MAXIMUM) return { suggestion: `lower the time limit or the countdown: SQS hides a message for at most ${inWords(SQS_MAXIMUM)}` };
  const fix = fixTo(setting, wanted, 'delivery', `set visibility_timeout to ${wanted}`);
  return { suggestion: toWrite(app, [VISIBILITY_TIMEOUT, wanted]), ...(fix && { fix }) };
}
