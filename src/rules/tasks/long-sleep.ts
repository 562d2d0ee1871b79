import type { CeleryApp, EffectKind, Problem, Rule, TaskFunction, Thresholds } from '../../model/index.js';
import { isWithin, shorten } from '../../model/index.js';
import { longestStopOnEcs } from '../celery-shared.js';
import { appConfidence, inWords, weakest } from '../shared.js';
import { ofFunctions } from '../task-functions.js';

export const longSleep: Rule = {
  id: 'tasks/long-sleep',
  severity: 'warning',
  title: 'A task sleeps longer than a stop waits',
  rationale:
    'A task that sleeps holds its slot and does nothing, and a worker that is being stopped waits for it. A sleep that is longer than the stop timeout is always cut by SIGKILL when a deployment falls into it.',
  remedy: 'End the task and send what follows with a countdown.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/calling.html#eta-and-countdown', 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html'],

  check: ({ apps }, thresholds) => [...ofFunctions(apps, (app, fn) => judge(app, fn, thresholds)), ...ofFunctions(apps, judgePolls)],
};

/** What a loop may do that only waits for something: it asks, and keeps what it was told. */
const ASKS: ReadonlySet<EffectKind> = new Set(['sleep', 'read', 'http-read', 'update']);
const WAITS_FOR = /now|time|deadline|expire|elapsed|status|state|done|ready|complete|finish|running|pending|progress/i;

/** A loop that sleeps and asks again until something has happened elsewhere, or a time is over; one that counts its tries is short. */
function* judgePolls(app: CeleryApp, fn: TaskFunction): Iterable<Problem> {
  const { effects, loops } = fn.body;
  for (const [index, loop] of loops.entries()) {
    const inside = effects.filter(({ insideLoop }) => insideLoop !== undefined && isWithin(insideLoop, index, loops));
    const sleep = inside.find(({ kind, insideLoop }) => kind === 'sleep' && insideLoop === index);
    if (loop.kind !== 'while' || loop.bound !== 'unknown' || (loop.neverLeft && loop.source === 'endless') || !sleep || !WAITS_FOR.test(loop.over) || !inside.every(({ kind }) => ASKS.has(kind))) continue;
    yield {
      order: 3, at: loop.at, severity: 'note', confidence: weakest(appConfidence(app), 'medium'), resource: app.id,
      message: `${fn.functionName} waits in its slot: it sleeps${sleep.timeoutSeconds === undefined ? '' : ` ${inWords(sleep.timeoutSeconds)}`} and asks again while ${shorten(loop.over, 50)}, and a stop that falls into it kills it when its time is over`,
      label: 'asks again and again', related: [{ at: sleep.at, message: 'sleeps here' }],
      ...(loop.via.length > 0 && { flow: [...loop.via, { at: loop.at, text: loop.over }] }),
      suggestion: `ask once, and end with self.retry(countdown=${sleep.timeoutSeconds === undefined ? '…' : Math.max(1, Math.round(sleep.timeoutSeconds))}) or a message to itself as long as the answer is not there`,
    };
  }
}

/** Where no ECS definition is joined, only what no stop timeout of ECS covers. */
function* judge(app: CeleryApp, fn: TaskFunction, { stopTimeoutSeconds }: Pick<Thresholds, 'stopTimeoutSeconds'>): Iterable<Problem> {
  const known = longestStopOnEcs(app);
  const stop = known ?? stopTimeoutSeconds;
  for (const { kind, at, text, via, timeoutSeconds: seconds } of fn.body.effects) {
    if (kind !== 'sleep' || seconds === undefined || seconds <= stop) continue;
    yield {
      order: 3, at, confidence: weakest(appConfidence(app), via.length > 1 ? 'medium' : 'high'), resource: app.id,
      message: `${fn.functionName} sleeps ${inWords(seconds)}, and a stop waits ${known === undefined ? 'at most ' : ''}${inWords(stop)}: a deployment that falls into it kills the task, and its slot does nothing until then`,
      label: `${inWords(seconds)} without work`,
      ...(via.length > 0 && { flow: [...via, { at, text }] }),
      suggestion: `end ${fn.functionName} there, and send what follows with countdown=${Math.round(seconds)}`,
    };
  }
}
