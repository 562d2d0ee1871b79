import type { CeleryApp, Message, Problem, Rule, TaskFunction } from '../../model/index.js';
import { appConfidence, weakest } from '../shared.js';

export const modelInstanceArgument: Rule = {
  id: 'tasks/model-instance-argument',
  severity: 'warning',
  title: 'A row is sent in a message, not its key',
  rationale:
    'A row in a message is the row as it was when it was sent. Pickled, the task works on an old copy, and its save() puts back what others have changed meanwhile. As JSON, the default, it cannot be sent at all: delay() raises ' +
    'EncodeError, which tests with task_always_eager never see.',
  remedy: 'Send the primary key, and read the row in the task.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/tasks.html#state', 'https://docs.celeryq.dev/en/stable/userguide/calling.html#serializers'],

  *check({ apps }) {
    const seen = new Set<Message>();
    for (const app of apps) for (const fn of app.functions) for (const message of fn.messages) {
      if (!message.row || seen.has(message)) continue;
      seen.add(message);
      const problem = problemOf(app, fn, message, message.row);
      if (problem) yield problem;
    }
  },
};

function problemOf(app: CeleryApp, fn: TaskFunction, message: Message, row: NonNullable<Message['row']>): Problem | undefined {
  const name = message.ownSerializer || fn.serializer.state !== 'set' ? undefined : fn.serializer.value;
  // pickled, an object that is nowhere stored arrives as it was made
  if (row.key === undefined && name !== 'json') return undefined;
  const harm = name === 'json' ? 'as JSON it cannot be sent (EncodeError), which task_always_eager hides'
    : name?.includes('pickle') ? `${fn.functionName} works on the copy that was pickled, whatever has changed meanwhile`
      : `${fn.functionName} works on an old copy of it, if it can be sent at all`;
  return {
    order: 4, at: row.at, resource: app.id, confidence: weakest(appConfidence(app), name === undefined ? 'low' : 'medium'),
    message: `\`${message.text}\` sends the row ${row.text} itself: ${harm}`, label: 'a row, not its key',
    related: [{ at: fn.at, message: 'is given it' }],
    suggestion: row.key ? `send ${row.text}.${row.key}, and read the row in ${fn.functionName}` : `send what ${row.text} is made of, and make it in ${fn.functionName}`,
  };
}
