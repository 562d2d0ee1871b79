import type { Assignment, Command, Word } from 'unbash';
import type { Expr, ShellCommand, Slot } from '../../model/index.js';
import type { Locate } from '../spliced.js';
import { through } from '../spliced.js';
import { programIndex } from './invocation.js';
import type { ShellSource } from './words.js';
import { withoutSlots } from './without-slots.js';
import { unquoted, wordExpr } from './words.js';

/** The program being read, and how to read a program text that stands within it (undefined: too deep). */
export interface Reading {
  readonly source: ShellSource;
  program(text: string, locate: Locate): readonly ShellCommand[] | undefined;
}

/** Builtins whose arguments are assignments; `declare -x` and `export` hand them to what is started. */
const DECLARING: ReadonlySet<string> = new Set(['export', 'declare', 'typeset', 'readonly', 'local']);

/** A simple command: a run, the assignments it consists of, or a trap. */
export function simpleCommand(node: Command, reading: Reading): readonly ShellCommand[] {
  const { source } = reading;
  const at = source.locate(node.pos, node.end);
  const prefix = node.prefix.filter(item => item.type === 'Assignment');
  if (!node.name) return prefix.map(item => assign(item, false, source));
  const args = node.args.map(arg => (arg.type === 'Assignment' ? asWord(arg) : arg));
  if (DECLARING.has(node.name.value)) return declaration(node, reading);
  if (node.name.value === 'trap') {
    const trapped = trap(args, at, reading);
    if (trapped) return [trapped];
  }
  return [run(node, args, prefix, reading)];
}

/** `PYTHONPATH=.` among the arguments of a command is a word like others. */
const asWord = ({ pos, end, text, value }: Assignment): Word => ({ type: 'Word', pos, end, text, value: text, ...(value.type === 'Word' && value.parts && { parts: [{ type: 'Literal', pos, end: value.pos, value: text.slice(0, value.pos - pos), text: text.slice(0, value.pos - pos) }, ...value.parts] }) });

function run(node: Command, args: readonly Word[], prefix: readonly Assignment[], reading: Reading): ShellCommand {
  const { source } = reading;
  const at = source.locate(node.pos, node.end);
  const replacing = node.name!.value === 'exec' ? behindExec(args) : undefined;
  const wanted = replacing ?? [node.name!, ...args];
  const words = wanted.map(word => wordExpr(word, source));
  const program = programOf(wanted, words, reading);
  return {
    do: 'run', words, text: oneLine(node, source), exec: replacing !== undefined, background: false, at,
    assignments: prefix.map(item => ({ name: item.name, value: valueOf(item, source) })),
    slots: node.name!.value === 'exec' ? [] : [execSlot(node.name!, source)],
    ...(program && { program }),
  };
}

/** What `exec` replaces the shell with; undefined where it only redirects (`exec > >(tee log)`). */
function behindExec(args: readonly Word[]): readonly Word[] | undefined {
  let i = 0;
  while (i < args.length && /^-[acl]+$/.test(args[i]!.text)) i += args[i]!.text.includes('a') ? 2 : 1;
  if (args[i]?.text === '--') i++;
  return i < args.length ? args.slice(i) : undefined;
}

function execSlot(name: Word, { locate, encoding }: ShellSource): Slot {
  return { kind: 'insert', at: locate(name.pos, name.pos), encoding, before: 'exec ', after: '' };
}

function programOf(nodes: readonly Word[], words: readonly Expr[], reading: Reading): readonly ShellCommand[] | undefined {
  const index = programIndex(words);
  return index === undefined ? undefined : within(nodes[index]!, reading);
}

function within(word: Word, { source, program }: Reading): readonly ShellCommand[] | undefined {
  const inner = unquoted(word, source.text);
  const commands = program(inner.text, through(inner, source.locate));
  return isQuoted(word) ? commands : commands?.map(withoutSlots);
}

/** One quoted string from end to end: elsewhere a space would split the word. */
const isQuoted = ({ parts }: Word): boolean => parts?.length === 1 && (parts[0]!.type === 'SingleQuoted' || parts[0]!.type === 'DoubleQuoted');

/** The command as it stands in the text, without line breaks. */
function oneLine(node: Command, { text }: ShellSource): string {
  return text.slice(node.pos, node.end).replace(/\\\n/g, ' ').replace(/\s+/g, ' ').trim();
}

function valueOf(item: Assignment, source: ShellSource): Expr {
  const at = source.locate(item.value.pos, item.value.end);
  const value: Expr = item.value.type === 'Word' ? wordExpr(item.value, source) : { is: 'list', items: item.value.elements.map(word => wordExpr(word, source)), at };
  if (!item.append) return value;
  return { is: 'operation', operator: value.is === 'list' ? '+' : 'concat', operands: [{ is: 'environment', name: item.name, at }, value], at };
}

function assign(item: Assignment, exported: boolean, source: ShellSource): ShellCommand {
  return { do: 'assign', name: item.name, value: valueOf(item, source), exported, at: source.locate(item.pos, item.end) };
}

/** `export A=b C`: one assignment per name. What is computed (`export $(cat .env)`) stays a run. */
function declaration(node: Command, reading: Reading): readonly ShellCommand[] {
  const { source } = reading;
  const options = node.args.filter(arg => arg.type === 'Word' && /^[-+]/.test(arg.text)).map(arg => arg.text);
  const exported = node.name!.value === 'export' ? !options.some(option => option.includes('n')) : options.some(option => /^-[A-Za-z]*x/.test(option));
  const commands: ShellCommand[] = [];
  let computed = node.args.length === options.length;
  for (const arg of node.args) {
    if (arg.type === 'Assignment') commands.push(assign(arg, exported, source));
    else if (options.includes(arg.text)) continue;
    else if (/^[A-Za-z_]\w*$/.test(arg.text)) { if (exported) commands.push(reexport(arg, source)); } else computed = true;
  }
  if (!computed) return commands;
  return [...commands, { ...run(node, node.args.map(arg => (arg.type === 'Assignment' ? asWord(arg) : arg)), [], reading), slots: [] } as ShellCommand];
}

/** `export A` hands on what A holds. */
function reexport(word: Word, { locate }: ShellSource): ShellCommand {
  const at = locate(word.pos, word.end);
  return { do: 'assign', name: word.value, value: { is: 'environment', name: word.value, at }, exported: true, at };
}

const SIGNALS: Readonly<Record<string, string>> = { 0: 'EXIT', 1: 'HUP', 2: 'INT', 3: 'QUIT', 9: 'KILL', 10: 'USR1', 12: 'USR2', 15: 'TERM' };

/** `trap 'kill $PID' TERM INT`. Setting a signal back (`trap - TERM`) and listing (`trap -p`) are runs. Signals are named without SIG. */
function trap(args: readonly Word[], at: ShellCommand['at'], reading: Reading): ShellCommand | undefined {
  const [action, ...signals] = args[0]?.text === '--' ? args.slice(1) : args;
  if (!action || signals.length === 0 || /^-/.test(action.text)) return undefined;
  const names = signals.map(({ value }) => SIGNALS[value] ?? value.toUpperCase().replace(/^SIG/, ''));
  const handler = within(action, reading) ?? [];
  return { do: 'trap', handler, signals: names, at };
}

