import type { CeleryApp, Problem, Rule, TaskFunction, Worker } from '../../model/index.js';
import { fateText, worstFate } from '../../fate/index.js';
import { capped, confidenceOf, listed, weakest } from '../shared.js';
import { byAcknowledgement, deployedWorkers, ofApp, stopOf } from '../celery-shared.js';
import { isProtected } from '../outlast.js';

export const acknowledgementNeverSent: Rule = {
  id: 'celery/acknowledgement-never-sent',
  severity: 'error',
  title: 'A task that ends during a stop is done again',
  rationale:
    'On gevent, celery 5.2.6 ends the running tasks at SIGTERM and leaves without sending their acknowledgements: every one of them is delivered again and done a second time, although it ended in time ' +
    '(measured on Redis and RabbitMQ). 5.6.3 sends them. Which release between mended it is not established.',
  remedy: 'Install celery 5.6.3 or newer, or run the prefork pool.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#warm-shutdown', 'https://docs.celeryq.dev/en/stable/userguide/concurrency/gevent.html'],
  provenBy: ['celery/acknowledgement-never-sent/bad', 'celery/acknowledgement-never-sent/good', 'stop-in-time/gevent/late'],

  *check({ apps }, { exitMarginSeconds }) {
    for (const app of apps) {
      const problem = isProtected({ app }) ? undefined : judge(app, exitMarginSeconds);
      if (problem) yield problem;
    }
  },
};

function judge(app: CeleryApp, margin: number): Problem | undefined {
  const { late } = byAcknowledgement(app.functions);
  const found = deployedWorkers(app).filter(({ pool }) => pool === 'gevent').flatMap(worker => { const harm = doneTwice(worker, late, margin); return harm ? [{ worker, ...harm }] : []; });
  const [first] = found;
  if (!first) return undefined;
  const { worker, fate, isCertain } = first;
  const setting = worker.settings.get('worker_pool');
  const version = app.versions.celery;
  const at = version.at ?? (setting?.state === 'set' ? setting.at : worker.command.at);
  const { resource, related = [] } = ofApp(app, at, late, 'acknowledged late');
  return {
    order: 5, at, severity: isCertain ? capped('error', worker) : 'warning', confidence: weakest(confidenceOf(worker, setting), isCertain ? 'high' : 'low'),
    workers: found.map(one => one.worker.id), environments: [...new Set(found.flatMap(one => one.worker.environment ?? []))],
    message: `celery ${version.assumed} on gevent ${isCertain ? 'leaves' : 'may leave'} at SIGTERM without acknowledging the tasks that end meanwhile: at each deployment ${listed(late.map(fn => fn.functionName))} ${late.length === 1 ? 'is' : 'are'} done again`,
    label: 'acknowledgements are not sent at a stop', suggestion: `install celery 5.6.3 or newer${version.at ? ` in ${version.at.path}` : ''}, or run the prefork pool`,
    resource, related, fate: fateText(fate, stopOf(worker)),
  };
}

/** The fate of a late-acknowledged task that ends while the worker waits for it. */
function doneTwice(worker: Worker, late: readonly TaskFunction[], margin: number): ReturnType<typeof worstFate> {
  const worst = worstFate(worker, late, 'stop', margin);
  return worst?.fate.outcome.is === 'twice' ? worst : undefined;
}
