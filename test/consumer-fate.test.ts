import { expect, test } from 'vitest';
import { messageFate } from '../src/fate/consumer.js';
import { readOutcomes } from './experiments/outcomes.js';
import { CONSUMER_VERDICT, consumerCircumstances } from './experiments/predict.js';

/** The Node rows of the measured table: bullmq 6.7.0, amqplib 2.3.1, sqs-consumer 14.2.8, three repeats each. */
const ROWS = readOutcomes(['outcomes.tsv']).filter(({ id }) => /^(bull|amqp|sqs)\//.test(id)).map(({ id, verdicts }) => ({ name: id, verdicts: verdicts[0]!.each }));

test('there are 36 rows', () => expect(ROWS).toHaveLength(36));

test.each(ROWS)('$name', ({ name, verdicts }) => {
  const found = consumerCircumstances(name, verdicts.length);
  if (!found) { expect(new Set(verdicts)).toEqual(new Set(['once'])); return; }
  expect(found.messages.map(message => CONSUMER_VERDICT[messageFate(message, found.event).outcome])).toEqual(verdicts);
});
