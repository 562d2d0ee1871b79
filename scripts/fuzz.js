#!/usr/bin/env node
// npm run fuzz [-- options]: builds test/fuzz for plain node, so that an input that hangs can be given up with its thread, and starts it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'tsdown';

const outDir = 'node_modules/.cache/fuzz';
await build({
  config: false, logLevel: 'error', entry: ['test/fuzz/main.ts', 'test/fuzz/worker.ts'], outDir, format: 'esm', platform: 'node', target: 'node20', fixedExtension: false, dts: false, sourcemap: true,
  deps: { neverBundle: [/^(?!@oxc-project)[a-z@]/] }, copy: ['src/parsers/tree-sitter-terraform.wasm'],
});
process.exitCode = spawnSync(process.execPath, ['--enable-source-maps', join(outDir, 'main.js'), ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
