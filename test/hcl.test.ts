import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { facts } from '../src/analyzers/terraform.js';
import { withInfrastructure, type Infrastructure } from '../src/link/infrastructure.js';
import { findStarts } from '../src/link/starts.js';
import type { ContainerFacts, Facts, FactStore } from '../src/model/index.js';
import { agreed, applyEdits } from '../src/model/index.js';
import { grammarFile } from '../src/parsers/grammars.js';
import { loadHcl, parseHcl } from '../src/parsers/hcl.js';
import { textOf, valueAt, type DataNode } from '../src/parsers/nodes.js';
import { editAt } from '../src/rules/shared.js';

beforeAll(() => loadHcl());

test('the grammar is the file of the package it is said to be', () => {
  expect(createHash('sha256').update(readFileSync(grammarFile('tree-sitter-terraform.wasm'))).digest('hex')).toBe('0d9ef3ae926acc0411bfecba9b34df4ea659061917b96455570a45a70824e890');
});

describe('values', () => {
  const read = (text: string): DataNode => valueAt(parseHcl(`x = ${text}\n`, 'main.tf').root, 'x')!;
  test.each([['5', '5'], ['-5', '-5'], ['true', 'true'], ['"a"', 'a'], ['"a\\n\\"b\\""', 'a\n"b"'], ['"$${a}"', '${a}'], ['tostring("a")', 'a'], ['("a")', 'a']])('%s', (written, expected) => expect(textOf(read(written))).toBe(expected));
  test.each([
    ['var.a', 'reference'], ['local.a.b', 'member'], ['local.a["b"]', 'item'], ['aws_x.y[0].arn', 'reference'], ['module.a.b', 'reference'], ['"a-${var.b}"', 'operation'], ['"${var.b}"', 'reference'], ['f(1)', 'call'], ['1 + var.a', 'operation'], ['[for a in var.b : a]', 'opaque'], ['aws_x.y[*].id', 'opaque'],
  ])('%s is an expression: %s', (written, kind) => { const node = read(written); expect(node.is === 'expr' ? node.expr.is : node.is).toBe(kind); });
  test.each([['[1, "b"]', 'list'], ['{ a = 1, "b" : 2 }', 'map'], ['var.a ? 1 : 2', 'choice'], ['jsonencode([{ a = 1 }])', 'list'], ['concat([1], [2])', 'list']])('%s is data: %s', (written, kind) => expect(read(written).is).toBe(kind));
});

describe('whatever the text', () => {
  const pieces = fc.array(fc.constantFrom('container_definitions = "[{\\"name\\": \\"w\\"}]"\n', 'resource "aws_ecs_service" "a" {', '}', 'container_definitions = jsonencode([', '])', '{', 'name = "w"', '<<EOF\n[{"name": "x", "image": "y"}]\nEOF\n', '"${', '}"', 'var.a', '[', ']', '? 1 : 2', '\n', '\u0000', '"', '#', '/*', 'é𝒳', 'for x in y : '), { maxLength: 40 }).map(parts => parts.join(' '));
  const inside = (text: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('startLine' in value && 'endLine' in value) {
      const place = value as { startLine: number; endLine: number; startColumn: number };
      expect(place.startLine).toBeGreaterThanOrEqual(1);
      expect(place.endLine).toBeLessThanOrEqual(text.split('\n').length + 1);
      return;
    }
    for (const inner of Object.values(value)) inside(text, inner);
  };
  test('nothing is thrown, and every place is in the file', () => {
    fc.assert(fc.property(pieces, text => { const found = facts(text, 'main.tf'); inside(text, found); expect(structuredClone(found)).toEqual(found); }), { numRuns: 400 });
  });
  test('deep nesting is a problem, not a crash', () => {
    expect(facts(`x = ${'['.repeat(20_000)}`, 'main.tf').problems.length).toBe(1);
    expect(facts(`${'a {\n'.repeat(5000)}`, 'main.tf').problems.length).toBe(1);
  });
  test('a call inside a call is read once: 20 levels end, also where none of them is known', () => {
    const deep = (name: string): string => `variable "x" {\n  type = ${`${name}(`.repeat(20)}string${')'.repeat(20)}\n}\n`;
    for (const name of ['optional', 'merge', 'tostring']) expect(facts(deep(name), 'variables.tf').problems, name).toEqual([]);
  });
  test('what is broken does not take the rest with it', () => {
    const found = facts('resource "aws_ecs_service" "a" {\n  desired_count = = 3\n}\n\nresource "aws_ecs_service" "b" {\n  desired_count = 2\n}\n', 'main.tf');
    expect(found.services?.map(({ name }) => name)).toContain('b');
    expect(found.problems[0]).toMatchObject({ message: 'HCL syntax not understood here; the rest of the file was read', at: { startLine: 2 } });
  });
  test('what is broken takes no suppression with it, nor the values of a .tfvars file', () => {
    const found = facts('# drainlint: ignore-file ecs/deployment-deadlock -- a trial\nresource "aws_ecs_service" "a" {\n  desired_count = = 3\n}\n\nresource "aws_ecs_service" "b" {\n  name = "b" # drainlint: ignore ecs/spot-interrupts-tasks -- cheap\n}\n\nresource "aws_ecs_service" "c" {\n  name = "c"\n}\n', 'main.tf');
    expect(found.comments.map(({ at, ownLine }) => [at.startLine, ownLine])).toEqual([[1, true], [7, false]]);
    expect(found.services?.map(({ name, at }) => [name, at.startLine])).toEqual([['a', 2], ['b', 6], ['c', 10]]);
    expect(facts('count = = 3\nname = "b"\n', 'a.tfvars').terraform?.values.map(({ name }) => name)).toContain('name');
  });
});

describe('blocks that stand for several', () => {
  const SERVICES = 'locals {\n  services = {\n    mail   = { stop = 30, count = 2 }\n    export = { stop = 120, count = 1 }\n  }\n}\n';
  const each = (repeat: string): string => `${SERVICES}resource "aws_ecs_task_definition" "this" {\n  ${repeat}\n  family = "shop-\${each.key}"\n  container_definitions = jsonencode([{ name = each.key, image = "x", essential = true, stopTimeout = each.value.stop }])\n}\nresource "aws_ecs_service" "this" {\n  ${repeat}\n  name = "shop-\${each.key}"\n  task_definition = aws_ecs_task_definition.this[each.key].arn\n  desired_count = each.value.count\n}\n`;
  const copies = (text: string): readonly unknown[] => {
    const one = facts(text, 'main.tf');
    const store: FactStore = { paths: ['main.tf'], candidates: ['main.tf'], has: () => true, facts: () => one };
    const found = findStarts(store, { workers: [], assume: {}, durations: {} });
    return found.containers.map(({ container }) => [container.name, agreed(container.stopTimeout)]).concat(found.services.map(service => [service.name, agreed(service.desiredCount)]));
  };

  test('are told apart by their keys, down to the containers and their services', () => {
    expect(copies(each('for_each = local.services'))).toEqual([['mail', 30], ['export', 120], ['shop-mail', 2], ['shop-export', 1]]);
  });
  test('stay one where nobody can read how many there are', () => {
    expect(copies(each('for_each = var.services'))).toEqual([['container 1', undefined], ['this', undefined]]);
  });
  test.each([['0', []], ['false ? 1 : 0', []], ['true ? 1 : 0', ['a']], ['2', ['a', 'a']], ['var.many', ['a']]])('count = %s', (count, names) => {
    expect(copies(`resource "aws_ecs_service" "a" {\n  count = ${count}\n  desired_count = 3\n}\n`)).toEqual(names.map(name => [name, 3]));
  });

  const service = (lines: string): NonNullable<Facts['services']>[number] => facts(`resource "aws_ecs_service" "a" {\n${lines}\n}\n`, 'main.tf').services![0]!;
  const PROVIDER = 'content {\n capacity_provider = capacity_provider_strategy.value.name\n weight = capacity_provider_strategy.value["weight"]\n }';
  test('dynamic blocks are written out for the items that are known', () => {
    const found = service(`dynamic "capacity_provider_strategy" {\n for_each = [{ name = "FARGATE_SPOT", weight = 3 }, { name = "FARGATE", weight = 1 }]\n ${PROVIDER}\n}`);
    expect(found.capacityProviders.map(({ name }) => name)).toMatchObject([{ value: 'FARGATE_SPOT' }, { value: 'FARGATE' }]);
  });
  test('of dynamic blocks over what is not known one may be there', () => {
    const found = service('dynamic "deployment_circuit_breaker" {\n for_each = var.breaker\n content {\n  enable = true\n  rollback = true\n }\n}');
    expect(found.circuitBreaker.enable.value).toMatchObject({ is: 'choice', branches: [{ value: true }, { value: null }] });
    expect(service('dynamic "deployment_circuit_breaker" {\n for_each = []\n content {\n  enable = true\n }\n}').circuitBreaker.enable.value).toBeUndefined();
  });
  test('what ignore_changes names is frozen, and nothing else', () => {
    const found = service('desired_count = 1\ndeployment_maximum_percent = 100\nlifecycle {\n ignore_changes = [desired_count, task_definition]\n}');
    expect([found.desiredCount.frozen?.startLine, found.keepsTaskDefinition?.startLine, found.maximumPercent.frozen]).toEqual([5, 5, undefined]);
    expect(service('desired_count = 1\nlifecycle {\n ignore_changes = all\n}').maximumPercent.frozen?.startLine).toBe(4);
  });
});

describe('containers as JSON in quotes', () => {
  const definition = (written: string): string => `resource "aws_ecs_task_definition" "w" {\n  family = "w"\n  container_definitions = ${written}\n}\n`;
  const container = (text: string): ContainerFacts => facts(text, 'main.tf').taskDefinitions![0]!.containers[0]!;
  const JSON_TEXT = '[\n  { "name": "worker", "image": "${var.image}", "command": ["sh", "-c", "celery worker"] },\n  { "name": "envoy", "image": "envoy" } ]';

  test.each([['as written', JSON_TEXT], ['without line breaks', JSON_TEXT.replaceAll('\n', ' ')]])('places and what is added are those of the file: %s', (_name, json) => {
    const text = definition(JSON.stringify(json));
    const { name, at: where, stopTimeout, dependsOnSlots } = container(text);
    expect(name).toBe('worker');
    expect(text.split('\n')[2]!.slice(where.startColumn - 1, where.endColumn - 1)).toBe('\\"name\\": \\"worker\\"');
    const depends = applyEdits(text, [editAt(dependsOnSlots![0]!, 'envoy')]);
    expect(container(depends).dependsOn).toMatchObject([{ container: 'envoy', condition: 'START' }]);
    const stops = applyEdits(text, [editAt(stopTimeout.slots[0]!, 120)]);
    expect(container(stops).stopTimeout.value).toMatchObject({ value: 120 });
    for (const changed of [depends, stops]) expect(changed.split('\n')).toHaveLength(5);
  });
  test('quotes that are no JSON are left unread', () => {
    const found = facts(definition('"[{\\"name\\": \\"w\\", \\"image\\": \\"${lookup(var.images, "w")}\\"}]"'), 'main.tf');
    expect(found.taskDefinitions![0]!.containers).toEqual([]);
    expect(facts(definition('"${file("containers.json")}"'), 'main.tf').taskDefinitions![0]!.containers).toEqual([]);
  });
});

describe('modules that call each other', () => {
  const put = (files: Readonly<Record<string, string>>): Infrastructure => {
    const texts = new Map(Object.entries(files).map(([path, text]) => [path, facts(text, path)]));
    const paths = [...texts.keys()].sort();
    const store: FactStore = { paths, candidates: paths, has: path => texts.has(path), facts: path => texts.get(path) };
    return withInfrastructure(store, [...texts.values()]);
  };
  const linked = (files: Readonly<Record<string, string>>): readonly string[] => put(files).facts.flatMap(one => (one.taskDefinitions ?? []).map(({ family, scope }) => `${scope}: ${family}`)).sort();
  const TASK = 'variable "name" {}\nresource "aws_ecs_task_definition" "t" {\n  family = "fixed"\n  container_definitions = jsonencode([{ name = var.name, image = "x", essential = true }])\n}\n';

  test('in a circle are read once', () => {
    expect(linked({ 'a/main.tf': `${TASK}module "b" {\n  source = "../b"\n  name   = "b"\n}\n`, 'b/main.tf': `${TASK}module "a" {\n  source = "../a"\n  name   = "a"\n}\n` }).length).toBe(2);
  });
  test('a hundred ways to one module are cut, in no time', () => {
    const levels = Array.from({ length: 8 }, (_, level) => [`l${level}/main.tf`, `${level === 7 ? TASK : ''}${level < 7 ? Array.from({ length: 30 }, (_v, n) => `module "m${n}" {\n  source = "../l${level + 1}"\n  name   = "n${n}"\n}\n`).join('') : ''}`] as const);
    expect(linked(Object.fromEntries(levels)).length).toBeLessThanOrEqual(20);
    expect(put(Object.fromEntries(levels)).unresolved.map(({ reason }) => reason).sort()).toEqual([1, 2, 3, 4, 5, 6, 7].map(level => `the module in l${level} is used more often than is followed here`));
  });
  test('locals that double at every step are cut', () => {
    const locals = Array.from({ length: 40 }, (_, n) => `  l${n} = [local.l${n + 1}, local.l${n + 1}]`).join('\n');
    expect(linked({ 'a/main.tf': `locals {\n${locals}\n}\nresource "aws_ecs_task_definition" "t" {\n  family = "f"\n  memory = local.l0\n  container_definitions = jsonencode([{ name = "w", image = local.l0, essential = true }])\n}\n` })).toEqual(['a: f']);
  });
  test('values in a circle stay references', () => {
    expect(linked({ 'a/main.tf': 'locals {\n  a = local.b\n  b = local.a\n}\nresource "aws_ecs_task_definition" "t" {\n  family = "f"\n  container_definitions = local.a\n}\n' })).toEqual(['a: f']);
  });
});
