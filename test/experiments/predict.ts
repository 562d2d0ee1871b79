import { ackSentAfter, behaviourOf, fatesOf, type Circumstances, type Event, type Known, type Outcome } from '../../src/fate/index.js';
import { messageFate, type MessageCircumstances, type MessageEvent } from '../../src/fate/consumer.js';

/** What src/fate says of an experiment, told by its name alone. */

/** s a prefork worker was measured to need beyond its last task; the default of the `exitMarginSeconds` threshold. */
const MARGIN = 3;

/** An experiment with Celery: `group/version/broker/pool/acks/…`. */
export interface CeleryName { readonly group: string; readonly version: string; readonly broker: Circumstances['broker']; readonly pool: Circumstances['pool']; readonly words: readonly string[] }

export function celeryName(id: string): CeleryName | undefined {
  const [group = '', version = '', broker, pool, ...words] = id.split('/');
  return /^5\./.test(version) ? { group, version, broker: broker as CeleryName['broker'], pool: pool as CeleryName['pool'], words } : undefined;
}

/** Numbers as the name gives them: `soft=2,stopTimeout=3.5,task=1.2`. */
const numberIn = (name: CeleryName, key: string): number | undefined => { const found = new RegExp(`(?:^|[,/ ])${key}=([\\d.]+)`).exec(name.words.join('/')); return found ? Number(found[1]) : undefined; };
const says = (name: CeleryName, word: string): boolean => name.words.some(each => each.split(',').includes(word));

/** What each group does: the event, s since the start, s the task still needs, s of stop; `queued`: messages behind the running one. */
const SETUP: Readonly<Record<string, { readonly event: Event; readonly ran: number; readonly left: number; readonly stop?: number; readonly queued?: number }>> = {
  'stop-outlives': { event: 'stop', ran: 0.4, left: 3.6, stop: 1.5 }, 'stop-in-time': { event: 'stop', ran: 0.4, left: 1.6, stop: 5 }, 'remap-long': { event: 'stop', ran: 0.5, left: 13.5, stop: 9 },
  'prefetch-stop': { event: 'stop', ran: 0.7, left: 2.3, stop: 8, queued: 3 }, pid1: { event: 'stop', ran: 0.4, left: 1.1, stop: 4 }, soft: { event: 'stop', ran: 0.4, left: 3.6, stop: 2 },
  'oom-child': { event: 'child-killed', ran: 0.3, left: 2.7 }, 'oom-loop': { event: 'child-killed', ran: 0, left: 3 }, 'time-limit': { event: 'hard-limit', ran: 1.5, left: 2.5 },
  'conn-drop': { event: 'connection-lost', ran: 0.5, left: 3.5 }, 'prefetch-kill': { event: 'container-killed', ran: 0.7, left: 7.3, queued: 3 }, 'early-ack-lag': { event: 'container-killed', ran: 6, left: 6 },
  'slow-restore-period': { event: 'container-killed', ran: 0, left: 3 }, 'eta-stop': { event: 'stop', ran: 0, left: 0, stop: 3 }, 'eta-vt': { event: 'visibility-timeout', ran: 0, left: 0 },
  'vt-short': { event: 'visibility-timeout', ran: 0, left: 10 }, 'slow-vt-short': { event: 'visibility-timeout', ran: 0, left: 115 }, 'consumer-timeout': { event: 'consumer-timeout', ran: 0, left: 8 },
  'soft-limit': { event: 'stop', ran: 0.4, left: 11.6 }, hostage: { event: 'long-task-ahead', ran: 0, left: 6, queued: 3 }, recycle: { event: 'recycled', ran: 0, left: 0.4, queued: 3 },
};

/** PID 1 of the pid1 experiments: how the signal travels. */
const PID1: Readonly<Record<string, Circumstances['signal']>> = { 'sh -c': 'ignored', 'sh -c &&': 'ignored', script: 'ignored', 'bash -c': 'arrives', 'busybox sh -c': 'arrives', 'script-exec': 'arrives', tini: 'arrives', 'tini script': 'kills', 'tini -g script': 'kills', 'dumb-init script': 'kills' };

/** billiard as installed beside that Celery, where the name says nothing else. */
const BILLIARD: Readonly<Record<string, string>> = { '5.7.0': '4.3.2', '5.4.0': '4.2.1', '5.5.3': '4.2.1', '5.2.7': '3.6.4.0' };

export function inputsOf(name: CeleryName): { readonly event: Event; readonly known: Known; readonly queued: number; /** Each run ends at its own soft limit, if nothing else ends it. */ readonly fails: boolean } {
  const setup = SETUP[name.group]!;
  const limited = (numberIn(name, 'limit') ?? Infinity) < (numberIn(name, 'stopTimeout') ?? 0);
  const event = name.words.includes('SIGKILL') ? 'container-killed' : limited ? 'exception' : setup.event;
  const stop = numberIn(name, 'stopTimeout') ?? setup.stop ?? 0, left = numberIn(name, 'task') ?? setup.left, soft = numberIn(name, 'soft') ?? 0, visibility = numberIn(name, 'vt') ?? 4;
  const billiard = /billiard=([\d.]+)/.exec(name.words.join('/'))?.[1] ?? BILLIARD[name.version] ?? '4.2.4';
  const { readsRemap, knowsSoftShutdown, cancelsOnLoss, acksDirectly, ...behaviour } = behaviourOf({ lowest: name.version, newest: name.version }, { lowest: billiard, newest: billiard }, name.pool);
  // SIGQUIT as the image's STOPSIGNAL needs nobody to read REMAP_SIGTERM
  const remaps = says(name, 'STOPSIGNAL SIGQUIT') || (says(name, 'REMAP') && readsRemap === true);
  const ran = setup.ran + (event === 'stop' && !remaps ? Math.min(stop, left) : event === 'visibility-timeout' ? visibility : 0);
  const ackSent = ackSentAfter(name.pool, ran, acksDirectly);
  const held = name.group.startsWith('eta');
  return {
    event, queued: setup.queued ?? 0, fails: (numberIn(name, 'limit') ?? Infinity) < left,
    known: {
      ...behaviour, pool: name.pool, broker: name.broker, message: held ? 'held' : 'running', acksLate: name.words[0]!.startsWith('late'), ...(ackSent !== undefined && { ackSent }),
      rejectsLost: name.words[0] === 'late+rowl' || says(name, 'rowl without late'), acksFailures: !says(name, 'acks_on_failure_or_timeout=False'), signal: PID1[name.words[1] ?? ''] ?? 'arrives', remaps,
      soft: soft === 0 || !knowsSoftShutdown ? 'none' : left <= soft ? 'long-enough' : 'too-short', softFits: soft + MARGIN <= stop, ends: left + MARGIN <= stop ? 'in-time' : left <= stop ? 'barely' : 'too-late',
      outlastsHeartbeat: false, outlastsVisibility: Math.max(left, numberIn(name, 'countdown') ?? 0) > visibility, outlastsConsumer: left > (numberIn(name, 'consumer_timeout') ?? Infinity),
      cancelsOnLoss: says(name, 'cancel_on_loss') && cancelsOnLoss === true, everyTry: name.group === 'oom-loop' || (name.group === 'time-limit'), capped: false, softLimit: false, replaced: name.group !== 'consumer-timeout',
    },
  };
}

/** The experiments' words for an outcome. A message that never started and is given out again is done once; one that `fails` at each run is gone after the next. */
export function verdictsOf(outcome: Outcome, message: Circumstances['message'], fails = false): readonly string[] {
  switch (outcome.is) {
    case 'completes': return ['once'];
    case 'restarts': return [fails ? 'lost' : message === 'running' ? 'rerun' : 'once', ...(outcome.after === 'visibility-timeout' ? ['waiting'] : [])];
    case 'twice': return ['twice', 'x3'];
    case 'loops': case 'stuck': return ['waiting'];
    case 'fails': return ['lost'];
    default: return [outcome.is];
  }
}

/** What an experiment with a consumer in Node.js says of its messages, in the words of the model; undefined: it is about who waits, not about what becomes of a message. */
export function consumerCircumstances(name: string, count: number): { readonly messages: readonly MessageCircumstances[]; readonly event: MessageEvent } | undefined {
  if (/hostage|batch of/.test(name)) return undefined;
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

export const CONSUMER_VERDICT = { once: 'once', again: 'rerun', twice: 'twice', lost: 'lost' } as const;

/** The verdicts that src/fate leaves open, for each of `count` messages. */
export function predict(id: string, count: number): readonly (readonly string[])[] {
  const name = celeryName(id);
  if (!name) {
    const found = consumerCircumstances(id, count);
    return Array.from({ length: count }, (_, i) => [found ? CONSUMER_VERDICT[messageFate(found.messages[i]!, found.event).outcome] : 'once']);
  }
  const { event, known, queued, fails } = inputsOf(name);
  const of = (message: Circumstances['message']): readonly string[] => [...new Set(fatesOf({ ...known, message }, event).flatMap(fate => verdictsOf(fate.outcome, message, fails)))];
  return Array.from({ length: count }, (_, i) => (i === 0 || queued === 0 ? of(known.message!) : of('prefetched')));
}
