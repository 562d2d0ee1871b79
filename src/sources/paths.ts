import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** Never ours to judge: other people's code and caches, even where they are committed. */
export const FOREIGN: ReadonlySet<string> = new Set(['.git', '.hg', '.svn', 'node_modules', 'site-packages', '.venv', '__pycache__', '.tox', '.nox', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.terraform', 'bower_components']);

/** It lies in a folder of other people's code. */
export function isForeign(path: string): boolean {
  return path.includes('/') && path.split('/').some((part, i, parts) => i < parts.length - 1 && FOREIGN.has(part));
}

/** The top level of the git work tree a directory lies in; undefined outside git. */
export function gitRoot(directory: string): string | undefined {
  for (let at = resolve(directory); ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/**
 * The size of a regular file in bytes; undefined for anything else: a folder, a pipe, a device, a link out of the root or to nowhere.
 */
export function regularSize(root: string, path: string): number | undefined {
  const full = join(root, path);
  try {
    const own = lstatSync(full, { throwIfNoEntry: false });
    if (!own) return undefined;
    if (own.isFile()) return own.size;
    if (!own.isSymbolicLink() || !isInside(realpathSync(root), realpathSync(full))) return undefined;
    const target = statSync(full);
    return target.isFile() ? target.size : undefined;
  } catch {
    return undefined;
  }
}

/** A path lies in a folder, or is it. Both absolute. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === path);
}
