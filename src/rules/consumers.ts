import type { ConsumerKind, MessageConsumer, NodeProcess } from '../model/index.js';
import { messageFate } from '../fate/consumer.js';
import { listed } from './shared.js';

/** What a message of this kind of consumer is called by those who use it. */
export const MESSAGE: Readonly<Record<ConsumerKind, string>> = { bullmq: 'job', bull: 'job', amqp: 'message', sqs: 'message', 'sqs-consumer': 'message', kafka: 'message', 'pg-boss': 'job', 'graphile-worker': 'job' };
/** What brings a message back whose process was cut, where that was measured. */
const BACK = { 'stall-check': 'the stall check starts it again, 60 s later by default', 'at-once': 'RabbitMQ delivers it again', 'visibility-timeout': 'it is hidden until its visibility timeout is over, then delivered again' } as const;
const cut = (kind: 'bullmq' | 'amqp' | 'sqs-consumer'): string => {
  const { after } = messageFate({ kind, acknowledged: 'behind', is: 'running', stop: 'cut', inTime: false, outlivesLease: false, maxStalled: 1, stalledBefore: 0 }, 'stop');
  return BACK[after!];
};
/** What becomes of a message whose consumer is cut. */
export const COMES_BACK: Readonly<Record<ConsumerKind, string>> = {
  bullmq: cut('bullmq'), bull: cut('bullmq'), amqp: cut('amqp'), sqs: cut('sqs-consumer'), 'sqs-consumer': cut('sqs-consumer'),
  kafka: 'it is read again from the last committed offset', 'pg-boss': 'it expires, and is started again where it has retries left (retryLimit)', 'graphile-worker': 'it stays locked for 4 hours, then runs again',
};

/** The consumers that one process holds, with what the process does when it is told to stop. */
export function byProcess(consumers: readonly MessageConsumer[]): readonly { readonly process: NodeProcess; readonly consumers: readonly MessageConsumer[] }[] {
  const found = new Map<string, { process: NodeProcess; consumers: MessageConsumer[] }>();
  for (const consumer of consumers) {
    const { folder, module = '' } = consumer.process, key = `${folder}\0${module}`;
    const known = found.get(key);
    if (known) known.consumers.push(consumer); else found.set(key, { process: consumer.process, consumers: [consumer] });
  }
  return [...found.values()];
}

/** Something of the process hears SIGTERM. */
export const hearsStop = ({ signals, hooks, library }: NodeProcess): boolean => signals.length + hooks.length > 0 || library !== undefined;

/** `mail, billing and 2 more`, or what makes them. */
export const namesOf = (consumers: readonly MessageConsumer[]): string => listed(consumers.map(({ queue, text }) => queue ?? text));
