import type { Rule } from '../../model/index.js';
import { apart, execFixOf, execSaid, faultsAt, killedByDeath, killedDeaf, nameOf, onTheWay, sharesPids, shellName } from '../signal-path.js';

export const shellSwallowsSignal: Rule = {
  id: 'container/shell-swallows-signal',
  severity: 'error',
  title: 'The shell in front of the worker keeps the stop signal',
  rationale:
    'A shell form (`CMD celery …`) and `sh -c` start a shell, which starts the worker as its child. The stop signal goes to the shell, and as PID 1 it ' +
    'ignores it: the worker goes on taking tasks until it is killed, and what it runs then is cut off. Debian\'s /bin/sh (dash) stays even for a single ' +
    'command; bash (from 5.1 on) becomes the last command of `a; b`, and of `a && b` where that is all; busybox the last one of anything. Neither does where a trap is set.',
  remedy: 'Write `exec` in front of the worker, or the command as a list: `["celery", "-A", "app", "worker"]`.',
  references: ['https://docs.docker.com/reference/dockerfile/#shell-form-entrypoint-example'],
  provenBy: ['container/shell-swallows-signal/bad', 'container/shell-swallows-signal/good', 'pid1/prefork/late/sh -c', 'pid1/prefork/late/sh -c &&', 'pid1/prefork/late/script-exec'],
  leadsTo: ['container/signal-sent-to-group'],

  *check(model) {
    for (const shared of faultsAt(model, 'container/shell-swallows-signal')) {
      const { fault, process } = shared;
      const { link, under } = fault;
      const shell = shellName(link);
      const dies = under !== undefined || sharesPids(process);
      const fix = execFixOf(link);
      yield {
        ...onTheWay(shared, link.shell === 'unknown' ? 'warning' : 'error'),
        message: `${shell} stays in front of ${nameOf(process)} and keeps the stop signal, so ${nameOf(process)} is killed without a warning`,
        label: `${link.from === 'shell-form' ? 'a shell form: ' : ''}run by a shell${apart(link)}`,
        suggestion: execSaid(link),
        fate: dies ? killedByDeath(process, shell, under) : killedDeaf(process, `${shell} ignores it`),
        ...(fix && { fix }),
      };
    }
  },
};
