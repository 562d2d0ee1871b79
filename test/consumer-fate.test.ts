import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { messageFate, type MessageCircumstances, type MessageEvent } from '../src/fate/consumer.js';

/** The Node rows of the measured tables: bullmq 6.7.0, amqplib 2.3.1, sqs-consumer 14.2.8, three repeats each. */
const ROWS = readFileSync(new URL('experiments/measured/outcomes.tsv', import.meta.url), 'utf8').trim().split('\n').slice(1).map(line => line.split('\t')).filter(([name]) => /^(bull|amqp|sqs)\//.test(name!))
  .map(([name, , verdicts]) => ({ name: name!, verdicts: verdicts!.replace(/ x3$/, '').split(',') }));
const VERDICT = { once: 'once', again: 'rerun', twice: 'twice', lost: 'lost' } as const;

/** What an experiment's name says of its messages, in the words of the model. */
function circumstancesOf(name: string, count: number): { readonly messages: readonly MessageCircumstances[]; readonly event: MessageEvent } | undefined {
  if (/hostage|batch of/.test(name)) return undefined; // about who waits, not about what becomes of a message
  const kind = name.startsWith('bull') ? 'bullmq' : name.startsWith('amqp') ? 'amqp' : 'sqs-consumer';
  const event: MessageEvent = /sigkill/.test(name) ? 'container-killed' : /SIGTERM/.test(name) ? 'stop' : 'lease-expires';
  const swallowed = /sh -c compound/.test(name);
  const stop = swallowed || /no handler.*PID 1/.test(name) ? 'ignored' : /tini/.test(name) ? 'cut' : /process\.exit|close\(true\)/.test(name) ? 'exits' : 'drains';
  const keepsTaking = /keeps taking/.test(name);
  const common = {
    kind, stop, inTime: /in time|graceful/.test(name), acknowledged: /noAck/.test(name) ? 'as-sent' : /ackBefore/.test(name) ? 'before' : 'behind',
    outlivesLease: /blocked loop|skipLockRenewal|visibility 3 < task 5,2 workers/.test(name), maxStalled: /maxStalledCount=0/.test(name) ? 0 : 1, stalledBefore: /twice/.test(name) ? 1 : 0,
  } as const;
  // of several short ones that a deaf process goes on taking, the fifth is running when SIGKILL comes
  const running = keepsTaking ? 4 : 0;
  return { event, messages: Array.from({ length: count }, (_, i) => ({ ...common, is: i === running ? 'running' as const : 'buffered' as const })) };
}

test('there are 36 rows', () => expect(ROWS).toHaveLength(36));

test.each(ROWS)('$name', ({ name, verdicts }) => {
  const found = circumstancesOf(name, verdicts.length);
  if (!found) { expect(new Set(verdicts)).toEqual(new Set(['once'])); return; }
  expect(found.messages.map(message => VERDICT[messageFate(message, found.event).outcome])).toEqual(verdicts);
});
