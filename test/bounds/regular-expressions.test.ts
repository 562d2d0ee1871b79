import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ts } from 'ts-morph';
import { expect, test } from 'vitest';
import { HEAVIEST_FILE, weightOf } from '../../src/sources/weight.js';

/** What is used of recheck (makenowjust-labs.github.io/recheck/docs/usage/as-javascript-library). */
interface Attack { readonly pumps: readonly { readonly prefix: string; readonly pump: string }[]; readonly suffix: string }
interface Diagnostics { readonly status: 'safe' | 'vulnerable' | 'unknown'; readonly attack?: Attack; readonly complexity?: { readonly summary: string } }
const { checkSync } = createRequire(fileURLToPath(new URL('../../.bounds/', import.meta.url)))('recheck') as { checkSync(source: string, flags: string, options: { readonly timeout: number; readonly randomSeed?: number }): Diagnostics };

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** Characters of a text whose weight nobody has looked at yet, as where an analyzer recognises its files: a tenth of 50 MB, which may take 10 s. */
const ANY = 5_000_000;
const RECOGNISES = /^analyzers\/[^/]+\.ts$/;
const PATH = 4096;
/** Characters, where an expression meets no whole file. */
const SHORTER: Readonly<Record<string, number>> = {
  'analyzers/dockerfile.ts': PATH, 'analyzers/index.ts': PATH, 'link/builds.ts': PATH, 'analyzers/cdk/containers.ts': PATH,
  'analyzers/units.ts': 100, // toSeconds() tries no longer one
};
/** A JSON array that was parsed: each of its strings ends. */
const WHOLE = '/"(?:[^"\\\\]|\\\\[^])*"/g';
/** Seconds of processor time. */
const ALLOWED = 1;

/** Every expression that is written in src, once, and the file where it is. */
function expressions(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))) {
    const tree = ts.createSourceFile(file, readFileSync(join(src, file), 'utf8'), ts.ScriptTarget.Latest);
    const visit = (node: ts.Node): void => {
      if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) found.set(node.getText(tree), file.split('\\').join('/'));
      ts.forEachChild(node, visit);
    };
    visit(tree);
  }
  return found;
}

function seconds(expression: RegExp, text: string): number {
  const before = process.cpuUsage();
  expression.test(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

test('the tool finds what is slow', () => {
  expect(checkSync('^(?:a|a)*$', '', { timeout: 30_000 }).attack).toBeDefined();
});

test('what a tool makes to take an expression long does not', () => {
  const slow: string[] = [];
  for (const [written, file] of expressions()) {
    const end = written.lastIndexOf('/');
    const [source, flags] = [written.slice(1, end), written.slice(end + 1)];
    const { attack, complexity } = checkSync(source, flags, { timeout: 1000, randomSeed: 20261127 });
    if (!attack || written === WHOLE) continue;
    // grown step by step: one that takes long would not come back
    for (const part of [100, 30, 10, 3, 1]) {
      const pumped = attack.pumps.map(({ pump }) => pump).join('');
      const weight = weightOf(pumped.repeat(100)) / 100;
      const times = Math.floor((SHORTER[file] !== undefined ? SHORTER[file] / pumped.length : Math.min(RECOGNISES.test(file) ? Infinity : HEAVIEST_FILE / weight, ANY / pumped.length)) / part);
      const took = seconds(new RegExp(source, flags), attack.pumps.map(({ prefix, pump }) => prefix + pump.repeat(times)).join('') + attack.suffix);
      if (took <= ALLOWED) continue;
      slow.push(`${file}: ${written}: ${took} s for ${times} times ${JSON.stringify(pumped)} (${complexity?.summary})`);
      break;
    }
  }
  expect(slow).toEqual([]);
});
