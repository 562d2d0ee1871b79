import type { ChainLink, Confidence, Model, Problem, Scheduler, Setting, Severity, Worker } from '../model/index.js';
import { CONFIDENCES, shorten } from '../model/index.js';
import { killedAfter, outcomeOfKill, startConfidence, weakest } from './shared.js';

/** What receives a stop signal: a worker, or a scheduler, which loses at most a tick. */
export type Process = Worker | Scheduler;
export type Shell = Extract<ChainLink, { kind: 'shell' }>;
/** A package manager, or a launcher that runs several programs side by side. */
export type Launcher = Extract<ChainLink, { kind: 'package-manager' }>;
type Init = Extract<ChainLink, { kind: 'init' }>;
type ProcessManager = Extract<ChainLink, { kind: 'process-manager' }>;

/** One place where the stop signal ends, or does harm, on its way to the process. */
export type SignalFault =
  | { readonly rule: 'container/shell-swallows-signal'; readonly link: Shell; readonly under: ProcessManager | undefined }
  | { readonly rule: 'container/entrypoint-without-exec'; readonly link: Shell; readonly under: ProcessManager | undefined }
  | { readonly rule: 'container/init-kills-worker'; readonly link: Shell; readonly init: Init }
  | { readonly rule: 'container/background-without-wait'; readonly link: Shell | Launcher; readonly init: Init | undefined }
  | { readonly rule: 'container/detached-worker'; readonly link: Extract<ChainLink, { kind: 'detached' }> }
  | { readonly rule: 'container/package-manager-as-init'; readonly link: Launcher }
  | { readonly rule: 'container/signal-sent-to-group'; readonly link: Init | ProcessManager };

/** The faults a rule speaks of. */
type FaultOf<R extends SignalFault['rule']> = Extract<SignalFault, { rule: R }>;

/** Workers first: where one shares a script with a scheduler, its finding is the one that counts. */
export function processesOf(model: Model): readonly Process[] {
  return [...model.workers, ...model.schedulers];
}

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

function faultAt(link: ChainLink, init: Init | undefined, under: ProcessManager | undefined): SignalFault | undefined {
  if (link.kind === 'detached') return { rule: 'container/detached-worker', link };
  if (link.kind === 'package-manager' && link.forwards !== 'no') return undefined;
  if (link.kind === 'package-manager') return isParallel(link) ? { rule: 'container/background-without-wait', link, init } : { rule: 'container/package-manager-as-init', link };
  if (link.kind !== 'shell' || link.replaces) return undefined;
  if (link.background) return link.waits && link.forwards ? undefined : { rule: 'container/background-without-wait', link, init };
  if (init) return { rule: 'container/init-kills-worker', link, init };
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

/** The rules that must be obeyed before a longer stop time helps: the signal does not reach this process. */
export function blockersOf(process: Process): Pick<Problem, 'blockedBy'> {
  const rules = [...new Set(signalFaults(process).map(({ rule }) => rule))];
  return rules.length > 0 ? { blockedBy: rules } : {};
}

/** Schedulers lose at most a tick. */
export function severityFor(process: Process, severity: Severity): Severity {
  return !isWorker(process) && severity === 'error' ? 'warning' : severity;
}

/** Container faults are seen in the image alone; without a deployment that names it, medium; where the shell is not known either, low. */
function chainConfidence(process: Process, { link }: SignalFault): Confidence {
  const isGuess = process.platform === 'unknown' && link.kind === 'shell' && link.shell === 'unknown' && link.singleCommand && link.from !== 'script';
  return weakest(startConfidence(process), process.platform === 'unknown' ? 'medium' : 'high', isGuess ? 'low' : 'high');
}

/** The same fault at the same place, with every process it concerns, the one that says most about it first. */
export interface SharedFault<F extends SignalFault = SignalFault> {
  readonly fault: F;
  readonly process: Process;
  readonly processes: readonly Process[];
}

/** The faults one rule speaks of, by place: a script that several workers (and a scheduler) run through has one fault. */
export function faultsAt<R extends SignalFault['rule']>(model: Model, rule: R): readonly SharedFault<FaultOf<R>>[] {
  const places = new Map<string, SharedFault<FaultOf<R>>>();
  for (const process of processesOf(model)) {
    for (const fault of signalFaults(process)) {
      if (!speaksOf(fault, rule)) continue;
      const { path, startLine, startColumn } = fault.link.at;
      const key = `${path}:${startLine}:${startColumn}`;
      const before = places.get(key);
      places.set(key, before === undefined ? { fault, process, processes: [process] } : { ...(isClearer(process, fault, before) ? { fault, process } : before), processes: [...before.processes, process] });
    }
  }
  return [...places.values()];
}

const speaksOf = <R extends SignalFault['rule']>(fault: SignalFault, rule: R): fault is FaultOf<R> => fault.rule === rule;

function isClearer(process: Process, fault: SignalFault, before: { readonly process: Process; readonly fault: SignalFault }): boolean {
  return isWorker(process) && isWorker(before.process) && CONFIDENCES.indexOf(chainConfidence(process, fault)) < CONFIDENCES.indexOf(chainConfidence(before.process, before.fault));
}

/** The parts every finding about the signal's way shares: first in the order of cure. */
export function onTheWay({ fault, process, processes }: SharedFault, severity: Severity): Pick<Problem, 'order' | 'at' | 'severity' | 'confidence' | 'workers' | 'environments'> {
  const environments = [...new Set(processes.flatMap(({ environment }) => environment ?? []))];
  return {
    order: 1, at: fault.link.at, severity: severityFor(process, severity), confidence: chainConfidence(process, fault), workers: processes.map(({ id }) => id), ...(environments.length > 0 && { environments }),
  };
}

/** The end of a process that never hears the signal, with the seconds where a platform grants them. */
export function killedDeaf(process: Process, why: string): string {
  if (!isWorker(process)) return `SIGTERM → ${why} → SIGKILL`;
  const { stopTime } = process;
  if (process.platform === 'unknown' || stopTime.state !== 'set') return `SIGTERM → ${why} → SIGKILL: ${outcomeOfKill(process)}`;
  return killedAfter(stopTime.value, outcomeOfKill(process)).replace('SIGTERM', `SIGTERM → ${why}`);
}

/** Killed with no grace at all: PID 1 is gone, and the kernel ends its whole namespace. */
export function killedAtOnce(process: Process, why: string): string {
  return `SIGTERM → ${why} → everything is killed at once${isWorker(process) ? `: ${outcomeOfKill(process)}` : ''}`;
}

/** A shell that is not PID 1 dies of the signal: under a manager its child is left behind, as the container's own process it ends the container. */
export function killedByDeath(process: Process, shell: string, under: ProcessManager | undefined): string {
  if (!under) return killedAtOnce(process, `${shell} dies`);
  return `SIGTERM → ${under.program} → ${shell} dies → ${nameOf(process)} is left behind and killed with the container${isWorker(process) ? `: ${outcomeOfKill(process)}` : ''}`;
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
