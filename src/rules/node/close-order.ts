import type { Rule } from '../../model/index.js';
import { MESSAGE } from '../consumers.js';
import { oncePerPlace } from '../shared.js';

export const closeOrder: Rule = {
  id: 'node/close-order',
  severity: 'warning',
  title: 'A connection is closed while messages still run on it',
  rationale:
    'Closing a consumer waits for the messages that run. Where the database, or the connection of the consumer itself, is closed in front of that, these messages go on without it: their writes fail, and a job that is done can no longer ' +
    'be reported as done. The wait then ends with failures, or never.',
  remedy: 'Close the consumers first and wait for them, then what they work with.',
  references: ['https://docs.bullmq.io/guide/workers/graceful-shutdown', 'https://docs.bullmq.io/guide/going-to-production', 'https://node-postgres.com/apis/pool'],

  *check({ consumers }) {
    const wrong = consumers.flatMap(consumer => (consumer.closedFirst ? [{ consumer, first: consumer.closedFirst }] : []));
    for (const { consumer: { kind, name, text }, first } of oncePerPlace(wrong, one => one.first.at)) {
      yield {
        order: 1, at: first.at, confidence: 'medium',
        message: `${first.text} comes in front of closing ${name ?? text}: a ${MESSAGE[kind]} that runs at a deployment loses it in the middle and fails`,
        label: 'closed first',
        related: [{ at: first.closedAt, message: 'waits for what runs' }],
        suggestion: `close ${name ?? 'the consumer'} first and wait for it, then ${first.text}`,
        fate: `SIGTERM → ${first.text} → the ${MESSAGE[kind]} that runs fails`,
      };
    }
  },
};
