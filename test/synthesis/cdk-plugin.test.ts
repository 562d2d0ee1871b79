import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { build } from '../../scripts/build.js';

/** `drainlint/cdk` in real syntheses, as an app in CommonJS writes it: `npm run synthesis`. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const work = realpathSync(mkdtempSync(join(tmpdir(), 'drainlint-cdk-')));
afterAll(() => rmSync(work, { recursive: true, force: true }));
build();

const REPAIRED = `, stopTimeout: cdk.Duration.seconds(120), logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'worker' })`;
interface App { readonly plugin: string; readonly command: string; readonly container?: string; readonly service?: string; readonly files?: Readonly<Record<string, string>> }
interface Synthesis { readonly code: number | null; readonly said: string; readonly folder: string }

/** A repository with a CDK app in it; git ignores what the app makes. */
function synthesise({ plugin, command, container = '', service = '', files = {} }: App): Synthesis {
  const folder = mkdtempSync(join(work, 'app-'));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['aws-cdk-lib', 'constructs']) symlinkSync(join(root, '.cdk/node_modules', name), join(folder, 'node_modules', name));
  symlinkSync(root, join(folder, 'node_modules/drainlint'));
  const app = `const cdk = require('aws-cdk-lib'); const ecs = require('aws-cdk-lib/aws-ecs'); const ec2 = require('aws-cdk-lib/aws-ec2');
const { drainlint } = require('drainlint/cdk');
const app = new cdk.App({ outdir: 'cdk.out' });
cdk.Validations.of(app).addPlugins(${plugin});
const stack = new cdk.Stack(app, 'Shop');
const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: new ec2.Vpc(stack, 'Vpc') });
const definition = new ecs.FargateTaskDefinition(stack, 'Definition');
definition.addContainer('worker', { image: ecs.ContainerImage.fromRegistry('shop'), command: ${command}${container} });
new ecs.FargateService(stack, 'Worker', { cluster, taskDefinition: definition${service} });
app.synth();
`;
  for (const [path, text] of Object.entries({ 'app.cjs': app, '.gitignore': 'cdk.out\nnode_modules\n', ...files })) { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), text); }
  execFileSync('git', ['init', '--quiet'], { cwd: folder });
  const run = spawnSync(process.execPath, ['app.cjs'], { cwd: folder, encoding: 'utf8', env: { ...process.env, NODE_ENV: 'production', CDK_APP_MODE: 'process', NO_COLOR: '1' } });
  return { code: run.status, said: run.stdout + run.stderr, folder };
}

const reportIn = (folder: string): { readonly pluginReports: readonly { readonly pluginName: string; readonly conclusion: string; readonly violations: readonly Record<string, unknown>[] }[] } =>
  JSON.parse(readFileSync(join(folder, 'cdk.out/validation-report.json'), 'utf8')) as never;
const SHELL = "['sh', '-c', 'celery -A app.celery worker']";

test('a faulty template fails the synthesis, with rule, place, severity and remedy', () => {
  const { code, said, folder } = synthesise({ plugin: "drainlint({ failOn: 'warning' })", command: SHELL });
  expect(code, said).not.toBe(0);
  expect(said).toContain('container/shell-swallows-signal');
  const report = reportIn(folder).pluginReports.find(({ pluginName }) => pluginName === 'drainlint')!;
  expect(report.conclusion).toBe('failure');
  expect(report.violations.find(({ ruleName }) => ruleName === 'container/shell-swallows-signal')).toMatchObject({
    severity: 'warning', suggestedFix: 'write `exec celery -A app.celery worker`',
    violatingConstructs: [{ constructPath: expect.stringContaining('Shop/Definition'), cloudFormationResource: { templatePath: 'Shop.template.json', propertyPaths: ['Properties.ContainerDefinitions.0.Command.2'] } }],
  });
}, 120_000);

test('below the threshold the report is there and the synthesis passes', () => {
  const { code, said, folder } = synthesise({ plugin: 'drainlint()', command: SHELL });
  expect(code, said).toBe(0);
  expect(reportIn(folder).pluginReports.find(({ pluginName }) => pluginName === 'drainlint')!.violations.length).toBeGreaterThan(0);
}, 120_000);

test('a clean template passes under strict', () => {
  const { code, said } = synthesise({ plugin: "drainlint({ failOn: 'note', preset: 'strict' })", command: "['python', 'serve.py']", container: REPAIRED, service: ', circuitBreaker: { rollback: true }' });
  expect(code, said).toBe(0);
  expect(said).not.toContain('drainlint');
}, 120_000);

test('with repo the template is joined with the code: a fault there is one of the container', () => {
  const files = { 'app/__init__.py': '', 'requirements.txt': 'celery==5.4.0\n', 'app/celery.py': "from celery import Celery\n\napp = Celery('app', broker='redis://cache:6379/0')\n\n\n@app.task\ndef export(user):\n    requests.post('https://example.org', json={'user': user})\n" };
  const { code, said, folder } = synthesise({ plugin: "drainlint({ repo: __dirname })", command: "['celery', '-A', 'app.celery', 'worker']", files });
  expect(code, said).not.toBe(0);
  expect(reportIn(folder).pluginReports.find(({ pluginName }) => pluginName === 'drainlint')!.violations.find(({ ruleName }) => ruleName === 'celery/early-ack')).toMatchObject({
    description: expect.stringMatching(/^app\/celery\.py:\d+: /), violatingConstructs: [{ constructPath: expect.stringContaining('Shop/Definition') }],
  });
}, 120_000);

test('what stops drainlint fails the synthesis, and is said', () => {
  const { code, said } = synthesise({ plugin: "drainlint({ config: 'none.yaml' })", command: SHELL });
  expect(code).not.toBe(0);
  expect(said).toContain('none.yaml');
}, 120_000);

test.each([['node10', 'commonjs'], ['nodenext', 'nodenext'], ['bundler', 'esnext']])('its types fit those of the CDK (%s)', (moduleResolution, module) => {
  const folder = mkdtempSync(join(work, 'types-'));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['aws-cdk-lib', 'constructs']) symlinkSync(join(root, '.cdk/node_modules', name), join(folder, 'node_modules', name));
  symlinkSync(root, join(folder, 'node_modules/drainlint'));
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  writeFileSync(join(folder, 'app.ts'), "import { App, Validations } from 'aws-cdk-lib';\nimport { drainlint } from 'drainlint/cdk';\nconst app = new App({ policyValidationBeta1: [drainlint()] });\nValidations.of(app).addPlugins(drainlint({ repo: '.', failOn: 'warning' }));\n// @ts-expect-error\ndrainlint({ failOn: 'sometimes' });\n");
  const run = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', module, '--moduleResolution', moduleResolution, 'app.ts'], { cwd: folder, encoding: 'utf8' });
  expect(run.stdout).toBe('');
  expect(existsSync(join(root, 'dist/cdk-plugin.d.cts'))).toBe(true);
}, 120_000);
