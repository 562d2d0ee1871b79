import type { CeleryApp, Problem, Rule, TaskFunction } from '../../model/index.js';
import { appConfidence, weakest } from '../shared.js';
import { caughtBy, ofFunctions } from '../task-functions.js';

export const retrySwallowed: Rule = {
  id: 'tasks/retry-swallowed',
  severity: 'error',
  title: 'self.retry() is caught by the handler around it',
  rationale:
    'self.retry() sends the next attempt and then raises Retry to end this one. Retry is an Exception: a broad handler around the call catches it, so this attempt goes on as if nothing were wrong, ends as a success, and the ' +
    'next attempt runs beside what it does.',
  remedy: 'Pass it on: `except Retry: raise` before the broad handler, or call self.retry() outside of the try.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying', 'https://github.com/celery/celery/blob/v5.6.3/celery/app/task.py', 'https://github.com/celery/celery/blob/v5.6.3/celery/exceptions.py'],
  provenBy: ['tasks/retry-swallowed/bad', 'tasks/retry-swallowed/good'],
  leadsTo: ['tasks/failure-acknowledged'],

  check: ({ apps }) => ofFunctions(apps, judge),
};

function* judge(app: CeleryApp, fn: TaskFunction): Iterable<Problem> {
  for (const handler of fn.body.handlers) {
    const { retry, catches, outcome, passesOn } = handler;
    if (!retry || catches !== 'any' || outcome === 'raises' || passesOn.some(name => PASSED.test(name))) continue;
    yield {
      order: 4, at: handler.at, severity: outcome === 'logs' ? 'error' : 'warning', confidence: weakest(appConfidence(app), outcome === 'logs' ? 'high' : 'medium'), resource: app.id,
      message: `${caughtBy(handler)} catches the Retry that self.retry() raises inside it: this attempt of ${fn.functionName} goes on and ends as a success, while the next one is on its way`,
      label: 'catches Retry too',
      related: [{ at: retry, message: 'sends the next attempt and raises Retry' }],
      ...(handler.via.length > 0 && { flow: handler.via }),
      suggestion: 'write `except Retry: raise` (from celery.exceptions) in front of it',
      fate: 'retry sent → Retry caught → the rest of this attempt runs, and the next attempt too',
    };
  }
}

const PASSED = /^(Retry|TaskPredicate|CeleryError|Exception|BaseException)$/;
