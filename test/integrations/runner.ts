import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

/** Plays GitHub's runner for a composite action: expressions, real bash for `run`, the files and lines by which steps speak to it. */

export interface Step {
  readonly id?: string; readonly name?: string; readonly if?: string; readonly run?: string; readonly uses?: string; readonly shell?: string;
  readonly 'continue-on-error'?: boolean; readonly env?: Readonly<Record<string, string>>; readonly with?: Readonly<Record<string, unknown>>;
}
export interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}
export const readAction = (folder: string): Action => parse(readFileSync(join(folder, 'action.yml'), 'utf8')) as Action;

export interface Annotation { readonly level: string; readonly properties: Readonly<Record<string, string>>; readonly message: string }
export interface Used { readonly uses: string; readonly with: Readonly<Record<string, string>> }
export interface Outcome {
  readonly passed: boolean;
  /** Of the step that failed, else 0. */
  readonly code: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly annotations: readonly Annotation[];
  readonly used: readonly Used[];
  readonly log: string;
  readonly summary: string;
}
export interface Job {
  /** Where the action lies. */
  readonly action: string;
  readonly workspace: string;
  readonly with?: Readonly<Record<string, string>>;
  /** The payload, as `github.event`. */
  readonly event?: unknown;
  /** What `uses` steps do: false fails the step; a folder is put in front of PATH. */
  readonly uses?: (step: Used) => boolean | string;
  readonly path?: string;
  /** The name of a step that is passed over. */
  readonly without?: string;
}

type Value = string | number | boolean | undefined;
const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

/** Evaluates `a.b == 'c' && (always() || !d)`; throws at what is not of that kind. `ok`: no step has failed so far. */
export function evaluate(source: string, contexts: Readonly<Record<string, unknown>>, ok: boolean): Value {
  const tokens = source.match(/'(?:[^']|'')*'|&&|\|\||[=!]=|[!()]|[\w-]+(?:\.[\w-]+)*|\S/g) ?? [];
  let at = 0;
  const take = (token: string): boolean => tokens[at] === token && ++at > 0;
  const either = (): Value => { let left = both(); while (take('||')) { const right = both(); left = left || right; } return left; };
  const both = (): Value => { let left = same(); while (take('&&')) { const right = same(); left = left && right; } return left; };
  const same = (): Value => {
    const left = one();
    for (const operator of ['==', '!='] as const) if (take(operator)) return (text(left).toLowerCase() === text(one()).toLowerCase()) === (operator === '==');
    return left;
  };
  const one = (): Value => {
    if (take('!')) return !one();
    const token = tokens[at++] ?? '';
    if (token === '(') { const inner = either(); if (!take(')')) throw new Error(`${source}: ) is missing`); return inner; }
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (/^(?:true|false)$/.test(token)) return token === 'true';
    if (/^\d+$/.test(token)) return Number(token);
    if (take('(')) {
      if (!take(')') || !['always', 'success', 'failure'].includes(token)) throw new Error(`${source}: ${token}() is not played here`);
      return token === 'always' || (token === 'success') === ok;
    }
    const [context = '', ...path] = token.split('.');
    if (!(context in contexts)) throw new Error(`${source}: there is no context ${context}`);
    return path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], contexts[context]) as Value;
  };
  const value = either();
  if (at !== tokens.length) throw new Error(`${source}: ${tokens[at]} is not expected`);
  return value;
}

/** `name=value` and `name<<END … END` lines, as steps write them into GITHUB_OUTPUT and GITHUB_ENV. */
export function fileCommands(content: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const lines = content.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const [, name, sign, rest] = /^([^=<]+)(=|<<)(.*)$/.exec(lines[i]!) ?? [];
    if (name === undefined) { if (lines[i] !== '') throw new Error(`the runner refuses the line ${lines[i]}`); continue; }
    const end = sign === '=' ? i : lines.indexOf(rest!, i + 1);
    if (end < 0) throw new Error(`the runner finds no ${rest}`);
    found[name] = sign === '=' ? rest! : lines.slice(i + 1, end).join('\n');
    i = end;
  }
  return found;
}

const unescape = (value: string): string => value.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%');

/** The annotations in what a step printed. Between stop-commands and its token nothing is one. `##[error]` is the older form. */
export function annotationsOf(log: string): readonly Annotation[] {
  const found: Annotation[] = [];
  let stopped: string | undefined;
  for (const raw of log.split('\n')) {
    const line = raw.trim();
    if (stopped !== undefined) { if (line === `::${stopped}::`) stopped = undefined; continue; }
    const [, token] = /^::stop-commands::(.+)$/.exec(line) ?? [];
    if (token !== undefined) { stopped = token; continue; }
    const [, level, list, message] = /^::(error|warning|notice)(?: ([^:]*))?::(.*)$/.exec(line) ?? /##\[(error|warning|notice)()\](.*)$/.exec(line) ?? [];
    if (level === undefined) continue;
    found.push({ level, message: unescape(message!), properties: Object.fromEntries((list ?? '').split(',').filter(Boolean).map(pair => [pair.slice(0, pair.indexOf('=')), unescape(pair.slice(pair.indexOf('=') + 1))])) });
  }
  return found;
}

/** Runs a composite action's steps. */
export function play({ action: folder, workspace, with: given = {}, event = {}, uses = () => true, path = process.env.PATH!, without }: Job): Outcome {
  const action = readAction(folder);
  const temp = mkdtempSync(join(tmpdir(), 'runner-'));
  const file = (name: string): string => { const made = join(temp, name); writeFileSync(made, ''); return made; };
  const unknown = Object.keys(given).filter(name => !(name in action.inputs));
  if (unknown.length > 0) throw new Error(`the action has no input ${unknown.join(', ')}`);

  const steps: Record<string, { outputs: Readonly<Record<string, string>>; outcome: string; conclusion: string }> = {};
  const contexts = { inputs: Object.fromEntries(Object.entries(action.inputs).map(([name, { default: standard = '' }]) => [name, given[name] ?? String(standard)])), github: { event, action_path: folder, workspace, token: 'token' }, steps };
  const used: Used[] = [];
  const summary = file('summary');
  let env: Readonly<Record<string, string>> = {}, log = '', code = 0;
  const fill = (value: unknown): string => text(value).replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => text(evaluate(expression, contexts, code === 0)));

  for (const [n, step] of action.runs.steps.entries()) {
    const condition = step.if === undefined ? 'success()' : step.if.replace(/^\s*\$\{\{|\}\}\s*$/g, '');
    const wanted = /\b(?:always|success|failure)\(\)/.test(condition) ? condition : `success() && (${condition})`;
    let status: number | undefined, outputs: Readonly<Record<string, string>> = {};
    if ((step.name !== without || without === undefined) && evaluate(wanted, contexts, code === 0)) {
      if (step.uses !== undefined) {
        const call = { uses: step.uses, with: Object.fromEntries(Object.entries(step.with ?? {}).map(([name, value]) => [name, fill(value)])) };
        const answer = uses(call);
        used.push(call);
        if (typeof answer === 'string') path = `${answer}:${path}`;
        status = answer === false ? 1 : 0;
      } else {
        if (step.shell !== 'bash') throw new Error(`step ${n}: a composite action must name a shell, and this plays bash only`);
        const files = { GITHUB_OUTPUT: file(`output-${n}`), GITHUB_ENV: file(`env-${n}`), GITHUB_PATH: file(`path-${n}`) };
        const script = file(`script-${n}.sh`);
        appendFileSync(script, fill(step.run));
        const ran = spawnSync('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script], {
          cwd: workspace, encoding: 'utf8', maxBuffer: 1 << 29, stdio: ['ignore', 'pipe', 'pipe'],
          env: {
            HOME: process.env.HOME, npm_config_prefer_offline: 'true', ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /proxy|CERT|npm_config_(?:registry|cafile)/i.test(name))),
            ...env, PATH: path, CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_ACTION_PATH: folder, GITHUB_WORKSPACE: workspace, RUNNER_TEMP: temp, GITHUB_STEP_SUMMARY: summary, ...files,
            ...Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, fill(value)])),
          },
        });
        status = ran.status ?? 255;
        log += ran.stdout + ran.stderr;
        outputs = fileCommands(readFileSync(files.GITHUB_OUTPUT, 'utf8'));
        env = { ...env, ...fileCommands(readFileSync(files.GITHUB_ENV, 'utf8')) };
        path = [...readFileSync(files.GITHUB_PATH, 'utf8').split('\n').filter(Boolean).reverse(), path].join(':');
      }
    }
    const outcome = status === undefined ? 'skipped' : status === 0 ? 'success' : 'failure';
    const forgiven = outcome === 'failure' && step['continue-on-error'] === true;
    if (step.id !== undefined) steps[step.id] = { outputs, outcome, conclusion: forgiven ? 'success' : outcome };
    if (outcome === 'failure' && !forgiven && code === 0) code = status!;
  }
  return {
    passed: code === 0, code, used, log, annotations: annotationsOf(log), summary: existsSync(summary) ? readFileSync(summary, 'utf8') : '',
    outputs: Object.fromEntries(Object.entries(action.outputs).map(([name, { value }]) => [name, fill(value)])),
  };
}
