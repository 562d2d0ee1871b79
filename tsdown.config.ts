import { execFileSync } from 'node:child_process';
import { defineConfig } from 'tsdown';

/** The commit the build is made from; empty outside git. */
function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

export default defineConfig({
  entry: ['src/cli.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node20',
  fixedExtension: false,
  dts: false,
  define: { __COMMIT__: JSON.stringify(commit()) },
  // Grammars lie beside the chunk that loads them; see src/parsers/grammars.ts.
  copy: ['node_modules/web-tree-sitter/web-tree-sitter.wasm', 'node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm'],
});
