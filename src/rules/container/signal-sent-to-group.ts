import type { Rule } from '../../model/index.js';
import { fixAt } from '../shared.js';
import { commandAt, faultsAt, onTheWay } from '../signal-path.js';

/** How each program is told to signal its child alone. */
const CURES: Readonly<Record<string, string>> = {
  'dumb-init': 'write `dumb-init --single-child`', tini: 'drop `-g` from tini', supervisord: 'set `stopasgroup=false`', systemd: 'set `KillMode=mixed`',
};

export const signalSentToGroup: Rule = {
  id: 'container/signal-sent-to-group',
  severity: 'error',
  mends: 'safe',
  title: 'The stop signal also reaches the worker\'s children, which die in the middle of their tasks',
  rationale:
    'dumb-init, `tini -g` and supervisord\'s `stopasgroup` send SIGTERM to every process of the group. Celery\'s warm shutdown relies on its prefork children ' +
    'not getting it: they die at once, and their tasks are lost although the stop timeout has hardly begun.',
  remedy: 'Signal the worker alone (`dumb-init --single-child`, tini without `-g`, `stopasgroup=false`), or set REMAP_SIGTERM=SIGQUIT with late acknowledgement.',
  references: ['https://github.com/Yelp/dumb-init#session-behavior', 'https://supervisord.org/configuration.html#program-x-section-settings', 'https://github.com/celery/celery/issues/4795'],
  provenBy: ['container/signal-sent-to-group/bad', 'container/signal-sent-to-group/good'],

  *check(model) {
    for (const shared of faultsAt(model, 'container/signal-sent-to-group')) {
      const { fault, process } = shared;
      const { link } = fault;
      const fix = link.kind === 'process-manager' && link.groupSlots ? fixAt(link.groupSlots, 'false', 'safe', 'set stopasgroup=false') : undefined;
      yield {
        ...onTheWay(shared, 'error'),
        message: `${link.program} sends the stop signal to the whole process group, so the prefork children die in the middle of their tasks`,
        label: 'signals the group, not its child alone',
        suggestion: CURES[link.program] ?? `start the worker without ${link.program}: \`${commandAt(process, fault)}\``,
        fate: `SIGTERM → ${link.program} → worker and children: the children die at once and the running tasks are lost`,
        ...(fix && { fix }),
      };
    }
  },
};
