import type { Confidence, Container, Fix, Model, Problem, Severity } from '../model/index.js';
import { CONFIDENCES, shorten, spotOf } from '../model/index.js';
import { isWorker, signalFaults, type Process, type ProcessManager, type Shell, type SignalFault } from '../fate/index.js';
import { onEcs } from './outlast.js';
import { execFix, killedAfter, outcomeOfKill, startConfidence, weakest } from './shared.js';

export { isWorker, signalFaults, type Launcher, type Process, type Shell, type SignalFault } from '../fate/index.js';

/** The faults a rule speaks of. */
type FaultOf<R extends SignalFault['rule']> = Extract<SignalFault, { rule: R }>;

/** Workers first: where one shares a script with a scheduler, its finding is the one that counts. */
export function processesOf(model: Model): readonly Process[] {
  return [...model.workers, ...model.schedulers];
}

/** Deployed processes on ECS with the container they run in. */
export function* containersOnEcs(model: Model): Iterable<{ readonly process: Process; readonly container: Container }> {
  for (const process of processesOf(model)) if (process.container && onEcs(process) && process.role !== 'development') yield { process, container: process.container };
}

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
    if (process.reloads && !onEcs(process)) continue; // nobody deploys it
    for (const fault of signalFaults(process)) {
      if (!speaksOf(fault, rule)) continue;
      const key = spotOf(fault.link.at);
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

/** Where `exec` replaces a subshell alone: ` in a pipe`, ` in a subshell`; else nothing. */
export function apart({ piped, subshell }: Shell): string {
  return piped ? ' in a pipe' : subshell ? ' in a subshell' : '';
}

/** How the command is written so that it takes the place of its shell. Only bash can send output to a command beside it (`> >(tee log)`). */
export function execSaid({ piped, subshell, into, shell, text }: Shell): string {
  const whole = text.replace(/^exec\s+/, '');
  const command = shorten(piped ? whole.replace(/(?<!\s)\s+2>&1$/, '') : whole, 80);
  if (!piped) return `write \`exec ${command}\`${subshell ? ' outside of the subshell' : ''}`;
  const errors = into?.withErrors || /\s2>&1$/.test(whole) ? ' 2>&1' : '';
  const kept = into && shell === 'bash' ? `; to keep what ${into.text.split(' ')[0]} does, \`exec ${command} > >(${shorten(into.text, 80)})${errors}\`` : '';
  return `run \`exec ${command}\` without the pipe: the log goes to the container's output by itself${kept}`;
}

/** Writes `exec ` in front of the command, where that is enough. */
export function execFixOf(link: Shell): Fix | undefined {
  return link.piped || link.subshell ? undefined : execFix(link.slots);
}

/** pidMode task: the pause process is PID 1, and a shell that is not PID 1 dies of SIGTERM instead of ignoring it. */
export function sharesPids(process: Process): boolean {
  return process.container?.pidMode === 'task';
}

/** The command that stands where the fault is, as written: what a shell starts, or the consumer behind any other link. */
export function commandAt(process: Process, { link }: SignalFault): string {
  return shorten(link.kind === 'shell' ? link.text.replace(/^exec\s+/, '') : process.command.text, 80);
}
