import { posix } from 'node:path';
import type { EnvironmentEntry, Expr, ShellCommand, Slot, SourceLocation } from '../model/index.js';
import type { Lookup } from './evaluate.js';
import { render } from './render.js';

/** One environment or shell variable of a process. */
export interface Variable {
  readonly name: string;
  /** undefined: it is set, but to what is not known. */
  readonly value?: string;
  /** Of a value that is not known: as written (`celery worker -c $N`), and what it is unless the environment says otherwise. */
  readonly written?: string;
  readonly fallback?: string;
  /** What it is on the first branch that sets it, where branches disagree. */
  readonly guess?: string;
  /** What it is on each of several branches, where all of them are known; two or more. */
  readonly choices?: readonly string[];
  readonly secret?: boolean;
  readonly at: SourceLocation;
  readonly slot?: Slot;
  /** False for variables of a shell that its children do not see. */
  readonly exported: boolean;
  /** Who wrote it, for the origin of a setting: `environment of worker`. */
  readonly origin: string;
}

/** `open`: a source could not be read, so other variables may be set too. */
export interface Environment { readonly variables: ReadonlyMap<string, Variable>; readonly open: boolean }

export const NO_VARIABLES: Environment = { variables: new Map(), open: false };
export const OPEN_ENVIRONMENT: Environment = { variables: new Map(), open: true };

/** One word of an argv. */
export interface Word {
  /** The value; where it is not known, the text as written. */
  readonly text: string;
  readonly known: boolean;
  /** What it is unless the environment says otherwise: the default written beside it. */
  readonly fallback?: string;
  /** What it is on the first of several branches. */
  readonly guess?: string;
  /** What it is on each of several branches, where all of them are known. */
  readonly choices?: readonly string[];
  readonly at: SourceLocation;
  /** The parsed program, where the word is a program text, and where `exec ` can be written in it. */
  readonly program?: readonly ShellCommand[];
  readonly slots?: readonly Slot[];
}

/** The program text of a shell among words (`sh -c text`, `bash -lc text`, `su app -c text`), with the program it was read as. */
export function withProgram(words: readonly Word[], program: readonly ShellCommand[] | undefined, slots: readonly Slot[]): readonly Word[] {
  const index = program ? words.findIndex((_, i) => i > 0 && /^-[a-z]{0,20}c[a-z]{0,20}$|^--command$/i.test(words[i - 1]!.text)) : -1;
  return index < 0 ? words : words.map((word, i) => (i === index ? { ...word, program: program!, slots } : word));
}

/** What a word may refer to. `args` undefined: the arguments are not known. `script`: the running script's path in the container. */
export interface WordScope { readonly environment: Environment; readonly args?: readonly Word[]; readonly script?: string }

/** What a word most likely is: its value, else the default or the first branch; undefined where nothing is known. */
export const likely = (word: Word | undefined): string | undefined => (word?.known ? word.text : word?.fallback ?? word?.guess);

export const knownWord = (text: string, at: SourceLocation): Word => ({ text, known: true, at });

/** Variables the container runtime, the shell or the AWS agent set: never known to be absent. */
const RUNTIME = /^(PATH|HOME|HOSTNAME|PWD|OLDPWD|USER|LOGNAME|SHELL|LANG|TERM|TZ|AWS_.*|ECS_.*|COPILOT_.*)$/;

/** What a process finds in its environment. */
export function lookupIn({ variables, open }: Environment): Lookup {
  return name => {
    const variable = variables.get(name);
    if (!variable?.exported) return { state: open || RUNTIME.test(name) ? 'unknown' : 'absent' };
    const step = { text: variable.origin, at: variable.at };
    if (variable.secret) return { state: 'secret', step };
    return variable.value === undefined ? { state: 'unknown' } : { state: 'set', value: variable.value, step };
  };
}

/** Adds written entries; a later one wins. `scope`: what their values may refer to (an image's own ENV), else nothing known. */
export function withEntries(environment: Environment, entries: readonly EnvironmentEntry[], origin: string, scope: 'itself' | 'nothing'): Environment {
  const variables = new Map(environment.variables);
  for (const { name, value, at } of entries) {
    if (value === 'secret') { variables.set(name, { name, at, exported: true, origin, secret: true }); continue; }
    const word = joined(value, { environment: scope === 'itself' ? { ...environment, variables } : OPEN_ENVIRONMENT });
    const text = word.known ? word.text : word.fallback;
    variables.set(name, { name, at, exported: true, origin, ...(text !== undefined && { value: text }), ...(value.slot && { slot: value.slot }) });
  }
  return { ...environment, variables };
}

/** What a child process inherits. */
export const exportedOnly = (environment: Environment): Environment =>
  ({ ...environment, variables: new Map([...environment.variables].filter(([, variable]) => variable.exported)) });

/** The variables after one of several branches was taken: a value is known only where all agree. */
export function mergeVariables(branches: readonly ReadonlyMap<string, Variable>[]): Map<string, Variable> {
  const [first, ...rest] = branches;
  const merged = new Map(first);
  for (const name of new Set(branches.flatMap(branch => [...branch.keys()]))) {
    const all = branches.map(branch => branch.get(name));
    const some = all.find(variable => variable !== undefined)!;
    if (rest.length === 0 || all.every(variable => variable === some)) { merged.set(name, some); continue; }
    const agree = all.every(variable => variable !== undefined && variable.value !== undefined && variable.value === some.value);
    const { value: _value, written: _written, fallback: _fallback, choices: _choices, ...unset } = some;
    const choices = choicesOf(all);
    const guess = all.map(variable => variable?.value ?? variable?.fallback ?? variable?.guess).find(text => text !== undefined && text !== '');
    merged.set(name, agree ? some : { ...unset, ...(guess !== undefined && { guess }), ...(choices && { choices }) });
  }
  return merged;
}

/** More branches than that are not told apart. */
const CHOICES = 8;

function choicesOf(branches: readonly (Variable | undefined)[]): readonly string[] | undefined {
  const each = branches.map(variable => (variable?.value !== undefined ? [variable.value] : variable?.choices));
  const values = [...new Set(each.flatMap(one => one ?? []))];
  return each.every(one => one !== undefined) && values.length > 1 && values.length <= CHOICES ? values : undefined;
}

/** The words an expression becomes in an argv: `$@` gives all arguments, an unquoted variable may give several or none. */
export function expand(expr: Expr, scope: WordScope): readonly Word[] {
  if (expr.is !== 'environment') return [joined(expr, scope)];
  if (expr.name === '@' || expr.name === '*') return scope.args ?? [{ text: '$@', known: false, at: expr.at }];
  const word = joined(expr, scope);
  if (word.program) return [word];
  if (word.known) return split(word.text).map(text => ({ ...word, text }));
  const written = writtenParts(word);
  if (written) return written;
  const text = word.fallback ?? word.guess;
  if (text === undefined || !/\S\s+\S/.test(text)) return [word];
  return split(text).map(part => ({ text: part, known: false, at: word.at, ...(word.fallback !== undefined ? { fallback: part } : { guess: part }) }));
}

/** `celery worker -c $N` as words: those without a variable are known. */
function writtenParts(word: Word): readonly Word[] | undefined {
  const text = word.text.trim();
  if (!/\s/.test(text) || /\$\(|`|\$\{[^}]{0,1000}\s/.test(text)) return undefined;
  const parts = split(text);
  const align = (other: string | undefined): readonly string[] | undefined => { const list = other === undefined ? undefined : split(other); return list?.length === parts.length ? list : undefined; };
  const fallbacks = align(word.fallback), guesses = align(word.guess);
  return parts.map((part, i): Word => (part.includes('$') ? { text: part, known: false, at: word.at, ...(fallbacks ? { fallback: fallbacks[i]! } : guesses && { guess: guesses[i]! }) } : knownWord(part, word.at)));
}

const split = (text: string): readonly string[] => text.split(/\s+/).filter(Boolean);

/** Expressions inside each other, and characters of one word, beyond these are not followed. */
const DEPTH = 100, LENGTH = 8_000;

/** One expression as one word, however many words it holds. */
export function joined(expr: Expr, scope: WordScope, depth = 0): Word {
  const { at } = expr;
  if (depth > DEPTH) return { text: '…', known: false, at };
  switch (expr.is) {
    case 'literal': return { text: expr.value === null ? '' : String(expr.value), known: true, at };
    case 'environment': return variableWord(expr, scope, depth);
    case 'reference': {
      const fallback = expr.fallback && joined(expr.fallback, scope, depth + 1);
      const text = fallback && (fallback.known ? fallback.text : fallback.fallback);
      return { text: `\${${render(expr)}}`, known: false, at, ...(text !== undefined && { fallback: text }) };
    }
    case 'operation': return expr.operator === 'concat' ? concat(expr.operands.map(operand => joined(operand, scope, depth + 1)), at) : { text: render(expr), known: false, at };
    case 'opaque': {
      const lowered = loweredVariable(expr.text);
      if (lowered !== undefined) return lowerCase(variableWord({ is: 'environment', name: lowered, at }, scope, depth), expr.text);
      const folder = folderOfScript(expr.text, scope.script);
      return folder === undefined ? { text: expr.text, known: false, at } : { text: folder, known: true, at };
    }
    default: return { text: render(expr), known: false, at };
  }
}

/** `NAME` of `$(echo "$NAME" | tr '[:upper:]' '[:lower:]')` and `${NAME,,}`. */
function loweredVariable(text: string): string | undefined {
  return (/^\$\(\s*echo\s+"?\$\{?(\w+)\}?"?\s*\|\s*tr\s+['"]?(?:\[:upper:\]|A-Z)['"]?\s+['"]?(?:\[:lower:\]|a-z)['"]?\s*\)$/.exec(text) ?? /^\$\{(\w+),,\}$/.exec(text))?.[1];
}

function lowerCase(word: Word, written: string): Word {
  if (word.known) return { ...word, text: word.text.toLowerCase() };
  const { fallback, guess, choices } = word;
  return { text: written, known: false, at: word.at, ...(fallback !== undefined && { fallback: fallback.toLowerCase() }), ...(guess !== undefined && { guess: guess.toLowerCase() }), ...(choices && { choices: choices.map(one => one.toLowerCase()) }) };
}

function concat(parts: readonly Word[], at: SourceLocation): Word {
  const text = parts.map(part => part.text).join('');
  if (text.length > LENGTH) return { text: `${text.slice(0, 60)}…`, known: false, at };
  if (parts.every(part => part.known)) return { text, known: true, at };
  const through = (pick: (part: Word) => string | undefined): string | undefined => {
    const values = parts.map(part => (part.known ? part.text : pick(part)));
    return values.every(value => value !== undefined) ? values.join('') : undefined;
  };
  const fallback = through(part => part.fallback), guess = through(part => part.fallback ?? part.guess);
  return { text, known: false, at, ...(fallback !== undefined ? { fallback } : guess !== undefined && { guess }) };
}

function variableWord(expr: Extract<Expr, { is: 'environment' }>, scope: WordScope, depth: number): Word {
  const { at, name } = expr;
  if (name === '@' || name === '*') return scope.args ? { ...concat(scope.args.flatMap((arg, i) => (i > 0 ? [knownWord(' ', at), arg] : [arg])), at), at } : { text: `$${name}`, known: false, at };
  const fallback = expr.fallback && joined(expr.fallback, scope, depth + 1);
  const written = `$${fallback ? `{${name}:-${fallback.text}}` : name}`;
  const found = /^\d+$/.test(name) ? argument(Number(name), scope, at) : named(name, scope, at, written);
  if (found === 'absent') return fallback ?? knownWord('', at);
  if (found.known && found.text === '' && fallback) return fallback;
  if (found.known || !fallback) return found;
  const text = found.fallback ?? (fallback.known ? fallback.text : fallback.fallback);
  return { text: found.text, known: false, at, ...(found.guess !== undefined && { guess: found.guess }), ...(text !== undefined && { fallback: text }) };
}

function argument(index: number, { args, script }: WordScope, at: SourceLocation): Word | 'absent' {
  if (index === 0) return script === undefined ? { text: '$0', known: false, at } : knownWord(script, at);
  return args ? args[index - 1] ?? 'absent' : { text: `$${index}`, known: false, at };
}

function named(name: string, { environment, args }: WordScope, at: SourceLocation, written: string): Word | 'absent' {
  if (name === '#' && args) return knownWord(String(args.length), at);
  const variable = environment.variables.get(name);
  if (!variable) return environment.open || RUNTIME.test(name) || !/^\w+$/.test(name) ? { text: written, known: false, at } : 'absent';
  if (variable.value !== undefined) return knownWord(variable.value, at);
  return { text: variable.written ?? written, known: false, at, ...(variable.fallback !== undefined && { fallback: variable.fallback }), ...(variable.guess !== undefined && { guess: variable.guess }), ...(variable.choices && { choices: variable.choices }) };
}

/** `$(dirname "$0")`, `$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)`: the folder of the running script. */
function folderOfScript(text: string, script: string | undefined): string | undefined {
  if (script === undefined || !/dirname/.test(text) || !/\$\{?(?:0|BASH_SOURCE)/.test(text)) return undefined;
  const up = /"?\)"?\/(\.\.(?:\/\.\.)*)/.exec(text)?.[1] ?? '';
  return posix.join(posix.dirname(script), up);
}
