import { place, type SourceLocation } from './location.js';

/**
 * An installed version. `version` undefined: not pinned, and judged as `assumed`, the newest release that what is written (`range`,
 * at `at`) allows: what an install gets today. `oldest`: the oldest release it allows, which an image built before may hold.
 */
export interface VersionFact { readonly version?: string; readonly assumed: string; readonly oldest?: string; readonly range?: string; readonly at?: SourceLocation }

/** Numeric order of dotted versions: below 0 where the first is older. What follows the numbers (`rc1`, `.post2`) is ignored. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const numbersOf = (version: string): readonly number[] => (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);

/** Is the version that counts at least `minimum`? */
export function isAtLeast({ assumed }: VersionFact, minimum: string): boolean {
  return compareVersions(assumed, minimum) >= 0;
}

/** May the installed release be one before `since`, or one from it on? Never where it is pinned. */
export function straddles({ version, assumed, oldest }: VersionFact, since: string): boolean {
  return version === undefined && oldest !== undefined && compareVersions(oldest, since) < 0 && compareVersions(assumed, since) >= 0;
}

/** `celery is not pinned (pyproject.toml:12 says >=5.3): judged as 5.7.0`; undefined where it is pinned. */
export function assumptionOf(name: string, { version, assumed, range, at }: VersionFact): string | undefined {
  if (version !== undefined) return undefined;
  return `${name} is not pinned${range !== undefined && at ? ` (${place(at)} says ${range})` : ''}: judged as ${assumed}`;
}

/** The newest of these releases that a range allows; undefined where it allows none of them, or is not understood. */
export function newestIn(range: string, releases: readonly string[]): string | undefined {
  return [...releases].sort((a, b) => compareVersions(b, a)).find(release => allows(range, release));
}

/** The oldest of them. */
export function oldestIn(range: string, releases: readonly string[]): string | undefined {
  return [...releases].sort(compareVersions).find(release => allows(range, release));
}

/** Does a range allow a release: PEP 440's specifiers, Poetry's `^` and `~`, alternatives with `||`. A part that is not understood allows nothing. */
export function allows(range: string, release: string): boolean {
  return range.split('||').some(part => part.split(',').map(text => text.trim()).filter(Boolean).every(specifier => fits(specifier, release)));
}

function fits(specifier: string, release: string): boolean {
  const match = /^(===?|!=|<=?|>=?|~=?|\^)?\s*v?(\d+(?:\.\d+)*)(?:\.?[a-z][\w.]*)?(\.\*)?$/i.exec(specifier);
  if (specifier === '*') return true;
  if (!match) return false;
  const [, operator = '==', bound, wildcard] = match as unknown as readonly [string, string | undefined, string, string | undefined];
  const order = compareVersions(release, bound);
  const shares = (count: number): boolean => numbersOf(bound).slice(0, count).every((part, i) => (numbersOf(release)[i] ?? 0) === part);
  const parts = numbersOf(bound).length;
  switch (operator) {
    case '>=': return order >= 0;
    case '>': return order > 0;
    case '<=': return order <= 0;
    case '<': return order < 0;
    case '!=': return wildcard ? !shares(parts) : order !== 0;
    case '~=': return order >= 0 && shares(Math.max(1, parts - 1));
    case '~': return order >= 0 && shares(Math.min(2, parts));
    case '^': return order >= 0 && shares(Math.max(1, numbersOf(bound).findIndex(part => part !== 0) + 1));
    default: return wildcard ? shares(parts) : order === 0;
  }
}
