import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { workflow } from '../src/commands/snippets.js';

/** What drainlint is made of and by whom it is built: docs/supply-chain.md. Whether two builds are equal: .ci/reproducible.sh. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Locked { readonly version: string; readonly integrity?: string; readonly license?: string; readonly hasInstallScript?: boolean; readonly dev?: boolean; readonly devOptional?: boolean; readonly optional?: boolean }
interface Manifest { readonly dependencies: Readonly<Record<string, string>>; readonly license?: string; readonly scripts?: Readonly<Record<string, string>> }
const { dependencies } = JSON.parse(textOf('package.json')) as Manifest;
const { '': _root, ...locked } = (JSON.parse(textOf('package-lock.json')) as { readonly packages: Readonly<Record<string, Locked>> }).packages;
/** What a user gets with drainlint. */
const production = Object.keys(locked).filter(path => !locked[path]!.dev && !locked[path]!.devOptional);
const manifestOf = (path: string): Manifest => JSON.parse(textOf(`${path}/package.json`)) as Manifest;

/** Bytes of a package, without those that lie in it. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules').reduce((sum, entry) => sum + (entry.isDirectory() ? sizeOf(join(folder, entry.name)) : lstatSync(join(folder, entry.name)).size), 0);
}

describe('the lock file', () => {
  test('names no address, and a hash for each package', () => {
    expect(Object.keys(locked).length).toBeGreaterThan(100);
    expect(textOf('package-lock.json')).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/);
    for (const [path, { integrity }] of Object.entries(locked)) expect(integrity, path).toMatch(/^sha512-/);
  });

  /** Development on macOS only, through vite: ships a prebuilt binary, which its script rebuilds only where it is asked to. */
  const ALLOWED = ['node_modules/fsevents'];
  test('no package runs a script at install, those apart that say why', () => {
    const isHere = (path: string): boolean => existsSync(join(ROOT, path, 'package.json'));
    expect(Object.keys(locked).filter(path => !locked[path]!.optional && !isHere(path))).toEqual([]);
    const runs = (path: string): boolean => ['preinstall', 'install', 'postinstall'].some(name => manifestOf(path).scripts?.[name] !== undefined) || existsSync(join(ROOT, path, 'binding.gyp'));
    expect(Object.keys(locked).filter(path => !ALLOWED.includes(path) && (locked[path]!.hasInstallScript || (isHere(path) && runs(path))))).toEqual([]);
  });
});

describe('licences', () => {
  /** What a package under MIT may need, and a company's list lets through: permissive, none with a condition on what links it. */
  const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];
  test.each(production)('%s', path => expect(PERMISSIVE).toContain(manifestOf(path).license));

  const notices = textOf('THIRD-PARTY-LICENSES');
  test.each(['commander', 'unbash', 'yaml', 'web-tree-sitter', '@vscode/tree-sitter-wasm'])('%s, a part of the package: its whole licence goes with it', name => expect(notices).toContain(textOf(`node_modules/${name}/LICENSE`).trim()));
  test('each grammar that the build copies is named there, and each package that it bundles', () => {
    const config = textOf('tsdown.config.ts');
    const copied = [...config.matchAll(/([\w-]+\.wasm)'/g)].map(([, name]) => name!);
    expect(copied.length).toBe(3);
    for (const name of copied) expect(notices).toContain(`dist/${name}`);
    for (const name of JSON.parse(/alwaysBundle: (\[.*?\])/.exec(config)![1]!.replaceAll("'", '"')) as readonly string[]) expect(notices).toContain(`\n${name}, in dist/*.cjs`);
  });
});

describe('what the page says', () => {
  const page = textOf('docs/supply-chain.md');
  test('how many packages come with it, and how large they are', () => {
    const [, count, megabytes] = /\*\*(\d+) packages\*\*, (\d+) MB/.exec(page)!;
    expect(Number(count)).toBe(production.length);
    expect(Math.abs(production.reduce((sum, path) => sum + sizeOf(join(ROOT, path)), 0) / 1e6 - Number(megabytes))).toBeLessThan(1.5);
  });
  test('why each dependency is there', () => {
    const rows = [...page.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \| (\d+) \| ([\d.]+) MB \| [^|]{40,} \|$/gm)];
    expect(rows.flatMap(([, names]) => [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)).sort()).toEqual(Object.keys(dependencies).sort());
    expect(rows.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(production.length);
  });
});

describe('actions', () => {
  const files = [...readdirSync(join(ROOT, '.github/workflows')).map(name => `.github/workflows/${name}`), 'action.yml', 'docs/ci.md'];
  const texts = new Map([...files.map(path => [path, textOf(path)] as const), ['drainlint init --github', workflow({ address: 'https://git.example/drainlint', commit: '0'.repeat(40) }, 'main')]]);
  const uses = [...texts].flatMap(([path, text]) => [...text.matchAll(/^ *(?:- )?uses: (.+)$/gm)].map(([, what]) => ({ path, what: what! }))).filter(({ what }) => !what.startsWith('<'));

  test('are there', () => expect(new Set(uses.map(({ path }) => path))).toEqual(new Set(texts.keys())));
  test.each(uses)('$path: $what is a commit, with its version', ({ what }) => expect(what).toMatch(/^[\w-]+\/[\w/.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/));
  test('are the same commit wherever they are used', () => {
    const pins = new Map<string, Set<string>>();
    for (const { what } of uses) { const [name, pin] = what.split('@') as [string, string]; pins.set(name, (pins.get(name) ?? new Set()).add(pin)); }
    expect([...pins].filter(([, found]) => found.size > 1).map(([name]) => name)).toEqual([]);
  });
});

describe('workflows', () => {
  interface Step { readonly uses?: string; readonly run?: string; readonly with?: Readonly<Record<string, unknown>> }
  interface Job { readonly permissions: Readonly<Record<string, string>>; readonly 'timeout-minutes': number; readonly container?: { readonly image: string }; readonly steps: readonly Step[] }
  const flows = readdirSync(join(ROOT, '.github/workflows')).map(name => ({ name, flow: parse(textOf(`.github/workflows/${name}`)) as { readonly on: object; readonly permissions: object; readonly jobs: Readonly<Record<string, Job>> } }));
  const jobs = flows.flatMap(({ name, flow }) => Object.entries(flow.jobs).map(([id, job]) => ({ id: `${name} ${id}`, job, steps: job.steps })));

  test.each(flows)('$name: may nothing that a job does not ask for, and runs nothing of a pull request with rights', ({ flow }) => {
    expect(flow.permissions).toEqual({});
    expect(Object.keys(flow.on).filter(event => !['push', 'pull_request'].includes(event))).toEqual([]);
  });
  test.each(jobs)('$id: ends, keeps no credentials, runs no text from outside, in a pinned image', ({ job, steps }) => {
    expect(job['timeout-minutes']).toBeLessThanOrEqual(60);
    for (const step of steps.filter(({ uses: action }) => action?.startsWith('actions/checkout@'))) expect(step.with).toMatchObject({ 'persist-credentials': false });
    expect(steps.filter(({ run }) => run?.includes('${{'))).toEqual([]);
    if (job.container) expect(job.container.image).toMatch(/@sha256:[0-9a-f]{64}$/);
  });
  test('write nothing; only what publishes can have a token, and it runs nothing of the repository', () => {
    expect(jobs.flatMap(({ id, job }) => Object.entries(job.permissions).filter(([, right]) => right !== 'read').map(([name, right]) => `${id}: ${name}: ${right}`))).toEqual(['release.yml publish: id-token: write']);
    const publishing = jobs.find(({ id }) => id === 'release.yml publish')!.steps;
    expect(publishing.flatMap(({ run }) => run ?? [])).toEqual([expect.stringMatching(/^npm publish \.\/drainlint-\*\.tgz --provenance /)]);
    expect(publishing.filter(({ uses: action }) => action?.startsWith('actions/checkout@'))).toEqual([]);
  });
});
