import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { drainlint, FAULTY, project } from './run-cli.js';

const made: string[] = [];
afterAll(() => made.forEach(one => rmSync(one, { recursive: true, force: true })));

interface Finding { readonly ruleId: string; readonly path: string; readonly message: string; readonly startLine: number }

/** The rest of the project must be audited as if the bad file were not there. */
function auditWith(files: Readonly<Record<string, string | Buffer>>, prepare: (folder: string) => void = () => {}): { readonly problems: readonly Finding[]; readonly rest: readonly string[] } {
  const folder = project({ ...FAULTY, ...files });
  made.push(folder);
  prepare(folder);
  const run = drainlint(folder, ['check', '--format', 'json', '--preset', 'strict']);
  expect(run.err).toBe('');
  expect(run.code).toBe(1);
  const { findings } = JSON.parse(run.out) as { findings: Finding[] };
  return { problems: findings.filter(finding => finding.ruleId === 'audit/unreadable-input'), rest: findings.filter(finding => finding.ruleId !== 'audit/unreadable-input').map(finding => `${finding.ruleId} ${finding.path}`).sort() };
}

const usual = auditWith({}).rest;

const nested = (open: string, close: string): string => open.repeat(10_000) + close.repeat(10_000);
const BOMB = ['services:', '  worker: &a0 { command: celery worker }', ...Array.from({ length: 30 }, (_, i) => `x${i + 1}: &a${i + 1} [${Array<string>(10).fill(`*a${i}`).join(', ')}]`), ''].join('\n');

test('the project itself has no such problem', () => {
  expect(auditWith({}).problems).toEqual([]);
  expect(usual.length).toBeGreaterThan(0);
});

test.each<[string, string, string | Buffer]>([
  ['a truncated task definition', 'bad/task.json', '{\n  "family": "x",\n  "containerDefinitions": [ { "name": '],
  ['tabs in YAML', 'bad/docker-compose.yml', 'services:\n\tworker:\n\t\tcommand: celery worker\n'],
  ['Python cut off', 'bad/cut.py', 'import celery\n\ndef f(:\n    return (\n'],
  ['11 MB of Python', 'bad/large.py', `import celery\n${'# celery\n'.repeat(1_300_000)}`],
  ['a binary .py', 'bad/binary.py', Buffer.concat([Buffer.from('celery'), Buffer.from(Array.from({ length: 4000 }, (_, i) => i % 256))])],
  ['Python nested 10,000 deep', 'bad/deep.py', `import celery\nx = ${nested('(', ')')}\n`],
  ['YAML nested 10,000 deep', 'bad/compose.yaml', `services:\n  worker:\n    image: x\n    command: ${nested('[', ']')}\n`],
])('%s: named with its place, the rest audited', (_, path, content) => {
  const { problems, rest } = auditWith({ [path]: content });
  expect(problems.map(problem => problem.path)).toContain(path);
  expect(problems.every(problem => problem.path === path && problem.message.length > 10 && !problem.message.includes('fault of drainlint'))).toBe(true);
  expect(rest).toEqual(expect.arrayContaining([...usual]));
});

test.each<[string, string, string]>([
  ['JSON nested 10,000 deep', 'bad/deep.json', `{ "family": "x", "containerDefinitions": [ { "name": "x", "image": "x", "environment": ${nested('[', ']')} } ] }`],
  ['Python 2', 'bad/old.py', 'import celery\n\ndef f():\n    print "celery"\n    raise ValueError, "x"\n'],
  ['an alias bomb', 'bad/docker-compose.yml', BOMB],
  ['imports in a circle', 'bad/a.py', 'from bad.b import x\nfrom celery import Celery\n'],
  ['a shell script cut off', 'bad/run.sh', '#!/bin/sh\nif true; then\n  celery -A app worker\n'],
  ['a Dockerfile cut off', 'bad/Dockerfile', 'FROM python:3.12\nRUN <<EOF\ncelery'],
  ['an empty task definition', 'bad/task.json', '{"containerDefinitions": null, "taskDefinition": []}'],
  ['a task definition of other types', 'bad/task.json', '{"family": 1, "containerDefinitions": [1, "x", {"name": 5, "command": "celery worker", "environment": {}}]}'],
])('%s: no crash, the rest audited', (_, path, content) => {
  const { rest } = auditWith({ [path]: content, 'bad/b.py': 'from bad.a import *\nfrom bad.a import x\nx = x\nfrom celery import Celery\n' });
  expect(rest).toEqual(expect.arrayContaining([...usual]));
});

test('a folder named like a file, and a file nobody may read', () => {
  const isRoot = process.getuid?.() === 0;
  const { problems, rest } = auditWith({ 'closed.py': 'import celery' }, folder => {
    mkdirSync(join(folder, 'folder.py'));
    mkdirSync(join(folder, 'Dockerfile.d'));
    chmodSync(join(folder, 'closed.py'), 0);
  });
  expect(problems.map(problem => problem.path)).toEqual(isRoot ? [] : ['closed.py']);
  expect(rest).toEqual(expect.arrayContaining([...usual]));
});
