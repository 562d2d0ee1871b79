import type { Rule } from '../../model/index.js';
import { about, fixTo, startConfidence } from '../shared.js';

/** Signals that shut a Celery worker down: warm, warm, cold (celery apps/worker.py:269-330). supervisord takes the same three. */
const SHUTDOWNS = /^(?:SIG)?(?:TERM|INT|QUIT)$|^(?:15|2|3)$/;

export const wrongStopSignal: Rule = {
  id: 'container/wrong-stop-signal',
  severity: 'warning',
  title: 'The stop signal is none that a worker takes for a shutdown',
  rationale:
    'ECS and Compose send the image\'s STOPSIGNAL instead of SIGTERM. A worker shuts down at SIGTERM, SIGINT and SIGQUIT; SIGHUP makes it start anew, SIGUSR1 prints its threads, SIGKILL ends it at once, and any other ' +
    'signal is ignored by PID 1. Then it works on until SIGKILL.',
  remedy: 'Take STOPSIGNAL out, or make it SIGTERM.',
  references: ['https://docs.docker.com/reference/dockerfile/#stopsignal', 'https://docs.celeryq.dev/en/stable/userguide/workers.html#process-signals'],
  documentedBy: 'Celery\'s handlers: apps/worker.py installs no other shutdown',
  leadsTo: ['ecs/stop-timeout-too-short', 'container/stop-grace-period-too-short'],

  *check({ workers }) {
    for (const worker of workers) {
      const signal = worker.container?.stopSignal;
      if (signal?.state !== 'set' || worker.command.kind !== 'celery-worker' || SHUTDOWNS.test(signal.value)) continue;
      const fix = fixTo(signal, 'SIGTERM', 'safe', 'make it SIGTERM');
      yield {
        order: 4, at: signal.at, confidence: startConfidence(worker, signal), ...about(worker),
        message: `the stop signal is ${signal.value}, which ${EFFECT[signal.value.replace(/^SIG/, '')] ?? 'the worker does not take for a shutdown'}: running tasks are cut off, not drained`,
        label: 'sent instead of SIGTERM', suggestion: 'write STOPSIGNAL SIGTERM, or leave it out',
        ...(fix && { fix }),
      };
    }
  },
};

const EFFECT: Readonly<Record<string, string>> = { KILL: 'ends everything at once', 9: 'ends everything at once', HUP: 'makes the worker start anew', 1: 'makes the worker start anew', USR1: 'makes it print its threads', USR2: 'makes it open a debugger' };
