import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from '../../scripts/build.js';
import { FAULTY, project } from '../run-cli.js';
import { root } from './action-copy.js';

/** The packed command line under every version of Node that package.json allows, as far as they are laid out: Linux on x64. */
const VERSIONS = ['20', '22', '24'];
const folder = join(root, '.integrations');
const nodeOf = (major: string): string => {
  const found = readdirSync(folder).find(name => name.startsWith(`node-${major}.`));
  if (found === undefined || !existsSync(join(folder, found, 'package/bin/node'))) throw new Error(`Node ${major} is missing: bash test/integrations/install.sh`);
  return join(folder, found, 'package/bin/node');
};

let faulty: string, installed: string;
const run = (node: string, args: readonly string[], cwd: string): { readonly code: number | null; readonly out: string } => {
  const { status, stdout, stderr } = spawnSync(node, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  return { code: status, out: stdout + stderr };
};

beforeAll(() => {
  build();
  faulty = project(FAULTY);
  installed = project({ 'package.json': '{ "private": true }' });
  const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', installed], { cwd: root, encoding: 'utf8' });
  const added = spawnSync('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', join(installed, packed.stdout.trim())], { cwd: installed, encoding: 'utf8' });
  if (added.status !== 0) throw new Error(added.stderr);
});
afterAll(() => [faulty, installed].forEach(path => rmSync(path, { recursive: true, force: true })));

test.each(VERSIONS)('Node %s: check, settings, explain and the CDK plugin', major => {
  const node = nodeOf(major), bin = join(installed, 'node_modules/drainlint/bin/drainlint.js');
  expect(run(node, ['--version'], faulty).out).toMatch(new RegExp(`^v${major}\\.`));
  const report = run(node, [bin, 'check', '--format', 'json'], faulty);
  expect(report.code, report.out).toBe(1);
  expect((JSON.parse(report.out) as { readonly findings: readonly { readonly ruleId: string }[] }).findings.map(({ ruleId }) => ruleId)).toContain('celery/early-ack');
  expect(run(node, [bin, 'settings'], faulty)).toMatchObject({ code: 0, out: expect.stringContaining('task_time_limit') });
  expect(run(node, [bin, 'explain', 'celery/early-ack'], faulty).code).toBe(0);
  expect(run(node, ['-e', "console.log(require('drainlint/cdk').drainlint().name)"], installed)).toEqual({ code: 0, out: 'drainlint\n' });
});
