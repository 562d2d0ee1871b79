import type { SourceLocation, Slot } from './location.js';

/** One reason for a value: `settings/base.py:41`, `CLI --prefetch-multiplier`, `environment of container worker`, `default of celery 5.6`. */
export interface OriginStep { readonly text: string; readonly at?: SourceLocation }

/** An effective value, as rules see it. */
export type Setting<T> =
  | {
    readonly state: 'set'; readonly value: T; readonly at: SourceLocation;
    /** format-default: nobody wrote it. unless-environment: a variable that could not be read may change it. */
    readonly certainty: 'written' | 'format-default' | 'unless-environment';
    readonly origin: readonly OriginStep[];
    /** Values that were written too, and lost. */
    readonly overridden: readonly OriginStep[];
    readonly slots: readonly Slot[];
    /** The name it was written under, where that is not Celery's new one: `CELERYD_PREFETCH_MULTIPLIER`, `CELERY_TASK_ACKS_LATE`, `--prefetch-multiplier`. */
    readonly writtenAs?: string;
    /** Where it says that a change of this value is not applied: it gets no fix. */
    readonly frozen?: SourceLocation;
  }
  /** `at`: the owner, so that a rule can always point. */
  | { readonly state: 'unset'; readonly at: SourceLocation; readonly slots: readonly Slot[]; readonly frozen?: SourceLocation }
  /** A rule may speak only if all candidates agree; none at all: nothing is known. */
  | { readonly state: 'unknown'; readonly at: SourceLocation; readonly expression: string; readonly candidates: readonly T[] };

/** The value a rule may rest on: set, or unknown with one candidate that all agree on. */
export function agreed<T>(setting: Setting<T> | undefined): T | undefined {
  if (setting?.state === 'set') return setting.value;
  if (setting?.state === 'unknown' && setting.candidates.length > 0 && setting.candidates.every(candidate => candidate === setting.candidates[0])) return setting.candidates[0];
  return undefined;
}

/** Somebody wrote it, and nothing but the value decides. */
export function isWritten(setting: Setting<unknown> | undefined): boolean {
  return setting?.state === 'set' && setting.certainty !== 'format-default';
}
