import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { audit } from '../src/audit.js';
import { AuditError, DEFAULT_CONFIG, DEFAULT_THRESHOLDS, loadConfig, parseConfig, type Config } from '../src/config.js';
import { withFlags, type JudgeFlags } from '../src/commands/judging.js';
import type { Finding } from '../src/model/index.js';
import { rules } from '../src/rules/index.js';
import { FAULTY, project } from './run-cli.js';

const made: string[] = [];
afterAll(() => made.forEach(one => rmSync(one, { recursive: true, force: true })));
const tree = (files: Readonly<Record<string, string>>): string => { const one = project(files); made.push(one); return one; };
const load = (root: string): Promise<Config> => loadConfig(join(root, 'drainlint.config.yaml'), 'drainlint.config.yaml', root);
const loaded = (files: Readonly<Record<string, string>>): Promise<Config> => load(tree(files));
const FLAGS: JudgeFlags = { format: [], failOn: 'error', rule: [], ignoreRule: [] };

test('a key that is a list is a mistake, and nothing that the process warns of', async () => {
  const warned = vi.spyOn(process, 'emitWarning');
  await expect(loaded({ 'drainlint.config.yaml': 'rules: {}\n? [a, b]\n: c\n' })).rejects.toThrow('unknown key [ a, b ]');
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});

describe('extends', () => {
  test('a file, a package and a preset: later wins, lists follow each other', async () => {
    const config = await loaded({
      'drainlint.config.yaml': 'extends: [strict, "@acme/drainlint-config", ./config/team.yaml]\nrules: { celery/early-ack: note }\nignore: [ { rule: c/c, reason: c } ]\n',
      'config/team.yaml': 'extends: "@acme/drainlint-config/strict.yaml"\nthresholds: { maxTaskSeconds: 300 }\nminConfidence: high\nignore: [ { rule: b/b, reason: b } ]\n',
      'node_modules/@acme/drainlint-config/drainlint.config.yaml': 'rules: { celery/early-ack: error, ecs/log-loss: off }\nthresholds: { maxTaskSeconds: 60, exitMarginSeconds: 5 }\nignore: [ { rule: a/a, reason: a } ]\n',
      'node_modules/@acme/drainlint-config/strict.yaml': 'thresholds: { prefetchMultiplier: 2 }\n',
    });
    expect(config).toMatchObject({ minConfidence: 'high', rules: { 'celery/early-ack': 'note', 'ecs/log-loss': 'off' }, thresholds: { maxTaskSeconds: 300, exitMarginSeconds: 5, prefetchMultiplier: 2, stopTimeoutSeconds: 120 } });
    expect(config.ignore.map(({ rule, isShared, at }) => [rule, isShared === true, at.path])).toEqual([
      ['a/a', true, 'node_modules/@acme/drainlint-config/drainlint.config.yaml'], ['b/b', true, 'config/team.yaml'], ['c/c', false, 'drainlint.config.yaml']]);
    expect(config.origins).toMatchObject({ minConfidence: 'config/team.yaml:3', 'rules.celery/early-ack': 'drainlint.config.yaml:2', 'thresholds.exitMarginSeconds': 'node_modules/@acme/drainlint-config/drainlint.config.yaml:2' });
  });
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['a cycle', { 'drainlint.config.yaml': 'extends: ./a.yaml', 'a.yaml': '\nextends: ./drainlint.config.yaml' }, 'a.yaml:2: extends ./drainlint.config.yaml: it extends this file in turn'],
    ['a missing file', { 'drainlint.config.yaml': '\nextends:\n  - ./a.yaml' }, 'drainlint.config.yaml:3: extends ./a.yaml: there is no such file'],
    ['a missing package', { 'drainlint.config.yaml': 'extends: "@acme/x"' }, 'drainlint.config.yaml:1: extends @acme/x: there is no such package in node_modules'],
    ['a mistyped preset', { 'drainlint.config.yaml': 'extends: recomended' }, 'there is no such package in node_modules, did you mean recommended'],
    ['a file without ./', { 'drainlint.config.yaml': 'extends: team.yaml', 'team.yaml': '' }, 'for the file write ./team.yaml'],
    ['a program', { 'drainlint.config.yaml': 'extends: ./a.js', 'a.js': '' }, 'only YAML is read (.yaml, .yml)'],
    ['a program of a package', { 'drainlint.config.yaml': 'extends: x/a.js', 'node_modules/x/a.js': '' }, 'only YAML is read (.yaml, .yml)'],
    ['a way out', { 'drainlint.config.yaml': 'extends: ../../../../../../etc/x.yaml' }, 'there is no such file'],
    ['a way out of a package', { 'drainlint.config.yaml': 'extends: x', 'node_modules/x/drainlint.config.yaml': 'extends: ../../a.yaml', 'a.yaml': '' }, 'node_modules/x/drainlint.config.yaml:1: extends ../../a.yaml: it leads outside node_modules/x'],
    ['a way out by the name', { 'drainlint.config.yaml': 'extends: x/../../a.yaml', 'node_modules/x/b.yaml': '', 'a.yaml': '' }, 'it leads outside node_modules/x'],
    ['a mistake in it', { 'drainlint.config.yaml': 'extends: ./a.yaml', 'a.yaml': '\nrulez: {}' }, 'a.yaml:2: unknown key rulez, did you mean rules'],
    ['an address', { 'drainlint.config.yaml': 'extends: "https://example.org/a.yaml"' }, 'write recommended, strict, ./file.yaml or the name of a package'],
  ])('%s is an error with its place', async (_, files, message) => {
    const failed = loaded(files);
    await expect(failed).rejects.toThrow(AuditError);
    await expect(failed).rejects.toThrow(message);
  });
  test('a symbolic link out of the repository is refused, one to a package is followed', async () => {
    const outside = tree({ 'a.yaml': '', 'package/drainlint.config.yaml': 'minConfidence: low' });
    const root = tree({ 'drainlint.config.yaml': 'extends: ./a.yaml', 'b.yaml': 'extends: linked' });
    symlinkSync(join(outside, 'a.yaml'), join(root, 'a.yaml'));
    mkdirSync(join(root, 'node_modules'));
    symlinkSync(join(outside, 'package'), join(root, 'node_modules/linked'));
    await expect(load(root)).rejects.toThrow('extends ./a.yaml: it leads outside the repository');
    writeFileSync(join(root, 'drainlint.config.yaml'), 'extends: ./b.yaml');
    expect((await load(root)).minConfidence).toBe('low');
  });
  test('many files behind each other are refused, and so are many in all', async () => {
    const deep = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [i === 0 ? 'drainlint.config.yaml' : `${i}.yaml`, `extends: ./${i + 1}.yaml`]));
    await expect(loaded({ ...deep, '12.yaml': '' })).rejects.toThrow('more than 10 files stand behind each other');
    const wide = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [i === 0 ? 'drainlint.config.yaml' : `${i}.yaml`, `extends: [${Array(4).fill(`./${i + 1}.yaml`).join(', ')}]`]));
    await expect(loaded({ ...wide, '8.yaml': '' })).rejects.toThrow('more than 100 files are extended');
  });
  test('layers obey the same law as maps laid over each other', async () => {
    const thresholds = fc.record({ maxTaskSeconds: fc.nat(), exitMarginSeconds: fc.nat(), prefetchMultiplier: fc.integer({ min: 1, max: 1000 }) }, { requiredKeys: [] });
    const level = fc.constantFrom('error', 'warning', 'note', 'off');
    const layer = fc.record({ thresholds, rules: fc.dictionary(fc.constantFrom('a/a', 'b/b', 'c/c'), level) });
    await fc.assert(fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 4 }), async layers => {
      const files = Object.fromEntries(layers.map((one, i) => [`${i}.yaml`, stringify(one)]));
      const root = project({ ...files, 'drainlint.config.yaml': stringify({ extends: layers.map((_, i) => `./${i}.yaml`) }) });
      try {
        const config = await load(root);
        expect(config.thresholds).toEqual(Object.assign({}, DEFAULT_THRESHOLDS, ...layers.map(one => one.thresholds)));
        expect(config.rules).toEqual(Object.assign({}, ...layers.map(one => one.rules)));
      } finally { rmSync(root, { recursive: true, force: true }); }
    }), { numRuns: 30 });
  });
});

describe('the schema and the reader agree', () => {
  const valid = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(new URL('../schema/config.schema.json', import.meta.url), 'utf8')) as object);
  const word = fc.constantFrom('error', 'off', 'low', 'strict', 'recommended', 'a/b', '', '2027-03-31', 'x/**');
  const leaf = fc.oneof(word, fc.constantFrom<unknown>(0, 1, 50, 100.5, 101, -1, true, null, '1'));
  const keyed = (keys: readonly string[]): fc.Arbitrary<unknown> => fc.oneof({ weight: 4, arbitrary: fc.dictionary(fc.constantFrom(...keys, 'other'), fc.oneof({ weight: 4, arbitrary: leaf }, fc.array(leaf, { maxLength: 2 })), { maxKeys: 3 }) }, leaf);
  const document = fc.record({
    extends: fc.oneof(fc.constantFrom('recommended', 'strict'), leaf, fc.array(fc.constantFrom('recommended', 'strict'), { maxLength: 2 })), minConfidence: leaf, rules: keyed(['a/b', 'c/d']), thresholds: keyed(Object.keys(DEFAULT_THRESHOLDS)),
    durations: keyed(['x.*']), assume: keyed(['celery']), owners: keyed(['x/**']), neverIgnore: fc.oneof(leaf, fc.array(leaf, { maxLength: 2 })),
    workers: fc.oneof(leaf, fc.array(keyed(['service', 'app']), { maxLength: 2 })), ignore: fc.oneof(leaf, fc.array(keyed(['rule', 'path', 'resource', 'reason', 'until']), { maxLength: 2 })),
    overrides: fc.oneof(leaf, fc.array(keyed(['paths', 'rules', 'minConfidence']), { maxLength: 2 })), other: leaf,
  }, { requiredKeys: [] });
  test('on any document whose bases are there', async () => {
    await fc.assert(fc.asyncProperty(fc.oneof({ weight: 1, arbitrary: document }, { weight: 3, arbitrary: fc.tuple(document, fc.constantFrom('extends', 'rules', 'thresholds', 'durations', 'assume', 'owners', 'neverIgnore', 'workers', 'ignore', 'overrides', 'minConfidence')).map(([all, key]) => (key in all ? { [key]: all[key as keyof typeof all] } : {})) }), async made => {
      const text = stringify(made);
      const bases = [made.extends].flat().filter(one => typeof one === 'string');
      if (bases.some(one => !['recommended', 'strict', ''].includes(one))) return; // a package: whether it is there the schema cannot tell
      const read = await parseConfig(text, 'c.yaml').then(() => true, error => { if (!(error instanceof AuditError)) throw error; return false; });
      expect(read, text).toBe(valid(parse(text)));
    }), { numRuns: 1000 });
  });
});

describe('overrides', () => {
  const found = async (config: string): Promise<readonly Finding[]> => (await audit({ root: tree(FAULTY), rules, config: await parseConfig(config, 'drainlint.config.yaml') })).findings;
  test('set severities by path; the last one wins', async () => {
    const all = await found('');
    expect(all.filter(({ at }) => at.path.startsWith('app/')).length).toBeGreaterThan(0);
    const id = all.find(({ at }) => at.path === 'app/celery.py')!.ruleId;
    expect((await found(`overrides: [ { paths: [app/**], rules: { ${id}: off } } ]`)).filter(({ ruleId, at }) => ruleId === id && at.path.startsWith('app/'))).toEqual([]);
    expect((await found(`overrides: [ { paths: [other], rules: { ${id}: off } } ]`)).length).toBe(all.length);
    expect(new Set((await found(`overrides: [ { paths: [app], rules: { ${id}: off } }, { paths: ["**/*.py"], rules: { ${id}: note } } ]`)).filter(({ ruleId }) => ruleId === id).map(({ severity }) => severity))).toEqual(new Set(['note']));
  });
  test('turn on by path what is off elsewhere', async () => {
    const all = await found('');
    const id = all.find(({ at }) => at.path === 'app/celery.py')!.ruleId;
    const some = await found(`rules: { ${id}: off }\noverrides: [ { paths: [app/**], rules: { ${id}: warning } } ]`);
    expect(some.filter(({ ruleId }) => ruleId === id).length).toBe(all.filter(({ ruleId, at }) => ruleId === id && at.path.startsWith('app/')).length);
  });
  test('set the confidence by path', async () => {
    const config = await parseConfig('extends: strict\noverrides: [ { paths: ["**"], minConfidence: high } ]', 'c.yaml');
    const report = await audit({ root: tree(FAULTY), rules, config });
    expect(report.findings.every(({ confidence }) => confidence === 'high')).toBe(true);
    expect((await audit({ root: tree(FAULTY), rules, config: withFlags(config, { ...FLAGS, minConfidence: 'low' }) })).findings.length).toBe(report.findings.length + report.hidden);
  });
  test('set thresholds by the path of the finding; the last one wins, a fault that only they make is found', async () => {
    const limits = async (config: string): Promise<readonly string[]> => (await found(config)).filter(({ ruleId }) => ruleId === 'celery/time-limit-too-long').map(({ at }) => at.path);
    expect(await limits('')).toEqual([]); // task_time_limit is 600
    expect(await limits('overrides: [ { paths: [app/**], thresholds: { maxTaskSeconds: 300 } } ]')).toEqual(['app/celery.py']);
    expect(await limits('overrides: [ { paths: [infra/**], thresholds: { maxTaskSeconds: 300 } } ]')).toEqual([]);
    expect(await limits('thresholds: { maxTaskSeconds: 300 }\noverrides: [ { paths: [app/**], thresholds: { maxTaskSeconds: 900 } } ]')).toEqual([]);
    expect(await limits('overrides: [ { paths: [app], thresholds: { maxTaskSeconds: 900 } }, { paths: ["**/*.py"], thresholds: { maxTaskSeconds: 300 } } ]')).toEqual(['app/celery.py']);
    // and nothing else is lost or said twice
    const others = (findings: readonly Finding[]): readonly string[] => findings.map(({ ruleId, at }) => `${ruleId} ${at.path}:${at.startLine}`);
    expect(others(await found('overrides: [ { paths: [infra/**], thresholds: { maxTaskSeconds: 300 } } ]'))).toEqual(others(await found('')));
  });
});

describe('durations', () => {
  const found = async (config: string, files: Readonly<Record<string, string>> = {}): Promise<readonly Finding[]> => {
    const root = tree({ ...FAULTY, ...files, 'drainlint.config.yaml': config });
    return (await audit({ root, rules, config: await load(root) })).findings;
  };
  test('what is observed is said with its place', async () => {
    const findings = await found('rules: {}\ndurations:\n  app.celery.*: 420\n');
    expect(findings.find(({ ruleId }) => ruleId === 'ecs/stop-timeout-too-short')).toMatchObject({ message: expect.stringContaining('its tasks may run 7 min (durations, drainlint.config.yaml:3)'), related: [{ at: { path: 'drainlint.config.yaml', startLine: 3, startColumn: 3 } }] });
    expect(findings.find(({ ruleId }) => ruleId === 'celery/early-ack')!.message).toContain('a task, which may run 7 min (durations, drainlint.config.yaml:3), is lost');
    expect(findings.filter(({ ruleId }) => ruleId === 'audit/unused-duration')).toEqual([]);
    expect((await found('')).find(({ ruleId }) => ruleId === 'ecs/stop-timeout-too-short')!.message).toMatch(/its tasks may run 10 min$/);
  });
  test('a pattern without a function is reported, where it stands and once all is read', async () => {
    const unused = (findings: readonly Finding[]): readonly string[] => findings.filter(({ ruleId }) => ruleId === 'audit/unused-duration').map(({ at, suggestion }) => `${at.path}:${at.startLine} ${suggestion}`);
    expect(unused(await found('durations:\n  app.celery.export: 1\n  app.celery.exprt: 2\n'))).toEqual(['drainlint.config.yaml:3 write app.celery.export']);
    expect(unused(await found('extends: ./team.yaml\n', { 'team.yaml': 'durations: { nothing.here: 1 }\n' }))).toEqual([]);
    const root = tree({ ...FAULTY, 'drainlint.config.yaml': 'durations: { nothing.here: 1 }\n' });
    expect(unused((await audit({ root, rules, config: await load(root) })).findings)).toHaveLength(1);
    expect(unused((await audit({ root, paths: [join(root, 'infra')], rules, config: await load(root) })).findings)).toEqual([]);
  });
});

describe('neverIgnore', () => {
  const RULE = 'ecs/stop-timeout-too-short';
  const ORGANISATION = { 'node_modules/@acme/x/drainlint.config.yaml': `neverIgnore: [ ${RULE} ]\n` };
  const found = async (config: string, flags: JudgeFlags = FLAGS, files: Readonly<Record<string, string>> = {}): Promise<readonly Finding[]> => {
    const root = tree({ ...FAULTY, ...ORGANISATION, ...files, 'drainlint.config.yaml': `extends: "@acme/x"\n${config}` });
    return (await audit({ root, rules, config: withFlags(await load(root), flags) })).findings;
  };
  const said = (findings: readonly Finding[]): readonly string[] => findings.filter(({ ruleId }) => ruleId === 'audit/forbidden-suppression').map(({ at, message }) => `${at.path}:${at.startLine} ${message}`);
  const stands = (findings: readonly Finding[]): boolean => findings.some(({ ruleId, suppressed, severity }) => ruleId === RULE && !suppressed && severity === 'error');
  const by = '(neverIgnore in node_modules/@acme/x/drainlint.config.yaml:1), so this';

  test('without an attempt nothing is said', async () => expect(said(await found(''))).toEqual([]));
  test.each([
    ['off', `rules: { ${RULE}: off }`, `drainlint.config.yaml:2 ${RULE} may not be turned off ${by} has no effect`],
    ['lowered', `rules: { ${RULE}: note }`, `drainlint.config.yaml:2 ${RULE} may not be lowered to note ${by} has no effect`],
    ['off by path', `overrides: [ { paths: ["**"], rules: { ${RULE}: off } } ]`, `drainlint.config.yaml:2 ${RULE} may not be turned off ${by} has no effect`],
    ['ignored', `ignore: [ { rule: ${RULE}, reason: no } ]`, `drainlint.config.yaml:2 ${RULE} may not be ignored ${by} suppression has no effect`],
    ['off, with the rule that says so', `rules: { ${RULE}: off, audit/forbidden-suppression: off }`, `drainlint.config.yaml:2 ${RULE} may not be turned off ${by} has no effect`],
  ])('%s: the finding stands and the attempt is reported', async (_, config, message) => {
    const findings = await found(config);
    expect(stands(findings)).toBe(true);
    expect(said(findings)).toContain(message);
  });
  test('by a flag', async () => {
    const findings = await found('', { ...FLAGS, ignoreRule: [RULE] });
    expect(stands(findings)).toBe(true);
    expect(findings.filter(({ ruleId }) => ruleId === 'audit/forbidden-suppression').map(({ suggestion }) => suggestion)).toEqual([`leave --ignore-rule ${RULE} out`]);
  });
  test('by a comment; --no-ignores reads none', async () => {
    const file = { 'infra/worker.json': FAULTY['infra/worker.json']!.replace('{\n', `{\n  // drainlint: ignore ${RULE} -- no\n`) };
    const all = await found('', FLAGS, file);
    const line = all.find(({ ruleId }) => ruleId === RULE)!.at.startLine;
    const lines = FAULTY['infra/worker.json']!.split('\n');
    const commented = { 'infra/worker.json': [...lines.slice(0, line - 2), `// drainlint: ignore ${RULE} -- no`, ...lines.slice(line - 2)].join('\n') };
    const findings = await found('', FLAGS, commented);
    expect(stands(findings)).toBe(true);
    expect(said(findings).map(text => text.split(' ')[0])).toEqual([`infra/worker.json:${line - 1}`]);
    expect(said(await found('', { ...FLAGS, ignores: false }, commented))).toEqual([]);
  });
  test('the organisation sets the severity before, and a higher one is no attempt', async () => {
    const shared = { 'node_modules/@acme/x/drainlint.config.yaml': `neverIgnore: [ ${RULE} ]\nrules: { ${RULE}: note }\n` };
    expect(said(await found(`rules: { ${RULE}: warning }`, FLAGS, shared))).toEqual([]);
  });
  test('a rule that does not exist is named', async () => {
    expect((await found('neverIgnore: [ ecs/stop-timeout-to-short ]')).filter(({ ruleId }) => ruleId === 'audit/unknown-rule').map(({ suggestion }) => suggestion)).toEqual([`write ${RULE}`]);
  });
});

test.each<[string, readonly (keyof typeof DEFAULT_THRESHOLDS)[]]>([
  ['celery/no-time-limit', ['maxTaskSeconds', 'visibilityTimeoutSeconds']], ['ecs/stop-timeout-too-short', ['stopTimeoutSeconds', 'exitMarginSeconds']],
  ['ecs/minimum-healthy-percent', ['minimumHealthyPercent']], ['celery/prefetch-above-one', ['prefetchMultiplier']],
])('%s measures by %j', async (id, names) => {
  const used = new Set<string>();
  const thresholds = new Proxy(DEFAULT_THRESHOLDS, { get: (all, name) => { used.add(String(name)); return Reflect.get(all, name) as unknown; } });
  await audit({ root: new URL(`../fixtures/rules/${id}/bad`, import.meta.url).pathname, rules: rules.filter(rule => rule.id === id), config: { ...DEFAULT_CONFIG, thresholds } });
  expect([...used]).toEqual(expect.arrayContaining([...names]));
});
