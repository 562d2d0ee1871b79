import { posix } from 'node:path';
import type { ChainLink, Expr, FactStore, SourceLocation, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, nested, startOf, walk } from '../../model/index.js';
import { behind, custom, follow, inFile, locate, next, textOf, unaudited, type Journey, type Process, type Reached } from '../command.js';
import { namesConsumer } from './node-command.js';
import { knownWord, likely, type Word } from '../process-environment.js';

/** `python -m celery`, `python manage.py …`, `python run_celery.py`. */
export function python(process: Process, journey: Journey, at: SourceLocation): readonly Reached[] {
  const { argv } = process;
  for (let i = 1; i < argv.length; i++) {
    const text = likely(argv[i]);
    if (text === undefined) return []; // `python "$SCRIPT"`
    if (text === '-m') return pythonModule(process, argv.slice(i + 1), journey, at);
    if (text === '-c') return [];
    if (text === '-W' || text === '-X') { i++; continue; }
    if (text.startsWith('-')) continue;
    return pythonScript(text, process, argv.slice(i), journey, at);
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

function pythonScript(program: string, process: Process, words: readonly Word[], journey: Journey, at: SourceLocation): readonly Reached[] {
  const name = posix.basename(program);
  const link: ChainLink = { kind: 'wrapper', program: 'python', at, text: textOf(process.argv) };
  if (name === 'celery' || name === 'supervisord' || name === 'manage.py') return behind(link, follow(next(process, words), journey));
  const file = locate(program.includes('/') ? program : `./${program}`, process, journey);
  const reached = file ? inFile(file, next(process, words), journey) : [];
  const named = reached.map(one => (one.command.kind === 'unaudited' ? { ...one, command: { ...one.command, text: textOf(process.argv) } } : one));
  const other = named.length > 0 ? named : custom(name, next(process, words), at);
  // a script that nothing but its name calls a worker, as for Node
  return behind(link, other.length > 0 || !file || !namesConsumer(program) ? other : [unaudited('python', textOf(process.argv), at, process)]);
}

/** A Python file that starts a worker by itself, or takes messages in a loop of its own, is a consumer we do not read. */
export function pythonFile(path: string, code: readonly Statement[], process: Process, store: FactStore): readonly Reached[] {
  const kind = consumerIn(code);
  if (kind === undefined) return [];
  const one = unaudited(kind, textOf(process.argv) || path, process.argv[0]?.at ?? startOf(path), process);
  return [kind === 'sqs' ? { ...one, command: { ...one.command, handlesStop: handlesStop(path, code, store) } } : one];
}

/** It, or a module of the repository that it imports, names SIGTERM or sets a handler for signals. */
function handlesStop(path: string, code: readonly Statement[], store: FactStore): boolean {
  const imported = code.flatMap(statement => (statement.do === 'import-names' || statement.do === 'import-module' ? [statement.module] : [])).flatMap(module => {
    const file = module.replace(/^\.+/, '').replaceAll('.', '/');
    return [...new Set([posix.dirname(path), '.'])].flatMap(folder => [`${file}.py`, `${file}/__init__.py`].map(name => posix.join(folder, name))).filter(name => store.has(name));
  });
  const all = [code, ...imported.map(name => store.facts(name)?.code ?? [])];
  return all.some(statements => mentions(statements, 0));
}

function mentions(code: readonly Statement[], depth: number): boolean {
  return depth < 30 && code.some(statement => expressionsOf(statement).some(expr => walk(expr).some(part => (part.is === 'member' || part.is === 'name') && /^(?:SIGTERM|add_signal_handler)$/.test(part.name)))
    || mentions(nested(statement), depth + 1) || (statement.do === 'function' && mentions(statement.function.body, depth + 1)) || (statement.do === 'class' && mentions(statement.class.body, depth + 1)));
}

function consumerIn(code: readonly Statement[]): string | undefined {
  if (hasCall(code, isWorkerCall, 0)) return 'python';
  if (hasCall(code, ({ callee }) => callee.is === 'member' && callee.name === 'work', 0) && importsRq(code)) return 'rq';
  // One `receive_message` alone may look at a queue; beside a loop it works it off.
  const loops = loopsIn(code, 0);
  return loops.length > 0 && [...loops, ...code].some(statement => hasCall([statement], ({ callee }) => callee.is === 'member' && /^receive_messages?$/.test(callee.name), 0)) ? 'sqs' : undefined;
}

type Call = Extract<Expr, { is: 'call' }>;

function hasCall(code: readonly Statement[], fits: (call: Call) => boolean, depth: number): boolean {
  return depth < 30 && code.some(statement => expressionsOf(statement).some(expr => walk(expr).some(part => part.is === 'call' && fits(part)))
    || hasCall(nested(statement), fits, depth + 1) || (statement.do === 'function' && hasCall(statement.function.body, fits, depth + 1)));
}

/** The bodies of every `while`. */
function loopsIn(code: readonly Statement[], depth: number): readonly Statement[] {
  if (depth >= 30) return [];
  return code.flatMap(statement => (statement.do === 'while' ? statement.body : statement.do === 'function' ? loopsIn(statement.function.body, depth + 1) : statement.do === 'class' ? loopsIn(statement.class.body, depth + 1) : loopsIn(nested(statement), depth + 1)));
}

const importsRq = (code: readonly Statement[]): boolean => code.some(statement => (statement.do === 'import-names' || statement.do === 'import-module') && /^(django_)?rq(\.|$)/.test(statement.module));

function isWorkerCall({ callee }: Call): boolean {
  if (callee.is === 'member') return callee.name === 'worker_main' || (callee.name === 'Worker' && /(^|\.)(app|celery|current_app|celery_app)$/.test(dottedName(callee.object) ?? ''));
  return callee.is === 'name' && callee.name === 'WorkController';
}
