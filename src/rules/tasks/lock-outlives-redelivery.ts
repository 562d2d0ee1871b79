import type { CeleryApp, Confidence, Problem, Rule, TaskFunction } from '../../model/index.js';
import { isOn } from '../celery-shared.js';
import { visibilityOf } from '../celery-visibility.js';
import { locksByPlace, type LockUse } from '../locks.js';
import { inWords, weakest } from '../shared.js';

export const lockOutlivesRedelivery: Rule = {
  id: 'tasks/lock-outlives-redelivery',
  severity: 'warning',
  title: 'The lock of a killed task turns its own redelivery away, or ends before its task does',
  rationale:
    'A task that is killed leaves its lock behind until the lock expires. If the broker delivers the message again before that, the second run finds the lock taken by the dead one, gives up and is acknowledged: the work is lost. ' +
    'And a lock that expires while its task still runs lets a second run in beside it.',
  remedy: 'Let the lock live a little longer than the task’s time limit and shorter than the redelivery, or let a run that finds it taken retry later.',
  references: ['https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout', 'https://www.rabbitmq.com/docs/confirms#automatic-requeueing', 'https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/'],

  *check({ apps }) {
    for (const use of locksByPlace(apps)) {
      const problem = outlives(use) ?? endsEarly(use);
      if (problem) yield problem;
    }
  },
};

/** Late acknowledgement alone delivers again; a run that retries on a taken lock comes back. */
function outlives({ lock, functions, app, confidence }: LockUse): Problem | undefined {
  const fn = functions.find(one => isOn(one.acksLate) === true);
  const again = redelivery(app);
  if (!fn || !again || lock.ttl.state !== 'set' || lock.onConflict !== 'return' || lock.ttl.value <= again.seconds) return undefined;
  return {
    order: 4, at: lock.at, confidence: weakest(confidence, again.confidence), resource: app.id,
    message: `the lock of ${fn.functionName} lives ${inWords(lock.ttl.value)}, and ${again.text}: the second run after a kill finds the dead run's lock, gives up, and is acknowledged`,
    label: `taken for ${inWords(lock.ttl.value)}`,
    related: [{ at: fn.acksLate.at, message: 'acknowledged late, so that a killed run is done again' }, ...(again.at ? [{ at: again.at, message: again.text }] : [])],
    flow: [...lock.via, { at: lock.at, text: lock.text }],
    suggestion: `raise self.retry(countdown=${Math.ceil(Math.min(lock.ttl.value, 600))}) where the lock is taken, instead of returning`,
    fate: 'SIGKILL → delivered again → the lock is still there → return: acknowledged, the work is lost',
  };
}

function endsEarly({ lock, functions, app, confidence }: LockUse): Problem | undefined {
  const { ttl } = lock;
  const fn = ttl.state === 'set' ? functions.find(({ timeLimit }) => timeLimit.state === 'set' && timeLimit.value > ttl.value) : undefined;
  if (!fn || ttl.state !== 'set' || fn.timeLimit.state !== 'set') return undefined;
  return {
    order: 4, at: lock.at, confidence: weakest(confidence, 'medium'), resource: app.id,
    message: `the lock of ${fn.functionName} is free after ${inWords(ttl.value)}, but the function may run ${inWords(fn.timeLimit.value)}: a second run may start beside the first`,
    label: `free after ${inWords(ttl.value)}`,
    related: [{ at: fn.timeLimit.at, message: `time limit: ${inWords(fn.timeLimit.value)}` }],
    flow: [...lock.via, { at: lock.at, text: lock.text }],
    suggestion: `let the lock live ${Math.ceil(fn.timeLimit.value + 30)} s, longer than the time limit`,
  };
}

interface Redelivery { readonly seconds: number; readonly text: string; readonly confidence: Confidence; readonly at?: TaskFunction['at'] }

/** How soon a killed run's message comes back: RabbitMQ as soon as the connection is gone, Redis and SQS at the visibility timeout. */
function redelivery(app: CeleryApp): Redelivery | undefined {
  if (app.broker === 'rabbitmq') return { seconds: 0, text: 'RabbitMQ delivers the message again at once', confidence: 'high' };
  const visibility = visibilityOf(app);
  return visibility && { seconds: visibility.seconds, text: `the broker delivers the message again after ${inWords(visibility.seconds)}`, confidence: visibility.isDefault ? 'medium' : 'high', at: visibility.setting.at };
}
