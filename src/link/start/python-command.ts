import { posix } from 'node:path';
import type { ChainLink, SourceLocation } from '../../model/index.js';
import { behind, custom, follow, inFile, locate, next, textOf, unaudited, type Journey, type Process, type Reached } from '../command.js';
import { namesConsumer } from './node-command.js';
import { pythonFile } from './python-file.js';
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

/** `manage.py process_queue`: the module of Django's command, where it takes messages (docs.djangoproject.com/en/stable/howto/custom-management-commands). */
export function managementCommand(process: Process, { store }: Journey): readonly Reached[] {
  const name = likely(process.argv[1]);
  if (name === undefined || !/^\w+$/.test(name)) return [];
  const [path, ...others] = store.paths.filter(one => one.endsWith(`/management/commands/${name}.py`));
  const code = path === undefined || others.length > 0 ? undefined : store.facts(path)?.code;
  return code ? pythonFile(path!, code, process, store) : [];
}
