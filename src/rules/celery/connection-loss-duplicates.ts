import type { BrokerKind, CeleryApp, Effect, EffectKind, PoolKind, Problem, Rule, TaskFunction } from '../../model/index.js';
import { place, shorten } from '../../model/index.js';
import { fateIn } from '../../fate/index.js';
import { appConfidence, listed, weakest } from '../shared.js';
import { acksBehind, afterNames, asFound, byAcknowledgement, isAtLeast, isOn, ofApp, placeIn, toWrite } from '../celery-shared.js';

const CANCEL = 'worker_cancel_long_running_tasks_on_connection_loss';
/** Brokers that give the unacknowledged messages of a lost connection to the next worker at once (measured on both). */
const BROKERS: Partial<Record<BrokerKind, string>> = { redis: 'Redis', rabbitmq: 'RabbitMQ' };
/** Effects that are noticed when they come twice, the worst first. */
const NOTICED: readonly EffectKind[] = ['payment', 'sms', 'email', 'http-write', 'increment', 'append', 'insert'];

export const connectionLossDuplicates: Rule = {
  id: 'celery/connection-loss-duplicates',
  severity: 'note',
  title: 'A lost connection to the broker runs a task twice at the same time',
  rationale:
    'When the connection drops, RabbitMQ and Redis deliver what is not acknowledged again, at once. A late-acknowledged task that is running goes on meanwhile, and its own acknowledgement comes ' +
    'to nothing: it is done twice, with both runs overlapping (measured). worker_cancel_long_running_tasks_on_connection_loss ends the old run first; it has been in Celery since 5.1, will be the default in 6.0, ' +
    'and works on prefork: threads and solo cannot cancel (NotImplementedError). Crashes of the main process on reconnect are reported with it (celery issues 7185 and 9250).',
  remedy: 'Set worker_cancel_long_running_tasks_on_connection_loss on prefork workers, and guard what does harm when it is done twice.',
  references: [
    'https://docs.celeryq.dev/en/stable/userguide/configuration.html#worker-cancel-long-running-tasks-on-connection-loss',
    'https://github.com/celery/celery/issues/7185', 'https://github.com/celery/celery/issues/9250',
  ],
  provenBy: ['conn-drop/prefork/late', 'conn-drop/prefork/late/cancel_on_loss'],

  *check({ apps }) {
    for (const app of apps) {
      const problem = judge(app);
      if (problem) yield problem;
    }
  },
};

/** The solo pool does not come to reconnecting while its task runs, except on RabbitMQ (measured). A pool that is not known is silence. */
function goesOn(pool: PoolKind, broker: BrokerKind): boolean {
  return pool === 'solo' ? broker === 'rabbitmq' : pool !== 'unknown' && pool !== 'other';
}

/** Silent where nothing is known to do harm: the second run then is only wasted. */
function judge(app: CeleryApp): Problem | undefined {
  const broker = BROKERS[app.broker];
  const setting = app.settings.get(CANCEL);
  const pools = app.workers.length > 0 ? app.workers.map(({ pool }) => pool) : [app.pool];
  const canCancel = pools.every(pool => pool === 'prefork') && isAtLeast(app.versions.celery, '5.1');
  if (broker === undefined || !pools.every(pool => goesOn(pool, app.broker)) || (canCancel && isOn(setting) !== false)) return undefined;
  const isBehind = acksBehind(app);
  const late = isBehind ? app.functions : byAcknowledgement(app.functions).late;
  const doing = late.flatMap(fn => { const effect = harmOf(fn); return effect ? [{ fn, ...effect }] : []; });
  const harms = doing.length > 0 ? doing : late.flatMap(fn => { const publish = harmfulSend(fn, app); return publish ? [{ fn, ...publish }] : []; });
  if (harms.length === 0) return undefined;
  const functions = harms.map(({ fn }) => fn);
  const guarded = listed(functions.map(fn => fn.functionName));
  const at = placeIn(app, setting);
  return {
    order: 8, at, severity: canCancel && doing.length > 0 ? 'warning' : 'note', confidence: weakest(appConfidence(app, setting, functions[0]!.acksLate), pools.some(pool => pool === 'gevent' || pool === 'eventlet') ? 'low' : 'medium'),
    message: `${canCancel ? asFound(app, CANCEL) : `${listed([...new Set(pools)])} cannot stop a running task`}, so after a lost connection ${broker} delivers a task again while its first run goes on: ${listed(harms.map(({ fn, at: harmed, text }) => `${shorten(text, 40)} (${place(harmed)}) of ${fn.functionName}`), 2)} ${harms.length === 1 ? 'is' : 'are'} done twice`,
    label: 'the first run goes on beside the second',
    suggestion: canCancel ? `${toWrite(app, [CANCEL, true])}: the first run is then cut off and ${broker} runs the task again; guard ${guarded} as well, since a cut-off run may have done its part` : `guard ${guarded}, so that a second run beside the first does nothing`,
    ...ofApp(app, at, functions, `acknowledged ${isBehind ? 'when it is over' : 'late'}, harmful when done twice`), ...afterNames(app, CANCEL),
    fate: fateIn(app, functions, 'connection-lost', 'twice') ?? 'the broker connection is lost → given back → the first run goes on: the running task is done twice',
  };
}

/** The worst a second run of this function would do again; none where it is over before a connection is back. */
function harmOf(fn: TaskFunction): Effect | undefined {
  const open = fn.body.trivial ? [] : fn.body.effects.filter(({ kind, guard }) => NOTICED.includes(kind) && !guard);
  return [...open].sort((a, b) => NOTICED.indexOf(a.kind) - NOTICED.indexOf(b.kind))[0];
}

/** A message to a function whose effects come twice with it, acknowledged late or not. */
function harmfulSend(fn: TaskFunction, app: CeleryApp): { readonly at: Effect['at']; readonly text: string } | undefined {
  const sent = fn.body.publishes.find(({ target }) => app.functions.some(other => (other.name === target || target === other.functionName || target.endsWith(`.${other.functionName}`)) && harmOf(other)));
  return sent && { at: sent.at, text: `sending ${sent.target}` };
}
