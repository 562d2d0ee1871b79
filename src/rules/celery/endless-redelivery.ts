import type { CeleryApp, Problem, Rule, Setting, TaskFunction } from '../../model/index.js';
import { appConfidence, listed } from '../shared.js';
import { byAcknowledgement, hasChildren, isAtLeast, isOn, isWritten, numberOf, ofApp, placeIn } from '../celery-shared.js';

export const endlessRedelivery: Rule = {
  id: 'celery/endless-redelivery',
  severity: 'warning',
  title: 'A task that always kills its worker process comes back for ever',
  rationale:
    'task_reject_on_worker_lost, and from Celery 5.5 task_acks_on_failure_or_timeout=False with a time limit, put the message back at once, without counting. One message ' +
    'that always runs out of memory or time then takes worker after worker, for ever: neither Redis nor a classic RabbitMQ queue has a limit.',
  remedy: 'Cap the redeliveries: a quorum queue with x-delivery-limit, maxReceiveCount on SQS, or a delivery counter in the task class that every task function uses.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-reject-on-worker-lost', 'https://www.rabbitmq.com/docs/quorum-queues#poison-message-handling'],
  provenBy: ['oom-loop/prefork/late+rowl', 'time-limit/prefork/late/acks_on_failure_or_timeout=False'],

  *check({ apps }) {
    for (const app of apps) {
      if (app.redeliveryCap || hasQuorumQueues(app)) continue;
      const cause = hasChildren(app.pool) ? lostProcess(app) ?? timedOut(app) ?? failed(app) : failed(app);
      if (cause) yield problemOf(app, cause);
    }
  },
};

interface Cause { readonly setting: Setting<unknown>; readonly functions: readonly TaskFunction[]; readonly found: string; readonly event: string; readonly when: string; readonly fate: string }

/** RabbitMQ 4 gives quorum queues a limit of 20 by itself; which server runs is not in the files. */
const hasQuorumQueues = (app: CeleryApp): boolean => {
  const type = app.settings.get('task_default_queue_type');
  return type?.state === 'set' && type.value === 'quorum';
};

function lostProcess(app: CeleryApp): Cause | undefined {
  const setting = app.settings.get('task_reject_on_worker_lost');
  const functions = byAcknowledgement(app.functions).late.filter(fn => isOn(fn.rejectOnWorkerLost) && !fn.redeliveryCap);
  const decided = functions[0]?.rejectOnWorkerLost ?? (app.functions.length === 0 && isOn(app.settings.get('task_acks_late')) && isOn(setting) ? setting : undefined);
  return decided && { setting: isWritten(setting) && isOn(setting) ? setting! : decided, functions, found: 'task_reject_on_worker_lost is True', event: 'whose process is killed for its memory', when: 'at once', fate: 'the process dies → back in the queue → the process dies → …' };
}

/** Before 5.5 such a message is dropped, not put back (measured on 5.2.6 and 5.6.3). */
function timedOut(app: CeleryApp): Cause | undefined {
  if (!isAtLeast(app.versions.celery, '5.5')) return undefined;
  const functions = byAcknowledgement(app.functions).late.filter(fn => isOn(fn.acksOnFailureOrTimeout) === false && !fn.redeliveryCap && numberOf(fn.timeLimit) !== undefined);
  const decided = functions[0]?.acksOnFailureOrTimeout;
  return decided && { setting: decided, functions, found: 'task_acks_on_failure_or_timeout is False', event: 'that reaches its hard time limit', when: 'at once', fate: 'the hard limit kills it → back in the queue → the hard limit kills it → …' };
}

/** kombu rejects without deleting on SQS (transport/SQS.py:209-219): whatever fails is visible again after the queue's timeout. */
function failed(app: CeleryApp): Cause | undefined {
  if (app.broker !== 'sqs') return undefined;
  const functions = byAcknowledgement(app.functions).late.filter(fn => isOn(fn.acksOnFailureOrTimeout) === false);
  const decided = functions[0]?.acksOnFailureOrTimeout;
  return decided && { setting: decided, functions, found: 'task_acks_on_failure_or_timeout is False', event: 'that fails', when: 'whenever the visibility timeout of its queue is over', fate: 'the task raises → rejected, not deleted → the visibility timeout → the task raises → …' };
}

function problemOf(app: CeleryApp, { setting, functions, found, event, when, fate }: Cause): Problem {
  const at = isWritten(setting) ? setting.at : placeIn(app, undefined);
  const names = functions.length > 0 && functions.length < app.functions.length ? ` of ${listed(functions.map(fn => fn.functionName))}` : '';
  return {
    order: 8, at, confidence: appConfidence(app, setting),
    message: `${found}${names} and nothing counts deliveries, so a task ${event} is delivered again ${when}, for ever`,
    label: 'put back without a limit', suggestion: `keep it, and cap the redeliveries: ${cap(app)}`, ...ofApp(app, at, functions, 'comes back without a limit'),
    fate,
  };
}

function cap(app: CeleryApp): string {
  const counter = 'count deliveries per message (for example redis.incr of a delivery_count key in before_start of a task class) and raise Reject(requeue=False) above 5';
  if (app.broker === 'rabbitmq') return 'declare the queue in task_queues with queue_arguments {"x-queue-type": "quorum", "x-delivery-limit": 5}';
  return app.broker === 'sqs' ? `give the queue a redrive policy with maxReceiveCount, or ${counter}` : counter;
}
