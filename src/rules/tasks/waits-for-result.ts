import type { CeleryApp, Problem, Rule, TaskFunction } from '../../model/index.js';
import { appConfidence, weakest } from '../shared.js';
import { ofFunctions } from '../task-functions.js';

export const waitsForResult: Rule = {
  id: 'tasks/waits-for-result',
  severity: 'error',
  title: 'A task waits for the result of another one',
  rationale:
    'The slot that waits is a slot the other task may need: when all slots wait, none is left to work, and the worker stands still until the time limit. A stop makes it worse: a worker that is being shut down takes no new ' +
    'message, so what is waited for never starts there. Celery raises a RuntimeError for it unless allow_join_result() says otherwise.',
  remedy: 'Hand the rest over: a callback (`link=`), a chain, or a chord.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/tasks.html#avoid-launching-synchronous-subtasks', 'https://docs.celeryq.dev/en/stable/userguide/canvas.html'],
  provenBy: ['tasks/waits-for-result/bad', 'tasks/waits-for-result/good'],

  check: ({ apps }) => ofFunctions(apps, judge),
};

/** A greenlet that waits leaves its slot to others (celery/concurrency/gevent.py: task_join_will_block = False). */
function* judge(app: CeleryApp, fn: TaskFunction): Iterable<Problem> {
  if (app.pool === 'gevent' || app.pool === 'eventlet') return;
  for (const wait of fn.body.waits) {
    yield {
      order: 3, at: wait.at, confidence: weakest(appConfidence(app), wait.via.length > 0 ? 'medium' : 'high'), resource: app.id,
      message: `${fn.functionName} waits for ${wait.text}: ${wait.allowed ? 'its slot does nothing meanwhile, and when all slots wait the worker stands still until a time limit' : 'Celery raises RuntimeError there ("Never call result.get() within a task")'}`,
      label: 'waits for another task',
      related: [{ at: wait.sent, message: 'sent here' }],
      ...(wait.via.length > 0 && { flow: wait.via }),
      suggestion: `send what follows as a callback of it: \`chain(…, …).delay()\` or \`link=\`, and let ${fn.functionName} end`,
    };
  }
}
