import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { loadGrammar, threadTime } from '../src/parsers/grammars.js';

const sleep = (ms: number): void => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms); };
const spin = (ms: number): void => { for (const until = performance.now() + ms; performance.now() < until;); };

// What takes too long is left out, so a file must not be charged for what other threads do.
test.skipIf(!existsSync('/proc/thread-self/stat'))('processor time is that of one thread', async () => {
  const other = new Worker('setTimeout(() => process.exit(), 20000); for (;;);', { eval: true });
  await new Promise(resolve => { other.once('online', resolve); });
  const [own, all] = [threadTime(), process.cpuUsage().user];
  sleep(600);
  const waited = threadTime() - own;
  expect((process.cpuUsage().user - all) / 1000).toBeGreaterThan(2 * waited + 50);
  const before = threadTime();
  spin(400);
  expect(threadTime() - before).toBeGreaterThan(waited);
  await other.terminate();
});

test('grammars that are loaded at the same time share one runtime', async () => {
  const [python, hcl] = await Promise.all([loadGrammar('tree-sitter-python.wasm', true), loadGrammar('tree-sitter-terraform.wasm', true)]);
  expect(python.parser.parse('x = 1\n')!.rootNode.toString()).toContain('assignment');
  expect(hcl.parser.parse('x = 1\n')!.rootNode.toString()).toContain('attribute');
});
