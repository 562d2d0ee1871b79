import type { FactStore, InstalledVersion, LinkOptions, VersionFact, Versions } from '../model/index.js';
import { NEWEST } from '../knowledge/celery-settings.js';
import { shared } from './find-modules.js';

/** Versions of celery and billiard as installed for a file: the nearest lock file, then pins, then what an install gets today. */
export function versionsFor(path: string, store: FactStore, options: LinkOptions): Versions {
  const installed = store.candidates.flatMap(candidate => (store.facts(candidate)?.versions ?? []));
  return { celery: versionOf('celery', path, installed, options), billiard: versionOf('billiard', path, installed, options) };
}

function versionOf(name: 'celery' | 'billiard', path: string, installed: readonly InstalledVersion[], options: LinkOptions): VersionFact {
  const declared = options.assume[name];
  if (declared) return { version: declared, assumed: declared };
  const pins = installed.filter(entry => entry.name === name && entry.version !== undefined);
  const [best] = [...pins].sort((a, b) => shared(b.at.path, path) - shared(a.at.path, path) || a.at.path.length - b.at.path.length);
  if (best) return { version: best.version!, assumed: best.version!, at: best.at };
  const range = installed.find(entry => entry.name === name && entry.range !== undefined);
  return { assumed: within(range?.range, NEWEST[name]), ...(range && { at: range.at }) };
}

/** The newest version a range allows, as far as its upper bound tells (`<5.5`, `~=5.3.0`, `^5.2`). */
function within(range: string | undefined, newest: string): string {
  const upper = range && /(?:<=?|~=|\^|~)\s*(\d+(?:\.\d+)*)/.exec(range);
  if (!upper) return newest;
  const operator = upper[0].replace(/[\s\d.]/g, '');
  const bound = upper[1]!;
  if (operator === '<=') return compareVersions(bound, newest) < 0 ? bound : newest;
  if (operator === '<') return compareVersions(bound, newest) <= 0 ? `${bound} (excluded)` : newest;
  const parts = bound.split('.').map(Number);
  const limit = operator === '^' || parts.length <= 2 ? [parts[0]! + 1] : [parts[0]!, parts[1]! + 1];
  return compareVersions(limit.join('.'), newest) <= 0 ? `${bound} or later` : newest;
}

/** Numeric order of dotted versions; what follows the numbers is ignored. */
export function compareVersions(a: string, b: string): number {
  const left = numbers(a), right = numbers(b);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
const numbers = (version: string): readonly number[] => (/^\d+(\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
