import type { CommandFacts, ReadProblem, Slot } from '../../model/index.js';
import { literal } from '../../model/index.js';
import type { DockerfileSyntax, Instruction } from '../../parsers/dockerfile.js';
import { jsonWords, type JsonWord } from '../../parsers/dockerfile/words.js';
import { isShell } from '../../parsers/shell/invocation.js';
import { through } from '../../parsers/spliced.js';
import { execCommand, shellCommand } from '../command.js';
import { placeOf } from './arguments.js';

/** CMD or ENTRYPOINT in either form. `shell`: the SHELL that a shell form runs in; undefined: `/bin/sh -c`. */
export function commandFacts(instruction: Instruction, syntax: DockerfileSyntax, shell: readonly string[] | undefined, report: (problem: ReadProblem) => void): CommandFacts | undefined {
  const { text } = instruction.arguments;
  if (text === '') return undefined;
  const at = syntax.lines.at(instruction.start, instruction.end);
  const slots: readonly Slot[] = [{ kind: 'replace', at: placeOf(instruction, syntax), encoding: ['dockerfile'] }];
  const locate = through(instruction.arguments, syntax.lines.at);
  const words = jsonWords(text);
  if (words) return execCommand(words.map(word => wordExpr(word, instruction, syntax)), at, text, slots, { report, locateWord: index => through(words[index]!.text, locate) });
  if (text.startsWith('[')) report({ message: `${instruction.keyword} is no JSON array of strings, so a shell runs it as it is written`, at });
  const command = shellCommand(text, at, locate, slots, { report });
  if (!shell || isShell(shell[0] ?? '')) return command;
  return { form: command.form, words: command.words, at: command.at, text: command.text, slots: command.slots };
}

function wordExpr(word: JsonWord, instruction: Instruction, syntax: DockerfileSyntax): ReturnType<typeof literal> {
  const at = placeOf(instruction, syntax, word.start, word.end);
  return literal(word.text.text, at, { kind: 'replace', at, encoding: ['dockerfile', 'json'] });
}

/** The argv of a SHELL instruction. */
export function shellOf(instruction: Instruction): readonly string[] | undefined {
  return jsonWords(instruction.arguments.text)?.map(word => word.text.text);
}
