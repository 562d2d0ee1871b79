import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DOMAINS, EVENTS, fatesOf, keyOf, type Circumstances, type Event, type Known } from '../src/fate/index.js';
import { readOutcomes } from './experiments/outcomes.js';
import { celeryName, inputsOf, verdictsOf, type CeleryName } from './experiments/predict.js';

/** What one measured row says: which experiment, and the verdict of each message at every repeat. */
interface Row extends CeleryName { readonly id: string; readonly verdicts: readonly (readonly string[])[] }

/** The Celery rows of the measured tables; 5.7.0 was measured on Redis, with billiard 4.3.2 and kombu 5.7.0, on 2026-11-25. */
const ROWS: readonly Row[] = readOutcomes().flatMap(({ id, verdicts }): Row[] => { const name = celeryName(id); return name ? [{ id, ...name, verdicts: verdicts.map(({ each }) => each) }] : []; });

describe('every measured row is reproduced', () => {
  test('all Celery rows are there', () => expect(ROWS.length).toBeGreaterThan(370));

  test.each(ROWS.map(row => [row.id, row] as const))('%s', (_, row) => {
    const { event, known, queued, fails } = inputsOf(row);
    const predicted = (message: Circumstances['message']) => fatesOf({ ...known, message }, event).map(fate => verdictsOf(fate.outcome, message, fails));
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
