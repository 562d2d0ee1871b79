import type { Rule } from '../../model/index.js';

export const deleteOnFailure: Rule = {
  id: 'sqs/delete-on-failure',
  severity: 'error',
  title: 'A message is deleted although its work failed',
  rationale: 'A delete that is reached after an error takes the message for done: it is not delivered again, and the dead-letter queue never sees it.',
  remedy: 'Delete the message behind the work that succeeded, and leave it alone where it failed.',
  references: ['https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html', 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html'],
  provenBy: ['sqs/delete-on-failure/bad', 'sqs/delete-on-failure/good'],

  *check({ consumers }) {
    for (const { kind, handler } of consumers) {
      if (kind !== 'sqs') continue;
      for (const { at, text, whatever } of handler?.acks ?? []) {
        if (!whatever) continue;
        yield {
          order: 4, at, confidence: whatever.how === 'finally' ? 'high' : 'medium', label: 'deleted in any case',
          message: `${text} is reached ${HOW[whatever.how]}: a message whose work failed is deleted, and no dead-letter queue sees it`,
          related: [{ at: whatever.at, message: HOW[whatever.how] }], suggestion: 'delete the message at the end of `try`, behind its work', fate: 'error → deleted: the message is gone',
        };
      }
    }
  },
};

const HOW = { finally: 'in `finally`', catch: 'where the error is caught', swallowed: 'behind a handler that ends the error' } as const;
