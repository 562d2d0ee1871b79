import type { Rule } from '../../model/index.js';
import { faultsAt, killedDeaf, nameOf, onTheWay } from '../signal-path.js';

export const detachedWorker: Rule = {
  id: 'container/detached-worker',
  severity: 'error',
  title: 'The worker detaches itself, so the stop signal cannot find it',
  rationale:
    '`celery multi`, `--detach` and `nohup` are made for servers: the worker leaves the process that started it. In a container the stop signal goes to ' +
    'PID 1 alone, so a detached worker never hears it and is killed when the container ends.',
  remedy: 'Start the worker in the foreground, as the container\'s process: `exec celery -A app worker`.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/daemonizing.html', 'https://man7.org/linux/man-pages/man7/pid_namespaces.7.html'],
  provenBy: ['container/detached-worker/bad', 'container/detached-worker/good'],

  *check(model) {
    for (const shared of faultsAt(model, 'container/detached-worker')) {
      const { fault, process } = shared;
      yield {
        ...onTheWay(shared, 'error'),
        message: `${fault.link.how} takes ${nameOf(process)} out of reach of the stop signal, so it is killed while it works`,
        label: 'detached from PID 1',
        suggestion: `start it in the foreground with \`exec\`, without ${fault.link.how}, as the only process of a container of its own`,
        fate: killedDeaf(process, 'PID 1 does not pass it on'),
      };
    }
  },
};
