import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as dockerfile from '../src/analyzers/dockerfile.js';
import * as ecsJson from '../src/analyzers/ecs-json.js';
import * as entryScript from '../src/analyzers/entry-script.js';
import { analyzers } from '../src/analyzers/index.js';
import { findStarts, type Start, type Starts } from '../src/link/starts.js';
import type { ChainLink, ComposeServiceFacts, DeployedContainer, Expr, Facts, FactStore, LinkOptions, Setting, ShellCommand, SourceLocation } from '../src/model/index.js';
import { createFileStore } from '../src/sources/files.js';

const root = fileURLToPath(new URL('../fixtures/joins', import.meta.url));
const OPTIONS: LinkOptions = { workers: [], assume: {}, durations: {} };

/** A setting in a few words. */
const setting = (value: Setting<unknown>): string => (value.state === 'set' ? `${String(value.value)} (${value.certainty})` : value.state);

function link(one: ChainLink): string {
  switch (one.kind) {
    case 'shell': {
      const flags = [one.replaces && 'replaces', one.singleCommand && 'single', one.background && 'background', one.waits && 'waits', one.forwards && 'forwards', one.piped && 'piped', one.subshell && 'subshell', one.slots.length > 0 && 'mendable'].filter(flag => flag !== false);
      return `${one.from} by ${one.shell} at ${one.at.path}:${one.at.startLine}: ${flags.join(', ')}`;
    }
    case 'init': return `init ${one.program}${one.toGroup ? ' to the group' : ''}`;
    case 'wrapper': return `wrapper ${one.program}`;
    case 'package-manager': return `package manager ${one.program}, forwards: ${one.forwards}`;
    case 'process-manager': return `${one.program} ${one.programName}, ${one.stopSignal}, ${setting(one.stopWait)} s${one.toGroup ? ' to the group' : ''}`;
    case 'detached': return `detached by ${one.how}`;
    case 'worker': return 'worker';
  }
}

/** What a case's starts.json holds of one start: everything rules read, in few words. */
function summary(start: Start): object {
  return {
    id: start.id, name: start.name, role: start.role, platform: start.platform, ...(start.service && { service: start.service.name }),
    command: start.command.text, kind: start.command.kind, app: start.command.app ?? null, at: `${start.command.at.path}:${start.command.at.startLine}`,
    options: Object.fromEntries(start.command.options), ...(start.command.unknownOptions.size > 0 && { unknownOptions: Object.fromEntries(start.command.unknownOptions) }),
    chain: start.chain.links.map(link), complete: start.chain.complete, stopTime: setting(start.stopTime), ...(start.container && { dockerfile: start.container.dockerfile ?? null, stopSignal: setting(start.container.stopSignal) }),
    variables: Object.fromEntries([...start.variables].filter(([name]) => !/^(PATH|COPILOT_.*|HOME)$/.test(name)).map(([name, { value }]) => [name, value ?? start.lookup(name).state])),
    unset: start.lookup('ANY_OTHER').state, directories: start.directories, joins: start.joins.map(({ step, how }) => `${step}: ${how}`),
  };
}

function report(found: Starts): object {
  return {
    starts: found.starts.map(summary),
    services: found.services.map(service => ({ name: service.name, ...(service.environment && { environment: service.environment }), platform: service.platform, runs: service.runs, desiredCount: setting(service.desiredCount), healthy: `${setting(service.minimumHealthyPercent)} to ${setting(service.maximumPercent)}`, circuitBreaker: setting(service.circuitBreaker.enable) })),
    unaudited: found.unaudited.map(({ kind, text, at }) => `${kind}: ${text} (${at.path}:${at.startLine})`),
    unresolved: found.unresolved.map(({ reason, at }) => `${reason} (${at.path}:${at.startLine})`),
  };
}

async function startsIn(folder: string): Promise<Starts> {
  return findStarts(await createFileStore({ root: folder, analyzers }), OPTIONS);
}

describe('the starts of a tree', () => {
  const cases = readdirSync(root).filter(name => !existsSync(join(root, name, 'inventory.json')) || existsSync(join(root, name, 'starts.json')));
  test.each(cases)('%s', async name => {
    const found = await startsIn(join(root, name));
    await expect(`${JSON.stringify(report(found), null, 1)}\n`).toMatchFileSnapshot(join(root, name, 'starts.json'));
    expect(new Set(found.starts.map(start => start.id)).size).toBe(found.starts.length);
  });
});

/** A store of hand-written facts. */
function storeOf(all: readonly Facts[], further: readonly string[] = []): FactStore {
  const paths = [...all.map(facts => facts.path), ...further].sort();
  return { paths, candidates: all.map(facts => facts.path).sort(), has: path => paths.includes(path), facts: path => all.find(facts => facts.path === path) };
}

const AT = { path: 'compose.yaml', startLine: 1, startColumn: 1, endLine: 1, endColumn: 2 };
const at = (path: string, line = 1): SourceLocation => ({ ...AT, path, startLine: line, endLine: line });
const text = (value: string): Expr => ({ is: 'literal', value, at: AT });
const nothing = { at: AT, slots: [] };

function composeWith(words: readonly string[]): Facts {
  const service: ComposeServiceFacts = {
    name: 'app', at: AT, command: { form: 'exec', words: words.map(text), at: AT, text: words.join(' '), slots: [] }, essential: nothing, stopTimeout: nothing, initProcess: nothing, environment: [], environmentFiles: [],
    logConfiguration: nothing, dependsOn: [], replicas: nothing, profiles: [],
  };
  return { path: 'compose.yaml', format: 'compose', comments: [], problems: [], compose: { services: [service], at: AT } };
}

function script(path: string, commands: readonly ShellCommand[]): Facts {
  return { path, format: 'entry-script', comments: [], problems: [], script: { interpreter: 'sh', commands } };
}

function run(words: readonly Expr[], change: Partial<Extract<ShellCommand, { do: 'run' }>> = {}): ShellCommand {
  return { do: 'run', words, text: words.map(word => (word.is === 'literal' ? String(word.value) : '$')).join(' '), assignments: [], exec: false, background: false, slots: [], at: at('run.sh', 3), ...change };
}

const CELERY = ['celery', '-A', 'shop', 'worker'];

describe('the way of an argv', () => {
  const rows: readonly (readonly [argv: string, chain: readonly string[]])[] = [
    ['celery -A shop worker', ['worker']],
    ['/venv/bin/celery -A shop worker', ['worker']],
    ['tini -- celery -A shop worker', ['init tini', 'worker']],
    ['/sbin/tini -vg -e 143 -- celery -A shop worker', ['init tini to the group', 'worker']],
    ['dumb-init celery -A shop worker', ['init dumb-init to the group', 'worker']],
    ['dumb-init -v -c -- celery -A shop worker', ['init dumb-init', 'worker']],
    ['env -u HOME A=1 B=2 celery -A shop worker', ['wrapper env', 'worker']],
    ['nice -n 10 celery -A shop worker', ['wrapper nice', 'worker']],
    ['gosu shop:shop ddtrace-run celery -A shop worker', ['wrapper gosu', 'wrapper ddtrace-run', 'worker']],
    ['su-exec shop celery -A shop worker', ['wrapper su-exec', 'worker']],
    ['setpriv --reuid 1000 --init-groups celery -A shop worker', ['wrapper setpriv', 'worker']],
    ['chpst -u shop celery -A shop worker', ['wrapper chpst', 'worker']],
    ['newrelic-admin run-program celery -A shop worker', ['wrapper newrelic-admin', 'worker']],
    ['opentelemetry-instrument --traces_exporter otlp celery -A shop worker', ['wrapper opentelemetry-instrument', 'worker']],
    ['./wait-for-it.sh redis:6379 -t 60 -- celery -A shop worker', ['wrapper wait-for-it.sh', 'worker']],
    ['./wait-for-it.sh redis:6379 -t 60', []],
    ['dockerize -wait tcp://redis:6379 -timeout 60s celery -A shop worker', ['package manager dockerize, forwards: unknown', 'worker']],
    ['chamber exec shop -- celery -A shop worker', ['wrapper chamber', 'worker']],
    ['doppler run -- celery -A shop worker', ['package manager doppler, forwards: unknown', 'worker']],
    ['python -u -m celery -A shop worker', ['wrapper python -m', 'worker']],
    ['poetry run celery -A shop worker', ['package manager poetry run, forwards: yes', 'worker']],
    ['poetry --version', []],
    ['uv run --no-sync --group prod celery -A shop worker', ['package manager uv run, forwards: yes', 'worker']],
    ['pipx run poetry run celery -A shop worker', ['package manager pipx run, forwards: yes', 'package manager poetry run, forwards: yes', 'worker']],
    ['npm exec -- celery -A shop worker', ['package manager npm, forwards: no', 'worker']],
    ['timeout -k 5 3600 celery -A shop worker', ['package manager timeout, forwards: yes', 'worker']],
    ['setsid celery -A shop worker', ['detached by setsid', 'worker']],
    ['celery -A shop worker -D', ['detached by --detach', 'worker']],
    ['celery -A shop beat', ['worker']],
    ['hypothesis celery worker', ['wrapper hypothesis', 'worker']],
    ['echo celery -A shop worker', []],
    ['docker compose run app celery -A shop worker', []],
    ['celery -A shop inspect ping', []],
    ['celery -A shop flower', []],
    ['gunicorn shop.wsgi', []],
    ['node dist/queue-worker.js', ['worker']],
    ['node --require ./trace.js --import tsx/esm src/emailConsumer.ts', ['worker']],
    ['npm exec -- ts-node src/jobs.ts', ['package manager npm, forwards: no', 'worker']],
    ['node dist/worker/index.js', []],
    ['node dist/service-worker.js', []],
    ['node dist/main.js --worker', []],
    ['node -e worker', []],
    ['./manage.py rq worker default', ['worker']],
    ['./manage.py rq healthcheck', []],
    ['python manage.py rqworker', ['wrapper python', 'worker']],
    ['python manage.py migrate', []],
    ['arq shop.Worker', ['worker']],
    ['airflow celery worker', ['worker']],
  ];
  test.each(rows)('%s', (argv, chain) => {
    const { starts } = findStarts(storeOf([composeWith(argv.split(' '))]), OPTIONS);
    expect(starts.flatMap(start => start.chain.links.map(link))).toEqual(chain);
  });

  test.each([['watchmedo auto-restart -d . -p *.py -- celery -A shop worker'], ['nodemon -e py -x celery -A shop worker'], ['celery -A shop worker --autoreload']])('%s is for developers', argv => {
    const { starts } = findStarts(storeOf([composeWith(argv.split(' '))]), OPTIONS);
    expect(starts.map(start => start.role)).toEqual(['development']);
  });

  test('a text behind sh -c that nobody parsed is read as far as words and operators go', () => {
    const { starts } = findStarts(storeOf([composeWith(['sh', '-c', "python -m shop.seed 2>&1 && exec celery -A shop worker -n 'a b@%h' -c ${N:-4}"])]), OPTIONS);
    expect(starts.map(start => start.command.text)).toEqual(['celery -A shop worker -n a b@%h -c ${N:-4}']);
    expect(starts[0]!.command.options.get('--hostname')).toBe('a b@%h');
    expect(starts[0]!.chain.links.map(link)).toEqual(['shell -c by unknown at compose.yaml:1: replaces', 'worker']);
  });
});

describe('a container', () => {
  const containerOf = (task: object, container: object): DeployedContainer['container'] => {
    const facts = ecsJson.facts(JSON.stringify({ family: 'w', ...task, containerDefinitions: [{ name: 'w', image: 'x', essential: true, command: ['celery', '-A', 'shop', 'worker'], ...container }] }), 'task.json');
    return findStarts(storeOf([facts]), OPTIONS).containers[0]!.container;
  };

  test.each([[{}, {}, undefined], [{ memory: '512' }, {}, 512], [{}, { memory: 256 }, 256], [{ memory: '512' }, { memory: 1024 }, 512], [{ memory: '2048' }, { memory: 1024 }, 1024]])('of a task with %j has %j: %s MiB', (task, container, expected) => {
    expect(containerOf(task, container).memoryMiB).toBe(expected);
  });
  test('whose health check names a number that is not known has none to judge', () => {
    const check = { command: ['CMD', 'celery', '-A', 'shop', 'inspect', 'ping'] };
    expect(containerOf({}, { healthCheck: check }).healthCheck).toMatchObject({ intervalSeconds: 30, timeoutSeconds: 5, retries: 3 });
    expect(containerOf({}, { healthCheck: { ...check, interval: '<INTERVAL>' } }).healthCheck).toBeUndefined();
  });
});

describe('hostile input', () => {
  const starting = (commands: readonly ShellCommand[]): Starts => findStarts(storeOf([composeWith(['./run.sh']), script('run.sh', commands)]), OPTIONS);

  test('groups, chains and tests inside each other end', () => {
    let group = run(CELERY.map(text)), chain = run([text('true')]), choice = run(CELERY.map(text));
    for (let i = 0; i < 10_000; i++) {
      group = { do: 'group', body: [group], subshell: false, background: false, at: AT };
      chain = { do: 'chain', operator: '&&', parts: [chain], background: false, at: AT };
      choice = { do: 'if', branches: [{ test: [chain], body: [choice] }], otherwise: [], at: AT };
    }
    expect(starting([group, chain, choice, run(CELERY.map(text))]).starts).toHaveLength(1);
  });

  test('values inside each other end', () => {
    let value: Expr = text('x');
    for (let i = 0; i < 10_000; i++) value = { is: 'operation', operator: 'concat', operands: [value, text('y')], at: AT };
    const { starts } = starting([{ do: 'assign', name: 'A', value, exported: true, at: AT }, run(CELERY.map(text))]);
    expect(starts.map(start => start.lookup('A').state)).toEqual(['unknown']);
  });

  test('a variable that doubles itself stays small', () => {
    const twice: Expr = { is: 'operation', operator: 'concat', operands: [{ is: 'environment', name: 'A', at: AT }, { is: 'environment', name: 'A', at: AT }], at: AT };
    const { starts } = starting([{ do: 'assign', name: 'A', value: text('0123456789'), exported: true, at: AT }, ...Array.from({ length: 60 }, (): ShellCommand => ({ do: 'assign', name: 'A', value: twice, exported: true, at: AT })), run(CELERY.map(text))]);
    expect(starts.map(start => start.variables.get('A')?.value)).toEqual([undefined]);
  });

  test('scripts and functions that call themselves end', () => {
    const endless = [{ do: 'function', name: 'again', body: [run([text('again')]), run([text('again')]), run(CELERY.map(text))], at: AT } as const, run([text('again')]), run([text('./run.sh')]), run([text('.'), text('./run.sh')])];
    const started = Date.now();
    expect(starting(endless).starts).toHaveLength(1);
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  test('facts that went through JSON give the same starts', async () => {
    const folder = join(root, 'script-with-cases');
    const store = await createFileStore({ root: folder, analyzers });
    const copied: FactStore = { ...store, has: path => store.has(path), facts: path => { const facts = store.facts(path); return facts && (JSON.parse(JSON.stringify(facts)) as Facts); } };
    expect(report(findStarts(copied, OPTIONS))).toEqual(report(findStarts(store, OPTIONS)));
  });
});

/** Found in a real repository: `python3 "$DD_INTEGRATION_TEST_FILENAME"` ended the whole audit. */
describe('words of a command that nobody knows', () => {
  const PROGRAMS = ['python3', 'python', 'celery', 'bash', 'sh', 'su', 'node', 'npm', 'npx', 'yarn', 'pm2', 'pm2-runtime', 'supervisord', 'honcho', 'gunicorn', 'tini', 'dumb-init', 'gosu', 'env', 'exec', 'timeout', 'nice', 'watchmedo', 'newrelic-admin', 'ddtrace-run', 'opentelemetry-instrument', 'parallel', 'concurrently', 'poetry', 'uv', 'pipenv', 'manage.py', './entry.sh', '"$PROGRAM"'];
  const WORDS = ['"$UNKNOWN"', '$UNKNOWN', '"${A:-}"', '$(date)', '-m', '-c', '-u', '-A', '-W', '--', 'run', 'start', 'worker', 'celery', 'manage.py', 'app:app', '-', '""', '"$@"', '"$0"', '&&', '|', '&', '-l', 'exec', 'x.py', 'x.js'];
  const store = (script: string): FactStore => {
    const files = new Map<string, Facts>([['Dockerfile', dockerfile.facts('FROM python:3.12\nCOPY . /app\nWORKDIR /app\nCMD ["./entry.sh"]\n', 'Dockerfile')], ['entry.sh', entryScript.facts(`#!/bin/sh\n${script}\n`, 'entry.sh')]]);
    return { paths: [...files.keys()], candidates: [...files.keys()], has: path => files.has(path), facts: path => files.get(path) };
  };
  test('end no audit', () => {
    fc.assert(fc.property(fc.constantFrom(...PROGRAMS), fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.constantFrom(...PROGRAMS)), { maxLength: 5 }), (program, words) => {
      findStarts(store([program, ...words].join(' ')), OPTIONS);
    }), { numRuns: 2000 });
    expect(findStarts(store('python3 "$SCRIPT" &\nexec celery -A shop worker'), OPTIONS).starts.map(({ command }) => command.app)).toEqual(['shop']);
  });
});

/** Who becomes its last command: the process ids of bash 5.2.15, busybox 1.35.0 and dash 0.5.12, looked at. */
describe('what a shell becomes', () => {
  const WORKER = 'celery -A shop worker';
  test.each([
    ['CMD', 'bash busybox'], ['true && CMD', 'bash busybox'], ['cd / && true && CMD', 'bash busybox'], ['false || CMD', 'bash busybox'], ['export A=1 && CMD', 'bash busybox'], ['sleep 1; CMD', 'bash busybox'], ['sleep 1\nCMD\n', 'bash busybox'],
    ['true && sleep 1; CMD', 'bash busybox'], ['sleep 1; true && CMD', 'busybox'], ['sleep 1 & CMD', 'busybox'], ['true && { CMD; }', 'busybox'], ['if true; then CMD; fi', 'busybox'], ['{ CMD; }', 'busybox'], ['(CMD)', 'busybox'],
    ["trap 'echo x' TERM; CMD", ''], ['CMD; true', ''], ['exec CMD', 'bash busybox dash'],
  ])('%j: %s', (command, shells) => {
    const becomes = ['bash', 'busybox', 'dash'].filter(shell => {
      const argv = [shell === 'busybox' ? 'sh' : shell, '-c', command.replace('CMD', WORKER)];
      const files = new Map<string, Facts>([['Dockerfile', dockerfile.facts(`FROM python:3.12${shell === 'busybox' ? '-alpine' : ''}\nCMD ${JSON.stringify(argv)}\n`, 'Dockerfile')]]);
      const { starts } = findStarts({ paths: ['Dockerfile'], candidates: ['Dockerfile'], has: path => files.has(path), facts: path => files.get(path) }, OPTIONS);
      const [shellLink] = starts[0]!.chain.links;
      return shellLink?.kind === 'shell' && shellLink.replaces;
    });
    expect(becomes.join(' ')).toBe(shells);
  });
});

test('a trap that asks dash for its jobs passes nothing on', () => {
  const forwards = (interpreter: string, handler: string): readonly unknown[] => {
    const files = new Map<string, Facts>([['Dockerfile', dockerfile.facts('FROM python:3.12\nCOPY . /app\nWORKDIR /app\nCMD ["./entry.sh"]\n', 'Dockerfile')], ['entry.sh', entryScript.facts(`#!${interpreter}\ncelery -A shop worker & worker=$!\ntrap '${handler}' TERM\nwait\n`, 'entry.sh')]]);
    return findStarts({ paths: [...files.keys()], candidates: [...files.keys()], has: path => files.has(path), facts: path => files.get(path) }, OPTIONS).starts.map(({ chain }) => chain.links[0]!.kind === 'shell' && chain.links[0]!.forwards);
  };
  expect([forwards('/bin/dash', 'kill -TERM $(jobs -p); wait'), forwards('/bin/bash', 'kill -TERM $(jobs -p); wait'), forwards('/bin/dash', 'kill -TERM "$worker"; wait')]).toEqual([[false], [true], [true]]);
});
