// Builds dist/ when it is missing or older than what it is made from. `node scripts/build.js --force` always builds.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'dist/start.cjs');

function newest(path) {
  const stats = statSync(path);
  return stats.isDirectory() ? Math.max(0, ...readdirSync(path).map(name => newest(join(path, name)))) : stats.mtimeMs;
}

function isFresh() {
  return existsSync(built) && ['src', 'package.json', 'tsdown.config.ts'].every(path => newest(join(root, path)) <= statSync(built).mtimeMs);
}

/** Throws where the build fails. */
export function build({ force = false } = {}) {
  if (!force && isFresh()) return;
  // Unless forced, old chunks stay: another process may be running them.
  const run = spawnSync(process.execPath, [join(root, 'node_modules/tsdown/dist/run.mjs'), '--logLevel', 'error', ...(force ? [] : ['--no-clean'])], { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${run.stdout}${run.stderr}\ntsdown ended with ${run.status ?? run.signal}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    build({ force: process.argv.includes('--force') });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
