import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { drainlint, FAULTY, project, type Run } from './run-cli.js';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));

// Newer versions of Node do this themselves.
describe.skipIf('enableCompileCache' in module)('compiled code', () => {
  let home: string, root: string, code: string;
  beforeEach(() => { home = mkdtempSync(join(tmpdir(), 'home-')); root = project({ ...FAULTY }); code = join(home, 'cache/drainlint/code'); });
  afterEach(() => { for (const path of [home, root]) rmSync(path, { recursive: true, force: true }); });
  const run = (env: Readonly<Record<string, string>> = {}, args: readonly string[] = ['--no-cache', '--format', 'json']): Run =>
    drainlint(root, args, { XDG_CACHE_HOME: join(home, 'cache'), DRAINLINT_CACHE_DIR: '', NODE_COMPILE_CACHE: '', NODE_DISABLE_COMPILE_CACHE: '', NODE_OPTIONS: '', ...env });
  const files = (): readonly string[] => (existsSync(code) ? readdirSync(code).sort() : []);
  const times = (): readonly number[] => files().map(name => lstatSync(join(code, name)).mtimeMs);

  test('is kept where only its owner reads and writes, and used as it is from then on', () => {
    const first = run();
    expect(first.code).toBe(1);
    expect(files().length).toBeGreaterThan(5);
    for (const name of files()) expect([name, lstatSync(join(code, name)).mode & 0o777]).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.code$/), 0o600]);
    expect(lstatSync(code).mode & 0o777).toBe(0o700);
    const before = [files(), times()];
    expect(run()).toEqual(first);
    expect([files(), times()]).toEqual(before);
  });

  /** What node makes of the text of the command line's chunk, under the name that the run gives it. */
  const plant = (directory: string, change: (source: string) => string): void => {
    const [chunk] = /\bcli-[\w-]+\.cjs/.exec(readFileSync(join(DIST, 'start.cjs'), 'utf8'))!;
    const source = readFileSync(join(DIST, chunk), 'utf8');
    const name = files().find(file => file.startsWith(crc32(source).toString(16).padStart(8, '0')))!;
    const text = join(home, 'text.cjs');
    writeFileSync(text, module.wrap(change(source)));
    const make = "for (const flag of ['--liftoff-only', '--interrupt-budget=540000']) require('v8').setFlagsFromString(flag); const code = new (require('vm').Script)(require('fs').readFileSync(process.argv[1], 'utf8')).createCachedData(); const sum = Buffer.alloc(4); sum.writeUInt32LE(require('zlib').crc32(code)); require('fs').writeFileSync(process.argv[2], Buffer.concat([sum, code]))";
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    execFileSync(process.execPath, ['-e', make, text, join(directory, name)]);
  };
  const shouted = (source: string): string => source.replace('First things to try:', 'FIRST THINGS TO TRY:');

  test('is what runs', () => {
    run();
    expect(run({}, ['--help']).out).toContain('First things to try:');
    plant(code, shouted);
    expect(run({}, ['--help']).out).toContain('FIRST THINGS TO TRY:');
    expect(run({ NODE_DISABLE_COMPILE_CACHE: '1' }, ['--help']).out).toContain('First things to try:');
  });

  test('is not taken from where a repository or another user could put it', () => {
    const first = run();
    plant(join(home, 'cloned/cache/code'), shouted);
    plant(code, shouted);
    expect(run({ XDG_CACHE_HOME: join(home, 'none'), DRAINLINT_CACHE_DIR: join(home, 'cloned/cache') }, ['--help']).out).toContain('First things to try:');
    chmodSync(code, 0o777);
    expect(run({}, ['--help']).out).toContain('First things to try:');
    expect(run()).toEqual(first);
  });

  test.each([
    ['a byte that another took the place of', (bytes: Buffer) => { const at = bytes.length >> 1; bytes[at] = bytes[at]! ^ 4; return bytes; }],
    ['half of it', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ['nothing', () => Buffer.alloc(0)],
    ['something else', () => Buffer.from('{"a": 1}')],
  ])('that is damaged is made anew: %s', (_, change) => {
    const first = run();
    const before = files().map(name => readFileSync(join(code, name)));
    for (const name of files()) writeFileSync(join(code, name), change(readFileSync(join(code, name))));
    expect(run()).toEqual(first);
    expect(files().map((name, i) => Math.abs(readFileSync(join(code, name)).length - before[i]!.length) < before[i]!.length / 2)).not.toContain(false);
    expect(run()).toEqual(first);
  });

  test('is not kept where that is not wanted, or cannot be; NODE_COMPILE_CACHE names the place', () => {
    const first = run({ NODE_DISABLE_COMPILE_CACHE: '1' });
    expect(files()).toEqual([]);
    expect(run({ XDG_CACHE_HOME: '/proc/1' })).toEqual(first);
    writeFileSync(join(home, 'file'), '');
    expect(run({ XDG_CACHE_HOME: join(home, 'file') })).toEqual(first);
    expect(run({ NODE_COMPILE_CACHE: join(home, 'named') })).toEqual(first);
    expect([files(), readdirSync(join(home, 'named')).length > 5]).toEqual([[], true]);
  });

  test('short and long runs leave each other\'s code as it is', () => {
    run();
    const before = [files(), times()];
    for (let i = 0; i < 40; i++) writeFileSync(join(root, `large${i}.py`), `from celery import shared_task\n\n${'value = 1\n'.repeat(1000)}`);
    expect(run().code).toBe(1);
    expect([files(), times()]).toEqual(before);
  });
});
