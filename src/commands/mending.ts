import { untilFixed, type FixLevel } from '../fix.js';
import type { Report } from '../model/index.js';
import { openToEdit, replaceTogether, type Editable } from '../sources/edit-file.js';

interface Change { readonly file: Editable; readonly text: string }

export interface Mended {
  /** As it was before, and what is left. */
  readonly before: Report;
  readonly report: Report;
  readonly files: readonly Change[];
  /** The same, by what must be written together. */
  readonly together: readonly (readonly Change[])[];
}

/** Makes fixes in memory, and names the files that had to be left alone. `since` (ms): when the first file may have been read. */
export async function mend(run: (overlay?: ReadonlyMap<string, string>) => Promise<Report>, root: string, level: FixLevel, since: number): Promise<Mended> {
  const opened = new Map<string, Editable>();
  const { before, report, changed, together } = await untilFixed(run, level, path => {
    const file = openToEdit(root, path, since);
    if ('reason' in file) return leave(path, file.reason);
    const same = [...opened].find(([, other]) => other.full === file.full);
    if (same) return leave(path, `the same file as ${same[0]}`);
    opened.set(path, file);
    return file.text;
  });
  const changeOf = (path: string): Change => ({ file: opened.get(path)!, text: changed.get(path)! });
  return { before, report, files: [...changed.keys()].map(changeOf), together: together.map(paths => paths.map(changeOf)) };
}

/** Writes what belongs together, whole or not at all, and names what was written and what was not. Whether all of it was. */
export function write({ together }: Mended): boolean {
  const written: string[] = [];
  let isWhole = true;
  for (const changes of together) {
    const failed = replaceTogether(changes);
    if (!failed) written.push(...changes.map(({ file }) => file.path));
    else for (const { file } of changes) leave(file.path, file.path === failed.path ? failed.reason : `belongs together with ${failed.path}`);
    isWhole &&= !failed;
  }
  if (written.length > 0) process.stderr.write(`mended ${written.join(', ')}\n`);
  return isWhole;
}

const leave = (path: string, reason: string): undefined => void process.stderr.write(`left alone: ${path} (${reason})\n`);
