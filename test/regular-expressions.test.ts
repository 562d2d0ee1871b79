import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyse } from 'scslre';
import { ts } from 'ts-morph';
import { expect, test, vi } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts')).map(name => name.split('\\').join('/'));

interface Written { readonly place: string; readonly source: string; readonly flags: string }

/** Why an expression may take longer than in proportion to its text: with its square, or worse. */
function faults({ place, source, flags }: Written): readonly string[] {
  return analyse({ source, flags }).reports.map(({ type, exponential }) => `${place}: /${source}/${flags}: ${exponential ? 'exponential' : 'polynomial'} (${type})`);
}

function literals(file: string): readonly Written[] {
  const found: Written[] = [];
  const tree = ts.createSourceFile(file, readFileSync(join(src, file), 'utf8'), ts.ScriptTarget.Latest);
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) {
      const text = node.getText(tree);
      const end = text.lastIndexOf('/');
      found.push({ place: `${file}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`, source: text.slice(1, end), flags: text.slice(end + 1) });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

test('no regular expression takes longer than in proportion to its text', () => {
  const all = files.flatMap(literals);
  expect(all.length).toBeGreaterThan(900);
  expect(all.flatMap(faults)).toEqual([]);
});

test('nor does one that is put together as a module is loaded', async () => {
  const made: Written[] = [];
  const Usual = RegExp;
  vi.stubGlobal('RegExp', new Proxy(Usual, {
    construct(target, [pattern, flags]: [string | RegExp, string | undefined]) {
      const one = new target(pattern, flags);
      made.push({ place: 'new RegExp', source: one.source, flags: one.flags });
      return one;
    },
  }));
  try {
    vi.resetModules();
    for (const file of files.filter(name => /^(?:knowledge|sources\/aws)\//.test(name))) await import(join(src, file));
  } finally {
    vi.unstubAllGlobals();
  }
  expect(made.length).toBeGreaterThan(10);
  expect(made.flatMap(faults)).toEqual([]);
});

test('the check sees what it is there for', () => {
  const judged = (source: string): string => faults({ place: 'a.ts:1', source, flags: '' }).join();
  expect(judged('^(?:a+)+$')).toContain('exponential');
  expect(judged('^a*a*$')).toContain('polynomial');
  expect(judged('\\d+x')).toContain('(Move)');
  expect(judged('^[a-z]+$')).toBe('');
});
