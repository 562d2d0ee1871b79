import { describe, expect, test } from 'vitest';
import { clean } from '../src/reporters/clean.js';
import { concise } from '../src/reporters/concise.js';
import { explain, ruleList } from '../src/reporters/explain.js';
import { github } from '../src/reporters/github.js';
import { markdown } from '../src/reporters/markdown.js';
import { settings } from '../src/reporters/settings.js';
import { text } from '../src/reporters/text.js';
import { app, at, emptyModel, model, plain, report, rule, stopTimeout, worker } from './report-fixtures.js';

const options = { color: false, verbose: false };

describe('text', () => {
  test('a finding, as documented', () => {
    expect(text(report([stopTimeout], { model: { ...emptyModel, workers: [worker] } }), options)).toBe(`worker infra/worker.json: worker (prod) — 1 error: tasks are lost at every deployment

error[ecs/stop-timeout-too-short] a deployment kills tasks after 30 s; they may run 600 s
  --> infra/worker.json:14:7
   |
14 |       "name": "worker",
   |       ^^^^^^^^^^^^^^^^ no stopTimeout: ECS waits 30 s
  ::: app/celery.py:12:1
   |
12 | app.conf.task_time_limit = 600
   | ------------------------------ a task may run this long
  = fate: SIGTERM → 30 s → SIGKILL; the task is lost (task_acks_late is False, app/celery.py:9)
  = suggestion: set \`"stopTimeout": 120\` in container \`worker\`, and make tasks over 120 s resumable
  = explain: drainlint explain ecs/stop-timeout-too-short

1 error (1 worker, 0 apps, 4 files read) · 1 mended by --fix
`);
  });

  test('places of one file share an excerpt, gaps are marked, tabs are spaces, long places end with their line', () => {
    const finding = plain('celery/early-ack', { at: at('app/celery.py', 14, 2, 16, 3), label: 'here', related: [{ at: at('app/celery.py', 12, 1, 12, 31), message: 'and there' }] });
    expect(text(report([finding]), options)).toContain(`
  --> app/celery.py:14:2
   |
12 | app.conf.task_time_limit = 600
   | ------------------------------ and there
...
14 |     app.conf.update(  # a tab
   |     ^^^^^^^^^^^^^^^^^^^^^^^^^ here
`);
  });

  test('the order of cure within a worker, the worst group first, what is blocked in one line under its blocker', () => {
    const signal = plain('container/shell-swallows-signal', { order: 1, severity: 'error', workers: [worker.id], message: 'the shell keeps SIGTERM' });
    const blocked = { ...stopTimeout, blockedBy: ['container/shell-swallows-signal'] };
    const late = plain('celery/early-ack', { order: 5, resource: app.id });
    const lonely = plain('audit/unreadable-input', { at: at('x.json', 1, 1, 1, 1) });
    const page = text(report([lonely, late, blocked, signal]), options);
    expect(page.split('\n').filter(line => /^(?:worker|app|elsewhere|error|warning)| = blocks/.test(line))).toEqual([
      'worker infra/worker.json: worker (prod) — 2 errors, 1 warning: title of container/shell-swallows-signal',
      'error[container/shell-swallows-signal] the shell keeps SIGTERM',
      '  = blocks: error[ecs/stop-timeout-too-short] infra/worker.json:14 a deployment kills tasks after 30 s; they may run 600 s',
      'warning[celery/early-ack] m',
      'elsewhere in the repository — 1 warning: title of audit/unreadable-input',
      'warning[audit/unreadable-input] m',
    ]);
  });

  test('what it rests on, what was not audited, what was not shown', () => {
    const page = text(report([plain('celery/early-ack', { suppressed: { kind: 'inline', reason: 'r' } })], { hidden: 2 }), options);
    expect(page).toBe(`assumptions:
  celery is not pinned: judged as 5.6.3

recognised, not audited:
  rq.sh:1 rq: rq worker

could not be resolved: 1 value (--verbose lists them)

no findings (1 worker, 1 app, 4 files read) · 1 suppressed
2 findings of lower confidence not shown (--preset strict)
`);
    expect(text(report([]), { ...options, verbose: true })).toContain('could not be resolved:\n  app/celery.py:2 multiplier() could not be evaluated');
  });

  test('an empty folder and a tree without candidates say so', () => {
    expect(text(report([], { model: emptyModel, scannedFiles: 0, readFiles: 0 }), options)).toBe('nothing to audit: there are no files here\n');
    expect(text(report([], { model: emptyModel, scannedFiles: 3, readFiles: 0 }), options)).toBe('nothing to audit: none of 3 files speaks of Celery or ECS\n');
  });

  test('no line is wider than the terminal, and the place stays in sight', () => {
    const long = `${'x = 1; '.repeat(60)}task_acks_late = True; ${'y = 2; '.repeat(60)}`;
    const column = long.indexOf('task') + 1;
    const finding = plain('celery/early-ack', { at: at('a.py', 1, column, 1, column + 14), label: 'a label that is long enough not to fit beside its place in eighty columns', suggestion: 'word '.repeat(60).trim() });
    const page = text(report([finding], { model: emptyModel, lines: () => [long] }), { ...options, width: 80 });
    expect(page.split('\n').filter(line => [...line].length > 80)).toEqual([]);
    expect(page).toMatch(/… ?.*task_acks_late.*…/);
    const lines = page.split('\n');
    const carets = lines.find(line => line.includes('^'))!;
    expect(lines[lines.indexOf(carets) - 1]!.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('task_acks_late');
  });

  test('wide characters keep the carets under their place', () => {
    const line = 'x = "漢字", acks_late';
    const finding = plain('celery/early-ack', { at: at('a.py', 1, line.indexOf('acks') + 1, 1, line.length + 1) });
    expect(text(report([finding], { model: emptyModel, lines: () => [line] }), options)).toContain(`\n   | ${' '.repeat(line.indexOf('acks') + 2)}^^^^^^^^^\n`);
  });

  test('colours only when asked for, and never those of the scanned file', () => {
    const finding = plain('celery/early-ack', { message: 'evil \u001b[31mred\u001b[0m \u202e', at: at('a.py', 1, 1, 1, 2) });
    const one = report([finding], { model: emptyModel, lines: () => ['\u001b[2J\u0007x'] });
    expect(text(one, options)).not.toMatch(/[\u001b\u0007\u202e]/);
    expect(text(one, options)).toContain('␛[2J');
    expect(text(one, { ...options, color: true })).toContain('\u001b[33;1mwarning[celery/early-ack]\u001b[0m');
  });

  test('equal findings of several environments are said once', () => {
    expect(text(report([plain('celery/early-ack', { environments: ['prod', 'dev', 'perf'] })]), options)).toContain('= environments: also in dev, perf');
  });
});

test('passwords of URLs are starred out, variables and user names are not', () => {
  expect(clean("broker = 'redis://user:s3cret@host:6379/0'")).toBe("broker = 'redis://user:******@host:6379/0'");
  expect(clean('amqp://${USER}:${PASSWORD}@host and http://host:80/a@b')).toBe('amqp://${USER}:${PASSWORD}@host and http://host:80/a@b');
});

test('concise: one line each, without what is suppressed', () => {
  expect(concise(report([stopTimeout, plain('celery/early-ack', { message: 'two\nlines' }), plain('celery/x', { suppressed: { kind: 'config', reason: 'r' } })])))
    .toBe('infra/worker.json:14:7: error ecs/stop-timeout-too-short a deployment kills tasks after 30 s; they may run 600 s\napp/celery.py:15:5: warning celery/early-ack two␊lines\n');
});

describe('github', () => {
  test('escapes what ends a property or a command', () => {
    const [line] = github(report([plain('celery/early-ack', { message: '100 %\n::error::x', suggestion: 'a: b, c', at: at('a,b:c.py', 3, 5, 3, 9) })])).split('\n');
    expect(line).toBe('::warning file=a%2Cb%3Ac.py,line=3,col=5,endLine=3,endColumn=8,title=celery/early-ack::100 %25␊::error::x%0Aa: b, c');
  });
  test('ten per level, the worst first, then how many more', () => {
    const many = (severity: 'error' | 'warning' | 'note'): ReturnType<typeof plain>[] => Array.from({ length: 15 }, () => plain('celery/early-ack', { severity }));
    const lines = github(report([...many('note'), ...many('error'), ...many('warning')])).trimEnd().split('\n');
    expect(lines.map(line => /^::(\w+)/.exec(line)![1])).toEqual([...Array<string>(10).fill('error'), ...Array<string>(10).fill('warning'), ...Array<string>(10).fill('notice')]);
    expect(lines.at(-1)).toBe('::notice title=drainlint::16 more findings in the log and the step summary');
  });
});

describe('markdown', () => {
  test('text of the scanned files cannot become markup', () => {
    const page = markdown(report([plain('celery/early-ack', { message: '<img src=x> **bold** `code_x` @team', at: at('a`b.py', 1, 1, 1, 2) })]));
    expect(page).toContain("- **warning** `celery/early-ack` `a'b.py:1`: \\<img src=x\\> \\*\\*bold\\*\\* `code_x` \\@team");
  });
  test('stays within what GitHub takes, in bytes, and says how many findings are left out', () => {
    const page = markdown(report(Array.from({ length: 6000 }, () => plain('celery/early-ack', { message: '→'.repeat(300) }))));
    expect(Buffer.byteLength(page)).toBeLessThan(1 << 20);
    expect(Buffer.byteLength(page)).toBeGreaterThan(800_000);
    const [, left] = /… and (\d+) more findings\n$/.exec(page)!;
    expect(Number(left) + page.match(/^- \*\*warning/gm)!.length).toBe(6000);
  });
});

test('settings: value, origin, overridden, what is never read', () => {
  const page = settings(report([]), options);
  expect(page).toBe(`worker infra/worker.json: worker (prod)
  command       celery -A app.celery worker (infra/worker.json:15)
  app           app.celery:app (app/celery.py:1)
  versions      celery is not pinned: judged as 5.6.3; billiard is not pinned: judged as 4.2.4
  broker, pool  redis, prefork
  stop time     30 s (default of ECS)
  SIGTERM       REMAP_SIGTERM is not set: a warm shutdown
  drain need    600 s (app/celery.py:12)

  broker_url                  redis://:*******@cache:6379/0  BROKER_URL (app/celery.py:1), unless the environment says otherwise
  task_acks_late              unset                          no default
  task_time_limit             600                            app/celery.py:12
                                                             overrides settings.py:3
  worker_prefetch_multiplier  ? multiplier()                 app/celery.py:2, could not be resolved

  written, but never read by Celery
    CELERY_ACKS_LATE = True  app/celery.py:5: Celery reads no old names under a namespace; it would read CELERY_TASK_ACKS_LATE
`);
  expect(settings(report([], { model: emptyModel }), options)).toBe('no Celery worker or app found in 9 files\n');
  expect(settings(report([], { model: { ...model, workers: [], apps: [{ ...app, workers: [] }] } }), options)).toContain('app app.celery:app (app/celery.py:1), no worker command found');
});

test('explain and rules', () => {
  const page = explain({ ...rule('celery/early-ack', 'Tasks are acknowledged before they run'), leadsTo: ['celery/worker-loss-acknowledged'] }, { color: false, width: 80 });
  for (const part of ['error celery/early-ack', 'Tasks are acknowledged', 'What breaks\n  It breaks.', 'What to write instead\n  Mend it.', 'celery/worker-loss-acknowledged', 'https://docs.celeryq.dev/']) expect(page).toContain(part);
  expect(ruleList([rule('tasks/b', 'B'), rule('celery/a', 'A')], { color: false })).toBe('celery/a  error    A\ntasks/b   error    B\n');
});
