import { closeSync, fchmodSync, fchownSync, fstatSync, fsyncSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { isInside, regularSize } from './paths.js';

const MARK = '\ufeff';
const ANYBODY_WRITES = 0o222;
const MODE = 0o7777;

/** A file that may be changed. */
export interface Editable {
  /** Of the file itself, where links lead to it. Relative to the root. */
  readonly path: string;
  readonly full: string;
  /** Without the byte order mark. */
  readonly text: string;
  readonly mark: '' | typeof MARK;
  readonly bytes: Buffer;
}

/** Why a file is left as it is. */
export interface LeftAlone { readonly reason: string }

/**
 * Opens a file for a change that keeps every other byte; says why where that cannot be. `since`: what was read at that time (ms) or later is judged, so a
 * file that changed after it is another one. Links are followed inside the root only.
 */
export function openToEdit(root: string, path: string, since = Infinity): Editable | LeftAlone {
  if (regularSize(root, path) === undefined) return { reason: 'no file in this folder' };
  try {
    const [base, full] = [realpathSync(root), realpathSync(join(root, path))];
    if (!isInside(base, full)) return { reason: 'a link out of this folder' };
    const { mode, ctimeMs } = statSync(full);
    if ((mode & ANYBODY_WRITES) === 0) return { reason: 'read-only' };
    if (ctimeMs > since) return { reason: 'changed in the meantime' };
    const bytes = readFileSync(full);
    const all = bytes.toString('utf8');
    if (!Buffer.from(all).equals(bytes)) return { reason: 'not UTF-8' };
    const mark = all.startsWith(MARK) ? MARK : '';
    return { path: relative(base, full).split(sep).join('/'), full, text: all.slice(mark.length), mark, bytes };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

/**
 * Writes new texts of files that belong together: all of them or none. Each takes its file's place at once, under its mode and owner; a file that is no
 * longer as it was opened keeps them all from being written. Returns what did.
 */
export function replaceTogether(files: readonly { readonly file: Editable; readonly text: string }[]): { readonly path: string } & LeftAlone | undefined {
  const staged: string[] = [];
  let at = 0;
  try {
    for (const { file, text } of files) { staged.push(stage(file.full, Buffer.from(file.mark + text))); at++; }
    for (at = 0; at < files.length; at++) {
      if (!readFileSync(files[at]!.file.full).equals(files[at]!.file.bytes)) throw new Changed();
      renameSync(staged[at]!, files[at]!.file.full);
    }
    return undefined;
  } catch (error) {
    const { path } = files[at]!.file;
    if (staged.length === files.length) for (const { file } of files.slice(0, at)) renameSync(stage(file.full, file.bytes), file.full);
    for (const temporary of staged) rmSync(temporary, { force: true });
    return { path, reason: error instanceof Changed ? 'changed in the meantime' : reasonOf(error) };
  }
}

class Changed extends Error {}

/** The bytes in a new file beside the one they are for, under its mode and owner where it is there, so that a rename takes them to it. Returns its path. */
function stage(full: string, bytes: Buffer): string {
  const temporary = join(dirname(full), `.drainlint-${crypto.randomUUID()}`);
  const before = statSync(full, { throwIfNoEntry: false });
  const out = openSync(temporary, 'wx', before ? 0o600 : 0o666);
  try {
    writeFileSync(out, bytes);
    const own = fstatSync(out);
    if (before && (own.uid !== before.uid || own.gid !== before.gid)) fchownSync(out, before.uid, before.gid);
    if (before) fchmodSync(out, before.mode & MODE);
    fsyncSync(out);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(out);
  }
  return temporary;
}

const reasonOf = (error: unknown): string => `cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;

/** A file's text; undefined where there is no such file. Throws what else keeps it from being read. `file`: absolute. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces a file as a whole, or makes it: whoever reads it meets the old text or the new one. `file`: absolute; a link stays one. */
export function replaceFile(file: string, text: string): void {
  const full = statSync(file, { throwIfNoEntry: false }) ? realpathSync(file) : file;
  const temporary = stage(full, Buffer.from(text));
  try {
    renameSync(temporary, full);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
