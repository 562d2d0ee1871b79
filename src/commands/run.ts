import { dirname, relative, resolve, sep } from 'node:path';
import { statSync } from 'node:fs';
import type { AuditOptions } from '../audit.js';
import { AuditError, DEFAULT_CONFIG, didYouMean, findConfig, loadConfig, type Config } from '../config.js';
import { gitRoot, isInside } from '../sources/files.js';
import { cacheDirectory } from '../sources/cache-directory.js';
import type { Cache } from '../sources/cache.js';
import type { EarlierTree, StagedTree, Tree } from '../sources/revision.js';
import { BUILD } from '../version.js';

/**
 * What paths are relative to: the top of the git work tree; outside git the one folder given, else the current directory, else the
 * nearest folder that holds all paths.
 */
export function rootOf(paths: readonly string[]): string {
  const folders = paths.map(folderOf);
  const start = folders[0] ?? process.cwd();
  const top = gitRoot(start);
  if (top) return top;
  if (paths.length === 1 && isFolder(paths[0]!)) return start;
  if (folders.every(folder => isInside(process.cwd(), folder))) return process.cwd();
  let common = start;
  while (!folders.every(folder => isInside(common, folder))) common = dirname(common);
  return common;
}

/** The paths to audit: those given, else the current directory. */
export function pathsOf(paths: readonly string[]): readonly string[] {
  const commands = ['check', 'live', 'settings', 'fate', 'init', 'explain', 'rules', 'completion'];
  for (const path of paths) if (!statSync(path, { throwIfNoEntry: false })) throw new AuditError(`${path} does not exist${paths.length === 1 ? didYouMean(path, commands) : ''}`);
  return paths.length > 0 ? paths : ['.'];
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
const folderOf = (path: string): string => (isFolder(path) ? resolve(path) : dirname(resolve(path)));

/**
 * The configuration for a run: the file named, else the nearest one from the first path upwards, else the defaults; its `baseline` is absolute.
 * `tree`: another tree than the one on disk, which it is read from unless it is named.
 */
export async function configFor(root: string, paths: readonly string[], named: string | undefined, tree?: Tree): Promise<Config> {
  const file = named === undefined ? findConfig(folderOf(paths[0]!), root) : resolve(named);
  if (file === undefined) return DEFAULT_CONFIG;
  const shown = isInside(root, file) ? relative(root, file).split(sep).join('/') : named ?? file;
  if (named === undefined && tree && !tree.paths.includes(shown)) return DEFAULT_CONFIG;
  return loadConfig(file, shown, root, named === undefined ? tree?.texts.get(shown) : undefined);
}

/** Whether to colour stdout: --color, else NO_COLOR and FORCE_COLOR, else a terminal. */
export function wantsColor(flag: string | boolean | undefined): boolean {
  if (flag === false || flag === 'never') return false;
  if (flag === 'always') return true;
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return process.stdout.isTTY === true && TERM !== 'dumb';
}

/** Whether stdout shows more than ASCII: the locale says so, or nothing does. */
export function wantsUnicode(): boolean {
  const locale = [process.env.LC_ALL, process.env.LC_CTYPE, process.env.LANG].find(Boolean);
  return process.env.TERM !== 'linux' && (locale === undefined || /utf-?8/i.test(locale));
}

/** Columns of stdout: of the terminal, else of the environment, else 80. */
export function widthOf(): number {
  const given = process.stdout.columns ?? Number(process.env.COLUMNS);
  return given >= 40 ? given : 80;
}

/** The tree that `--since` names. */
export async function revision(root: string, name: string): Promise<EarlierTree> {
  const { readRevision } = await import('../sources/revision.js');
  const found = readRevision(root, name);
  if (!found) throw new AuditError(`--since ${name}: git finds no such commit in ${root}`);
  return found;
}

/** The tree of `--staged`: what the next commit will be. */
export async function stagedTree(root: string): Promise<StagedTree> {
  const found = (await import('../sources/revision.js')).readStaged(root);
  if (!found) throw new AuditError(`--staged: git finds no index in ${root}`);
  const [first] = found.unmerged;
  if (first !== undefined) throw new AuditError(`--staged: ${first} has a conflict that is not resolved, so it is not known what will be committed; resolve it, then git add ${first}`);
  return found;
}

/** Flags of every command that reads files. */
export interface ReadingFlags { readonly cache?: boolean; readonly readAll?: boolean; readonly verbose?: boolean }

/** How a tree is read: for `audit`. */
export interface Reading extends Pick<AuditOptions, 'cache' | 'readAll'> {
  /** Keeps what this run found out, in the user's cache directory. */
  save(): void;
}

export function readingFor(root: string, { cache: isWanted, readAll = false, verbose }: ReadingFlags): Reading {
  const build = BUILD;
  if (isWanted === false || build === undefined) return { readAll, save() {} };
  let opened: Promise<Cache | undefined> | undefined;
  let found: Cache | undefined;
  const onTrouble = (message: string): void => { if (verbose) process.stderr.write(`drainlint: ${message}\n`); };
  const open = async (folders: readonly string[]): Promise<Cache | undefined> => {
    const { openCache } = await import('../sources/cache.js');
    const directory = cacheDirectory();
    if (directory !== undefined) found = openCache({ directory, build: `${build} ${process.versions.v8}`, root, folders, onTrouble });
    return found;
  };
  return { readAll, cache: folders => (opened ??= open(folders)), save: () => found?.save() };
}
