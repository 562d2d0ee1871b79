import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * The compiled grammars, and the packages they come from. The build copies them next to the bundle. tree-sitter-terraform.wasm lies beside
 * this module in the repository too: it is the file of @tree-sitter-grammars/tree-sitter-hcl 1.2.0 (Apache-2.0), whose package runs an
 * install script that nobody here needs; test/hcl.test.ts checks its sum.
 */
const PACKAGES = {
  'web-tree-sitter.wasm': 'web-tree-sitter/web-tree-sitter.wasm',
  'tree-sitter-python.wasm': '@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm',
} as const;

/** The path of a WebAssembly file: beside this module in a build, in its package in a checkout. */
export function grammarFile(name: keyof typeof PACKAGES | 'tree-sitter-terraform.wasm'): string {
  const beside = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return existsSync(beside) || name === 'tree-sitter-terraform.wasm' ? beside : createRequire(import.meta.url).resolve(PACKAGES[name]);
}
