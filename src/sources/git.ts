import { spawnSync } from 'node:child_process';

/**
 * What git says in a directory, as bytes; undefined where it fails or is not installed. It runs nothing that the repository names
 * (core.fsmonitor), fetches nothing, and looks at the directory's own index, not at the one a hook's variables name, unless `index` is its path.
 */
export function git(directory: string, args: readonly string[], input?: string, index?: string): Buffer | undefined {
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, GIT_PREFIX: _prefix, ...env } = process.env;
  const run = spawnSync('git', ['-c', 'core.fsmonitor=false', ...args],
    { cwd: directory, env: { ...env, GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1', ...(index !== undefined && { GIT_INDEX_FILE: index }) }, maxBuffer: 1 << 29, ...(input !== undefined && { input }), stdio: ['pipe', 'pipe', 'ignore'] });
  return run.error || run.status !== 0 ? undefined : run.stdout;
}

/** The parts of an answer that git ends with NUL (`-z`). */
export const partsOf = (answer: Buffer): readonly string[] => answer.toString('utf8').split('\0').filter(part => part !== '');
