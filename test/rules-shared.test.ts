import { parse as parseYaml } from 'yaml';
import { describe, expect, test } from 'vitest';
import { applyEdits } from '../src/model/index.js';
import { appConfidence, capped, confidenceOf, editAt, encode, execFix, fixTo, inWords, listed, outcomeOfKill, plural, removeFix, startConfidence, textToWrite, weakest } from '../src/rules/shared.js';
import { at, byDefault, set, slot, taskFunction, unknown, unset, worker } from './model-builders.js';

describe('confidence', () => {
  const joined = (how: 'written' | 'declared' | 'only-candidate', step: 'app' | 'command' = 'app') => worker({ joins: [{ step, how, at: [] }] });

  test('the weakest join caps it', () => {
    expect(confidenceOf(joined('written'), set(1))).toBe('high');
    expect(confidenceOf(joined('declared'))).toBe('high');
    expect(confidenceOf(joined('only-candidate'), set(1))).toBe('medium');
  });

  test('a documented default, a variable that may differ and a candidate are medium', () => {
    expect(confidenceOf(joined('written'), byDefault(30))).toBe('medium');
    expect(confidenceOf(joined('written'), set(1, { certainty: 'unless-environment' }))).toBe('medium');
    expect(confidenceOf(joined('written'), unknown)).toBe('medium');
    expect(confidenceOf(joined('written'), { is: 'unbounded', confidence: 'medium' })).toBe('medium');
    expect(confidenceOf(joined('written'), unset, undefined, 'high')).toBe('high');
  });

  test('a copy for developers is low, whatever it rests on', () => {
    expect(confidenceOf({ ...joined('written'), role: 'development' }, set(1))).toBe('low');
  });

  test('what a container does needs no app', () => {
    expect(startConfidence(joined('only-candidate', 'app'))).toBe('high');
    expect(startConfidence(joined('only-candidate', 'command'))).toBe('medium');
  });

  test('an app is as sure as its reach', () => {
    const app = { reach: 'written', workers: [worker()] } as unknown as Parameters<typeof appConfidence>[0];
    expect(appConfidence(app, set(1))).toBe('high');
    expect(appConfidence({ ...app, reach: 'implicit' })).toBe('medium');
    expect(appConfidence({ ...app, workers: [worker({ role: 'development' })] })).toBe('medium');
  });

  test('weakest of none is high', () => expect(weakest()).toBe('high'));
});

test('no error without a platform', () => {
  expect(capped('error', { platform: 'unknown' })).toBe('warning');
  expect(capped('error', { platform: 'fargate' })).toBe('error');
  expect(capped('note', { platform: 'unknown' })).toBe('note');
});

describe('writing values', () => {
  test.each([
    ['json', 120, '120'], ['json', 'a "b"', '"a \\"b\\""'], ['json', true, 'true'],
    ['python', true, 'True'], ['python', null, 'None'], ['python', 'it\'s', '\'it\\\'s\''], ['python', 0.5, '0.5'],
    ['shell', '120', '120'], ['shell', 'a b', '\'a b\''], ['shell', 'it\'s', '\'it\'\\\'\'s\''],
    ['ini', '50%', '50%%'], ['dockerfile', 'a b', '"a b"'], ['typescript', 'x', '\'x\''], ['hcl', 'x', '"x"'],
  ] as const)('%s: %j is %s', (encoding, value, text) => expect(encode(value, [encoding])).toBe(text));

  test.each(['120s', 'yes', 'null', '12', '1e3', 'a: b', 'x #y', '-', '~', 'plain', 'on', '0x1f', '12:30:45', '1_000', 'a:', '*x', '3d', '1e5', '.5'])('yaml reads %j back as the same string', value => {
    expect(parseYaml(encode(value, ['yaml']))).toBe(value);
    expect(parseYaml(`k: ${encode(value, ['yaml'])}`, { version: '1.1' })).toEqual({ k: value });
  });

  test('escapes for every language around', () => {
    expect(JSON.parse(`"${encode('a "b"', ['json', 'dockerfile'])}"`)).toBe('"a \\"b\\""');
    expect(encode('x', [])).toBe('x');
  });

  test('a fix replaces before it inserts, and round-trips through the text', () => {
    const text = '{\n  "stopTimeout": 30\n}';
    const replace = slot('t.json', 2, { at: at('t.json', 2, 18, 2) });
    const insert = slot('t.json', 1, { kind: 'insert', at: at('t.json', 1, 2, 0), before: '\n  "stopTimeout": ', after: ',' });
    const fix = fixTo(set(30, { slots: [insert, replace] }), 120, 'safe');
    expect(JSON.parse(applyEdits(text, fix!.edits))).toEqual({ stopTimeout: 120 });
    const added = fixTo({ state: 'unset', at: at('t.json'), slots: [insert] }, 120, 'safe');
    expect(JSON.parse(applyEdits('{\n  "a": 1\n}', added!.edits))).toEqual({ stopTimeout: 120, a: 1 });
  });

  test('no fix where nobody knows, or a variable may overrule', () => {
    expect(fixTo(unknown, 1, 'safe')).toBeUndefined();
    expect(fixTo(set(1, { certainty: 'unless-environment', slots: [slot('a', 1)] }), 2, 'safe')).toBeUndefined();
    expect(fixTo(set(1), 2, 'safe')).toBeUndefined();
    expect(fixTo(set(1, { slots: [slot('a', 1, { kind: 'remove' })] }), 2, 'safe')).toBeUndefined();
  });

  test('exec goes in front of the command', () => {
    const slots = [{ kind: 'insert', at: at('e.sh', 2, 3, 0), encoding: ['shell'] }] as const;
    expect(applyEdits('#!/bin/sh\n  celery worker\n', execFix(slots)!.edits)).toBe('#!/bin/sh\n  exec celery worker\n');
    expect(execFix([{ ...slots[0], before: 'exec ' }])!.edits[0]!.text).toBe('exec ');
    expect(execFix([])).toBeUndefined();
  });

  test.each([
    [{ kind: 'insert', encoding: ['json'], before: ',\n      "stopTimeout": ' }, '`"stopTimeout": 120`'],
    [{ kind: 'insert', encoding: ['yaml'], before: '\n    stop_grace_period: ', after: 's' }, '`stop_grace_period: 120s`'],
    [{ kind: 'insert', encoding: ['yaml'], before: '\ntaskdef_overrides:\n  - path: ContainerDefinitions[0].StopTimeout\n    value: ' }, '`taskdef_overrides:`, `path: ContainerDefinitions[0].StopTimeout`, `value: 120`'],
    [{ kind: 'insert', encoding: ['yaml'], before: 'path: ContainerDefinitions[0].StopTimeout\n    value: ', after: '\n  - ' }, '`path: ContainerDefinitions[0].StopTimeout`, `value: 120`'],
    [{ kind: 'replace', encoding: ['json'] }, 'otherwise'],
  ] as const)('%j is shown as %s', (more, words) => expect(textToWrite({ state: 'unset', at: at('x'), slots: [slot('x', 1, more)] }, 120, 'otherwise')).toBe(words));

  test('takes out what stands at a slot', () => {
    expect(applyEdits('a=30\n', removeFix([slot('x', 1, { kind: 'remove', at: at('x', 1, 2, 3) })], 'safe', 'drop it')!.edits)).toBe('a\n');
    expect(removeFix([slot('x', 1)], 'safe', 'drop it')).toBeUndefined();
  });

  test('an edit carries the text around it', () => expect(editAt(slot('x', 1, { before: 'k=', after: ';', encoding: ['ini'] }), 5).text).toBe('k=5;'));
});

test.each([[30, '30 s'], [120, '120 s'], [121, '121 s'], [900, '15 min'], [7200, '2 h'], [3700, '3700 s']])('%d seconds are %s', (seconds, words) => expect(inWords(seconds)).toBe(words));

test('lists names and counts', () => {
  expect(listed([])).toBe('');
  expect(listed(['a'])).toBe('a');
  expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
  expect(listed(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
  expect(plural(1, 'worker')).toBe('1 worker');
  expect(plural(2, 'worker')).toBe('2 workers');
});

describe('what becomes of the running task', () => {
  const late = taskFunction({ acksLate: set(true) });
  test.each([
    ['early', worker(), /^the running task is lost$/],
    ['late on RabbitMQ', worker({ functions: [late], broker: 'rabbitmq' }), /again from the beginning at once/],
    ['late on Redis', worker({ functions: [late] }), /after the visibility timeout/],
    ['late on Redis under gevent', worker({ functions: [late], pool: 'gevent' }), /not redelivered/],
    ['both', worker({ functions: [late, taskFunction()] }), /lost if it is acknowledged early, else it starts again/],
    ['no function known', worker({ functions: [] }), /cut off: lost if it is acknowledged early/],
  ])('%s', (_, subject, outcome) => expect(outcomeOfKill(subject)).toMatch(outcome));
});
