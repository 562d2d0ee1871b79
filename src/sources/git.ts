import { spawnSync } from 'node:child_process';

/**
 * What holds whatever a repository's own configuration says: no program that it names is started (core.fsmonitor, hooks), and a folder that looks like a
 * bare repository is none.
 */
const CONFIG: readonly (readonly [key: string, value: string])[] = [['core.fsmonitor', 'false'], ['core.hooksPath', '/dev/null'], ['safe.bareRepository', 'explicit']];

/**
 * What git says in a directory, as bytes; undefined where it fails or is not installed. It runs nothing that the repository names, fetches nothing, and
 * looks at the directory's own index, not at the one a hook's variables name, unless `index` is its path.
 */
export function git(directory: string, args: readonly string[], input?: string, index?: string): Buffer | undefined {
  // the only command that hands what is on disk to the filters of .gitattributes (`filter.x.clean`)
  const config = args[0] === 'diff' ? [...CONFIG, ...withoutFilters(directory)] : CONFIG;
  return run(directory, args, config, input, index);
}

function run(directory: string, args: readonly string[], config: typeof CONFIG, input?: string, index?: string): Buffer | undefined {
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, GIT_PREFIX: _prefix, ...env } = process.env;
  const result = spawnSync('git', args, {
    cwd: directory, maxBuffer: 1 << 29, ...(input !== undefined && { input }), stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...env, ...asVariables(config, Number(env.GIT_CONFIG_COUNT ?? 0) || 0), GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none', GIT_TERMINAL_PROMPT: '0', ...(index !== undefined && { GIT_INDEX_FILE: index }) },
  });
  return result.error || result.status !== 0 ? undefined : result.stdout;
}

/** As variables, since a key may hold a `=`. `before`: how many there are already. */
function asVariables(config: typeof CONFIG, before: number): Readonly<Record<string, string>> {
  return Object.fromEntries([['GIT_CONFIG_COUNT', String(before + config.length)], ...config.flatMap(([key, value], i) => [[`GIT_CONFIG_KEY_${before + i}`, key], [`GIT_CONFIG_VALUE_${before + i}`, value]])]);
}

/** Every filter that the configuration knows, as none: files are compared as they are. */
function withoutFilters(directory: string): typeof CONFIG {
  const keys = run(directory, ['config', '-z', '--name-only', '--get-regexp', '^filter\\.'], CONFIG);
  return keys ? partsOf(keys).map(key => [key, key.endsWith('.required') ? 'false' : ''] as const) : [];
}

/** The parts of an answer that git ends with NUL (`-z`). */
export const partsOf = (answer: Buffer): readonly string[] => answer.toString('utf8').split('\0').filter(part => part !== '');
