import type { Rule } from '../../model/index.js';

/** Messages one consumer may hold; above it, a stop gives back more than a few. */
const MANY = 50;

export const noPrefetch: Rule = {
  id: 'amqp/no-prefetch',
  severity: 'warning',
  title: 'One consumer takes the whole queue',
  rationale:
    'Without channel.prefetch RabbitMQ sends everything that waits to the first consumer, without a limit. Others stand idle, memory grows with the backlog, and when the process is stopped all of it is delivered again.',
  remedy: 'Call channel.prefetch(n) before consume: 1 for long work, a few for short.',
  references: ['https://www.rabbitmq.com/docs/consumer-prefetch', 'https://amqp-node.github.io/amqplib/channel_api.html#channel_prefetch'],

  *check({ consumers }) {
    for (const { kind, at, options, queue, text, prefetch, openOptions, noAckByDefault, isNest } of consumers) {
      const ack = options.get('noAck');
      if (kind !== 'amqp' || (ack ? ack.state === 'set' && ack.value === true : noAckByDefault === true)) continue;
      const many = prefetch?.state === 'set' && prefetch.value >= MANY ? prefetch : undefined;
      if (prefetch && !many) continue;
      yield {
        order: 7, at: many?.at ?? at, severity: many ? 'note' : 'warning', confidence: many ? 'low' : openOptions ? 'low' : 'high', label: many ? `${many.value} at once` : 'no limit',
        message: many ? `each consumer of ${queue ?? text} holds up to ${many.value} messages: a stop delivers all of them again` : `the channel that consumes ${queue ?? 'the queue'} has no prefetch: RabbitMQ sends it everything that waits, and all of it again when the process is stopped`,
        suggestion: many ? 'write prefetch(10) or less, 1 for long work' : isNest ? 'write prefetchCount: 10 in the options of the transport, 1 for long work' : 'call channel.prefetch(10) before consume, 1 for long work',
        fate: 'SIGTERM → the connection closes → everything that was sent is delivered again',
      };
    }
  },
};
