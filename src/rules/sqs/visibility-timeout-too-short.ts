import type { MessageConsumer, Model, Problem, Rule } from '../../model/index.js';
import { inWords } from '../shared.js';

/** s. SQS's own default. */
const DEFAULT = 30;

export const visibilityTimeoutTooShort: Rule = {
  id: 'sqs/visibility-timeout-too-short',
  severity: 'error',
  title: 'A message is delivered again while it is still being worked on',
  rationale: 'A message that is not deleted within its visibility timeout is given to the next consumer: work that takes longer is done twice, at the same time.',
  remedy: 'Make the visibility timeout of the queue longer than the handler may run, or let the consumer extend it (heartbeatInterval).',
  references: ['https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html', 'https://bbc.github.io/sqs-consumer/interfaces/ConsumerOptions.html'],
  provenBy: ['sqs/visibility-timeout-too-short/bad', 'sqs/visibility-timeout-too-short/good'],

  *check(model) {
    for (const consumer of model.consumers) {
      const problem = consumer.kind === 'sqs-consumer' ? judge(consumer, model) : undefined;
      if (problem) yield problem;
    }
  },
};

function judge(consumer: MessageConsumer, { queues }: Model): Problem | undefined {
  const { options, queue: name } = consumer;
  const bound = options.get('handleMessageTimeout'), own = options.get('visibilityTimeout');
  if (bound?.state !== 'set' || typeof bound.value !== 'number' || options.has('heartbeatInterval')) return undefined;
  const queue = queues.find(one => one.name === name || (name !== undefined && one.name.replace(/[-_]/g, '') === name.replace(/[-_]/g, '')));
  const written = own ?? queue?.visibilityTimeout;
  if (!written || written.state === 'unknown') return undefined;
  const seconds = written.state === 'set' ? Number(written.value) : DEFAULT;
  const longest = bound.value / 1000;
  if (!(seconds < longest)) return undefined;
  const at = own?.at ?? queue!.at;
  return {
    order: 6, at: written.state === 'set' ? written.at : at, confidence: 'high', resource: name, label: written.state === 'set' ? `visible again after ${inWords(seconds)}` : `visible again after ${DEFAULT} s by default`,
    message: `messages of ${name ?? 'this queue'} are visible again after ${inWords(seconds)}, but their handler may run ${inWords(longest)}: what takes longer is done twice`,
    related: [{ at: bound.at, message: `may run ${inWords(longest)}` }],
    suggestion: `set the visibility timeout of the queue to ${Math.ceil(longest * 1.2)} s, or heartbeatInterval in the consumer`,
    fate: `${inWords(seconds)} after it was received → delivered again: done by two consumers`,
  };
}
