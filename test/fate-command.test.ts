import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { compare, cutsText, fatedOf, percent, sectionsOf, stopOf as secondsToKill, SWEEP, timelineOf, WHAT_IF_KEYS, whatIf, type Fated, type Timeline } from '../src/fate/index.js';
import { defaultOf } from '../src/knowledge/celery-settings.js';
import { RELEASES } from '../src/knowledge/celery/releases.js';
import type { CeleryApp, Setting, TaskFunction, Worker } from '../src/model/index.js';
import { columns } from '../src/reporters/clean.js';
import { fateMarkdown, fateText } from '../src/reporters/fate/index.js';
import { app as someApp, report } from './report-fixtures.js';
import { at, set, shell, supervisord, taskFunction, unknown, unset, worker as builtWorker } from './model-builders.js';
import { drainlint, project } from './run-cli.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MARGIN = 3;

/** A worker with an app, so that versions are known, and these functions. */
function worker(more: Partial<Worker> = {}, links: Parameters<typeof builtWorker>[1] = []): Worker {
  const settings = more.settings ?? new Map<string, Setting<unknown>>([['broker_transport_options', set<unknown>({})]]);
  return builtWorker({ app: { ...someApp, settings, workers: [] } satisfies CeleryApp, settings, ...more }, links);
}
const late = (more: Partial<TaskFunction> = {}): TaskFunction => taskFunction({ acksLate: set(true), timeLimit: set(300), ...more });
const tried = (text: string, one: Worker): Worker => {
  const changes = whatIf(text, [one]);
  if ('wrong' in changes) throw new Error(changes.wrong);
  return changes.apply(one);
};
const stopOf = (fated: Fated): string => fated.cells.find(({ event }) => event === 'stop')!.ways.map(({ key }) => key).join(' | ');
const momentOf = (timeline: Timeline, kind: string) => timeline.moments.find(moment => moment.kind === kind);

describe('how many runs are cut: max(0, 1 - S / T)', () => {
  const shareWith = (stop: number, fn: TaskFunction): unknown => fatedOf([worker({ stopTime: set(stop), functions: [fn] })], [], MARGIN)[0]!.cuts;
  test.each([[30, 0.9], [120, 0.6], [300, 0], [400, 0]])('300 s and a stop of %i s: %f', (stop, share) => {
    const cuts = shareWith(stop, late()) as { readonly share: number };
    expect(cuts.share).toBeCloseTo(share, 10);
  });
  test('durations are what a run takes, a limit is what it takes at most', () => {
    expect(shareWith(30, late({ observed: { seconds: 60, at: at('drainlint.config.yaml') } }))).toMatchObject({ share: 0.5, basis: 'observed', seconds: 60 });
    expect(shareWith(30, late())).toMatchObject({ basis: 'limit', seconds: 300 });
  });
  test('nothing is guessed', () => {
    const of = (one: Worker): unknown => fatedOf([one], [], MARGIN)[0]!.cuts;
    expect(of(worker({ functions: [taskFunction()] }))).toEqual({ is: 'unknown', because: 'unbounded' });
    expect(of(worker({ functions: [late({ timeLimit: unknown })] }))).toEqual({ is: 'unknown', because: 'duration' });
    expect(of(worker({ functions: [late()], stopTime: unknown }))).toEqual({ is: 'unknown', because: 'stop' });
    expect(of(worker({ functions: [late()], start: { links: [], complete: false } }))).toEqual({ is: 'unknown', because: 'signal' });
  });
  test('a worker that does not hear the signal: independent of the stop time', () => {
    for (const stop of [30, 120]) expect(fatedOf([worker({ functions: [late()], stopTime: set(stop) }, [shell()])], [], MARGIN)[0]!.cuts).toEqual({ is: 'whatever-runs' });
  });
  test('a cold shutdown cuts at once, a soft one when its time is over', () => {
    const cold = worker({ functions: [late()], sigtermRemap: set('SIGQUIT') });
    expect(fatedOf([cold], [], MARGIN)[0]!.cuts).toEqual({ is: 'every' });
    expect(fatedOf([worker({ ...cold, functions: [taskFunction()] })], [], MARGIN)[0]!.cuts).toEqual({ is: 'every' });
    expect(fatedOf([tried('soft-shutdown-timeout=60', cold)], [], MARGIN)[0]!.cuts).toMatchObject({ share: 0.8, stopSeconds: 60 });
  });
  test('rounding hides neither a cut nor a chance', () => expect([0, 0.001, 0.9, 0.999, 1].map(percent)).toEqual(['0 %', '< 1 %', '90 %', '> 99 %', '100 %']));
  test('in words', () => {
    expect(cutsText({ is: 'share', share: 0.9, seconds: 300, stopSeconds: 30, basis: 'observed' })).toBe('90 % of the runs in progress are cut (a run takes 300 s, the stop leaves it 30 s)');
    expect(cutsText({ is: 'share', share: 0.9, seconds: 300, stopSeconds: 30, basis: 'limit' })).toBe('90 % of the runs in progress are cut (if a run takes its full 300 s, the stop leaves it 30 s)');
  });
});

describe('the timeline', () => {
  test('Redis: the visibility timeout, the sweep, the second copy', () => {
    const timeline = timelineOf(worker({ functions: [late()], stopTime: set(30) }), MARGIN);
    expect(timeline.moments.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['sigterm', 0, undefined], ['shutdown', 0, undefined], ['last-ack', 'never', undefined], ['sigkill', 30, undefined], ['visibility', 3600, undefined], ['redelivery', 3600, 3600 + SWEEP], ['second-copy', 3600, 3600 + SWEEP + 300],
    ]);
    expect(timeline.lanes.map(({ kind, from, to, cutAt }) => [kind, from, to, cutAt])).toEqual([['stop', 0, 30, undefined], ['need', 0, 300, 30], ['hidden', 0, 3600, undefined], ['second', 3600, 4000, undefined]]);
  });
  test('RabbitMQ gives it out as the connection ends', () => {
    const timeline = timelineOf(worker({ functions: [late()], stopTime: set(30), broker: 'rabbitmq' }), MARGIN);
    expect(momentOf(timeline, 'redelivery')).toMatchObject({ from: 30, to: 30 });
    expect(timeline.lanes.some(({ kind }) => kind === 'hidden')).toBe(false);
  });
  test('early acknowledgement: nothing brings it back', () => {
    const timeline = timelineOf(worker({ functions: [late({ acksLate: set(false) })], stopTime: set(30) }), MARGIN);
    expect(momentOf(timeline, 'redelivery')).toMatchObject({ from: 'never', text: 'the broker has forgotten the message of the run' });
    expect(momentOf(timeline, 'last-ack')).toMatchObject({ from: 0 });
    expect(timeline.lanes.some(({ kind }) => kind === 'second')).toBe(false);
  });
  test('in time: acknowledged, and no second copy', () => {
    const timeline = timelineOf(worker({ functions: [late({ timeLimit: set(60) })] }), MARGIN);
    expect(momentOf(timeline, 'last-ack')).toMatchObject({ from: 60 });
    expect(momentOf(timeline, 'redelivery')).toMatchObject({ from: 'never', text: 'the run is over' });
  });
  test('unknown stays unknown', () => {
    const timeline = timelineOf(worker({ functions: [late({ timeLimit: unknown })], stopTime: unset, broker: 'unknown' }), MARGIN);
    expect(momentOf(timeline, 'sigkill')!.from).toBeUndefined();
    expect(timeline.lanes.map(({ to }) => to)).toContain(undefined);
  });

  const seconds = fc.integer({ min: 0, max: 5000 });
  const anyWorker = fc.record({
    stop: fc.option(seconds, { nil: undefined }), limit: fc.option(seconds, { nil: undefined }), soft: seconds, visibility: fc.option(seconds, { nil: undefined }), late: fc.boolean(), remap: fc.boolean(), swallows: fc.boolean(), rejects: fc.boolean(),
    broker: fc.constantFrom('redis', 'sqs', 'rabbitmq', 'unknown'), pool: fc.constantFrom('prefork', 'solo', 'threads', 'gevent', 'eventlet', 'unknown'), celery: fc.constantFrom('5.2.6', '5.4.0', '5.6.3', '5.7.0'),
  }).map(one => worker({
    stopTime: one.stop === undefined ? unset : set(one.stop), broker: one.broker as Worker['broker'], pool: one.pool as Worker['pool'], sigtermRemap: one.remap ? set('SIGQUIT') : unset, platform: 'ec2',
    functions: [taskFunction({ acksLate: set(one.late), rejectOnWorkerLost: set(one.rejects), timeLimit: one.limit === undefined ? unset : set(one.limit) }), taskFunction({ name: 'shop.tasks.other', functionName: 'other' })],
    settings: new Map<string, Setting<unknown>>([['broker_transport_options', set({})], ['worker_soft_shutdown_timeout', set(one.soft)], ...(one.visibility === undefined ? [] : [['broker_transport_options.visibility_timeout', set(one.visibility)] as const])]),
    app: { ...someApp, versions: { celery: { version: one.celery, assumed: one.celery }, billiard: { version: '4.2.4', assumed: '4.2.4' } } },
  }, one.swallows ? [shell()] : []));

  test('moments are in the order of time, spans do not run backwards, and nothing lies before SIGTERM', () => fc.assert(fc.property(anyWorker, one => {
    const { moments, lanes } = timelineOf(one, MARGIN);
    const times = moments.flatMap(({ from }) => (typeof from === 'number' ? [from] : []));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    for (const { from, to } of moments) if (typeof from === 'number' && to !== undefined) expect(to).toBeGreaterThanOrEqual(from);
    for (const { from, to } of lanes) if (typeof from === 'number' && typeof to === 'number') expect(to).toBeGreaterThanOrEqual(from);
    expect(Math.min(...times)).toBe(0);
    expect(moments[0]!.kind).toBe('sigterm');
  })));
  test('every line fits, from 80 columns on', () => fc.assert(fc.property(anyWorker, fc.integer({ min: 80, max: 140 }), fc.boolean(), (one, width, unicode) => {
    const text = fateText({ report: report([]), fated: fatedOf([one], [], MARGIN), empty: [], timelines: [timelineOf(one, MARGIN)], explain: true }, { color: false, width, unicode, verbose: false });
    expect(text.split('\n').filter(line => columns(line) > width)).toEqual([]);
    if (!unicode) expect(text).toMatch(/^[\n -~]*$/);
  }), { numRuns: 60 }));

  /** What each key of --what-if is now. */
  const present = (one: Worker): readonly (readonly [string, unknown])[] => {
    const [fn] = one.functions;
    const value = (setting: Setting<unknown> | undefined): unknown => (setting?.state === 'set' ? setting.value : undefined);
    return [
      ['stop-timeout', value(one.stopTime)], ['remap-sigterm', one.sigtermRemap.state === 'set'], ['soft-shutdown-timeout', value(one.settings.get('worker_soft_shutdown_timeout'))],
      ['visibility-timeout', value(one.settings.get('broker_transport_options.visibility_timeout'))], ['pool', one.pool === 'unknown' ? undefined : one.pool], ['broker', one.broker === 'unknown' ? undefined : one.broker],
      ['celery', one.app!.versions.celery.version], ['billiard', one.app!.versions.billiard.version], ['task-protection', false], ['redelivery-cap', false], ['cancel-on-connection-loss', value(one.settings.get('worker_cancel_long_running_tasks_on_connection_loss'))],
      ...(fn ? [['acks-late', value(fn.acksLate)], ['reject-on-worker-lost', value(fn.rejectOnWorkerLost)], ['time-limit', value(fn.timeLimit)]] as const : []), ...(one.start.links[0]?.kind === 'worker' ? [['signal', 'arrives'] as const] : []),
    ];
  };
  test('--what-if with what is there changes nothing', () => fc.assert(fc.property(anyWorker, both => {
    const one = { ...both, functions: both.functions.slice(0, 1) };
    const text = present(one).filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${String(value)}`).join(',');
    const result = compare(fatedOf([one], [], MARGIN), fatedOf([tried(text, one)], [], MARGIN));
    expect(result.changed).toEqual([]);
    expect(result.unchanged).toBe(1);
  })));
});

describe('--what-if', () => {
  const one = worker({ functions: [late({ acksLate: set(false) })], stopTime: set(30) });
  test('late acknowledgement: better at a stop, worse at a lost connection', () => {
    const { changed } = compare(fatedOf([one], [], MARGIN), fatedOf([tried('acks-late=true', one)], [], MARGIN));
    const found = Object.fromEntries(changed[0]!.rows[0]!.changes.map(({ event, is }) => [event, is]));
    expect(found).toMatchObject({ 'stop': 'better', 'container-killed': 'better', 'connection-lost': 'worse' });
  });
  test('a longer stop time: fewer runs are cut', () => {
    const { changed } = compare(fatedOf([one], [], MARGIN), fatedOf([tried('stop-timeout=120', one)], [], MARGIN));
    expect(changed[0]!.rows[0]!.changes).toMatchObject([{ event: 'stop', is: 'better', cuts: { before: { share: 0.9 }, after: { share: 0.6 } } }]);
    expect(compare(fatedOf([tried('stop-timeout=120', one)], [], MARGIN), fatedOf([one], [], MARGIN)).changed[0]!.rows[0]!.changes).toMatchObject([{ is: 'worse' }]);
  });
  test('the signal first: without it a stop time is of no matter', () => {
    const deaf = worker({ functions: [late()], stopTime: set(30) }, [shell()]);
    expect(compare(fatedOf([deaf], [], MARGIN), fatedOf([tried('stop-timeout=120', deaf)], [], MARGIN)).changed).toEqual([]);
    const [fated] = fatedOf([tried('signal=arrives,time-limit=20', deaf)], [], MARGIN);
    expect(stopOf(fated!)).toBe('completes');
  });
  test.each([
    ['stop-timout=5', 'stop-timout is nothing that can be tried, did you mean stop-timeout'], ['acks_late=true', 'acks_late is nothing that can be tried, did you mean acks-late'], ['task_acks_late=true', 'task_acks_late is nothing that can be tried, did you mean acks-late'],
    ['stop-timeout=abc', 'stop-timeout=abc: the value must be a number of seconds'], ['acks-late=1', 'acks-late=1: the value must be true or false'], ['pool=thread', 'pool=thread: the value must be prefork, solo, threads, gevent, eventlet'],
    ['celery=new', 'celery=new: the value must be a release, as 5.6.3'], ['acks-late', 'acks-late has no value: write acks-late=true'], ['stop-timeout=600', 'stop-timeout=600: Fargate allows 2 to 120 s (infra/worker.json: worker)'],
    ['__proto__=1', '__proto__ is nothing that can be tried'],
  ])('%s is refused', (text, wrong) => {
    const answer = whatIf(text, [one]);
    expect('wrong' in answer && answer.wrong.startsWith(wrong) ? wrong : answer).toBe(wrong);
  });
});

describe('--what-if celery=…', () => {
  const versionsWith = (text: string, billiard: { readonly version?: string; readonly assumed: string; readonly range?: string }): readonly string[] => {
    const { celery, billiard: found } = tried(text, worker({ app: { ...someApp, versions: { celery: { version: '5.6.3', assumed: '5.6.3' }, billiard } } })).app!.versions;
    return [celery.assumed, found.assumed];
  };
  test.each([
    ['celery=5.2.7', { assumed: '4.3.2' }, ['5.2.7', '3.6.4.0']], ['celery=5.7.0', { version: '4.2.4', assumed: '4.2.4' }, ['5.7.0', '4.3.2']], ['celery=5.5.3', { version: '4.2.4', assumed: '4.2.4' }, ['5.5.3', '4.2.4']],
    ['celery=5.5.3', { assumed: '4.2.4', range: '<4.3' }, ['5.5.3', '4.2.4']], ['billiard=4.2.4,celery=5.7.0', { assumed: '4.3.2' }, ['5.7.0', '4.2.4']],
  ])('%s brings the billiard that it asks for: %j', (text, billiard, wanted) => expect(versionsWith(text, billiard)).toEqual(wanted));
  // what a release does is in src/fate/versions.ts; were a default to change with it, --what-if would have to change it, too
  test('no default that a fate depends on differs between the releases that know the setting', () => {
    const read = ['task_acks_late', 'task_reject_on_worker_lost', 'task_acks_on_failure_or_timeout', 'task_time_limit', 'task_soft_time_limit', 'worker_soft_shutdown_timeout', 'worker_cancel_long_running_tasks_on_connection_loss', 'broker_transport_options', 'worker_pool'];
    for (const name of read) expect(new Set(RELEASES.celery.map(release => defaultOf(name, release)).filter(value => value !== undefined).map(value => JSON.stringify(value))).size, name).toBe(1);
  });
});
test('the help and the guide name every key of --what-if', () => {
  const help = drainlint(ROOT, ['fate', '--help']).out, guide = readFileSync(join(ROOT, 'docs/fate.md'), 'utf8');
  for (const key of WHAT_IF_KEYS) {
    expect(help).toMatch(new RegExp(`(?:^|[ ,])${key}[,.]`, 'm'));
    expect(guide).toContain(`\`${key}\``);
  }
});

describe('the table', () => {
  const names = (fated: readonly Fated[]): readonly (readonly string[])[] => sectionsOf(fated, false).flatMap(({ rows }) => rows.map(({ members }) => members.map(({ name }) => name)));
  test('functions with the same fates stand in one row, the worst first', () => {
    const functions = ['c', 'a', 'b'].map(name => late({ name, functionName: name })).concat(late({ name: 'lost', acksLate: set(false) }), late({ name: 'short', timeLimit: set(5) }));
    expect(names(fatedOf([worker({ functions, stopTime: set(30) })], [], MARGIN))).toEqual([['lost'], ['a', 'b', 'c'], ['short']]);
  });
  test('300 functions fill no screen', () => {
    const functions = Array.from({ length: 300 }, (_, i) => late({ name: `shop.tasks.number_${i}` }));
    const one = worker({ functions });
    const text = fateText({ report: report([]), fated: fatedOf([one], [], MARGIN), empty: [], timelines: [], explain: false }, { color: false, width: 80, unicode: true, verbose: false });
    expect(text.split('\n').length).toBeLessThan(40);
    expect(text).toContain('300 task functions');
  });
  test('workers that are alike have one table, others do not', () => {
    const like = (id: string, more: Partial<Worker> = {}): Worker => worker({ id, functions: [late()], ...more });
    expect(sectionsOf(fatedOf([like('a'), like('b'), like('c', { stopTime: set(30) })], [], MARGIN), false).map(({ units }) => units.map(({ worker: each }) => each!.id))).toEqual([['c'], ['a', 'b']]);
  });
  test('what cannot occur has no column', () => {
    const events = (one: Worker): readonly string[] => fatedOf([one], [], MARGIN)[0]!.cells.map(({ event }) => event);
    expect(events(worker({ functions: [taskFunction()] }))).toEqual(['stop', 'container-killed', 'host-lost', 'child-killed', 'connection-lost', 'visibility-timeout']);
    expect(events(worker({ functions: [late()], broker: 'sqs', pool: 'threads' }))).toEqual(['stop', 'container-killed', 'host-lost', 'hard-limit', 'visibility-timeout']);
    expect(events(worker({ functions: [taskFunction()], broker: 'rabbitmq' }))).toContain('consumer-timeout');
  });
});

describe('names from the files', () => {
  const hostile = 'a\u001b[31m|b\n<script>`x`](http://evil)\u202e';
  const one = worker({ id: hostile, name: hostile, functions: [late({ name: hostile }), late({ name: 'z', acksLate: set(false) })] });
  const fate = { report: report([]), fated: fatedOf([one], [], MARGIN), empty: [], timelines: [timelineOf(one, MARGIN)], explain: true };
  test('do nothing to a terminal', () => {
    const text = fateText(fate, { color: false, width: 80, unicode: true, verbose: true });
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
    expect(text).toContain('a␛[31m|b␊<script>');
  });
  test('break no Markdown', () => {
    const page = fateMarkdown(fate);
    expect(page).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
    for (const row of page.split('\n').filter(line => line.startsWith('|'))) expect(row.replaceAll('\\|', '').split('|').length, row).toBe(page.split('\n').find(line => line.startsWith('| task'))!.split('|').length);
    expect(page.replace(/`[^`\n]*`/g, '')).not.toMatch(/(?<!\\)<script>|(?<!\\)\]\(http/);
  });
});

describe('drainlint fate', () => {
  const newsletter = (...args: readonly string[]) => drainlint(ROOT, ['fate', 'examples/newsletter', ...args], { COLUMNS: '80', LC_ALL: 'C.UTF-8' });
  test.each([['80', {}], ['120', { COLUMNS: '120' }], ['80-ascii', { LC_ALL: 'C' }], ['120-color', { COLUMNS: '120', FORCE_COLOR: '1' }], ['80-color-ascii', { FORCE_COLOR: '1', LC_ALL: 'C' }]])('examples/newsletter at %s', async (name, env) => {
    const run = drainlint(ROOT, ['fate', 'examples/newsletter'], { COLUMNS: '80', LC_ALL: 'C.UTF-8', ...env });
    expect(run).toMatchObject({ code: 0, err: '' });
    await expect(run.out).toMatchFileSnapshot(`__snapshots__/fate-newsletter-${name}.txt`);
  });
  test('--what-if, as text and as Markdown', async () => {
    const run = newsletter('--what-if', 'stop-timeout=120,acks-late=true,signal=arrives,duration=300');
    expect(run).toMatchObject({ code: 0, err: '' });
    await expect(run.out).toMatchFileSnapshot('__snapshots__/fate-newsletter-what-if.txt');
    await expect(newsletter('--what-if', 'acks-late=true', '--format', 'markdown').out).toMatchFileSnapshot('__snapshots__/fate-newsletter-what-if.md');
  });
  test('--worker: the reasons too; Markdown', async () => {
    await expect(newsletter('--worker', 'newsletter-worker').out).toMatchFileSnapshot('__snapshots__/fate-newsletter-worker.txt');
    await expect(newsletter('--format', 'markdown', '--explain').out).toMatchFileSnapshot('__snapshots__/fate-newsletter.md');
  });
  test.each([[], ['--what-if', 'acks-late=true,stop-timeout=120,duration=300'], ['--worker', 'worker']])('JSON obeys its schema: %s', (...args) => {
    const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(join(ROOT, 'schema/fate.schema.json'), 'utf8')) as object);
    expect(validate(JSON.parse(newsletter('--format', 'json', ...args).out)) || validate.errors).toBe(true);
  });
  test.each([
    [['--what-if', 'stop-timout=5'], '--what-if: stop-timout is nothing that can be tried, did you mean stop-timeout'], [['--worker', 'newsletter-workr'], 'there is no worker newsletter-workr, did you mean newsletter-worker'],
    [['--fail-on', 'worse-fate'], '--fail-on worse-fate compares with nothing'], [['--what-if', 'acks-late=true', '--since', 'HEAD'], '--what-if with --since'], [['--staged', '--since', 'HEAD'], '--staged with --since'], [['--staged', '--what-if', 'acks-late=true'], '--what-if with --staged'], [['--since', 'no-such-thing'], '--since no-such-thing: git finds no such commit'],
  ])('%j', (args, said) => {
    const run = newsletter(...args);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain(said);
  });
  test('a folder without workers', () => {
    const folder = project({ 'a.txt': 'x' });
    expect(drainlint(folder, ['fate'])).toMatchObject({ code: 0, err: '', out: 'nothing to audit: none of 1 file speaks of Celery or ECS\n' });
    rmSync(folder, { recursive: true });
  });
  test('consumers in Node.js stand in the table; what nobody measured is said to be so', () => {
    const folder = project({ 'package.json': '{"name":"w","dependencies":{"bullmq":"5","kafkajs":"2"}}', 'src/worker.ts': "import { Worker } from 'bullmq';\nconst worker = new Worker('mail', async job => { await send(job.data); }, { connection });\nprocess.on('SIGTERM', () => process.exit(0));\n" });
    const run = drainlint(folder, ['fate', '--explain'], { COLUMNS: '80' });
    expect(run.code).toBe(0);
    expect(run.out).toMatch(/consumer src\/worker\.ts:2 \(bullmq\)/);
    expect(run.out).toMatch(/^ {2}mail +again +again +done$/m);
    writeFileSync(join(folder, 'src/read.ts'), "import { Kafka } from 'kafkajs';\nconst kafka = new Kafka({ brokers: ['a'] });\nconst consumer = kafka.consumer({ groupId: 'g' });\nawait consumer.run({ eachMessage: async ({ message }) => { await work(message); } });\n");
    for (const args of [[], ['--explain'], ['--format', 'markdown']]) expect(drainlint(folder, ['fate', ...args], { COLUMNS: '80' }).out).toContain(': what becomes of it is not known: nobody has measured it\n');
    rmSync(folder, { recursive: true });
  });
});

describe('--since', () => {
  const files = {
    'Dockerfile': 'FROM python:3.12-slim\nCOPY . .\n', 'requirements.txt': 'celery==5.6.3\nbilliard==4.2.4\n',
    'shop.py': "from celery import Celery\n\napp = Celery('shop', broker='redis://r')\napp.conf.task_time_limit = 300\napp.conf.task_acks_late = True\n\n\n@app.task\ndef work(x):\n    for one in query():\n        send(one)\n",
    'infra/worker.json': `${JSON.stringify({ family: 'worker', requiresCompatibilities: ['FARGATE'], containerDefinitions: [{ name: 'worker', image: 'shop', essential: true, stopTimeout: 120, command: ['celery', '-A', 'shop', 'worker'] }] }, null, 2)}\n`,
  };
  const folder = project(files);
  afterAll(() => rmSync(folder, { recursive: true }));
  const git = (...args: string[]): void => { execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: folder, stdio: 'ignore' }); };
  git('init', '-q'); git('add', '-A'); git('commit', '-qm', 'x');
  const change = (path: keyof typeof files, from: string, to: string): void => { expect(files[path]).toContain(from); writeFileSync(join(folder, path), files[path].replace(from, to)); };
  const reset = (): void => git('checkout', '-q', '.');
  const fate = (...args: readonly string[]) => drainlint(folder, ['fate', '--since', 'HEAD', '--fail-on', 'worse-fate', ...args], { COLUMNS: '100' });

  test('nothing changed: 0', () => {
    expect(fate()).toMatchObject({ code: 0, err: '' });
    expect(fate().out).toContain('1 task function: 1 unchanged');
  });
  test('early acknowledgement is worse: 1', () => {
    change('shop.py', 'task_acks_late = True', 'task_acks_late = False');
    const run = fate();
    expect(run.code).toBe(1);
    expect(run.out).toMatch(/worse +deployment, scale-in: again after the visibility timeout → lost/);
    expect(run.out).toMatch(/better +broker connection lost: twice → done/);
    expect(drainlint(folder, ['fate', '--since', 'HEAD']).code).toBe(0);
    expect(fate('--format', 'markdown').out).toContain('`shop.work`\n\n| | event | before | after |\n| --- | --- | --- | --- |\n| **worse** | deployment, scale-in | again after the visibility timeout | lost |');
    reset();
  });
  test('a shorter stop time cuts more runs: 1; a longer limit of the stop fewer: 0', () => {
    change('infra/worker.json', '"stopTimeout": 120', '"stopTimeout": 30');
    const run = fate();
    expect(run.code).toBe(1);
    expect(run.out.replace(/\s+/g, ' ')).toContain('(up to 60 % of the runs in progress cut) → again after the visibility timeout (up to 90 % of the runs in progress cut)');
    reset();
    change('shop.py', 'task_time_limit = 300', 'task_time_limit = 90');
    expect(fate()).toMatchObject({ code: 0 });
    expect(fate().out).toMatch(/better +deployment/);
    reset();
  });
  test('what is new is listed apart, and fails nothing', () => {
    writeFileSync(join(folder, 'shop.py'), `${files['shop.py']}\n\n@app.task(acks_late=False)\ndef other():\n    call()\n`);
    const run = fate();
    expect(run).toMatchObject({ code: 0 });
    expect(run.out).toContain('1 task function: 1 unchanged; 1 new');
    expect(run.out).toMatch(/new:\n {2}worker .*\n {4}shop\.other: lost: deployment, scale-in/);
    reset();
  });
  test('--staged: the next commit against HEAD, whatever stands on disk', () => {
    const staged = (...args: readonly string[]) => drainlint(folder, ['fate', '--staged', '--fail-on', 'worse-fate', ...args], { COLUMNS: '100' });
    expect(staged()).toMatchObject({ code: 0, err: '', out: 'Staged, against HEAD\n  no task function and no consumer is concerned\n' });
    change('shop.py', 'task_acks_late = True', 'task_acks_late = False');
    expect(staged()).toMatchObject({ code: 0, out: 'Staged, against HEAD\n  no task function and no consumer is concerned\n' });
    git('add', 'shop.py');
    writeFileSync(join(folder, 'shop.py'), files['shop.py']);
    expect(staged()).toMatchObject({ code: 1 });
    expect(staged().out).toMatch(/^Staged, against HEAD\n {2}1 task function: 1 worse at one event and better at another, 0 unchanged\n[^]*worse +deployment, scale-in: again after the visibility timeout → lost/);
    expect(staged('--format', 'markdown').out).toMatch(/^## drainlint fate: staged, against HEAD\n/);
    git('reset', '-q');
    reset();
  });
  test('consumers: lines that move are the same, a handler that goes is worse', () => {
    const consumers = project({ 'package.json': '{"name":"w","dependencies":{"bullmq":"5"}}', 'src/worker.ts': "import { Worker } from 'bullmq';\nconst worker = new Worker('mail', async job => { await send(job.data); }, { connection });\nprocess.on('SIGTERM', async () => { await worker.close(); process.exit(0); });\n" });
    const run = (...args: readonly string[]): void => { execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: consumers, stdio: 'ignore' }); };
    run('init', '-q'); run('add', '-A'); run('commit', '-qm', 'x');
    const file = join(consumers, 'src/worker.ts'), text = readFileSync(file, 'utf8');
    const compared = (): ReturnType<typeof drainlint> => drainlint(consumers, ['fate', '--since', 'HEAD', '--fail-on', 'worse-fate'], { COLUMNS: '100' });
    writeFileSync(file, `// moved\n${text}`);
    expect(compared()).toMatchObject({ code: 0, out: 'Since HEAD\n  1 consumer: 1 unchanged\n' });
    writeFileSync(file, text.replace('await worker.close(); ', ''));
    expect(compared().code).toBe(1);
    expect(compared().out).toContain('worse    deployment, scale-in: again after the stall check or done → again after the stall check\n');
    rmSync(consumers, { recursive: true });
  });
  test('a file that is moved describes the same worker', () => {
    git('mv', 'infra/worker.json', 'infra/moved.json');
    expect(fate().out).toContain('1 task function: 1 unchanged\n');
    git('mv', 'infra/moved.json', 'infra/worker.json');
  });
});

describe('what a second reader of real tables found', () => {
  const cellsOf = (fn: TaskFunction, one: Worker): ReadonlyMap<string, string> => new Map(fatedOf([{ ...one, functions: [fn] }], [], MARGIN)[0]!.cells.map(({ event, ways }) => [event, ways.map(({ key }) => key).join(' | ')]));
  const limited = late({ softTimeLimit: set(200), timeLimit: set(300) });

  test('a soft limit that autoretry_for catches publishes the run again', () => {
    const catching = (...autoretryFor: string[]): TaskFunction => ({ ...limited, retry: { ...limited.retry, autoretryFor } });
    expect(['Exception', 'celery.exceptions.SoftTimeLimitExceeded'].map(name => cellsOf(catching(name), worker()).get('hard-limit'))).toEqual(['restarts retried', 'restarts retried']);
    expect([catching(), catching('requests.RequestException')].map(fn => cellsOf(fn, worker()).get('hard-limit'))).toEqual(['fails', 'fails']);
  });

  test('a function that takes no time may be cut, too, by a worker that never hears the stop', () => {
    const brief = late({ timeLimit: unset, body: { ...taskFunction().body, trivial: true } });
    expect(cellsOf(brief, worker({}, [shell()])).get('stop')).toMatch(/\| completes$/);
    expect(cellsOf(brief, worker()).get('stop')).toBe('completes');
  });

  test('a process manager ends nothing where the stop does not reach it', () => {
    const manager = supervisord(set(10));
    const [hearing, deaf] = [worker({ stopTime: set(30) }, [manager, shell()]), worker({ stopTime: set(30) }, [shell(), manager])];
    expect([hearing, deaf].map(secondsToKill)).toEqual([10, 30]);
  });
});
