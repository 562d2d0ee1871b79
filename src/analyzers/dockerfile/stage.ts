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
  readonly global: readonly EnvironmentEntry[];
  readonly earlier: readonly Stage[];
  report(problem: ReadProblem): void;
}

/** One stage while its instructions are read. */
export interface Stage {
  readonly name: string | undefined;
  /** Where the stage works at its end; '' is the base image's directory, undefined not known. */
  directory(): string | undefined;
  /** The value of a variable of the environment, for stages built on this one. */
  variable(name: string): Expr | undefined;
  shell(): readonly string[] | undefined;
  take(instruction: Instruction): void;
  facts(): StageFacts;
}

/** Starts the stage of a FROM. */
export function openStage(from: Instruction, build: Build): Stage {
  const { syntax } = build;
  const words = splitArguments(from.arguments.text, syntax.escape);
  const fromGlobal: Variable = name => argumentValue(name, build.global.findLast(entry => entry.name === name));
  const base = valueAt(from, syntax, words[0]?.start ?? 0, words[0]?.end ?? 0, fromGlobal);
  const name = words[1]?.text.toLowerCase() === 'as' ? words[2]?.text : undefined;
  const below = build.earlier.findLast(stage => stage.name !== undefined && stage.name.toLowerCase() === textOf(base)?.toLowerCase());

  const entries: EnvironmentEntry[] = [];
  const args: EnvironmentEntry[] = [];
  const copies: StageFacts['copies'][number][] = [];
  const own: { entryPoint?: CommandFacts; command?: CommandFacts; stopSignal?: Expr; shell?: readonly string[]; workingDirectory?: string } = {};
  let directory: string | undefined = below ? below.directory() : '';
  const shell = (): readonly string[] | undefined => own.shell ?? below?.shell();

  const variable = (wanted: string): Expr | undefined => {
    const written = entries.findLast(entry => entry.name === wanted)?.value;
    if (written !== undefined && written !== 'secret') return written;
    return below?.variable(wanted);
  };
  /** ENV wins over ARG of the same name. */
  const known: Variable = wanted => {
    const value = variable(wanted);
    if (!value) return argumentValue(wanted, args.findLast(entry => entry.name === wanted));
    return value.is === 'literal' && String(value.value).length <= LONGEST_VALUE ? value : argumentValue(wanted, { name: wanted, value, at: value.at });
  };
  const textAs = (raw: string): string => expanded(raw, from, build, known);

  function take(instruction: Instruction): void {
    switch (instruction.keyword) {
      case 'ENV': entries.push(...environment(instruction, syntax, known)); break;
      case 'ARG': args.push(...defaults(instruction, syntax, wanted => args.findLast(entry => entry.name === wanted) ?? build.global.findLast(entry => entry.name === wanted))); break;
      case 'WORKDIR': directory = own.workingDirectory = moved(textOf(valueAt(instruction, syntax, 0, instruction.arguments.text.length, known)), directory); break;
      case 'COPY': case 'ADD': { const copy = copyOf(instruction, build, directory, textAs); if (copy) copies.push(copy); break; }
      case 'SHELL': own.shell = shellOf(instruction) ?? own.shell; break;
      case 'STOPSIGNAL': own.stopSignal = valueAt(instruction, syntax, 0, instruction.arguments.text.length, known); break;
      case 'CMD': own.command = commandFacts(instruction, syntax, shell(), build.report) ?? own.command; break;
      case 'ENTRYPOINT': own.entryPoint = commandFacts(instruction, syntax, shell(), build.report) ?? own.entryPoint; break;
      default:
    }
  }

  return {
    name, take, variable, shell, directory: () => directory,
    facts: () => ({ ...(name !== undefined && { name }), at: syntax.lines.at(from.start, from.end), base, environment: entries, arguments: args, copies, ...own }),
  };
}

/** undefined: not known, until an absolute WORKDIR says so. */
function moved(target: string | undefined, directory: string | undefined): string | undefined {
  if (target === undefined) return undefined;
  return directory === undefined ? (target.startsWith('/') ? join('', target) : undefined) : join(directory, target);
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
