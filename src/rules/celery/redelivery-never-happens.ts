import type { CeleryApp, PoolKind, Problem, Rule, Setting, TaskFunction, Worker } from '../../model/index.js';
import { place, shorten } from '../../model/index.js';
import { fateIn } from '../../fate/index.js';
import { appConfidence, listed, weakest } from '../shared.js';
import { acksLate, byAcknowledgement, deployedWorkers, numberOf, ofApp } from '../celery-shared.js';

/** Pools on which kombu blocks in BRPOP, and never comes to look for what was not acknowledged. */
const GREENLETS: ReadonlySet<PoolKind> = new Set(['gevent', 'eventlet']);

export const redeliveryNeverHappens: Rule = {
  id: 'celery/redelivery-never-happens',
  severity: 'error',
  title: 'A killed worker\'s tasks are not delivered again',
  rationale:
    'On Redis the workers themselves put back what a killed one had not acknowledged: every 100 s they look for messages older than the visibility timeout. On gevent they block ' +
    'in BRPOP and do not come to it: a task acknowledged late was not seen again in 240 s at a visibility timeout of 4 s, where prefork, threads and solo needed 103 s. ' +
    'Late acknowledgement then saves nothing until some worker starts anew. eventlet takes the same path and was not measured.',
  remedy: 'Run one of the pools with an event loop of their own, prefork or threads, or use a broker that redelivers by itself, RabbitMQ or SQS.',
  references: [
    'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout', 'https://github.com/celery/kombu/blob/v5.6.2/kombu/transport/redis.py#L410-L425',
    'https://github.com/celery/kombu/pull/2558',
  ],
  provenBy: ['celery/redelivery-never-happens/bad', 'celery/redelivery-never-happens/good', 'slow-restore-period/gevent/late/vt=4,B up at once', 'slow-restore-period/prefork/late/vt=4,B up at once'],
  leadsTo: ['celery/worker-loss-acknowledged', 'celery/no-sigterm-remap', 'celery/visibility-timeout-too-short', 'celery/visibility-timeout-too-long'],

  *check({ apps }) {
    for (const app of apps) {
      const problem = app.broker === 'redis' && acksLate(app) ? judge(app) : undefined;
      if (problem) yield problem;
    }
  },
};

interface Pool { readonly pool: PoolKind; readonly setting: Setting<unknown> | undefined; readonly worker?: Worker }

function poolsOf(app: CeleryApp): readonly Pool[] {
  const deployed = deployedWorkers(app);
  const workers = deployed.length > 0 ? deployed : app.workers;
  if (workers.length === 0) return [{ pool: app.pool, setting: app.settings.get('worker_pool') }];
  return workers.map(worker => ({ pool: worker.pool, setting: worker.settings.get('worker_pool'), worker }));
}

/** One worker with another pool puts back the messages of all: the index of what is unacknowledged is one for the whole Redis database. */
function judge(app: CeleryApp): Problem | undefined {
  const pools = poolsOf(app);
  if (!pools.every(({ pool }) => GREENLETS.has(pool))) return undefined;
  const [{ pool, setting, worker }] = pools as readonly [Pool];
  const { late } = byAcknowledgement(app.functions);
  const measured = pools.some(one => one.pool === 'gevent');
  const at = setting?.state === 'set' ? setting.at : worker?.command.at ?? app.at;
  const { resource, related = [] } = ofApp(app, at, late, 'acknowledged late, not delivered again');
  const others = pools.slice(1).flatMap(one => (one.setting ? [{ at: one.setting.at, message: `${one.pool} here too` }] : []));
  const acks = app.settings.get('task_acks_late');
  return {
    order: 6, at, severity: measured ? 'error' : 'warning', confidence: weakest(appConfidence(app, setting, late[0]?.acksLate ?? acks), measured ? 'high' : 'medium'),
    ...(worker && { workers: pools.flatMap(one => (one.worker ? [one.worker.id] : [])), environments: [...new Set(pools.flatMap(one => one.worker?.environment ?? []))] }),
    message: `${who(app, late)} acknowledged late, but workers of the ${pool} pool do not put back what a killed one held in Redis${measured ? '' : ' (measured on gevent, the same loop)'}: after a kill the task does not run again while they keep running`,
    label: `${pool} does not come to redelivering`,
    suggestion: `${otherPool(app, pools[0]!)}, or use RabbitMQ or SQS as broker`,
    resource, related: [...others.filter(one => place(one.at) !== place(at)), ...related],
    fate: `SIGKILL → ${fateIn(app, late, 'container-killed', 'stuck') ?? 'nobody looks for messages of dead workers: the running task is not redelivered while workers keep running'}`,
  };
}

function who(app: CeleryApp, late: readonly TaskFunction[]): string {
  if (late.length === 0 || late.length === app.functions.length) return 'messages are';
  return `${listed(late.map(fn => fn.functionName))} ${late.length === 1 ? 'is' : 'are'}`;
}

/** More processes than that are no prefork worker: each has the application in memory. */
const MANY = 16;

/** Threads suit the same waiting work, but keep no time limit: where there is one, prefork. */
function otherPool(app: CeleryApp, { pool, setting, worker }: Pool): string {
  const limited = [app.settings.get('task_time_limit'), ...app.functions.map(fn => fn.timeLimit)].some(limit => (numberOf(limit) ?? 0) > 0);
  const wanted = limited ? 'prefork' : 'threads';
  if (worker?.command.options.has('--pool')) return `start it as ${startedWith(wanted, worker)}`;
  return setting?.state === 'set' ? `set ${setting.writtenAs ?? 'worker_pool'} = "${wanted}" in ${setting.at.path}` : `run the ${wanted} pool instead of ${pool}`;
}

function startedWith(pool: PoolKind, { command }: Worker): string {
  const text = command.text.replace(/(-P[ =]?|--pool[ =])["']?(?:gevent|eventlet)\b["']?/, `$1${pool}`);
  if (pool !== 'prefork' || !(Number(command.options.get('--concurrency')) > MANY)) return `\`${shorten(text, 120)}\``;
  return `\`${shorten(text.replace(/ (?:-c ?|--concurrency[ =])\d+/, ''), 120)}\` with a --concurrency that its memory has room for instead of ${command.options.get('--concurrency')}`;
}
