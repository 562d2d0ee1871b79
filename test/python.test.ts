import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { facts as lockfileFacts } from '../src/analyzers/lockfile.js';
import { facts, recognises } from '../src/analyzers/python.js';
import { children, expressionsOf, nested, type Expr, type SourceLocation, type Statement } from '../src/model/index.js';
import { loadPython, MAX_LENGTH, parsePython } from '../src/parsers/python.js';

beforeAll(() => loadPython());

/** The Python of the fixtures, as material to break. */
const folder = fileURLToPath(new URL('../fixtures/analyzers/python/', import.meta.url));
const snippets = readdirSync(folder).flatMap(name => readdirSync(`${folder}${name}`).filter(file => file !== 'facts.json').map(file => readFileSync(`${folder}${name}/${file}`, 'utf8')));

function valueOf(source: string): Expr {
  const [statement] = parsePython(`x = ${source}\n`, 'x.py').statements;
  if (statement?.do !== 'assign') throw new Error(`not an assignment: ${source}`);
  return statement.value;
}

/** The JSON-like value of a literal expression. */
function evaluated(expr: Expr): unknown {
  switch (expr.is) {
    case 'literal': return expr.value;
    case 'list': return expr.items.map(evaluated);
    case 'map': return Object.fromEntries(expr.entries.map(([key, value]) => [evaluated(key!), evaluated(value)]));
    default: throw new Error(`not a literal: ${expr.is}`);
  }
}

/** A value as Python source; `quote` writes its texts. */
function python(value: unknown, quote: (text: string) => string): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return Object.is(value, -0) ? '-0.0' : Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(item => python(item, quote)).join(', ')}]`;
  return `{${Object.entries(value as object).map(([key, item]) => `${quote(key)}: ${python(item, quote)}`).join(', ')}}`;
}

const units = (text: string): string[] => [...text];
const escaped = (character: string): string => {
  const code = character.codePointAt(0)!;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
};
/** Ways to write one text. */
const quotes: Record<string, (text: string) => string> = {
  'every character escaped': text => `'${units(text).map(escaped).join('')}'`,
  'only what must be': text => `"${text.replace(/[\\"\n\r\0]/g, escaped)}"`,
  'in triple quotes': text => `'''${text.replace(/[\\'\r\0]/g, escaped)}'''`,
  'in octal': text => `u'${units(text).map(character => (character.codePointAt(0)! < 0x100 ? `\\${character.codePointAt(0)!.toString(8).padStart(3, '0')}` : escaped(character))).join('')}'`,
  'side by side': text => `(${units(text).map(character => `'${escaped(character)}'`).join(' \n ') || "''"})`,
};

function* places(statements: readonly Statement[]): Generator<SourceLocation> {
  for (const statement of statements) {
    yield statement.at;
    for (const expr of expressionsOf(statement)) yield* inside(expr);
    if (statement.do === 'try') for (const handler of statement.handlers) yield handler.at;
    if (statement.do === 'function') yield* places(statement.function.body);
    if (statement.do === 'class') yield* places(statement.class.body);
    yield* places(nested(statement));
  }
}
function* inside(expr: Expr): Generator<SourceLocation> {
  yield expr.at;
  for (const child of children(expr)) yield* inside(child);
}

function names(statements: readonly Statement[]): string[] {
  return statements.flatMap(statement => {
    if (statement.do === 'function') return [statement.function.name, ...names(statement.function.body)];
    if (statement.do === 'class') return [statement.class.name, ...names(statement.class.body)];
    return names(nested(statement));
  });
}

const outside = (at: SourceLocation, lines: readonly string[]): boolean =>
  at.startLine < 1 || at.endLine > lines.length || at.startColumn < 1 || at.startColumn > lines[at.startLine - 1]!.length + 1 ||
  at.endColumn > lines[at.endLine - 1]!.length + 1 || at.startLine > at.endLine || (at.startLine === at.endLine && at.startColumn > at.endColumn);

describe('literals', () => {
  for (const [way, quote] of Object.entries(quotes)) {
    it(`keep any value with texts written ${way}`, () => {
      // -0 is no value of JSON: it is written as 0
      const value = fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }).filter(json => !JSON.stringify(json).includes('__proto__')).map(json => JSON.parse(JSON.stringify(json)) as typeof json);
      fc.assert(fc.property(value, json => { expect(evaluated(valueOf(python(json, quote)))).toEqual(json); }), { numRuns: 300 });
    });
  }

  it.each([
    ['1_000', 1000], ['0xFF', 255], ['0o17', 15], ['0b101', 5], ['1.5e3', 1500], ['.5', 0.5], ['-3', -3], ['10L', 10], ['0777', 511],
    [String.raw`r'\n'`, '\\n'], [String.raw`b'\xff\u0041'`, 'ÿ\\u0041'], [String.raw`'\q\N{DASH}'`, '\\q\\N{DASH}'], [`'a\\\nb'`, 'ab'], [`'a' "b" '''c'''`, 'abc'], [`f'{{x}}'`, '{x}'], [`rb'\\d'`, '\\d'],
  ])('reads %s', (source, value) => { expect(evaluated(valueOf(source))).toEqual(value); });

  it.each(['12345678901234567890', '2j', '...'])('keeps %s as written, because no JavaScript number is the same', source => {
    expect(valueOf(source)).toMatchObject({ is: 'opaque', text: source });
  });

  it('marks exactly the characters of each literal', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.integer({ min: 0 }), fc.string({ unit: 'grapheme' })), { minLength: 1 }), fc.nat(5), (values, gap) => {
      const written = values.map(value => python(value, quotes['only what must be']!));
      const text = `x = [\n${written.map(item => `${' '.repeat(gap)}${item},`).join('\n')}\n]\n`;
      const [statement] = parsePython(text, 'x.py').statements;
      const items = statement?.do === 'assign' && statement.value.is === 'list' ? statement.value.items : [];
      const lines = text.split('\n');
      expect(items.map(({ at }) => lines[at.startLine - 1]!.slice(at.startColumn - 1, at.endColumn - 1))).toEqual(written);
    }), { numRuns: 100 });
  });
});

describe('any text', () => {
  const mutated = fc.tuple(fc.constantFrom(...snippets), fc.constantFrom(...snippets), fc.array(fc.tuple(fc.nat(2000), fc.nat(30), fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('(', ')', '"""', "'", '\n', '    ', ':', '\\\n', 'def ', '{', 'f"{', '#', '=', '\r\n', 'é', '😀'))), { maxLength: 6 }))
    .map(([first, second, edits]) => edits.reduce((text, [at, length, instead]) => text.slice(0, at % (text.length + 1)) + instead + text.slice((at % (text.length + 1)) + length), `${first}\n${second}`));

  it('is read without an exception, with all places inside the file, as plain data', () => {
    fc.assert(fc.property(mutated, text => {
      const read = facts(text, 'x.py');
      const lines = text.split('\n');
      expect([...places(read.code ?? []), ...read.problems.map(problem => problem.at), ...read.comments.map(comment => comment.at)].filter(at => outside(at, lines))).toEqual([]);
      expect(JSON.parse(JSON.stringify(structuredClone(read)))).toEqual(read);
      expect(facts(text, 'x.py')).toEqual(read);
    }), { numRuns: 400 });
  });

  it('loses only the line that is not Python', () => {
    const line = fc.constantFrom('work(1,', 'x = [1, {', '<<<<<<< HEAD', 'if x', 'return )', "x = 'open", 'for in y:');
    fc.assert(fc.property(line, fc.integer({ min: 0, max: 4 }), (broken, index) => {
      const functions = Array.from({ length: 5 }, (_, i) => `def f${i}():\n    a()\n${i === index ? `    ${broken}\n` : ''}`);
      const read = parsePython(functions.join('\n'), 'x.py');
      expect(names(read.statements)).toEqual(['f0', 'f1', 'f2', 'f3', 'f4']);
      expect(read.problems).toMatchObject([{ message: 'Python syntax not understood here; the rest of the file was read' }]);
    }));
  });

  const deep = 10_000;
  it.each([
    ['parentheses', `x = ${'('.repeat(deep)}1${')'.repeat(deep)}`], ['lists', `x = ${'['.repeat(deep)}${']'.repeat(deep)}`], ['sums', `x = ${Array(deep).fill('a').join(' + ')}`],
    ['calls', `x = a${'.b()'.repeat(deep)}`], ['negations', `x = ${'not '.repeat(deep)}y`], ['conditions', `x = ${'a if b else '.repeat(deep)}c`], ['targets', `${'('.repeat(deep)}a${')'.repeat(deep)} = 1`],
    ['blocks', Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}if x:`).join('\n') + `\n${' '.repeat(1000)}y()`],
  ])('with 10,000 levels of %s is cut off with a problem', (_, text) => {
    const read = parsePython(`${text}\nlast = 1\n`, 'x.py');
    expect(read.problems.map(problem => problem.message)).toContain('Python code nested too deep here; the rest of the file was read');
    expect(read.statements.at(-1)).toMatchObject({ do: 'assign', value: { value: 1 } });
    expect(() => structuredClone(read)).not.toThrow();
  });

  it.each([
    ['elif', `if a:\n  b()\n${'elif c:\n  d()\n'.repeat(deep)}`], ['case', `match a:\n${'  case 1:\n    d()\n'.repeat(deep)}`], ['for', `x = [${'a for a in b '.repeat(deep)}]`], ['not', 'not '.repeat(deep)],
  ])('with 10,000 times %s stays shallow enough to copy', (_, text) => {
    expect(() => structuredClone(parsePython(text, 'x.py'))).not.toThrow();
  });

  it.each([
    ['binary', 'PK\0\x01', 'This file is not Python text, so it was not read'],
    ['huge', 'x = 1\n'.repeat(MAX_LENGTH / 6 + 1), 'This Python file is larger than 2 MB, so it was not read'],
  ])('that is %s becomes a problem and no code', (_, text, message) => {
    expect(parsePython(text, 'x.py')).toEqual({ statements: [], comments: [], problems: [{ message, at: { path: 'x.py', startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 } }] });
  });
});

describe('readers of the environment', () => {
  const read = (source: string): Expr => {
    const last = parsePython(source, 'x.py').statements.at(-1);
    return last?.do === 'assign' ? last.value : last?.do === 'call' ? last.value : { is: 'opaque', text: '', at: { path: '', startLine: 0, startColumn: 0, endLine: 0, endColumn: 0 } };
  };

  it.each([
    ['import os as o\nx = o.environ["X"]', { name: 'X' }], ['from os import environ\nx = environ.get("X", 3)', { name: 'X', fallback: { value: 3 } }],
    ['import os\nx = os.getenv(key="X", default="a")', { name: 'X', fallback: { value: 'a' } }],
    ['from environ import Env\nenv = Env(X=(int, 3))\nx = env("X")', { name: 'X', cast: 'number', fallback: { value: 3 } }],
    ['from environs import env\nx = env.bool("X", True)', { name: 'X', cast: 'boolean', fallback: { value: true } }],
    ['from decouple import AutoConfig\nconfig = AutoConfig()\nx = config("X", 1, cast=float)', { name: 'X', cast: 'number', fallback: { value: 1 } }],
    ['from configurations import values as v\nX = v.FloatValue(1.5)', { name: 'DJANGO_X', cast: 'number', fallback: { value: 1.5 } }],
    ['from configurations.values import Value\nX = Value("a", environ_prefix="P")', { name: 'P_X', cast: 'string', fallback: { value: 'a' } }],
  ])('%s', (source, expected) => { expect(read(source)).toMatchObject({ is: 'environment', ...expected }); });

  it.each([
    'import os\nx = os.environ.get(name)', 'from here import env\nx = env("X")', 'import environ\nenv = environ.Env()\nx = env.db("X")', 'from decouple import config\nx = config("X", cast=lambda v: v)',
    'x = environ.get("X")', 'import environ\nenv = environ.Env()\nenv = other()\nx = env("X")', 'from configurations import values\nX = values.Value("a", environ=False)', 'import os\nos.environ.setdefault("X", "y")',
  ])('not: %s', source => { expect(read(source).is).toBe('call'); });

  it('leaves the target of an assignment an item', () => {
    expect(parsePython('import os\nos.environ["X"] = "y"\ndel os.environ["X"]\n', 'x.py').statements.slice(1)).toMatchObject([{ do: 'assign', targets: [{ is: 'item' }] }, { do: 'delete', targets: [{ is: 'item' }] }]);
  });
});

describe('files', () => {
  it.each([['a/b.py', '', true], ['bin/run', '#!/usr/bin/env python3\n', true], ['bin/run', '#!/usr/bin/python2.7 -u\n', true], ['bin/run', '#!/bin/sh\npython x', false], ['a.pyc', '', false]])('%s %j: %s', (path, text, expected) => {
    expect(recognises(path, text)).toBe(expected);
  });

  it('cannot be parsed before the grammar is loaded', async () => {
    vi.resetModules();
    const fresh = await import('../src/parsers/python.js');
    expect(() => fresh.parsePython('x = 1', 'x.py')).toThrow('parsePython was called before loadPython had finished');
    await fresh.loadPython({ shortRun: true });
    expect(fresh.parsePython('x = 1', 'x.py').statements).toHaveLength(1);
  });
});

describe('versions', () => {
  const versions = (path: string, text: string): (string | undefined)[][] => lockfileFacts(text, path).versions!.map(({ name, version, range }) => [name, version, range]);

  it.each([
    ['celery', [['celery', undefined, undefined]]], ['Celery[redis,sqs] == 5.4.0', [['celery', '5.4.0', '== 5.4.0']]], ['celery===5.4.0', [['celery', '5.4.0', '===5.4.0']]], ['celery==5.*', [['celery', undefined, '==5.*']]],
    ['celery (>=5,<6)', [['celery', undefined, '>=5,<6']]], ['kombu>=5.3 ; python_version>"3.8"', [['kombu', undefined, '>=5.3']]], ['redis == 5.0 --hash=sha256:1', [['redis', '5.0', '== 5.0']]], ['django @ https://x/y.whl', [['django', undefined, undefined]]],
    ['celery-types==1', []], ['-r celery.txt', []], ['# celery==5', []], ['celery is a queue', []], ['https://x/celery-5.4.0.tar.gz', []], ['./celery', []],
  ])('requirements.txt: %s', (line, expected) => { expect(versions('requirements.txt', line)).toEqual(expected); });

  it.each([
    ['[project]\ndependencies = ["celery==5.4.0", "redis>=5"] # "kombu"', [['celery', '5.4.0', '==5.4.0'], ['redis', undefined, '>=5']]], ['[project]\nkeywords = [\n  "celery",\n]', []],
    ['[dependency-groups]\ndev = [\n  "celery[a]~=5.4",\n]\n[project]\nname = "kombu"', [['celery', undefined, '~=5.4']]], ['[tool.poetry.group.prod.dependencies]\ncelery = {extras = ["redis"], version = "^5.4"}', [['celery', undefined, '^5.4']]],
    ['[tool.poetry.dependencies]\ncelery = "5.4.0"', [['celery', '5.4.0', '5.4.0']]], ['[tool.other]\ncelery = "5.4.0"', []],
  ])('pyproject.toml: %j', (text, expected) => { expect(versions('pyproject.toml', text)).toEqual(expected); });

  it('any text of any of these files is read, with all places inside it', () => {
    const piece = fc.constantFrom('celery', 'kombu', '==', '5.4', '[', ']', '"', "'", '{', '}', '\n', '\r\n', ' ', '=', 'version', '[[package]]', '[project]', 'dependencies', 'name', ',', '#', ';', '(', ')', '@', '\\', ':', 'drainlint:');
    fc.assert(fc.property(fc.array(piece).map(pieces => pieces.join('')), fc.constantFrom('requirements.txt', 'uv.lock', 'Pipfile.lock', 'Pipfile', 'pyproject.toml', 'setup.cfg'), (text, path) => {
      const read = lockfileFacts(text, path);
      const lines = text.split('\n');
      expect([...read.versions!, ...read.comments].map(({ at }) => at).filter(at => outside(at, lines))).toEqual([]);
    }), { numRuns: 500 });
  });
});

it.each(['class Result[T = int]:\n    late = True\n', 'class Result[T: str = "x", U = dict[str, int]](Base):\n    late = True\n', 'def result[T = int](a):\n    return a\n', 'async def result[T = int](a):\n    return a\n'])('%j: defaults of type parameters (Python 3.13) hide nothing', text => {
  const { statements, problems } = parsePython(text, 'a.py');
  const [first] = statements;
  expect([problems, first?.do === 'class' ? first.class.name : first?.do === 'function' ? first.function.name.toUpperCase()[0] + first.function.name.slice(1) : undefined]).toEqual([[], 'Result']);
});
