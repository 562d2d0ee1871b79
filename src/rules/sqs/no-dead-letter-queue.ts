import type { Model, Queue, Rule, Worker } from '../../model/index.js';
import { about, confidenceOf, weakest } from '../shared.js';

export const noDeadLetterQueue: Rule = {
  id: 'sqs/no-dead-letter-queue',
  severity: 'warning',
  title: 'A message that always fails comes back until it expires',
  rationale:
    'Without a redrive policy SQS delivers a message again each time its visibility timeout passes, until its retention (4 days by default) is over: a message that kills its worker kills one after the other, and ' +
    'in the end it is deleted without a trace.',
  remedy: 'Give the queue a dead-letter queue. A stop that cuts a message uses up one receive, so maxReceiveCount 5 or more.',
  references: ['https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html'],
  documentedBy: 'SQS itself counts the receives and moves the message',

  *check(model) {
    for (const queue of model.queues) {
      if (queue.maxReceiveCount.state !== 'unset' || queue.isDeadLetters || /(?:^|[-_])(?:dlq|dead[-_]?letters?(?:[-_]?queue)?|failed|failures)(?:$|[-_.])/i.test(queue.name)) continue;
      const { workers, isNamed } = consumersOf(queue, model);
      const [first] = workers;
      if (!first) continue;
      yield {
        order: 8, at: queue.at, confidence: weakest(confidenceOf(first), isNamed ? 'high' : 'low'), ...about(first), workers: workers.map(({ id }) => id), resource: queue.name,
        message: `queue ${queue.name} has no redrive policy: a message that fails, or kills its worker, is delivered again and again until it expires`,
        label: 'no dead-letter queue', related: [{ at: first.command.at, message: `${first.name} works it` }],
        suggestion: 'add a dead-letter queue and a redrive policy with maxReceiveCount 5: each deployment that cuts a message uses up one of them',
        fate: 'message fails → visible again → fails → … → deleted when its retention ends',
      };
    }
  },
};

/** Workers that are given the queue's address; else, where it is the only one, those that take messages from SQS. */
function consumersOf(queue: Queue, { workers, queues }: Model): { readonly workers: readonly Worker[]; readonly isNamed: boolean } {
  const reading = workers.filter(worker => worker.role === 'deployed' && takesFromSqs(worker));
  const named = reading.filter(({ container }) => container?.refersTo.some(address => `${address}.`.startsWith(`${queue.address}.`)));
  if (named.length > 0) return { workers: named, isNamed: true };
  const isGiven = reading.some(({ container }) => queues.some(other => container?.refersTo.some(address => `${address}.`.startsWith(`${other.address}.`))));
  return { workers: !isGiven && queues.filter(({ isDeadLetters }) => !isDeadLetters).length === 1 ? reading : [], isNamed: false };
}

const takesFromSqs = ({ broker, command }: Worker): boolean => broker === 'sqs' || (command.kind === 'unaudited' && command.app === 'sqs');
