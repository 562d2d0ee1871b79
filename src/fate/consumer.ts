import type { ConsumerKind } from '../model/index.js';

/** What decides about a message that a consumer in Node.js holds when something happens to it. */
export interface MessageCircumstances {
  readonly kind: Extract<ConsumerKind, 'bullmq' | 'amqp' | 'sqs-consumer'>;
  /** When the broker forgets it: as it is sent (noAck), before the work, behind it. */
  readonly acknowledged: 'as-sent' | 'before' | 'behind';
  /** It runs, or it waits in the consumer's buffer. */
  readonly is: 'running' | 'buffered';
  /** What SIGTERM meets: nothing (Node.js is PID 1, or a shell keeps it: it is ignored), nothing behind an init (the process is cut), a handler that drains, one that exits. */
  readonly stop: 'ignored' | 'cut' | 'drains' | 'exits';
  /** The work ends before SIGKILL. */
  readonly inTime: boolean;
  /** BullMQ: something keeps the lock from being renewed for longer than it lives (a blocked event loop, skipLockRenewal); SQS: the work outlives the visibility timeout without a heartbeat. */
  readonly outlivesLease: boolean;
  /** BullMQ: cuts that a job bears (maxStalledCount), and those it has had. */
  readonly maxStalled: number;
  readonly stalledBefore: number;
}

export type MessageEvent = 'stop' | 'container-killed' | 'lease-expires';
/** once; again: from the beginning, after a time; twice: both runs to their end; lost: never done. */
export interface MessageFate { readonly outcome: 'once' | 'again' | 'twice' | 'lost'; readonly after?: 'at-once' | 'stall-check' | 'visibility-timeout'; readonly because: string }

/** What becomes of the message; each branch is a row that was measured (facts: outcome table of Node). */
export function messageFate(message: MessageCircumstances, event: MessageEvent): MessageFate {
  if (event === 'lease-expires') return leaseFate(message);
  if (event === 'stop' && message.stop === 'drains' && message.is === 'running' && message.inTime) return { outcome: 'once', because: 'the consumer waits for what runs' };
  // nothing tells the process to end: what is in time ends by itself
  if (event === 'stop' && message.stop === 'ignored' && message.is === 'running' && message.inTime) return { outcome: 'once', because: 'SIGTERM is ignored, and the work ends before SIGKILL' };
  return cutFate(message);
}

/** The process ends with the message in its hands. */
function cutFate({ kind, acknowledged, is, maxStalled, stalledBefore }: MessageCircumstances): MessageFate {
  if (acknowledged === 'as-sent') return { outcome: 'lost', because: 'RabbitMQ forgot it as it was sent' };
  if (is === 'buffered') return { outcome: 'once', because: 'it was not acknowledged, and has not run: another consumer takes it' };
  if (acknowledged === 'before') return { outcome: 'lost', because: 'it was acknowledged before its work' };
  if (kind === 'bullmq' && stalledBefore + 1 > maxStalled) return { outcome: 'lost', because: 'it has stalled more often than maxStalledCount allows: failed for good' };
  if (kind === 'bullmq') return { outcome: 'again', after: 'stall-check', because: 'nobody renews its lock' };
  return kind === 'amqp' ? { outcome: 'again', after: 'at-once', because: 'its connection is gone' } : { outcome: 'again', after: 'visibility-timeout', because: 'nobody deletes it' };
}

/** The lock or the visibility timeout ends while it runs; another consumer stands ready. */
function leaseFate({ kind, outlivesLease, maxStalled }: MessageCircumstances): MessageFate {
  if (!outlivesLease || kind === 'amqp') return { outcome: 'once', because: 'it is renewed in time' };
  if (kind === 'bullmq' && maxStalled === 0) return { outcome: 'once', because: 'it is marked as failed, and not given to another worker' };
  return { outcome: 'twice', after: kind === 'bullmq' ? 'stall-check' : 'visibility-timeout', because: 'another consumer gets it while the first still works on it' };
}
