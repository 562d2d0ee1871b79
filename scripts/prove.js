#!/usr/bin/env node
// npm run prove [-- options]: experiments on real workers and brokers.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: {
  all: { type: 'boolean' }, only: { type: 'string' }, ids: { type: 'string' }, repeat: { type: 'string' }, 'require-all': { type: 'boolean' }, write: { type: 'string' }, jobs: { type: 'string' }, help: { type: 'boolean' },
} });
if (values.help) {
  console.log(`npm run prove -- [options]
  (none)             the core set: each rule's fixture, and what they do not show
  --all              the whole matrix (hours: nearly all of it is waiting)
  --only A;B         experiments whose id contains one of these
  --ids FILE         the experiments named in a file, one a line
  --repeat N         run each N times; repeats that differ are a result
  --require-all      a missing program is a failure, not a skip
  --jobs N           at once (4)
  --write TABLE.tsv  put the outcomes into test/experiments/measured/TABLE.tsv`);
  process.exit();
}
const { readFileSync } = await import('node:fs');
const options = {
  PROVE_ALL: values.all ? '1' : undefined, PROVE_ONLY: values.only, PROVE_IDS: values.ids && readFileSync(values.ids, 'utf8').trim(), PROVE_REPEAT: values.repeat, PROVE_REQUIRE_ALL: values['require-all'] ? '1' : undefined, PROVE_WRITE: values.write, PROVE_JOBS: values.jobs,
};
const run = (command, args) => spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) } }).status ?? 1;
process.exitCode = run('bash', ['test/experiments/install.sh', ...(values['require-all'] ? ['--system'] : [])]) || run('npx', ['vitest', 'run', '--config', 'vitest.prove.config.ts']);
