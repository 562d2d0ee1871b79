import type { Rule } from '../../model/index.js';

export const deadLetters: Rule = {
  id: 'live/dead-letters',
  severity: 'warning',
  title: 'Dead letters pile up',
  rationale: 'A message comes here after it was received as often as its queue allows. Each deployment that kills a worker counts as one of those times, so that sound work ends here too, and nothing takes it up again.',
  remedy: 'Look at the letters, send them back (redrive) once the cause is mended, and allow more receives than a message meets deployments.',
  references: ['https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html'],
  documentedBy: 'CloudWatch counts the messages',

  *check({ live }) {
    for (const { name, at, before, now } of live?.queues ?? []) {
      if (now <= before) continue;
      yield { order: 8, at, confidence: 'high', resource: name, message: `${name} holds ${now} messages that failed, ${now - before} more than a day before`, suggestion: `look at what failed, mend it, and send the messages of ${name} back (aws sqs start-message-move-task)` };
    }
  },
};
