import type { Rule } from '../../model/index.js';
import { byProcess, COMES_BACK, hearsStop, MESSAGE } from '../consumers.js';
import { plural, relatedAt } from '../shared.js';

export const noSigtermHandler: Rule = {
  id: 'node/no-sigterm-handler',
  severity: 'error',
  title: 'A consumer never hears that it is to stop',
  rationale:
    'Node.js has no handler of its own for SIGTERM. As PID 1 of a container it ignores the signal and goes on taking messages until SIGKILL cuts it; behind an init it is cut at once. Either way what runs is done again from the ' +
    'beginning, at every deployment.',
  remedy: "Handle SIGTERM: stop taking messages, wait for those that run, then let the process end.",
  references: ['https://nodejs.org/api/process.html#signal-events', 'https://docs.bullmq.io/guide/workers/graceful-shutdown', 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html'],
  provenBy: ['node/no-sigterm-handler/bad', 'node/no-sigterm-handler/good'],
  leadsTo: ['bullmq/no-graceful-close', 'node/exits-before-drain'],

  *check({ consumers }) {
    for (const { process, consumers: all } of byProcess(consumers)) {
      const own = all.filter(({ polls }) => polls);
      const [first, ...others] = own;
      if (!first || hearsStop(process) || process.bootstraps.length > 0) continue;
      yield {
        order: 1, at: first.at, confidence: first.kind === 'sqs' || first.kind === 'bullmq' ? 'high' : 'medium',
        message: `nothing handles SIGTERM here: a deployment lets ${first.text} go on taking ${MESSAGE[first.kind]}s until it is killed in the middle of one, and ${COMES_BACK[first.kind]}`,
        label: 'goes on until SIGKILL',
        related: [...(first.startedAt ? [{ at: first.startedAt, message: 'starts the loop' }] : []), ...relatedAt(others.slice(0, 5).map(({ at }) => at), `${plural(others.length, 'other consumer')} too`)],
        suggestion: STOPS[first.kind] ?? `add process.once('SIGTERM', …) that stops ${first.name ?? 'the consumer'} and waits for what runs`,
        fate: `SIGTERM → ignored (PID 1) → SIGKILL: the ${MESSAGE[first.kind]} that runs is cut; ${COMES_BACK[first.kind]}`,
      };
    }
  },
};

const STOPS: Readonly<Record<string, string>> = {
  bullmq: "add process.once('SIGTERM', async () => { await worker.close(); process.exit(0); }): close() waits for the jobs that run",
  bull: "add process.once('SIGTERM', async () => { await queue.close(); process.exit(0); }): close() waits for the jobs that run",
  sqs: "add process.once('SIGTERM', () => stop.abort()) for an AbortController that the loop asks (`while (!stop.signal.aborted)`) and gives to the receive call",
  'sqs-consumer': "add process.once('SIGTERM', () => consumer.stop()): it waits for the messages that are being handled",
  amqp: "add process.once('SIGTERM', …) that calls channel.cancel(consumerTag), waits for the messages that run, then closes the connection",
  kafka: "add process.once('SIGTERM', async () => { await consumer.disconnect(); process.exit(0); })",
  'pg-boss': "add process.once('SIGTERM', () => boss.stop({ graceful: true }))",
};
