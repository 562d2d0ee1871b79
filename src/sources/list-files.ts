import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadProblem } from '../model/index.js';
import { startOf } from '../model/index.js';
import { git, partsOf } from './git.js';
import { FOREIGN, gitRoot, isForeign } from './paths.js';

export interface Listing { readonly paths: readonly string[]; readonly problems: readonly ReadProblem[] }

/** Every file below a directory, relative to it, with `/`, sorted: what git tracks or would track, else what is there. */
export function listFiles(root: string): Listing {
  const known = gitRoot(root) ? listByGit(root) : undefined;
  // Nothing at all: the directory itself is ignored by git, yet someone asked for it.
  const listing = known && known.paths.length > 0 ? known : walk(root);
  return { paths: [...new Set(listing.paths)].filter(path => !isForeign(path)).sort(), problems: listing.problems };
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
