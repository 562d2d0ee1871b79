import type { ChainLink, PipedInto, ShellCommand, Slot, SourceLocation } from '../../model/index.js';
import { samePlace } from '../../model/index.js';
import type { ShellName } from '../../knowledge/start-commands.js';
import type { Reached } from '../command.js';
import { exportedOnly, expand, joined, knownWord, likely, mergeVariables, withProgram, type Environment, type Word, type WordScope } from '../process-environment.js';
import { assign, changeDirectory, declare, setOptions, type State } from './shell-state.js';
import { truthOf } from './shell-conditions.js';
import { programOfText } from './shell-text.js';

/** A shell and the program it runs. */
export interface ShellProcess {
  readonly program: readonly ShellCommand[];
  readonly from: 'shell-form' | 'shell -c' | 'script';
  readonly shell: ShellName;
  readonly interpreter?: string;
  readonly environment: Environment;
  /** The container path of the working directory; undefined: not known. */
  readonly directory?: string;
  /** undefined: not known. */
  readonly args?: readonly Word[];
  /** The container path of the script. */
  readonly script?: string;
  /** Slots of the form the program stands in, for programs whose commands have none. */
  readonly slots: readonly Slot[];
}

/** What the shell asks of its surroundings. */
export interface ShellHost {
  /** Follows a command that becomes a process of its own. */
  start(argv: readonly Word[], environment: Environment, directory: string | undefined): readonly Reached[];
  /** The program of a file that is sourced, and its path in the container. */
  sourced(file: string, directory: string | undefined): readonly ShellCommand[] | undefined;
  /** False once the whole walk has taken too many steps. */
  spend(at: SourceLocation): boolean;
}

interface Found {
  readonly reached: Reached;
  readonly exec: boolean;
  readonly background: boolean;
  readonly piped: boolean;
  readonly into?: PipedInto;
  readonly subshell: boolean;
  readonly at: SourceLocation;
  readonly text: string;
  readonly slots: readonly Slot[];
  readonly waitsBefore: number;
}

interface Walk {
  readonly process: ShellProcess;
  readonly host: ShellHost;
  readonly functions: Map<string, readonly ShellCommand[]>;
  readonly traps: { readonly handler: readonly ShellCommand[]; readonly signals: readonly string[] }[];
  readonly found: Found[];
  waits: number;
}

interface Where { readonly background: boolean; readonly subshell: boolean; readonly piped?: boolean; readonly into?: PipedInto; readonly depth: number }

/** What stands in a pipe, and what its output goes into. */
const pipeOf = ({ piped, into }: Extract<ShellCommand, { do: 'run' | 'group' }>): Pick<Where, 'piped' | 'into'> => (piped === undefined ? {} : { piped: true, ...(into && { into }) });

/** Functions, groups and branches inside each other beyond this are not followed. */
const DEPTH = 60;

/** Walks a shell program and gives every consumer it starts, with the shell as their first link. */
export function walkShell(process: ShellProcess, host: ShellHost): readonly Reached[] {
  const walk: Walk = { process, host, functions: new Map(), traps: [], found: [], waits: 0 };
  const state: State = { variables: new Map(process.environment.variables), directory: process.directory, args: process.args, exportAll: false };
  sequence(process.program, state, walk, { background: false, subshell: false, depth: 0 });
  return walk.found.map(found => ({ ...found.reached, links: [linkOf(found, walk), ...found.reached.links] }));
}

function linkOf(found: Found, walk: Walk): ChainLink {
  const { process } = walk;
  const isSingle = process.program.length === 1 && process.program[0]!.do === 'run' && !found.background && !found.piped;
  const inPlace = !found.background && !found.piped && !found.subshell;
  const byShell = process.from !== 'script' && !found.background && !found.piped && walk.traps.length === 0 && takenOver(process).some(at => samePlace(at, found.at));
  const waits = walk.waits - found.waitsBefore;
  return {
    kind: 'shell', at: found.at, text: found.text, from: process.from, shell: process.shell, replaces: (inPlace && found.exec) || byShell, singleCommand: isSingle,
    background: found.background, waits: found.background && waits > 0, forwards: found.background && walk.traps.some(trap => passesOn(trap, walk, waits)), piped: found.piped, subshell: found.subshell, ...(found.into && { into: found.into }),
    slots: found.slots.length > 0 ? found.slots : process.slots, ...(process.interpreter !== undefined && { interpreter: process.interpreter }),
  };
}

/**
 * The commands that a shell becomes, in a text behind its -c: bash, from 5.1 on, the last one of a list in which nothing runs in the background, and of `a && b` that is the whole
 * text; busybox the last one of any construct. Neither where a trap is set. Measured with bash 5.2.15, busybox 1.35.0 and dash 0.5.12, which becomes none.
 */
function takenOver({ program, shell }: ShellProcess): readonly SourceLocation[] {
  if (shell === 'busybox') return lastOf(program);
  const last = program.at(-1);
  if (shell !== 'bash' || !last || program.some(command => 'background' in command && command.background)) return [];
  const end = program.length === 1 && last.do === 'chain' ? last.parts.at(-1) : last;
  return end?.do === 'run' ? [end.at] : [];
}

function lastOf(commands: readonly ShellCommand[]): readonly SourceLocation[] {
  const last = commands.at(-1);
  switch (last?.do) {
    case 'run': return [last.at];
    case 'chain': return lastOf(last.parts);
    case 'group': return lastOf(last.body);
    case 'if': return [...last.branches.map(({ body }) => body), last.otherwise].flatMap(lastOf);
    case 'case': return last.branches.flatMap(({ body }) => lastOf(body));
    default: return [];
  }
}

/** A trap for TERM that kills, and a wait that comes after the signal: in the handler, or a second one in the program. */
function passesOn(trap: Walk['traps'][number], walk: Walk, waits: number): boolean {
  if (!trap.signals.some(signal => /^(SIG)?TERM$|^15$/i.test(signal))) return false;
  const calls = namesIn(trap.handler, walk.functions, walk.process.shell, 0);
  const kill = calls.findIndex(name => name === 'kill' || name === 'pkill' || name === 'killall');
  return kill >= 0 && (calls.indexOf('wait', kill) > kill || waits > 1);
}

/** The commands that run in a handler, in order, through functions. In dash `$(jobs -p)` is empty (0.5.12: the shell of the substitution has no jobs), and what kills that kills nothing. */
function namesIn(commands: readonly ShellCommand[], functions: ReadonlyMap<string, readonly ShellCommand[]>, shell: ShellName, depth: number): readonly string[] {
  if (depth > 6) return [];
  return commands.flatMap((command): readonly string[] => {
    const inner = (body: readonly ShellCommand[]): readonly string[] => namesIn(body, functions, shell, depth + 1);
    switch (command.do) {
      case 'run': {
        const first = command.words[0];
        const name = first?.is === 'literal' ? String(first.value) : '';
        const body = functions.get(name);
        return body ? inner(body) : shell === 'dash' && /\bjobs -p\b/.test(command.text) ? [] : [name];
      }
      case 'chain': return inner(command.parts);
      case 'if': return [...command.branches.flatMap(branch => inner(branch.body)), ...inner(command.otherwise)];
      case 'case': return command.branches.flatMap(branch => inner(branch.body));
      case 'loop': case 'group': return inner(command.body);
      default: return [];
    }
  });
}

/** Runs commands one after another. True: what follows is never reached. */
function sequence(commands: readonly ShellCommand[], state: State, walk: Walk, where: Where): boolean {
  for (const command of commands) {
    if (!walk.host.spend(command.at)) return true;
    if (step(command, state, walk, where)) return true;
  }
  return false;
}

function step(command: ShellCommand, state: State, walk: Walk, where: Where): boolean {
  if (where.depth > DEPTH) return false;
  const deeper = { ...where, depth: where.depth + 1 };
  switch (command.do) {
    case 'run': return run(command, state, walk, where);
    case 'assign': assign(command.name, joined(command.value, scopeOf(state, walk)), command.exported, command.at, state); return false;
    case 'trap': walk.traps.push(command); return false;
    case 'chain': return chain(command, state, walk, deeper);
    case 'if': return branches([...command.branches.map(({ test, body }) => ({ test, body })), { body: command.otherwise }], state, walk, deeper);
    case 'case': return choose(command, state, walk, deeper);
    case 'loop': sequence(command.body, state, walk, deeper); return false;
    case 'function': walk.functions.set(command.name, command.body); return false;
    case 'group': {
      if (!command.subshell && !command.background) return sequence(command.body, state, walk, deeper);
      sequence(command.body, copyOf(state), walk, { ...deeper, ...pipeOf(command), background: where.background || command.background, subshell: true });
      return false;
    }
  }
}

const copyOf = (state: State): State => ({ ...state, variables: new Map(state.variables) });
const environmentOf = (state: State, walk: Walk): Environment => ({ variables: state.variables, open: walk.process.environment.open });
const scopeOf = (state: State, walk: Walk): WordScope => ({ environment: environmentOf(state, walk), ...(state.args && { args: state.args }), ...(walk.process.script !== undefined && { script: walk.process.script }) });

type Chain = Extract<ShellCommand, { do: 'chain' }>;

function chain(command: Chain, outer: State, walk: Walk, where: Where): boolean {
  const background = where.background || command.background;
  const state = command.background ? copyOf(outer) : outer;
  let certain = true;
  for (const part of command.parts) {
    const truth = truthOf(part, scopeOf(state, walk));
    if (truth === undefined) {
      const before = certain ? undefined : new Map(state.variables);
      const ended = step(part, state, walk, { ...where, background, subshell: where.subshell || command.background });
      if (before) state.variables = mergeVariables([before, state.variables]);
      if (ended && certain) return !command.background;
      certain &&= command.operator === '&&' && !isTest(part);
      continue;
    }
    if (truth !== (command.operator === '&&')) return false;
  }
  return false;
}

/** A command that is asked, not done: what follows `&&` may well be left out. */
function isTest(command: ShellCommand): boolean {
  const first = command.do === 'run' ? command.words[0] : undefined;
  return first?.is === 'literal' && ['[', '[[', 'test', '!', 'command', 'type', 'which', 'grep', 'pgrep'].includes(String(first.value));
}

interface Branch { readonly test?: readonly ShellCommand[]; readonly body: readonly ShellCommand[] }

/** Takes the branch whose test is known to hold; where that is not known, all that may be taken. */
function branches(all: readonly Branch[], state: State, walk: Walk, where: Where): boolean {
  const results: { readonly state: State; readonly ended: boolean }[] = [];
  let decided = false;
  for (const { test, body } of all) {
    if (test) sequence(test.filter(command => truthOf(command, scopeOf(state, walk)) === undefined), state, walk, where);
    const last = test?.at(-1);
    const truth = last ? truthOf(last, scopeOf(state, walk)) : true;
    if (truth === false) continue;
    const own = copyOf(state);
    results.push({ state: own, ended: sequence(body, own, walk, where) });
    if (truth === true) { decided = true; break; }
  }
  return rejoin(decided ? results : [...results, { state: copyOf(state), ended: false }], state);
}

function rejoin(results: readonly { readonly state: State; readonly ended: boolean }[], state: State): boolean {
  const going = results.filter(result => !result.ended);
  if (going.length === 0) return results.length > 0;
  state.variables = mergeVariables(going.map(result => result.state.variables));
  const [first, ...rest] = going;
  state.directory = rest.every(other => other.state.directory === first!.state.directory) ? first!.state.directory : undefined;
  state.args = rest.every(other => other.state.args === first!.state.args) ? first!.state.args : undefined;
  return false;
}

function choose(command: Extract<ShellCommand, { do: 'case' }>, state: State, walk: Walk, where: Where): boolean {
  const subject = joined(command.subject, scopeOf(state, walk));
  const value = subject.known ? subject.text : subject.fallback;
  const isAny = (patterns: readonly string[]): boolean => patterns.includes('*');
  if (value !== undefined) {
    const taken = command.branches.find(({ patterns }) => patterns.some(pattern => fits(pattern, value)));
    return taken ? sequence(taken.body, state, walk, where) : false;
  }
  const results = command.branches.map(({ body }) => { const own = copyOf(state); return { state: own, ended: sequence(body, own, walk, where) }; });
  return rejoin(command.branches.some(({ patterns }) => isAny(patterns)) ? results : [...results, { state: copyOf(state), ended: false }], state);
}

/** A case pattern: quotes removed, `*` and `?`, `[…]` as written only. */
function fits(pattern: string, value: string): boolean {
  const parts = pattern.replace(/["']/g, '').split('*');
  if (parts.length === 1) return parts[0] === value;
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  if (!value.startsWith(first) || !value.endsWith(last) || value.length < first.length + last.length) return false;
  let from = first.length;
  return rest.every(part => { const at = value.indexOf(part, from); from = at + part.length; return at >= 0; });
}

type Run = Extract<ShellCommand, { do: 'run' }>;

function run(command: Run, state: State, walk: Walk, where: Where): boolean {
  const scope = scopeOf(state, walk);
  const words = withProgram(command.words.flatMap(word => expand(word, scope)), command.program, []);
  const name = likely(words[0]);
  if (name === undefined || words.length === 0) {
    if (words.length === 0 && !command.exec) for (const { name: variable, value } of command.assignments) assign(variable, joined(value, scope), false, command.at, state);
    return false;
  }
  const isDone = builtin(name, words, command, state, walk, where);
  if (isDone !== undefined) return isDone;
  const body = walk.functions.get(name);
  if (body) return callFunction(body, words.slice(1), command, state, walk, where);
  startProcess(words, command, state, walk, where);
  return command.exec && !command.background && !command.piped;
}

function callFunction(body: readonly ShellCommand[], args: readonly Word[], command: Run, state: State, walk: Walk, where: Where): boolean {
  const isApart = command.background || command.piped !== undefined;
  const inner = isApart ? copyOf(state) : state;
  const outerArgs = state.args;
  inner.args = args;
  const before = walk.found.length;
  const ended = sequence(body, inner, walk, { ...where, ...pipeOf(command), background: where.background || command.background, subshell: where.subshell || isApart, depth: where.depth + 1 });
  if (!isApart) state.args = outerArgs;
  // A `return` ends the function alone; an `exec` or `exit` in it ends the shell.
  return ended && !isApart && walk.found.slice(before).some(found => found.exec);
}

function startProcess(words: readonly Word[], command: Run, state: State, walk: Walk, where: Where): void {
  const scope = scopeOf(state, walk);
  const own = copyOf(state);
  for (const { name, value } of command.assignments) assign(name, joined(value, scope), true, command.at, own);
  const reached = walk.host.start(words, exportedOnly(environmentOf(own, walk)), state.directory);
  const { piped = false, into } = { ...where, ...pipeOf(command) };
  for (const one of reached) walk.found.push({
    reached: one, exec: command.exec, background: where.background || command.background, piped, ...(into && { into }), subshell: where.subshell,
    at: command.at, text: command.text, slots: command.slots, waitsBefore: walk.waits,
  });
}

/** Commands the shell runs itself. undefined: it is none of them. */
function builtin(name: string, words: readonly Word[], command: Run, state: State, walk: Walk, where: Where): boolean | undefined {
  switch (name) {
    case 'export': case 'local': case 'declare': case 'typeset': case 'readonly':
      for (const word of words.slice(1)) declare(word, name === 'export' || words.some(other => other.text === '-x'), command.at, state);
      return false;
    case 'unset': for (const word of words.slice(1)) state.variables.delete(word.text); return false;
    case 'cd': case 'pushd': changeDirectory(words.slice(1).find(word => !/^-[LPe]*$|^--$/.test(word.text)), state); return false;
    case 'wait': walk.waits += 1; return false;
    case 'exit': case 'return': return !command.background;
    case 'shift': { const count = Number(words[1]?.text ?? 1); state.args = state.args?.slice(Number.isInteger(count) ? count : 1); return false; }
    case 'set': return setOptions(words.slice(1), state);
    case '.': case 'source': return source(words, state, walk, where);
    case 'eval': { const program = programOfText(words.slice(1).map(word => likely(word) ?? word.text).join(' '), command.at); return program ? sequence(program, state, walk, { ...where, depth: where.depth + 1 }) : false; }
    default: return undefined;
  }
}

function source(words: readonly Word[], state: State, walk: Walk, where: Where): boolean {
  const file = likely(words[1]);
  const program = file === undefined ? undefined : walk.host.sourced(file, state.directory);
  if (!program) return false;
  const outerArgs = state.args;
  if (words.length > 2) state.args = words.slice(2);
  const before = walk.found.length;
  const ended = sequence(program, state, walk, { ...where, depth: where.depth + DEPTH / 6 });
  state.args = outerArgs;
  return ended && walk.found.slice(before).some(found => found.exec);
}

/** A word that holds a whole program, as GNU parallel and `watchfiles` take it. */
export const textWord = (word: Word): Word => knownWord(likely(word) ?? word.text, word.at);
