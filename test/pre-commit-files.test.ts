import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { analyzers } from '../src/analyzers/index.js';

/** The hooks run when a file that drainlint reads changes: a format that is forgotten here is never linted before a commit. */
const hooks = parse(readFileSync(new URL('../.pre-commit-hooks.yaml', import.meta.url), 'utf8')) as readonly { readonly id: string; readonly files: string }[];
const FILES = [
  'infra/template.yaml', 'cdk.out/Shop.template.json', 'infra/stack.template', 'lib/stack.ts', 'lib/stack.mts', 'infra/stack.py', 'infra/main.tf', 'infra/prod.tfvars', 'infra/worker.json.tpl', 'plan.json', 'copilot/api/manifest.yml',
  'copilot/api/overrides/cfn.patches.yml', 'compose.yaml', 'Dockerfile', 'docker/worker.Dockerfile', 'Procfile', 'supervisord.conf', 'ecosystem.config.js', 'src/worker.ts', 'src/worker.js', 'src/worker.mjs', 'package.json', 'ecosystem.config.cjs', 'deploy/celery.service', 'bin/start.sh', 'entrypoint', 'requirements.txt', 'poetry.lock', 'pyproject.toml',
];

test.each(hooks)('$id runs for every file that is read', ({ files }) => {
  expect(FILES.filter(path => !new RegExp(files).test(path))).toEqual([]);
});

test('every analyzer of files has a file here', () => {
  expect(analyzers.filter(({ format }) => format !== 'aws-answer').filter(({ name }) => !FILES.some(path => name.test(path))).map(({ format }) => format)).toEqual([]);
});
