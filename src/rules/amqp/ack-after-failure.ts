import type { Rule } from '../../model/index.js';

export const ackAfterFailure: Rule = {
  id: 'amqp/ack-after-failure',
  severity: 'warning',
  title: 'A message is acknowledged although its work failed',
  rationale: 'An acknowledgement that is reached after an error takes the message for done: no second delivery and no dead-letter queue ever sees it.',
  remedy: 'Acknowledge behind the work that succeeded; nack the message where it failed.',
  references: ['https://www.rabbitmq.com/docs/confirms', 'https://www.rabbitmq.com/docs/dlx'],

  *check({ consumers }) {
    for (const { kind, handler, replies } of consumers) {
      if (kind !== 'amqp') continue;
      for (const { at, text, whatever } of handler?.acks ?? []) {
        if (!whatever) continue;
        yield {
          order: 4, at, ...(replies && whatever.how === 'finally' && { severity: 'note' as const }), confidence: whatever.how === 'finally' ? 'high' : 'medium', label: 'acknowledged in any case',
          message: `${text} is reached ${HOW[whatever.how]}: a message whose work failed is acknowledged and gone${replies && whatever.how === 'finally' ? '; who sent it gets the error as the answer' : ''}`,
          related: [{ at: whatever.at, message: HOW[whatever.how] }], suggestion: 'call channel.nack(message, false, false) where the work failed, with a dead-letter exchange on the queue', fate: 'error → acknowledged: the message is gone',
        };
      }
    }
  },
};

const HOW = { finally: 'in `finally`', catch: 'where the error is caught', swallowed: 'behind a handler that ends the error' } as const;
