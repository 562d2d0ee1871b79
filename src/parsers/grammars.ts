import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The compiled grammars, and the packages they come from. The build copies them next to the bundle. */
const PACKAGES = {
  'web-tree-sitter.wasm': 'web-tree-sitter/web-tree-sitter.wasm',
  'tree-sitter-python.wasm': '@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm',
} as const;

/** The path of a WebAssembly file: beside this module in a build, in its package in a checkout. */
export function grammarFile(name: keyof typeof PACKAGES): string {
  const beside = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return existsSync(beside) ? beside : createRequire(import.meta.url).resolve(PACKAGES[name]);
}
