import { posix } from 'node:path';
import type { SourceLocation } from '../../model/index.js';
import { likely, type Variable, type Word } from '../process-environment.js';

/** `set -- "$@" "$@"` in a loop doubles them each time. */
const ARGUMENTS = 1_000;

/** The state of one shell while its program is walked. */
export interface State {
  variables: Map<string, Variable>;
  directory: string | undefined;
  args: readonly Word[] | undefined;
  exportAll: boolean;
}

export function assign(name: string, word: Word, exported: boolean, at: SourceLocation, state: State): void {
  const before = state.variables.get(name);
  const { fallback, guess, choices } = word;
  const value = word.known ? { value: word.text } : { written: word.text, ...(fallback !== undefined && { fallback }), ...(guess !== undefined && { guess }), ...(choices && { choices }) };
  state.variables.set(name, { name, at, origin: `set in ${at.path}`, exported: exported || state.exportAll || before?.exported === true, ...value });
}

/** `export A=1`, `local A`, `declare -x A=1`. */
export function declare(word: Word, exported: boolean, at: SourceLocation, state: State): void {
  if (word.text.startsWith('-')) return;
  const sign = word.text.indexOf('=');
  const name = sign < 0 ? word.text : word.text.slice(0, sign);
  const before = state.variables.get(name);
  if (sign < 0) { if (before && exported) state.variables.set(name, { ...before, exported: true }); return; }
  const cut = (text: string | undefined): string | undefined => text?.slice(sign + 1);
  const value: Word = { text: word.text.slice(sign + 1), known: word.known, at, ...(word.fallback !== undefined && { fallback: cut(word.fallback)! }), ...(word.guess !== undefined && { guess: cut(word.guess)! }) };
  assign(name, value, exported, at, state);
}

export function changeDirectory(target: Word | undefined, state: State): void {
  const path = likely(target);
  state.directory = path === undefined || path === '-' ? undefined : path.startsWith('/') ? posix.normalize(path) : state.directory === undefined ? undefined : posix.resolve(state.directory, path);
}

/** `set -a` exports what follows; `set -- …` replaces the arguments. */
export function setOptions(words: readonly Word[], state: State): boolean {
  const separator = words.findIndex(word => word.text === '--');
  if (separator >= 0) state.args = words.slice(separator + 1, separator + ARGUMENTS);
  else if (words[0] && !/^[-+]/.test(words[0].text)) state.args = words.slice(0, ARGUMENTS);
  for (const word of separator < 0 ? words : words.slice(0, separator)) {
    if (/^-[a-z]*a/.test(word.text)) state.exportAll = true;
    if (/^\+[a-z]*a/.test(word.text)) state.exportAll = false;
  }
  return false;
}
