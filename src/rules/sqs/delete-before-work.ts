import type { Rule } from '../../model/index.js';

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
      if (kind !== 'sqs') continue;
      for (const { at, text, before, during } of handler?.acks ?? []) {
        if (during) {
          yield {
            order: 5, at, confidence: 'medium', label: 'deleted here',
            message: `${during.text} is not waited for: ${text} deletes the message while its work still runs, and a deployment that cuts the work loses it`,
            related: [{ at: during.at, message: 'started, not waited for' }], suggestion: `write \`await ${during.text}\` in front of ${text}`, fate: 'deleted → SIGTERM in the work: lost',
          };
        }
        if (!before) continue;
        yield {
          order: 5, at, confidence: 'medium', label: 'deleted here',
          message: `${text} stands in front of ${before.text}: a message whose work is cut by a deployment is lost`,
          related: [{ at: before.at, message: 'the work' }], suggestion: `move ${text} behind ${before.text}`, fate: 'deleted → SIGKILL in the work: lost',
        };
      }
    }
  },
};
