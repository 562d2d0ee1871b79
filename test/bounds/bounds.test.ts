import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FAULTY } from '../run-cli.js';
import { inputs, type Files } from './inputs.js';

const MEASURED = fileURLToPath(new URL('measured.js', import.meta.url));
/** What is stated: processor time, so that a busy machine changes nothing, and the most memory held. */
const SECONDS = 10, MEGABYTES = 500;

interface Finding { readonly ruleId: string; readonly path: string; readonly startLine: number; readonly message: string }
interface Measured { readonly seconds: number; readonly megabytes: number; readonly findings: readonly Finding[]; readonly err: string }

function measure(files: Files): Measured {
  const root = mkdtempSync(join(tmpdir(), 'bounds-'));
  const tree = join(root, 'tree');
  try {
    for (const [path, text] of [...Object.entries(FAULTY), ...files]) { mkdirSync(dirname(join(tree, path)), { recursive: true }); writeFileSync(join(tree, path), text); }
    const [out, measured] = [join(root, 'out.json'), join(root, 'measured')];
    const run = spawnSync(process.execPath, [MEASURED, 'check', '--preset', 'strict', '--format', `json:${out}`], { cwd: tree, encoding: 'utf8', maxBuffer: 1 << 28, timeout: 60_000, env: { ...process.env, DRAINLINT_MEASURED: measured, DRAINLINT_CACHE_DIR: join(root, 'cache') } });
    if (run.signal) throw new Error('it was still running after 60 s');
    const findings = run.status === 2 ? [] : (JSON.parse(readFileSync(out, 'utf8')) as { findings: Finding[] }).findings;
    return { ...JSON.parse(readFileSync(measured, 'utf8')) as Pick<Measured, 'seconds' | 'megabytes'>, findings, err: run.stderr };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const own = (findings: readonly Finding[]): readonly string[] => findings.filter(({ ruleId, path }) => path in FAULTY && ruleId !== 'audit/unreadable-input').map(({ ruleId, path }) => `${ruleId} ${path}`).sort();
const usual = own(measure([]).findings);

test.each(inputs)('%s', (name, input) => {
  const { seconds, megabytes, findings, err } = measure(input.files());
  console.log(`${name.padEnd(56)} ${seconds.toFixed(1).padStart(5)} s ${megabytes.toFixed(0).padStart(4)} MB`);
  expect(err).not.toContain('fault of drainlint');
  expect(findings.filter(({ message }) => message.includes('fault of drainlint'))).toEqual([]);
  if (input.says) expect([...findings.map(({ path, startLine, message }) => `${path}:${startLine} ${message}`), err].join('\n')).toMatch(input.says);
  if (findings.length > 0 && !input.replaces) expect(own(findings)).toEqual(usual);
  expect([seconds < SECONDS, megabytes < MEGABYTES, seconds, megabytes]).toEqual([true, true, seconds, megabytes]);
});
