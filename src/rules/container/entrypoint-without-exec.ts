import type { Rule } from '../../model/index.js';
import { execFix } from '../shared.js';
import { commandAt, faultsAt, killedByDeath, killedDeaf, nameOf, onTheWay, sharesPids, shellName } from '../signal-path.js';

export const entrypointWithoutExec: Rule = {
  id: 'container/entrypoint-without-exec',
  severity: 'error',
  title: 'The start script stays in front of the worker and keeps the stop signal',
  rationale:
    'A script that starts the worker without `exec` remains as its parent. The stop signal goes to the script\'s shell, which as PID 1 ignores it and waits ' +
    'for its child: the worker goes on taking tasks until it is killed, and what it runs then is cut off. This holds for every shell.',
  remedy: 'Write `exec` in front of the command that starts the worker, as the last thing the script does.',
  references: ['https://docs.docker.com/reference/dockerfile/#entrypoint', 'https://www.gnu.org/software/bash/manual/html_node/Signals.html'],
  provenBy: ['container/entrypoint-without-exec/bad', 'container/entrypoint-without-exec/good', 'pid1/prefork/late/script', 'pid1/prefork/late/script-exec'],
  leadsTo: ['container/signal-sent-to-group'],

  *check(model) {
    for (const shared of faultsAt(model, 'container/entrypoint-without-exec')) {
      const { fault, process } = shared;
      const { link, under } = fault;
      const shell = shellName(link);
      const dies = under !== undefined || sharesPids(process);
      const fix = link.piped ? undefined : execFix(link.slots);
      yield {
        ...onTheWay(shared, 'error'),
        message: `this script starts ${nameOf(process)} without exec, so the stop signal ends at its shell`,
        label: link.piped ? `a child of ${shell}, in a pipe` : `a child of ${shell}`,
        suggestion: link.piped
          ? `run \`exec ${commandAt(process, fault)}\` without the pipe: the log goes to the container's output by itself`
          : `write \`exec ${commandAt(process, fault)}\``,
        fate: dies ? killedByDeath(process, shell, under) : killedDeaf(process, `${shell} ignores it`),
        ...(fix && { fix }),
      };
    }
  },
};
