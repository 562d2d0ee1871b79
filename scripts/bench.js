// `npm run bench [FOLDER]`: start-up and scan times as multiples of a bare `node`, which is measured beside them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.js';

build();
const bin = fileURLToPath(new URL('../bin/drainlint.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
mkdirSync(join(folder, 'app'));
writeFileSync(join(folder, 'README.txt'), 'nothing\n');
writeFileSync(join(folder, 'plain.py'), 'print("hello")\n');
writeFileSync(join(folder, 'app/tasks.py'), "from celery import Celery\n\napp = Celery('app', broker='redis://localhost')\n\n\n@app.task\ndef send(address):\n    print(address)\n");

const { NODE_EXTRA_CA_CERTS: _certificates, ...env } = process.env; // adds 50 ms to every start
const cases = {
  'bare node': ['-e', '0'],
  '--version': [bin, '--version'],
  'no candidate': [bin, 'check', join(folder, 'plain.py')],
  'one small Celery file': [bin, 'check', join(folder, 'app/tasks.py')],
  ...(process.argv[2] && { 'full scan': [bin, 'check', '--fail-on', 'never', '--format', 'json', process.argv[2]] }),
};
const best = new Map();
for (let round = 0; round < 7; round++) {
  for (const [name, args] of Object.entries(cases)) {
    if (name === 'full scan' && round > 1) continue;
    const from = performance.now();
    const run = spawnSync(process.execPath, args, { env, maxBuffer: 1 << 29 });
    const took = performance.now() - from;
    if (run.status === 2 || run.error) throw run.error ?? new Error(`${name}: ${run.stderr}`);
    best.set(name, Math.min(best.get(name) ?? Infinity, took));
  }
}
rmSync(folder, { recursive: true });
for (const [name, took] of best) console.log(`${name.padEnd(24)} ${took.toFixed(0).padStart(6)} ms  ${(took / best.get('bare node')).toFixed(2).padStart(6)} x bare node`);
