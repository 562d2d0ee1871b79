import { posix } from 'node:path';
import type { MessageConsumer, PackageFacts, SourceLocation } from '../../model/index.js';
import { behind, hostOf, next, textOf, unaudited, type Journey, type Process, type Reached } from '../command.js';
import { likely, type Word } from '../process-environment.js';
import { programOfText } from './shell-text.js';
import { walkShell } from './shell.js';

/** Programs that run a script of JavaScript or TypeScript. */
const RUNTIMES = /^(node|nodejs|ts-node|tsx|bun|deno)$/;
/** Options of these programs that take the next word as their value (nodejs.org/api/cli.html). */
const VALUES: ReadonlySet<string> = new Set(['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions', '--env-file', '--max-old-space-size', '-P', '--project', '--tsconfig']);
/** Words of a script's name that say that it works off a queue, and those that say that it does not. */
const CONSUMER = /^(workers?|consumers?|processors?|queues?|jobs)$/;
const NO_CONSUMER = /^(web|www|http|api|server|service|next|ui|dashboard|board|test|migrate|seed|create|setup)$/;

/** `node dist/queue-worker.js`: what its module starts takes messages; where that could not be followed, the name of the script says so. */
export function node(process: Process, journey: Journey): readonly Reached[] {
  const script = scriptOf(process.argv.slice(1));
  const text = likely(script);
  if (!script || text === undefined) return [];
  const consumers = consumersOf(text, process, journey);
  if (consumers.length === 0 && !namesConsumer(text) && !standsIn(process, text)) return [];
  return [{ ...unaudited('node', textOf(process.argv), process.argv[0]!.at, process), ...(consumers.length > 0 && { consumers }) }];
}

/** `apps/worker` runs `dist/main.js`: the folder says what it is. */
function standsIn({ directory }: Process, script: string): boolean {
  return directory !== undefined && !script.startsWith('/') && /^(?:workers?|consumers?)$/.test(posix.basename(directory)) && /(?:^|\/)(?:main|index|app|start|bootstrap)\.[cm]?[jt]s$/.test(script);
}

export const isNode = (program: string): boolean => RUNTIMES.test(program);

/** The name of a file says that it is a consumer: `queue-worker.js`, `emailConsumer.ts`; never `service-worker.js`. */
export function namesConsumer(path: string): boolean {
  const words = posix.basename(path).replace(/\.[cm]?[jt]sx?$|\.py$/, '').replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase().split(/[^a-z]+/);
  return words.some(word => CONSUMER.test(word)) && !words.some(word => NO_CONSUMER.test(word));
}

/** What the module of a script starts. Of a file that is built, the source that fits its path. */
function consumersOf(script: string, { directory }: Process, { image, startedBy }: Journey): readonly MessageConsumer[] {
  const path = posix.resolve(directory ?? image.workingDirectory, script);
  for (const stem of sourcesOf(path.replace(/\.[cm]?[jt]sx?$/, ''))) {
    for (const ending of ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '/index.ts', '/index.js']) {
      const file = image.file(stem + ending);
      const found = file ? startedBy(file.path) : [];
      if (found.length > 0) return found;
    }
  }
  return [];
}

/** `dist/worker` is built from `src/worker` or `worker`; `dist/apps/mail/main` (Nest) from `apps/mail/src/main`. */
function sourcesOf(stem: string): readonly string[] {
  const [, before = '', after = ''] = /^([^]*)\/(?:dist|build|lib|out)\/([^]*)/.exec(stem) ?? [];
  const [, project = '', rest = ''] = /^(?:[^/]+\/)?((?:apps|packages|services|libs)\/[^/]+)\/(?:src\/)?(.*)$/.exec(after) ?? [];
  return [stem, ...(after === '' ? [] : [`${before}/src/${after}`, `${before}/${after}`]), ...(project === '' ? [] : [`${before}/${project}/src/${rest}`])];
}

function scriptOf(words: readonly Word[]): Word | undefined {
  for (let i = 0; i < words.length; i++) {
    const text = words[i]!.text;
    if (/^(-e|--eval|-p|--print|--test|--check|-c)$/.test(text)) return undefined;
    if (VALUES.has(text)) i++;
    else if (text !== 'run' && !text.startsWith('-')) return words[i];
  }
  return undefined;
}

// Scripts of a package

export const runsScripts = (program: string): boolean => /^(npm|pnpm|yarn|bun)$/.test(program);
/** Options of npm, pnpm and yarn that name a folder, and those that name a package of the workspace. */
const IN_FOLDER = /^(--prefix|-C|--dir|--cwd)(?:=|$)/, IN_PACKAGE = /^(--filter|-F|--workspace|-w)(?:=|$)/;

/**
 * `npm run worker`, `pnpm --filter jobs start`: the program of the package's script. undefined: no script of a package is run.
 * npm and pnpm give the signal to the shell of the script and wait for it (measured with npm 11, pnpm 8, 9 and 10, with and without a filter: behind
 * bash and busybox, which exec the command, it arrives; dash dies of it, and they end). What bun does has not been measured.
 */
export function packageScript(program: string, process: Process, journey: Journey, at: SourceLocation): readonly Reached[] | undefined {
  const asked = askedFor(program, process.argv.slice(1));
  const found = asked && packageOf(asked, process, journey);
  const script = found?.facts.scripts.find(({ name }) => name === asked!.script);
  const commands = script && programOfText(script.text, script.at);
  if (!found || !script || !commands) return undefined;
  const inner = next(process, [], { directory: found.directory });
  const reached = walkShell({ program: commands, from: 'shell -c', shell: journey.image.shell, environment: process.environment, directory: found.directory, slots: [] }, hostOf(inner, journey));
  const text = textOf(process.argv);
  if (program === 'npm' || program === 'pnpm') return behind({ kind: 'init', program, toGroup: false, at, text }, reached);
  return behind({ kind: 'package-manager', program, forwards: program === 'yarn' ? yarnForwards(script.at.path, journey) : 'unknown', at, text }, reached.map(one => ({ ...one, links: one.links.filter(({ kind }) => kind !== 'shell') })));
}

/**
 * yarn 1 passes the signal on and ends without waiting; later ones run the script without a shell of the system, pass the signal on and wait
 * (measured with 1.22 and 4). The images of Node.js hold yarn 1 (github.com/nodejs/docker-node); what takes another one says so.
 */
function yarnForwards(path: string, { store }: Journey): 'yes' | 'ends' {
  for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
    const manager = store.facts(posix.join(folder, 'package.json'))?.package?.packageManager;
    if (manager !== undefined) return /^yarn@[01]\./.test(manager) ? 'ends' : 'yes';
    if (store.has(posix.join(folder, '.yarnrc.yml'))) return 'yes';
    if (folder === '.' || folder === '/') return 'ends';
  }
}

interface Asked { readonly script: string; readonly folder?: string; readonly workspace?: string }

function askedFor(program: string, words: readonly Word[]): Asked | undefined {
  let folder: string | undefined, workspace: string | undefined;
  const operands: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const text = likely(words[i]);
    if (text === undefined || text === '--') break;
    const takes = IN_FOLDER.test(text) ? 'folder' : IN_PACKAGE.test(text) ? 'workspace' : undefined;
    if (takes) {
      const value = text.includes('=') ? text.slice(text.indexOf('=') + 1) : likely(words[++i]);
      if (takes === 'folder') folder = value; else workspace = value;
    } else if (!text.startsWith('-')) operands.push(text);
  }
  if (program === 'yarn' && operands[0] === 'workspace') [, workspace] = operands.splice(0, 2);
  const [first, second] = operands;
  const script = first === 'run' || first === 'run-script' ? second : first === 'start' || program !== 'npm' ? first : undefined;
  return script === undefined ? undefined : { script, ...(folder !== undefined && { folder }), ...(workspace !== undefined && { workspace }) };
}

/** The package whose script is run, and the container path of its folder. */
function packageOf({ folder, workspace }: Asked, { directory }: Process, { image, store }: Journey): { readonly facts: PackageFacts; readonly directory: string } | undefined {
  // `--filter ./apps/mail`, `-w apps/mail`: by its folder
  const inside = workspace !== undefined && (workspace.startsWith('.') || workspace.includes('/')) && !workspace.startsWith('@') ? workspace.replace(/\.{3}$/, '') : undefined;
  const from = posix.resolve(directory ?? image.workingDirectory, folder ?? '', inside ?? '');
  const own = image.file(posix.join(from, 'package.json'));
  const at = (path: string): PackageFacts | undefined => store.facts(path)?.package;
  if (workspace === undefined || inside !== undefined) { const facts = own && at(own.path); return facts && { facts, directory: from }; }
  const [path, ...others] = store.paths.filter(one => posix.basename(one) === 'package.json' && at(one)?.name === workspace);
  if (path === undefined || others.length > 0) return undefined;
  const top = own && path.startsWith(posix.dirname(own.path) === '.' ? '' : `${posix.dirname(own.path)}/`) ? posix.dirname(own.path) : '.';
  return { facts: at(path)!, directory: posix.join(from, posix.relative(top, posix.dirname(path))) };
}
