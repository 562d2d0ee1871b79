// npm runs this after an install in a checkout, and before it packs a git dependency. There it has installed nothing yet, with
// variables that send an inner install to the outer one's prefix: `pre-commit` installs node hooks that way.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

if (!existsSync(new URL('../node_modules/tsdown', import.meta.url))) {
  const OUTER = /^npm_config_(?:global|location|prefix|local_prefix|allow_scripts|force|dry_run|omit|production)$/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OUTER.test(name)));
  const [command, ...first] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const run = spawnSync(command, [...first, 'ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root, env, stdio: ['ignore', 2, 2] });
  if (run.status !== 0) throw new Error(`npm ci ended with ${run.status ?? run.signal}`);
}
const { build } = await import('./build.js');
build({ force: true });
