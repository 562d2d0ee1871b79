import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as compose from '../src/analyzers/compose.js';
import { interpolate, unescapeDollars } from '../src/analyzers/compose/interpolation.js';
import * as copilot from '../src/analyzers/copilot.js';
import * as ecsJson from '../src/analyzers/ecs-json.js';
import { toMebibytes, toSeconds } from '../src/analyzers/units.js';
import type { Analyzer, Expr, Facts } from '../src/model/index.js';
import { startOf } from '../src/model/index.js';
import { parseJson } from '../src/parsers/json.js';
import { lineTable } from '../src/parsers/lines.js';
import type { DataNode, ScalarNode } from '../src/parsers/nodes.js';
import { entriesOf, valueAt } from '../src/parsers/nodes.js';
import { scalarOffsets } from '../src/parsers/scalar-offsets.js';
import { parseYaml } from '../src/parsers/yaml.js';

const container = '{"name": "worker", "image": "orders", "essential": true, "command": ["celery", "-A", "orders", "worker"]';
const places = (facts: Facts): string[] => facts.problems.map(({ message, at }) => `${at.startLine}:${at.startColumn} ${message}`);

describe('places', () => {
  it('of an offset are its line and column, and back', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('a', '\n', '\r\n', 'ü', '😀')), fc.nat(), (parts, n) => {
      const text = parts.join('');
      const offset = n % (text.length + 1);
      const lines = lineTable(text, 'x');
      const { startLine, startColumn } = lines.at(offset, offset);
      expect(startLine).toBe(text.slice(0, offset).split('\n').length);
      expect(startColumn).toBe(text.slice(0, offset).split('\n').at(-1)!.length + 1);
      expect(lines.offset(startLine, startColumn)).toBe(offset);
    }));
  });

  it.each([
    ['json', '"a\\u0041\\n\\"b"'], ['yaml', 'plain text'], ['yaml', "'it''s ''here'''"], ['yaml', '"a\\x41\\U0001F600 \\t\\"b"'],
    ['yaml', '>-\n  celery -A orders\n  worker'], ['yaml', '|\n  one\n  two'], ['yaml', 'two\n  lines'], ['yaml', '"two\\\n  lines\n  more"'],
  ])('of the characters of a %s text %j are those it was decoded from', (language, written) => {
    const parsed = language === 'json' ? parseJson(`{"key": ${written}}`, 'x') : parseYaml(`key: ${written}\n`, 'x');
    const root = 'root' in parsed ? parsed.root : (parsed as { roots: readonly DataNode[] }).roots[0];
    const node = valueAt(root, 'key') as ScalarNode;
    const offsets = scalarOffsets(node);
    expect(offsets).toHaveLength((node.value as string).length + 1);
    [...(node.value as string)].filter(character => /[a-z]/.test(character)).forEach(character => {
      const index = (node.value as string).indexOf(character);
      expect(parsed.source.lines.text[offsets[index]!]).toBe(character);
    });
    expect([...offsets].sort((a, b) => a - b)).toEqual(offsets);
  });
});

describe('what is ours', () => {
  const cases: readonly (readonly [string, string, Analyzer, boolean])[] = [
    ['package.json', '{"name": "x", "version": "1.0.0", "dependencies": {"essential": "1"}}', ecsJson, false],
    ['template.json', '{"Resources": {"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": []}}}}', ecsJson, false],
    ['service-2.json', '{"shapes": {"TaskDefinition": {"members": {"containerDefinitions": {"shape": "ContainerDefinitions"}}}}}', ecsJson, false],
    ['schema.json', '{"properties": {"desiredCount": {"type": "integer"}, "service": {"type": "string"}}}', ecsJson, false],
    ['task.json', `{"containerDefinitions": [${container}}]}`, ecsJson, true],
    ['tasks.json', `[{"containerDefinitions": [${container}}]}, {"containerDefinitions": []}]`, ecsJson, true],
    ['containers.json', `[${container}}]`, ecsJson, true],
    ['cut-off.json', `{"containerDefinitions": [${container}`, ecsJson, true],
    ['update.json', '{"cluster": "shop", "service": "worker", "desiredCount": 2}', ecsJson, true],
    ['created.json', '{"service": {"serviceName": "worker", "desiredCount": 2, "taskDefinition": "worker:1"}}', ecsJson, true],
    ['empty.json', '', ecsJson, false],
    ['services.yaml', 'services:\n  _defaults:\n    autowire: true\n  App\\:\n    resource: ../src\n', compose, false],
    ['.gitlab-ci.yml', 'services:\n  - docker:dind\njob:\n  image: alpine\n', compose, false],
    ['ci.yml', 'jobs:\n  test:\n    services:\n      redis:\n        image: redis\n', compose, false],
    ['compose.yaml', '# x\nservices: # y\n\n  # z\n  worker:\n    image: orders\n', compose, true],
    ['flow.yml', 'services: { worker: { image: orders } }\n', compose, true],
    ['bom.yml', '\uFEFFservices:\r\n  worker:\r\n    build: .\r\n', compose, true],
    ['compose.json', 'services:\n  worker:\n    image: orders\n', compose, false],
    ['manifest.yml', 'name: web\ntype: Worker Service\n', copilot, true],
    ['manifest.yml', "name: web\ntype: 'Request-Driven Web Service'\n", copilot, true],
    ['manifest.yml', 'name: vpc\ntype: Environment\n', copilot, false],
    ['values.yml', 'kind:\n  type: Worker Service\n', copilot, false],
  ];
  it.each(cases)('%s %j', (path, text, analyzer, expected) => expect(analyzer.recognises(path, text)).toBe(expected));

  it('App Runner is known, and nothing of ECS', () => {
    const { taskDefinitions, services } = copilot.facts('name: web\ntype: Request-Driven Web Service\ncount: 2\n', 'copilot/web/manifest.yml');
    expect([taskDefinitions, services]).toEqual([undefined, undefined]);
  });
});

describe('bad input', () => {
  it('a task definition cut off in the middle keeps what stands before', () => {
    const facts = ecsJson.facts(`{"family": "orders", "containerDefinitions": [${container}, "stopTimeout": 12`, 'x.json');
    expect(places(facts)).toEqual(['1:170 JSON syntax not understood here; the rest of the file was read']);
    expect(facts.taskDefinitions![0]!.containers[0]).toMatchObject({ name: 'worker', stopTimeout: { value: { value: 12 } } });
  });

  it('tabs in YAML are a problem at their line, and the rest counts', () => {
    const facts = compose.facts('services:\n  worker:\n    image: orders\n\tinit: true\n  beat:\n    image: orders\n', 'x.yml');
    expect(places(facts)).toEqual(['4:1 YAML syntax not understood here; the rest of the file was read']);
    expect(facts.compose!.services[0]).toMatchObject({ name: 'worker', image: { value: 'orders' } });
  });

  it('an alias bomb is cut short', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `x${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`);
    const started = performance.now();
    const facts = compose.facts(`x0: &a0 [lol]\n${levels.join('\n')}\nservices:\n  worker:\n    image: orders\n    command: *a12\n`, 'x.yml');
    expect(performance.now() - started).toBeLessThan(5000);
    expect(places(facts)).toEqual([expect.stringMatching(/^6:\d+ YAML alias not followed here/)]);
    expect(facts.compose!.services[0]!.name).toBe('worker');
    expect(JSON.stringify(facts).length).toBeLessThan(1e6);
  });

  it('merge keys that multiply, an alias of itself and one of nothing are cut short', () => {
    const levels = Array.from({ length: 30 }, (_, i) => `x${i + 1}: &a${i + 1}\n  <<: [*a${i}, *a${i}]`);
    const facts = compose.facts(`x0: &a0 {a: 1}\n${levels.join('\n')}\nservices:\n  worker: &w\n    <<: *a30\n    image: orders\n    labels: [*w, *missing]\n`, 'x.yml');
    expect(facts.problems).toHaveLength(1);
    expect(facts.compose!.services[0]).toMatchObject({ image: { value: 'orders' } });
  });

  const deep = 10_000;
  it.each([
    ['JSON lists', ecsJson, `{"containerDefinitions": ${'['.repeat(deep)}`], ['JSON maps', ecsJson, '{"a":'.repeat(deep)],
    ['flow lists', compose, `services: ${'['.repeat(deep)}${']'.repeat(deep)}`], ['block lists', compose, `services:\n  ${'- '.repeat(deep)}x`], ['complex keys', copilot, '? '.repeat(deep)],
    ['indentation', copilot, Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ] as const)('%s nested too deep are one problem', (_, analyzer, text) => {
    const facts = analyzer.facts(text, 'x');
    expect(facts.problems).toHaveLength(1);
    expect(facts.problems[0]!.message).toMatch(/nested too deep/);
  });

  it('variables nested too deep stay text', () => {
    const text = `${'${A:-'.repeat(deep)}${'}'.repeat(deep)}`;
    expect(() => interpolate(text, startOf('x'))).not.toThrow();
    expect(compose.facts(`services:\n  worker:\n    image: "${text}"\n`, 'x.yml').compose!.services).toHaveLength(1);
  });

  it.each([['ecs-json', ecsJson], ['compose', compose], ['copilot', copilot]] as const)('empty texts and byte order marks are nothing to %s', (format, analyzer) => {
    for (const text of ['', '\uFEFF', '\n', '# nothing\n', 'null']) expect(analyzer.facts(text, 'x')).toMatchObject({ path: 'x', format });
    expect(analyzer.facts('', 'x')).toEqual({ path: 'x', format, comments: [], problems: [] });
  });

  it('of duplicate keys the last one counts, as for those who read the file', () => {
    expect(compose.facts('services:\n  w:\n    image: a\n    image: b\n', 'x.yml').compose!.services[0]).toMatchObject({ image: { value: 'b' } });
    expect(ecsJson.facts(`{"containerDefinitions": [${container}, "stopTimeout": 1, "stopTimeout": 2}]}`, 'x.json').taskDefinitions![0]!.containers[0]).toMatchObject({ stopTimeout: { value: { value: 2 } } });
  });

  it('values of the wrong type are no crash', () => {
    const json = fc.json({ maxDepth: 3 });
    const keys = ['name', 'image', 'command', 'entryPoint', 'environment', 'secrets', 'healthCheck', 'dependsOn', 'linuxParameters', 'logConfiguration', 'stopTimeout', 'memory', 'environmentFiles'];
    const others = ['build', 'env_file', 'depends_on', 'extends', 'deploy', 'healthcheck', 'profiles', 'logging', 'entrypoint', 'count', 'taskdef_overrides', 'sidecars', 'variables', 'environments', 'deployment'];
    fc.assert(fc.property(fc.constantFrom(...keys), json, (key, value) => {
      const facts = ecsJson.facts(`{"containerDefinitions": [{"${key}": ${value}}, ${value}], "memory": ${value}, "requiresCompatibilities": ${value}}`, 'x.json');
      expect(structuredClone(facts)).toEqual(facts);
    }));
    fc.assert(fc.property(fc.constantFrom(...keys, ...others), json, (key, value) => {
      expect(() => compose.facts(`services:\n  w:\n    ${key}: ${value}\n    x: y\n  v: ${value}\n`, 'x.yml')).not.toThrow();
      expect(() => copilot.facts(`name: w\ntype: Worker Service\n${key}: ${value}\nenvironments:\n  dev:\n    ${key}: ${value}\n`, 'x.yml')).not.toThrow();
    }));
  });

  it('text of any kind is no crash', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'{}[]:,-|>&*!%@`"\'#?<=$ \t\r\na1é', '\uFEFF', '\0', '\x1f', 'services:', 'type: Worker Service', '<<: ', '${', 'drainlint:'), maxLength: 60 });
    fc.assert(fc.property(noise, text => {
      for (const analyzer of [ecsJson, compose, copilot] as const) {
        const facts = analyzer.facts(`services:\n  w:\n    image: x\n${text}`, 'x');
        expect(structuredClone(facts)).toEqual(facts);
        analyzer.recognises('x.yml', text);
      }
    }), { numRuns: 400 });
  });
});

describe('what drainlint is told', () => {
  it('in comments, never in texts', () => {
    const yaml = 'services:\n  # drainlint: ignore a -- b\n  w:\n    image: "# drainlint: no" # drainlint: yes\n    command: |\n      # drainlint: no\n    labels: a#drainlint:no\n';
    expect(compose.facts(yaml, 'x.yml').comments.map(({ text, ownLine, at }) => [text, ownLine, at.startLine])).toEqual([['drainlint: ignore a -- b', true, 2], ['drainlint: yes', false, 4]]);
    expect(parseJson('{"a": "// drainlint: no" /* drainlint: yes */}', 'x').comments.map(({ text }) => text)).toEqual(['drainlint: yes']);
  });
});

/** An expression as Compose would write it. */
function written(expr: Expr): string {
  switch (expr.is) {
    case 'literal': return String(expr.value);
    case 'environment': return `<${expr.name}${expr.fallback ? `|${written(expr.fallback)}` : ''}>`;
    case 'choice': return `<${written(expr.test!)}?${expr.branches.map(written).join(':')}>`;
    case 'operation': return expr.operands.map(written).join('');
    default: throw new Error(expr.is);
  }
}

describe('words', () => {
  it.each([
    ['plain', 'plain'], ['$A', '<A>'], ['${A}', '<A>'], ['a${A}b', 'a<A>b'], ['${A:-x}', '<A|x>'], ['${A-x}', '<A|x>'], ['${A:-}', '<A|>'], ['${A:-${B:-c}d}', '<A|<B|c>d>'], ['${A:?none}', '<A>'],
    ['${A:+b}', '<<A>?b:>'], ['$$A', '$A'], ['$${A}', '${A}'], ['$$$A', '$<A>'], ['100$', '100$'], ['${A', '${A'], ['$1', '$1'], ['${A b}', '${A b}'], ['', ''],
  ])('interpolation of %j is %j', (text, expected) => expect(written(interpolate(text, startOf('x')))).toBe(expected));

  it('a doubled dollar keeps its place', () => expect(unescapeDollars('a$$b$$$c')).toEqual({ text: 'a$b$$c', offsets: [0, 1, 3, 4, 6, 7, 8] }));

  it.each([['1m30s', 90], ['90s', 90], ['1h', 3600], ['500ms', 0.5], ['1.5m', 90], ['1h1m1s1ms', 3661.001], [30, 30], ['30', 30], ['10us', 0], ['s', undefined], ['1d', undefined], ['', undefined], [null, undefined], [true, undefined]])(
    'duration %j', (value, seconds) => expect(toSeconds(value)).toBe(seconds));

  it.each([['512M', 512], ['1g', 1024], ['1.5gb', 1536], ['2 GB', 2048], ['1024k', 1], ['512', 512], [1024, 1024], ['1GiB', 1024], ['.5GB', 512], ['much', undefined], [null, undefined]] as const)(
    'memory %j', (value, mebibytes) => expect(toMebibytes('m')(value)).toBe(mebibytes));
  it('long texts are told from durations and memory at once', () => {
    const started = performance.now();
    for (const text of ['1'.repeat(50_000) + '!', ' '.repeat(50_000) + '!', '1s'.repeat(50_000) + '!', '.'.repeat(50_000)]) expect([toSeconds(text), toMebibytes('b')(text)]).toEqual([undefined, undefined]);
    expect(performance.now() - started).toBeLessThan(500);
  });
  it('bare numbers are bytes in Compose', () => expect(toMebibytes('b')(1073741824)).toBe(1024));
});

describe('YAML', () => {
  it('merge keys: own entries first, then the first map of a list', () => {
    const { roots } = parseYaml('a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc:\n  <<: [*a, *b]\n  y: 3\n', 'x');
    expect(Object.fromEntries(entriesOf(valueAt(roots[0], 'c')).map(({ key, value }) => [key, (value as ScalarNode).value]))).toEqual({ x: 1, y: 3, z: 2 });
    expect((valueAt(roots[0], 'c', 'x') as ScalarNode).value).toBe(1);
  });

  it('tags of other tools are kept, whatever they stand on', () => {
    const { roots, problems } = parseYaml('a: !Ref X\nb: !Sub [x, {y: z}]\nc: !If {a: 1}\nd: !GetAtt A.B\ne: !reset null\n', 'x');
    expect(problems).toEqual([]);
    expect(entriesOf(roots[0]).map(({ value }) => value.tag)).toEqual(['!Ref', '!Sub', '!If', '!GetAtt', '!reset']);
  });
});
