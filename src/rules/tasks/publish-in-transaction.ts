import type { Problem, PublishInTransaction, Rule } from '../../model/index.js';
import { samePlace } from '../../model/index.js';

export const publishInTransaction: Rule = {
  id: 'tasks/publish-in-transaction',
  severity: 'error',
  title: 'A message is sent before the row it is about is committed',
  rationale:
    'Inside an open transaction the message reaches the broker at once, and the row only with the commit. A worker that is faster finds no row, or the old one; and where the transaction is rolled back, the task runs for ' +
    'something that never was.',
  remedy: 'Send it when the transaction has been committed: `transaction.on_commit(…)`, `delay_on_commit()` (Celery 5.4 with Django), or behind the commit of the session.',
  references: [
    'https://docs.djangoproject.com/en/stable/topics/db/transactions/#performing-actions-after-commit', 'https://docs.celeryq.dev/en/stable/userguide/tasks.html#database-transactions',
    'https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html#trigger-tasks-at-the-end-of-the-database-transaction',
  ],
  provenBy: ['tasks/publish-in-transaction/bad', 'tasks/publish-in-transaction/good'],

  *check({ sentInTransactions }) {
    for (const sent of sentInTransactions) yield problemOf(sent);
  },
};

function problemOf({ at, target, text, opened, wrote, via, namesWritten, behind }: PublishInTransaction): Problem {
  const isSession = /commit\(\)$/.test(opened.text);
  return {
    // what it is sent does not name what was written: it may need none of it
    order: 4, at, ...(!namesWritten && { severity: 'warning' as const }), confidence: namesWritten ? 'high' : 'medium',
    message: `${target} is sent inside ${isSession ? `the transaction of ${opened.text}` : `\`${opened.text}\``}, after ${wrote.text}: a worker may start before the commit and read the data as it was, and runs for nothing where the transaction is rolled back`,
    label: 'sent before the commit',
    related: [...(samePlace(opened.at, wrote.at) ? [] : [{ at: opened.at, message: 'the transaction opens here' }]), { at: wrote.at, message: 'written, not yet committed' }],
    suggestion: behind === 'end' ? `move \`${text}\` behind the end of the transaction, with a job id made of what it is about` : isSession ? `send ${target} behind the commit()` : `write \`transaction.on_commit(lambda: ${text})\``,
    ...(via.length > 0 && { flow: via }),
    fate: 'message sent → worker starts before the commit → it reads what was there before: no row, or the old one',
  };
}
