import type { Rule } from '../../model/index.js';

export const ackBeforeWork: Rule = {
  id: 'amqp/ack-before-work',
  severity: 'error',
  title: 'A message is acknowledged before its work',
  rationale: 'After the acknowledgement RabbitMQ has forgotten the message: when the process is killed in the middle of the work, it is lost.',
  remedy: 'Acknowledge behind the work.',
  references: ['https://www.rabbitmq.com/docs/confirms', 'https://amqp-node.github.io/amqplib/channel_api.html#channel_ack'],
  provenBy: ['amqp/ack-before-work/bad', 'amqp/ack-before-work/good'],

  *check({ consumers }) {
    for (const { kind, handler } of consumers) {
      if (kind !== 'amqp') continue;
      for (const { at, text, before, during } of handler?.acks ?? []) {
        if (during) {
          yield {
            order: 5, at, confidence: 'medium', label: 'acknowledged here',
            message: `${during.text} is not waited for: ${text} acknowledges the message while its work runs, and a deployment that cuts the work loses it; prefetch limits nothing either`,
            related: [{ at: during.at, message: 'started, not waited for' }], suggestion: `write \`await ${during.text}\` in front of ${text}`, fate: 'acknowledged → SIGTERM in the work: lost',
          };
        }
        if (!before) continue;
        yield {
          order: 5, at, confidence: 'high', label: 'acknowledged here',
          message: `${text} stands in front of ${before.text}: a message whose work is cut by a deployment is lost`,
          related: [{ at: before.at, message: 'the work' }], suggestion: `move ${text} behind ${before.text}`, fate: 'acknowledged → SIGKILL in the work: lost',
        };
      }
    }
  },
};
