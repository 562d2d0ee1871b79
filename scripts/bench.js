// `npm run bench [-- FOLDER]`: start-up and scan times as multiples of a bare `node`, of ripgrep where it is installed, and of `git grep`, measured
// side by side in one run. FOLDER is scanned as a whole, without a cache and with what the scan before kept; without git in it, it is walked.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.js';

build();
const bin = fileURLToPath(new URL('../bin/drainlint.js', import.meta.url));
const [folder, other, cdk, terraform] = [0, 1, 2, 3].map(() => mkdtempSync(join(tmpdir(), 'bench-')));
mkdirSync(join(folder, 'app'));
writeFileSync(join(folder, 'README.txt'), 'nothing\n');
writeFileSync(join(folder, 'plain.py'), 'print("hello")\n');
/** 55 KB of task functions. */
const large = name => `from celery import Celery\n\napp = Celery('${name}', broker='redis://localhost')\n` + Array.from({ length: 260 }, (_, i) =>
  `\n\n@app.task(bind=True, max_retries=3)\ndef step_${i}(self, address, retries=${i}):\n    """Sends part ${i}."""\n    for part in range(${i}):\n        print(address, part, retries)\n`).join('');
writeFileSync(join(folder, 'app/tasks.py'), "from celery import Celery\n\napp = Celery('app', broker='redis://localhost')\n\n\n@app.task\ndef send(address):\n    print(address)\n");

for (const name of ['first', 'second']) writeFileSync(join(other, `${name}.py`), large(name));
writeFileSync(join(other, 'tasks.py'), readFileSync(join(folder, 'app/tasks.py')));

/** A stack of 20 services, as people write them. */
writeFileSync(join(cdk, 'stack.ts'), `import * as cdk from 'aws-cdk-lib';\nimport * as ecs from 'aws-cdk-lib/aws-ecs';\n\nexport class Stack extends cdk.Stack {\n  constructor(scope: cdk.App, id: string, props: { cluster: ecs.ICluster }) {\n    super(scope, id);\n${Array.from({ length: 20 }, (_, i) => `    const definition${i} = new ecs.FargateTaskDefinition(this, 'Definition${i}');\n    definition${i}.addContainer('worker', {\n      image: ecs.ContainerImage.fromRegistry('shop:${i}'),\n      command: ['celery', '-A', 'shop', 'worker', '-Q', 'q${i}'],\n      stopTimeout: cdk.Duration.seconds(120),\n    });\n    new ecs.FargateService(this, 'Service${i}', { cluster: props.cluster, taskDefinition: definition${i}, desiredCount: 2 });\n`).join('')}  }\n}\n`);
/** A consumer, as people write them. */
writeFileSync(join(cdk, 'worker.ts'), `import { Worker } from 'bullmq';\nimport { send } from './mail';\n${Array.from({ length: 20 }, (_, i) => `\nexport const worker${i} = new Worker('queue-${i}', async job => {\n  const users = await prisma.user.findMany({ where: { group: job.data.group } });\n  for (const user of users) {\n    try {\n      await send(user.email, { subject: \`News \${job.id}\`, retries: ${i} });\n    } catch (error) {\n      console.error(error);\n    }\n  }\n}, { connection, concurrency: ${i} });\n`).join('')}\nprocess.once('SIGTERM', async () => {\n  await Promise.all([${Array.from({ length: 20 }, (_, i) => `worker${i}`).join(', ')}].map(worker => worker.close()));\n  process.exit(0);\n});\n`);
/** 400 files of Terraform in 40 modules, every tenth file with a service. */
for (let i = 0; i < 400; i++) {
  const module = join(terraform, `modules/m${i % 40}`);
  mkdirSync(module, { recursive: true });
  writeFileSync(join(module, `f${i}.tf`), i % 10 === 0
    ? `resource "aws_ecs_task_definition" "t${i}" {\n  family = "t${i}"\n  container_definitions = jsonencode([{ name = "worker", image = "shop:1", command = ["celery", "-A", "shop", "worker"], stopTimeout = var.stop_${i % 40} }])\n}\n\nresource "aws_ecs_service" "s${i}" {\n  name = "s${i}"\n  task_definition = aws_ecs_task_definition.t${i}.arn\n  desired_count = 2\n}\n`
    : `variable "stop_${i % 40}" {\n  default = 120\n}\n\n${Array.from({ length: 10 }, (_, n) => `resource "aws_sns_topic" "topic_${i}_${n}" {\n  name = "topic-${i}-${n}"\n  tags = { Name = "topic" }\n}\n`).join('\n')}`);
}

// ESLint with typescript-eslint on the same file, where `npm install --prefix .peers eslint typescript-eslint typescript` has put it
const peers = fileURLToPath(new URL('../.peers/', import.meta.url));
const eslint = join(peers, 'node_modules/eslint/bin/eslint.js');
if (existsSync(eslint)) {
  writeFileSync(join(peers, 'eslint.config.mjs'), "import tseslint from 'typescript-eslint';\nexport default tseslint.configs.recommended;\n");
  for (const name of ['stack.ts', 'worker.ts']) writeFileSync(join(peers, name), readFileSync(join(cdk, name)));
}

const cache = mkdtempSync(join(tmpdir(), 'bench-'));
const { NODE_EXTRA_CA_CERTS: _certificates, ...rest } = process.env; // adds 50 ms to every start
const env = { ...rest, DRAINLINT_CACHE_DIR: cache };
const cases = {
  'bare node': ['-e', '0'],
  '--version': [bin, '--version'],
  'no candidate': [bin, 'check', join(folder, 'plain.py')],
  'one small Celery file': [bin, 'check', '--no-cache', join(folder, 'app/tasks.py')],
  'the same, unchanged': [bin, 'check', join(folder, 'app/tasks.py')],
  'three files, two of 55 KB': [bin, 'check', '--no-cache', '--fail-on', 'never', ...['tasks', 'first', 'second'].map(name => join(other, `${name}.py`))],
  'one CDK file': [bin, 'check', '--no-cache', '--fail-on', 'never', join(cdk, 'stack.ts')],
  'one BullMQ file': [bin, 'check', '--no-cache', '--fail-on', 'never', join(cdk, 'worker.ts')],
  ...(existsSync(eslint) && { 'ESLint on the CDK file': [eslint, join(peers, 'stack.ts')], 'ESLint on the BullMQ file': [eslint, join(peers, 'worker.ts')] }),
  '400 Terraform files': [bin, 'check', '--no-cache', '--fail-on', 'never', terraform],
  ...(process.argv[2] && { 'full scan': [bin, 'check', '--no-cache', '--fail-on', 'never', '--format', 'json', process.argv[2]], 'full scan, unchanged': [bin, 'check', '--fail-on', 'never', '--format', 'json', process.argv[2]] }),
};
const best = new Map();
for (let round = 0; round < 7; round++) {
  for (const [name, args] of Object.entries(cases)) {
    if (name === 'full scan' && round > 1) continue;
    const from = performance.now();
    const run = spawnSync(process.execPath, args, { env, maxBuffer: 1 << 29, ...(args[0] === eslint && { cwd: peers }) });
    const took = performance.now() - from;
    if (run.status === 2 || run.error) throw run.error ?? new Error(`${name}: ${run.stderr}`);
    best.set(name, Math.min(best.get(name) ?? Infinity, took));
  }
}
for (const kind of ['CDK', 'BullMQ']) if (best.has(`ESLint on the ${kind} file`)) console.log(`one ${kind} file is ${(best.get(`one ${kind} file`) / best.get(`ESLint on the ${kind} file`)).toFixed(2)} x ESLint with typescript-eslint`);
const grep = process.argv[2] && [0, 1, 2].map(() => {
  const from = performance.now();
  const run = spawnSync('git', ['-C', process.argv[2], 'grep', '-lE', 'celery|stopTimeout|acks_late'], { env, maxBuffer: 1 << 29 });
  return run.error || run.status > 1 ? Infinity : performance.now() - from;
}).sort((a, b) => a - b)[0];
for (const made of [folder, other, cdk, terraform, cache]) rmSync(made, { recursive: true });
const rg = process.argv[2] && [0, 1, 2].map(() => {
  const from = performance.now();
  const run = spawnSync('rg', ['-c', '--hidden', '-g', '!.git', 'celery|stopTimeout|acks_late', process.argv[2]], { env, maxBuffer: 1 << 29 });
  return run.error ? Infinity : performance.now() - from;
}).sort((a, b) => a - b)[0];
if (process.argv[2]) {
  // what a scan takes with its calls followed, against the same scan less that step
  const timed = spawnSync(process.execPath, [bin, 'check', '--no-cache', '--timings', '--fail-on', 'never', '--format', 'json', process.argv[2]], { env, encoding: 'utf8', maxBuffer: 1 << 29 });
  const lines = [...timed.stderr.matchAll(/^ *(\d+) ms ( +)(\S.*)$/gm)];
  const all = lines.filter(line => line[2].length === 1).reduce((sum, line) => sum + Number(line[1]), 0);
  const calls = Number(lines.find(line => line[3] === 'following calls')?.[1] ?? 0);
  console.log(`following calls           ${calls} ms; with it the scan takes ${(all / (all - calls)).toFixed(2)} x the time without`);
}
for (const [name, took] of best) console.log(`${name.padEnd(24)} ${took.toFixed(0).padStart(6)} ms  ${(took / best.get('bare node')).toFixed(2).padStart(6)} x bare node`);
if (rg !== undefined && rg !== '') console.log(rg === Infinity ? 'ripgrep                  not installed' : `${'ripgrep'.padEnd(24)} ${rg.toFixed(0).padStart(6)} ms; the full scan is ${(best.get('full scan') / rg).toFixed(2)} x ripgrep`);
if (grep !== undefined && grep !== '') console.log(grep === Infinity ? 'git grep                 needs a work tree of git' : `${'git grep'.padEnd(24)} ${grep.toFixed(0).padStart(6)} ms; the full scan of what is unchanged is ${(best.get('full scan, unchanged') / grep).toFixed(2)} x git grep`);
