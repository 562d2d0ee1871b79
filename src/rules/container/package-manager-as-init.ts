import type { Rule } from '../../model/index.js';
import { endsAtOnce } from '../../fate/index.js';
import { apart, commandAt, execFixOf, execSaid, faultsAt, killedAtOnce, killedDeaf, nameOf, onTheWay, shellName } from '../signal-path.js';

export const packageManagerAsInit: Rule = {
  id: 'container/package-manager-as-init',
  severity: 'warning',
  mends: 'safe',
  title: 'The package manager in front of the worker keeps the stop signal',
  rationale:
    'npm, yarn, pipenv, make and the like start the worker as a child and stay in front of it. One that does not pass SIGTERM on, or does not wait for its ' +
    'child, keeps the worker from its warm shutdown. Measured: npm 11 and pnpm 8 to 10 pass it to the shell of the script and end with it, which dash does at once unless the script says `exec`; ' +
    'yarn 1 ends at once in any case; bash and busybox make way for a single command, and yarn 4 waits for it.',
  remedy: 'Call the worker itself: `celery -A app worker`, with the virtual environment\'s bin folder on the PATH, or `node dist/worker.js`.',
  references: ['https://github.com/nodejs/docker-node/blob/main/docs/BestPractices.md#cmd', 'https://man7.org/linux/man-pages/man7/pid_namespaces.7.html'],
  documentedBy: 'How a package manager treats a signal depends on its version; the rule speaks only of those that were measured or are documented not to pass it on',

  *check(model) {
    for (const shared of faultsAt(model, 'container/package-manager-as-init')) {
      const { fault, process } = shared;
      const program = fault.init ? fault.init.program : fault.link.program;
      const common = onTheWay(shared, endsAtOnce(fault) ? 'error' : 'warning');
      if (fault.init) {
        const fix = execFixOf(fault.link);
        yield {
          ...common,
          message: `${program} passes the stop signal to ${shellName(fault.link)}, which dies without waiting for ${nameOf(process)}, so all is killed at once`,
          label: `a child of ${shellName(fault.link)}${apart(fault.link)}`,
          related: [{ at: fault.init.at, message: `${program} stays in front` }],
          suggestion: `start it without ${program}, or ${execSaid(fault.link)}`,
          fate: killedAtOnce(process, `${program} → ${shellName(fault.link)} dies → ${program} exits`),
          ...(fix && { fix }),
        };
      } else {
        const ends = endsAtOnce(fault);
        yield {
          ...common,
          message: `${program} starts ${nameOf(process)} and ${ends ? 'ends at the stop signal without waiting for it, so all is killed at once' : 'does not pass the stop signal on to it'}`,
          label: `${program} stays in front`,
          suggestion: `start it without ${program}: \`${commandAt(process, fault)}\``,
          fate: ends ? killedAtOnce(process, `${program} ends`) : killedDeaf(process, `${program} keeps it`),
        };
      }
    }
  },
};
