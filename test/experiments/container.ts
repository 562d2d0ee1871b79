import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { now, waitFor } from './clock.js';

/**
 * A container without a container runtime: a PID namespace, so that its first process really is PID 1 (a signal it has no handler for
 * does nothing to it, and its SIGKILL makes the kernel kill everything else in it), and a root file system of its own over this machine's.
 */
export interface Container {
  readonly name: string;
  /** Its PID 1, as this machine numbers it. */
  readonly pid1: number;
  /** It has processes. */
  alive(): boolean;
  /** What it has printed. */
  log(): string;
  /** SIGKILL of PID 1, as for a host or a container that ends without a warning. */
  kill(): Promise<void>;
  /** What ECS does: the stop signal to PID 1; when `seconds` are over SIGKILL. */
  stop(seconds: number, signal: NodeJS.Signals): Promise<Stopped>;
  /** Processes without children of their own, PID 1 left out: those of a prefork pool. */
  leaves(): readonly number[];
}

/** s from the signal until it was gone, and whether SIGKILL was needed. */
export interface Stopped { readonly after: number; readonly killed: boolean }

const LAUNCHER = fileURLToPath(new URL('container.sh', import.meta.url));
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** `folder`: that of the experiment, with `image` (files the image adds) and `shared`. Ends with this process, however that ends. */
export async function startContainer(folder: string, name: string, command: readonly string[], environment: Readonly<Record<string, string>>): Promise<Container> {
  const box = join(folder, name);
  for (const part of ['upper', 'work', 'root']) mkdirSync(join(box, part), { recursive: true });
  cpSync(join(folder, 'image'), join(box, 'upper'), { recursive: true });
  const printed = join(folder, `${name}.log`), output = openSync(printed, 'a');
  const launched = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--uts', '--pid', '--fork', '--kill-child=SIGKILL', '--', LAUNCHER, box, REPOSITORY, ...command], { stdio: ['ignore', output, output], detached: true, env: { ...environment, EXPERIMENT_WORKER: name } });
  let gone: number | undefined;
  launched.on('exit', () => { gone = now(); });
  launched.on('error', () => { gone = now(); });
  const alive = (): boolean => gone === undefined;
  const log = (): string => readFileSync(printed, 'utf8');
  const pid1 = await waitFor(() => { if (!alive()) throw new Error(`${name} ended at its start: ${log().slice(-500)}`); return childrenOf(launched.pid!)[0]; }, 10, `PID 1 of ${name}`, 5);
  const signal = (which: NodeJS.Signals): void => { if (alive()) try { process.kill(pid1, which); } catch { /* it has just ended */ } };
  const kill = async (): Promise<void> => { signal('SIGKILL'); await waitFor(() => !alive(), 10, `the end of ${name}`, 5); };
  return {
    name, pid1, alive, log, kill,
    async stop(seconds, which) {
      const asked = now();
      signal(which);
      const left = await waitFor(() => !alive(), seconds, name, 10).catch(() => false);
      if (!left) await kill();
      return { after: round((left ? gone! : now()) - asked), killed: !left };
    },
    leaves: () => descendants(pid1).filter(pid => pid !== pid1 && childrenOf(pid).length === 0),
  };
}

/** Ended processes have none. */
function childrenOf(pid: number): readonly number[] {
  try { return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number); } catch { return []; }
}
const descendants = (pid: number): readonly number[] => [pid, ...childrenOf(pid).flatMap(descendants)];
const round = (seconds: number): number => Math.round(seconds * 100) / 100;
