import type { CeleryApp, PoolKind, Problem, Rule, Setting, Worker } from '../../model/index.js';
import { appConfidence, inWords, oncePerPlace, weakest } from '../shared.js';
import { ignoresLimits, numberOf, ofApp } from '../celery-shared.js';

export const timeLimitIgnored: Rule = {
  id: 'celery/time-limit-ignored',
  severity: 'error',
  title: 'The pool ignores the time limit',
  rationale:
    'Time limits are kept by the prefork pool. Threads and solo run every task to its end whatever task_time_limit says (measured: an 8 s task with a limit of 3 s ' +
    'succeeded on threads), eventlet has none, and gevent keeps the hard limit alone. A limit that is not kept bounds neither a hang nor the drain.',
  remedy: 'Run the prefork pool, or bound the work itself with a timeout on each call out and drop the limit.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits', 'https://github.com/celery/celery/blob/v5.6.3/celery/concurrency/thread.py#L41-L56'],
  provenBy: ['celery/time-limit-ignored/bad', 'celery/time-limit-ignored/good'],
  leadsTo: ['celery/no-time-limit', 'celery/worker-loss-acknowledged', 'celery/no-sigterm-remap'],

  *check({ apps }) {
    for (const app of apps) {
      const pools = poolsOf(app);
      const deaf = pools.filter(({ pool }) => ignoresLimits(pool));
      const limits = limitsOf(app);
      const [limit, ...others] = deaf.length > 0 ? [...limits.hard, ...limits.soft] : limits.soft;
      const concerned = deaf.length > 0 ? deaf : pools.filter(({ pool }) => pool === 'gevent');
      if (limit && concerned.length > 0) yield problemOf(app, limit, others, concerned, limits.hard.includes(limit) ? 'hard' : 'soft');
    }
  },
};

interface Pool { readonly pool: PoolKind; readonly worker?: Worker }

/** What developers start beside what is deployed says nothing of it. */
function poolsOf(app: CeleryApp): readonly Pool[] {
  const deployed = app.workers.filter(({ role }) => role === 'deployed');
  return app.workers.length === 0 ? [{ pool: app.pool }] : (deployed.length > 0 ? deployed : app.workers).map(worker => ({ pool: worker.pool, worker }));
}

function limitsOf(app: CeleryApp): { readonly hard: readonly Setting<unknown>[]; readonly soft: readonly Setting<unknown>[] } {
  const isLimit = (setting: Setting<unknown> | undefined): setting is Setting<unknown> => (numberOf(setting) ?? 0) > 0;
  const hard = [app.settings.get('task_time_limit'), ...app.functions.map(fn => fn.timeLimit)].filter(isLimit);
  const soft = [app.settings.get('task_soft_time_limit'), ...app.functions.map(fn => fn.softTimeLimit)].filter(isLimit);
  return { hard: oncePerPlace(hard, ({ at }) => at), soft: oncePerPlace(soft, ({ at }) => at) };
}

function problemOf(app: CeleryApp, limit: Setting<unknown>, others: readonly Setting<unknown>[], pools: readonly Pool[], kind: 'hard' | 'soft'): Problem {
  const [{ pool, worker }] = pools as readonly [Pool];
  const setting = (worker ?? app).settings.get('worker_pool');
  const onlySoft = pool === 'gevent';
  const { related, ...about } = ofApp(app, limit.at);
  return {
    order: 3, at: limit.at, severity: onlySoft ? 'warning' : 'error', confidence: weakest(appConfidence(app, limit), setting?.state === 'set' && setting.certainty !== 'written' ? 'medium' : 'high'),
    message: `the ${kind} time limit of ${inWords(numberOf(limit)!)} is not kept by the ${pool} pool, so ${onlySoft ? 'the task gets no warning before the hard limit' : 'a task that hangs is never ended'}`,
    label: `ignored by the ${pool} pool`,
    suggestion: onlySoft ? 'set the hard limit alone (task_time_limit), or run the prefork pool (-P prefork)' : `run the prefork pool (${chosen(setting, pool)}), or give each call out a timeout and drop the limit`,
    ...about, related: [...(setting?.state === 'set' && setting.certainty !== 'format-default' ? [{ at: setting.at, message: `the pool is ${pool}` }] : []), ...others.slice(0, 3).map(({ at }) => ({ at, message: 'nor is this limit' })), ...(related ?? [])],
  };
}

function chosen(setting: Setting<unknown> | undefined, pool: PoolKind): string {
  return setting?.state === 'set' && setting.at.path.endsWith('.py') ? `worker_pool = "prefork" in ${setting.at.path}` : `-P prefork instead of -P ${pool}`;
}
