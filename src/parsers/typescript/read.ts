import { createRequire } from 'node:module';
import type { Comment, ReadProblem } from '../../model/index.js';
import { timed } from '../../model/index.js';
import { lineComments } from '../line-comments.js';
import type { LineTable } from '../lines.js';
import { MAX_DEPTH } from '../nodes.js';

type TsMorph = typeof import('ts-morph');
export type Ts = TsMorph['ts'];

/** Characters of the largest file that is read. */
const MAX_LENGTH = 2_000_000;

let loaded: { readonly ts: Ts; readonly read: (text: string, isScript: boolean) => import('ts-morph').SourceFile } | undefined;
let loading: Promise<void> | undefined;

/**
 * Loads ts-morph, once per process: 0.2 s, so only where a file of TypeScript matters. By `require`: an `import` would first look through its
 * nine megabytes for names that it exports, for another 0.1 s.
 */
export function loadTypeScript(): Promise<void> {
  loading ??= Promise.resolve(createRequire(import.meta.url)('ts-morph') as TsMorph).then(({ Project, ts }) => {
    const project = new Project({ useInMemoryFileSystem: true, skipAddingFilesFromTsConfig: true, skipFileDependencyResolution: true, skipLoadingLibFiles: true, compilerOptions: { allowJs: true } });
    loaded = { ts, read: (text, isScript) => project.createSourceFile(isScript ? '/file.tsx' : '/file.ts', text, { overwrite: true }) };
  });
  return loading;
}

/** A file's syntax tree, for as long as it is read. */
export interface TypeScriptTree { readonly ts: Ts; readonly root: import('ts-morph').ts.SourceFile; readonly comments: readonly Comment[]; readonly problems: readonly ReadProblem[] }
type Unread = Pick<TypeScriptTree, 'comments' | 'problems'>;

/**
 * Reads a text of TypeScript or JavaScript. What cannot be read is told to `unread`. Never throws on any text; throws where
 * `loadTypeScript` was not awaited before.
 */
export function readTypeScript<T>(text: string, lines: LineTable, { unread, read }: { unread(why: Unread): T; read(tree: TypeScriptTree): T }): T {
  if (!loaded) throw new Error('a file of TypeScript was read before loadTypeScript had finished');
  const refused = (message: string): T => unread({ comments: [], problems: [{ message, at: lines.at(0, 0) }] });
  if (text.length > MAX_LENGTH) return refused(`This file is larger than ${MAX_LENGTH / 1e6} MB, so it was not read`);
  if (isTooDeep(text)) return refused('TypeScript nested too deep, so the file was not read');
  const { ts, read: parse } = loaded;
  let file: import('ts-morph').SourceFile;
  try {
    file = timed('TypeScript parser', () => parse(text, /\.[cm]?[jt]sx$/i.test(lines.path)));
  } catch (error) {
    // a chain of thousands of `else if`: the compiler's own parser calls itself for each
    if (!(error instanceof RangeError)) throw error;
    return refused('TypeScript nested too deep, so the file was not read');
  }
  const root = file.compilerNode;
  const [broken] = (root as unknown as { readonly parseDiagnostics?: readonly { readonly start: number; readonly length: number }[] }).parseDiagnostics ?? [];
  const comments = text.includes('drainlint:') ? lineComments(lines, '/').map(comment => ({ ...comment, text: comment.text.replace(/^\/+\s*/, '') })) : [];
  const result = read({ ts, root, comments, problems: broken ? [{ message: 'TypeScript syntax not understood here; the rest of the file was read', at: lines.at(broken.start, broken.start + broken.length) }] : [] });
  file.forget();
  return result;
}

/** Brackets nested this deep crash a recursive parser; no file a person writes is near it. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '(' || character === '[' || character === '{') { if (++depth > MAX_DEPTH) return true; } else if ((character === ')' || character === ']' || character === '}') && depth > 0) depth--;
  }
  return false;
}
