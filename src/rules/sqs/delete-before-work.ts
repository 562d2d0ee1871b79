import type { Rule } from '../../model/index.js';
import { acknowledgedEarly } from '../acknowledged-early.js';

export const deleteBeforeWork: Rule = {
  id: 'sqs/delete-before-work',
  severity: 'error',
  title: 'A message is deleted before its work',
  rationale: 'Once it is deleted, SQS has forgotten the message: when the process is killed in the middle of the work, it is lost.',
  remedy: 'Delete the message behind its work.',
  references: ['https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html'],
  provenBy: ['sqs/delete-before-work/bad', 'sqs/delete-before-work/good'],

  *check({ consumers }) {
    for (const { kind, handler } of consumers) {
      if (kind === 'sqs-consumer' && handler?.detached) {
        const { at, text } = handler.detached;
        yield {
          order: 5, at, confidence: 'medium', label: 'started, not waited for',
          message: `${text} is not waited for: sqs-consumer deletes the message while its work still runs, and a deployment that cuts the work loses it`,
          suggestion: `write \`await ${text}\``, fate: 'deleted → SIGTERM in the work: lost',
        };
      }
      if (kind === 'sqs') yield* acknowledgedEarly(handler?.acks ?? [], { does: 'deletes', done: 'deleted', confidence: 'medium' });
    }
  },
};
