import type { CeleryApp, Problem, TaskFunction } from '../model/index.js';
import { samePlace } from '../model/index.js';

/** What `judge` says of each task function of each app, each place once: a helper's fault is one fault, and an app may be built twice. */
export function* ofFunctions(apps: readonly CeleryApp[], judge: (app: CeleryApp, fn: TaskFunction) => Iterable<Problem>): Iterable<Problem> {
  const seen: Problem[] = [];
  for (const app of apps) {
    for (const fn of app.functions) {
      for (const problem of judge(app, fn)) {
        if (seen.some(other => samePlace(other.at, problem.at))) continue;
        seen.push(problem);
        yield problem;
      }
    }
  }
}

/** The errors for which a retry is configured, and where; undefined: nothing retries. */
export function retriesOf({ retry }: TaskFunction): { readonly at: Problem['at']; readonly text: string } | undefined {
  if (retry.autoretryFor.length > 0 && retry.autoretryAt) return { at: retry.autoretryAt, text: `retried for ${retry.autoretryFor.slice(0, 3).join(', ')}` };
  const [call] = retry.calls;
  return call && { at: call.at, text: 'retried by self.retry()' };
}
