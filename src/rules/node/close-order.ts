import type { Rule } from '../../model/index.js';
import { MESSAGE } from '../consumers.js';

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
    const said = new Set<string>();
    for (const { kind, closedFirst, name, text } of consumers) {
      if (!closedFirst || said.has(`${closedFirst.at.path}:${closedFirst.at.startLine}`)) continue;
      said.add(`${closedFirst.at.path}:${closedFirst.at.startLine}`);
      yield {
        order: 1, at: closedFirst.at, confidence: 'medium',
        message: `${closedFirst.text} comes in front of closing ${name ?? text}: a ${MESSAGE[kind]} that runs at a deployment loses it in the middle and fails`,
        label: 'closed first',
        related: [{ at: closedFirst.closedAt, message: 'waits for what runs' }],
        suggestion: `close ${name ?? 'the consumer'} first and wait for it, then ${closedFirst.text}`,
        fate: `SIGTERM → ${closedFirst.text} → the ${MESSAGE[kind]} that runs fails`,
      };
    }
  },
};
