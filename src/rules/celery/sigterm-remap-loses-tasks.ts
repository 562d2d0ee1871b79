import type { CeleryApp, Problem, Rule, Worker } from '../../model/index.js';
import { fateIn } from '../../fate/index.js';
import { about, capped, confidenceOf, listed, removeFix, weakest } from '../shared.js';
import { knowsRemap, lossesOf, REMAP, type Loss } from '../celery-remap.js';
import { ofApp } from '../celery-shared.js';

export const sigtermRemapLosesTasks: Rule = {
  id: 'celery/sigterm-remap-loses-tasks',
  severity: 'error',
  mends: 'delivery',
  title: 'The remap of SIGTERM loses running tasks',
  rationale:
    'REMAP_SIGTERM=SIGQUIT cuts running tasks off at once and gives their messages back. That needs late acknowledgement, the prefork pool, and versions that agree: an early-acknowledged ' +
    'message is gone already; solo and gevent acknowledge the cut task (measured on 5.6.3); and billiard 4.3.0 makes celery up to 5.6.3 acknowledge it as well, without a trace.',
  remedy: 'Acknowledge late, run prefork and keep billiard below 4.3; or remove the variable.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#remap-sigterm', 'https://github.com/celery/celery/pull/10667', 'https://github.com/celery/celery/issues/10490'],
  provenBy: ['celery/sigterm-remap-loses-tasks/bad', 'celery/sigterm-remap-loses-tasks/good', 'stop-outlives/prefork/early/REMAP', 'stop-outlives/solo/late/REMAP', 'stop-outlives/gevent/late/REMAP', 'remap-long/prefork/late/REMAP/stopTimeout=9,task=14'],
  leadsTo: ['celery/no-sigterm-remap'],

  *check({ workers }) {
    for (const worker of workers) {
      const { app, sigtermRemap } = worker;
      if (!app || sigtermRemap.state !== 'set' || sigtermRemap.value !== REMAP || !knowsRemap(app)) continue;
      const [loss] = lossesOf(worker, app);
      if (loss) yield problemOf(worker, app, loss);
    }
  },
};

function problemOf(worker: Worker, app: CeleryApp, loss: Loss): Problem {
  const { sigtermRemap } = worker;
  const functions = loss.by === 'early-ack' ? loss.functions : [];
  const { resource, related } = ofApp(app, sigtermRemap.at, functions, 'acknowledged as it starts');
  const version = loss.by === 'billiard' ? app.versions.billiard.at : undefined;
  const fix = loss.by === 'billiard' ? undefined : removeFix(sigtermRemap.state === 'unknown' ? [] : sigtermRemap.slots, 'delivery', 'remove REMAP_SIGTERM');
  return {
    order: 9, at: sigtermRemap.at, severity: severityOf(worker, loss),
    confidence: weakest(confidenceOf(worker, sigtermRemap, ...functions.slice(0, 1).map(fn => fn.acksLate)), (functions.length > 0 && functions.every(fn => fn.body.trivial)) || (loss.by === 'pool' && !loss.isMeasured) ? 'low' : 'high'),
    ...about(worker), resource, message: message(worker, app, loss), label: 'cuts running tasks off',
    suggestion: suggestion(worker, app, loss), related: [...(version ? [{ at: version, message: `billiard ${app.versions.billiard.assumed}` }] : []), ...(related ?? [])],
    fate: fateIn({ workers: [worker] }, worker.functions, 'stop', 'lost') ?? 'SIGTERM as SIGQUIT → this pool cannot stop tasks → the worker fails with NotImplementedError and runs on until SIGKILL',
    ...(fix && { fix }),
  };
}

/** An install that is not pinned may still get another version; on threads nothing is lost by the remap itself. */
function severityOf(worker: Worker, loss: Loss): Problem['severity'] {
  if (loss.by === 'billiard' && !loss.isPinned) return 'warning';
  return loss.by === 'pool' && (worker.pool === 'threads' || !loss.isMeasured) ? 'warning' : capped('error', worker);
}

function message(worker: Worker, { versions }: CeleryApp, loss: Loss): string {
  if (loss.by === 'early-ack') {
    const names = listed(loss.functions.map(fn => fn.functionName));
    return `REMAP_SIGTERM=${REMAP} cuts tasks off at SIGTERM, and ${names} ${loss.functions.length === 1 ? 'is acknowledged as it starts: cut off, it is lost' : 'are acknowledged as they start: cut off, they are lost'}`;
  }
  if (loss.by === 'pool') return `REMAP_SIGTERM=${REMAP} needs the prefork pool: ${worker.pool === 'threads' ? 'threads cannot be cut off, so the worker fails with NotImplementedError and stays until SIGKILL' : `on ${worker.pool} the running task ${loss.isMeasured ? 'is' : 'may be'} cut off and acknowledged, and lost`}`;
  return `REMAP_SIGTERM=${REMAP} loses late-acknowledged tasks with billiard ${versions.billiard.assumed} and celery ${versions.celery.assumed}${loss.isPinned ? '' : ', which the next install would get'}: they are acknowledged as they are cut off`;
}

function suggestion(worker: Worker, app: CeleryApp, loss: Loss): string {
  const remove = `remove REMAP_SIGTERM from ${worker.container ? `container ${worker.container.name}` : worker.name}`;
  if (loss.by === 'early-ack') return `${remove}, or acknowledge ${listed(loss.functions.map(fn => fn.functionName))} late first`;
  if (loss.by === 'pool') return `${remove}, or run the prefork pool`;
  return `pin billiard<4.3${app.versions.billiard.at ? ` in ${app.versions.billiard.at.path}` : ' beside celery'}, or install a celery above 5.6.3`;
}
