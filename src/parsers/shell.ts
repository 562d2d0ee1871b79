import { parse } from 'unbash';
import type { AndOr, Case, Command, CommandNode, CompoundList, If, Pipeline, PipelineNode, Statement } from 'unbash';
import type { Encoding, Expr, PipedInto, ReadProblem, ShellCommand } from '../model/index.js';
import { literal, timed } from '../model/index.js';
import { simpleCommand, type Reading } from './shell/simple-command.js';
import { wordExpr } from './shell/words.js';
import { replaceAll, through, type Locate } from './spliced.js';

/** What a shell program does, in order; `problems` is what could not be read of it. */
export interface ShellProgram { readonly commands: readonly ShellCommand[]; readonly problems: readonly ReadProblem[] }

/** `trap 'sh -c "…"'`: programs within programs deeper than this are left as text. */
const MAX_PROGRAMS = 4;
/** `a && b || c && d …` nests once per change of operator; no person writes this many. */
const MAX_TURNS = 100;
const MAX_PROBLEMS = 5;

/**
 * Reads a program of the POSIX shell family (bash's grammar). Never throws.
 * `locate`: places of offsets in `text`. `encoding`: the languages the program is written in, outermost first, the shell last.
 */
export function parseShell(text: string, locate: Locate, encoding: readonly Encoding[] = ['shell'], depth = 0): ShellProgram {
  return timed('shell parser', () => readShell(text, locate, encoding, depth));
}

function readShell(text: string, locate: Locate, encoding: readonly Encoding[], depth: number): ShellProgram {
  if (text.includes('\r\n')) {
    const plain = replaceAll(text, /\r\n/g, () => '\n');
    return readShell(plain.text, through(plain, locate), encoding, depth);
  }
  const problems: ReadProblem[] = [];
  try {
    const script = parse(text);
    for (const error of script.errors ?? []) if (problems.length < MAX_PROBLEMS) problems.push({ message: `cannot read this shell program: ${error.message}`, at: locate(error.pos, error.pos + 1) });
    const reading: Reading = {
      source: { text, locate, encoding },
      program: (inner, places) => {
        if (depth >= MAX_PROGRAMS) return undefined;
        const program = parseShell(inner, places, [...encoding, 'shell'], depth + 1);
        problems.push(...program.problems.slice(0, MAX_PROBLEMS - problems.length));
        return program.commands;
      },
    };
    return { commands: list(script.commands, reading), problems };
  } catch (error) {
    // The parser bounds most of its nesting, not all of it (`f() f() f() …`).
    return { commands: [], problems: [...problems, { message: `cannot read this shell program: ${error instanceof RangeError ? 'it is nested too deeply' : 'its grammar is not understood'}`, at: locate(0, 1) }] };
  }
}

const list = (statements: readonly Statement[], reading: Reading): readonly ShellCommand[] => statements.flatMap(statement => ofStatement(statement, reading));
const body = (compound: CompoundList, reading: Reading): readonly ShellCommand[] => list(compound.commands, reading);

function ofStatement({ command, background = false }: Statement, reading: Reading): readonly ShellCommand[] {
  if (command.type === 'AndOr') return [chain(command, background, reading)];
  return background ? inBackground(command, reading) : pipelineNode(command, reading);
}

function inBackground(command: PipelineNode, reading: Reading): readonly ShellCommand[] {
  const commands = pipelineNode(command, reading);
  if (commands.every(({ do: kind }) => kind === 'run' || kind === 'group')) return commands.map(one => ({ ...one, background: true }) as ShellCommand);
  return [group(commands, command, reading, { subshell: true, background: true })];
}

function group(commands: readonly ShellCommand[], node: { readonly pos: number; readonly end: number }, { source }: Reading, options: { readonly subshell: boolean; readonly background: boolean }): ShellCommand {
  return { do: 'group', body: commands, ...options, at: source.locate(node.pos, node.end) };
}

/** `a && b || c` binds to the left: what stands before a change of operator is one part. */
function chain(node: AndOr, background: boolean, reading: Reading): ShellCommand {
  const at = (end: number) => reading.source.locate(node.pos, end);
  let parts: ShellCommand[] = [];
  let operator: '&&' | '||' = node.operators[0] ?? '&&';
  let turns = 0;
  for (const [i, command] of node.commands.entries()) {
    const next = i === 0 ? operator : node.operators[i - 1]!;
    if (next !== operator && turns++ < MAX_TURNS) {
      parts = [{ do: 'chain', operator, parts, background: false, at: at(node.commands[i - 1]!.end) }];
      operator = next;
    }
    const commands = pipelineNode(command, reading);
    parts.push(commands.length === 1 ? commands[0]! : group(commands, command, reading, { subshell: false, background: false }));
  }
  return { do: 'chain', operator, parts, background, at: at(node.end) };
}

function pipelineNode(node: PipelineNode, reading: Reading): readonly ShellCommand[] {
  return node.type === 'Pipeline' ? pipeline(node, reading) : commandNode(node, reading);
}

/** What is no simple command runs in a subshell of its own within a pipe. */
function pipeline(node: Pipeline, reading: Reading): readonly ShellCommand[] {
  const last = node.commands.length - 1;
  const prefixed = node.prefixes.length > 0;
  return node.commands.flatMap((command, i): readonly ShellCommand[] => {
    const commands = commandNode(command, reading);
    if (last === 0) return prefixed ? commands.map(withoutSlots) : commands;
    const piped = i === 0 ? 'first' : i === last ? 'last' : 'middle';
    const [only] = commands;
    const one = commands.length === 1 && only?.do === 'run' ? (i === 0 && prefixed ? withoutSlots(only) : only) : group(commands, command, reading, { subshell: true, background: false });
    return [{ ...one, piped, ...(i < last && { into: intoOf(node, i, reading) }) } as ShellCommand];
  });
}

function intoOf({ commands, operators }: Pipeline, i: number, { source: { text } }: Reading): PipedInto {
  return { text: text.slice(commands[i + 1]!.pos, commands.at(-1)!.end).replace(/\\\n/g, ' ').replace(/\s+/g, ' '), withErrors: operators[i] === '|&' };
}

/** `! x` and `time x` come back to the shell: there is no place for `exec`. */
const withoutSlots = (command: ShellCommand): ShellCommand => (command.do === 'run' ? { ...command, slots: [] } : command);

function commandNode(node: CommandNode | CompoundList, reading: Reading): readonly ShellCommand[] {
  const at = reading.source.locate(node.pos, node.end);
  switch (node.type) {
    case 'Command': return simpleCommand(node as Command, reading);
    case 'Redirected': return commandNode(node.command, reading);
    case 'CompoundList': return body(node, reading);
    case 'If': return [ifCommand(node, reading)];
    case 'Case': return [caseCommand(node, reading)];
    case 'While': return [{ do: 'loop', body: [...body(node.clause, reading), ...body(node.body, reading)], at }];
    case 'For': case 'Select': case 'ArithmeticFor': return [{ do: 'loop', body: body(node.body, reading), at }];
    case 'Subshell': return [group(body(node.body, reading), node, reading, { subshell: true, background: false })];
    case 'BraceGroup': return [group(body(node.body, reading), node, reading, { subshell: false, background: false })];
    case 'Function': return [{ do: 'function', name: node.name.value, body: functionBody(commandNode(node.body, reading)), at }];
    case 'Coproc': return [group(commandNode(node.body, reading), node, reading, { subshell: true, background: true })];
    default: return [testCommand(node, reading)];
  }
}

/** The braces of a function are no group of their own; the parentheses of `f() ( … )` are. */
function functionBody(commands: readonly ShellCommand[]): readonly ShellCommand[] {
  const [only] = commands;
  return commands.length === 1 && only?.do === 'group' && !only.subshell ? only.body : commands;
}

function ifCommand(node: If, reading: Reading): ShellCommand {
  const branches = [node, ...node.elif].map(({ clause, then }) => ({ test: body(clause, reading), body: body(then, reading) }));
  return { do: 'if', branches, otherwise: node.else ? body(node.else, reading) : [], at: reading.source.locate(node.pos, node.end) };
}

function caseCommand(node: Case, reading: Reading): ShellCommand {
  const branches = node.items.map(item => ({ patterns: item.pattern.map(pattern => pattern.value), body: body(item.body, reading) }));
  return { do: 'case', subject: wordExpr(node.word, reading.source), branches, at: reading.source.locate(node.pos, node.end) };
}

/** `[[ … ]]` and `(( … ))`: one word says which, the rest is opaque. */
function testCommand(node: { readonly type: string; readonly pos: number; readonly end: number }, { source }: Reading): ShellCommand {
  const at = source.locate(node.pos, node.end);
  const text = source.text.slice(node.pos, node.end).replace(/\s+/g, ' ');
  const words: readonly Expr[] = [literal(text.slice(0, 2), at), { is: 'opaque', text, at }];
  return { do: 'run', words, text, assignments: [], exec: false, background: false, slots: [], at };
}
