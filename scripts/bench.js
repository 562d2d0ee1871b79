// `npm run bench [-- FOLDER]`: start-up and scan times as multiples of a bare `node`, and of ripgrep where it is installed, measured side
// by side in one run. FOLDER is scanned as a whole; without git in it, it is walked.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.js';

build();
const bin = fileURLToPath(new URL('../bin/drainlint.js', import.meta.url));
const [folder, other] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'bench-')));
mkdirSync(join(folder, 'app'));
writeFileSync(join(folder, 'README.txt'), 'nothing\n');
writeFileSync(join(folder, 'plain.py'), 'print("hello")\n');
/** 55 KB of task functions. */
const large = name => `from celery import Celery\n\napp = Celery('${name}', broker='redis://localhost')\n` + Array.from({ length: 260 }, (_, i) =>
  `\n\n@app.task(bind=True, max_retries=3)\ndef step_${i}(self, address, retries=${i}):\n    """Sends part ${i}."""\n    for part in range(${i}):\n        print(address, part, retries)\n`).join('');
writeFileSync(join(folder, 'app/tasks.py'), "from celery import Celery\n\napp = Celery('app', broker='redis://localhost')\n\n\n@app.task\ndef send(address):\n    print(address)\n");

for (const name of ['first', 'second']) writeFileSync(join(other, `${name}.py`), large(name));
writeFileSync(join(other, 'tasks.py'), readFileSync(join(folder, 'app/tasks.py')));

const { NODE_EXTRA_CA_CERTS: _certificates, ...env } = process.env; // adds 50 ms to every start
const cases = {
  'bare node': ['-e', '0'],
  '--version': [bin, '--version'],
  'no candidate': [bin, 'check', join(folder, 'plain.py')],
  'one small Celery file': [bin, 'check', join(folder, 'app/tasks.py')],
  'three files, two of 55 KB': [bin, 'check', '--fail-on', 'never', ...['tasks', 'first', 'second'].map(name => join(other, `${name}.py`))],
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
for (const made of [folder, other]) rmSync(made, { recursive: true });
const rg = process.argv[2] && [0, 1, 2].map(() => {
  const from = performance.now();
  const run = spawnSync('rg', ['-c', '--hidden', '-g', '!.git', 'celery|stopTimeout|acks_late', process.argv[2]], { env, maxBuffer: 1 << 29 });
  return run.error ? Infinity : performance.now() - from;
}).sort((a, b) => a - b)[0];
for (const [name, took] of best) console.log(`${name.padEnd(24)} ${took.toFixed(0).padStart(6)} ms  ${(took / best.get('bare node')).toFixed(2).padStart(6)} x bare node`);
if (rg !== undefined && rg !== '') console.log(rg === Infinity ? 'ripgrep                  not installed' : `${'ripgrep'.padEnd(24)} ${rg.toFixed(0).padStart(6)} ms; the full scan is ${(best.get('full scan') / rg).toFixed(2)} x ripgrep`);
