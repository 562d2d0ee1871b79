import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'tsdown';

/** Of 40: enough to name a commit. git's own short form grows with what else a clone holds, and every clone is to build the same. */
const DIGITS = 12;

/** The commit the build is made from: as git wrote it into an archive (.gitattributes), else as git tells of this work tree; empty outside both. */
function commit(): string {
  const archived = readFileSync('scripts/commit', 'utf8').trim();
  if (!archived.startsWith('$')) return archived.slice(0, DIGITS);
  try {
    const [prefix, id = ''] = execFileSync('git', ['rev-parse', '--show-prefix', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n');
    return prefix === '' ? id.slice(0, DIGITS) : ''; // a folder in another repository has another's commit
  } catch {
    return '';
  }
}

/** A hash of all that decides what the build does, with the versions of its libraries. */
function sources(): string {
  const hash = createHash('sha256');
  const paths = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(path => /\.\w+$/.test(path)).map(path => join('src', path)).sort();
  for (const path of [...paths, 'package.json', 'tsdown.config.ts', ...(existsSync('package-lock.json') ? ['package-lock.json'] : [])]) hash.update(path).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

/** What every check runs, in one chunk: each file more costs a quarter of a millisecond at every start. */
const EVERY_CHECK = /src\/(?:audit|suppress|fix|sources\/(?!list-files|aws|revision|git|cache|pack)|commands\/(?:check|judging|run|stopwatch)|analyzers\/index|reporters\/(?:index|text|options|clean|paint|excerpt|groups|credentials))/;
/** What keeps compiled code: in a chunk of its own, since it is compiled anew at every start. */
const BEFORE_START = /src\/(?:compiled|sources\/(?:cache-directory|pack-file))\./;
const EVERY_START = /src\/(?:model|config|version)|\/package\.json$|\/commander\//;

/** What of a syntax tree (ESTree) is looked at. */
interface Node { readonly type: string; readonly start: number; readonly properties?: readonly Node[] }

/**
 * `{ ...a, b }` as `{ ...null, ...a, b }`: the V8 of Node 20 makes a hidden class of its own for every single object that begins with a copy and then gets more, which takes four times
 * as long, 230 bytes for each, and makes whatever reads it slow.
 */
function withoutLeadingCopies(code: string, tree: unknown): string {
  const places: number[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, start, properties = [] } = node as Node;
    if (type === 'ObjectExpression' && properties.length > 1 && properties[0]!.type === 'SpreadElement') places.push(start + 1);
    for (const child of Object.values(node)) visit(child);
  };
  visit(tree);
  let end = 0;
  return [...places.sort((a, b) => a - b).map(place => { const part = code.slice(end, place); end = place; return `${part} ...null,`; }), code.slice(end)].join('');
}

export default defineConfig([{
  entry: ['src/start.ts'],
  // CommonJS: its compiled code can be kept between runs in every version of Node (src/compiled.ts), and starts sooner.
  format: 'cjs',
  shims: true,
  platform: 'node',
  target: 'node20',
  fixedExtension: false,
  dts: false,
  define: { __COMMIT__: JSON.stringify(commit()), __BUILD__: JSON.stringify(sources()) },
  // commander in one chunk, without the module it would start other programs with: 9 ms less at every start. unbash is no CommonJS; yaml is 70 files; the code of
  // web-tree-sitter is kept between runs here, 9 ms less: its build for CommonJS, the other one makes a `require` of its own.
  deps: { alwaysBundle: ['commander', 'unbash', 'web-tree-sitter', 'yaml'] },
  alias: { 'web-tree-sitter': join(import.meta.dirname, 'node_modules/web-tree-sitter/web-tree-sitter.cjs') },
  plugins: [{
    name: 'without-leading-copies',
    // at the end: what removes dead code would take it for that
    generateBundle(_: unknown, bundle: Readonly<Record<string, { code?: string }>>) { for (const chunk of Object.values(bundle)) if (chunk.code !== undefined) chunk.code = withoutLeadingCopies(chunk.code, this.parse(chunk.code)); },
  }, {
    name: 'no-child-process-at-start',
    transform: (code: string, id: string) => (id.includes('/commander/lib/command.js') ? code.replace("require('node:child_process')", '{}') : null),
  }],
  outputOptions: { dynamicImportInCjs: false, codeSplitting: { groups: [{ name: 'compiled', test: BEFORE_START, priority: 1 }, { name: 'core', test: EVERY_START }, { name: 'check', test: EVERY_CHECK }] } },
  // Grammars lie beside the chunk that loads them; see src/parsers/grammars.ts.
  copy: ['node_modules/web-tree-sitter/web-tree-sitter.wasm', 'node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm', 'src/parsers/tree-sitter-terraform.wasm'],
}, {
  // For CDK apps, most of which are CommonJS; its types stand alone.
  entry: ['src/cdk-plugin.ts'],
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  dts: true,
  clean: false,
}]);
