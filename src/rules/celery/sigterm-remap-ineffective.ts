import type { CeleryApp, Problem, Rule, Worker } from '../../model/index.js';
import { about, capped, confidenceOf, fixTo } from '../shared.js';
import { knowsRemap, lossesOf, REMAP } from '../celery-remap.js';

/** Signals Python knows: any other value ends the worker as billiard is imported (billiard/common.py:39-47). */
const SIGNALS: ReadonlySet<string> = new Set([
  'SIGABRT', 'SIGALRM', 'SIGBUS', 'SIGCHLD', 'SIGCLD', 'SIGCONT', 'SIGFPE', 'SIGHUP', 'SIGILL', 'SIGINT', 'SIGIO', 'SIGIOT', 'SIGKILL', 'SIGPIPE', 'SIGPOLL', 'SIGPROF', 'SIGPWR',
  'SIGQUIT', 'SIGSEGV', 'SIGSTKFLT', 'SIGSTOP', 'SIGSYS', 'SIGTERM', 'SIGTRAP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGUSR1', 'SIGUSR2', 'SIGVTALRM', 'SIGWINCH', 'SIGXCPU', 'SIGXFSZ',
]);

export const sigtermRemapIneffective: Rule = {
  id: 'celery/sigterm-remap-ineffective',
  severity: 'error',
  mends: 'safe',
  title: 'The remap of SIGTERM has no effect',
  rationale:
    'One variable is read, REMAP_SIGTERM, and one value works, SIGQUIT. BILLIARD_REMAP_SIGTERM is read by nothing (measured on 5.2.6 and 5.6.3), another signal leaves the ' +
    'warm shutdown as it is, and a name Python does not know (QUIT, 1, true) ends the worker as it starts.',
  remedy: 'Set REMAP_SIGTERM=SIGQUIT, or remove the variable.',
  references: ['https://github.com/celery/billiard/blob/v4.2.4/billiard/common.py#L39-L47', 'https://docs.celeryq.dev/en/stable/userguide/workers.html#remap-sigterm'],
  provenBy: ['celery/sigterm-remap-ineffective/bad', 'celery/sigterm-remap-ineffective/good', 'stop-outlives/prefork/early/BILLIARD_REMAP', 'stop-outlives/prefork/late/BILLIARD_REMAP'],
  leadsTo: ['celery/sigterm-remap-loses-tasks', 'celery/no-sigterm-remap'],

  *check({ workers }) {
    for (const worker of workers) {
      if (worker.command.kind !== 'celery-worker') continue;
      for (const stray of worker.strayVariables) yield misspelt(worker, stray);
      const problem = wrongValue(worker);
      if (problem) yield problem;
    }
  },
};

function misspelt(worker: Worker, { name, at }: Worker['strayVariables'][number]): Problem {
  const isSet = worker.sigtermRemap.state === 'set' && worker.sigtermRemap.value === REMAP;
  return {
    ...common(worker, at), severity: isSet ? 'warning' : capped('error', worker),
    message: `${name} is read by nothing${isSet ? '' : ': SIGTERM starts a warm shutdown as ever, which waits for running tasks until SIGKILL'}`,
    label: 'not a variable of Celery or billiard',
    suggestion: isSet ? `remove ${name}: REMAP_SIGTERM is set as well` : advice(worker, `rename ${name} to REMAP_SIGTERM, with the value ${REMAP}`, `remove ${name}`),
  };
}

function wrongValue(worker: Worker): Problem | undefined {
  const { sigtermRemap } = worker;
  if (sigtermRemap.state !== 'set' || sigtermRemap.value === '') return undefined;
  const { value } = sigtermRemap;
  if (value === REMAP) return worker.app && !knowsRemap(worker.app) ? tooOld(worker, worker.app) : undefined;
  const isSignal = SIGNALS.has(value);
  const fix = wouldLose(worker) ? undefined : fixTo(sigtermRemap, REMAP, 'safe', `set REMAP_SIGTERM to ${REMAP}`);
  return {
    ...common(worker, sigtermRemap.at), severity: capped('error', worker), confidence: confidenceOf(worker, sigtermRemap),
    message: `REMAP_SIGTERM is ${value} where only ${REMAP} has an effect: ${isSignal ? 'SIGTERM starts a warm shutdown as ever' : `Python knows no such signal, so the worker ends with AttributeError as it starts`}`,
    label: `only ${REMAP} has an effect`,
    suggestion: advice(worker, `set REMAP_SIGTERM to ${REMAP}`, 'remove REMAP_SIGTERM'),
    ...(fix && { fix }),
  };
}

function tooOld(worker: Worker, { versions }: CeleryApp): Problem {
  return {
    ...common(worker, worker.sigtermRemap.at), severity: 'warning',
    message: `REMAP_SIGTERM is set, but celery ${versions.celery.assumed} honours it in the children alone (wanted: 4.4.7), so the worker still waits for running tasks until SIGKILL`,
    label: 'read from celery 4.4.7 on', suggestion: 'install celery 4.4.7 or later, or remove REMAP_SIGTERM',
  };
}

function common(worker: Worker, at: Problem['at']): Pick<Problem, 'order' | 'at' | 'confidence' | 'workers' | 'environments' | 'resource'> {
  return { order: 9, at, confidence: confidenceOf(worker), ...about(worker), ...(worker.app && { resource: worker.app.id }) };
}

/** An effective remap would lose tasks here: then the variable goes. */
const wouldLose = (worker: Worker): boolean => worker.app !== undefined && lossesOf(worker, worker.app).length > 0;

function advice(worker: Worker, mend: string, remove: string): string {
  if (!worker.app || !wouldLose(worker)) return mend;
  const [{ by }] = lossesOf(worker, worker.app) as readonly [ReturnType<typeof lossesOf>[number]];
  const why = { 'early-ack': 'under early acknowledgement', pool: `on the ${worker.pool} pool`, billiard: 'with billiard 4.3 and celery up to 5.6.3' }[by];
  return `${remove}: an effective remap would lose running tasks ${why}`;
}
