import type { EnvironmentEntry, Expr, Slot, SourceLocation } from '../../model/index.js';
import { literal } from '../../model/index.js';
import type { DockerfileSyntax, Instruction } from '../../parsers/dockerfile.js';
import { readWord, splitArguments, textOf, type Variable } from '../../parsers/dockerfile/words.js';

/** The place of a range of an instruction's arguments. */
export function placeOf({ arguments: args }: Instruction, { lines }: DockerfileSyntax, start = 0, end = args.text.length): SourceLocation {
  return lines.at(...args.range(start, end));
}

/** A value that stands in an instruction's arguments; a literal can be replaced there. */
export function valueAt(instruction: Instruction, syntax: DockerfileSyntax, start: number, end: number, variable: Variable): Expr {
  const at = placeOf(instruction, syntax, start, end);
  const expr = readWord(instruction.arguments.text.slice(start, end), { at, escape: syntax.escape, variable });
  const slot: Slot = { kind: 'replace', at, encoding: ['dockerfile'] };
  return expr.is === 'literal' ? literal(expr.value, at, slot) : expr;
}

/** `ENV a=1 b=2`, or the old `ENV a 1`. */
export function environment(instruction: Instruction, syntax: DockerfileSyntax, variable: Variable): readonly EnvironmentEntry[] {
  const { text } = instruction.arguments;
  const words = splitArguments(text, syntax.escape);
  const [first, second] = words;
  if (!first) return [];
  if (!first.text.includes('=')) {
    if (!second) return [];
    return [{ name: first.text, value: valueAt(instruction, syntax, second.start, text.length, variable), at: placeOf(instruction, syntax, first.start, text.length) }];
  }
  return words.flatMap(word => {
    const sign = word.text.indexOf('=');
    if (sign < 1) return [];
    return [{ name: word.text.slice(0, sign), value: valueAt(instruction, syntax, word.start + sign + 1, word.end, variable), at: placeOf(instruction, syntax, word.start, word.end) }];
  });
}

/** `ARG a=1 b`: without a default the value is null, or what an ARG of that name outside has (`outside`). */
export function defaults(instruction: Instruction, syntax: DockerfileSyntax, outside: (name: string) => EnvironmentEntry | undefined): readonly EnvironmentEntry[] {
  const variable: Variable = name => argumentValue(name, outside(name));
  return splitArguments(instruction.arguments.text, syntax.escape).flatMap(word => {
    const sign = word.text.indexOf('=');
    const at = placeOf(instruction, syntax, word.start, word.end);
    if (sign < 0) return [{ name: word.text, value: outside(word.text)?.value ?? literal(null, at), at }];
    if (sign === 0) return [];
    return [{ name: word.text.slice(0, sign), value: valueAt(instruction, syntax, word.start + sign + 1, word.end, variable), at }];
  });
}

/** Characters of a value that is put in where a variable stands; `ENV A=$A$A` doubles with every line. */
export const LONGEST_VALUE = 4000;

/** A variable where it is used, with the value it has unless whoever builds the image sets another one. */
export function argumentValue(name: string, entry: EnvironmentEntry | undefined): Expr | undefined {
  if (!entry || entry.value === 'secret') return undefined;
  const isUnset = entry.value.is === 'literal' && entry.value.value === null;
  const text = isUnset ? undefined : textOf(entry.value);
  return { is: 'environment', name, at: entry.at, ...(text !== undefined && text.length <= LONGEST_VALUE && { fallback: literal(text, entry.at) }) };
}
