import { beforeAll, describe, expect, test } from 'vitest';
import { analyzers } from '../src/analyzers/index.js';
import { loadTypeScript } from '../src/parsers/typescript/read.js';
import { rules } from '../src/rules/index.js';
import { linked, type Files } from './linked.js';
import { thresholds } from './model-builders.js';

/** Where the errors of a message's work end in TypeScript, and which messages come again anyway. */
beforeAll(() => loadTypeScript());

const said = (files: Files, id = 'tasks/failure-acknowledged', plain: readonly string[] = []): readonly string[] => {
  const [rule] = rules.filter(one => one.id === id);
  return [...rule!.check(linked({ 'package.json': '{"name":"shop","dependencies":{"pg-boss":"12"}}', ...files }, plain), thresholds)].map(({ severity, at, message }) => `${severity ?? rule!.severity} ${at.path}:${at.startLine} ${message}`);
};
const places = (files: Files, id?: string, plain?: readonly string[]): readonly string[] => said(files, id, plain).map(one => one.split(' ').slice(0, 2).join(' '));

describe('of each message of a batch', () => {
  const boss = (body: string): Files => ({ 'w.ts': `import { metrics } from '@opentelemetry/api';\nconst failed = metrics.getMeter('shop').createCounter('failed');\nawait boss.work('mail', { batchSize: 5 }, async jobs => {\n${body}\n});\nprocess.once('SIGTERM', () => boss.stop());\n` });
  const one = "const data = parse(job.data);\nif (!data) { console.warn('malformed'); RETURN; }\ntry { await deliver(data); }\ncatch (error) { failed.add(1); console.error(error); }";

  test.each<[string, string, readonly string[]]>([
    ['a loop', `for (const job of jobs) {\n${one.replace('RETURN', 'continue')}\n}`, ['warning w.ts:8']],
    ['at once', `await Promise.all(jobs.map(async job => {\n${one.replace('RETURN', 'return')}\n}));`, ['warning w.ts:8']],
    ['what is done behind it may look at what failed', `const results = [];\nfor (const job of jobs) {\n${one.replace('RETURN', 'continue')}\n}\nawait settle(results);`, []],
    ['the items of one message are a loop as ever', `const [job] = jobs;\nfor (const row of job.data.rows) {\ntry { await deliver(row); } catch (error) { console.error(error); }\n}`, []],
  ])('%s', (_, body, expected) => { expect(places(boss(body))).toEqual(expected); });
});

describe('what comes again', () => {
  const work = (queue: string): string => `await boss.work(${queue}, async jobs => {\nfor (const job of jobs) { try { await deliver(job); } catch (error) { console.error(error); } }\n});\n`;
  const sweep = (sent: string): Files => ({ 'w.ts': `const MAIL = 'mail', SWEEP = 'sweep';\nawait boss.work(SWEEP, async () => {\nfor (const id of await openMails()) await boss.send(${sent}, { id });\n});\nawait boss.schedule(SWEEP, '* * * * *');\n${work('MAIL')}process.once('SIGTERM', () => boss.stop());\n` });

  test('a sweep sends what was left', () => {
    expect(places(sweep('MAIL'))).toEqual([]);
    expect(places(sweep("'other'"))).toEqual(['warning w.ts:7']);
  });

  const repeated = (options: string, more = ''): Files => ({
    'q.ts': "import { Queue, Worker } from 'bullmq';\nexport const queueOf = (name: string) => new Queue(name, { connection });\nexport const workerOf = (name: string, run) => new Worker(name, run, { connection });\n",
    'w.ts': `import { queueOf, workerOf } from './q';\nconst ticks = queueOf('ticks');\nawait ticks.add('tick', {}, ${options});\n${more}const worker = workerOf('ticks', async () => {\ntry { await fetch('https://a.example', { method: 'POST' }); } catch (error) { console.error(error); }\n});\nprocess.once('SIGTERM', () => worker.close());\n`,
  });

  test('a clock sends jobs of BullMQ, and nobody else does', () => {
    expect(places(repeated('{ repeat: { every: 60000 } }'))).toEqual([]);
    expect(places(repeated('{ jobId: "1" }'))).toEqual(['warning w.ts:5']);
    expect(places(repeated('{ repeat: { every: 60000 } }', "app.post('/', () => ticks.add('now', { id: 1 }));\n"))).toEqual(['warning w.ts:6']);
  });
});

describe('of a part of a job', () => {
  const job = (part: string, handler: string, behind = "await prisma.order.update({ where: { id }, data: { total: 1 } });"): Files => ({ 'w.ts': `import { Worker } from 'bullmq';\nimport { resize } from './images';\nconst worker = new Worker('orders', async job => {\nconst id = job.data.id;\nawait prisma.order.update({ where: { id }, data: { seen: true } });\ntry { ${part} }\ncatch (error) { ${handler} }\n${behind}\n});\nprocess.once('SIGTERM', () => worker.close());\n`, 'images.ts': 'export function resize(x: string) { return x; }\n' });
  const mail = "await transport.sendMail({ to: 'a' });", log = 'console.error(error);';

  test('is left out, and nothing does it again', () => {
    expect(said(job(mail, log))).toEqual(['note w.ts:7 `catch` ends the error of transport.sendMail({"to": "a"}) with a log at most, and the job goes on: it is completed without that part, and no attempt follows']);
  });

  test.each<[string, Files]>([
    ['handed on', job(mail, `${log} throw error;`)],
    ['something is done about it', job(mail, 'await outbox.keep(error);')],
    ['said to do no harm', job(mail, "console.warn('mail failed (non-fatal)', error);")],
    ['nothing that has an effect', job("resize('a');", log)],
    ['in the handler of an error that goes on', job('await prisma.order.create({ data: {} });', "try { await prisma.order.update({ where: { id }, data: { status: 'failed' } }); } catch (inner) { console.error(inner); }\nthrow error;")],
    ['one of several, which go on', job("for (const to of job.data.all) { try { await transport.sendMail({ to }); } catch (error) { console.error(error); } }", 'throw error;')],
  ])('quiet: %s', (_, files) => { expect(said(files)).toEqual([]); });

  test('all of one job at once, each place once', () => {
    const files = job(`${mail} } catch (error) { ${log} }\ntry { await fetch('https://a.example', { method: 'POST' });`, log);
    expect(places(files)).toEqual(['note w.ts:6']);
    expect(said(files)[0]).toContain('2 handlers in the handler of orders end errors of its work, the first that of transport.sendMail(');
  });
});

describe('of what callers hand to the function that consumes', () => {
  const files = (call: string): Files => ({
    'bus/channel.ts': "import amqp from 'amqplib';\nexport class Bus {\n  async listen(work: (text: string) => Promise<void>) {\n    const ch = await open();\n    await ch.prefetch(5);\n    await ch.consume('orders', async message => { await work(message.content.toString()); ch.ack(message); });\n    process.once('SIGTERM', () => ch.close());\n  }\n}\n",
    'orders/orders.ts': `import { Bus } from '../bus/channel';\nexport class Orders {\n  constructor(private readonly bus: Bus) {}\n  start() { return this.bus.${call}(text => this.handle(text)); }\n  async handle(text) { await transport.sendMail({ to: text }); await prisma.order.create({ data: { text } }); }\n}\n`,
  });

  test('the work is what they hand over', () => {
    expect(places(files('listen'), 'tasks/non-idempotent-write')).toEqual(['warning orders/orders.ts:5']);
    // nothing in the file of the caller tells that it is about messages
    expect(places(files('listen'), 'tasks/non-idempotent-write', ['orders/orders.ts'])).toEqual(['warning orders/orders.ts:5']);
    expect(places(files('other'), 'tasks/non-idempotent-write')).toEqual([]);
  });
});

describe('of a request that is answered', () => {
  const files = (work: string, answer = "ch.sendToQueue(message.properties.replyTo, Buffer.from('a'));"): Files => ({ 'w.ts': `import amqp from 'amqplib';\nconst conn = await amqp.connect('amqp://r');\nconst ch = await conn.createChannel();\nawait ch.prefetch(5);\nch.consume('prices', async message => {\nch.ack(message);\n${work}\n${answer}\n});\nprocess.once('SIGTERM', () => ch.close());\n` });
  const read = "const row = await prisma.price.findFirst({ where: { id: 1 } });";

  test('who asked asks again, unless more is lost than an answer', () => {
    expect(places(files(read), 'amqp/ack-before-work')).toEqual(['note w.ts:6']);
    expect(places(files(`${read}\nawait prisma.price.update({ where: { id: 1 }, data: { asked: 1 } });`), 'amqp/ack-before-work')).toEqual(['error w.ts:6']);
    expect(places(files(read, ''), 'amqp/ack-before-work')).toEqual(['error w.ts:6']);
  });
});

test('what is named is what may fail, not a wait', () => {
  const files = (tried: string): Files => ({ 'w.ts': `import { Worker } from 'bullmq';\nconst worker = new Worker('mail', async job => {\ntry { ${tried} } catch (error) { console.error(error); }\n});\nprocess.once('SIGTERM', () => worker.close());\n` });
  expect(said(files('await timeout(100); await deliver(job);'))[0]).toContain('the error of deliver(job) with a log');
  expect(said(files('await timeout(100);'))).toEqual([]);
});

describe('jobs without attempts', () => {
  const queue = "import { Queue, Worker } from 'bullmq';\nlet mails: Queue | null = null;\nexport function mailQueue() {\n  if (!mails) mails = new Queue('mail', { connection });\n  return mails;\n}\nexport const worker = new Worker('mail', async job => { await transport.sendMail(job.data); }, { connection });\nprocess.once('SIGTERM', () => worker.close());\n";
  const route = (options: string): string => `import { mailQueue } from './mails';\nexport async function post() {\n  const queue = mailQueue();\n  await queue.add('one', { to: 'a' }${options});\n}\n`;
  const related = (options: string): readonly (readonly string[])[] => {
    const [rule] = rules.filter(({ id }) => id === 'bullmq/no-attempts');
    return [...rule!.check(linked({ 'package.json': '{"name":"shop"}', 'mails.ts': queue, 'route.ts': route(options) }), thresholds)].map(one => (one.related ?? []).map(({ at }) => `${at.path}:${at.startLine}`));
  };

  test('are shown where they are added, in files that know the queue by a function alone', () => {
    expect(related('')).toEqual([['route.ts:4']]);
    expect(related(", { jobId: '1' }")).toEqual([['route.ts:4']]);
    expect(related(', { attempts: 3 }')).toEqual([]);
    const words = analyzers.find(({ format }) => format === 'typescript')?.words;
    expect([words?.test(route('')), words?.test("const names = new Set();\nnames.add('a');\n")]).toEqual([true, false]);
  });
});
