import type { CeleryApp, TaskFunction, VersionFact, Worker } from '../model/index.js';
import { boundOf, isOn, numberOf, stopOf } from './bounds.js';
import { ackSentAfter, type Circumstances, type Known } from './circumstances.js';
import { fatesOf, type Event, type Fate } from './outcome.js';
import { signalOf } from './signal.js';
import { behaviourOf, type VersionRange } from './versions.js';
import { visibilityOf } from './visibility.js';

/** s. The default of RabbitMQ's consumer_timeout since 3.8.17. */
export const CONSUMER_TIMEOUT_DEFAULT = 1800;
/** s without heartbeats until RabbitMQ closes a connection: twice the 60 s it negotiates by default. */
export const CONNECTION_PATIENCE = 120;

/** One message on its way through one worker. */
export interface Journey {
  readonly worker: Worker;
  /** undefined: any function of the app that has no options of its own. */
  readonly fn: TaskFunction;
  readonly message?: Circumstances['message'];
  /** s a held message waits for its time. */
  readonly heldSeconds?: number;
}

/**
 * What may become of an execution of this function that needs as long as its limit allows, on this worker. `margin`: s a worker needs
 * beyond its last task. Worst first; several where something is not known, or races.
 * Empty: the event cannot occur (a hard limit that nobody set).
 */
export function fatesOfFunction(journey: Journey, event: Event, margin: number): readonly Fate[] {
  const { timeLimit } = journey.fn;
  if (event === 'hard-limit' && (timeLimit.state === 'unset' || (timeLimit.state === 'set' && !timeLimit.value))) return [];
  return fatesOf(circumstancesOf(journey, event, margin), event);
}

/** What the model tells about the circumstances; an input that is absent is not known. */
export function circumstancesOf({ worker, fn, message = 'running', heldSeconds = 0 }: Journey, event: Event, margin: number): Known {
  const { app, settings } = worker;
  const { readsRemap, knowsSoftShutdown, cancelsOnLoss, acksDirectly, ...behaviour } = versionsOf(app, worker.pool);
  const bound = boundOf(fn, worker.pool);
  const stop = stopOf(worker);
  const signal = signalOf(worker);
  const soft = knowsSoftShutdown === false ? 0 : settings.size === 0 ? undefined : numberOf(settings.get('worker_soft_shutdown_timeout')) ?? (settings.get('worker_soft_shutdown_timeout')?.state === 'unknown' ? undefined : 0);
  const pool = POOLS.find(each => each === worker.pool);
  const acksFailures = fn.acksOnFailureOrTimeout.state === 'unset' ? true : isOn(fn.acksOnFailureOrTimeout);
  const visibility = visibilityOf(worker);
  return known({
    ...behaviour, pool, broker: BROKERS.find(each => each === worker.broker), message, signal, replaced: true,
    acksLate: isOn(fn.acksLate), rejectsLost: isOn(fn.rejectOnWorkerLost), acksFailures, ackSent: pool && ackSentAfter(pool, event === 'stop' ? Math.max(2, stop ?? 2) : 2, acksDirectly),
    remaps: quits(worker) || both(remapOf(worker), readsRemap),
    soft: soft === undefined ? undefined : soft === 0 ? 'none' : bound === 'unknown' ? undefined : bound !== 'none' && bound <= soft ? 'long-enough' : 'too-short',
    softFits: soft === undefined || stop === undefined ? undefined : soft + margin <= stop,
    ends: app?.taskProtection ? 'in-time' : endOf(bound, stop, signal, margin),
    outlastsHeartbeat: stop === undefined ? undefined : stop > CONNECTION_PATIENCE && bound !== 'unknown' && (bound === 'none' || bound > CONNECTION_PATIENCE),
    outlastsVisibility: exceeds(bound, heldSeconds, message, visibility?.seconds), outlastsConsumer: exceeds(bound, heldSeconds, message, CONSUMER_TIMEOUT_DEFAULT),
    cancelsOnLoss: both(isOn(settings.get('worker_cancel_long_running_tasks_on_connection_loss')), cancelsOnLoss),
    capped: (fn.redeliveryCap ?? app?.redeliveryCap) !== undefined, softLimit: softLimitOf(fn), retriesSoftLimit: fn.retry.autoretryFor.some(type => SOFT_LIMIT.test(type)),
  });
}

/** What `autoretry_for` names so that the exception of a soft limit is among it: it is an Exception (billiard exceptions.py). */
const SOFT_LIMIT = /(?:^|\.)(?:SoftTimeLimitExceeded|Exception|BaseException)$/;

const POOLS = ['prefork', 'solo', 'threads', 'gevent', 'eventlet'] as const;
const BROKERS = ['redis', 'sqs', 'rabbitmq'] as const;

/** The image's STOPSIGNAL is SIGQUIT: a cold shutdown whatever REMAP_SIGTERM is (measured: remap-long/…/STOPSIGNAL SIGQUIT). */
const quits = ({ container }: Worker): boolean => container?.stopSignal.state === 'set' && /^(?:SIG)?QUIT$|^3$/.test(String(container.stopSignal.value));

function remapOf({ sigtermRemap, container }: Worker): boolean | undefined {
  if (container?.stopSignal.state === 'unknown' || (container?.stopSignal.state === 'set' && /^(?:SIG)?INT$|^2$/.test(String(container.stopSignal.value)))) return undefined;
  return sigtermRemap.state === 'unknown' ? undefined : sigtermRemap.state === 'set' && sigtermRemap.value === 'SIGQUIT';
}

/** A worker that does not hear the signal goes on taking messages: the last one it took is cut off, however short; one that takes no time may have ended. */
function endOf(bound: number | 'none' | 'unknown', stop: number | undefined, signal: Circumstances['signal'] | undefined, margin: number): Circumstances['ends'] | undefined {
  if (bound === 0) return signal === 'ignored' ? undefined : 'in-time';
  if (bound === 'none' || (signal === 'ignored' && bound !== 'unknown')) return 'too-late';
  if (bound === 'unknown' || stop === undefined) return undefined;
  return bound + margin <= stop ? 'in-time' : bound <= stop ? 'barely' : 'too-late';
}

/** Is it unacknowledged for longer than the broker allows? Without a limit it may be. */
function exceeds(bound: number | 'none' | 'unknown', held: number, message: Circumstances['message'], allowed: number | undefined): boolean | undefined {
  if (allowed === undefined) return undefined;
  const needed = message === 'held' ? held : typeof bound === 'number' ? bound : undefined;
  return needed === undefined ? undefined : needed > allowed;
}

function softLimitOf(fn: TaskFunction): boolean | undefined {
  const hard = numberOf(fn.timeLimit), soft = numberOf(fn.softTimeLimit);
  if (fn.softTimeLimit.state === 'unknown') return undefined;
  return soft !== undefined && (hard === undefined || soft < hard);
}

/** What the versions decide; unpinned ones are judged by what an install gets today. */
function versionsOf(app: CeleryApp | undefined, pool: Worker['pool']): ReturnType<typeof behaviourOf> {
  return app ? behaviourOf(rangeOf(app.versions.celery), rangeOf(app.versions.billiard), pool) : {};
}

function rangeOf({ assumed }: VersionFact): VersionRange {
  return { lowest: assumed, newest: assumed };
}

const both = (a: boolean | undefined, b: boolean | undefined): boolean | undefined => (a === false || b === false ? false : a === true && b === true ? true : undefined);

function known(all: { readonly [K in keyof Circumstances]?: Circumstances[K] | undefined }): Known {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Known;
}
