import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { facts, recognises } from '../src/analyzers/cdk.js';
import { applyEdits } from '../src/model/index.js';
import { loadTypeScript } from '../src/parsers/typescript/read.js';
import { editAt } from '../src/rules/shared.js';
import type { Facts, Field } from '../src/model/index.js';

beforeAll(() => loadTypeScript());

const IMPORT = "import * as cdk from 'aws-cdk-lib';\nimport * as ecs from 'aws-cdk-lib/aws-ecs';\n";
const worker = (props: string, more = ''): Facts => facts(`${IMPORT}const definition = new ecs.FargateTaskDefinition(stack, 'D');\ndefinition.addContainer('worker', ${props});\n${more}`, 'lib/worker.ts');
const stopOf = (found: Facts): Field => found.taskDefinitions![0]!.containers[0]!.stopTimeout;
const valueOf = ({ value }: Field): unknown => (value?.is === 'literal' ? value.value : value?.is);

describe('stopTimeout, in all the ways it is written', () => {
  test.each([
    ['{ stopTimeout: cdk.Duration.seconds(90) }', '', 90], ['{ stopTimeout: cdk.Duration.minutes(2) }', '', 120], ['{ stopTimeout: cdk.Duration.millis(1500) }', '', 1.5], ['{ stopTimeout: STOP }', 'const STOP = cdk.Duration.seconds(45);', 45], ['{ ...shared }', 'const shared = { stopTimeout: cdk.Duration.seconds(30) };', 30],
    ['{ stopTimeout: props.stop }', '', 'reference'], ['{ stopTimeout: slow ? cdk.Duration.seconds(90) : undefined }', '', 'choice'], ['{ }', '', undefined], ['props', '', undefined], ['{ stopTimeout: cdk.Duration.seconds(SECONDS) }', 'const SECONDS = 60;', 60],
  ])('%s %s', (props, more, expected) => expect(valueOf(stopOf(worker(props, more)))).toBe(expected));

  test.each(["{ image, stopTimeout: cdk.Duration.seconds(90) }", "{ image }", "{\n  containerName: 'w',\n  image,\n}", "{\n  image: x }"])('what is written into %j is read again', props => {
    const text = `${IMPORT}const definition = new ecs.FargateTaskDefinition(stack, 'D');\ndefinition.addContainer('worker', ${props});\n`;
    const [slot] = stopOf(facts(text, 'lib/worker.ts')).slots;
    expect(slot).toBeDefined();
    const changed = applyEdits(text, [editAt(slot!, 77)]);
    expect(valueOf(stopOf(facts(changed, 'lib/worker.ts')))).toBe(77);
    expect(facts(changed, 'lib/worker.ts').problems).toEqual([]);
  });
});

test('constants that change, and files that are none of the CDK\'s, say nothing', () => {
  expect(valueOf(stopOf(worker('{ stopTimeout: STOP }', 'function a() { const STOP = cdk.Duration.seconds(1); }\nfunction b() { const STOP = cdk.Duration.seconds(2); }')))).toBe('name');
  expect(recognises('lib/worker.d.ts', IMPORT)).toBe(false);
  expect(recognises('lib/worker.ts', "import { Worker } from 'bullmq';\nnew Worker('ecs', job => job);")).toBe(false);
});

describe('whatever the text', () => {
  const pieces = fc.array(fc.constantFrom('new ecs.FargateTaskDefinition(this, "a", {', '})', 'x.addContainer("w", {', 'stopTimeout: cdk.Duration.seconds(', ')', '...a', 'const a = {', '}', '(', '[', '`${', '}`', '\n', '"', '/*', '\u0000', 'é𝒳', 'new ecs.FargateService(this,', '?', ':', '=>', '<', 'a.b.c'), { maxLength: 40 }).map(parts => IMPORT + parts.join(' '));
  test('nothing is thrown, and facts are plain data', () => {
    fc.assert(fc.property(pieces, text => { const found = facts(text, 'lib/a.ts'); expect(structuredClone(found)).toEqual(found); }), { numRuns: 150 });
  });
  test('a constant that names itself, or is made of others 2^30 times over, ends', () => {
    const doubled = Array.from({ length: 30 }, (_, i) => `const a${i + 1} = [a${i}, a${i}];`).join('\n');
    expect(facts(`${IMPORT}const a = { a, b: a, c: [a, a] };\nnew ecs.FargateService(stack, 'S', { desiredCount: 2, x: a });`, 'lib/a.ts').services).toHaveLength(1);
    expect(facts(`${IMPORT}const a0 = 1;\n${doubled}\nnew ecs.FargateService(stack, 'S', { desiredCount: 2, x: a30 });`, 'lib/a.ts').services).toHaveLength(1);
  });
  test('deep nesting is a problem, not a crash', () => {
    expect(facts(`${IMPORT}const a = ${'['.repeat(20_000)}`, 'lib/a.ts').problems).toHaveLength(1);
    expect(facts(`${IMPORT}const a = ${'1 + '.repeat(4000)}1;\nnew ecs.FargateService(stack, 'S', { desiredCount: a });`, 'lib/a.ts').services).toHaveLength(1);
  });
});
