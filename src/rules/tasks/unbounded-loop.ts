import type { CeleryApp, Problem, Rule, TaskFunction } from '../../model/index.js';
import { appConfidence, inWords, weakest } from '../shared.js';
import { longestStopOnEcs } from '../celery-shared.js';
import { ofFunctions } from '../task-functions.js';

export const unboundedLoop: Rule = {
  id: 'tasks/unbounded-loop',
  severity: 'warning',
  title: 'A task loops for ever',
  rationale:
    'A `while True` that nothing leaves never lets the worker finish: a warm shutdown waits for it until SIGKILL, at every deployment, and its slot takes no other message.',
  remedy: 'Do one round per message and let beat or the task itself send the next one, or run it as a service of its own that handles SIGTERM.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#stopping-the-worker'],

  check: ({ apps }) => ofFunctions(apps, judge),
};

function* judge(app: CeleryApp, fn: TaskFunction): Iterable<Problem> {
  const stop = longestStopOnEcs(app);
  for (const loop of fn.body.loops) {
    if (loop.source !== 'endless' || !loop.neverLeft) continue;
    yield {
      order: 3, at: loop.at, confidence: weakest(appConfidence(app), loop.via.length > 0 ? 'medium' : 'high'), resource: app.id,
      message: `${fn.functionName} never ends: nothing leaves \`while ${loop.over}\`, so every deployment kills it${stop === undefined ? '' : ` ${inWords(stop)} after SIGTERM`}`,
      label: 'nothing leaves it',
      ...(loop.via.length > 0 && { flow: loop.via }),
      suggestion: `do one round per message and end with \`${fn.functionName}.apply_async(countdown=…)\`, or run it as a service of its own`,
    };
  }
}
