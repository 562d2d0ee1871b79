import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/drainlint.js', import.meta.url));

export interface Run { readonly code: number | null; readonly out: string; readonly err: string }

/** Runs the built command line in a folder, without the variables that change its output. */
export function drainlint(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const { NO_COLOR: _no, FORCE_COLOR: _force, GITHUB_STEP_SUMMARY: _summary, ...rest } = process.env;
  const run = spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8', env: { ...rest, ...env }, maxBuffer: 1 << 28, timeout: 60_000 });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

/** The same beside this process, which may serve it meanwhile. `onStart`: handed the child. */
export async function drainlintBeside(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, onStart: (child: ChildProcess) => void = () => {}): Promise<Run> {
  const { NO_COLOR: _no, FORCE_COLOR: _force, GITHUB_STEP_SUMMARY: _summary, ...rest } = process.env;
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env: { ...rest, ...env } });
  let out = '', err = '';
  child.stdout.on('data', chunk => { out += String(chunk); });
  child.stderr.on('data', chunk => { err += String(chunk); });
  onStart(child);
  const code = await new Promise<number | null>(resolve => { child.on('close', resolve); });
  return { code, out, err };
}

/** A new folder outside every git work tree, with these files. */
export function project(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'drainlint-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** A worker that swallows SIGTERM and acknowledges early: errors for sure. */
export const FAULTY: Readonly<Record<string, string>> = {
  'Dockerfile': 'FROM python:3.12-slim\nWORKDIR /srv\nCOPY app app\nCMD celery -A app.celery worker\n',
  'requirements.txt': 'celery==5.4.0\n',
  'app/__init__.py': '',
  'app/celery.py': [
    'from celery import Celery', '', "app = Celery('app', broker='redis://cache:6379/0')", 'app.conf.task_time_limit = 600', '', '',
    '@app.task', 'def export(user):', "    requests.post('https://example.org', json={'user': user})", '',
  ].join('\n'),
  'infra/worker.json': JSON.stringify({
    family: 'worker', requiresCompatibilities: ['FARGATE'],
    containerDefinitions: [{ name: 'worker', image: 'worker', essential: true, command: ['sh', '-c', 'celery -A app.celery worker'] }],
  }, null, 2) + '\n',
};
