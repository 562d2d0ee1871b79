import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ackSentAfter, behaviourOf, DOMAINS, EVENTS, fatesOf, keyOf, type Circumstances, type Event, type Known, type Outcome } from '../src/fate/index.js';

/** s a prefork worker was measured to need beyond its last task; the default of the `exitMarginSeconds` threshold. */
const MARGIN = 3;

/** What one measured row says: which experiment, and the verdict of each message at every repeat. */
interface Row { readonly id: string; readonly group: string; readonly version: string; readonly broker: Circumstances['broker']; readonly pool: Circumstances['pool']; readonly words: readonly string[]; readonly verdicts: readonly (readonly string[])[] }

/** The Celery rows of the measured tables, as printed by the experiments' driver; 5.7.0 was measured by it on Redis, with billiard 4.3.2 and kombu 5.7.0, on 2026-11-25. */
const ROWS: readonly Row[] = ['outcomes.tsv', 'outcomes-5.7.0.tsv'].flatMap(file => readFileSync(fileURLToPath(new URL(`experiments/measured/${file}`, import.meta.url)), 'utf8').trim().split('\n').slice(1)).flatMap((line): Row[] => {
  const [id = '', , verdicts = ''] = line.split('\t');
  const [group = '', version = '', broker, pool, ...words] = id.split('/');
  if (!/^5\./.test(version)) return [];
  const each = verdicts.split('; ').map(part => part.replace(/ x\d+$/, '').split(','));
  return [{ id, group, version, broker: broker as Row['broker'], pool: pool as Row['pool'], words, verdicts: each }];
});

/** Numbers as the row's own words give them: `soft=2,stopTimeout=3.5,task=1.2`. */
const numberIn = (row: Row, name: string): number | undefined => { const found = new RegExp(`(?:^|[,/ ])${name}=([\\d.]+)`).exec(row.words.join('/')); return found ? Number(found[1]) : undefined; };
const says = (row: Row, word: string): boolean => row.words.includes(word);

/** The set-up of each group of experiments (shared/tools/experiments/celery_exps.py): the event, s since the start, s the task still needs, s of stop. */
const SETUP: Readonly<Record<string, { readonly event: Event; readonly ran: number; readonly left: number; readonly stop?: number; readonly queued?: number }>> = {
  'stop-outlives': { event: 'stop', ran: 0.4, left: 3.6, stop: 1.5 }, 'stop-in-time': { event: 'stop', ran: 0.4, left: 1.6, stop: 5 }, 'remap-long': { event: 'stop', ran: 0.5, left: 13.5, stop: 9 },
  'prefetch-stop': { event: 'stop', ran: 0.7, left: 2.3, stop: 8, queued: 3 }, pid1: { event: 'stop', ran: 0.4, left: 1.1, stop: 4 }, soft: { event: 'stop', ran: 0.4, left: 3.6, stop: 2 },
  'oom-child': { event: 'child-killed', ran: 0.3, left: 2.7 }, 'oom-loop': { event: 'child-killed', ran: 0, left: 3 }, 'time-limit': { event: 'hard-limit', ran: 1.5, left: 2.5 },
  'conn-drop': { event: 'connection-lost', ran: 0.5, left: 3.5 }, 'prefetch-kill': { event: 'container-killed', ran: 0.7, left: 7.3, queued: 3 }, 'early-ack-lag': { event: 'container-killed', ran: 6, left: 6 },
  'slow-restore-period': { event: 'container-killed', ran: 0, left: 3 }, 'eta-stop': { event: 'stop', ran: 0, left: 0, stop: 3 }, 'eta-vt': { event: 'visibility-timeout', ran: 0, left: 0 },
  'vt-short': { event: 'visibility-timeout', ran: 0, left: 10 }, 'slow-vt-short': { event: 'visibility-timeout', ran: 0, left: 115 }, 'consumer-timeout': { event: 'consumer-timeout', ran: 0, left: 8 },
  hostage: { event: 'long-task-ahead', ran: 0, left: 6, queued: 3 }, recycle: { event: 'recycled', ran: 0, left: 0.4, queued: 3 },
};

/** PID 1 of the pid1 experiments: how the signal travels. */
const PID1: Readonly<Record<string, Circumstances['signal']>> = { 'sh -c': 'ignored', 'sh -c &&': 'ignored', script: 'ignored', 'bash -c': 'arrives', 'busybox sh -c': 'arrives', 'script-exec': 'arrives', tini: 'arrives', 'tini script': 'kills', 'tini -g script': 'kills', 'dumb-init script': 'kills' };

function inputsOf(row: Row): { readonly event: Event; readonly known: Known; readonly queued: number } {
  const setup = SETUP[row.group]!;
  const event = row.words.includes('SIGKILL') ? 'container-killed' : setup.event;
  const stop = numberIn(row, 'stopTimeout') ?? setup.stop ?? 0, left = numberIn(row, 'task') ?? setup.left, soft = numberIn(row, 'soft') ?? 0, visibility = numberIn(row, 'vt') ?? 4;
  const billiard = row.version === '5.7.0' ? '4.3.2' : '4.2.4';
  const { readsRemap, knowsSoftShutdown, cancelsOnLoss, acksDirectly, ...behaviour } = behaviourOf({ lowest: row.version, newest: row.version }, { lowest: billiard, newest: billiard });
  const remaps = says(row, 'REMAP') && readsRemap === true;
  const ran = setup.ran + (event === 'stop' && !remaps ? Math.min(stop, left) : event === 'visibility-timeout' ? visibility : 0);
  const ackSent = ackSentAfter(row.pool, ran, acksDirectly);
  const held = row.group.startsWith('eta');
  return {
    event, queued: setup.queued ?? 0,
    known: {
      ...behaviour, pool: row.pool, broker: row.broker, message: held ? 'held' : 'running', acksLate: row.words[0]!.startsWith('late'), ...(ackSent !== undefined && { ackSent }),
      rejectsLost: row.words[0] === 'late+rowl' || says(row, 'rowl without late'), acksFailures: !says(row, 'acks_on_failure_or_timeout=False'), signal: PID1[row.words[1] ?? ''] ?? 'arrives', remaps,
      soft: soft === 0 || !knowsSoftShutdown ? 'none' : left <= soft ? 'long-enough' : 'too-short', softFits: soft + MARGIN <= stop, ends: left + MARGIN <= stop ? 'in-time' : left <= stop ? 'barely' : 'too-late',
      outlastsHeartbeat: false, outlastsVisibility: Math.max(left, numberIn(row, 'countdown') ?? 0) > visibility, outlastsConsumer: left > (numberIn(row, 'consumer_timeout') ?? Infinity),
      cancelsOnLoss: says(row, 'cancel_on_loss') && cancelsOnLoss === true, everyTry: row.group === 'oom-loop' || (row.group === 'time-limit'), capped: false, softLimit: false, replaced: row.group !== 'consumer-timeout',
    },
  };
}

/** The experiments' words for an outcome. A message that never started and is given out again is done once. */
function verdictsOf(outcome: Outcome, message: Circumstances['message']): readonly string[] {
  switch (outcome.is) {
    case 'completes': return ['once'];
    case 'restarts': return [message === 'running' ? 'rerun' : 'once', ...(outcome.after === 'visibility-timeout' ? ['waiting'] : [])];
    case 'twice': return ['twice', 'x3'];
    case 'loops': case 'stuck': return ['waiting'];
    default: return [outcome.is];
  }
}

describe('every measured row is reproduced', () => {
  test('all Celery rows are there', () => expect(ROWS.length).toBeGreaterThan(370));

  test.each(ROWS.map(row => [row.id, row] as const))('%s', (_, row) => {
    const { event, known, queued } = inputsOf(row);
    const predicted = (message: Circumstances['message']) => fatesOf({ ...known, message }, event).map(fate => verdictsOf(fate.outcome, message));
    const first = predicted(known.message!), rest = predicted('prefetched');
    for (const verdicts of row.verdicts) {
      expect(first.flat(), 'the running message').toContain(verdicts[0]);
      for (const verdict of verdicts.slice(1)) expect(queued > 0 ? rest.flat() : first.flat(), 'a message behind it').toContain(verdict);
    }
    const seen = new Set(row.verdicts.map(verdicts => verdicts[0]!));
    // repeats that differ are a "may": each of them is one of several outcomes
    if (seen.size > 1 && !(seen.has('twice') && seen.has('x3'))) expect(first.length).toBeGreaterThan(1);
  });

  test('a "may" is said only where the software itself races', () => {
    const open = ROWS.filter(row => { const { event, known } = inputsOf(row); return fatesOf(known, event).length > 1; });
    const races = open.filter(row => new Set(row.verdicts.map(verdicts => verdicts[0])).size > 1);
    expect(open.map(row => row.id)).toMatchSnapshot();
    expect(races.length).toBeGreaterThan(5);
  });
});

/** Inputs that, by the facts, do not bear on an event: whatever they are, the fate is the same. */
const INDEPENDENT: Readonly<Record<Event, readonly (keyof Circumstances)[]>> = {
  stop: ['acksFailures', 'cancelsOnLoss', 'everyTry', 'capped', 'outlastsVisibility', 'outlastsConsumer', 'softLimit', 'requeuesLimits'],
  'second-stop': ['acksFailures', 'cancelsOnLoss', 'everyTry', 'capped', 'outlastsVisibility', 'outlastsConsumer', 'softLimit', 'requeuesLimits'],
  'container-killed': ['acksFailures', 'rejectsLost', 'cancelsOnLoss', 'everyTry', 'capped', 'softLimit', 'requeuesLimits', 'remaps', 'soft', 'softFits', 'ends', 'signal', 'forgetsCancelled', 'beatsWhenWarm', 'modernPools'],
  'host-lost': ['acksFailures', 'rejectsLost', 'cancelsOnLoss', 'everyTry', 'capped', 'softLimit', 'remaps', 'soft', 'softFits', 'ends', 'signal', 'forgetsCancelled'],
  'child-killed': ['remaps', 'soft', 'softFits', 'ends', 'signal', 'forgetsCancelled', 'cancelsOnLoss', 'outlastsVisibility', 'beatsWhenWarm', 'requeuesLimits'],
  'connection-lost': ['remaps', 'soft', 'softFits', 'ends', 'signal', 'rejectsLost', 'acksFailures', 'everyTry', 'capped', 'requeuesLimits'],
  'hard-limit': ['remaps', 'soft', 'softFits', 'ends', 'signal', 'rejectsLost', 'cancelsOnLoss', 'forgetsCancelled', 'outlastsVisibility'],
  exception: ['remaps', 'soft', 'softFits', 'ends', 'signal', 'rejectsLost', 'cancelsOnLoss', 'forgetsCancelled', 'pool'],
  'visibility-timeout': ['remaps', 'soft', 'softFits', 'ends', 'signal', 'rejectsLost', 'acksFailures', 'cancelsOnLoss', 'forgetsCancelled', 'modernPools'],
  'consumer-timeout': ['remaps', 'soft', 'softFits', 'ends', 'signal', 'rejectsLost', 'acksFailures', 'cancelsOnLoss', 'pool', 'outlastsVisibility'],
  recycled: ['pool', 'broker', 'acksLate', 'remaps', 'ends', 'signal'],
  'long-task-ahead': ['pool', 'broker', 'acksLate', 'remaps', 'ends', 'signal'],
};

const kinds = (known: Known, event: Event): readonly string[] => fatesOf(known, event).map(({ outcome }) => keyOf(outcome)).sort();
const anyCircumstances = fc.record(Object.fromEntries(Object.entries(DOMAINS).map(([key, values]) => [key, fc.constantFrom(...values)]))) as fc.Arbitrary<Circumstances>;
const anyKeys = fc.uniqueArray(fc.constantFrom(...(Object.keys(DOMAINS) as (keyof Circumstances)[])));
const without = (all: Known, keys: readonly (keyof Circumstances)[]): Known => Object.fromEntries(Object.entries(all).filter(([key]) => !keys.includes(key as keyof Circumstances)));

describe('the pure core', () => {
  test.each(ROWS.map(row => [row.id, row] as const))('no row is special: %s', (_, row) => {
    const { event, known } = inputsOf(row);
    const fate = kinds(known, event);
    for (const key of INDEPENDENT[event]) for (const value of DOMAINS[key]) expect(kinds({ ...known, [key]: value }, event), `${key}: ${String(value)}`).toEqual(fate);
  });

  test('an unknown input widens, and never narrows', () => {
    fc.assert(fc.property(anyCircumstances, anyKeys, fc.constantFrom(...EVENTS), (all, hidden, event) => {
      const open = kinds(without(all, hidden), event);
      for (const outcome of kinds(all, event)) expect(open).toContain(outcome);
    }), { numRuns: 2000 });
  });

  test('with nothing known everything measured is possible', () => {
    const seen = new Set(ROWS.flatMap(row => { const { event, known } = inputsOf(row); return kinds(known, event).map(kind => `${event}: ${kind}`); }));
    for (const event of EVENTS) for (const kind of [...seen].filter(each => each.startsWith(`${event}: `))) expect(kinds({}, event).map(each => `${event}: ${each}`)).toContain(kind);
  });

  test('every fate has its reasons, and the worst comes first', () => {
    fc.assert(fc.property(anyCircumstances, fc.constantFrom(...EVENTS), (all, event) => {
      const fates = fatesOf(all, event);
      expect(fates.length).toBeGreaterThan(0);
      for (const { because } of fates) expect(because.length).toBeGreaterThan(0);
      expect(new Set(fates.map(({ outcome }) => keyOf(outcome))).size).toBe(fates.length);
    }), { numRuns: 500 });
  });
});
