import { git, partsOf } from './git.js';
import { isForeign } from './list-files.js';
import { decode, LARGEST } from './read-file.js';

/** A tree as it was, told by what differs from the files on disk. */
export interface EarlierTree {
  /** As given: `origin/main`. */
  readonly name: string;
  /** Every file it had, relative to the root, sorted. */
  readonly paths: readonly string[];
  /** The texts of those that are not the same on disk; binary files and larger ones than are read are left out. */
  readonly texts: ReadonlyMap<string, string>;
}

/** The tree of a commit, beside the files on disk. `root`: the top of the work tree. undefined: git knows no such commit, or is not there. */
export function readRevision(root: string, name: string): EarlierTree | undefined {
  const commit = git(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])?.toString('utf8').trim();
  const listing = commit && git(root, ['ls-tree', '-r', '-z', '--full-tree', commit]);
  const changed = commit && git(root, ['diff', '-z', '--name-only', '--no-renames', '--no-ext-diff', '--no-textconv', '--ignore-submodules', commit]);
  if (!listing || !changed) return undefined;
  // <mode> blob <id>\t<path>: a link's text is the path it points to, a submodule is no blob
  const blobs = new Map(partsOf(listing).flatMap((line): readonly [string, string][] => {
    const [, mode, id, path] = /^(\d+) blob (\w+)\t(.*)$/s.exec(line) ?? [];
    return path !== undefined && mode !== '120000' && !isForeign(path) ? [[path, id!]] : [];
  }));
  const wanted = partsOf(changed).filter(path => blobs.has(path));
  const texts = blobTexts(root, wanted.map(path => blobs.get(path)!));
  return { name, paths: [...blobs.keys()].sort(), texts: new Map(wanted.flatMap((path, i): readonly [string, string][] => { const text = texts[i]; return text === undefined ? [] : [[path, text]]; })) };
}

/** The texts of blobs, in their order. */
function blobTexts(root: string, ids: readonly string[]): readonly (string | undefined)[] {
  const answer = ids.length === 0 ? undefined : git(root, ['cat-file', '--batch'], ids.map(id => `${id}\n`).join(''));
  if (!answer) return [];
  let at = 0;
  return ids.map(() => {
    const end = answer.indexOf('\n', at);
    const [, , size] = answer.toString('latin1', at, end).split(' ');
    const start = end + 1;
    at = start + Number(size ?? 0) + (size === undefined ? 0 : 1); // a missing blob (a partial clone) has a line of two words, and no text
    return size === undefined || Number(size) > LARGEST ? undefined : decode(answer.subarray(start, start + Number(size)));
  });
}
