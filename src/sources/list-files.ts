import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadProblem } from '../model/index.js';
import { startOf } from '../model/index.js';
import { git, partsOf } from './git.js';
import { gitRoot } from './paths.js';

/** Never ours to judge: other people's code and caches, even where they are committed. */
const FOREIGN = new Set(['.git', '.hg', '.svn', 'node_modules', 'site-packages', '.venv', '__pycache__', '.tox', '.nox', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.terraform', 'bower_components']);

export interface Listing { readonly paths: readonly string[]; readonly problems: readonly ReadProblem[] }

/** Every file below a directory, relative to it, with `/`, sorted: what git tracks or would track, else what is there. */
export function listFiles(root: string): Listing {
  const known = gitRoot(root) ? listByGit(root) : undefined;
  // Nothing at all: the directory itself is ignored by git, yet someone asked for it.
  const listing = known && known.paths.length > 0 ? known : walk(root);
  return { paths: [...new Set(listing.paths)].filter(path => !isForeign(path)).sort(), problems: listing.problems };
}

/** It lies in a folder of other people's code. */
export function isForeign(path: string): boolean {
  return path.includes('/') && path.split('/').some((part, i, parts) => i < parts.length - 1 && FOREIGN.has(part));
}

function listByGit(root: string): Listing | undefined {
  const answer = git(root, ['ls-files', '-z', '-t', '-c', '-o', '-d', '--exclude-standard']);
  if (!answer) return undefined;
  const entries = partsOf(answer);
  const removed = new Set(entries.filter(entry => entry.startsWith('R ')).map(entry => entry.slice(2)));
  const paths: string[] = [];
  const problems: ReadProblem[] = [];
  for (const path of entries.map(entry => entry.slice(2))) {
    if (removed.has(path)) continue;
    if (!path.endsWith('/')) { paths.push(path); continue; }
    const inner = listFiles(join(root, path)); // a repository inside the repository
    paths.push(...inner.paths.map(below => path + below));
    problems.push(...inner.problems.map(problem => ({ ...problem, at: startOf(path + problem.at.path) })));
  }
  return { paths, problems };
}

function walk(root: string): Listing {
  const paths: string[] = [];
  const problems: ReadProblem[] = [];
  const open = [''];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    try {
      const entries = readdirSync(join(root, folder), { withFileTypes: true });
      if (entries.some(entry => entry.name === 'pyvenv.cfg')) continue;
      for (const entry of entries) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) { if (!FOREIGN.has(entry.name)) open.push(path); }
        else if (entry.isFile() || entry.isSymbolicLink()) paths.push(path);
      }
    } catch (error) {
      problems.push({ message: `this folder cannot be read (${(error as NodeJS.ErrnoException).code})`, at: startOf(folder || '.') });
    }
  }
  return { paths, problems };
}
