import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** Who may import whom (architecture.md). A file at the top of src is a room of its own. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  model: [], knowledge: ['model'], version: [],
  sources: ['model'], parsers: ['model'],
  analyzers: ['model', 'knowledge', 'parsers'],
  link: ['model', 'knowledge'], fate: ['model', 'knowledge'],
  rules: ['model', 'knowledge', 'fate'],
  reporters: ['model', 'fate'], fix: ['model'], suppress: ['model'], fingerprint: ['model'], owners: ['model'],
  baseline: ['model', 'fingerprint', 'config'],
  config: ['model', 'parsers'],
  audit: ['model', 'knowledge', 'sources', 'parsers', 'analyzers', 'link', 'fate', 'config', 'suppress', 'owners', 'baseline', 'fingerprint', 'fix', 'version'],
  start: ['compiled', 'cli'], compiled: ['sources'],
  'cdk-plugin': ['version'], // a build of its own, loaded by a CDK app: it asks the command line, because the CDK waits for no promise
};
/** The command line and its commands may import everything; only they meet argv, the console and exit codes. */
const FRONT = ['cli', 'commands'];
/** A library has its room; the standard library that reads, runs or prints has one too. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli'], yaml: ['parsers', 'config'], 'jsonc-parser': ['parsers', 'cdk-plugin'], unbash: ['parsers'], 'web-tree-sitter': ['parsers'], 'ts-morph': ['parsers', 'analyzers'],
  'node:fs': ['sources', 'config', 'parsers', 'audit', 'commands', 'compiled', 'cdk-plugin'], 'node:child_process': ['sources', 'cdk-plugin'],
};

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts')).map(name => name.split('\\').join('/'));
const roomOf = (path: string): string => path.split('/')[0]!.replace(/\.ts$/, '');

function importsOf(file: string): readonly string[] {
  const code = readFileSync(join(src, file), 'utf8');
  return [...code.matchAll(/^(?:import|export)\b[^'";]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm)].map(found => (found[1] ?? found[2] ?? found[3])!);
}

test.each(files)('%s imports only what its room may', file => {
  const room = roomOf(file);
  for (const imported of importsOf(file)) {
    if (imported.startsWith('.')) {
      const target = roomOf(posix.normalize(posix.join(dirname(file), imported.replace(/\.js$/, '.ts'))));
      const allowed = FRONT.includes(room) || target === room || target === '..' || MAY[room]?.includes(target);
      expect(allowed, `${room} may not import ${target} (${imported})`).toBe(true);
    } else if (imported.startsWith('@aws-sdk/')) expect(room, `${imported} has no place in ${room}`).toBe('sources');
    else if (LIBRARIES[imported]) expect(LIBRARIES[imported], `${imported} has no place in ${room}`).toContain(room);
  }
});

/** Code that is shown to users speaks of what its own room may not do. */
const withoutTexts = (code: string): string => code.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/gm, '');

test('every room is in the table, and nothing but the front meets the console', () => {
  expect(files.map(roomOf).filter(room => !FRONT.includes(room) && !(room in MAY))).toEqual([]);
  const printing = files.filter(file => !FRONT.includes(roomOf(file)) && /\bconsole\.|process\.(?:stdout|stderr|exit\()/.test(withoutTexts(readFileSync(join(src, file), 'utf8'))));
  expect(printing.map(file => relative('.', file))).toEqual([]);
});
