import type { CeleryApp, Problem, Rule, TaskFunction, Thresholds } from '../../model/index.js';
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

  check: ({ apps }, thresholds) => ofFunctions(apps, (app, fn) => judge(app, fn, thresholds)),
};

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
