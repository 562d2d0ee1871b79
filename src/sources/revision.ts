import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { git, partsOf } from './git.js';
import { isForeign } from './paths.js';
import { isInside } from './paths.js';
import { decode, LARGEST } from './read-file.js';

/** A tree that is not the one on disk, told by what differs from that. */
export interface Tree {
  /** Every file it has, relative to the root, sorted. */
  readonly paths: readonly string[];
  /** The texts of those that are not the same on disk; binary files and larger ones than are read are left out. */
  readonly texts: ReadonlyMap<string, string>;
}

/** A tree as it was. */
export interface EarlierTree extends Tree {
  /** As given: `origin/main`. */
  readonly name: string;
}

/** The tree that the next commit will have. */
export interface StagedTree extends Tree {
  /** The commit it follows, told by what differs from the staged tree; absent for a first commit. */
  readonly before?: EarlierTree;
  /** The files among `paths` that the commit adds or changes. */
  readonly changed: readonly string[];
  /** Files with a conflict that is not resolved; they are none of `paths`. */
  readonly unmerged: readonly string[];
}

const DIFF = ['diff', '-z', '--name-only', '--no-renames', '--no-ext-diff', '--no-textconv', '--ignore-submodules'];

/** The tree of a commit, beside the files on disk. `root`: the top of the work tree. undefined: git knows no such commit, or is not there. */
export function readRevision(root: string, name: string): EarlierTree | undefined {
  const commit = commitOf(root, name);
  const changed = commit && git(root, [...DIFF, commit]);
  return commit && changed ? treeOf(root, name, commit, partsOf(changed)) : undefined;
}

/**
 * The tree in the index, beside the files on disk, and the commit before it. In a hook it is the index of the commit that is made (`git commit -a` and
 * `git commit FILE` have one of their own). `root`: the top of the work tree. undefined: git is not there, or this is no work tree.
 */
export function readStaged(root: string): StagedTree | undefined {
  const index = hookIndex(root);
  const ask = (...args: string[]): Buffer | undefined => git(root, args, undefined, index);
  const listing = ask('ls-files', '-s', '-v', '-z');
  const unlike = ask(...DIFF);
  const commit = commitOf(root, 'HEAD');
  const staged = commit && ask(...DIFF, '--cached', commit);
  if (!listing || !unlike || (commit && !staged)) return undefined;
  // <tag> <mode> <id> <stage>\t<path>; other tags than H: git does not look at the disk (sparse, assumed unchanged)
  const entries = partsOf(listing).flatMap(line => {
    const [, tag, mode, id, stage, path] = /^(\S) (\d+) (\w+) (\d)\t(.*)$/s.exec(line) ?? [];
    return path !== undefined && mode!.startsWith('100') && !isForeign(path) ? [{ path, id: id!, tag: tag!, stage: stage! }] : [];
  });
  const own = entries.filter(({ stage }) => stage === '0');
  const differs = new Set(partsOf(unlike));
  const wanted = own.filter(({ path, tag }) => differs.has(path) || tag !== 'H');
  const texts = textsOf(root, wanted);
  const unread = new Set(wanted.filter(({ path }) => !texts.has(path)).map(({ path }) => path));
  const paths = own.map(({ path }) => path).filter(path => !unread.has(path)).sort();
  const changes = staged ? partsOf(staged) : paths;
  const before = commit ? treeOf(root, 'HEAD', commit, changes) : undefined;
  const isStaged = new Set(changes);
  return {
    paths, texts, changed: paths.filter(path => isStaged.has(path)), ...(before && { before }),
    unmerged: [...new Set(entries.filter(({ stage }) => stage !== '0').map(({ path }) => path))],
  };
}

const commitOf = (root: string, name: string): string | undefined => git(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])?.toString('utf8').trim();

/** The index that a hook's variable names, where it is one of this repository. git reads it from the top of the work tree. */
function hookIndex(root: string): string | undefined {
  const { GIT_INDEX_FILE } = process.env;
  const own = GIT_INDEX_FILE && git(root, ['rev-parse', '--absolute-git-dir'])?.toString('utf8').replace(/\n$/, '');
  if (!GIT_INDEX_FILE || !own) return undefined;
  try {
    const file = realpathSync(resolve(root, GIT_INDEX_FILE));
    return isInside(realpathSync(own), file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** The tree of a commit. `changed`: the paths whose texts are read. */
function treeOf(root: string, name: string, commit: string, changed: readonly string[]): EarlierTree | undefined {
  const listing = git(root, ['ls-tree', '-r', '-z', '--full-tree', commit]);
  if (!listing) return undefined;
  // <mode> blob <id>\t<path>: a link's text is the path it points to, a submodule is no blob
  const blobs = new Map(partsOf(listing).flatMap((line): readonly [string, string][] => {
    const [, mode, id, path] = /^(\d+) blob (\w+)\t(.*)$/s.exec(line) ?? [];
    return path !== undefined && mode !== '120000' && !isForeign(path) ? [[path, id!]] : [];
  }));
  return { name, paths: [...blobs.keys()].sort(), texts: textsOf(root, changed.filter(path => blobs.has(path)).map(path => ({ path, id: blobs.get(path)! }))) };
}

function textsOf(root: string, files: readonly { readonly path: string; readonly id: string }[]): ReadonlyMap<string, string> {
  const texts = blobTexts(root, files.map(({ id }) => id));
  return new Map(files.flatMap(({ path }, i): readonly [string, string][] => { const text = texts[i]; return text === undefined ? [] : [[path, text]]; }));
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
