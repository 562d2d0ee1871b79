import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { analyzers } from '../src/analyzers/index.js';
import { audit, type AuditOptions } from '../src/audit.js';
import { DEFAULT_CONFIG } from '../src/config.js';
import { reporters } from '../src/reporters/index.js';
import { rules } from '../src/rules/index.js';
import { openCache, type Cache, type CacheOptions } from '../src/sources/cache.js';
import { cacheDirectory } from '../src/sources/cache-directory.js';
import { createFileStore } from '../src/sources/files.js';
import { prune } from '../src/sources/pack-file.js';
import { pack, unpack } from '../src/sources/packing.js';
import { drainlint, drainlintBeside, FAULTY, project } from './run-cli.js';

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url));
const STRICT = { ...DEFAULT_CONFIG, minConfidence: 'low' as const };

let directory: string;
const made: string[] = [];
const folder = (): string => { const path = mkdtempSync(join(tmpdir(), 'cache-')); made.push(path); return path; };
beforeEach(() => { directory = join(folder(), 'drainlint'); });
afterEach(() => { for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true }); });

interface Kept { readonly opened: Cache[]; readonly troubles: string[]; readonly cache: NonNullable<AuditOptions['cache']> }
/** What the command line hands to `audit`. */
function keptIn(root: string, more: Partial<CacheOptions> = {}): Kept {
  const opened: Cache[] = [], troubles: string[] = [];
  const cache: Kept['cache'] = async folders => {
    const [before] = opened;
    const found = before ?? openCache({ directory, build: 'a', root, folders, onTrouble: message => troubles.push(message), ...more });
    if (found && !before) opened.push(found);
    return found;
  };
  return { opened, troubles, cache };
}

interface Told { readonly texts: Readonly<Record<string, string>>; readonly isJoined: boolean; readonly troubles: readonly string[] }
/** What a run prints in every format; whether it had to join the tree; what it could not use. `kept`: with a cache, which is saved. */
async function run(root: string, kept?: Partial<CacheOptions> | true, more: Partial<AuditOptions> = {}): Promise<Told> {
  const given = kept && keptIn(root, kept === true ? {} : kept);
  const stages: string[] = [];
  const report = await audit({ root, rules, config: STRICT, today: '2026-01-01', onProgress: stage => stages.push(stage), ...(given && { cache: given.cache }), ...more });
  const texts: Record<string, string> = {};
  for (const [format, load] of Object.entries(reporters)) texts[format] = (await load())(report, { color: false, verbose: true });
  for (const cache of given ? given.opened : []) cache.save();
  return { texts, isJoined: stages.includes('joining'), troubles: given ? given.troubles : [] };
}
const filesOf = (kind: string): readonly string[] => (existsSync(directory) ? readdirSync(directory).filter(name => name.endsWith(kind)).map(name => join(directory, name)) : []);
const isTree = (path: string): boolean => existsSync(path) && lstatSync(path).isDirectory();

describe('what was read before changes no report', () => {
  const incidents = readdirSync(join(FIXTURES, 'incidents')).flatMap(incident => ['form', 'names', 'split'].flatMap(variant => ['bad', 'good'].map(state => join(FIXTURES, 'incidents', incident, variant, state))));
  const trees = [
    ...readdirSync(join(FIXTURES, 'projects')).flatMap(name => [join(FIXTURES, 'projects', name, 'tree'), join(FIXTURES, 'projects', name)]), ...readdirSync(EXAMPLES).map(name => join(EXAMPLES, name)), ...incidents,
  ].filter(isTree).filter((path, i, all) => !all.some((other, j) => j !== i && other.startsWith(`${path}/tree`)));

  test.each(trees.map(path => [path.slice(path.indexOf('/fixtures/') + 1), path]))('%s', async (_name, root) => {
    const plain = await run(root);
    const first = await run(root, true);
    const second = await run(root, true);
    expect([first.texts, second.texts]).toEqual([plain.texts, plain.texts]);
    expect(second).toMatchObject({ isJoined: false, troubles: [] });
    // another configuration: the tree is joined again, from facts that are kept
    const assume = { config: { ...STRICT, assume: { celery: '5.4' } } };
    expect((await run(root, true, assume)).texts).toEqual((await run(root, undefined, assume)).texts);
    const files = readdirSync(directory);
    const { cache } = keptIn(root);
    const store = await createFileStore({ root, analyzers: analyzers.map(entry => ({ ...entry, load: () => { throw new Error(`${entry.format} is loaded`); } })), cache: () => cache([]) });
    await store.load(store.candidates);
    for (const path of store.candidates) store.facts(path);
    expect(store.lacks()).toBe(false);
    expect(readdirSync(directory)).toEqual(files);
  });

  /** The same file with one thing done to it. */
  const edits: readonly ((text: string, at: number) => string)[] = [
    text => `# another comment\n${text}`,
    (text, at) => text.split('\n').filter((_, i, all) => i !== at % all.length).join('\n'),
    (text, at) => text.split('\n').flatMap((line, i, all) => (i === at % all.length ? [line, line] : [line])).join('\n'),
    text => text.replaceAll('acks_late=True', 'acks_late=False').replaceAll('30', '600'),
    text => text.replaceAll('True', 'False'),
    () => '',
    text => text.replace(/^(from|import) .*$/m, ''),
    text => `${text}\n# drainlint: ignore celery/early-ack -- known\n`,
  ];
  const step = fc.record({ file: fc.nat(), what: fc.oneof({ weight: 6, arbitrary: fc.nat({ max: edits.length - 1 }) }, { weight: 1, arbitrary: fc.constantFrom('remove', 'move', 'add') as fc.Arbitrary<'remove' | 'move' | 'add'> }), at: fc.nat() });
  const all = (root: string): string[] => readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(path => lstatSync(join(root, path)).isFile()).sort();

  test.each([join(EXAMPLES, 'newsletter'), join(FIXTURES, 'projects/clean-sqs/tree'), join(FIXTURES, 'incidents/15-shell-form-cmd/split/bad'), join(FIXTURES, 'projects/sketches')].filter(isTree))('after any change: %s', async origin => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async steps => {
      const root = folder();
      cpSync(origin, root, { recursive: true });
      rmSync(directory, { recursive: true, force: true });
      expect((await run(root, true)).texts).toEqual((await run(root)).texts);
      for (const { file, what, at } of steps) {
        const paths = all(root);
        if (paths.length === 0) break;
        const full = join(root, paths[file % paths.length]!);
        if (what === 'remove') rmSync(full);
        else if (what === 'move') renameSync(full, join(dirname(full), `moved_${at % 10}.py`));
        else if (what === 'add') writeFileSync(join(root, `added_${at % 10}.py`), readFileSync(full));
        else writeFileSync(full, edits[what]!(readFileSync(full, 'utf8'), at));
        expect((await run(root, true)).texts).toEqual((await run(root)).texts);
      }
    }), { numRuns: 8, endOnFailure: true });
  }, 120_000);

  test('a file with the size and the time it had, but another text, is another file', async () => {
    const root = project({ ...FAULTY });
    made.push(root);
    const path = join(root, 'app/celery.py');
    const then = new Date('2026-01-01T00:00:00Z');
    utimesSync(path, then, then);
    await new Promise(resolve => { setTimeout(resolve, 2100); });
    const before = await run(root, true);
    const { cache } = keptIn(root);
    const kept = await cache([]);
    expect(kept!.tells('app/celery.py', kept!.stamp('app/celery.py'))).toBe(true);
    expect(kept!.tells('app/__init__.py', kept!.stamp('app/__init__.py'))).toBe(false);
    writeFileSync(path, FAULTY['app/celery.py']!.replace('= 600', '= 900'));
    utimesSync(path, then, then);
    const after = await run(root, true);
    expect(after.texts).toEqual((await run(root)).texts);
    expect(after.texts).not.toEqual(before.texts);
  });

  test('of what is staged, and of an earlier commit', async () => {
    const root = project({ ...FAULTY, 'app/helper.py': 'def help():\n    return 1\n', 'app/other.py': 'x = 1\n' });
    made.push(root);
    const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', 'x');
    const changes: readonly (readonly [string, (text: string) => string])[] = [
      ['app/other.py', text => `${text}y = 2\n`], ['app/celery.py', text => `${text}\n\n@app.task(bind=True, max_retries=None)\ndef again(self):\n    raise self.retry()\n`],
      ['app/celery.py', text => text.replace('def export(user)', 'def export(user, when)')], ['Dockerfile', text => text.replace('CMD celery', 'CMD exec celery')],
    ];
    for (const [path, change] of changes) {
      writeFileSync(join(root, path), change(readFileSync(join(root, path), 'utf8')));
      git('add', '-A');
      for (const flags of [['--staged'], ['--staged'], ['--since', 'HEAD'], []]) {
        const told = (...more: string[]) => drainlint(root, [...flags, '--preset', 'strict', '--format', 'json', ...more], { DRAINLINT_CACHE_DIR: directory });
        expect(told()).toEqual(told('--no-cache'));
      }
      git('commit', '-qm', path);
    }
  }, 120_000);
});

describe('what is kept is not trusted', () => {
  const root = join(EXAMPLES, 'newsletter');

  test.each(['tree', 'facts'])('a %s file that is not whole, or was changed, is as good as none', async kind => {
    const plain = await run(root);
    await run(root, true);
    const [file] = filesOf(`.${kind}`);
    const bytes = readFileSync(file!);
    const other = kind === 'tree' ? {} : { config: { ...STRICT, assume: { celery: '5.4' } } }; // facts are read where the tree is joined again
    const expected = kind === 'tree' ? plain.texts : (await run(root, undefined, other)).texts;
    const cuts = [0, 1, 17, 18, 30, 54, 55, 200, Math.floor(bytes.length / 2), bytes.length - 1];
    for (const length of cuts) {
      writeFileSync(file!, bytes);
      truncateSync(file!, length);
      expect((await run(root, true, other)).texts).toEqual(expected);
    }
    for (let i = 0; i < 24; i++) {
      const broken = Buffer.from(bytes);
      const at = i < 12 ? i * 5 : Math.floor((bytes.length - 1) * (i - 11) / 12);
      broken[at] = broken[at]! ^ 0x41;
      writeFileSync(file!, broken);
      expect((await run(root, true, other)).texts).toEqual(expected);
    }
    const told = await (async () => { writeFileSync(file!, 'something else'); return run(root, true, other); })();
    expect(told.texts).toEqual(expected);
    expect(told.troubles.join()).toContain('in the cache is not used');
  }, 60_000);

  test('of another build, another tree or another folder it is not read', async () => {
    await run(root, true);
    expect((await run(root, true)).isJoined).toBe(false);
    expect((await run(root, { build: 'b' })).isJoined).toBe(true);
    expect((await run(root, { build: 'b' })).isJoined).toBe(false);
    expect((await run(root, true)).isJoined).toBe(true); // the last one's stays
    const copy = folder();
    cpSync(root, copy, { recursive: true });
    const names = filesOf('.tree').concat(filesOf('.facts'));
    const own = (await run(copy, true)).texts;
    const added = filesOf('.tree').concat(filesOf('.facts')).filter(name => !names.includes(name));
    expect(added).toHaveLength(2);
    for (const name of added) writeFileSync(name, readFileSync(names.find(other => other.endsWith(name.slice(-5)))!));
    expect(await run(copy, true)).toMatchObject({ isJoined: true, texts: own });
  });

  test.each([
    ['a link', () => symlinkSync(folder(), directory)],
    ['a file', () => writeFileSync(directory, 'mine')],
    ['a folder that others write', () => { mkdirSync(directory); chmodSync(directory, 0o777); }],
    ['below a file', () => { const file = join(folder(), 'file'); writeFileSync(file, ''); directory = join(file, 'drainlint'); }],
    ['where nothing can be written', () => { directory = '/proc/drainlint'; }],
  ])('a directory that is %s is left alone', async (_what, prepare) => {
    prepare();
    const told = await run(root, true);
    expect(told.texts).toEqual((await run(root)).texts);
    expect(told.troubles.join()).toContain('is not used');
    const target = existsSync(directory) && lstatSync(directory).isSymbolicLink() ? readdirSync(directory) : [];
    expect(target).toEqual([]);
  });

  test.each([
    ['a link to a file', (file: string, other: string) => symlinkSync(other, file)],
    ['a pipe that nobody writes', (file: string) => { spawnSync('mkfifo', [file]); }],
    ['a folder', (file: string) => mkdirSync(join(file, 'x'), { recursive: true })],
    ['a file that others write', (file: string, other: string) => { writeFileSync(file, readFileSync(other)); chmodSync(file, 0o666); }],
  ])('%s in the place of one of its files is not followed', async (_what, replace) => {
    await run(root, true);
    const other = join(folder(), 'other');
    const [file] = filesOf('.tree');
    writeFileSync(other, readFileSync(file!));
    const before = readFileSync(other);
    rmSync(file!);
    replace(file!, other);
    const told = await run(root, true);
    expect(told).toMatchObject({ isJoined: true, texts: (await run(root)).texts });
    expect(told.troubles.length).toBeGreaterThan(0);
    expect(readFileSync(other)).toEqual(before);
  });
});

describe('its size', () => {
  const sizes = (): number => filesOf('.facts').reduce((sum, name) => sum + lstatSync(name).size, 0);

  test('facts beyond the limit are not kept, and the report is the same', async () => {
    const root = join(EXAMPLES, 'newsletter');
    await run(root, true);
    const whole = sizes();
    rmSync(directory, { recursive: true });
    const { texts } = await run(root, { limit: Math.floor(whole / 3) });
    expect(sizes()).toBeLessThan(whole / 2);
    const assume = { config: { ...STRICT, assume: { celery: '5.4' } } };
    expect((await run(root, { limit: Math.floor(whole / 3) }, assume)).texts).toEqual((await run(root, undefined, assume)).texts);
    expect(texts).toEqual((await run(root)).texts);
  });

  test('a file that changes often leaves its last two texts', async () => {
    const root = project({ ...FAULTY });
    made.push(root);
    await run(root, true);
    const once = sizes();
    for (let i = 0; i < 30; i++) {
      writeFileSync(join(root, 'app/celery.py'), `${FAULTY['app/celery.py']!}\nNUMBER = ${i}\n`);
      await run(root, true);
    }
    expect(sizes()).toBeLessThan(once * 3);
  });

  test('trees that nobody looked at for a month go, and the oldest where there is too much; nothing else', () => {
    mkdirSync(directory);
    const put = (name: string, days: number, size = 10): void => { writeFileSync(join(directory, name), 'x'.repeat(size)); const at = new Date(Date.now() - days * 86_400_000); utimesSync(join(directory, name), at, at); };
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(letter => letter.repeat(32));
    put(`${a}.tree`, 31); put(`${b}.facts`, 3, 60); put(`${c}.tree`, 2, 60); put(`${d}.facts`, 1, 30);
    put(`${d}.facts.${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}.tmp`, 1); put('notes.tmp', 400); put('photo.tree', 400);
    prune(directory, 100);
    expect(readdirSync(directory).sort()).toEqual([`${c}.tree`, `${d}.facts`, 'notes.tmp', 'photo.tree']);
  });
});

describe('the command line', () => {
  const tell = (root: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => drainlint(root, ['--format', 'json', ...args], { DRAINLINT_CACHE_DIR: directory, ...env });
  let root: string;
  beforeEach(() => { root = project({ ...FAULTY }); made.push(root); });

  test('keeps files that only their owner reads, in that directory and nowhere else', () => {
    const home = folder(), tmp = folder();
    const before = readdirSync(root, { recursive: true });
    const env = { DRAINLINT_CACHE_DIR: '', XDG_CACHE_HOME: '', HOME: home, TMPDIR: tmp, NODE_DISABLE_COMPILE_CACHE: '1' };
    const first = tell(root, [], env);
    expect(first.code).toBe(1);
    const base = process.platform === 'darwin' ? 'Library/Caches' : '.cache';
    const kept = join(home, base, 'drainlint');
    expect(readdirSync(kept).map(name => name.replace(/^[0-9a-f]{32}/, '')).sort()).toEqual(['.facts', '.tree']);
    for (const name of readdirSync(kept)) expect(lstatSync(join(kept, name)).mode & 0o777).toBe(0o600);
    expect(lstatSync(kept).mode & 0o777).toBe(0o700);
    expect(readdirSync(home, { recursive: true })).toHaveLength(base.split('/').length + 3);
    expect([readdirSync(root, { recursive: true }), readdirSync(tmp)]).toEqual([before, []]);
    expect(tell(root, [], env)).toEqual(first);
  });

  test('--no-cache reads nothing and keeps nothing', () => {
    const first = tell(root, ['--no-cache']);
    expect(existsSync(directory)).toBe(false);
    for (const command of ['settings', 'fate']) drainlint(root, [command, '--no-cache'], { DRAINLINT_CACHE_DIR: directory });
    expect(existsSync(directory)).toBe(false);
    expect(tell(root)).toEqual(first);
    for (const name of readdirSync(directory)) writeFileSync(join(directory, name), 'x');
    expect(tell(root, ['--no-cache', '--verbose']).err).toBe('');
    expect(readdirSync(directory).map(name => readFileSync(join(directory, name), 'utf8'))).toEqual(['x', 'x']);
  });

  test.each(['settings', 'fate'])('%s tells the same from it', command => {
    const ask = (...more: string[]) => drainlint(root, [command, '--format', 'json', ...more], { DRAINLINT_CACHE_DIR: directory });
    const plain = ask('--no-cache');
    expect([ask(), ask()]).toEqual([plain, plain]);
  });

  test('says only with --verbose what it could not use', () => {
    writeFileSync(directory, 'a file');
    const quiet = tell(root), loud = tell(root, ['--verbose']);
    expect([quiet.err, quiet.out]).toEqual(['', tell(root, ['--no-cache']).out]);
    expect(loud.err).toContain(`the cache ${directory} is not used`);
    expect(readFileSync(directory, 'utf8')).toBe('a file');
  });

  test('a home that cannot be written does no harm', () => {
    const env = { DRAINLINT_CACHE_DIR: '', XDG_CACHE_HOME: '', HOME: '/proc' };
    expect(tell(root, [], env)).toEqual(tell(root, ['--no-cache']));
  });

  test('runs at the same time do not disturb each other', async () => {
    const plain = tell(root, ['--no-cache']);
    const runs = await Promise.all(Array.from({ length: 6 }, (_, i) => drainlintBeside(root, ['--format', 'json', ...(i % 2 ? ['--preset', 'recommended'] : [])], { DRAINLINT_CACHE_DIR: directory })));
    expect(runs).toEqual(runs.map(() => plain));
    expect(readdirSync(directory).filter(name => name.endsWith('.tmp'))).toEqual([]);
    expect(tell(root)).toEqual(plain);
  });

  test('a hook whose file is none that is read opens no cache', () => {
    writeFileSync(join(root, 'README.txt'), 'nothing');
    expect(tell(root, ['README.txt']).code).toBe(0);
    expect(existsSync(directory)).toBe(false);
  });
});

test('the directory is the one of the system', () => {
  expect(cacheDirectory({ DRAINLINT_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' }, 'linux')).toBe('/a');
  expect(cacheDirectory({ XDG_CACHE_HOME: '/b', HOME: '/c' }, 'linux')).toBe('/b/drainlint');
  expect(cacheDirectory({ XDG_CACHE_HOME: 'b', HOME: '/c' }, 'linux')).toBe('/c/.cache/drainlint');
  expect(cacheDirectory({ XDG_CACHE_HOME: '/b', HOME: '/c' }, 'darwin')).toBe('/c/Library/Caches/drainlint');
  expect(cacheDirectory({ LOCALAPPDATA: '/l', HOME: '/c' }, 'win32')).toBe('/l/drainlint/Cache');
});

describe('packed data', () => {
  const value = fc.letrec(tie => ({
    any: fc.oneof({ maxDepth: 4 }, tie('leaf'), fc.array(tie('any'), { maxLength: 4 }), fc.dictionary(fc.string({ unit: 'binary' }), tie('any'), { maxKeys: 4, noNullPrototype: true }), tie('place')),
    leaf: fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.double(), fc.boolean(), fc.constantFrom(null, undefined, -0, NaN, Infinity, 2 ** 30, -(2 ** 31), 2 ** 53)),
    place: fc.record({ path: fc.constantFrom('a.py', 'b.py'), startLine: fc.integer({ min: 1, max: 1e6 }), startColumn: fc.nat(), endLine: fc.integer({ min: 1, max: 1e6 }), endColumn: fc.nat() }, { noNullPrototype: true }),
  })).any;

  test('comes back as it was, or is refused', () => {
    fc.assert(fc.property(value, one => {
      const bytes = pack(one, 'a.py');
      const odd = (key: string): boolean => key === '' || key === '__proto__' || key.includes('\0');
      const hasOdd = (inner: unknown): boolean => typeof inner === 'object' && inner !== null && (Object.keys(inner).some(odd) || Object.values(inner).some(hasOdd));
      if (!bytes) { expect(hasOdd(one)).toBe(true); return; }
      const back = unpack(bytes, 'a.py');
      expect(back).toStrictEqual(one);
      expect(JSON.stringify(back)).toBe(JSON.stringify(one)); // and in the same order
    }), { numRuns: 500 });
  });

  test('keeps one object in two places one', () => {
    const at = { path: 'a.py', startLine: 9, startColumn: 1, endLine: 9, endColumn: 4 }, list = [at];
    const { first, second, third } = unpack(pack({ first: list, second: list, third: at }, 'a.py')!, 'a.py') as { first: unknown[]; second: unknown[]; third: unknown };
    expect(first).toBe(second);
    expect(first[0]).toBe(third);
  });

  test('is no function, and of no class', () => {
    expect(pack({ a: () => 1 }, '')).toBeUndefined();
    expect(pack({ a: new Map() }, '')).toBeUndefined();
    expect(pack(Object.assign(Object.create(null) as object, { a: 1 }), '')).toBeUndefined();
    expect(pack(JSON.parse('{"__proto__": 1}'), '')).toBeUndefined();
  });

  test('is small and exact for the facts of every format', async () => {
    const root = join(FIXTURES, 'analyzers');
    const store = await createFileStore({ root, analyzers });
    await store.load();
    const found = store.candidates.flatMap(path => { const facts = store.facts(path); return facts ? [{ path, facts }] : []; });
    expect(found.length).toBeGreaterThan(40);
    let [packed, json] = [0, 0];
    for (const { path, facts } of found) {
      const bytes = pack(facts, path)!;
      expect(unpack(bytes, path)).toStrictEqual(facts);
      packed += bytes.length;
      json += JSON.stringify(facts).length;
    }
    expect(packed).toBeLessThan(json / 4);
  });
});
