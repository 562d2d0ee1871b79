import type { BrokerKind, CeleryApp, Problem, Rule, TaskFunction } from '../../model/index.js';
import { place } from '../../model/index.js';
import { fateIn } from '../../fate/index.js';
import { appConfidence, fixTo, listed } from '../shared.js';
import { afterNames, byAcknowledgement, hasChildren, isInherited, isOn, isWritten, ofApp, placeIn, toWrite } from '../celery-shared.js';

/** What bounds redeliveries, broker by broker. */
const CAPS: Partial<Record<BrokerKind, string>> = {
  rabbitmq: 'a quorum queue with x-delivery-limit', sqs: 'maxReceiveCount in the queue\'s redrive policy', redis: 'a delivery counter that rejects after a few runs',
};

export const workerLossAcknowledged: Rule = {
  id: 'celery/worker-loss-acknowledged',
  severity: 'warning',
  mends: 'delivery',
  title: 'The task of a killed worker process is acknowledged as failed',
  rationale:
    'Late acknowledgement covers the kill of the whole container, not that of one prefork child: when the kernel kills a child for its memory, Celery reports ' +
    'WorkerLostError and acknowledges the message. The task is lost although it is acknowledged late.',
  remedy: 'Set task_reject_on_worker_lost together with a cap on redeliveries: a task that always kills its process comes back for ever otherwise.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-reject-on-worker-lost'],
  provenBy: ['oom-child/prefork/late', 'oom-child/prefork/late+rowl'],
  leadsTo: ['celery/endless-redelivery'],

  *check({ apps }) {
    for (const app of apps) {
      const problem = hasChildren(app.pool) ? judge(app) : undefined;
      if (problem) yield problem;
    }
  },
};

function judge(app: CeleryApp): Problem | undefined {
  const setting = app.settings.get('task_reject_on_worker_lost');
  const late = app.settings.get('task_acks_late');
  const lost = byAcknowledgement(app.functions).late.filter(fn => isOn(fn.rejectOnWorkerLost) === false);
  if (app.functions.length > 0 ? lost.length === 0 : !(isOn(late) && isOn(setting) === false)) return undefined;
  const at = isWritten(setting) && isOn(setting) === false ? setting!.at : isWritten(late) && isOn(late) ? late!.at : lost[0] && isWritten(lost[0].acksLate) && app.reach === 'implicit' ? lost[0].acksLate.at : placeIn(app, undefined);
  const fix = app.redeliveryCap && setting && isOn(setting) === false && lost.every(fn => isInherited(fn.rejectOnWorkerLost, setting)) ? fixTo(setting, true, 'delivery', 'give back the task of a lost process') : undefined;
  return {
    order: 8, at, confidence: appConfidence(app, lost[0]?.acksLate ?? late, lost[0]?.rejectOnWorkerLost ?? setting),
    message: `${who(app, lost)} acknowledged late but task_reject_on_worker_lost is ${isWritten(setting) ? 'False' : 'not set'}, so a task whose process is killed for its memory is acknowledged as failed and lost`,
    label: 'does not cover a killed worker process',
    suggestion: `${remedyFor(app, lost)}, together with a cap on redeliveries (${app.redeliveryCap ? `there is one at ${place(app.redeliveryCap)}` : CAPS[app.broker] ?? 'a delivery limit of the queue, or a delivery counter'})`,
    ...ofApp(app, at, lost, 'acknowledged late, lost with its process'), ...afterNames(app, 'task_reject_on_worker_lost'),
    fate: fateIn(app, lost, 'child-killed', 'lost') ?? 'the child is killed → WorkerLostError → acknowledged as failed: the running task is lost',
    ...(fix && { fix }),
  };
}

function who(app: CeleryApp, lost: readonly TaskFunction[]): string {
  if (lost.length === 0 || lost.length === app.functions.length) return 'messages are';
  return `${listed(lost.map(fn => fn.functionName))} ${lost.length === 1 ? 'is' : 'are'}`;
}

function remedyFor(app: CeleryApp, lost: readonly TaskFunction[]): string {
  const names = listed(lost.map(fn => fn.functionName));
  if (lost.length > 0 && (app.reach === 'implicit' || lost.some(fn => !isInherited(fn.rejectOnWorkerLost, app.settings.get('task_reject_on_worker_lost'))))) return `add reject_on_worker_lost=True to ${names}`;
  return toWrite(app, ['task_reject_on_worker_lost', true]);
}
