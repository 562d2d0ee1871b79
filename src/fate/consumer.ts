import type { ConsumerKind, MessageConsumer, Setting, Worker } from '../model/index.js';
import { signalOf } from './signal.js';

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

type Kind = MessageCircumstances['kind'];
/** Those whose fates were measured; a loop over ReceiveMessage does what sqs-consumer does. */
const MEASURED: Readonly<Partial<Record<ConsumerKind, Kind>>> = { bullmq: 'bullmq', bull: 'bullmq', amqp: 'amqp', sqs: 'sqs-consumer', 'sqs-consumer': 'sqs-consumer' };
const EITHER = [true, false] as const;

/**
 * What may become of the message that a consumer works on, the worst first: what the model does not tell is tried with every value.
 * `workers`: the processes that make it, as far as they are known. Empty: nobody has measured it (Kafka, pg-boss, graphile-worker), or the event cannot occur.
 */
export function consumerFates(consumer: MessageConsumer, event: MessageEvent, workers: readonly Worker[] = []): readonly MessageFate[] {
  const kind = MEASURED[consumer.kind];
  if (!kind || (event === 'lease-expires' && kind === 'amqp')) return [];
  const fates = acknowledgedOf(consumer).flatMap(acknowledged => stopsIn(consumer, workers).flatMap(stop => (consumer.handler?.body.trivial ? [true] : EITHER).flatMap(inTime => leasesOf(consumer, kind).flatMap(outlivesLease =>
    stallsOf(consumer).map(maxStalled => messageFate({ kind, acknowledged, is: 'running', stop, inTime, outlivesLease, maxStalled, stalledBefore: 0 }, event))))));
  const distinct = new Map(fates.map(fate => [`${fate.outcome} ${fate.after ?? ''}`, fate]).reverse() as [string, MessageFate][]);
  return [...distinct.values()].sort((a, b) => WORST.indexOf(a.outcome) - WORST.indexOf(b.outcome));
}

const WORST: readonly MessageFate['outcome'][] = ['lost', 'twice', 'again', 'once'];
const valueOf = (setting: Setting<unknown> | undefined): unknown => (setting?.state === 'set' ? setting.value : undefined);

function acknowledgedOf({ kind, options, openOptions, noAckByDefault, handler }: MessageConsumer): readonly MessageCircumstances['acknowledged'][] {
  const noAck = options.get('noAck');
  const forgets = kind !== 'amqp' ? false : noAck ? (noAck.state === 'set' ? noAck.value === true : undefined) : openOptions ? undefined : noAckByDefault === true;
  if (forgets === true) return ['as-sent'];
  const own: readonly MessageCircumstances['acknowledged'][] = !handler ? ['before', 'behind'] : handler.detached || handler.acks.some(({ before, during }) => before ?? during) ? ['before'] : ['behind'];
  return forgets === undefined ? ['as-sent', ...own] : own;
}

/** What the stop signal meets in any of the processes that make it. */
function stopsIn(consumer: MessageConsumer, workers: readonly Worker[]): readonly MessageCircumstances['stop'][] {
  return workers.length === 0 ? stopsOf(consumer) : [...new Set(workers.flatMap(worker => stopsAs(consumer, worker)))];
}

/** Another stop signal than SIGTERM, or what a process manager makes of it, may meet other handlers. */
function stopsAs(consumer: MessageConsumer, worker: Worker): readonly MessageCircumstances['stop'][] {
  const { links } = worker.start, signal = signalOf(worker), stopSignal = worker.container?.stopSignal;
  if (signal === 'ignored' || signal === 'kills') return [signal === 'ignored' ? 'ignored' : 'cut'];
  const own = stopsOf(consumer);
  const isOther = stopSignal !== undefined && stopSignal.state !== 'unset' && !(stopSignal.state === 'set' && /^(?:SIG)?TERM$|^15$/.test(String(stopSignal.value)));
  if (signal !== 'arrives' || isOther || links.some(({ kind }) => kind === 'process-manager')) return [...new Set([...own, 'ignored', 'cut'] as const)];
  // PID 1 ignores what it has no handler for; behind an init, or another process that passes the signal on, it ends at once
  if (!own.includes('ignored') || worker.container === undefined) return own;
  return worker.container.pidMode === 'task' || links.some(link => link.kind === 'init' || link.kind === 'package-manager') ? ['cut'] : ['ignored'];
}

function stopsOf({ process: { signals, hooks, library }, closes, isNest }: MessageConsumer): readonly MessageCircumstances['stop'][] {
  if (signals.some(({ exitsAtOnce }) => exitsAtOnce)) return ['exits'];
  if (library !== undefined) return ['drains', 'exits'];
  // without a handler it depends on what is PID 1
  if (signals.length + hooks.length === 0) return ['ignored', 'cut'];
  return closes.length > 0 || isNest ? ['drains'] : ['exits', 'drains'];
}

function leasesOf({ options, handler }: MessageConsumer, kind: Kind): readonly boolean[] {
  if (kind === 'amqp') return [false];
  if (kind === 'sqs-consumer') return options.has('heartbeatInterval') || handler?.body.trivial ? [false] : EITHER;
  return valueOf(options.get('skipLockRenewal')) === true || handler?.blocks || !handler ? EITHER : [false];
}

function stallsOf({ options, openOptions }: MessageConsumer): readonly number[] {
  const count = options.get('maxStalledCount');
  return typeof valueOf(count) === 'number' ? [Number(valueOf(count))] : count || openOptions ? [0, 1] : [1];
}
