import type { ChainLink, Scheduler, Setting, Worker } from '../model/index.js';
import type { Circumstances } from './circumstances.js';

/** What receives a stop signal: a worker, or a scheduler, which loses at most a tick. */
export type Process = Worker | Scheduler;
export type Shell = Extract<ChainLink, { kind: 'shell' }>;
/** A package manager, or a launcher that runs several programs side by side. */
export type Launcher = Extract<ChainLink, { kind: 'package-manager' }>;
type Init = Extract<ChainLink, { kind: 'init' }>;
export type ProcessManager = Extract<ChainLink, { kind: 'process-manager' }>;

/** One place where the stop signal ends, or does harm, on its way to the process. */
export type SignalFault =
  | { readonly rule: 'container/shell-swallows-signal'; readonly link: Shell; readonly under: ProcessManager | undefined }
  | { readonly rule: 'container/entrypoint-without-exec'; readonly link: Shell; readonly under: ProcessManager | undefined }
  | { readonly rule: 'container/init-kills-worker'; readonly link: Shell; readonly init: Init }
  | { readonly rule: 'container/background-without-wait'; readonly link: Shell | Launcher; readonly init: Init | undefined }
  | { readonly rule: 'container/detached-worker'; readonly link: Extract<ChainLink, { kind: 'detached' }> }
  | { readonly rule: 'container/package-manager-as-init'; readonly link: Launcher; readonly init?: undefined }
  | { readonly rule: 'container/package-manager-as-init'; readonly link: Shell; readonly init: Init }
  | { readonly rule: 'container/signal-sent-to-group'; readonly link: Init | ProcessManager };

export function isWorker(process: Process): process is Worker {
  return 'drainNeed' in process;
}

/**
 * Every fault on the way of the signal, from PID 1 on. Of two rules that fit one place the more specific one is named: an init in
 * front of a shell kills at once, which is worse than a shell that swallows. A worker that detaches itself, or one among several
 * behind a launcher, has that one fault: the rest of the chain changes with its cure.
 */
export function signalFaults(process: Process): readonly SignalFault[] {
  const faults: SignalFault[] = [];
  let init: Init | undefined;
  let under: ProcessManager | undefined;
  for (const link of process.start.links) {
    if (link.kind === 'init') init = link;
    if (link.kind === 'process-manager') [init, under] = [undefined, link];
    if (link.kind === 'package-manager') init = undefined;
    const fault = faultAt(link, init, under);
    if (fault) faults.push(fault);
  }
  const decisive = faults.filter(({ rule }) => rule === 'container/detached-worker')[0] ?? faults.find(({ link }) => isParallel(link));
  if (decisive) return [decisive];
  return faults.length === 0 ? groupFaults(process) : faults;
}

/** npm and pnpm treat the shell of a script as an init treats its child. */
const isPackageManager = ({ program }: Init): boolean => /^p?npm$/.test(program);

function faultAt(link: ChainLink, init: Init | undefined, under: ProcessManager | undefined): SignalFault | undefined {
  if (link.kind === 'detached') return { rule: 'container/detached-worker', link };
  if (link.kind === 'package-manager' && (link.forwards === 'yes' || link.forwards === 'unknown')) return undefined;
  if (link.kind === 'package-manager') return isParallel(link) ? { rule: 'container/background-without-wait', link, init } : { rule: 'container/package-manager-as-init', link };
  if (link.kind !== 'shell' || link.replaces) return undefined;
  if (link.background) return link.waits && link.forwards ? undefined : { rule: 'container/background-without-wait', link, init };
  if (init) return { rule: isPackageManager(init) ? 'container/package-manager-as-init' : 'container/init-kills-worker', link, init };
  return { rule: link.from === 'script' ? 'container/entrypoint-without-exec' : 'container/shell-swallows-signal', link, under };
}

/** Runs what it is given side by side, and passes no signal on. What stands around it is of no matter until it is gone. */
const isParallel = (link: ChainLink): boolean => link.kind === 'package-manager' && /^(parallel|concurrently|run-p)$/.test(link.program);

/** Only prefork has children to hit, and only without the remap (then they ignore SIGTERM). An unread value is silence. */
function groupFaults(process: Process): readonly SignalFault[] {
  if (!isWorker(process) || process.pool !== 'prefork' || remaps(process.sigtermRemap)) return [];
  return process.start.links.flatMap((link): readonly SignalFault[] =>
    ((link.kind === 'init' || link.kind === 'process-manager') && link.toGroup ? [{ rule: 'container/signal-sent-to-group', link }] : []));
}

const remaps = (remap: Setting<string>): boolean => remap.state === 'unknown' || (remap.state === 'set' && remap.value === 'SIGQUIT');

/** The link of the start chain that the stop signal does not get beyond. */
export const deafLink = (worker: Worker): ChainLink | undefined => signalFaults(worker).find(({ rule }) => rule !== 'container/signal-sent-to-group')?.link;

/** How the stop signal reaches this worker, as its start chain was read; undefined where a link is not known. */
export function signalOf(worker: Worker): Circumstances['signal'] | undefined {
  const faults = signalFaults(worker);
  if (faults.some(fault => killsAtOnce(fault, worker))) return 'kills';
  if (deafLink(worker)) return 'ignored';
  if (faults.length > 0) return 'group';
  if (worker.start.links.some(link => link.kind === 'package-manager' && link.forwards === 'unknown')) return undefined;
  return worker.start.complete || worker.platform === 'unknown' ? 'arrives' : undefined;
}

/** The package manager itself ends at the signal, or does when the shell of its script has died. */
export const endsAtOnce = ({ link, init }: Extract<SignalFault, { rule: 'container/package-manager-as-init' }>): boolean => init !== undefined || link.forwards === 'ends';

/** A shell that is not PID 1 dies of SIGTERM; where it is the container's own process, everything goes with it. */
function killsAtOnce(fault: SignalFault, { container }: Worker): boolean {
  if (fault.rule === 'container/init-kills-worker' || (fault.rule === 'container/package-manager-as-init' && endsAtOnce(fault))) return true;
  const isShell = fault.rule === 'container/shell-swallows-signal' || fault.rule === 'container/entrypoint-without-exec';
  return isShell && !fault.under && container?.pidMode === 'task';
}
