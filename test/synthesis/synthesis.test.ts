import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ts } from 'ts-morph';
import { afterAll, expect, test } from 'vitest';
import { audit } from '../../src/audit.js';
import { DEFAULT_CONFIG } from '../../src/config.js';
import { rules } from '../../src/rules/index.js';
import { cdkPythonSource, cdkSource } from '../metamorphic/formats.js';
import { appOf, specOf, type Spec } from '../metamorphic/spec.js';

/** What the real CDK makes of a source says the same as the source: `npm run synthesis`. */
const SERVICES = Number(process.env.DRAINLINT_SERVICES ?? 60);
const CDK = fileURLToPath(new URL('../../.cdk/node_modules', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'drainlint-synthesis-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** One process for all: loading the CDK takes longer than synthesising with it. */
function synthesise(sources: readonly string[]): readonly string[] {
  for (const [n, source] of sources.entries()) writeFileSync(join(root, `stack-${n}.cjs`), ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true } }).outputText);
  const program = `const cdk = require('aws-cdk-lib'); const fs = require('fs');
for (let n = 0; n < ${sources.length}; n++) { const app = new cdk.App({ outdir: ${JSON.stringify(root)} + '/out-' + n }); const { ShopStack } = require(${JSON.stringify(root)} + '/stack-' + n + '.cjs'); new ShopStack(app, 'Shop'); app.synth(); }`;
  execFileSync(process.execPath, ['-e', program], { env: { ...process.env, NODE_PATH: CDK }, stdio: ['ignore', 'ignore', 'pipe'] });
  return sources.map((_, n) => readFileSync(join(root, `out-${n}`, 'Shop.template.json'), 'utf8'));
}

const PYTHON = fileURLToPath(new URL('../../.cdk/venv/bin/python', import.meta.url));

/** The same with the CDK for Python. */
function synthesisePython(sources: readonly string[]): readonly string[] {
  const folder = join(root, 'python');
  mkdirSync(folder);
  for (const [n, source] of sources.entries()) writeFileSync(join(folder, `stack_${n}.py`), source);
  const program = `import importlib, aws_cdk\nfor n in range(${sources.length}):\n    app = aws_cdk.App(outdir=f"out-{n}")\n    importlib.import_module(f"stack_{n}").ShopStack(app, "Shop")\n    app.synth()\n`;
  writeFileSync(join(folder, 'app.py'), program);
  execFileSync(PYTHON, ['app.py'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  return sources.map((_, n) => readFileSync(join(folder, `out-${n}`, 'Shop.template.json'), 'utf8'));
}

async function rulesOf(spec: Spec, files: Readonly<Record<string, string>>, name: string): Promise<readonly string[]> {
  const folder = join(root, name);
  for (const [path, text] of Object.entries({ ...appOf(spec), ...files })) { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), text); }
  const { findings } = await audit({ root: folder, rules, config: { ...DEFAULT_CONFIG, minConfidence: 'low' } });
  return [...new Set(findings.map(({ ruleId, severity }) => `${ruleId} ${severity}`))].sort();
}

/** The CDK refuses these itself. */
const isAccepted = ({ platform, stopTimeout = 30, minimum = 50, maximum = 200 }: Spec): boolean => minimum < maximum && (platform === 'EC2' || stopTimeout <= 120);

const specs = Array.from({ length: SERVICES * 4 }, (_, n) => specOf(11, n)).filter(isAccepted).slice(0, SERVICES);

async function differencesOf(language: string, path: string, sources: readonly string[], templates: readonly string[]): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const [n, template] of templates.entries()) {
    const [written, made] = [await rulesOf(specs[n]!, { [path]: sources[n]! }, `${language}-source-${n}`), await rulesOf(specs[n]!, { 'cdk.out/Shop.template.json': template }, `${language}-made-${n}`)];
    if (JSON.stringify(written) !== JSON.stringify(made)) differences.push(`${n}: ${JSON.stringify(specs[n])}\n  only in the source: ${written.filter(id => !made.includes(id)).join(', ') || 'nothing'}; only in the template: ${made.filter(id => !written.includes(id)).join(', ') || 'nothing'}`);
  }
  return differences;
}

test('a source in TypeScript and its synthesis say the same', { timeout: 300_000 }, async () => {
  if (!existsSync(CDK)) throw new Error('aws-cdk-lib is missing: bash test/synthesis/install.sh puts it into .cdk');
  expect(specs).toHaveLength(SERVICES);
  const sources = specs.map(cdkSource);
  expect(await differencesOf('typescript', 'infra/lib/shop-stack.ts', sources, synthesise(sources))).toEqual([]);
});

test('a source in Python and its synthesis say the same', { timeout: 300_000 }, async () => {
  if (!existsSync(PYTHON)) throw new Error('the CDK for Python is missing: bash test/synthesis/install.sh puts it into .cdk/venv');
  const sources = specs.map(cdkPythonSource);
  expect(await differencesOf('python', 'infra/shop_stack.py', sources, synthesisePython(sources))).toEqual([]);
});
