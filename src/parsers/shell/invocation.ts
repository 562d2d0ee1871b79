import type { Expr } from '../../model/index.js';
import { literalText } from '../../model/index.js';

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'mksh']);
const SWITCH_USER: ReadonlySet<string> = new Set(['su', 'runuser']);

/** `bash` of `/usr/bin/bash`. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Whether a program by that name or path is a shell of the POSIX family. */
export function isShell(name: string): boolean {
  return SHELLS.has(baseName(name));
}

/**
 * Which word of an argv is the program text of a shell: the one behind `sh -c`, `bash -lc`, `bash -o pipefail -c`, `su app -c`, wherever
 * in the argv the shell stands (behind `tini --`, `gosu app`). undefined where no shell with -c is there.
 */
export function programIndex(words: readonly Expr[]): number | undefined {
  for (const [i, word] of words.entries()) {
    const name = literalText(word);
    if (name === undefined) continue;
    const found = isShell(name) ? behindShell(words, i + 1) : SWITCH_USER.has(baseName(name)) ? behindSwitchUser(words, i + 1) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function behindShell(words: readonly Expr[], from: number): number | undefined {
  let given = false;
  for (let i = from; i < words.length; i++) {
    const option = literalText(words[i]);
    if (option === undefined || !/^[-+]/.test(option)) return given ? i : undefined;
    if (/^-[a-zA-Z]{0,20}c[a-zA-Z]{0,20}$/.test(option)) given = true;
    if (/^[-+][a-zA-Z]*[oO]$/.test(option)) i++;
    if (option === '--') return given && i + 1 < words.length ? i + 1 : undefined;
  }
  return undefined;
}

/** Words behind `su` among which its -c is looked for. */
const MAX_OPTIONS = 12;

function behindSwitchUser(words: readonly Expr[], from: number): number | undefined {
  for (let i = from; i + 1 < Math.min(words.length, from + MAX_OPTIONS); i++) {
    const option = literalText(words[i]);
    if (option === '-c' || option === '--command') return i + 1;
  }
  return undefined;
}
