/**
 * What decides the fate of one message at one interruption. Every input has a handful of values, so that an input nobody could read
 * is simply tried with all of them. Durations are compared before they come here: `ends: 'in-time'`, never seconds.
 */
export interface Circumstances {
  readonly pool: 'prefork' | 'solo' | 'threads' | 'gevent' | 'eventlet';
  readonly broker: 'redis' | 'sqs' | 'rabbitmq';
  /** Its function runs; or it was fetched and waits in the process for a free slot; or it is held there until its ETA. */
  readonly message: 'running' | 'prefetched' | 'held';
  readonly acksLate: boolean;
  /** Under early acknowledgement: the broker has been told. Not always the case yet where the pool sends it late (see ACK_LAG). */
  readonly ackSent: boolean;
  readonly rejectsLost: boolean;
  readonly acksFailures: boolean;
  /** The signal's way to the worker. ignored: nobody passes it on. kills: PID 1 dies of it, and everything with it. group: the children get it too. */
  readonly signal: 'arrives' | 'ignored' | 'kills' | 'group';
  /** SIGTERM means a cold shutdown (REMAP_SIGTERM=SIGQUIT, read by this version). */
  readonly remaps: boolean;
  /** A soft shutdown comes first, and the task ends within it, or not. */
  readonly soft: 'none' | 'long-enough' | 'too-short';
  /** The stop time covers the soft shutdown and the worker's way out. */
  readonly softFits: boolean;
  /** The running task ends, and the worker is out, before SIGKILL; or the task ends and the worker is not out; or neither. */
  readonly ends: 'in-time' | 'barely' | 'too-late';
  /** A warm shutdown takes longer than the broker waits for a heartbeat. */
  readonly outlastsHeartbeat: boolean;
  /** The message stays unacknowledged for longer than the visibility timeout. */
  readonly outlastsVisibility: boolean;
  /** The message stays unacknowledged for longer than RabbitMQ's consumer_timeout. */
  readonly outlastsConsumer: boolean;
  /** Running tasks are stopped when the broker connection is lost. */
  readonly cancelsOnLoss: boolean;
  /** What interrupts the task does so at every try: it always needs too much memory, or too much time. */
  readonly everyTry: boolean;
  /** Something ends the redeliveries of one message: a delivery limit, maxReceiveCount, a counter in the code. */
  readonly capped: boolean;
  /** A soft time limit below the hard one: the task gets an exception first, and can give itself back. */
  readonly softLimit: boolean;
  /** `autoretry_for` names that exception, or a base of it. */
  readonly retriesSoftLimit: boolean;
  /** Another worker of the app runs afterwards. */
  readonly replaced: boolean;
  /** SIGTERM aborts the solo pool's task (5.2.6, not 5.4.0), gevent's acknowledgements get stuck (5.4.0, not 5.5.3). */
  readonly modernPools: boolean;
  /** A cold shutdown of the solo pool waits for its task, which nothing cuts off (5.4.0, neither 5.2.6 nor 5.5.3). */
  readonly soloWaits: boolean;
  /** A failed limit with acks_on_failure_or_timeout=False is given back (from 5.5.0), not thrown away. */
  readonly requeuesLimits: boolean;
  /** A warm shutdown goes on sending heartbeats (from 5.6.1). */
  readonly beatsWhenWarm: boolean;
  /** A cancelled late-acknowledged task is acknowledged: billiard ≥ 4.3.0 with celery ≤ 5.6.3. */
  readonly forgetsCancelled: boolean;
}
export type Known = Partial<Circumstances>;

const SWITCH = [false, true] as const;

/** Every value an input may have: what an unknown one is tried with. */
export const DOMAINS: { readonly [K in keyof Circumstances]: readonly Circumstances[K][] } = {
  pool: ['prefork', 'solo', 'threads', 'gevent', 'eventlet'], broker: ['redis', 'sqs', 'rabbitmq'], message: ['running', 'prefetched', 'held'],
  acksLate: SWITCH, ackSent: SWITCH, rejectsLost: SWITCH, acksFailures: SWITCH, signal: ['arrives', 'ignored', 'kills', 'group'], remaps: SWITCH,
  soft: ['none', 'long-enough', 'too-short'], softFits: SWITCH, ends: ['in-time', 'barely', 'too-late'], outlastsHeartbeat: SWITCH, outlastsVisibility: SWITCH,
  outlastsConsumer: SWITCH, cancelsOnLoss: SWITCH, everyTry: SWITCH, capped: SWITCH, softLimit: SWITCH, retriesSoftLimit: SWITCH, replaced: SWITCH, modernPools: SWITCH, soloWaits: SWITCH, requeuesLimits: SWITCH,
  beatsWhenWarm: SWITCH, forgetsCancelled: SWITCH,
};

/**
 * s after the start of a task until an early acknowledgement has surely left the process, and how long it surely has not: measured
 * (experiments early-ack-lag and stop-outlives: threads are a race within 2 s, gevent sends nothing for 1.5 s, and after 1.9 s it is a race; solo sends when the task is over).
 */
export const ACK_LAG: { readonly [P in Circumstances['pool']]: { readonly notBefore: number; readonly sentAfter: number } } = {
  prefork: { notBefore: 0, sentAfter: 0 }, threads: { notBefore: 0, sentAfter: 2 }, gevent: { notBefore: 1.5, sentAfter: 2 }, eventlet: { notBefore: 0, sentAfter: 2 }, solo: { notBefore: Infinity, sentAfter: Infinity },
};

/**
 * Has an early acknowledgement left the process after the task has run for that long? undefined: a race. `direct`: celery 5.7 sends it
 * on gevent as the task starts (celery PR #10263; measured on 5.7.0); undefined: not known which release.
 */
export function ackSentAfter(pool: Circumstances['pool'], seconds: number, direct: boolean | undefined): boolean | undefined {
  if (pool === 'gevent' && direct !== false && seconds < ACK_LAG.gevent.sentAfter) return direct;
  const { notBefore, sentAfter } = ACK_LAG[pool];
  return seconds >= sentAfter ? true : seconds < notBefore ? false : undefined;
}

/**
 * Every outcome that the known circumstances leave open: an unknown input that the decision asks for is tried with each of its
 * values, so that it widens the outcome and never narrows it. Inputs nobody asks for cost nothing.
 */
export function explore<T>(known: Known, decide: (circumstances: Circumstances) => readonly T[]): readonly T[] {
  let missing: keyof Circumstances | undefined;
  const asked = {} as Circumstances;
  for (const key of Object.keys(DOMAINS) as (keyof Circumstances)[]) {
    Object.defineProperty(asked, key, { get: () => known[key] ?? ((missing ??= key), DOMAINS[key][0]) });
  }
  const found = decide(asked);
  if (missing === undefined) return found;
  const key = missing;
  return DOMAINS[key].flatMap(value => explore({ ...known, [key]: value }, decide));
}
