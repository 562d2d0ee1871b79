import type { CeleryApp, Problem, Rule, TaskFunction } from '../../model/index.js';
import { appConfidence, fixTo, weakest } from '../shared.js';
import { ofFunctions, retriesOf } from '../task-functions.js';

export const retryWithoutLimit: Rule = {
  id: 'tasks/retry-without-limit',
  severity: 'warning',
  title: 'A task is retried for ever',
  rationale:
    'With max_retries=None a message that can never succeed (a row that was deleted, an address that does not exist) is sent again until somebody purges the queue. Such messages gather, and each of them takes a slot at each attempt.',
  remedy: 'Give max_retries a number, and record what is left when it is used up.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.max_retries', 'https://github.com/celery/celery/blob/v5.6.3/celery/app/task.py'],

  check: ({ apps }) => ofFunctions(apps, judge),
};

function* judge(app: CeleryApp, fn: TaskFunction): Iterable<Problem> {
  const { maxRetries, calls } = fn.retry;
  const retries = retriesOf(fn);
  // a call that gives a number of its own is limited
  if (!retries || maxRetries.state !== 'set' || maxRetries.value !== null || (calls.length > 0 && calls.every(call => call.maxRetries.state !== 'unset'))) return;
  // a base class or a helper retries: which errors of this one come there is not seen
  const isElsewhere = fn.retry.autoretryFor.length === 0 && calls.every(({ at, via }) => via.length > 0 || at.path !== fn.at.path);
  const fix = fixTo(maxRetries, 10, 'delivery', 'retry 10 times');
  yield {
    order: 4, at: maxRetries.at, ...(isElsewhere && { severity: 'note' as const }), confidence: weakest(appConfidence(app), calls.some(call => !call.afterFailure) ? 'low' : isElsewhere ? 'medium' : 'high'), resource: app.id,
    message: `${fn.functionName} is ${retries.text} without end (max_retries=None): a message that cannot succeed comes back until somebody purges the queue`,
    label: 'no end',
    related: [{ at: retries.at, message: retries.text }],
    suggestion: 'write max_retries=10, and record the failure when they are used up',
    ...(fix && { fix }),
  };
}
