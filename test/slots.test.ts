import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as compose from '../src/analyzers/compose.js';
import * as copilot from '../src/analyzers/copilot.js';
import * as ecsJson from '../src/analyzers/ecs-json.js';
import { applyEdits } from '../src/model/index.js';
import type { Analyzer, Expr, Facts, Field, Scalar, ShellCommand, Slot } from '../src/model/index.js';
import { editAt } from '../src/rules/shared.js';

const readers: Readonly<Record<string, Analyzer>> = { 'ecs-json': ecsJson, compose, copilot };

type Path = readonly (string | number)[];
interface Writable { readonly path: Path; readonly slot: Slot; readonly kind: 'field' | 'value' | 'exec' }

/** Every place of some facts that a rule can write at: a field's first slot, a value's own slot, `exec ` in front of a command. */
function* writable(value: unknown, path: Path = []): Generator<Writable> {
  if (typeof value !== 'object' || value === null) return;
  if ('do' in value && value.do === 'run') {
    const slot = (value as ShellCommand & { do: 'run' }).slots.find(({ kind }) => kind === 'insert');
    if (slot) yield { path, slot, kind: 'exec' };
  } else if ('is' in value && 'slot' in value) yield { path, slot: value.slot as Slot, kind: 'value' };
  else if ('slots' in value && !('form' in value)) {
    const [slot] = (value as Field).slots;
    if (slot) yield { path, slot, kind: 'field' };
    return; // its value stands at the same place
  }
  for (const [key, part] of Object.entries(value)) if (key !== 'slot' && key !== 'slots') yield* writable(part, [...path, Array.isArray(value) ? Number(key) : key]);
}

const at = (value: unknown, path: Path): unknown => path.reduce<unknown>((part, key) => (part as Record<string | number, unknown> | undefined)?.[key], value);
const literalOf = (expr: Expr | undefined): unknown => (expr?.is === 'literal' ? expr.value : expr);

const NUMBERS = new Set(['stopTimeout', 'desiredCount', 'minimumHealthyPercent', 'maximumPercent', 'replicas']);
const number = fc.integer({ min: 0, max: 9999 });
/** No dollar: Compose and Copilot would read a variable. */
const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter(value => !/[$\p{C}\p{Z}\ufeff]/u.test(value.replaceAll(' ', '')));
const word = fc.stringMatching(/^x[a-z]{0,11}$/); // no reserved word of a shell

/** A value that may stand there. */
function valueFor({ path, slot, kind }: Writable): fc.Arbitrary<Scalar> {
  const name = path.at(-1)!;
  if (kind === 'field') return NUMBERS.has(String(name)) ? number : name === 'availabilityZoneRebalancing' ? fc.constantFrom('ENABLED', 'DISABLED') : fc.boolean();
  if (path.some(key => key === 'memory' || key === 'memoryReservation' || key === 'interval' || key === 'timeout' || key === 'retries' || key === 'startPeriod')) return number;
  // Inside a text of another language there are no quotes to hide in.
  return slot.encoding.length === 1 && !isPartOfCommand(path) ? text : word;
}

/** Facts without places, and without what stands at a slot. */
function essence(value: unknown, slot: Slot): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isAt(value, slot)) return 'written';
  if (Array.isArray(value)) return value.map(part => essence(part, slot));
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'at' && key !== 'slot' && key !== 'slots').map(([key, part]) => [key, essence(part, slot)]));
}

const same = (a: Slot, b: Slot): boolean => JSON.stringify(a) === JSON.stringify(b);
function isAt(value: object, slot: Slot): boolean {
  if ('slots' in value && !('form' in value) && (value as Field).slots.some(one => same(one, slot))) return true;
  return 'slot' in value && same(value.slot as Slot, slot);
}

/** The same places as `isAt` finds in facts before the writing, as paths. */
function* pathsAt(value: unknown, slot: Slot, path: Path = []): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  if (isAt(value, slot)) { yield path; return; }
  for (const [key, part] of Object.entries(value)) yield* pathsAt(part, slot, [...path, Array.isArray(value) ? Number(key) : key]);
}

function* pathsTo(value: unknown, name: string, path: Path = []): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    const below = [...path, Array.isArray(value) ? Number(key) : key];
    if (key === name) yield below; else yield* pathsTo(part, name, below);
  }
}

function blank(facts: unknown, paths: readonly Path[]): unknown {
  const copy = structuredClone(facts) as Record<string | number, unknown>;
  for (const path of paths) {
    const owner = at(copy, path.slice(0, -1)) as Record<string | number, unknown>;
    owner[path.at(-1)!] = 'written';
  }
  return copy;
}

/** Writes at one place and looks at what is read then: the value, and nothing else changed. */
function writeAndRead(reader: Analyzer, source: string, path: string, before: Facts, place: Writable, value: Scalar): void {
  const edit = place.kind === 'exec' ? { at: place.slot.at, text: (place.slot.before ?? 'exec ') + (place.slot.after ?? '') } : editAt(place.slot, value);
  const after = reader.facts(applyEdits(source, [edit]), path);
  expect(after.problems.map(({ message }) => message)).toEqual(before.problems.map(({ message }) => message));
  const found = at(after, place.path);
  if (place.kind === 'exec') { expect(found).toMatchObject({ do: 'run', exec: true }); return; }
  expect(literalOf(place.kind === 'field' ? (found as Field).value : (found as Expr))).toEqual(value);
  if (isPartOfCommand(place.path)) return; // other words make another program
  // A map that others merge in or stand for: what is written in it is written for them.
  const shared = source.includes('&') ? [...pathsTo(before, String(place.path.at(-1)))] : [];
  const places = [...pathsAt(before, place.slot), ...impliedBy(place), ...shared];
  const none: Slot = { kind: 'remove', at: place.slot.at, encoding: [] };
  expect(essence(blank(after, places), none)).toEqual(essence(blank(before, places), none));
}

const isPartOfCommand = (path: Path): boolean => path.some(key => key === 'command' || key === 'entryPoint');
/** The API takes a circuit breaker only with both of its halves. */
const impliedBy = ({ path, slot }: Writable): readonly Path[] => (path.at(-1) === 'enable' && slot.kind === 'insert' ? [[...path.slice(0, -1), 'rollback']] : []);

function checkAll(reader: Analyzer, source: string, path: string, runs: number): number {
  const before = reader.facts(source, path);
  const places = [...writable(before)];
  for (const place of places) fc.assert(fc.property(valueFor(place), value => writeAndRead(reader, source, path, before, place, value)), { numRuns: place.kind === 'exec' ? 1 : runs });
  return places.length;
}

const fixtures = fileURLToPath(new URL('../fixtures/analyzers/', import.meta.url));

describe.each(Object.keys(readers))('%s fixtures', format => {
  it.each(readdirSync(`${fixtures}${format}`))('what is written into %s is read again', name => {
    const folder = `${fixtures}${format}/${name}`;
    const input = readdirSync(folder, { recursive: true, withFileTypes: true }).find(entry => entry.isFile() && entry.name !== 'facts.json')!;
    const full = `${input.parentPath}/${input.name}`;
    const source = readFileSync(full, 'utf8');
    const path = full.slice(folder.length + 1);
    expect(checkAll(readers[format]!, source, path, 3)).toBeGreaterThan(2);
    for (const variant of [source.replace(/\r?\n/g, '\r\n'), `\uFEFF${source}`]) expect(checkAll(readers[format]!, variant, path, 1)).toBeGreaterThan(2);
  });
});

/** Some of the parts, in any order. */
const some = <T>(...parts: readonly T[]): fc.Arbitrary<T[]> => fc.shuffledSubarray([...parts]);

describe('files in any style', () => {
  const container = some<readonly [string, unknown]>(
    ['image', 'orders'], ['essential', true], ['stopTimeout', 30], ['linuxParameters', {}], ['linuxParameters', { initProcessEnabled: false }], ['memory', 512],
    ['command', ['sh', '-c', 'echo "a\tb" && celery -A orders worker']], ['environment', [{ name: 'A', value: 'tab\t"quote" \\ ü' }, { name: 'B', value: '' }]], ['stopTimeout', '45'],
  );
  const space = fc.constantFrom('', '  ', '    ', '\t', ' ');
  const json = fc.record({ containers: fc.array(container, { minLength: 1, maxLength: 3 }), space, lineBreak: fc.constantFrom('\n', '\r\n'), gap: fc.constantFrom('', ' '), spaced: fc.boolean() });

  it('JSON', () => {
    fc.assert(fc.property(json, ({ containers, space, lineBreak, gap, spaced }) => {
      const definitions = containers.map((parts, i) => Object.fromEntries([...parts.slice(0, i), ['name', `c${i}`], ...parts.slice(i)]));
      const compact = JSON.stringify({ containerDefinitions: definitions, family: 'f' }, null, space);
      const source = (spaced ? compact.replace(/":/g, `"${gap}:`) : compact).replaceAll('\n', lineBreak);
      checkAll(ecsJson, source, 'task.json', 2);
    }), { numRuns: 30 });
  });

  const service = some('image: orders', 'image: "orders"   # comment', 'stop_grace_period: 2m', 'stop_grace_period: ${G:-1h}', 'init: false', 'deploy: { replicas: 2 }', 'deploy: {}',
    'environment: { A: "x", B: y }', 'environment:\n@@- A=b\n@@- "C=d e"', 'command: celery -A orders worker', 'command: >-\n@@celery -A orders\n@@worker', 'command: ["sh", "-c", "celery worker"]', 'labels: |\n@@text\n@@\n@@image: no', '<<: *base', '# drainlint: ignore x -- y');
  const yaml = fc.record({ services: fc.array(service, { minLength: 1, maxLength: 3 }), indent: fc.integer({ min: 1, max: 7 }), lineBreak: fc.constantFrom('\n', '\r\n'), end: fc.constantFrom('', '\n', '\n\n# end\n') });

  it('Compose', () => {
    fc.assert(fc.property(yaml, ({ services, indent, lineBreak, end }) => {
      const [one, two] = [' '.repeat(indent), ' '.repeat(2 * indent)];
      const written = services.map((parts, i) => {
        const keys = parts.map(part => part.split(':')[0]);
        const lines = ['working_dir: /srv', ...parts.filter((_, j) => keys.indexOf(keys[j]) === j)];
        return `${one}s${i}:\n${lines.reverse().map(line => two + line.replaceAll('@@', `${two}${one}`)).join('\n')}\n`;
      });
      const source = `x-base: &base\n${one}init: true\n${one}user: app\nservices:\n${written.join('')}`.trimEnd().concat(end).replaceAll('\n', lineBreak);
      checkAll(compose, source, 'compose.yml', 2);
    }), { numRuns: 40 });
  });

  const part = some('image:\n@@build: Dockerfile', 'count: 2', 'count:\n@@spot: 3', 'cpu: 256 # units', 'exec: true', 'taskdef_overrides:\n- path: PidMode\n  value: task', 'taskdef_overrides:\n@@-   path: PidMode\n@@    value: task',
    'variables:\n@@A: b\n@@C: "d"', 'command: celery -A orders worker', 'environments:\n@@dev:\n@@@@count: 5\n@@prod:\n@@@@variables:\n@@@@@@A: e', 'environments:\n@@dev:\n@@@@exec: true\n@@@@taskdef_overrides:\n@@@@- path: PidMode\n@@@@  value: task');
  const manifest = fc.record({ parts: part, indent: fc.integer({ min: 1, max: 6 }), lineBreak: fc.constantFrom('\n', '\r\n'), first: fc.constantFrom('name: worker\ntype: Backend Service', 'type: "Worker Service"\nname: >-\n@@worker') });

  it('Copilot', () => {
    fc.assert(fc.property(manifest, ({ parts, indent, lineBreak, first }) => {
      const keys = parts.map(one => one.split(':')[0]);
      const lines = [first, ...parts.filter((_, j) => keys.indexOf(keys[j]) === j)];
      checkAll(copilot, lines.join('\n').replaceAll('@@', ' '.repeat(indent)).replaceAll('\n', lineBreak), 'copilot/worker/manifest.yml', 2);
    }), { numRuns: 40 });
  });
});
