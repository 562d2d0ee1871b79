import type { Rule } from '../../model/index.js';
import { locksByPlace } from '../locks.js';
import { listed, weakest } from '../shared.js';

export const lockConflictDropsTask: Rule = {
  id: 'tasks/lock-conflict-drops-task',
  severity: 'warning',
  title: 'A message that meets a taken lock is thrown away',
  rationale:
    'One lock guards all messages of a task that says in its arguments what is to be done. A message that arrives while another one is worked on finds the lock taken, returns, and is acknowledged: what it asked for is never done, ' +
    'and nothing says so.',
  remedy: 'Retry later when the lock is taken, or make what the message is about part of the key.',
  references: ['https://docs.celeryq.dev/en/stable/tutorials/task-cookbook.html#ensuring-a-task-is-only-executed-one-at-a-time', 'https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying'],

  /** A periodic function is sent again anyway; one without arguments has nothing of its own to lose. */
  *check({ apps }) {
    for (const { lock, functions, confidence, app } of locksByPlace(apps)) {
      const fn = functions.find(({ periodic, signature }) => !periodic && signature.parameters.some(({ required }) => required));
      if (!fn || lock.onConflict !== 'return' || !lock.constantKey || lock.ttl.state === 'unset') continue;
      const names = fn.signature.parameters.filter(({ required }) => required).map(({ name }) => name);
      yield {
        order: 4, at: lock.at, confidence: weakest(confidence, 'medium'), resource: app.id,
        message: `${fn.functionName} returns when ${lock.text} finds the lock taken: what that message asked for (${listed(names)}) is never done`,
        label: 'one lock for all messages',
        related: [{ at: fn.at, message: `${fn.functionName} takes it` }],
        flow: [...lock.via, { at: lock.at, text: lock.text }],
        suggestion: `raise self.retry(countdown=10) where the lock is taken, or put ${names[0]} into the key`,
        fate: 'message delivered → lock taken → return: acknowledged, never done',
      };
    }
  },
};
