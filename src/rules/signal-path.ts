import type { ChainLink, Model, Problem, Scheduler, Setting, Severity, Worker } from '../model/index.js';
import { shorten } from '../model/index.js';
import { about, killedAfter, outcomeOfKill, startConfidence, weakest, type Evidence } from './shared.js';

/** What receives a stop signal: a worker, or a scheduler, which loses at most a tick. */
export type Process = Worker | Scheduler;
export type Shell = Extract<ChainLink, { kind: 'shell' }>;
type Init = Extract<ChainLink, { kind: 'init' }>;
type ProcessManager = Extract<ChainLink, { kind: 'process-manager' }>;

/** One place where the stop signal ends, or does harm, on its way to the process. */
export type SignalFault =
  | { readonly rule: 'container/shell-swallows-signal' | 'container/entrypoint-without-exec'; readonly link: Shell; readonly under: ProcessManager | undefined }
  | { readonly rule: 'container/init-kills-worker'; readonly link: Shell; readonly init: Init }
  | { readonly rule: 'container/background-without-wait'; readonly link: Shell; readonly init: Init | undefined }
  | { readonly rule: 'container/detached-worker'; readonly link: Extract<ChainLink, { kind: 'detached' }> }
  | { readonly rule: 'container/package-manager-as-init'; readonly link: Extract<ChainLink, { kind: 'package-manager' }> }
  | { readonly rule: 'container/signal-sent-to-group'; readonly link: Init | ProcessManager };

/** Workers first: where one shares a script with a scheduler, its finding is the one that counts. */
export function processesOf(model: Model): readonly Process[] {
  return [...model.workers, ...model.schedulers];
}

export function isWorker(process: Process): process is Worker {
  return 'drainNeed' in process;
}

/**
 * Every fault on the way of the signal, from PID 1 on. Of two rules that fit one place the more specific one is named: an init in
 * front of a shell kills at once, which is worse than a shell that swallows.
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
  const detached = faults.filter(({ rule }) => rule === 'container/detached-worker');
  if (detached.length > 0) return detached;
  return faults.length === 0 ? groupFaults(process) : faults;
}

function faultAt(link: ChainLink, init: Init | undefined, under: ProcessManager | undefined): SignalFault | undefined {
  if (link.kind === 'detached') return { rule: 'container/detached-worker', link };
  if (link.kind === 'package-manager') return link.forwards === 'no' ? { rule: 'container/package-manager-as-init', link } : undefined;
  if (link.kind !== 'shell' || link.replaces) return undefined;
  if (link.background) return link.waits && link.forwards ? undefined : { rule: 'container/background-without-wait', link, init };
  if (init) return { rule: 'container/init-kills-worker', link, init };
  return { rule: link.from === 'script' ? 'container/entrypoint-without-exec' : 'container/shell-swallows-signal', link, under };
}

/** Only prefork has children to hit, and only without the remap (then they ignore SIGTERM). An unread value is silence. */
function groupFaults(process: Process): readonly SignalFault[] {
  if (!isWorker(process) || process.pool !== 'prefork' || remaps(process.sigtermRemap)) return [];
  return process.start.links.flatMap((link): readonly SignalFault[] =>
    ((link.kind === 'init' || link.kind === 'process-manager') && link.toGroup ? [{ rule: 'container/signal-sent-to-group', link }] : []));
}

const remaps = (remap: Setting<string>): boolean => remap.state === 'unknown' || (remap.state === 'set' && remap.value === 'SIGQUIT');

/** The rules that must be obeyed before a longer stop time helps: the signal does not reach this process. */
export function blockersOf(process: Process): Pick<Problem, 'blockedBy'> {
  const rules = [...new Set(signalFaults(process).map(({ rule }) => rule))];
  return rules.length > 0 ? { blockedBy: rules } : {};
}

/** Schedulers lose at most a tick. */
export function severityFor(process: Process, severity: Severity): Severity {
  return !isWorker(process) && severity === 'error' ? 'warning' : severity;
}

/** Container faults are seen in the image alone; without a deployment that names it, medium. */
export function chainConfidence(process: Process, ...evidence: readonly Evidence[]): Problem['confidence'] {
  return weakest(startConfidence(process, ...evidence), process.platform === 'unknown' ? 'medium' : 'high');
}

/** The parts every finding about the signal's way shares: first in the order of cure. */
export function onTheWay(process: Process, fault: SignalFault, severity: Severity): Pick<Problem, 'order' | 'at' | 'severity' | 'confidence' | 'workers' | 'environments'> {
  return { order: 1, at: fault.link.at, severity: severityFor(process, severity), confidence: chainConfidence(process), ...about(process) };
}

/** The end of a process that never hears the signal, with the seconds where a platform grants them. */
export function killedDeaf(process: Process, why: string): string {
  if (!isWorker(process)) return `SIGTERM → ${why} → SIGKILL`;
  const { stopTime } = process;
  if (process.platform === 'unknown' || stopTime.state !== 'set') return `SIGTERM → ${why} → SIGKILL: ${outcomeOfKill(process)}`;
  return killedAfter(stopTime.value, outcomeOfKill(process)).replace('SIGTERM', `SIGTERM → ${why}`);
}

/** Killed with no grace at all. */
export function killedAtOnce(process: Process, why: string): string {
  return `SIGTERM → ${why} → everything is killed within 0.01 s${isWorker(process) ? `: ${outcomeOfKill(process)}` : ''}`;
}

/** `the worker`, or `beat`. */
export function nameOf(process: Process): string {
  return isWorker(process) ? 'the worker' : 'the scheduler';
}

/** The name of a shell as messages say it. */
export function shellName({ shell, interpreter }: Shell): string {
  return shell === 'unknown' ? interpreter ?? 'the shell' : shell === 'busybox' ? 'busybox sh' : shell;
}

/** pidMode task: the pause process is PID 1, and a shell that is not PID 1 dies of SIGTERM instead of ignoring it. */
export function sharesPids(process: Process): boolean {
  return process.container?.pidMode === 'task';
}

/** The command that stands where the fault is, as written: what a shell starts, or the consumer behind any other link. */
export function commandAt(process: Process, { link }: SignalFault): string {
  return shorten(link.kind === 'shell' ? link.text.replace(/^exec\s+/, '') : process.command.text, 80);
}
