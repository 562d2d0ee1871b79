import type { Problem, Rule } from '../../model/index.js';
import { outcomeOfKill } from '../shared.js';
import { commandAt, faultsAt, isWorker, killedAtOnce, killedDeaf, nameOf, onTheWay, shellName, type Launcher, type Process, type Shell } from '../signal-path.js';

export const backgroundWithoutWait: Rule = {
  id: 'container/background-without-wait',
  severity: 'error',
  title: 'The worker runs in the background of a script that does not pass the signal on and wait',
  rationale:
    'A worker started with `&` is a child of the script. The stop signal goes to the script: without a trap nothing reaches the worker, and a trap that ' +
    'does not wait lets the script end, which ends the container and kills the worker in the middle of its warm shutdown.',
  remedy: 'One worker per container with `exec`; or keep the id of each (`$!`), and let a trap for TERM kill and `wait` for them. `$(jobs -p)` is empty in Debian\'s /bin/sh (dash).',
  references: ['https://www.gnu.org/software/bash/manual/html_node/Signals.html', 'https://man7.org/linux/man-pages/man7/pid_namespaces.7.html'],
  provenBy: ['container/background-without-wait/bad', 'container/background-without-wait/good'],

  *check(model) {
    for (const shared of faultsAt(model, 'container/background-without-wait')) {
      const { fault, process } = shared;
      const { link, init } = fault;
      const alone = `start it with \`exec ${commandAt(process, fault)}\` in a container of its own`;
      yield {
        ...onTheWay(shared, 'error'),
        ...(init && { related: [{ at: init.at, message: `${init.program} passes the signal to its child alone` }] }),
        ...(link.kind === 'shell' ? inBackground(process, link, alone, init !== undefined) : sideBySide(process, link, alone)),
      };
    }
  },
};

type Said = Pick<Problem, 'message' | 'label' | 'suggestion' | 'fate'>;

function sideBySide(process: Process, { program }: Launcher, alone: string): Said {
  return {
    message: `${program} runs ${nameOf(process)} beside others and passes no stop signal on, so ${nameOf(process)} is killed without a warning`,
    label: `run by ${program}`, suggestion: alone, fate: killedDeaf(process, `${program} keeps it`),
  };
}

function inBackground(process: Process, link: Shell, alone: string, hasInit: boolean): Said {
  return {
    message: `${nameOf(process)} runs in the background of a script that ${missing(link)}`,
    label: `a background child of ${shellName(link)}`,
    suggestion: link.forwards
      ? 'end the trap with `wait`, so that the script stays until its children are gone'
      : `${alone}, or write \`pids="\${pids-} $!"\` behind it and behind each other child, and at the end, once, \`trap 'kill -TERM $pids; wait $pids' TERM\` and \`wait $pids\``,
    fate: fateOf(process, link, hasInit),
  };
}

function missing({ forwards, waits }: Shell): string {
  if (forwards) return 'passes the stop signal on and ends without waiting, so the container ends in the middle of the warm shutdown';
  return waits ? 'waits, but not after passing the stop signal on, so it never finishes its tasks' : 'neither passes the stop signal on nor waits';
}

/** Without a trap the shell ignores the signal, with one that does not wait it ends: only the first is known to take the stop time. */
function fateOf(process: Process, link: Shell, hasInit: boolean): string {
  const shell = shellName(link);
  if (link.forwards) return killedAtOnce(process, `${shell} passes it on → ${shell} ends`);
  if (hasInit) return killedAtOnce(process, `${shell} dies`);
  return link.waits ? `SIGTERM → ${shell} does not pass it on and wait → SIGKILL${isWorker(process) ? `: ${outcomeOfKill(process)}` : ''}` : killedDeaf(process, `${shell} ignores it`);
}
