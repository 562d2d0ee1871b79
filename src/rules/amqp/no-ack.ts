import type { Rule } from '../../model/index.js';

export const noAck: Rule = {
  id: 'amqp/no-ack',
  severity: 'error',
  title: 'RabbitMQ forgets messages as it sends them',
  rationale: 'With noAck RabbitMQ takes a message for done as it leaves. When the process ends, the one that runs and every one in its buffer are lost; prefetch does not limit that buffer.',
  remedy: 'Leave noAck out, and acknowledge each message when its work is done.',
  references: ['https://www.rabbitmq.com/docs/confirms#acknowledgement-modes', 'https://amqp-node.github.io/amqplib/channel_api.html#channel_consume'],
  provenBy: ['amqp/no-ack/bad', 'amqp/no-ack/good'],
  leadsTo: ['amqp/no-prefetch'],

  *check({ consumers }) {
    for (const { kind, at, options, queue, text, noAckByDefault, openOptions } of consumers) {
      const option = options.get('noAck');
      const isOff = option ? option.state === 'set' && option.value === true : noAckByDefault === true && !openOptions;
      // answers to requests of this process come without acknowledgements (rabbitmq.com/docs/direct-reply-to)
      if (kind !== 'amqp' || !isOff || queue === 'amq.rabbitmq.reply-to') continue;
      yield {
        order: 5, at: option?.at ?? at, confidence: 'high', label: 'acknowledged as it is sent',
        message: `noAck is true${option ? '' : ' by default of NestJS'} for ${queue ?? text}: a process that is stopped loses the message that runs and all that it has buffered`,
        suggestion: noAckByDefault ? 'write noAck: false, and call channel.ack(context.getMessage()) when the work is done' : 'remove noAck, and call channel.ack(message) when the work is done', fate: 'SIGTERM → the process ends: every message it held is lost',
      };
    }
  },
};
