import type { Rule } from '../../model/index.js';
import { apart, execFixOf, execSaid, faultsAt, killedByDeath, killedDeaf, nameOf, onTheWay, sharesPids, shellName, type Shell } from '../signal-path.js';

export const entrypointWithoutExec: Rule = {
  id: 'container/entrypoint-without-exec',
  severity: 'error',
  title: 'The start script stays in front of the worker and keeps the stop signal',
  rationale:
    'A script that starts the worker without `exec` remains as its parent. The stop signal goes to the script\'s shell, which as PID 1 ignores it and waits ' +
    'for its child: the worker goes on taking tasks until it is killed, and what it runs then is cut off. This holds for every shell. In a pipe or a subshell ' +
    '`exec` replaces that subshell alone: measured with Celery 5.6.3 behind bash 5.2.15 and dash 0.5.12, `exec celery … 2>&1 | tee log` hears nothing until ' +
    'SIGKILL, while `exec celery … > >(tee log) 2>&1` (bash) shuts down warm.',
  remedy: 'Write `exec` in front of the command that starts the worker, as the last thing the script does, and neither in a pipe nor in parentheses.',
  references: ['https://docs.docker.com/reference/dockerfile/#entrypoint', 'https://www.gnu.org/software/bash/manual/html_node/Signals.html', 'https://www.gnu.org/software/bash/manual/html_node/Pipelines.html', 'https://www.gnu.org/software/bash/manual/html_node/Process-Substitution.html'],
  provenBy: ['container/entrypoint-without-exec/bad', 'container/entrypoint-without-exec/good', 'pid1/prefork/late/script', 'pid1/prefork/late/script-exec'],
  leadsTo: ['container/signal-sent-to-group'],

  *check(model) {
    for (const shared of faultsAt(model, 'container/entrypoint-without-exec')) {
      const { fault, process } = shared;
      const { link, under } = fault;
      const shell = shellName(link);
      const dies = under !== undefined || sharesPids(process);
      const fix = execFixOf(link);
      yield {
        ...onTheWay(shared, 'error'),
        message: `this script starts ${nameOf(process)}${how(link)}, so the stop signal ends at its shell`,
        label: `a child of ${shell}${apart(link)}`,
        suggestion: execSaid(link),
        fate: dies ? killedByDeath(process, shell, under) : killedDeaf(process, `${shell} ignores it`),
        ...(fix && { fix }),
      };
    }
  },
};

function how(link: Shell): string {
  if (apart(link) === '') return ' without exec';
  return `${apart(link)}${/^exec\s/.test(link.text) ? ', where exec replaces a subshell only' : ''}`;
}
