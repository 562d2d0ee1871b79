import { FIRST_RELEASES } from './first-releases.js';
import type { Lifetime } from './rows.js';

/**
 * Is `version` at or above `minimum`? `version` is dotted, as in VersionFact.assumed: of `5.2 or later` the number counts, and
 * `5.5 (excluded)` is the last release below it.
 */
export function isFrom(version: string, minimum: string): boolean {
  const order = compare(numbers(version), numbers(minimum));
  return version.includes('excluded') ? order > 0 : order >= 0;
}

/** Has `version` something that the tables list with this lifetime? `name` finds its exact first release. */
export function isAliveIn(version: string, name: string, life: Lifetime): boolean {
  const first = FIRST_RELEASES[name] ?? life.since;
  return (first === undefined || isFrom(version, first)) && (life.until === undefined || compare(numbers(version), numbers(life.until)) <= 0);
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const numbers = (version: string): readonly number[] => (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
