import type { CeleryApp, Problem, Rule, Setting, TaskFunction, Thresholds } from '../../model/index.js';
import { samePlace } from '../../model/index.js';
import { appConfidence, inWords, listed, oncePerPlace } from '../shared.js';
import { ignoresLimits, longestStop, numberOf, ofApp, spelled } from '../celery-shared.js';
import { onEcs } from '../outlast.js';
import { softBelow } from '../celery-visibility.js';

export const timeLimitTooLong: Rule = {
  id: 'celery/time-limit-too-long',
  severity: 'warning',
  title: 'A task may run longer than a quarter of an hour',
  rationale:
    'The longer a task may run, the likelier a deployment, a scale-in or a Spot notice falls into it; then all of its work is lost or done again. A long limit also ' +
    'keeps visibility timeouts long, and with them the wait for every message of a killed worker.',
  remedy: 'Split the work into tasks of minutes that continue where the last one ended, and lower the limit.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/tasks.html#granularity', 'https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits'],
  documentedBy: 'The 15 minutes are a convention (threshold maxTaskSeconds), no measurement',
  leadsTo: ['celery/visibility-timeout-too-long'],

  *check({ apps }, thresholds) {
    for (const app of apps) {
      if (ignoresLimits(app.pool)) continue;
      for (const { limit, functions } of limitsOf(app, thresholds)) {
        const seconds = numberOf(limit);
        if (seconds !== undefined && seconds > thresholds.maxTaskSeconds) yield problemOf(app, limit, seconds, functions, thresholds);
      }
    }
  },
};

interface Limit { readonly limit: Setting<unknown>; readonly functions: readonly TaskFunction[] }

/** Each limit that is in force, once, with the functions it holds for; workers may be started with one of their own. */
function limitsOf(app: CeleryApp, { maxTaskSeconds }: Thresholds): readonly Limit[] {
  const global = app.settings.get('task_time_limit');
  if (app.functions.length === 0) return global?.state === 'set' ? [{ limit: global, functions: [] }] : [];
  // what its soft limit ends before does not run so long
  const isEnded = ({ softTimeLimit }: TaskFunction): boolean => (numberOf(softTimeLimit) ?? Infinity) <= maxTaskSeconds;
  const all = [...app.functions, ...app.workers.flatMap(worker => worker.functions)].filter(fn => fn.timeLimit.state === 'set' && !isEnded(fn));
  return oncePerPlace(all, ({ timeLimit }) => timeLimit.at).map(({ timeLimit }) => ({ limit: timeLimit, functions: oncePerPlace(all.filter(fn => samePlace(fn.timeLimit.at, timeLimit.at)), fn => fn.at) }));
}

function problemOf(app: CeleryApp, limit: Setting<unknown>, seconds: number, functions: readonly TaskFunction[], { maxTaskSeconds }: Thresholds): Problem {
  const isGlobal = functions.length === 0 || functions.some(fn => fn.decoratorAt.path !== limit.at.path || app.settings.get('task_time_limit')?.at === limit.at);
  const name = isGlobal ? spelled(app, 'task_time_limit') : 'time_limit';
  const stop = app.workers.some(onEcs) ? longestStop(app) : undefined;
  const soft = softBelow(maxTaskSeconds);
  return {
    order: 3, at: limit.at, confidence: appConfidence(app, limit),
    message: `${name} lets ${functions.length > 0 ? listed(functions.map(fn => fn.functionName)) : 'a task'} run ${inWords(seconds)}, above ${inWords(maxTaskSeconds)}: ${stop === undefined ? 'a stop in that time cuts it off, and all its work is lost or done again' : `ECS cuts it off ${stop} s after a stop, and all its work is lost or done again`}`,
    label: `${inWords(seconds)} in one task`,
    suggestion: `split ${functions.length === 1 ? functions[0]!.functionName : 'the work'} into tasks below ${inWords(maxTaskSeconds)} that each continue where the last one ended, then set ${name} = ${maxTaskSeconds}${functions.some(fn => (numberOf(fn.softTimeLimit) ?? 0) >= maxTaskSeconds) ? ` and the soft limit to ${soft}` : ''} in ${limit.at.path}`,
    ...ofApp(app, limit.at, isGlobal ? functions : [], `may run ${inWords(seconds)}`),
  };
}
