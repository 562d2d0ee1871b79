import type { MessageHandler, Rule } from '../../model/index.js';
import { acknowledgedEarly } from '../acknowledged-early.js';

/** Who asked asks again when no answer comes, and nothing else is lost. */
const onlyReads = ({ body, cases = [] }: MessageHandler): boolean => [{ body }, ...cases].every(part => part.body.effects.every(({ kind }) => kind === 'read' || kind === 'http-read' || kind === 'sleep'));

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
      if (kind === 'amqp') yield* acknowledgedEarly(handler?.acks ?? [], { does: 'acknowledges', done: 'acknowledged', limits: '; prefetch limits nothing either', confidence: 'high', ...(handler?.replies && onlyReads(handler) && { severity: 'note' as const }) });
    }
  },
};
