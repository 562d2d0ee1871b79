import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../src/config.js';
import { json } from '../src/reporters/json.js';
import { emptyModel, model, plain, report, stopTimeout } from './report-fixtures.js';

const schema = (name: string): object => JSON.parse(readFileSync(new URL(`../schema/${name}.schema.json`, import.meta.url), 'utf8')) as object;
const ajv = new Ajv({ allErrors: true, strictTypes: false });

describe('the JSON report', () => {
  const valid = ajv.compile(schema('report'));
  const suppressed = plain('celery/early-ack', { suppressed: { kind: 'inline', reason: 'r', at: stopTimeout.at }, flow: [{ at: stopTimeout.at, text: 'f()' }], owner: '@team', resource: 'app.celery:app' });

  test.each([['full', report([stopTimeout, suppressed])], ['empty', report([], { model: emptyModel, scannedFiles: 0, readFiles: 0 })]])('keeps to its schema: %s', (_, one) => {
    valid(JSON.parse(json(one)));
    expect(valid.errors).toBeNull();
  });
  test('a missing or additional member is against it', () => {
    const good = JSON.parse(json(report([stopTimeout]))) as { findings: Record<string, unknown>[] };
    delete good.findings[0]!.fingerprint;
    expect(valid(good)).toBe(false);
    expect(valid({ ...good, more: 1 })).toBe(false);
  });
  test('says what score and dashboards read', () => {
    const read = JSON.parse(json(report([stopTimeout, suppressed]))) as { findings: object[]; summary: object };
    expect(read.findings[0]).toMatchObject({ ruleId: 'ecs/stop-timeout-too-short', severity: 'error', path: 'infra/worker.json', startLine: 14, endLine: 14, related: [{ path: 'app/celery.py', startLine: 12 }], suppressed: null });
    expect(read.findings[1]).toMatchObject({ suppressed: { kind: 'inline', reason: 'r' } });
    expect(read.summary).toEqual({ errors: 1, warnings: 0, notes: 0, suppressed: 1, hidden: 0, scannedFiles: 9, readFiles: 4 });
  });
  test('the inventory never holds the password of a broker URL', () => {
    const text = json(report([]));
    expect(text).toContain('redis://:*******@cache');
    expect(text).not.toContain('hunter2');
  });
  test('structured values become plain JSON', () => {
    const options = new Map<string, unknown>([['visibility_timeout', 900]]);
    const one = { ...model.workers[0]!, settings: new Map([['broker_transport_options', { state: 'set', value: options, at: stopTimeout.at, certainty: 'written', origin: [], overridden: [], slots: [] } as const]]) };
    expect(json(report([], { model: { ...model, workers: [one] } }))).toMatch(/"visibility_timeout": 900/);
  });
});

describe('the configuration', () => {
  const valid = ajv.compile(schema('config'));
  const FULL = `
extends: strict
rules: { celery/early-ack: error, ecs/mutable-image-tag: off }
thresholds: { maxTaskSeconds: 900, stopTimeoutSeconds: 120, visibilityTimeoutSeconds: 900, exitMarginSeconds: 3, minimumHealthyPercent: 50, prefetchMultiplier: 1 }
minConfidence: low
overrides: [ { paths: [scripts/**], rules: { tasks/long-sleep: off }, thresholds: { maxTaskSeconds: 3600 }, minConfidence: high } ]
neverIgnore: [ ecs/stop-timeout-too-short ]
owners: { "infra/**": "@platform" }
durations: { "billing.tasks.export_*": 420 }
workers:
  - service: billing-worker
    app: billing/celery.py
assume: { celery: "5.6", billiard: "4.2.4" }
ignore: [ { rule: tasks/unbatched-loop, path: scripts/**, reason: one-off jobs, until: 2027-03-31 } ]
`;
  test('the one in the documentation is read, and the schema agrees', async () => {
    expect(valid(parse(FULL))).toBe(true);
    expect(await parseConfig(FULL, 'drainlint.config.yaml')).toMatchObject({
      minConfidence: 'low', rules: { 'celery/early-ack': 'error', 'ecs/mutable-image-tag': 'off' }, thresholds: { maxTaskSeconds: 900 }, durations: { 'billing.tasks.export_*': { seconds: 420, at: { path: 'drainlint.config.yaml', startLine: 9 } } },
      workers: [{ service: 'billing-worker', app: 'billing/celery.py' }], assume: { celery: '5.6' },
      ignore: [{ rule: 'tasks/unbatched-loop', path: 'scripts/**', until: '2027-03-31', at: { startLine: 14 } }],
    });
  });
  test('an empty file is the defaults', async () => {
    expect(await parseConfig('', 'c.yaml')).toMatchObject({ minConfidence: 'medium', thresholds: { maxTaskSeconds: 900, stopTimeoutSeconds: 120, visibilityTimeoutSeconds: 900, exitMarginSeconds: 3 } });
  });
  test.each([
    ['tresholds: {}', 'c.yaml:1: unknown key tresholds, did you mean thresholds'],
    ['thresholds:\n  maxTaskSecond: 1', 'c.yaml:2: unknown key maxTaskSecond, did you mean maxTaskSeconds'],
    ['thresholds: { maxTaskSeconds: 15m }', 'c.yaml:1: thresholds.maxTaskSeconds is not a number of seconds'],
    ['rules: { celery/early-ack: fatal }', 'c.yaml:1: rules.celery/early-ack is "fatal", not one of error, warning, note, off'],
    ['extends: 5', 'c.yaml:1: extends is not a text (write it in quotes)'],
    ['overrides: [ { rules: {} } ]', 'c.yaml:1: an entry of overrides lacks paths'],
    ['overrides:\n  - paths: [a]\n    rule: {}', 'c.yaml:3: unknown key rule, did you mean rules'],
    ['overrides: [ { paths: a } ]', 'c.yaml:1: overrides.0.paths is not a list of globs'],
    ['neverIgnore: celery/early-ack', 'c.yaml:1: neverIgnore is not a list'],
    ['thresholds: { minimumHealthyPercent: 0 }', 'c.yaml:1: thresholds.minimumHealthyPercent is not a whole percentage from 1 to 100'],
    ['assume: { celry: "5.6" }', 'c.yaml:1: unknown key celry, did you mean celery'],
    ['rules:', 'c.yaml:1: rules is not a map'],
    ['assume: { celery: 5.6 }', 'c.yaml:1: assume.celery is not a text (write it in quotes)'],
    ['ignore: [ { path: x } ]', 'c.yaml:1: an entry of ignore lacks rule'],
    ['ignore: [ { rule: x, until: 2027-02-30 } ]', 'c.yaml:1: ignore.0.until is not a date like 2027-03-31'],
    ['workers: { a: b }', 'c.yaml:1: workers is not a list'],
    ['- a', 'c.yaml:1: the configuration is not a map'],
    ['a: [', /^c\.yaml:1: /],
  ])('%s is refused and the schema agrees', async (text, message) => {
    await expect(parseConfig(text, 'c.yaml')).rejects.toThrow(message);
    if (typeof message === 'string' && !message.includes('02-30') && !text.includes('2027-02-30')) expect(valid(parse(text))).toBe(false);
  });
});
