import { posix } from 'node:path';
import type { Expr, FactStore, Statement } from '../../model/index.js';
import { callsWithin, dottedName, partsOfAll, startOf, statementsIn } from '../../model/index.js';
import { textOf, unaudited, type Process, type Reached } from '../command.js';

/** A module, and the functions and methods of it that what is started calls. */
interface Module { readonly path: string; readonly code: readonly Statement[]; readonly called: readonly (readonly Statement[])[] }

/** Steps from the file that is started to a module that it imports, and modules that are looked at. */
const STEPS = 2, MOST_MODULES = 60;

/** A Python file that starts a worker by itself, or takes messages in a loop of its own or of a class that it calls, is a consumer we do not read. */
export function pythonFile(path: string, code: readonly Statement[], process: Process, store: FactStore): readonly Reached[] {
  const own: Module = { path, code, called: bodiesOf(code) };
  const started = startsWorker(own);
  const modules = started ? [own] : modulesOf(own, store);
  const kind = started ?? (modules.some(takesMessages) ? 'sqs' : undefined);
  if (kind === undefined) return [];
  const one = unaudited(kind, textOf(process.argv) || path, process.argv[0]?.at ?? startOf(path), process);
  return [kind === 'sqs' ? { ...one, command: { ...one.command, handlesStop: modules.some(module => hearsStop(module.code)) } } : one];
}

/** The module, and those that it and they import, with what is called of them. */
function modulesOf(own: Module, store: FactStore): readonly Module[] {
  const found = new Map([[own.path, own]]);
  let last: readonly Module[] = [own];
  for (let step = 0; step < STEPS; step++) {
    const next: Module[] = [];
    for (const { path, code, called } of last) {
      const names = namesCalled(called);
      for (const imported of importedBy(path, code, store)) {
        const facts = found.has(imported) || found.size >= MOST_MODULES ? undefined : store.facts(imported);
        if (!facts?.code) continue;
        const module = { path: imported, code: facts.code, called: reached(facts.code, names) };
        found.set(imported, module);
        next.push(module);
      }
    }
    last = next;
  }
  return [...found.values()];
}

/** The files that a module may mean by what it imports: beside it, and from each folder above it. */
function importedBy(path: string, code: readonly Statement[], store: FactStore): readonly string[] {
  const all = [...statementsIn(code), ...bodiesOf(code).flatMap(statementsIn)];
  const modules = all.flatMap(statement => (statement.do === 'import-names' ? [statement.module, ...statement.names.map(([name]) => `${statement.module}${/^\.*$/.test(statement.module) ? '' : '.'}${name}`)] : statement.do === 'import-module' ? [statement.module] : []));
  return [...new Set(modules.flatMap(module => {
    const name = module.replace(/^\.+/, ''), dots = module.slice(0, module.length - name.length);
    const file = name.replaceAll('.', '/');
    const folders = dots === '' ? foldersAbove(path) : [posix.join(posix.dirname(path), ...Array.from({ length: dots.length - 1 }, () => '..'))];
    return folders.flatMap(folder => [`${file}.py`, `${file}/__init__.py`].map(one => posix.join(folder, one))).find(one => store.has(one)) ?? [];
  }))];
}

function foldersAbove(path: string): readonly string[] {
  const folder = posix.dirname(path);
  return folder === '.' || folder === '/' ? [folder] : [folder, ...foldersAbove(folder)];
}

/** The code itself, and that of every function and method in it. */
function bodiesOf(code: readonly Statement[]): readonly (readonly Statement[])[] {
  return [code, ...statementsIn(code).flatMap(statement => (statement.do === 'function' ? bodiesOf(statement.function.body) : statement.do === 'class' ? bodiesOf(statement.class.body) : []))];
}

/** The functions, and methods of classes, that these names call, with what those call beside them; and what runs where the module is imported. */
function reached(code: readonly Statement[], names: ReadonlySet<string>): readonly (readonly Statement[])[] {
  const waiting = bodiesOf(code).flatMap(statementsIn).flatMap(statement => (statement.do === 'function' ? [statement.function] : []));
  const called = new Set(names), found = new Set<readonly Statement[]>();
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const { name, body } of waiting) if (!found.has(body) && (called.has(name) || name === '__init__')) { found.add(body); for (const inner of namesCalled([body])) called.add(inner); }
  }
  return [...found];
}

/** `run` of `Worker().run()`, `poll` of `Thread(target=poll)`. */
function namesCalled(bodies: readonly (readonly Statement[])[]): ReadonlySet<string> {
  const last = (expr: Expr): readonly string[] => (expr.is === 'member' || expr.is === 'name' ? [expr.name] : []);
  return new Set(bodies.flatMap(callsWithin).flatMap(({ callee, positional, keywords }) => [callee, ...positional, ...keywords.map(([, value]) => value)].flatMap(last)));
}

function startsWorker({ code, called }: Module): string | undefined {
  const calls = called.flatMap(callsWithin);
  if (calls.some(isWorkerCall)) return 'python';
  return calls.some(({ callee }) => callee.is === 'member' && callee.name === 'work') && importsRq(code) ? 'rq' : undefined;
}

/** One `receive_message` alone may look at a queue; beside a loop it works it off. */
function takesMessages({ called }: Module): boolean {
  return called.some(body => statementsIn(body).some(({ do: does }) => does === 'while')) && called.flatMap(callsWithin).some(({ callee }) => callee.is === 'member' && /^receive_messages?$/.test(callee.name));
}

/** It names SIGTERM, or sets a handler for signals. */
const hearsStop = (code: readonly Statement[]): boolean => bodiesOf(code).flatMap(partsOfAll).some(part => (part.is === 'member' || part.is === 'name') && /^(?:SIGTERM|add_signal_handler)$/.test(part.name));

const importsRq = (code: readonly Statement[]): boolean => code.some(statement => (statement.do === 'import-names' || statement.do === 'import-module') && /^(django_)?rq(\.|$)/.test(statement.module));

function isWorkerCall({ callee }: Extract<Expr, { is: 'call' }>): boolean {
  if (callee.is === 'member') return callee.name === 'worker_main' || (callee.name === 'Worker' && /(^|\.)(app|celery|current_app|celery_app)$/.test(dottedName(callee.object) ?? ''));
  return callee.is === 'name' && callee.name === 'WorkController';
}
