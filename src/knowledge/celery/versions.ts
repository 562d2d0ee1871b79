import { compareVersions } from '../../model/index.js';
import { FIRST_RELEASES } from './first-releases.js';
import type { Lifetime } from './rows.js';

/** Is the dotted `version` at or above `minimum`? */
export function isFrom(version: string, minimum: string): boolean {
  return compareVersions(version, minimum) >= 0;
}

/** Has `version` something that the tables list with this lifetime? `name` finds its exact first release. */
export function isAliveIn(version: string, name: string, life: Lifetime): boolean {
  const first = FIRST_RELEASES[name] ?? life.since;
  return (first === undefined || isFrom(version, first)) && (life.until === undefined || compareVersions(version, life.until) <= 0);
}
