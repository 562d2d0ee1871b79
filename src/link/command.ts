import { posix } from 'node:path';
import type { ChainLink, ConsumerCommand, FactStore, SourceLocation, Statement } from '../model/index.js';
import { nested, expressionsOf, walk, dottedName, startOf } from '../model/index.js';
import { LAUNCHERS, MANAGEMENT_CONSUMERS, NO_LAUNCHERS, OTHER_CONSUMERS, PROCESS_MANAGERS, SHELL_NAMES, type LauncherRow, type ShellName } from '../knowledge/start-commands.js';
import { celeryCommand } from './celery-command.js';
import type { Image, MappedFile } from './image.js';
import { runManager, runServices } from './managed.js';
import { knownWord, likely, type Environment, type Word } from './process-environment.js';
import { textWord, walkShell, type ShellHost } from './shell.js';
import { programOfText } from './shell-text.js';

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
}

/** What one walk shares: the tree, the image, the files it came by and the steps it may still take. */
export interface Journey { readonly store: FactStore; readonly image: Image; readonly visited: Set<string>; steps: number }

/** A process on the way: what runs, in which environment and folder. */
export interface Process { readonly argv: readonly Word[]; readonly environment: Environment; readonly directory?: string; readonly depth: number; readonly scripts: readonly string[]; /** False: a script whose caller is not known. */ readonly argsKnown?: boolean }

/** Processes inside each other beyond this are not followed, nor a walk of more steps. */
const DEPTH = 24;
export const STEPS = 50_000;

/** Every consumer an argv leads to: through shells, inits, wrappers, package managers, scripts and process managers. */
export function follow(process: Process, journey: Journey): readonly Reached[] {
  const [first] = process.argv;
  const program = likely(first);
  if (!first || program === undefined || program === '' || process.depth > DEPTH || journey.steps-- <= 0) return [];
  const name = posix.basename(program);
  const at = first.at;
  if (name === 'celery' || name === 'celery.exe') return celery(process, at);
  if (isShell(name)) return shell(name, process, journey);
  if (name === 'su') return switchUser(process, journey, at);
  if (/^python[\d.]*$|^pypy3?$/.test(name)) return python(process, journey, at);
  const other = otherConsumer(process.argv, name, at, process);
  if (other) return [other];
  const manager = PROCESS_MANAGERS.find(row => row.program.test(name));
  if (manager && !(name !== 'supervisord' && likely(process.argv[1]) !== 'start')) return runManager(manager, process, journey);
  if (name === 'parallel' || name === 'concurrently') return parallel(process, journey, at);
  const launcher = LAUNCHERS.find(row => row.program.test(name));
  if (launcher) return launch(launcher, program, process, journey, at);
  const script = locate(program, process, journey);
  if (script) {
    const reached = inFile(script, process, journey);
    if (reached.length > 0 || journey.store.facts(script.path)?.script) return reached;
  }
  if (program === '/init') return runServices(process, journey, at);
  return custom(name, process, at);
}

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

function celery(process: Process, at: SourceLocation): readonly Reached[] {
  const found = celeryCommand(process.argv, at);
  if (!found || found.command.kind === 'celery-other') return [];
  const text = found.command.text;
  const links: ChainLink[] = [...(found.detached ? [{ kind: 'detached', how: found.detached, at, text } as const] : []), { kind: 'worker', at, text }];
  return [{ ...consumer(found.command, process, links), ...(found.workdir !== undefined && { workdir: found.workdir }) }];
}

/** `hypothesis celery worker`, `manage.py celery worker`: a program of the repository's own whose arguments are a celery command. */
function custom(name: string, process: Process, at: SourceLocation): readonly Reached[] {
  if (NO_LAUNCHERS.has(name)) return [];
  const index = process.argv.findIndex((word, i) => i > 0 && likely(word) !== undefined && posix.basename(likely(word)!) === 'celery');
  const reached = index < 0 ? [] : celery(next(process, process.argv.slice(index)), at);
  return behind({ kind: 'wrapper', program: name, at, text: textOf(process.argv) }, reached.map(one => ({ ...one, command: { ...one.command, text: textOf(process.argv) } })));
}

function otherConsumer(argv: readonly Word[], name: string, at: SourceLocation, process: Process): Reached | undefined {
  const row = OTHER_CONSUMERS.find(entry => entry.program.test(name) && (!entry.word || argv.slice(1).some(word => entry.word!.test(likely(word) ?? ''))));
  const management = /^(django-admin|manage\.py)$/.test(name) ? MANAGEMENT_CONSUMERS[likely(argv[1]) ?? ''] : undefined;
  const kind = row?.kind ?? management;
  return kind === undefined ? undefined : unaudited(kind, textOf(argv), at, process);
}

function unaudited(kind: string, text: string, at: SourceLocation, process: Process): Reached {
  return consumer({ kind: 'unaudited', text, at, app: kind, options: new Map(), unknownOptions: new Map(), overrides: new Map() }, process, [{ kind: 'worker', at, text }]);
}

// Shells

function shell(name: string, process: Process, journey: Journey): readonly Reached[] {
  const { argv } = process;
  const kind: ShellName = SHELL_NAMES[name] ?? journey.image.shell;
  let i = 1;
  for (; i < argv.length; i++) {
    const text = argv[i]!.text;
    if (/^-[a-zA-Z]*c[a-zA-Z]*$/.test(text)) return programText(argv[i + 1], argv.slice(i + 2), kind, process, journey, argv[0]!);
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

function hostOf(process: Process, journey: Journey): ShellHost {
  return {
    start: (argv, environment, directory) => follow({ argv, environment, ...(directory !== undefined && { directory }), depth: process.depth + 1, scripts: process.scripts }, journey),
    sourced(file, directory) {
      const found = locate(file.includes('/') ? file : `./${file}`, { ...process, ...(directory !== undefined && { directory }) }, journey);
      if (!found || process.scripts.filter(path => path === found.path).length > 2) return undefined;
      journey.visited.add(found.path);
      return journey.store.facts(found.path)?.script?.commands;
    },
    spend: () => journey.steps-- > 0,
  };
}

/** A program file of the repository: a shell script, or a Python file that starts a worker. `by`: the shell that reads it. */
function inFile(file: MappedFile & { readonly container: string }, process: Process, journey: Journey, by?: { readonly name: string; readonly kind: ShellName }): readonly Reached[] {
  const facts = journey.store.facts(file.path);
  if (process.scripts.filter(path => path === file.path).length > 1) return [];
  if (facts?.code) return pythonFile(file.path, facts.code, process);
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

// Python

function python(process: Process, journey: Journey, at: SourceLocation): readonly Reached[] {
  const { argv } = process;
  for (let i = 1; i < argv.length; i++) {
    const text = likely(argv[i]) ?? '';
    if (text === '-m') return pythonModule(process, argv.slice(i + 1), journey, at);
    if (text === '-c') return [];
    if (text === '-W' || text === '-X') { i++; continue; }
    if (text.startsWith('-')) continue;
    return pythonScript(process, argv.slice(i), journey, at);
  }
  return [];
}

function pythonModule(process: Process, words: readonly Word[], journey: Journey, at: SourceLocation): readonly Reached[] {
  const module = likely(words[0]);
  if (module === undefined) return [];
  const name = { 'celery.bin.celery': 'celery', 'newrelic.admin': 'newrelic-admin', 'ddtrace.commands.ddtrace_run': 'ddtrace-run', 'rq.cli': 'rq' }[module] ?? module;
  const link: ChainLink = { kind: 'wrapper', program: 'python -m', at, text: textOf(process.argv) };
  if (!name.includes('.') || name.endsWith('.py')) return behind(link, follow(next(process, [{ ...knownWord(name, at) }, ...words.slice(1)]), journey));
  const path = `./${name.replaceAll('.', '/')}`;
  const file = locate(`${path}.py`, process, journey) ?? locate(`${path}/__main__.py`, process, journey);
  return file ? behind(link, inFile(file, next(process, words), journey)) : [];
}

function pythonScript(process: Process, words: readonly Word[], journey: Journey, at: SourceLocation): readonly Reached[] {
  const program = likely(words[0])!;
  const name = posix.basename(program);
  const link: ChainLink = { kind: 'wrapper', program: 'python', at, text: textOf(process.argv) };
  if (name === 'celery' || name === 'supervisord' || name === 'manage.py') return behind(link, follow(next(process, words), journey));
  const file = locate(program.includes('/') ? program : `./${program}`, process, journey);
  const reached = file ? inFile(file, next(process, words), journey) : [];
  return behind(link, reached.length > 0 ? reached : custom(name, next(process, words), at));
}

/** A Python file that starts a worker by itself is a consumer we do not read. */
function pythonFile(path: string, code: readonly Statement[], process: Process): readonly Reached[] {
  return startsWorker(code, 0) ? [unaudited('python', textOf(process.argv) || path, process.argv[0]?.at ?? startOf(path), process)] : [];
}

function startsWorker(code: readonly Statement[], depth: number): boolean {
  return depth < 30 && code.some(statement => expressionsOf(statement).some(expr => [...walk(expr)].some(part => part.is === 'call' && isWorkerCall(part)))
    || startsWorker(nested(statement), depth + 1) || (statement.do === 'function' && startsWorker(statement.function.body, depth + 1)));
}

function isWorkerCall({ callee }: { readonly callee: Parameters<typeof dottedName>[0] }): boolean {
  if (callee.is === 'member') return callee.name === 'worker_main' || (callee.name === 'Worker' && /(^|\.)(app|celery|current_app|celery_app)$/.test(dottedName(callee.object) ?? ''));
  return callee.is === 'name' && callee.name === 'WorkController';
}

// Launchers

function launch(row: LauncherRow, program: string, process: Process, journey: Journey, at: SourceLocation): readonly Reached[] {
  const inner = behindOptions(row, process);
  if (!inner) return [];
  const name = posix.basename(program);
  const text = textOf(process.argv);
  const reached = follow(inner, journey).map(one => (row.as === 'development' ? { ...one, reload: true } : one));
  if (row.as === 'detach') return behind({ kind: 'detached', how: name, at, text }, reached);
  if (row.as === 'init') return behind({ kind: 'init', program: name, toGroup: sendsToGroup(row, process), at, text }, reached);
  if (row.as === 'wrapper') return behind({ kind: 'wrapper', program: name, at, text }, reached);
  const words = row.subcommand && inner.argv.length < process.argv.length ? `${name} ${row.subcommand[0]!}` : name;
  return behind({ kind: 'package-manager', program: row.subcommand ? words : name, forwards: row.forwards ?? 'unknown', at, text }, reached);
}

/** The command a launcher's arguments hold, past its subcommand, options and operands. */
function behindOptions(row: LauncherRow, process: Process): Process | undefined {
  const words = process.argv.slice(1);
  const separator = words.findIndex(word => word.text === '--');
  if (row.needsSeparator) return separator < 0 ? undefined : next(process, words.slice(separator + 1));
  let operands = row.operands ?? 0;
  let wantsSubcommand = row.subcommand !== undefined;
  const variables = new Map(process.environment.variables);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!, text = word.text;
    if (text === '--') continue;
    if (text.startsWith('-')) { if (row.values?.includes(text)) i++; continue; }
    if (wantsSubcommand) { if (!row.subcommand!.includes(likely(word) ?? '')) return undefined; wantsSubcommand = false; continue; }
    const pair = row.assignments ? /^([A-Za-z_]\w*)=(.*)$/s.exec(text) : null;
    if (pair) { variables.set(pair[1]!, { name: pair[1]!, at: word.at, exported: true, origin: `set in ${word.at.path}`, ...(word.known && { value: pair[2]! }) }); continue; }
    if (operands > 0) { operands--; continue; }
    const rest = words.slice(i);
    // `watchfiles 'celery …'`, `su -c 'celery …'`: the command as one text.
    const program = rest.length >= 1 && /\s/.test(likely(word) ?? '') && row.as === 'development' ? [knownWord('/bin/sh', word.at), knownWord('-c', word.at), textWord(word)] : rest;
    return next(process, program, { environment: { ...process.environment, variables } });
  }
  return undefined;
}

function sendsToGroup(row: LauncherRow, process: Process): boolean {
  const { usually, unless } = row.toGroup!;
  const own = process.argv.slice(1).map(word => word.text);
  const end = own.findIndex(text => text === '--' || !text.startsWith('-'));
  const options = end < 0 ? own : own.slice(0, end);
  const turned = options.some(text => unless.some(option => text === option || (option.length === 2 && /^-[a-z]+$/i.test(text) && text.includes(option[1]!))));
  const variable = (name: string): string | undefined => process.environment.variables.get(name)?.value;
  if (usually && variable('DUMB_INIT_SETSID') === '0') return false;
  if (!usually && variable('TINI_KILL_PROCESS_GROUP')) return true;
  return turned ? !usually : usually;
}

/** GNU parallel, concurrently: every text behind `:::` is a program of its own; they wait, and pass no signal on. */
function parallel(process: Process, journey: Journey, at: SourceLocation): readonly Reached[] {
  const words = process.argv.slice(1);
  const start = words.findIndex(word => word.text === ':::');
  const texts = (start < 0 ? words.filter(word => /\s/.test(word.text)) : words.slice(start + 1)).filter(word => !word.text.startsWith('-'));
  const reached = texts.flatMap(word => follow(next(process, [knownWord('/bin/sh', at), knownWord('-c', at), { ...word, ...textWord(word) }]), journey));
  return behind({ kind: 'package-manager', program: posix.basename(likely(process.argv[0]) ?? 'parallel'), forwards: 'no', at, text: textOf(process.argv) }, reached);
}
