// `npm run bench [-- FOLDER]`: what drainlint takes, side by side with its peers (scripts/peers.sh installs them; one that is absent is named). FOLDER is
// scanned as a whole, without a cache and with what the scan before kept. drainlint's own compiled code is kept between rounds, as between the runs of users. The last table shows what a tree costs as it grows.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../build.js';
import { writeCopies, writeInputs } from './inputs.js';

build();
const at = path => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = process.argv[2] && resolve(process.argv[2]);
const work = mkdtempSync(join(tmpdir(), 'bench-'));
const inputs = writeInputs(work);
const { NODE_EXTRA_CA_CERTS: _certificates, ...rest } = process.env; // adds 50 ms to every start
const env = { ...rest, DRAINLINT_CACHE_DIR: join(work, 'cache') };

const peers = {
  rg: 'rg', git: 'git', ruff: at('.peers/venv/bin/ruff'), 'cfn-lint': at('.peers/venv/bin/cfn-lint'), eslint: at('.peers/node_modules/eslint/bin/eslint.js'),
  'ast-grep': ['x64', 'arm64'].map(cpu => at(`.peers/node_modules/@ast-grep/cli-${process.platform}-${cpu}${process.platform === 'linux' ? '-gnu' : ''}/ast-grep`)).find(existsSync) ?? 'ast-grep',
};
const has = name => (peers[name].startsWith('/') ? existsSync(peers[name]) : spawnSync(peers[name], ['--version']).status === 0);
const absent = Object.keys(peers).filter(name => !has(name));
writeFileSync(join(work, 'eslint.config.mjs'), `import tseslint from ${JSON.stringify(at('.peers/node_modules/typescript-eslint/dist/index.js'))};\nexport default tseslint.configs.recommended;\n`);
writeFileSync(join(work, 'rule.yml'), 'id: delay\nlanguage: python\nrule:\n  pattern: $F.delay($$$)\n');

const node = (...args) => [process.execPath, args];
/** A scan tells its peak memory on stderr. */
const PEAK = ['--import', `data:text/javascript,${encodeURIComponent("process.on('exit', () => process.stderr.write(`\\npeak ${process.resourceUsage().maxRSS}\\n`))")}`];
const CHECK = [at('bin/drainlint.js'), 'check', '--fail-on', 'never', '--format', 'json'];
const check = (...args) => node(...CHECK, ...args);
const scan = (...args) => node(...PEAK, ...CHECK, ...args);
const peer = (name, ...args) => (absent.includes(name) ? undefined : [peers[name], args]);
const eslint = file => (absent.includes('eslint') ? undefined : node(peers.eslint, '--config', join(work, 'eslint.config.mjs'), file));

/** What is timed: name → command. `goal`: at most so many times another row. `cwd`: ESLint reads nothing outside of it, and what a root is depends on it. */
const starts = {
  'bare node': { run: node('-e', '0') },
  '--version': { run: node(at('bin/drainlint.js'), '--version'), goal: [1.8, 'bare node'] },
  'one file, no candidate': { run: node(at('bin/drainlint.js'), 'check', inputs.plain), goal: [2, 'bare node'] },
  'one small Celery file': { run: check('--no-cache', inputs.tasks), goal: [4, 'bare node'] },
  'one small Celery file, unchanged': { run: check(inputs.tasks) },
  'ruff on that file': { run: peer('ruff', 'check', '--no-cache', '--isolated', inputs.tasks) },
  'three files, two of 55 KB': { run: check('--no-cache', ...inputs.three), goal: [6, 'bare node'] },
  'one CDK file': { run: check('--no-cache', inputs.stack), goal: [0.5, 'ESLint on the CDK file'] },
  'ESLint on the CDK file': { run: eslint(inputs.stack), cwd: work },
  'one BullMQ file': { run: check('--no-cache', inputs.consumers), goal: [0.5, 'ESLint on the BullMQ file'] },
  'ESLint on the BullMQ file': { run: eslint(inputs.consumers), cwd: work },
  'one CloudFormation file': { run: check('--no-cache', inputs.template) },
  'cfn-lint on that file': { run: peer('cfn-lint', inputs.template) },
  '400 Terraform files': { run: check('--no-cache', inputs.terraform) },
};
const WORDS = 'celery|stopTimeout|acks_late';
const scans = folder && {
  'full scan': { run: scan('--no-cache', '--read-all', folder), goals: [[16, 'ripgrep'], [1, 'ast-grep, one Python rule']] },
  'full scan, unchanged': { run: scan('--read-all', folder), goal: [4, 'git grep'] },
  ripgrep: { run: peer('rg', '-c', '--hidden', '-g', '!.git', WORDS, folder) },
  'git grep': { run: peer('git', '-C', folder, 'grep', '-lE', WORDS) },
  'ast-grep, one Python rule': { run: peer('ast-grep', 'scan', '-r', join(work, 'rule.yml'), folder) },
  'ruff, rules F': { run: peer('ruff', 'check', '--select', 'F', '--no-cache', '--isolated', '--quiet', folder) },
};

/** The least ms of some rounds, and the peak in MiB where it is told. */
function measure(rows, rounds) {
  const found = new Map();
  for (let round = 0; round < rounds; round++) for (const [name, { run, cwd = at('.') }] of Object.entries(rows)) {
    if (!run) continue;
    const from = performance.now();
    const { status, error, stderr } = spawnSync(run[0], run[1], { env, cwd, maxBuffer: 1 << 30 });
    const ms = performance.now() - from;
    if (error || (run[0] === process.execPath && status === 2)) throw error ?? new Error(`${name}: ${stderr}`);
    const [, peak] = /peak (\d+)\n$/.exec(stderr) ?? [];
    const before = found.get(name);
    found.set(name, { ms: Math.min(before?.ms ?? Infinity, ms), ...(peak && { peak: Math.max(before?.peak ?? 0, Math.round(peak / 1024)) }) });
  }
  return found;
}

function print(rows, found) {
  for (const [name, { goal, goals = goal ? [goal] : [] }] of Object.entries(rows)) {
    const mine = found.get(name);
    if (!mine) { console.log(`${name.padEnd(34)} not installed`); continue; }
    const against = goals.map(([factor, other]) => (found.has(other) ? `${(mine.ms / found.get(other).ms).toFixed(2)} x ${other} (goal ${factor}: ${mine.ms <= factor * found.get(other).ms ? 'met' : 'NOT met'})` : `${other} is not installed`));
    console.log(`${name.padEnd(34)} ${mine.ms.toFixed(0).padStart(6)} ms${mine.peak ? `${String(mine.peak).padStart(6)} MiB` : ' '.repeat(10)}${found.has('bare node') ? `${(mine.ms / found.get('bare node').ms).toFixed(2).padStart(8)} x bare node` : ''}${against.filter(text => !/^[\d.]+ x bare/.test(text) || found.has('bare node')).map(text => `   ${text}`).join('')}`);
  }
}

if (absent.length > 0) console.log(`without ${absent.join(', ')}: bash scripts/peers.sh installs them`);
const startTimes = measure(starts, 7);
print(starts, startTimes);
if (scans) {
  const files = spawnSync('git', ['-C', folder, 'ls-files', '-co', '--exclude-standard'], { encoding: 'utf8', maxBuffer: 1 << 30 }).stdout.split('\n').length - 1;
  console.log(`\n${folder}: ${files} files${files < 5000 ? '; the goals are those of a large tree' : ''}`);
  print(scans, measure(scans, 3));
}

/** Once: enough that starting up is little of it. */
const ONCE = 8;
console.log(`\nthe fixtures' projects, ${ONCE} copies, and that 2, 4 and 8 times`);
const grown = [1, 2, 4, 8].map(times => {
  const tree = writeCopies(at('fixtures/projects'), mkdtempSync(join(work, 'grown-')), ONCE * times);
  const { ms, peak } = measure({ scan: { run: scan('--no-cache', '--read-all', tree) } }, 2).get('scan');
  rmSync(tree, { recursive: true });
  return { times, ms, peak };
});
for (const { times, ms, peak } of grown) console.log(`${String(times).padStart(3)} times ${ms.toFixed(0).padStart(8)} ms ${String(peak).padStart(6)} MiB   ${(ms / grown[0].ms).toFixed(2)} x once`);
rmSync(work, { recursive: true });
