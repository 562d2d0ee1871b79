import { spawnSync } from 'node:child_process';
import type { ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding, LiveEvidence, Report, SourceLocation } from '../src/model/index.js';
import { gitlab } from '../src/reporters/gitlab.js';
import { junit } from '../src/reporters/junit.js';
import { lineHashes } from '../src/reporters/line-hash.js';
import { rdjson } from '../src/reporters/rdjson.js';
import { sarif } from '../src/reporters/sarif.js';
import { rules } from '../src/rules/index.js';
import { app, at, emptyModel, model, plain, report, stopTimeout, worker } from './report-fixtures.js';
import { validGitlab, validRdjson, validSarif } from './schemas.js';
import { parseXml, type Element } from './xml.js';

/** Formats that others define: each keeps to its schema, whatever the finding. */
type Json = Readonly<Record<string, any>>;
function read(text: string, valid: ValidateFunction): any {
  const value = JSON.parse(text) as unknown;
  valid(value);
  expect(valid.errors).toBeNull();
  return value;
}
const runOf = (one: Report): Json => read(sarif(one), validSarif).runs[0] as Json;
const resultsOf = (...findings: Finding[]): readonly Json[] => runOf(report(findings)).results as Json[];
const diagnosticsOf = (...findings: Finding[]): readonly Json[] => read(rdjson(report(findings)), validRdjson).diagnostics as Json[];

const ARN = 'aws:arn:aws:ecs:eu-central-1:123456789012:service/prod/mail';
const running = plain('live/tasks-killed', { at: { ...at(ARN, 3, 5, 3, 9), logical: 'deploymentConfiguration' }, related: [{ at: at(`${ARN}#x`, 1, 1, 1, 1), message: 'stopped' }] });
const inline = plain('celery/early-ack', { suppressed: { kind: 'inline', reason: 'metrics only', at: at('app/celery.py', 14, 1, 14, 9) } });
const byConfig = plain('celery/early-ack', { suppressed: { kind: 'config', reason: 'one-off jobs' } });
const byBaseline = plain('celery/early-ack', { suppressed: { kind: 'baseline', reason: '' } });
const HOSTILE = 'a\u001b[31mred\u001b[0m\n::error::gone ##[error] <script>&"\u0007\u202e{0} [me](https://evil.example) redis://u:hunter2@cache';

describe('SARIF', () => {
  test('an empty report is a run without results', () => {
    expect(runOf(report([], { model: emptyModel }))).toMatchObject({ results: [], tool: { driver: { name: 'drainlint', semanticVersion: '1.2.3', rules: [] } }, invocations: [{ executionSuccessful: true }], columnKind: 'utf16CodeUnits' });
  });

  test('a finding: place, what it rests on, fix, fingerprints', () => {
    const [result] = resultsOf(stopTimeout);
    const physical = (path: string, startLine: number, startColumn: number, endLine: number, endColumn: number): object => ({ artifactLocation: { uri: path, uriBaseId: '%SRCROOT%' }, region: { startLine, startColumn, endLine, endColumn } });
    const place = { physicalLocation: physical('infra/worker.json', 14, 7, 14, 23), message: { text: 'no stopTimeout: ECS waits 30 s' } };
    const other = { physicalLocation: physical('app/celery.py', 12, 1, 12, 31), message: { text: 'a task may run this long' } };
    expect(result).toEqual({
      ruleId: 'ecs/stop-timeout-too-short', ruleIndex: 0, level: 'error',
      message: { text: `${stopTimeout.message}\nsuggestion: ${stopTimeout.suggestion}\nfate: ${stopTimeout.fate!}` },
      locations: [place], relatedLocations: [other],
      codeFlows: [{ message: { text: 'what it rests on' }, threadFlows: [{ locations: [{ location: place }, { location: other }] }] }],
      fixes: [{
        description: { text: 'set stopTimeout' }, properties: { safety: 'safe' },
        artifactChanges: [{ artifactLocation: { uri: 'infra/worker.json', uriBaseId: '%SRCROOT%' }, replacements: [{ deletedRegion: { startLine: 14, startColumn: 24, endLine: 14, endColumn: 24 }, insertedContent: { text: '\n"stopTimeout": 120,' } }] }],
      }],
      properties: { precision: 'high', confidence: 'high', order: 2, workers: ['infra/worker.json: worker'], environments: [], blockedBy: [] },
      partialFingerprints: { primaryLocationLineHash: '247d84a73f6dcf25:1', 'drainlint/v1': 'a'.repeat(32) },
    });
  });

  test('the calls that lead there are a flow of their own, in their order', () => {
    const [{ codeFlows }] = resultsOf(plain('tasks/long-sleep', { flow: [{ at: at('a.py', 1, 1, 1, 2), text: 'f()' }, { at: at('b.py', 2, 1, 2, 2), text: 'sleep(60)' }] })) as [Json];
    expect(codeFlows).toHaveLength(1);
    expect(codeFlows[0].threadFlows[0].locations.map(({ location }: Json) => [location.physicalLocation.artifactLocation.uri, location.message.text])).toEqual([['a.py', 'f()'], ['b.py', 'sleep(60)']]);
  });

  test('edits of several files are changes of several files', () => {
    const [{ fixes }] = resultsOf(plain('a/b', { fix: { title: 't', safety: 'delivery', edits: ['a.py', 'b.py', 'a.py'].map((path, i) => ({ at: at(path, i + 1, 1, i + 1, 1), text: String(i) })) } })) as [Json];
    expect(fixes[0].artifactChanges.map(({ artifactLocation, replacements }: Json) => [artifactLocation.uri, replacements.map(({ insertedContent }: Json) => insertedContent.text)])).toEqual([['a.py', ['0', '2']], ['b.py', ['1']]]);
  });

  test('suppressions: where and why; none on the others', () => {
    expect(resultsOf(inline, byConfig, byBaseline, stopTimeout).map(({ suppressions }) => suppressions)).toEqual([
      [{ kind: 'inSource', status: 'accepted', justification: 'metrics only', location: { physicalLocation: { artifactLocation: { uri: 'app/celery.py', uriBaseId: '%SRCROOT%' }, region: { startLine: 14, startColumn: 1, endLine: 14, endColumn: 9 } } } }],
      [{ kind: 'external', status: 'accepted', justification: 'one-off jobs' }], [{ kind: 'external', status: 'accepted' }], [],
    ]);
    expect(resultsOf(stopTimeout)[0]).not.toHaveProperty('suppressions');
  });

  test('a rule: the words of its page, its usual level, the least confidence of its findings', () => {
    const early = rules.find(({ id }) => id === 'celery/early-ack')!;
    const { tool } = runOf(report([plain(early.id, { confidence: 'high', docsUrl: 'https://drainlint.example/docs/rules/celery/early-ack.md' }), plain(early.id, { confidence: 'low', severity: 'error' })], { rules }));
    expect(tool.driver.rules).toEqual([{
      id: early.id, name: 'EarlyAck', shortDescription: { text: early.title }, fullDescription: { text: early.rationale }, help: { text: expect.stringContaining(early.remedy), markdown: expect.stringContaining(`<${early.references[0]!}>`) },
      helpUri: 'https://drainlint.example/docs/rules/celery/early-ack.md', defaultConfiguration: { level: early.severity }, properties: { precision: 'low', 'problem.severity': early.severity, tags: ['reliability', 'celery'] },
    }]);
  });

  test('every rule there is: within GitHub\'s lengths, no HTML in Markdown', () => {
    const all = runOf(report(rules.map(({ id, severity }) => plain(id, { severity })), { rules })).tool.driver.rules as Json[];
    expect(all).toHaveLength(rules.length);
    for (const { id, name, shortDescription, fullDescription, help, properties } of all) {
      expect(Math.max(name.length, id.length), id).toBeLessThanOrEqual(255);
      expect(Math.max(shortDescription.text.length, fullDescription.text.length), id).toBeLessThanOrEqual(1024);
      expect(help.markdown.replaceAll(/`[^`]*`/g, '').replaceAll(/<https?:[^\s<>]+>/g, ''), id).not.toMatch(/(?<!\\)</);
      expect(properties.tags.length).toBeLessThanOrEqual(10);
    }
  });

  test('what runs has no file: a logical location, no line, no fix', () => {
    const [result] = resultsOf({ ...running, fix: stopTimeout.fix! });
    expect(result).toMatchObject({ locations: [{ logicalLocations: [{ fullyQualifiedName: 'arn:aws:ecs:eu-central-1:123456789012:service/prod/mail deploymentConfiguration', kind: 'resource' }] }], partialFingerprints: { 'drainlint/v1': 'b'.repeat(32) } });
    for (const part of ['physicalLocation', 'primaryLocationLineHash', 'fixes']) expect(JSON.stringify(result)).not.toContain(part);
    expect(runOf(report([running], { model: { ...model, live: { services: [], queues: [], caches: [], readAt: '' } satisfies LiveEvidence } })).automationDetails.id).toBe('drainlint-live/');
  });

  test('a resource without a line of its own keeps its file', () => {
    const [result] = resultsOf(plain('ecs/x', { at: { ...at('plan.json', 1, 1, 1, 2), logical: 'aws_ecs_service.mail["a"]' } }));
    expect(result!.locations[0]).toMatchObject({ physicalLocation: { artifactLocation: { uri: 'plan.json' } }, logicalLocations: [{ fullyQualifiedName: 'aws_ecs_service.mail["a"]' }] });
  });

  test.each([['a b/c#d?e%f.py', 'a%20b/c%23d%3Fe%25f.py'], ['ä/日本.py', '%C3%A4/%E6%97%A5%E6%9C%AC.py'], ['c:/x.py', 'c%3A/x.py'], ['x\ud800.py', 'x%EF%BF%BD.py'], ['a\nb.py', 'a%0Ab.py']])('the path %j is %s', (path, uri) => {
    expect(resultsOf(plain('a/b', { at: at(path, 1, 1, 1, 1) }))[0]!.locations[0].physicalLocation.artifactLocation.uri).toBe(uri);
  });

  test('6,000 findings: the 5,000 worst, and how many were left out', () => {
    const severities = ['error', 'warning', 'note'] as const;
    const findings = Array.from({ length: 6000 }, (_, i) => plain('a/b', { severity: severities[i % 3]!, at: at('a.py', i + 1, 1, i + 1, 2), ...(i < 3 && { suppressed: { kind: 'config', reason: 'r' } }) }));
    const run = runOf(report(findings));
    expect(severities.map(severity => run.results.filter(({ level }: Json) => level === severity).length)).toEqual([1999, 1999, 1002]);
    expect(run.results.every(({ suppressions }: Json) => suppressions === undefined)).toBe(true);
    const lines = run.results.map(({ locations }: Json) => locations[0].physicalLocation.region.startLine) as number[];
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
    expect(run.invocations[0].toolExecutionNotifications[0]).toEqual({ level: 'warning', message: { text: '1000 findings of 6000 left out, suppressed or the least severe: GitHub shows 5000' } });
    expect(runOf(report(findings.slice(0, 5000))).results).toHaveLength(5000);
  });

  test('hundreds of places are cut to what GitHub shows', () => {
    const many = Array.from({ length: 1500 }, (_, i) => at('a.py', i + 1, 1, i + 1, 2));
    const [result] = resultsOf(plain('a/b', { related: many.map(place => ({ at: place, message: 'm' })), flow: many.map(place => ({ at: place, text: 't' })) })) as [Json];
    expect(result.locations.length + result.relatedLocations.length).toBe(100);
    expect(result.codeFlows.flatMap((flow: Json) => flow.threadFlows[0].locations).length).toBeLessThanOrEqual(1000);
  });

  test('a related place that is named twice stands there once, as the standard wants', () => {
    expect(resultsOf({ ...stopTimeout, related: [...stopTimeout.related!, ...stopTimeout.related!] })[0]!.relatedLocations).toHaveLength(1);
  });

  test('the schemas refuse what is missing or unknown', () => {
    const good = JSON.parse(sarif(report([stopTimeout]))) as Json;
    for (const break_ of [(run: any) => { delete run.tool; }, (run: any) => { run.more = 1; }, (run: any) => { run.results[0].level = 'fatal'; }, (run: any) => { run.results[0].locations[0].physicalLocation.artifactLocation.uri = 'a b'; }, (run: any) => { delete run.results[0].locations[0].physicalLocation.region.startLine; }]) {
      const bad = structuredClone(good);
      break_(bad.runs[0]);
      expect(validSarif(bad), break_.toString()).toBe(false);
    }
    expect(validGitlab([{ ...(JSON.parse(gitlab(report([stopTimeout]))) as Json[])[0], severity: 'error' }])).toBe(false);
    expect(validRdjson({ ...JSON.parse(rdjson(report([stopTimeout]))) as Json, severity: 'NOTE' })).toBe(false);
  });

  test('notifications: what was hidden, and assumptions', () => {
    expect(runOf(report([], { hidden: 2 })).invocations[0].toolExecutionNotifications.map(({ message }: Json) => message.text)).toEqual(['2 findings of lower confidence not shown (--preset strict)', 'celery is not pinned: judged as 5.6.3']);
  });
});

describe('the hash of a line', () => {
  // Numbers of the upload action of GitHub (codeql-action v3, src/fingerprints.ts) for these texts.
  test('is the one GitHub computes', () => {
    const hash = lineHashes(['from celery import Celery', '\tapp = Celery()', '']);
    expect([0, 1, 2, 3, 4].map(hash)).toEqual([undefined, 'dfc5ece8563488ed:1', '98f6c0a40e328f44:1', 'c129715d7a2bc9a3:1', undefined]);
  });
  test('tells equal lines apart as long as what follows is equal too', () => {
    const hash = lineHashes('retry\n'.repeat(30).split('\n'));
    expect([1, 2, 14, 15, 16, 31].map(hash)).toEqual(['2962f6e225883a7d:1', '2962f6e225883a7d:2', '2962f6e225883a7d:14', '2962f6e2eb0a2ae3:1', '9f5fa45513be48bf:1', 'c129715d7a2bc9a3:1']);
  });
});

describe('GitLab', () => {
  test('a finding; suppressed ones are left out', () => {
    expect(read(gitlab(report([stopTimeout, inline])), validGitlab)).toEqual([{
      description: `${stopTimeout.message} — ${stopTimeout.suggestion}`, check_name: stopTimeout.ruleId, fingerprint: stopTimeout.fingerprint, severity: 'critical', location: { path: 'infra/worker.json', lines: { begin: 14, end: 14 } },
    }]);
    expect(gitlab(report([inline]))).toBe('[]\n');
  });
  test('severities, and fingerprints that would be the same', () => {
    const three = read(gitlab(report([plain('a/b', { severity: 'error' }), plain('a/b'), plain('a/b', { severity: 'note' })])), validGitlab) as Json[];
    expect(three.map(({ severity, fingerprint }) => [severity, fingerprint])).toEqual([['critical', 'b'.repeat(32)], ['major', `${'b'.repeat(32)}-2`], ['info', `${'b'.repeat(32)}-3`]]);
  });
  test('what runs is named by its ARN', () => expect(read(gitlab(report([running])), validGitlab)[0].location.path).toBe(ARN));
});

describe('rdjson', () => {
  test('a finding; suppressed ones are left out', () => {
    expect(read(rdjson(report([plain('a/b'), stopTimeout, inline])), validRdjson)).toMatchObject({
      source: { name: 'drainlint' }, severity: 'ERROR', diagnostics: [{ severity: 'WARNING', code: { value: 'a/b' } }, {
        message: `${stopTimeout.message}\nsuggestion: ${stopTimeout.suggestion}\nfate: ${stopTimeout.fate!}`, severity: 'ERROR', code: { value: 'ecs/stop-timeout-too-short' },
        location: { path: 'infra/worker.json', range: { start: { line: 14, column: 7 }, end: { line: 14, column: 23 } } },
        suggestions: [{ range: { start: { line: 14, column: 24 }, end: { line: 14, column: 24 } }, text: '\n"stopTimeout": 120,' }],
        related_locations: [{ message: 'a task may run this long', location: { path: 'app/celery.py', range: { start: { line: 12, column: 1 } } } }],
      }],
    });
    expect(JSON.parse(rdjson(report([inline])))).toEqual({ source: { name: 'drainlint' }, diagnostics: [] });
  });
  test('columns are bytes', () => {
    const one = report([plain('a/b', { at: at('a.py', 1, 2, 1, 4) })], { lines: () => ['ä𐐀x'] });
    expect(read(rdjson(one), validRdjson).diagnostics[0].location.range).toEqual({ start: { line: 1, column: 3 }, end: { line: 1, column: 7 } });
  });
  test('no half fix: none of several edits, of another file, of what runs, or with a password', () => {
    const edit = (path: string, text = 'x'): NonNullable<Finding['fix']>['edits'][number] => ({ at: at(path, 1, 1, 1, 1), text });
    const offered = (path: string, ...edits: ReturnType<typeof edit>[]): boolean => 'suggestions' in diagnosticsOf(plain('a/b', { at: at(path, 1, 1, 1, 1), fix: { title: 't', safety: 'safe', edits } }))[0]!;
    expect([offered('a', edit('a')), offered('a', edit('a'), edit('a')), offered('a', edit('b')), offered(ARN, edit(ARN)), offered('a', edit('a', 'redis://:hunter2@cache')), offered('a')]).toEqual([true, false, false, false, false, false]);
  });
  test('the page of a rule, where it has an address', () => {
    expect(diagnosticsOf(plain('a/b', { docsUrl: 'https://drainlint.example/a/b.md' }), plain('a/b', { docsUrl: 'javascript:alert(1)' }), plain('a/b', { docsUrl: 'docs/rules/a/b.md' })).map(({ code }) => code.url)).toEqual(['https://drainlint.example/a/b.md', undefined, undefined]);
  });
});

describe('JUnit', () => {
  const suitesOf = (one: Report): readonly Element[] => parseXml(junit(one)).children;

  test('a suite per worker: failed, skipped', () => {
    const suites = suitesOf(report([stopTimeout, plain('celery/early-ack', { workers: [worker.id], suppressed: { kind: 'inline', reason: 'metrics <only>' } })]));
    expect(suites.map(({ attributes }) => attributes)).toEqual([{ name: 'worker infra/worker.json: worker (prod)', tests: '2', failures: '1', errors: '0', skipped: '1' }]);
    const [failed, skipped] = suites[0]!.children as [Element, Element];
    expect(failed.attributes).toEqual({ classname: 'ecs/stop-timeout-too-short', name: `infra/worker.json:14 ${stopTimeout.message}`, file: 'infra/worker.json', line: '14' });
    expect(failed.children).toEqual([{
      name: 'failure', attributes: { type: 'error', message: stopTimeout.message }, children: [],
      text: `error: ${stopTimeout.message}\napp/celery.py:12 a task may run this long\nsuggestion: ${stopTimeout.suggestion}\nfate: ${stopTimeout.fate!}`,
    }]);
    expect(skipped.children).toMatchObject([{ name: 'skipped', attributes: { message: 'metrics <only>' } }]);
  });
  test('a worker without a finding has a passed test, and so has a report without a worker', () => {
    const passed = (name: string): object => ({ name: 'testsuite', attributes: { name, tests: '1', failures: '0', errors: '0', skipped: '0' }, children: [{ name: 'testcase', attributes: { classname: 'drainlint', name: 'no finding' }, children: [] }] });
    expect(suitesOf(report([]))).toMatchObject([passed('worker infra/worker.json: worker (prod)')]);
    expect(suitesOf(report([], { model: emptyModel }))).toMatchObject([passed('drainlint')]);
    expect(suitesOf(report([stopTimeout])).map(({ attributes }) => attributes.failures)).toEqual(['1']);
    expect(suitesOf(report([plain('a/b', { resource: app.id })])).map(({ attributes }) => attributes.failures)).toEqual(['1']);
  });
  test('what XML cannot hold is not there: control signs as their pictures, half of a character as one that is unknown', () => {
    const [suite] = suitesOf(report([plain('a/b', { message: 'a\u0000\u0001\ud800\ufffe\uffffb\t"c" ]]> &amp; <!-- 𐐀' })]));
    expect(suite!.children[0]!.children[0]!.attributes.message).toBe('a\u2400\u2401\ufffdb\t"c" ]]> &amp; <!-- 𐐀');
  });
});

describe('text that is not ours', () => {
  const hostile = plain('a/b', { message: HOSTILE, suggestion: HOSTILE, label: HOSTILE, fate: HOSTILE, owner: HOSTILE, where: HOSTILE, resource: HOSTILE, workers: [HOSTILE], environments: ['a', HOSTILE], related: [{ at: stopTimeout.at, message: HOSTILE }], flow: [{ at: stopTimeout.at, text: HOSTILE }] });
  test.each([['sarif', sarif], ['gitlab', gitlab], ['junit', junit], ['rdjson', rdjson]])('%s: no control sign, no password, no line of its own', (_, reporter) => {
    const output = reporter(report([hostile]));
    expect(output).toContain('redis://u:*******@cache');
    expect(output).not.toMatch(/hunter2|[\u0007\u001b\u202e]|\\u0007|\\u001b/);
    for (const line of output.split('\n')) expect(line.trimStart()).not.toMatch(/^::/);
  });
  test('SARIF: neither a link nor a placeholder', () => {
    const [result] = resultsOf(hostile);
    expect(result!.message.text).toContain('{{0}} [me] (https://evil.example)');
    expect(JSON.stringify({ ...result, properties: {} })).not.toMatch(/\]\(|(?<!\{)\{\d+\}/);
  });
});

describe('whatever the finding', () => {
  const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code)), maxLength: 12 }), fc.constantFrom(HOSTILE, ']]>', '%s', '{1}', ' '));
  const segment = fc.oneof(word, fc.constantFrom('a b', 'ä#%?', '日本', 'c:', '&<>"\'', 'x\u0000y')).map(text => text.replaceAll('/', '') || 'x').filter(text => text !== '.' && text !== '..');
  const path = fc.oneof({ weight: 5, arbitrary: fc.array(segment, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/')) }, { weight: 1, arbitrary: fc.constant(ARN) });
  const place: fc.Arbitrary<SourceLocation> = fc.record({ path, line: fc.integer({ min: 1, max: 9 }), column: fc.integer({ min: 1, max: 40 }), lines: fc.integer({ min: 0, max: 3 }), length: fc.integer({ min: 0, max: 9 }), logical: fc.option(word, { nil: undefined }) })
    .map(({ path, line, column, lines, length, logical }) => ({ path, startLine: line, startColumn: column, endLine: line + lines, endColumn: column + length, ...(logical !== undefined && { logical }) }));
  const text = word.map(one => one || 'm');
  const some = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined });
  const finding: fc.Arbitrary<Finding> = fc.record({
    ruleId: fc.constantFrom('celery/early-ack', 'ecs/x', 'alone'), severity: fc.constantFrom('error', 'warning', 'note'), confidence: fc.constantFrom('high', 'medium', 'low'), message: text, suggestion: text, at: place, label: some(word),
    related: some(fc.array(fc.record({ at: place, message: word }), { maxLength: 3 }).map(all => (all.length === 2 ? [...all, { ...all[0]! }] : all))), flow: some(fc.array(fc.record({ at: place, text: word }), { maxLength: 3 })), fate: some(word), where: some(word), owner: some(word), resource: some(word),
    order: fc.integer({ min: 1, max: 9 }), workers: some(fc.array(fc.oneof(word, fc.constant(worker.id)), { maxLength: 2 })), environments: fc.array(word, { maxLength: 2 }), blockedBy: some(fc.constantFrom(['a/b'])),
    fix: some(fc.record({ title: text, safety: fc.constantFrom('safe', 'delivery'), edits: fc.array(fc.record({ at: place, text: word }), { maxLength: 3 }) })), fingerprint: fc.constantFrom('a'.repeat(32), 'b'.repeat(32)),
    docsUrl: fc.constantFrom('docs/x.md', 'https://drainlint.example/x.md', 'https://', 'https://a b'), suppressed: some(fc.record({ kind: fc.constantFrom('inline', 'config', 'baseline'), reason: word, at: some(place) })),
  });
  const anyReport = fc.record({ findings: fc.array(finding, { maxLength: 4 }), hidden: fc.nat(2), lines: fc.array(word, { maxLength: 9 }) }).map(({ findings, hidden, lines }) => report(findings, { hidden, lines: () => lines }));

  test('SARIF is valid, and a path is found again from its URI', () => {
    fc.assert(fc.property(anyReport, one => {
      const { results } = runOf(one);
      expect(results).toHaveLength(one.findings.length);
      one.findings.forEach(({ at: { path } }, i) => {
        const { physicalLocation } = results[i].locations[0];
        if (path.startsWith('aws:')) return expect(physicalLocation).toBeUndefined();
        expect(decodeURIComponent(new URL(physicalLocation.artifactLocation.uri, 'file:///top/').pathname)).toBe(`/top/${path.replace(/\p{Surrogate}/gu, '\ufffd')}`);
      });
    }), { numRuns: 300 });
  });
  test('GitLab\'s report is valid, its fingerprints are unique', () => {
    fc.assert(fc.property(anyReport, one => {
      const all = read(gitlab(one), validGitlab) as Json[];
      expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(one.findings.filter(({ suppressed }) => !suppressed).length);
    }), { numRuns: 200 });
  });
  test('rdjson is valid, and no range ends before it starts', () => {
    fc.assert(fc.property(anyReport, one => {
      for (const { location } of read(rdjson(one), validRdjson).diagnostics as Json[]) {
        const { start, end } = location.range;
        expect(end.line > start.line || end.column >= start.column).toBe(true);
      }
    }), { numRuns: 200 });
  });
  test('JUnit is XML, and counts what it holds', () => {
    fc.assert(fc.property(anyReport, one => {
      const root = parseXml(junit(one));
      const holds = ({ attributes }: Element, cases: readonly Element[]): void => {
        const of = (name: string): number => cases.filter(({ children }) => children.some(each => each.name === name)).length;
        expect(attributes).toMatchObject({ tests: String(cases.length), failures: String(of('failure')), skipped: String(of('skipped')) });
      };
      holds(root, root.children.flatMap(({ children }) => children));
      for (const suite of root.children) holds(suite, suite.children);
      expect(Number(root.attributes.failures) + Number(root.attributes.skipped)).toBe(one.findings.length);
    }), { numRuns: 300 });
  });
  const python = spawnSync('python3', ['-c', 'import xml.etree.ElementTree']).status === 0;
  test.skipIf(!python)('another parser reads the same of JUnit', () => {
    const texts = fc.sample(anyReport, { numRuns: 150, seed: 7 }).map(junit);
    const code = 'import json,sys,xml.etree.ElementTree as E\nprint(json.dumps([[[e.tag,e.attrib,e.text or ""] for e in E.fromstring(t.encode()).iter()] for t in json.load(sys.stdin)]))';
    const run = spawnSync('python3', ['-c', code], { input: JSON.stringify(texts), encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const flat = (element: Element): readonly unknown[] => [[element.name, element.attributes, element.children.length > 0 ? expect.any(String) : element.text], ...element.children.flatMap(flat)];
    expect(JSON.parse(run.stdout)).toEqual(texts.map(text => flat(parseXml(text))));
  });
});
