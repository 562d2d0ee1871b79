import type { Model, Problem, Rule, Worker } from '../../model/index.js';
import { about, startConfidence, weakest } from '../shared.js';
import { signalFaults } from '../signal-path.js';

export const noSignalHandler: Rule = {
  id: 'container/no-signal-handler',
  severity: 'warning',
  title: 'The consumer does not listen for SIGTERM',
  rationale:
    'The kernel gives PID 1 no default action: a Python loop without a handler ignores SIGTERM, goes on taking messages and is killed in the middle of one after stopTimeout. Behind an init, or with pidMode task, the same ' +
    'signal ends it at once, in the middle of a message too.',
  remedy: 'Set a handler for SIGTERM that lets the loop end after the message at hand.',
  references: ['https://man7.org/linux/man-pages/man7/pid_namespaces.7.html', 'https://docs.python.org/3/library/signal.html#signal.signal', 'https://aws.amazon.com/blogs/containers/graceful-shutdowns-with-ecs/'],
  documentedBy: 'pid_namespaces(7): signals without a handler are not delivered to PID 1',

  *check(model: Model) {
    for (const worker of model.workers) if (worker.command.handlesStop === false && worker.role === 'deployed' && signalFaults(worker).length === 0) yield problemOf(worker);
  },
};

function problemOf(worker: Worker): Problem {
  const first = worker.start.links.find(({ kind }) => kind !== 'wrapper' && !(kind === 'shell'));
  const isFirst = first?.kind === 'worker' && worker.container?.pidMode !== 'task';
  const stop = worker.stopTime.state === 'set' ? ` ${worker.stopTime.value} s →` : '';
  return {
    order: 1, at: worker.command.at, confidence: weakest(startConfidence(worker), 'medium'), ...about(worker),
    message: isFirst ? `nothing in ${worker.command.text} handles SIGTERM, so as PID 1 it ignores it: it takes messages until SIGKILL cuts one` : `nothing in ${worker.command.text} handles SIGTERM, so the signal ends it in the middle of a message`,
    label: 'a loop without a way out',
    suggestion: 'set a flag in `signal.signal(signal.SIGTERM, …)` and let the loop end after the message at hand',
    fate: isFirst ? `SIGTERM → ignored → more messages →${stop} SIGKILL in the middle of one` : 'SIGTERM → ends at once → the message at hand is delivered again',
  };
}
