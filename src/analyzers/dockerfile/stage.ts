import type { CommandFacts, EnvironmentEntry, Expr, ReadProblem, StageFacts } from '../../model/index.js';
import type { DockerfileSyntax, Instruction } from '../../parsers/dockerfile.js';
import { jsonWords, splitArguments, textOf, readWord, type Variable } from '../../parsers/dockerfile/words.js';
import { argumentValue, defaults, environment, LONGEST_VALUE, valueAt } from './arguments.js';
import { commandFacts, shellOf } from './commands.js';
import { inDirectory, join } from './paths.js';

/** What the stages of one file share. */
interface Build {
  readonly syntax: DockerfileSyntax;
  /** ARG before the first FROM. */
  readonly global: ReadonlyMap<string, EnvironmentEntry>;
  /** The stages so far by their name in lower case. */
  readonly earlier: ReadonlyMap<string, Stage>;
  report(problem: ReadProblem): void;
}

/** One stage while its instructions are read. */
export interface Stage {
  readonly name: string | undefined;
  /** Where the stage works at its end; '' is the base image's directory, undefined not known. */
  directory(): string | undefined;
  /** The stage of the same file that this one is built on. */
  readonly below: Stage | undefined;
  /** The value its own ENV gives a variable. */
  variable(name: string): Expr | undefined;
  /** The argv of its own SHELL. */
  shell(): readonly string[] | undefined;
  take(instruction: Instruction): void;
  facts(): StageFacts;
}

/** Starts the stage of a FROM. */
export function openStage(from: Instruction, build: Build): Stage {
  const { syntax } = build;
  const words = splitArguments(from.arguments.text, syntax.escape);
  const fromGlobal: Variable = name => argumentValue(name, build.global.get(name));
  const base = valueAt(from, syntax, words[0]?.start ?? 0, words[0]?.end ?? 0, fromGlobal);
  const name = words[1]?.text.toLowerCase() === 'as' ? words[2]?.text : undefined;
  const below = build.earlier.get(textOf(base)?.toLowerCase() ?? '');

  const entries: EnvironmentEntry[] = [];
  const args: EnvironmentEntry[] = [];
  const environmentNow = new Map<string, EnvironmentEntry>();
  const argumentsNow = new Map<string, EnvironmentEntry>();
  const copies: StageFacts['copies'][number][] = [];
  const own: { entryPoint?: CommandFacts; command?: CommandFacts; stopSignal?: Expr; shell?: readonly string[]; workingDirectory?: string } = {};
  let directory: string | undefined = below ? below.directory() : '';

  const variable = (wanted: string): Expr | undefined => {
    const value = environmentNow.get(wanted)?.value;
    return value === 'secret' ? undefined : value;
  };
  /** ENV wins over ARG of the same name. */
  const known: Variable = wanted => {
    const value = variable(wanted) ?? inherited(below, stage => stage.variable(wanted));
    if (!value) return argumentValue(wanted, argumentsNow.get(wanted));
    return value.is === 'literal' && String(value.value).length <= LONGEST_VALUE ? value : argumentValue(wanted, { name: wanted, value, at: value.at });
  };
  const textAs = (raw: string): string => expanded(raw, from, build, known);

  function take(instruction: Instruction): void {
    switch (instruction.keyword) {
      case 'ENV': for (const entry of environment(instruction, syntax, known)) { entries.push(entry); environmentNow.set(entry.name, entry); } break;
      case 'ARG': for (const entry of defaults(instruction, syntax, wanted => argumentsNow.get(wanted) ?? build.global.get(wanted))) { args.push(entry); argumentsNow.set(entry.name, entry); } break;
      case 'WORKDIR': directory = own.workingDirectory = moved(textOf(valueAt(instruction, syntax, 0, instruction.arguments.text.length, known)), directory); break;
      case 'COPY': case 'ADD': { const copy = copyOf(instruction, build, directory, textAs); if (copy) copies.push(copy); break; }
      case 'SHELL': own.shell = shellOf(instruction) ?? own.shell; break;
      case 'STOPSIGNAL': own.stopSignal = valueAt(instruction, syntax, 0, instruction.arguments.text.length, known); break;
      case 'CMD': own.command = commandFacts(instruction, syntax, own.shell ?? inherited(below, stage => stage.shell()), build.report) ?? own.command; break;
      case 'ENTRYPOINT': own.entryPoint = commandFacts(instruction, syntax, own.shell ?? inherited(below, stage => stage.shell()), build.report) ?? own.entryPoint; break;
      default:
    }
  }

  return {
    name, below, take, variable, shell: () => own.shell, directory: () => directory,
    facts: () => ({ ...(name !== undefined && { name }), at: syntax.lines.at(from.start, from.end), base, environment: entries, arguments: args, copies, ...own }),
  };
}

/** Stages that are looked through for what a stage takes over. */
const MAX_STAGES = 50;

function inherited<T>(from: Stage | undefined, read: (stage: Stage) => T | undefined): T | undefined {
  let stage = from;
  for (let i = 0; stage && i < MAX_STAGES; i++, stage = stage.below) {
    const found = read(stage);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** undefined: not known, until an absolute WORKDIR says so. */
function moved(target: string | undefined, directory: string | undefined): string | undefined {
  if (target === undefined) return undefined;
  const path = directory === undefined ? (target.startsWith('/') ? join('', target) : undefined) : join(directory, target);
  return path === undefined || path.length > LONGEST_VALUE ? undefined : path;
}

/** A word with the variables put in that are known; others stay as written. */
function expanded(raw: string, from: Instruction, { syntax }: Build, known: Variable): string {
  return textOf(readWord(raw, { at: syntax.lines.at(from.start, from.start), escape: syntax.escape, variable: known })) ?? raw;
}

function copyOf(instruction: Instruction, { syntax }: Build, directory: string | undefined, textAs: (raw: string) => string): StageFacts['copies'][number] | undefined {
  const { text } = instruction.arguments;
  const words = (jsonWords(text)?.map(word => word.text.text) ?? splitArguments(text, syntax.escape).map(word => word.text)).map(textAs);
  const target = words.at(-1);
  if (target === undefined || words.length < 2) return undefined;
  const from = instruction.flags.find(([flag]) => flag === 'from')?.[1];
  return {
    ...(from !== undefined && { from: textAs(from) }),
    sources: words.slice(0, -1).filter(source => !/^<<-?\S/.test(source)),
    target: inDirectory(directory, target),
    ...(directory !== undefined && directory !== '' && { workingDirectory: directory }),
    at: syntax.lines.at(instruction.start, instruction.end),
  };
}
