import { execFile, execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTY, project } from '../run-cli.js';

/** What users install: the tarball, and the repository as a git dependency. Needs git, npm and its registry. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const work = realpathSync(mkdtempSync(join(tmpdir(), 'drainlint-package-')));
/** In this folder, whatever lies above it: npm installs into the nearest folder upwards with a package.json. */
const HERE = ['--prefix', '.', '--prefer-offline', '--no-audit', '--no-fund'];
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall'];

const run = promisify(execFile);
/** What an outer npm (`npm test`) tells the scripts it starts about its own folder and flags; a user's terminal has none of it. */
const OUTER = /^npm_(?:lifecycle|package|config_(?:global|location|prefix|local_prefix|dry_run|omit|production|ignore_scripts)(?:_|$)|command$)/i;
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OUTER.test(name)));

/** Output of a command; throws, with what it said, where it ends with another status than this. */
async function output(cwd: string, command: string, args: readonly string[], status = 0): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, { cwd, env, maxBuffer: 1 << 28 }).then(
    done => ({ ...done, code: 0 as unknown }),
    (error: { code?: unknown; stdout?: string; stderr?: string }) => ({ code: error.code, stdout: error.stdout ?? '', stderr: error.stderr ?? '' }),
  );
  if (code !== status) throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}\n${stdout}${stderr}`);
  return stdout;
}

function folder(name: string): string {
  const path = join(work, name);
  mkdirSync(path);
  return path;
}

interface Manifest { readonly version: string; readonly dependencies: Readonly<Record<string, string>>; readonly scripts?: Readonly<Record<string, string>> }
interface Lock { readonly packages: Readonly<Record<string, { readonly resolved?: string; readonly hasInstallScript?: boolean; readonly link?: boolean }>> }
const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
const { version, dependencies } = readJson<Manifest>(join(root, 'package.json'));

/** Installed packages that run a script of theirs at install: as npm notes it, and as their own package.json and binding.gyp say. */
function withInstallScript(where: string): readonly string[] {
  const { packages } = readJson<Lock>(join(where, 'node_modules/.package-lock.json'));
  expect(Object.keys(packages).length).toBeGreaterThan(0);
  return Object.entries(packages).filter(([path, { hasInstallScript }]) => {
    const { scripts = {} } = existsSync(join(where, path, 'package.json')) ? readJson<Manifest>(join(where, path, 'package.json')) : {};
    return hasInstallScript || INSTALL_SCRIPTS.some(name => scripts[name] !== undefined) || existsSync(join(where, path, 'binding.gyp'));
  }).map(([path]) => path);
}

const faulty = project(FAULTY);
afterAll(() => [work, faulty].forEach(path => rmSync(path, { recursive: true, force: true })));

/** Runs the copy installed in `where` over the faulty project, as `npx drainlint` there would. */
async function expectWorks(where: string): Promise<void> {
  expect((await output(where, 'npx', ['--no-install', 'drainlint', '--version'])).trim()).toMatch(new RegExp(`^drainlint ${version.replaceAll('.', '\\.')} \\([0-9a-f]{12}\\)$`));
  const plugin = "import { drainlint } from 'drainlint/cdk'; console.log(drainlint().name, typeof (await import('node:module')).createRequire(process.cwd() + '/x.js')('drainlint/cdk').drainlint)";
  expect((await output(where, process.execPath, ['--input-type=module', '-e', plugin])).trim()).toBe('drainlint function');
  const report = JSON.parse(await output(faulty, process.execPath, [join(where, 'node_modules/drainlint/bin/drainlint.js'), 'check', '--format', 'json'], 1)) as { readonly findings: readonly { readonly ruleId: string }[] };
  expect(report.findings.map(({ ruleId }) => ruleId)).toEqual(expect.arrayContaining(['container/shell-swallows-signal', 'celery/early-ack']));
  expect(await output(where, 'npx', ['--no-install', 'drainlint', 'check', faulty, '--format', 'concise'], 1)).toContain('celery/early-ack');
}

/** What ts-morph brings: TypeScript itself (in @ts-morph/common) and how it finds files, which nobody here asks it to. */
const OF_TS_MORPH = ['@ts-morph', 'balanced-match', 'brace-expansion', 'code-block-writer', 'fdir', 'minimatch', 'path-browserify', 'picomatch', 'tinyglobby'];

/** What the clients of AWS bring. */
const OF_AWS = ['@aws', '@aws-crypto', '@aws-sdk', '@smithy', 'bowser', 'fflate', 'tslib'];

describe('the tarball', () => {
  let tarball: string;
  let files: readonly string[];

  beforeAll(async () => {
    // `prepare` would build from nothing and take dist/ from under the tests that run it now; the git dependency below runs it.
    const { build } = await import('../../scripts/build.js');
    build();
    const [packed] = JSON.parse(await output(root, 'npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', work])) as [{ readonly filename: string; readonly files: readonly { readonly path: string }[] }];
    tarball = join(work, packed.filename);
    files = packed.files.map(({ path }) => path);
  }, 120_000);

  test('holds what runs, the schemas and the texts, and nothing else', () => {
    const inFolder = (name: string): readonly string[] => files.filter(path => path.startsWith(`${name}/`)).map(path => path.slice(name.length + 1)).sort();
    expect(files.filter(path => !/^(?:bin|dist|schema)\//.test(path)).sort()).toEqual(['LICENSE', 'README.md', 'THIRD-PARTY-LICENSES', 'package.json']);
    expect(inFolder('bin')).toEqual(['drainlint.js', 'package.json']);
    expect(inFolder('schema')).toEqual(readdirSync(join(root, 'schema')).sort());
    expect(inFolder('dist').filter(path => path.endsWith('.wasm'))).toEqual(['tree-sitter-python.wasm', 'tree-sitter-terraform.wasm', 'web-tree-sitter.wasm']);
    expect(inFolder('dist').filter(path => !/^[\w-]+\.(?:cjs|wasm)$/.test(path))).toEqual(['cdk-plugin.d.cts']);
    expect(inFolder('dist')).toEqual(expect.arrayContaining(['start.cjs', 'cdk-plugin.cjs']));
  });

  test('installs into an empty folder without a script, and works there', async () => {
    const where = folder('from-tarball');
    await output(where, 'npm', ['install', '--ignore-scripts', ...HERE, tarball]);
    expect(withInstallScript(where)).toEqual([]);
    expect(readdirSync(join(where, 'node_modules')).filter(name => !name.startsWith('.')).sort()).toEqual([...new Set([...Object.keys(dependencies).filter(name => !name.startsWith('@aws-sdk/')), ...OF_TS_MORPH, ...OF_AWS, 'drainlint'])].sort());
    await expectWorks(where);
  }, 120_000);
});

describe('an archive of the repository, without git', () => {
  test('knows its commit', async () => {
    const where = folder('archive');
    await output(root, 'git', ['archive', '--format=tar', `--output=${join(work, 'archive.tar')}`, 'HEAD', 'scripts', 'src', 'package.json', 'tsdown.config.ts']);
    await output(where, 'tar', ['-xf', join(work, 'archive.tar')]);
    expect(readFileSync(join(where, 'scripts/commit'), 'utf8').trim()).toBe(commit);
    symlinkSync(join(root, 'node_modules'), join(where, 'node_modules'));
    await output(where, process.execPath, ['scripts/build.js']);
    expect(readdirSync(join(where, 'dist')).some(name => readFileSync(join(where, 'dist', name), 'utf8').includes(`"${commit.slice(0, 12)}"`))).toBe(true);
  }, 120_000);
});

describe('the repository as a git dependency', () => {
  test('is built by prepare, and works', async () => {
    const clone = join(work, 'clone');
    await output(work, 'git', ['clone', '--quiet', root, clone]);
    expect(existsSync(join(clone, 'dist'))).toBe(false);
    const where = folder('from-git');
    await output(where, 'npm', ['install', ...HERE, `git+file://${clone}`]);
    const installed = join(where, 'node_modules/drainlint');
    expect(lstatSync(installed).isSymbolicLink()).toBe(false);
    expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'THIRD-PARTY-LICENSES', 'bin', 'dist', 'package.json', 'schema']);
    expect(readdirSync(join(installed, 'dist'))).toEqual(expect.arrayContaining(['start.cjs', 'tree-sitter-python.wasm', 'tree-sitter-terraform.wasm', 'web-tree-sitter.wasm']));
    await expectWorks(where);
  }, 300_000);
});
