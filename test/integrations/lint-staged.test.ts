import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { build } from '../../scripts/build.js';
import { FAULTY, project } from '../run-cli.js';
import { root } from './action-copy.js';

/** Real commits through husky and lint-staged, as docs/pre-commit.md sets them up. */
build();
const folder = project({
  'README.md': 'shop\n', '.gitignore': 'node_modules\n',
  'package.json': JSON.stringify({ private: true, 'lint-staged': { '*.{py,json,yaml,yml,tf,ts,js,sh}': 'drainlint check' } }),
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (command: string, ...args: readonly string[]): { readonly code: number | null; readonly out: string } => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.com', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.com' } });
  return { code: status, out: stdout + stderr };
};
const commit = (files: Readonly<Record<string, string>>): ReturnType<typeof run> => {
  for (const [path, text] of Object.entries(files)) { mkdirSync(join(folder, path, '..'), { recursive: true }); writeFileSync(join(folder, path), text); }
  run('git', 'add', '-A');
  return run('git', 'commit', '-m', 'A change');
};

test('a bad commit is stopped, a good one and an unrelated one pass', () => {
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  const packages = join(root, '.integrations/node_modules');
  for (const [name, target] of [['drainlint', join(root, 'bin/drainlint.js')], ['lint-staged', join(packages, '.bin/lint-staged')], ['husky', join(packages, '.bin/husky')]]) symlinkSync(target!, join(folder, 'node_modules/.bin', name!));
  chmodSync(join(root, 'bin/drainlint.js'), 0o755);
  run('git', 'init', '--quiet');
  expect(run('npx', '--no-install', 'husky').code).toBe(0);
  writeFileSync(join(folder, '.husky/pre-commit'), 'npx --no-install lint-staged\n');

  expect(commit({}).code).toBe(0);
  const faulty = Object.fromEntries(Object.entries(FAULTY).map(([path, text]) => [path, text.toString()]));
  const stopped = commit(faulty);
  expect(stopped.code, stopped.out).not.toBe(0);
  expect(stopped.out).toContain('celery/early-ack');
  expect(run('git', 'log', '--oneline').out.trim().split('\n')).toHaveLength(1);

  const repaired = commit({ ...faulty, 'infra/worker.json': '{}\n', 'app/celery.py': "def hello():\n    return 'hello'\n", 'Dockerfile': 'FROM python:3.12-slim\nCMD ["python", "-V"]\n' });
  expect(repaired.code, repaired.out).toBe(0);
  expect(commit({ 'README.md': 'the shop\n' }).code).toBe(0);
  expect(run('git', 'log', '--oneline').out.trim().split('\n')).toHaveLength(3);
}, 120_000);
