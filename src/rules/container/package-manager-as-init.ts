import type { Rule } from '../../model/index.js';
import { commandAt, faultsAt, killedDeaf, nameOf, onTheWay } from '../signal-path.js';

export const packageManagerAsInit: Rule = {
  id: 'container/package-manager-as-init',
  severity: 'warning',
  title: 'The package manager in front of the worker keeps the stop signal',
  rationale:
    'npm, yarn, pipenv, make and the like start the worker as a child and stay in front of it. One that does not pass SIGTERM on, or does not wait for its ' +
    'child, keeps the worker from its warm shutdown.',
  remedy: 'Call the worker itself: `celery -A app worker`, with the virtual environment\'s bin folder on the PATH.',
  references: ['https://github.com/nodejs/docker-node/blob/main/docs/BestPractices.md#cmd'],
  documentedBy: 'How a package manager treats a signal depends on its version; the rule speaks only of those that are documented not to pass it on',

  *check(model) {
    for (const shared of faultsAt(model, 'container/package-manager-as-init')) {
      const { fault, process } = shared;
      const { program } = fault.link;
      yield {
        ...onTheWay(shared, 'warning'),
        message: `${program} starts ${nameOf(process)} and does not pass the stop signal on to it`,
        label: `${program} stays in front`,
        suggestion: `start it without ${program}: \`${commandAt(process, fault)}\``,
        fate: killedDeaf(process, `${program} keeps it`),
      };
    }
  },
};
