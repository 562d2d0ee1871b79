import { posix } from 'node:path';
import type { ChainLink, ConsumerCommand, FactStore, MessageConsumer, SourceLocation } from '../model/index.js';
import { LAUNCHERS, MANAGEMENT_CONSUMERS, NO_LAUNCHERS, OTHER_CONSUMERS, PROCESS_MANAGERS, SHELL_NAMES, type ShellName } from '../knowledge/start-commands.js';
import { celeryCommand } from './start/celery-command.js';
import type { Image, MappedFile } from './start/image.js';
import { runManager, runServices } from './start/managed.js';
import { knownWord, likely, OPEN_ENVIRONMENT, type Environment, type Word } from './process-environment.js';
import { launch, parallel } from './start/launchers.js';
import { isNode, node, packageScript, runsScripts } from './start/node-command.js';
import type { StartedBy } from './node/started.js';
import { managementCommand, python } from './start/python-command.js';
import { pythonFile } from './start/python-file.js';
import { walkShell, type ShellHost } from './start/shell.js';
import { programOfText } from './start/shell-text.js';

/** A consumer command that a start reaches, and the way the stop signal takes to it. */
export interface Reached {
  readonly command: ConsumerCommand;
  readonly links: readonly ChainLink[];
  readonly environment: Environment;
  /** The container path of its working directory; undefined: not known. */
  readonly directory?: string;
  /** `celery --workdir`. */
  readonly workdir?: string;
  /** Folders of the repository that scripts on the way stand in. */
  readonly folders: readonly string[];
  /** A file on the way was found by the end of its path alone. */
  readonly guessed: boolean;
  /** It restarts itself when the code changes. */
  readonly reload: boolean;
  /** The program of a process manager that runs it. */
  readonly program?: string;
  /** Consumers in Node.js that it makes. */
  readonly consumers?: readonly MessageConsumer[];
}

/** What one walk shares: the tree, the image, the files it came by, the consumers that a module of Node.js starts, and the steps it may still take. */
export interface Journey { readonly startedBy: StartedBy; readonly store: FactStore; readonly image: Image; readonly visited: Set<string>; steps: number; readonly all: Steps }

/** The steps that all walks of a tree may still take; where they, or those of one walk, came to an end. */
export interface Steps { left: number; cutAt?: SourceLocation }

/** A process on the way: what runs, in which environment and folder. */
export interface Process { readonly argv: readonly Word[]; readonly environment: Environment; readonly directory?: string; readonly depth: number; readonly scripts: readonly string[]; /** False: a script whose caller is not known. */ readonly argsKnown?: boolean }

/** Processes inside each other beyond this are not followed, nor a walk of more steps. */
const DEPTH = 24;
export const STEPS = 50_000;
/** Steps of all walks of a tree. */
export const ALL_STEPS = 200_000;

function spend(journey: Journey, at: SourceLocation): boolean {
  if (journey.steps-- > 0 && journey.all.left-- > 0) return true;
  journey.all.cutAt ??= at;
  return false;
}

/** Every consumer an argv leads to: through shells, inits, wrappers, package managers, scripts and process managers. */
export function follow(process: Process, journey: Journey): readonly Reached[] {
  const [first] = process.argv;
  const program = likely(first);
  if (!first || program === undefined || program === '' || process.depth > DEPTH || !spend(journey, first.at)) return [];
  const name = posix.basename(program);
  const at = first.at;
  if (name === 'celery' || name === 'celery.exe') return celery(process, at);
  if (isShell(name)) return shell(name, process, journey);
  if (name === 'su') return switchUser(process, journey, at);
  if (/^python[\d.]*$|^pypy3?$/.test(name)) return python(process, journey, at);
  if (runsScripts(name)) { const reached = packageScript(name, process, journey, at); if (reached) return reached; }
  if (isNode(name)) return node(process, journey);
  const other = otherConsumer(process.argv, name, at, process);
  if (other) return [other];
  if (isManagement(name)) { const reached = managementCommand(process, journey); if (reached.length > 0) return reached; }
  const manager = PROCESS_MANAGERS.find(row => row.program.test(name));
  if (manager && (!/^(?:honcho|foreman)$/.test(manager.name) || likely(process.argv[1]) === 'start')) return runManager(manager, process, journey);
  if (name === 'parallel' || name === 'concurrently') return parallel(process, journey, at);
  const launcher = LAUNCHERS.find(row => row.program.test(name) && (row.never === undefined || likely(process.argv[1]) !== row.never));
  if (launcher) return launch(launcher, program, process, journey, at);
  const script = locate(program, process, journey);
  if (script) {
    const reached = inFile(script, process, journey);
    if (reached.length > 0 || journey.store.facts(script.path)?.script) return reached;
  }
  if (program === '/init') return runServices(process, journey, at);
  return custom(name, process, at);
}

const isManagement = (name: string): boolean => /^(django-admin|manage\.py)$/.test(name);
const isShell = (name: string): boolean => /^(sh|bash|dash|ash|zsh|ksh)$/.test(name);
/** The next process of the same walk. */
export const next = (process: Process, argv: readonly Word[], change: Partial<Process> = {}): Process => ({ ...process, argv, depth: process.depth + 1, ...change });

/** Puts a link in front of everything reached behind it. */
export const behind = (link: ChainLink, reached: readonly Reached[]): readonly Reached[] => reached.map(one => ({ ...one, links: [link, ...one.links] }));
export const textOf = (argv: readonly Word[]): string => argv.map(word => word.text).join(' ');

function consumer(command: ConsumerCommand, process: Process, links: readonly ChainLink[]): Reached {
  return { command, links, environment: process.environment, ...(process.directory !== undefined && { directory: process.directory }), folders: process.scripts.map(folderOfFile), guessed: false, reload: false };
}

const folderOfFile = (path: string): string => (posix.dirname(path) === '.' ? '' : posix.dirname(path));

/** One consumer, or one for each app that the branches before it name. */
function celery(process: Process, at: SourceLocation): readonly Reached[] {
  const index = process.argv.findIndex((word, i) => i > 0 && word.choices !== undefined && !word.known && /^(-A|--app)$/.test(process.argv[i - 1]!.text));
  const { choices = [] } = process.argv[index] ?? {};
  if (choices.length === 0) return celeryApp(process, at);
  return choices.filter(choice => choice !== '').flatMap(choice => celeryApp({ ...process, argv: process.argv.map((word, i) => (i === index ? knownWord(choice, word.at) : word)) }, at).map(one => ({ ...one, guessed: true })));
}

function celeryApp(process: Process, at: SourceLocation): readonly Reached[] {
  const found = celeryCommand(process.argv, at);
  if (!found || found.command.kind === 'celery-other') return [];
  const text = found.command.text;
  const links: ChainLink[] = [...(found.detached ? [{ kind: 'detached', how: found.detached, at, text } as const] : []), { kind: 'worker', at, text }];
  return [{ ...consumer(found.command, process, links), ...(found.workdir !== undefined && { workdir: found.workdir }) }];
}

const WORKER_ALONE = /^(?:(?:rq|celery|queue|task|job)[-_]?)?workers?$/;

/** `hypothesis celery worker`, `manage.py celery worker`: a program of the repository's own whose arguments are a celery command. */
export function custom(name: string, process: Process, at: SourceLocation): readonly Reached[] {
  if (NO_LAUNCHERS.has(name)) return [];
  // an argument for an entry point that nobody can read: `worker`
  if (process.argv.length === 1 && WORKER_ALONE.test(name)) return [{ ...unaudited('unknown', textOf(process.argv), at, process), guessed: true }];
  const index = process.argv.findIndex((word, i) => i > 0 && likely(word) !== undefined && posix.basename(likely(word)!) === 'celery');
  const reached = index < 0 ? [] : celery(next(process, process.argv.slice(index)), at);
  return behind({ kind: 'wrapper', program: name, at, text: textOf(process.argv) }, reached.map(one => ({ ...one, command: { ...one.command, text: textOf(process.argv) } })));
}

function otherConsumer(argv: readonly Word[], name: string, at: SourceLocation, process: Process): Reached | undefined {
  const row = OTHER_CONSUMERS.find(entry => entry.program.test(name) && (!entry.word || argv.slice(1).some(word => entry.word!.test(likely(word) ?? ''))));
  const management = isManagement(name) ? MANAGEMENT_CONSUMERS[likely(argv[1]) ?? ''] : undefined;
  // Redash's `manage.py rq worker`: Flask's commands come in groups.
  const grouped = name === 'manage.py' && likely(argv[1]) === 'rq' && likely(argv[2]) === 'worker' ? 'rq' : undefined;
  const kind = row?.kind ?? management ?? grouped;
  return kind === undefined ? undefined : unaudited(kind, textOf(argv), at, process);
}

/** A consumer that nothing but its name shows. */
export function namedConsumer(name: string, at: SourceLocation): Reached {
  return unaudited('unknown', name, at, { argv: [], environment: OPEN_ENVIRONMENT, depth: 0, scripts: [] });
}

/** A Celery worker that the configuration declares, whose command nobody could read: any of its options may be given. */
export function declaredWorker(name: string, environment: Environment, at: SourceLocation): Reached {
  const argv: readonly Word[] = [knownWord('celery', at), knownWord('worker', at), { text: '$OPTIONS', known: false, at }];
  const { command } = celeryCommand(argv, at)!;
  const text = `the command of ${name}, which is not in the repository`;
  const unknownOptions = new Map([...command.unknownOptions.keys()].map(option => [option, 'is not read']));
  return consumer({ ...command, text, unknownOptions }, { argv, environment, depth: 0, scripts: [] }, [{ kind: 'worker', at, text }]);
}

export function unaudited(kind: string, text: string, at: SourceLocation, process: Process): Reached {
  return consumer({ kind: 'unaudited', text, at, app: kind, options: new Map(), unknownOptions: new Map(), overrides: new Map() }, process, [{ kind: 'worker', at, text }]);
}

function shell(name: string, process: Process, journey: Journey): readonly Reached[] {
  const { argv } = process;
  const kind: ShellName = SHELL_NAMES[name] ?? journey.image.shell;
  let i = 1;
  for (; i < argv.length; i++) {
    const text = argv[i]!.text;
    if (/^-[a-zA-Z]{0,20}c[a-zA-Z]{0,20}$/.test(text)) return programText(argv[i + 1], argv.slice(i + 2), kind, process, journey, argv[0]!);
    if (text === '-o' || text === '+o' || text === '-O') { i++; continue; }
    if (!/^[-+]/.test(text)) break;
  }
  const file = likely(argv[i]);
  const script = file === undefined ? undefined : locate(file.includes('/') ? file : `./${file}`, process, journey);
  return script ? inFile(script, next(process, argv.slice(i)), journey, { name, kind }) : [];
}

/** `su app -c "…"`: a shell below su, which kills it 2 s after a signal (util-linux su-common.c). */
function switchUser(process: Process, journey: Journey, at: SourceLocation): readonly Reached[] {
  const option = process.argv.findIndex(word => word.text === '-c' || word.text === '--command');
  const text = option < 0 ? undefined : process.argv[option + 1];
  const link: ChainLink = { kind: 'package-manager', program: 'su', forwards: 'unknown', at, text: textOf(process.argv) };
  return text ? behind(link, shell('sh', next(process, [knownWord('/bin/sh', at), knownWord('-c', at), text]), journey)) : [];
}

function programText(text: Word | undefined, rest: readonly Word[], kind: ShellName, process: Process, journey: Journey, shellWord: Word): readonly Reached[] {
  if (!text) return [];
  const value = likely(text);
  const program = text.program ?? (value === undefined ? undefined : programOfText(value, text.at));
  if (!program) return [];
  const isForm = shellWord.slots !== undefined;
  return walkShell({
    program, from: isForm ? 'shell-form' : 'shell -c', shell: kind, environment: process.environment, args: rest.slice(1), slots: text.slots ?? [],
    ...(process.directory !== undefined && { directory: process.directory }),
  }, hostOf(process, journey));
}

export function hostOf(process: Process, journey: Journey): ShellHost {
  return {
    start: (argv, environment, directory) => follow({ argv, environment, ...(directory !== undefined && { directory }), depth: process.depth + 1, scripts: process.scripts }, journey),
    sourced(file, directory) {
      const found = locate(file.includes('/') ? file : `./${file}`, { ...process, ...(directory !== undefined && { directory }) }, journey);
      if (!found || process.scripts.filter(path => path === found.path).length > 2) return undefined;
      journey.visited.add(found.path);
      return journey.store.facts(found.path)?.script?.commands;
    },
    spend: at => spend(journey, at),
  };
}

/** A program file of the repository: a shell script, or a Python file that starts a worker. `by`: the shell that reads it. */
export function inFile(file: MappedFile & { readonly container: string }, process: Process, journey: Journey, by?: { readonly name: string; readonly kind: ShellName }): readonly Reached[] {
  const facts = journey.store.facts(file.path);
  if (process.scripts.filter(path => path === file.path).length > 1) return [];
  if (facts?.code) return pythonFile(file.path, facts.code, process, journey.store);
  if (!facts?.script) return [];
  const interpreter = by?.name ?? facts.script.interpreter;
  const kind = by?.kind ?? (interpreter === undefined ? journey.image.shell : SHELL_NAMES[interpreter] ?? journey.image.shell);
  const inner: Process = { ...process, argsKnown: true, scripts: [...process.scripts, file.path] };
  const reached = walkShell({
    program: facts.script.commands, from: 'script', shell: kind, ...(interpreter !== undefined && { interpreter }), environment: process.environment, script: file.container, slots: [], ...(process.argsKnown !== false && { args: process.argv.slice(1) }),
    ...(process.directory !== undefined && { directory: process.directory }),
  }, hostOf(inner, journey));
  if (reached.length > 0) journey.visited.add(file.path);
  return reached.map(one => ({ ...one, guessed: one.guessed || file.how === 'guess', folders: one.folders.length > 0 ? one.folders : [folderOfFile(file.path)] }));
}

/** The repository file behind a program's name: by its path, or by name in the folders of PATH. */
export function locate(program: string, process: Process, { image, store }: Journey): (MappedFile & { readonly container: string }) | undefined {
  const candidates = program.includes('/')
    ? [posix.resolve(process.directory ?? image.workingDirectory, program)]
    : searchPath(process, image).map(folder => posix.join(folder, program));
  const found = candidates.map(container => ({ container, file: image.file(container) }));
  const best = found.find(({ file }) => file?.how === 'written') ?? (program.includes('/') || store.has(program) ? found.find(({ file }) => file) : undefined);
  return best?.file ? { ...best.file, container: best.container } : undefined;
}

const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

function searchPath(process: Process, image: Image): readonly string[] {
  const variable = process.environment.variables.get('PATH') ?? image.environment.variables.get('PATH');
  const written = (variable?.value ?? variable?.guess ?? '').split(':').filter(folder => folder.startsWith('/'));
  const partly = image.stages.flatMap(stage => stage.environment.filter(entry => entry.name === 'PATH' && entry.value !== 'secret' && entry.value.is === 'operation')
    .flatMap(entry => (entry.value !== 'secret' && entry.value.is === 'operation' ? entry.value.operands : []).flatMap(part => (part.is === 'literal' ? String(part.value).split(':') : []))));
  return [...new Set([...written, ...partly.filter(folder => folder.startsWith('/')), ...SYSTEM_PATH])];
}
