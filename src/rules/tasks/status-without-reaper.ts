import type { CeleryApp, Problem, Rule, TaskFunction } from '../../model/index.js';
import { isOn } from '../celery-shared.js';
import { appConfidence, weakest } from '../shared.js';
import { ofFunctions } from '../task-functions.js';

export const statusWithoutReaper: Rule = {
  id: 'tasks/status-without-reaper',
  severity: 'note',
  title: 'A row says that it is being worked on, and only that run can take it back',
  rationale:
    'A task that sets a row to "in progress" and turns away from rows that are has a lock without an expiry. A run that is killed leaves the row as it is: every later run, the redelivery of the same message too, finds it in ' +
    'progress and returns.',
  remedy: 'Store when the work was started, give the task a time limit and take a row over that was started longer ago, or let a periodic task set such rows back.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/tasks.html#state', 'https://docs.celeryq.dev/en/stable/faq.html#should-i-use-retry-or-acks-late'],

  check: ({ apps }) => ofFunctions(apps, judge),
};

/** Whether something else than a task function sets such rows back cannot be told from here. Under late acknowledgement the message that comes back is read to do nothing, whoever does. */
function* judge(app: CeleryApp, fn: TaskFunction): Iterable<Problem> {
  for (const { at, field, value, askedAt, raises } of fn.body.claims) {
    const isLate = isOn(fn.acksLate) === true;
    yield {
      order: 4, at, confidence: weakest(appConfidence(app, ...(isLate ? [fn.acksLate] : [])), 'medium'), resource: app.id,
      message: `${fn.functionName} sets ${field} to ${value}, and ${raises ? 'raises' : 'returns'} when it is: a run that is killed leaves it so, and ${isLate ? 'the redelivered message' : 'every later run'} ${raises ? 'fails' : 'does nothing'}`,
      label: 'stays so when the run is killed',
      related: [{ at: askedAt, message: 'turns away from what is being worked on' }],
      suggestion: `store when ${field} was set, give ${fn.functionName} a time limit, and take the row over when that is longer ago`,
      fate: `SIGKILL → ${field} stays ${value} → ${isLate ? 'delivered again' : 'sent again'} → ${raises ? 'raise' : 'return'}: never done`,
    };
  }
}
