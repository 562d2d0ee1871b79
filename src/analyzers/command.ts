import type { CommandFacts, Encoding, Expr, ReadProblem, ShellCommand, Slot, SourceLocation } from '../model/index.js';
import { literal, literalText } from '../model/index.js';
import { parseShell } from '../parsers/shell.js';
import { programIndex } from '../parsers/shell/invocation.js';
import { closingBrace, splitWords, type SplitWord } from '../parsers/shell/split-words.js';
import { withoutSlots } from '../parsers/shell/without-slots.js';
import { through, type Locate } from '../parsers/spliced.js';

export type { Locate } from '../parsers/spliced.js';

export interface CommandOptions {
  /** Where the characters of a word of an exec form stand; without it a word is located by its own place where that shows no escapes. */
  readonly locateWord?: (index: number) => Locate | undefined;
  /** Told of what could not be read of a program. */
  readonly report?: (problem: ReadProblem) => void;
}

/** An argv. The text behind a shell's -c among the words becomes `program`. `text`: as written, for messages. `slots`: to replace the whole. */
export function execCommand(words: readonly Expr[], at: SourceLocation, text: string, slots: readonly Slot[], options: CommandOptions = {}): CommandFacts {
  const read = (index: number): readonly ShellCommand[] | undefined => wordProgram(words[index], options.locateWord?.(index), options);
  return { form: 'exec', words, ...programs(words, read), at, text: oneLine(text), slots };
}

/**
 * One text that the format splits into an argv as Python's shlex does, without a shell. `${VAR:-x}` and `$VAR` become `environment`
 * (Compose). `locate`: places of offsets in `text`.
 */
export function stringCommand(text: string, at: SourceLocation, locate: Locate, slots: readonly Slot[], options: CommandOptions = {}): CommandFacts {
  const { words: split, unclosed } = splitWords(text);
  if (unclosed !== undefined) options.report?.({ message: 'this command holds a quote that is never closed', at: locate(unclosed, unclosed + 1) });
  const encoding: readonly Encoding[] = [...outerOf(slots), 'shell'];
  const words = split.map(word => splitExpr(word, locate, encoding));
  const read = (index: number): readonly ShellCommand[] => {
    const { text: inner, quoted } = split[index]!;
    const program = shellProgram(inner.text, through(inner, locate), [...encoding, 'shell'], options);
    return quoted ? program : withoutSlots(program);
  };
  return { form: 'string', words, ...programs(words, read), at, text: oneLine(text), slots };
}

/** A text that `/bin/sh -c` runs. `locate`: places of offsets in `text`. */
export function shellCommand(text: string, at: SourceLocation, locate: Locate, slots: readonly Slot[], options: CommandOptions = {}): CommandFacts {
  const program = shellProgram(text, locate, [...outerOf(slots), 'shell'], options);
  return { form: 'shell', words: [literal(text, at)], program, at, text: oneLine(text), slots };
}

const outerOf = (slots: readonly Slot[]): readonly Encoding[] => slots[0]?.encoding ?? [];
const oneLine = (text: string): string => text.replace(/\\\r?\n/g, ' ').replace(/\s+/g, ' ').trim();

function programs(words: readonly Expr[], read: (index: number) => readonly ShellCommand[] | undefined): Pick<CommandFacts, 'program' | 'asProgram'> {
  const index = programIndex(words);
  const program = index === undefined ? undefined : read(index);
  const asProgram = /[\s;&|]/.test(literalText(words[0])?.trim() ?? '') ? read(0) : undefined;
  return { ...(program && { program }), ...(asProgram && { asProgram }) };
}

/** A program that is one word of an argv: only a literal can be read. */
function wordProgram(word: Expr | undefined, locate: Locate | undefined, options: CommandOptions): readonly ShellCommand[] | undefined {
  const text = literalText(word);
  if (word === undefined || text === undefined) return undefined;
  const encoding: readonly Encoding[] = [...(word.slot?.encoding ?? []), 'shell'];
  const places = locate ?? ownPlaces(word.at, text);
  if (places) return shellProgram(text, places, encoding, options);
  return shellProgram(text, () => word.at, encoding, options).map(withoutSlots);
}

/** Where a word's place is as wide as its text, or by two quotes wider, every character stands where it seems to. */
function ownPlaces(at: SourceLocation, text: string): Locate | undefined {
  const quotes = at.endColumn - at.startColumn - text.length;
  if (at.startLine !== at.endLine || (quotes !== 0 && quotes !== 2) || text.includes('\n')) return undefined;
  const column = at.startColumn + quotes / 2;
  return (start, end) => ({ ...at, startColumn: column + Math.min(start, text.length), endColumn: column + Math.min(end, text.length) });
}

function shellProgram(text: string, locate: Locate, encoding: readonly Encoding[], { report }: CommandOptions): readonly ShellCommand[] {
  const { commands, problems } = parseShell(text, locate, encoding);
  if (report) problems.forEach(report);
  return commands;
}

function splitExpr(word: SplitWord, locate: Locate, encoding: readonly Encoding[]): Expr {
  const at = locate(word.start, word.end);
  return variables(word.text.text, at, { kind: 'replace', at, encoding }, 0);
}

/** `${A:-${B:-…}}` deeper than this is left as text. */
const MAX_NESTING = 10;

/** `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?error}`, `${NAME:+replacement}` of a word. Every part has the place of the whole. */
function variables(text: string, at: SourceLocation, slot: Slot | undefined, nesting: number): Expr {
  const parts: Expr[] = [];
  let plain = '';
  const flush = (): void => { if (plain !== '') parts.push(literal(plain, at)); plain = ''; };
  for (let i = 0; i < text.length;) {
    const found = text[i] === '$' && nesting < MAX_NESTING ? variableAt(text, i, at, nesting) : undefined;
    if (found) { flush(); parts.push(found.expr); i = found.end; } else plain += text[i++];
  }
  flush();
  const [only] = parts;
  if (parts.length > 1) return { is: 'operation', operator: 'concat', operands: parts, at };
  if (only && only.is !== 'literal') return only;
  return literal(only ? only.value : '', at, slot);
}

function variableAt(text: string, start: number, at: SourceLocation, nesting: number): { readonly expr: Expr; readonly end: number } | undefined {
  const bare = /^\$([A-Za-z_]\w*)/.exec(text.slice(start, start + 200));
  if (bare) return { expr: { is: 'environment', name: bare[1]!, at }, end: start + bare[0].length };
  const head = /^\$\{([A-Za-z_]\w*)(:?[-?+]|\})/.exec(text.slice(start, start + 200));
  const end = closingBrace(text, start + 2);
  if (!head || end === undefined) return undefined;
  const variable: Expr = { is: 'environment', name: head[1]!, at };
  if (head[2] === '}' || head[2]!.endsWith('?')) return { expr: variable, end: end + 1 };
  const rest = variables(text.slice(start + head[0].length, end), at, undefined, nesting + 1);
  const expr: Expr = head[2]!.endsWith('-') ? { ...variable, fallback: rest } : { is: 'choice', test: variable, branches: [rest, literal('', at)], at };
  return { expr, end: end + 1 };
}
