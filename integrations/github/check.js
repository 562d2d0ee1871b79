// A step of action.yml: audits as the inputs say, prints the findings to the log, leaves the reports and the outputs. Ends with 0 whatever is found,
// so that they can be uploaded first, and with 2 where drainlint could not run.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { say } from './commands.js';

const bin = fileURLToPath(new URL('../../bin/drainlint.js', import.meta.url));
const input = name => (process.env[`INPUT_${name}`] ?? '').trim();

/** The commit to compare with; undefined: report everything. */
function since(cwd) {
  const wanted = input('SINCE') || 'auto', base = process.env.BASE_COMMIT;
  if (wanted !== 'auto') return wanted === 'none' ? undefined : wanted;
  if (!base) return undefined;
  const git = (...args) => spawnSync('git', args, { cwd, stdio: 'ignore' }).status === 0;
  const has = () => git('cat-file', '-e', `${base}^{commit}`);
  // actions/checkout brings one commit only
  if (has() || (git('fetch', '--no-tags', '--depth=1', 'origin', base) && has())) return base;
  say('notice', `the base of this pull request (${base.slice(0, 12)}) cannot be fetched, so everything is reported: write fetch-depth: 0 in the checkout step`);
  return undefined;
}

/** The arguments of drainlint. Values stand behind `=`, paths behind `--`: none can become a flag. */
function argumentsOf(cwd, files) {
  const flags = { 'preset': input('PRESET'), 'fail-on': input('FAIL_ON'), 'baseline': input('BASELINE'), 'config': input('CONFIG'), 'since': since(cwd) };
  return [
    'check', '--format=text', ...Object.entries(files).map(([format, file]) => `--format=${format}:${file}`),
    ...Object.entries(flags).filter(([, value]) => value).map(([flag, value]) => `--${flag}=${value}`),
    '--', ...input('PATHS').split('\n').map(line => line.trim()).filter(Boolean),
  ];
}

function check() {
  const cwd = resolve(process.env.GITHUB_WORKSPACE ?? '.', input('WORKING_DIRECTORY'));
  if (!['auto', 'always', 'never'].includes(input('SARIF'))) return `sarif is auto, always or never, not ${input('SARIF')}`;
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return `there is no folder ${input('WORKING_DIRECTORY')} in the workspace`;

  const folder = mkdtempSync(join(process.env.RUNNER_TEMP ?? tmpdir(), 'drainlint-'));
  const files = { json: join(folder, 'report.json'), sarif: join(folder, 'drainlint.sarif'), github: join(folder, 'annotations.txt') };
  const run = spawnSync(process.execPath, [bin, ...argumentsOf(cwd, files)], { cwd, encoding: 'utf8', maxBuffer: 1 << 29, stdio: ['ignore', 'pipe', 'pipe'] });
  if (run.status !== 0 && run.status !== 1) return run.stderr.replace(/^drainlint: /, '').trim() || `drainlint ended with ${run.signal ?? run.error?.message ?? run.status}`;

  // What stands in the repository must not be read as a command of the runner.
  const stop = randomUUID();
  process.stdout.write(`::stop-commands::${stop}\n${run.stdout}${run.stderr}\n::${stop}::\n`);
  const { errors, warnings, notes } = JSON.parse(readFileSync(files.json, 'utf8')).summary;
  const outputs = { errors, warnings, notes, 'findings': errors + warnings + notes, 'report': files.json, 'sarif-file': files.sarif, 'annotations': files.github, 'exit-code': run.status };
  appendFileSync(process.env.GITHUB_OUTPUT, Object.entries(outputs).map(([name, value]) => `${name}=${value}\n`).join(''));
  return undefined;
}

const fault = check();
if (fault !== undefined) {
  say('error', fault);
  process.exitCode = 2;
}
