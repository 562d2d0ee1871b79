import type { Rule } from '../../model/index.js';
import { apart, execFixOf, execSaid, faultsAt, killedAtOnce, nameOf, onTheWay, shellName } from '../signal-path.js';

export const initKillsWorker: Rule = {
  id: 'container/init-kills-worker',
  severity: 'error',
  title: 'The init process ends the container at once, before the worker can finish',
  rationale:
    'tini, dumb-init, `docker run --init` and `initProcessEnabled` pass the stop signal to their own child. Where that is a shell that started the worker ' +
    'without `exec`, the shell dies at once (it is not PID 1 any more), the init exits with it, and the kernel kills everything else in the container. ' +
    'The whole stop timeout is lost: measured, the worker is gone within 0.01 s.',
  remedy: 'Write `exec` in front of the worker; the init then passes the signal to the worker itself.',
  references: ['https://github.com/krallin/tini#subreaping', 'https://man7.org/linux/man-pages/man7/pid_namespaces.7.html'],
  provenBy: ['container/init-kills-worker/bad', 'container/init-kills-worker/good', 'pid1/prefork/late/tini script', 'pid1/prefork/late/dumb-init script', 'pid1/prefork/late/tini'],
  leadsTo: ['container/signal-sent-to-group'],

  *check(model) {
    for (const shared of faultsAt(model, 'container/init-kills-worker')) {
      const { fault, process } = shared;
      const { link, init } = fault;
      const fix = execFixOf(link);
      yield {
        ...onTheWay(shared, 'error'),
        message: `${init.program} passes the stop signal to ${shellName(link)}, which dies without waiting for ${nameOf(process)}, so all is killed at once`,
        label: `a child of ${shellName(link)}${apart(link)}`,
        related: [{ at: init.at, message: `${init.program} is PID 1` }],
        suggestion: execSaid(link),
        fate: killedAtOnce(process, `${init.program} → ${shellName(link)} dies → ${init.program} exits`),
        ...(fix && { fix }),
      };
    }
  },
};
