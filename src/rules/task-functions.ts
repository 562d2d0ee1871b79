import type { ErrorHandler, Problem, TaskFunction, WorkUnit } from '../model/index.js';
import { samePlace } from '../model/index.js';

/** Other functions that are named with a fault they share. */
const MAX_SHARED = 5;

/** What `judge` says of each task function of each app, each place once: a helper's fault, or that of options that several share, is one fault of all of them. */
export function ofFunctions<Unit extends Pick<WorkUnit, 'functions'>>(units: readonly Unit[], judge: (unit: Unit, fn: TaskFunction) => Iterable<Problem>): readonly Problem[] {
  const found: { readonly problem: Problem; readonly functions: TaskFunction[] }[] = [];
  for (const unit of units) {
    for (const fn of unit.functions) {
      for (const problem of judge(unit, fn)) {
        const same = found.find(other => samePlace(other.problem.at, problem.at));
        if (!same) found.push({ problem, functions: [fn] });
        else if (!same.functions.some(other => samePlace(other.at, fn.at))) same.functions.push(fn);
      }
    }
  }
  return found.map(({ problem, functions: [, ...others] }) => (others.length === 0 ? problem : { ...problem, related: [...(problem.related ?? []), ...others.slice(0, MAX_SHARED).map(fn => ({ at: fn.decoratorAt, message: `${fn.functionName} too${others.length > MAX_SHARED ? `, one of ${others.length}` : ''}` }))] }));
}

/** What a handler catches, as written. */
export function caughtBy({ types, at }: Pick<ErrorHandler, 'types' | 'at'>): string {
  if (/\.[cm]?[jt]sx?$/.test(at.path)) return '`catch`';
  return types.length === 0 ? 'a bare `except`' : `\`except ${types.join(', ')}\``;
}

/** The errors for which a retry is configured, and where; undefined: nothing retries. */
export function retriesOf({ retry }: TaskFunction): { readonly at: Problem['at']; readonly text: string } | undefined {
  if (retry.autoretryFor.length > 0 && retry.autoretryAt) return { at: retry.autoretryAt, text: `retried for ${retry.autoretryFor.slice(0, 3).join(', ')}` };
  const [call] = retry.calls;
  return call && { at: call.at, text: 'retried by self.retry()' };
}
