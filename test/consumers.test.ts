import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { MessageConsumer, Model, Problem } from '../src/model/index.js';
import { parseTypeScript } from '../src/parsers/typescript.js';
import { loadTypeScript } from '../src/parsers/typescript/read.js';
import { rules } from '../src/rules/index.js';
import { linked, problemsOf, type Files } from './linked.js';
import { thresholds } from './model-builders.js';

/** Consumers of messages in TypeScript and JavaScript: which there are, how they are left, and when they acknowledge. */
beforeAll(() => loadTypeScript());

const modelOf = (files: Files): Model => linked({ 'package.json': '{"name":"app"}', ...files });
const consumers = (files: Files): readonly MessageConsumer[] => modelOf(files).consumers;
const saidBy = (files: Files, of: (id: string) => boolean): readonly string[] => { const model = modelOf(files); return rules.filter(({ id }) => of(id)).flatMap(rule => [...rule.check(model, thresholds)].filter(isLoud).map(() => rule.id)); };
/** Hints that are shown under the strict preset alone have tests of their own. */
const isLoud = ({ severity, confidence }: Problem): boolean => severity !== 'note' || confidence !== 'low';
/** But for requests without an end, which have a test of their own. */
const said = (files: Files): readonly string[] => saidBy(files, id => /^(node|bullmq|amqp|sqs|kafka|tasks)\//.test(id) && id !== 'tasks/no-network-timeout');

const WORKER = "import { Worker } from 'bullmq';\nconst worker = new Worker('mail', async job => { await send(job); }, { connection });\n";
const AMQP = "import amqp from 'amqplib';\nconst conn = await amqp.connect('amqp://r');\nconst ch = await conn.createChannel();\nawait ch.prefetch(5);\nprocess.once('SIGTERM', async () => { await ch.cancel('x'); });\n";
const SQS = "import { SQSClient, ReceiveMessageCommand, DeleteMessageCommand } from '@aws-sdk/client-sqs';\nconst sqs = new SQSClient({});\nconst QueueUrl = 'https://sqs/1/orders';\n";

describe('are found', () => {
  test.each<[string, string, string, string | undefined]>([
    ['BullMQ', WORKER, 'bullmq', 'mail'],
    ['BullMQ by require', "const { Worker } = require('bullmq');\nnew Worker('mail', work);\n", 'bullmq', 'mail'],
    ['BullMQ by a namespace', "import * as mq from 'bullmq';\nnew mq.Worker(`mail`, work);\n", 'bullmq', 'mail'],
    ['in a class', "import { Worker } from 'bullmq';\nexport class Jobs {\n  private worker?: Worker;\n  start() { this.worker = new Worker('mail', this.run.bind(this)); }\n  async run() {}\n}\n", 'bullmq', 'mail'],
    ['in a callback', "import { Worker } from 'bullmq';\nconnect().then(() => { new Worker('mail', work); });\n", 'bullmq', 'mail'],
    ['Bull', "import Queue from 'bull';\nconst queue = new Queue('mail');\nqueue.process(async job => {});\n", 'bull', undefined],
    ['NestJS', "import { Processor, WorkerHost } from '@nestjs/bullmq';\n@Processor({ name: 'mail' })\nexport class Mail extends WorkerHost { async process(job) {} }\n", 'bullmq', 'mail'],
    ['amqplib', `${AMQP}ch.consume('events', async msg => { ch.ack(msg); });\n`, 'amqp', 'events'],
    ['a loop over SQS', `${SQS}while (true) { const out = await sqs.send(new ReceiveMessageCommand({ QueueUrl })); }\n`, 'sqs', 'orders'],
    ['sqs-consumer', "import { Consumer } from 'sqs-consumer';\nConsumer.create({ queueUrl: 'https://sqs/1/orders', handleMessage: async () => {} }).start();\n", 'sqs-consumer', 'orders'],
    ['NestJS over RabbitMQ', "import { NestFactory } from '@nestjs/core';\nconst app = await NestFactory.createMicroservice(Module, { transport: Transport.RMQ, options: { queue: 'events' } });\napp.enableShutdownHooks();\n", 'amqp', 'events'],
    ['golevelup', "import { RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';\nexport class Events {\n  @RabbitSubscribe({ exchange: 'a', queue: 'events' })\n  async handle(message) {}\n}\n", 'amqp', 'events'],
    ['ssut', "import { SqsMessageHandler } from '@ssut/nestjs-sqs';\nexport class Events {\n  @SqsMessageHandler('events', false)\n  async handle(message) {}\n}\n", 'sqs-consumer', 'events'],
    ['KafkaJS', "import { Kafka } from 'kafkajs';\nconst consumer = new Kafka({}).consumer({ groupId: 'g' });\nawait consumer.run({ eachMessage: async () => {} });\n", 'kafka', undefined],
    ['pg-boss', "import PgBoss from 'pg-boss';\nconst boss = new PgBoss('x');\nawait boss.work('mail', async () => {});\n", 'pg-boss', 'mail'],
  ])('%s', (_, code, kind, queue) => {
    expect(consumers({ 'src/worker.ts': code }).map(one => [one.kind, one.queue])).toEqual([[kind, queue]]);
  });

  test('once for each call of what makes them, with the queue and the name they have there', () => {
    const files = { 'src/queues.ts': "import { Worker } from 'bullmq';\nexport function createWorker(name: string, run: any, concurrency = 5) {\n  return new Worker(name, run, { concurrency, lockDuration: 60000 });\n}\n", 'src/worker.ts': "import { createWorker } from './queues.js';\nconst mail = createWorker('mail', async () => {});\nconst bill = createWorker('bill', async () => {}, 2);\nprocess.on('SIGTERM', async () => { await mail.close(); process.exit(0); });\n" };
    expect(consumers(files).map(one => [one.queue, one.name, one.closes.length, one.options.get('lockDuration')?.state])).toEqual([['mail', 'mail', 1, 'set'], ['bill', 'bill', 0, 'set']]);
    expect(said(files)).toEqual(['bullmq/no-graceful-close']);
  });

  test('queues of Bull by their own names: one of another module, or a tool of its own, closes none here', () => {
    const queue = (stop: string): string => `import Bull from 'bull';\nimport { run } from './run';\nconst queue = new Bull('x');\nexport const worker = {\n  start() { void queue.process(2, async job => run(job)); },\n${stop}};\n`;
    const main = (more = ''): string => `import { worker as mail } from './mail';\nimport { worker as bill } from './bill';\nmail.start();\nbill.start();\nprocess.on('SIGTERM', async () => { await mail.stop(); ${more}process.exit(0); });\n`;
    const stop = '  async stop() { await queue.close(); },\n';
    expect(said({ 'src/mail.ts': queue(stop), 'src/bill.ts': queue(''), 'src/main.ts': main() })).toEqual(['bullmq/no-graceful-close']);
    expect(said({ 'src/mail.ts': queue(stop), 'src/bill.ts': queue(stop), 'src/main.ts': main('await bill.stop(); ') })).toEqual([]);
    expect(said({ 'src/queues.ts': "import Bull from 'bull';\nexport const queue = new Bull('x');\n", 'src/mail.ts': "import { queue } from './queues';\nqueue.process(async job => {});\n", 'src/main.ts': "import { queue as mail } from './queues';\nimport './mail';\nprocess.on('SIGTERM', async () => { await mail.close(); });\n" })).toEqual([]);
    const field = "import Bull from 'bull';\nexport class Worker {\n  async run() {\n    this.jobQueue = new Bull('jobs');\n    await this.jobQueue.process(10, async job => {});\n  }\n  async stop() { await this.jobQueue.close(); }\n}\nconst worker = new Worker();\nprocess.once('SIGTERM', async () => { await worker.stop(); });\n";
    expect(said({ 'src/worker.ts': field })).toEqual([]);
    expect(said({ 'src/worker.ts': "import Bull from 'bull';\nconst jobs = new Bull('jobs');\njobs.process(async job => {});\n", 'scripts/proxy.mjs': "process.on('SIGTERM', () => { process.exit(0); });\nserve();\n" })).toEqual(['node/no-sigterm-handler']);
  });

  test('where classes that inherit from what makes them give them work, with the options that pass through', () => {
    const files = {
      'src/bull.ts': "import { Worker } from 'bullmq';\nexport class Bull {\n  private _worker: Worker;\n  createWorker(topic: string, processor, options) {\n    const { concurrency, lockDuration } = options;\n    const config = { connection, ...(concurrency && { concurrency }), ...(lockDuration && { lockDuration }) };\n    this._worker = new Worker(topic, processor, { ...config });\n    return this._worker;\n  }\n  async shutdown() { await this._worker.close(); }\n}\n",
      'src/base.ts': "import { Bull } from './bull.js';\nexport class Base {\n  private bull: Bull;\n  constructor(bull: Bull) { this.bull = bull; }\n  init(processor, options) { this.start(processor, options); }\n  start(processor, options) { this.bull.createWorker('mail', processor, options); }\n}\n",
      'src/mail.ts': "import { Base } from './base.js';\nexport class Mail extends Base {\n  constructor(bull) { super(bull); this.init(this.processor(), this.options()); }\n  private options(): WorkerOptions { return { lockDuration: 900, concurrency: 2 }; }\n  private processor() { return async job => { await prisma.mail.create({ data: job.data }); }; }\n}\n",
      'src/main.ts': "process.once('SIGTERM', async () => { await bull.shutdown(); process.exit(0); });\n",
    };
    expect(consumers(files).map(one => [one.id, one.queue, one.handler?.at.path, one.closes.map(({ path }) => path), one.options.get('lockDuration'), one.options.get('concurrency')])).toMatchObject([['src/mail.ts:3', 'mail', 'src/mail.ts', ['src/bull.ts'], { state: 'set', value: 900 }, { state: 'set', value: 2 }]]);
    expect(said(files)).toEqual(['bullmq/lock-shorter-than-job', 'tasks/non-idempotent-write']);
    expect(consumers(files)[0]?.options.get('lockDuration')?.at).toMatchObject({ path: 'src/mail.ts', startLine: 4 });
  });

  test('graphile-worker by its tasks, which it stops by itself', () => {
    const files = { 'w.ts': "import { run } from 'graphile-worker';\nimport { bill } from './bill.js';\nawait run({ connectionString, taskList: { mail: async payload => { await transport.sendMail({ to: payload.to }); }, bill } });\n", 'bill.ts': 'export async function bill(payload) { await prisma.bill.upsert({ where: { id: 1 }, create: {}, update: {} }); }\n' };
    expect(consumers(files).map(one => [one.kind, one.queue, one.handler?.at.path])).toEqual([['graphile-worker', 'mail', 'w.ts'], ['graphile-worker', 'bill', 'bill.ts']]);
    expect(said(files)).toEqual(['tasks/non-idempotent-write']);
    expect(consumers({ 'w.ts': "import { run } from 'graphile-worker';\nawait run({ taskDirectory: 'tasks' });\n" }).map(one => one.kind)).toEqual(['graphile-worker']);
  });

  test('what a clock sends again is not lost', () => {
    const files = (schedule: string): Files => ({ 'package.json': '{"name":"app","dependencies":{"pg-boss":"12"}}', 'w.ts': `const NAME = 'sweep';\n${schedule}\nawait boss.work(NAME, async () => { try { await fetch('https://a', { method: 'PUT' }); } catch (e) { console.error(e); } });\nprocess.once('SIGTERM', () => boss.stop());\n` });
    expect(said(files(''))).toEqual(['tasks/failure-acknowledged']);
    expect(said(files("await boss.schedule('sweep', '* * * * *');"))).toEqual([]);
    expect(said(files("await boss.schedule('other', '* * * * *');"))).toEqual(['tasks/failure-acknowledged']);
  });

  test('a schedule in every copy of a worker, unless it refreshes what each copy keeps', () => {
    const files = (body: string): Files => ({ 'w.ts': WORKER, 's.ts': `import { Cron } from '@nestjs/schedule';\nexport class Beat { @Cron('* * * * *') async beat() { ${body} } }\n` });
    const told = (body: string): readonly string[] => said(files(body)).filter(id => id === 'node/scheduler-per-replica');
    expect(told("await tell('alive');")).toEqual(['node/scheduler-per-replica']);
    expect(told('try { this.flags = await flags(); } catch (e) { console.error(e); }')).toEqual([]);
  });

  test('pg-boss whose instance comes from another file, in a package that depends on it', () => {
    const files = (dependencies: string, code: string): Files => ({ 'package.json': `{"name":"app","dependencies":{${dependencies}}}`, 'src/mail.ts': code });
    const code = "export async function register(boss: Pick<Boss, 'work'>) { await boss.work('mail', { batchSize: 1 }, async ([job]) => { await send(job); }); }\n";
    expect(consumers(files('"pg-boss":"12"', code)).map(one => [one.kind, one.queue, one.handler !== undefined])).toEqual([['pg-boss', 'mail', true]]);
    expect(consumers(files('', code))).toEqual([]);
    expect(consumers(files('', "import type { PgBoss } from 'pg-boss';\nexport class Jobs { constructor(private jobs: PgBoss) {} async start() { await this.jobs.work('mail', async () => {}); } }\n")).map(one => one.kind)).toEqual(['pg-boss']);
    expect(consumers(files('"pg-boss":"12"', "boss.work('hard');\nteam.work('mail', async () => {});\n"))).toEqual([]);
  });

  test.each(['src/worker.spec.ts', 'test/worker.ts', 'src/__tests__/worker.ts', 'docs/worker.js', 'e2e/worker.ts'])('not in %s', path => {
    expect(consumers({ [path]: WORKER })).toEqual([]);
  });

  test('not twice where the compiled file lies beside its source, and not in false friends', () => {
    expect(consumers({ 'src/worker.ts': WORKER, 'src/worker.js': WORKER })).toHaveLength(1);
    expect(consumers({ 'a.ts': "import { Worker } from 'node:worker_threads';\nnew Worker('./thread.js');\n", 'b.ts': "const worker = new Worker('web.js');\n", 'c.ts': "import { Worker } from './mine.js';\nnew Worker('x');\n", 'mine.ts': 'export class Worker {}\n' })).toEqual([]);
  });

  test('through a tsconfig’s paths and a package of the workspace', () => {
    const files = { 'package.json': '{"name":"root"}', 'apps/api/package.json': '{"name":"api","dependencies":{"@shop/jobs":"*"}}', 'apps/api/tsconfig.json': '{"compilerOptions":{"paths":{"@/*":["./src/*"]}}}', 'packages/jobs/package.json': '{"name":"@shop/jobs","main":"dist/index.js"}', 'packages/jobs/src/index.ts': "export const QUEUE = 'mail';\n", 'apps/api/src/options.ts': 'export const options = { lockDuration: 900 };\n', 'apps/api/src/worker.ts': "import { Worker } from 'bullmq';\nimport { QUEUE } from '@shop/jobs';\nimport { options } from '@/options';\nnew Worker(QUEUE, async () => {}, options);\n" };
    expect(consumers(files).map(one => [one.queue, one.options.get('lockDuration')])).toMatchObject([['mail', { state: 'set', value: 900 }]]);
  });
});

describe('the way out', () => {
  const close = "process.once('SIGTERM', async () => { await worker.close(); process.exit(0); });\n";
  test.each<[string, Files, readonly string[]]>([
    ['nothing hears SIGTERM', { 'w.ts': WORKER }, ['node/no-sigterm-handler']],
    ['closed and waited for', { 'w.ts': WORKER + close }, []],
    ['a named handler, further away', { 'w.ts': `${WORKER}export { worker };\n`, 'main.ts': "import { worker } from './w.js';\nasync function stop() { await worker.close(); process.exit(0); }\nfor (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);\n" }, []],
    ['another signal only', { 'w.ts': `${WORKER}process.on('SIGINT', () => worker.close());\n` }, ['node/no-sigterm-handler']],
    ['a library does it', { 'w.ts': `import closeWithGrace from 'close-with-grace';\n${WORKER}closeWithGrace(async () => { await worker.close(); });\n` }, []],
    ['the process ends at once', { 'w.ts': `${WORKER}process.on('SIGTERM', () => { worker.close(); process.exit(0); });\n` }, ['node/exits-before-drain']],
    ['it ends when the worker is closed', { 'w.ts': `${WORKER}process.on('SIGTERM', () => worker.close().then(() => process.exit(0)));\n` }, []],
    ['closed as one of a list', { 'w.ts': `${WORKER}const all = [worker];\nprocess.on('SIGTERM', async () => { await Promise.all(all.map(w => w.close())); process.exit(0); });\n` }, []],
    ['the worker is forgotten', { 'w.ts': `${WORKER}process.on('SIGTERM', async () => { await server.close(); process.exit(0); });\n` }, ['bullmq/no-graceful-close']],
    ['NestJS without hooks', { 'main.ts': "import { NestFactory } from '@nestjs/core';\nconst app = await NestFactory.create(Module);\n", 'w.ts': "import { Worker } from 'bullmq';\nexport class Driver { worker = new Worker('mail', work); async onModuleDestroy() { await this.worker.close(); } }\n" }, ['node/shutdown-hooks-missing']],
    ['NestJS with hooks', { 'main.ts': "import { NestFactory } from '@nestjs/core';\nconst app = await NestFactory.create(Module);\napp.enableShutdownHooks();\n", 'w.ts': "import { Worker } from 'bullmq';\nexport class Driver { worker = new Worker('mail', work); async onModuleDestroy() { await this.worker.close(); } }\n" }, []],
    ['a note that nothing looks at', { 'w.ts': `${WORKER}let stopping = false;\nprocess.on('SIGTERM', () => { stopping = true; });\n` }, ['bullmq/no-graceful-close']],
    ['a loop that looks at it, beside another process of the package', { 'w.ts': "import { Worker } from 'bullmq';\nconst worker = new Worker('mail', null);\nlet stopping = false;\nprocess.on('SIGTERM', () => { stopping = true; });\nwhile (!stopping) await work(await worker.getNextJob('a'));\n", 'api.ts': "import express from 'express';\nconst app = express();\nprocess.on('SIGTERM', () => { process.exit(0); });\napp.listen(80);\n" }, []],
    ['a handler that forgets it, beside another process', { 'w.ts': `${WORKER}process.on('SIGTERM', async () => { await server.close(); process.exit(0); });\n`, 'api.ts': "import express from 'express';\nprocess.on('SIGTERM', () => { process.exit(0); });\nexpress().listen(80);\n" }, ['bullmq/no-graceful-close']],
    ['NestJS with hooks, and a worker that none of them closes', { 'main.ts': "import { NestFactory } from '@nestjs/core';\nconst app = await NestFactory.create(Module);\napp.enableShutdownHooks();\n", 'w.ts': "import { Worker } from 'bullmq';\nexport class Driver { worker = new Worker('mail', work); }\n" }, ['bullmq/no-graceful-close']],
    ['a handler in a package that it depends on', { 'packages/common/package.json': '{"name":"common"}', 'packages/common/stop.ts': "export function onStop(close: () => Promise<void>) { process.once('SIGTERM', async () => { await close(); process.exit(0); }); }\n", 'apps/worker/package.json': '{"name":"worker","dependencies":{"common":"*"}}', 'apps/worker/w.ts': `import { onStop } from 'common';\n${WORKER}onStop(() => worker.close());\n` }, []],
    ['a library of the workspace, closed by its user', { 'packages/jobs/package.json': '{"name":"jobs"}', 'packages/jobs/w.ts': `${WORKER}export const stop = () => worker.close();\n`, 'apps/api/package.json': '{"name":"api","dependencies":{"jobs":"*"}}', 'apps/api/main.ts': "import { stop } from 'jobs';\nprocess.on('SIGTERM', async () => { await stop(); process.exit(0); });\n" }, []],
    ['a function that asks once, called by others', { 'w.ts': `${SQS}export async function tick() { await sqs.send(new ReceiveMessageCommand({ QueueUrl })); }\n` }, []],
  ])('%s', (_, files, expected) => { expect(said(files)).toEqual(expected); });
});

test('a loop over SQS is shown with what starts it', () => {
  const [finding] = rules.filter(({ id }) => id === 'node/no-sigterm-handler').flatMap(rule => [...rule.check(modelOf({ 'w.ts': `${SQS}async function poll() {\nwhile (true) { await sqs.send(new ReceiveMessageCommand({ QueueUrl })); }\n}\npoll().catch(e => { process.exit(1); });\n` }), thresholds)]);
  expect(finding?.related?.map(({ at, message }) => [at.startLine, message])).toEqual([[7, 'starts the loop']]);
});

test('what a handler of Kafka does twice', () => {
  expect(said({ 'w.ts': "import { Kafka } from 'kafkajs';\nconst consumer = new Kafka({}).consumer({ groupId: 'g' });\nawait consumer.run({ eachMessage: async ({ message }) => { await prisma.mail.create({ data: { body: message.value } }); } });\nprocess.once('SIGTERM', async () => { await consumer.disconnect(); process.exit(0); });\n" })).toEqual(['tasks/non-idempotent-write']);
});

describe('the order in which things are closed', () => {
  const on = (close: string, make = "const pool = new Pool();\nconst redis = new IORedis('r');\nconst cache = new IORedis('c');"): readonly string[] => said({ 'w.ts': `import { Worker } from 'bullmq';\nimport IORedis from 'ioredis';\nimport { Pool } from 'pg';\nimport { PrismaClient } from '@prisma/client';\n${make}\nconst prisma = new PrismaClient();\nconst worker = new Worker('mail', async job => {}, { connection: redis });\nasync function closeData() { await pool.end(); }\nasync function closeWork() { await worker.close(); }\nprocess.once('SIGTERM', async () => {\n${close}\nprocess.exit(0); });\n` }).filter(id => id === 'node/close-order');
  test.each<[string, string, number]>([
    ['its connection first', 'await redis.quit();\nawait worker.close();', 1],
    ['a pool of connections first', 'await pool.end();\nawait worker.close();', 1],
    ['in a try', 'try { await pool.end(); } catch {}\nawait worker.close();', 1],
    ['the worker first', 'await worker.close();\nawait redis.quit();\nawait pool.end();', 0],
    ['all at once', 'await Promise.all([pool.end(), worker.close()]);', 0],
    ['something else first', 'await cache.quit();\nawait server.close();\nawait worker.close();', 0],
    ['what connects again by itself', 'await prisma.$disconnect();\nawait worker.close();', 0],
    ['in functions that are waited for', 'await closeData();\nawait closeWork();', 1],
    ['in a function, and here', 'try { await closeData(); } finally { await worker.close(); }', 1],
    ['in functions, the worker first', 'await closeWork();\nawait closeData();', 0],
    ['in functions, all at once', 'await Promise.all([closeData(), closeWork()]);', 0],
    ['in a function that is only sometimes called', 'if (failed) { await closeData(); return; }\nawait closeWork();', 0],
  ])('%s', (_, close, count) => { expect(on(close)).toHaveLength(count); });
});

describe('acknowledgement', () => {
  const amqp = (body: string, options = ''): readonly string[] => said({ 'c.ts': `${AMQP}ch.consume('events', async msg => {\n${body}\n}${options});\n` });
  test.each<[string, string, readonly string[]]>([
    ['behind the work', 'await work(msg);\nch.ack(msg);', []],
    ['in front of it', 'ch.ack(msg);\nawait work(msg);', ['amqp/ack-before-work']],
    ['in finally', 'try { await work(msg); } finally { ch.ack(msg); }', ['amqp/ack-after-failure']],
    ['behind a handler that swallows', 'try { await work(msg); } catch (e) { console.error(e); }\nch.ack(msg);', ['amqp/ack-after-failure']],
    ['where the message is sent again', "try { await work(msg); ch.ack(msg); } catch (e) { if (tries(msg) > 5) ch.reject(msg, false); else { ch.publish('', 'events', msg.content); ch.ack(msg); } }", []],
    ['where it is caught', 'try { await work(msg); ch.ack(msg); } catch (e) { console.error(e); ch.ack(msg); }', ['amqp/ack-after-failure']],
    ['behind a handler that refuses the message', 'try { await work(msg); } catch (e) { ch.nack(msg, false, false); return; }\nch.ack(msg);', []],
    ['at once, where there is nothing to do', 'if (!msg.content.length) { ch.ack(msg); return; }\nawait work(msg);\nch.ack(msg);', []],
    ['in front of what is returned', "async function work(m) {}\nch.ack(msg);\nreturn work(msg);", ['amqp/ack-before-work']],
    ['in front of a value', 'ch.ack(msg);\nreturn JSON.parse(msg.content);', []],
    ['in front of work that is started', 'async function work(m) {}\nch.ack(msg);\nwork(msg);', ['amqp/ack-before-work']],
    ['in a function that it calls', 'async function handle(m) { ch.ack(m);\nawait work(m); }\nawait handle(msg);', ['amqp/ack-before-work']],
    ['while the work runs', 'async function work(m) {}\nwork(msg);\nch.ack(msg);', ['amqp/ack-before-work']],
    ['while a promise with an error handler runs', 'work(msg).catch(console.error);\nch.ack(msg);', ['amqp/ack-before-work']],
    ['when the work that was started is done', 'work(msg).then(() => ch.ack(msg)).catch(() => ch.nack(msg));', []],
    ['by what the work is given', 'async function work(m, done) { done(); }\nwork(msg, () => ch.ack(msg));', []],
    ['where no work was started', 'async function tell(m) {}\nif (!msg.content.length) { tell(msg); return; }\nch.ack(msg);', []],
  ])('of AMQP %s', (_, body, expected) => { expect(amqp(body)).toEqual(expected); });

  test('as it is received, by NestJS', () => {
    const nest = (options: string): readonly string[] => said({ 'main.ts': `import { NestFactory } from '@nestjs/core';\nconst app = await NestFactory.createMicroservice(Module, { transport: Transport.RMQ, options: { queue: 'events'${options} } });\napp.enableShutdownHooks();\n` });
    expect(nest('')).toEqual(['amqp/no-ack']);
    expect(nest(', noAck: false')).toEqual(['amqp/no-prefetch']);
    expect(nest(', noAck: false, prefetchCount: 5')).toEqual([]);
  });

  test('while the work still runs', () => {
    const files = (body: string): Files => ({ 'c.ts': `import { Consumer } from 'sqs-consumer';\nasync function work(m: unknown) {}\nconst consumer = Consumer.create({ queueUrl: 'x', handleMessage: async message => { ${body} } });\nprocess.once('SIGTERM', () => consumer.stop());\n` });
    expect(said(files('work(message);'))).toEqual(['sqs/delete-before-work']);
    expect(said(files('await work(message);'))).toEqual([]);
    expect(said(files('return work(message);'))).toEqual([]);
  });

  test('while the work runs that who asks for messages gives', () => {
    const files = (given: string, call: string): Files => ({ 'q.ts': `${AMQP}export function subscribe(handle) {\n  ch.consume('events', async msg => { ${call}handle(msg.content.toString()); ch.ack(msg); });\n}\n`, 'e.ts': `import { subscribe } from './q.js';\nasync function work(text: string) {}\nsubscribe(${given});\n` });
    expect(said(files('text => work(text)', ''))).toEqual(['amqp/ack-before-work']);
    expect(said(files('work', ''))).toEqual(['amqp/ack-before-work']);
    expect(said(files('work', 'await '))).toEqual([]);
    expect(said(files('text => { seen.add(text); }', ''))).toEqual([]);
    expect(said({ 'q.ts': files('', '')['q.ts']!.replace('(handle)', '(handle: (text: string) => Promise<unknown>)') })).toEqual(['amqp/ack-before-work']);
  });

  test('by the context that NestJS gives', () => {
    const files = (body: string, context = 'context: RmqContext'): Files => ({
      'main.ts': "import { NestFactory } from '@nestjs/core';\nconst app = await NestFactory.createMicroservice(Module, { transport: Transport.RMQ, options: { queue: 'events', noAck: false, prefetchCount: 5 } });\napp.enableShutdownHooks();\n",
      'c.ts': `import { EventPattern } from '@nestjs/microservices';\nimport { Docs } from './docs.js';\nexport class Events {\n  constructor(private docs: Docs) {}\n  @EventPattern('saved', Transport.RMQ)\n  saved(data: Data, ${context}) {\n${body}\n}\n}\n`,
      'docs.ts': 'export class Docs { async save(data: Data) {} }\n',
    });
    const ack = 'context.getChannelRef().ack(context.getMessage());';
    expect(said(files(`${ack}\nreturn this.docs.save(data);`))).toEqual(['amqp/ack-before-work']);
    expect(said(files(`${ack}\nthis.docs.save(data);`))).toEqual(['amqp/ack-before-work']);
    expect(said(files(`return this.docs.save(data).then(() => { ${ack} });`))).toEqual([]);
    expect(said(files('return this.docs.save(data);', 'context: Other'))).toEqual([]);
  });

  test('of a message of Kafka that waits for its turn alone', () => {
    const files = (work: string): Files => ({ 'c.ts': `import { Kafka } from 'kafkajs';\nconst consumer = new Kafka({}).consumer({ groupId: 'g' });\nawait consumer.run({ eachMessage: async ({ message }) => {\nwhile (busy()) await timeout(100);\n${work}\n} });\nprocess.once('SIGTERM', async () => { await consumer.disconnect(); process.exit(0); });\n` });
    expect(said(files('handle(message).then(() => done()).catch(console.error).finally(() => free());'))).toEqual(['kafka/commit-before-work']);
    expect(said(files('await handle(message);'))).toEqual([]);
  });

  test('of a batch of Kafka whose handlers nobody awaits', () => {
    const files = (body: string): Files => ({ 'c.ts': `import { Kafka } from 'kafkajs';\nconst consumer = new Kafka({}).consumer({ groupId: 'g' });\nasync function onBatch({ batch, heartbeat }) {\n${body}\nawait heartbeat();\n}\nawait consumer.run({ eachBatch: onBatch });\nprocess.once('SIGTERM', async () => { await consumer.disconnect(); process.exit(0); });\n` });
    expect(said(files('batch.messages.forEach(message => { handle(message).catch(console.error); });'))).toEqual(['kafka/commit-before-work']);
    expect(said(files('batch.messages.forEach(async message => { await handle(message); });'))).toEqual(['kafka/commit-before-work']);
    expect(said(files('await Promise.all(batch.messages.map(message => handle(message)));'))).toEqual([]);
    expect(said(files('batch.messages.forEach(message => { seen.push(message); });'))).toEqual([]);
  });

  test('never, and without a limit', () => {
    expect(amqp('await work(msg);', ', { noAck: true }')).toEqual(['amqp/no-ack']);
    // answers to this process's own requests have to be taken so
    expect(said({ 'c.ts': `${AMQP}ch.consume('amq.rabbitmq.reply-to', async msg => { await work(msg); }, { noAck: true });\n` })).toEqual([]);
    const configured = (given: string): Files => ({ 'c.ts': AMQP.replace('ch.prefetch(5)', `ch.prefetch(${given})`) + "ch.consume('events', async msg => { await work(msg); ch.ack(msg); });\n" });
    const many = (given: string): number => problemsOf('amqp/no-prefetch', modelOf(configured(given))).length;
    expect(["Number(config.get('PREFETCH', 200))", "parseInt(config.get('PREFETCH', '5'), 10)", "Number(config.get('PREFETCH'))"].map(many)).toEqual([1, 0, 0]);
    expect(said({ 'c.ts': AMQP.replace('await ch.prefetch(5);\n', '') + "ch.consume('events', async msg => { await work(msg); ch.ack(msg); });\n" })).toEqual(['amqp/no-prefetch']);
  });

  const remove = 'await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));';
  const sqs = (body: string): readonly string[] => said({ 'c.ts': `${SQS}const stop = new AbortController();\nprocess.once('SIGTERM', () => stop.abort());\nwhile (!stop.signal.aborted) {\n  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));\n  for (const message of Messages) {\n${body}\n  }\n}\n` });
  test.each<[string, string, readonly string[]]>([
    ['behind the work', `await work(message);\n${remove}`, []],
    ['in front of it', `${remove}\nawait work(message);`, ['sqs/delete-before-work']],
    ['in finally', `try { await work(message); } finally { ${remove} }`, ['sqs/delete-on-failure']],
    ['where the work succeeded', `try { await work(message); ${remove} } catch (e) { console.error(e); }`, []],
    ['behind a handler that goes on with the next one', `try { await work(message); } catch (e) { console.error(e); continue; }\n${remove}`, []],
    ['in front of it, in functions that are called', `async function work(m) {}\nasync function done(m) { ${remove.replace('message.', 'm.')} }\nasync function handle(m) {\nawait done(m);\nswitch (m.kind) { case 'a': return work(m); }\n}\nawait handle(message);`, ['sqs/delete-before-work']],
    ['behind it, by a function that is called', `async function done(m) { ${remove.replace('message.', 'm.')} }\nasync function handle(m) { await work(m); }\nawait handle(message);\nawait done(message);`, []],
    ['behind it, by a function that cleans up', `async function work(m) {}\nasync function done(m) { ${remove.replace('message.', 'm.')}\nawait forget(m); }\nawait work(message);\nawait done(message);`, []],
    ['where there is nothing to do, by a function that is called', `async function done(m) { ${remove.replace('message.', 'm.')} }\nif (!message.Body) { await done(message); continue; }\nawait work(message);\nawait done(message);`, []],
  ])('of SQS %s', (_, body, expected) => { expect(sqs(body)).toEqual(expected); });
});

describe('what handlers do', () => {
  const on = (body: string): readonly string[] => said({ 'w.ts': `import { Worker } from 'bullmq';\nimport { prisma } from './db.js';\nimport OpenAI from 'openai';\nconst worker = new Worker('mail', async job => {\n${body}\n}, { connection });\nprocess.once('SIGTERM', async () => { await worker.close(); process.exit(0); });\n` });
  test.each<[string, readonly string[]]>([
    ['await prisma.mail.create({ data: job.data });', ['tasks/non-idempotent-write']],
    ['await prisma.mail.upsert({ where: { id: job.data.id }, create: {}, update: {} });', []],
    ['await prisma.mail.createMany({ data: job.data, skipDuplicates: true });', []],
    ['await prisma.user.update({ where: { id: 1 }, data: { count: { increment: 1 } } });', ['tasks/non-idempotent-write']],
    ['await prisma.user.update({ where: { id: 1 }, data: { name: job.data.name } });', []],
    ["if (job.data.kind === 'a') await transport.sendMail({ to: job.data.to });", ['tasks/non-idempotent-write']],
    ['const row = await prisma.mail.findFirst({ where: { id: 1 } });\nif (row.sent) return;\nawait transport.sendMail({});', []],
    ["await io.runTask('send', async () => { await transport.sendMail({}); });", []],
    ['for (const user of await prisma.user.findMany()) await transport.sendMail({ to: user.mail });', ['tasks/unbatched-loop']],
    ['const users = await prisma.user.findMany({ take: 100 });\nawait Promise.all(users.map(async user => { await transport.sendMail({ to: user.mail }); }));', ['tasks/non-idempotent-write']],
    ['const users = await prisma.user.findMany();\nawait Promise.all(users.map(async user => { await transport.sendMail({ to: user.mail }); }));', ['tasks/unbatched-loop']],
    ['async function log() { await prisma.mail.create({ data: {} }); }\nlog().catch(console.error);', []],
    ['async function log() { await prisma.mail.create({ data: {} }); }\nlog();', []],
    ['async function log() { await prisma.mail.create({ data: {} }); }\nawait log();', ['tasks/non-idempotent-write']],
    ['async function log() { await prisma.mail.create({ data: {} }); }\nawait log().catch(e => { throw e; });', ['tasks/non-idempotent-write']],
    ["try { await fetch('https://a', { method: 'PUT' }); } catch (e) { console.error(e); }", ['tasks/failure-acknowledged']],
    ["try { await fetch('https://a', { method: 'PUT' }); } catch (e) { console.error(e); throw e; }", []],
    ["try { await fetch('https://a', { method: 'PUT' }); } catch (e) { await tenant(() => prisma.run.update({ where: { id: 1 }, data: { status: 'failed' } })); }", ['tasks/failure-acknowledged']],
    ["try { await fetch('https://a', { method: 'PUT' }); } catch (e) { await prisma.run.update({ where: { id: 1 }, data: { status: 'failed' } }); throw e; }", []],
    ["try { await fetch('https://a', { method: 'PUT' }); } catch (e) { await alert(e); }", []],
    ["await prisma.run.update({ where: { id: 1 }, data: { status: 'begun' } });\ntry { await fetch('https://a', { method: 'PUT' }); } catch (e) { await prisma.run.update({ where: { id: 1 }, data: { status: 'failed' } }); }", ['tasks/failure-acknowledged']],
    ["async function work() { let answer;\ntry { answer = await fetch('https://a'); } catch (e) { console.error(e); return; }\nawait prisma.run.update({ where: { id: 1 }, data: { answer } }); }\nreturn work();", ['tasks/failure-acknowledged']],
    ["async function work() { let answer;\ntry { answer = await fetch('https://a'); } catch (e) { console.error(e); return; }\nawait prisma.run.update({ where: { id: 1 }, data: { answer } }); }\nconst answer = await work();\nawait tell(answer);", []],
    // a step: the others go on
    ["try { await fetch('https://a', { method: 'PUT' }); } catch (e) { console.error(e); }\nawait prisma.run.update({ where: { id: 1 }, data: { state: 'done' } });", ['tasks/failure-acknowledged']],
    ["try { await fetch('https://a', { method: 'PUT' }); } catch (e) { console.error(e); throw e; }\nawait prisma.run.update({ where: { id: 1 }, data: { state: 'done' } });", []],
    ["try { await prisma.lock.delete({ where: { id: 1 } }); } catch (e) { console.error(e); }\nawait prisma.run.update({ where: { id: 1 }, data: { state: 'done' } });", []],
    ["let rows = [];\ntry { rows = await prisma.item.findMany({ take: 10 }); } catch (e) { console.error(e); }\nawait prisma.run.update({ where: { id: 1 }, data: { rows } });", []],
    ["try { await work(job.data); } catch (e) {\ntry { await fetch('https://alerts', { method: 'POST' }); } catch (inner) { console.error(inner); }\nthrow e;\n}", []],
  ])('%j', (body, expected) => { expect(on(body)).toEqual(expected); });

  test('what a request/reply handler throws goes back to who asked', () => {
    const files = (pattern: string): Files => ({ 'c.ts': `import { Controller } from '@nestjs/common';\nimport { Ctx, EventPattern, MessagePattern, RmqContext } from '@nestjs/microservices';\n@Controller()\nexport class Mail {\n  @${pattern}('mail')\n  async handle(data: Order, @Ctx() context: RmqContext) {\n    const channel = context.getChannelRef(), message = context.getMessage();\n    try { return await this.orders.ship(data); } finally { channel.ack(message); }\n  }\n}\n` });
    const told = (pattern: string) => rules.filter(({ id }) => id === 'amqp/ack-after-failure').flatMap(rule => [...rule.check(modelOf(files(pattern)), thresholds)].map(({ severity, message }) => `${severity} ${message.replace(/^.*gone/, '')}`));
    expect([told('MessagePattern'), told('EventPattern')]).toEqual([['note ; who sent it gets the error as the answer'], ['undefined ']]);
  });

  test('a request without an end, through a package whose exports say where it is', () => {
    const files = (request: string): Files => ({
      'packages/calendar/package.json': '{"name":"@shop/calendar","exports":{".":{"types":"./x.d.ts","import":"./src/google/provider.ts"}}}',
      'packages/calendar/src/google/provider.ts': `const end = (url: string, init: RequestInit = {}) => fetch(url, { ...init, signal: AbortSignal.timeout(9000) });\nexport class Provider {\n  async list(id: string, options: RequestInit) { const answer = await ${request}; return answer.json(); }\n}\n`,
      'w.ts': "import { Worker } from 'bullmq';\nimport { Provider } from '@shop/calendar';\nconst worker = new Worker('sync', async job => { await new Provider().list(job.data.id, job.data.options); }, { connection });\nprocess.once('SIGTERM', async () => { await worker.close(); process.exit(0); });\n",
    });
    const endless = (given: Files): readonly string[] => saidBy(given, id => id === 'tasks/no-network-timeout');
    expect(endless(files('fetch(`https://a/${id}`)'))).toEqual(['tasks/no-network-timeout']);
    expect(endless(files("fetch(id, { method: 'GET', headers: {} })"))).toEqual(['tasks/no-network-timeout']);
    expect(endless(files('fetch(id, { signal: AbortSignal.timeout(9000) })'))).toEqual([]);
    expect(endless(files('fetch(id, options)'))).toEqual([]);
    expect(endless(files('end(id)'))).toEqual([]);
  });

  test('a failure that is returned, where the queue has attempts that were to see it', () => {
    const files = (attempts: string, end: string, name = 'mail'): Files => ({
      'q.ts': `import { Queue } from 'bullmq';\nexport const NAMES = { MAIL: '${name}' } as const;\nexport const queue = new Queue(NAMES.MAIL, { defaultJobOptions: { ${attempts} } });\n`,
      'w.ts': `import { Worker } from 'bullmq';\nimport { trackJobError, trackJobStart } from './tracking.js';\nexport async function send(job: Job) {\ntrackJobStart({ id: job.id });\ntry {\nawait deliver(job.data);\nreturn { success: true };\n} catch (error) {\nconst message = error instanceof Error ? error.message : 'unknown';\ntrackJobError({ id: job.id, message, after: Date.now() - started });\n${end}\n}\n}\nconst worker = new Worker('mail', send, { connection });\nprocess.once('SIGTERM', async () => { await worker.close(); process.exit(0); });\n`,
    });
    const told = (...given: Parameters<typeof files>): readonly string[] => said(files(...given)).filter(id => id === 'tasks/failure-acknowledged');
    const returned = 'return { success: false, error: message };';
    expect(told('attempts: 3', returned)).toEqual(['tasks/failure-acknowledged']);
    expect(told('attempts: 3', 'throw error;')).toEqual([]);
    // without attempts, and where a helper tells who called it
    expect(told('attempts: 1', returned)).toEqual(['tasks/failure-acknowledged']);
    expect(told('attempts: 3', returned, 'other')).toEqual(['tasks/failure-acknowledged']);
    const helper = (end: string): Files => ({ 'w.ts': `import { Worker } from 'bullmq';\nasync function deliver(data) {\ntry { await post(data); return { success: true }; } catch (error) { console.error(error); return { success: false }; }\n}\nconst worker = new Worker('mail', async job => { const told = await deliver(job.data); ${end} }, { connection });\nprocess.once('SIGTERM', async () => { await worker.close(); process.exit(0); });\n` });
    expect(said(helper('if (!told.success) throw new Error();')).filter(id => id === 'tasks/failure-acknowledged')).toEqual([]);
  });

  test('a task of graphile-worker that a function makes, of a function that it was given', () => {
    const files = (end: string): Files => ({
      'define.ts': 'export const define = job => client => (payload, helpers) => {\nconst log = logger.child({ job: helpers.job });\nreturn job(client, payload, log);\n};\n',
      'mail.ts': `import { define } from './define.js';\nasync function deliver(client, payload, log) {\ntry { await client.send(payload.to); } catch (error) { log.error({ error }); ${end} }\n}\nexport const mail = define(async (client, payload, log) => { switch (payload.type) { case 'mail': await deliver(client, payload, log); break; } });\n`,
      'w.ts': "import { run } from 'graphile-worker';\nimport { mail } from './mail.js';\nconst tasks = client => ({ mail: mail(client) });\nawait run({ taskList: tasks(clients) });\n",
    });
    const told = (end: string): readonly string[] => saidBy(files(end), id => id === 'tasks/failure-acknowledged');
    expect(told('')).toEqual(['tasks/failure-acknowledged']);
    expect(told('throw error;')).toEqual([]);
  });

  test('the queues that a module of NestJS names, each with its own defaults', () => {
    const files = (own: string, root = ''): Files => ({ 'q.ts': `import { BullModule } from '@nestjs/bullmq';\nimport { Module } from '@nestjs/common';\nenum Names { MAIL = 'mail' }\n@Module({ imports: [BullModule.forRoot({ connection${root} }), BullModule.registerQueue({ name: Names.MAIL${own} })] })\nexport class QueueModule {}\n` });
    const told = (...given: Parameters<typeof files>): readonly string[] => rules.filter(({ id }) => id === 'bullmq/retry-without-backoff').flatMap(rule => [...rule.check(modelOf(files(...given)), thresholds)].map(({ message }) => message));
    expect(told(', defaultJobOptions: { attempts: 3 }', ", defaultJobOptions: { backoff: { type: 'exponential', delay: 5000 } }")).toEqual([expect.stringMatching(/^jobs of mail have 3 attempts without a backoff/)]);
    expect(told(", defaultJobOptions: { attempts: 3, backoff: { type: 'exponential', delay: 5000 } }")).toEqual([]);
    expect(told('')).toEqual([]);
    expect(told(', defaultJobOptions: { attempts: 1 }')).toEqual([]);
  });

  test('the call that is named is what the block is there for', () => {
    const model = (tried: string): Files => ({ 'w.ts': `import { Worker } from 'bullmq';\nconst worker = new Worker('mail', async job => {\nlet all;\ntry {\n${tried}\n} catch (e) { console.error(e); return; }\nawait save(all);\n}, { connection });\nprocess.once('SIGTERM', async () => { await worker.close(); process.exit(0); });\n` });
    const named = (tried: string): readonly string[] => rules.filter(({ id }) => id === 'tasks/failure-acknowledged').flatMap(rule => [...rule.check(modelOf(model(tried)), thresholds)].map(({ message }) => /the error of (.*?) with/.exec(message)![1]!));
    expect(named("const found = job.data.text.match(/x/);\nall = JSON.parse(found[1].trim());")).toEqual(['JSON.parse(found[1].trim())']);
    expect(named('const box = new Box(job.data);\nall = await box.open();')).toEqual(['box.open()']);
  });

  test.each<[string, readonly string[]]>([
    ["await prisma.item.update({ where: { id: 1 }, data: { state: 'failed' } });\nconst left = await prisma.item.count({ where: { runId: 1 } });\nif (left === 0) { await prisma.run.update({ where: { id: 1 }, data: { state: 'failed' } }); }", ['tasks/failure-acknowledged']],
    ['const left = await again(job);', []],
  ])('a handler that ends an error with %j', (body, expected) => { expect(on(`try { await fetch('https://a', { method: 'PUT' }); } catch (e) { ${body} }`)).toEqual(expected); });

  test('one attempt is said of jobs that do something', () => {
    const files = (work: string, queue = 'mail'): Files => ({ 'w.ts': `import { Queue, Worker } from 'bullmq';\nconst queue = new Queue('mail', { connection });\nconst worker = new Worker('${queue}', async job => { ${work} }, { connection });\nprocess.once('SIGTERM', async () => { await worker.close(); process.exit(0); });\n` });
    expect(said(files("await fetch('https://a', { method: 'PUT' });"))).toEqual(['bullmq/no-attempts']);
    expect(said(files('await engine.resume(job.data.id);'))).toEqual([]);
    const adding = { ...files("await fetch('https://a', { method: 'PUT' });"), 'q.ts': "import { Queue } from 'bullmq';\nexport const mails = new Queue('mail', { connection });\n", 'a.ts': "import { mails } from './q.js';\nimport { Queue } from 'bullmq';\nawait mails.add('one', {});\nawait mails.add('two', {}, { removeOnComplete: true });\nawait mails.add('three', {}, { repeat: { every: 1000 } });\nawait mails.add('four', {}, options);\n" };
    expect(rules.filter(({ id }) => id === 'bullmq/no-attempts').flatMap(rule => [...rule.check(modelOf(adding), thresholds)].flatMap(({ related = [] }) => related.filter(({ message }) => message.startsWith('added')).map(({ at }) => at.startLine)))).toEqual([3, 4]);
    expect(said(files("await fetch('https://a', { method: 'PUT' });", 'bills'))).toEqual([]);
  });

  /** A condition keeps a second run from an effect only where a first one can have changed what it asks for. */
  const create = 'await prisma.note.create({ data: {} });';
  test.each<[string, string, boolean]>([
    ['the message', `if (job.data.urgent) { ${create} }`, true],
    ['a row that the function does not write', `const user = await prisma.user.findUnique({ where: { id: job.data.id } });\nif (!user) return;\n${create}`, true],
    ['another column than the one it writes', `const user = await prisma.user.findFirst({ where: { id: job.data.id } });\nif (!user.wantsNotes) return;\n${create}\nawait prisma.user.update({ where: { id: 1 }, data: { name: 'a' } });`, true],
    ['the column it writes', `const user = await prisma.user.findFirst({ where: { id: job.data.id } });\nif (user.wantsNotes) return;\n${create}\nawait prisma.user.update({ where: { id: 1 }, data: { wantsNotes: true } });`, false],
    ['a column that says it was done, whoever writes it', `const user = await prisma.user.findFirst({ where: { id: job.data.id } });\nif (user.noteSentAt) return;\n${create}`, false],
    ['whether its own row is there', `const note = await prisma.note.findFirst({ where: { userId: job.data.id } });\nif (note) return;\n${create}`, false],
    ['in the other branch', `const note = await prisma.note.findFirst({ where: { userId: job.data.id } });\nif (note) { await prisma.user.update({ where: { id: 1 }, data: { name: 'a' } }); } else { ${create} }`, false],
    ['a row that stays, for a count of its own', 'const note = await prisma.note.findUnique({ where: { id: 1 } });\nif (note) { await prisma.note.update({ where: { id: 1 }, data: { count: { increment: 1 } } }); } else { await prisma.note.create({ data: { id: 1 } }); }', true],
    ['what only one run can change', `const claimed = await prisma.run.updateMany({ where: { id: 1, status: 'open' }, data: { status: 'taken' } });\nif (claimed.count === 0) return;\n${create}`, false],
    ['what a language model answered', `const answer = await new OpenAI().chat.completions.create({ messages: job.data.messages });\nif (answer.choices.length > 0) { ${create} }`, true],
    ['what a model answered to what is stored', `async function say(text) { const answer = await new OpenAI().chat.completions.create({ messages: [text] }); return answer.choices; }\nconst user = await prisma.user.findFirst({ where: { id: 1 } });\nif ((await say(user.bio)).length === 0) return;\n${create}\nawait prisma.user.update({ where: { id: 1 }, data: { bio: 'b' } });`, true],
    ['what a function made of what is stored', `async function say(text) { const words = text.split(' '); return words; }\nconst user = await prisma.user.findFirst({ where: { id: 1 } });\nif ((await say(user.bio)).length === 0) return;\n${create}\nawait prisma.user.update({ where: { id: 1 }, data: { bio: 'b' } });`, false],
    ['something that is not known', `if (await allowed(job.data)) { ${create} }`, false],
    ['a function of the repository that reads another table', `async function isOn() { const flag = await prisma.flag.findFirst({ where: { id: 1 } }); return flag.value; }\nif (await isOn()) { ${create} }`, true],
    ['a function of the repository that reads its own', `async function isNew() { return (await prisma.note.count({ where: { userId: 1 } })) === 0; }\nif (await isNew()) { ${create} }`, false],
    ['rows that it takes from the list', `for (const one of await prisma.inbox.findMany({ where: { state: 'open' }, take: 5 })) { ${create}\nawait prisma.inbox.update({ where: { id: one.id }, data: { state: 'done' } }); }`, false],
    ['the items of the message', `for (const one of job.data.items) { ${create} }`, true],
    ['marking all that were there before', `await prisma.note.updateMany({ where: { userId: job.data.id }, data: { isStale: true } });\n${create}`, false],
    ['what Redis says of it', `if (await redis.get(job.data.id)) return;\n${create}`, false],
    ['what Redis says of it, among others', `const [seen] = await Promise.all([redis.get(job.data.id), 1]);\nif (seen) return;\n${create}`, false],
    ['what Redis says of it, through a function', `const seen = async () => { return redis.get(job.data.id); };\nif (await seen()) return;\n${create}`, false],
    ['an update that also finds its rows afterwards', `const due = await prisma.user.updateMany({ where: { id: 1, OR: [{ wantsNotes: true }, { isAdmin: true }] }, data: { lastSeen: 1 } });\nif (due.count === 0) return;\n${create}`, true],
    ['an update by a column in one of several filters, which it sets', `const due = await prisma.user.updateMany({ where: { id: 1, OR: [{ noted: null }, { isAdmin: true }] }, data: { noted: 1 } });\nif (due.count === 0) return;\n${create}`, false],
    ['what a step gave', `const user = await io.runTask('user', async () => prisma.user.findFirst({ where: { id: 1 } }));\nif (!user) return;\n${create}`, true],
    ['a function that calls itself', `function flat(list) { return list.flatMap(one => (Array.isArray(one) ? flat(one) : [one])); }\nif (flat(job.data.items).length > 0) { ${create} }`, true],
    ['a find or create', `const row = (await prisma.note.findFirst({ where: { userId: 1, kind: 'a' } })) ?? (await prisma.note.create({ data: {} }));`, false],
    ['a column that it sets only behind slow work', `const user = await prisma.user.findFirst({ where: { id: 1 } });\nif (user.hash === job.data.hash) return;\n${create}\nawait fetch('https://a.example');\nawait prisma.user.update({ where: { id: 1 }, data: { hash: job.data.hash } });`, true],
    ['a column that it sets at once', `const user = await prisma.user.findFirst({ where: { id: 1 } });\nif (user.hash === job.data.hash) return;\n${create}\nawait prisma.user.update({ where: { id: 1 }, data: { hash: job.data.hash } });`, false],
    ['a column that it sets before it asks', `await prisma.user.update({ where: { id: 1 }, data: { hash: job.data.hash } });\nconst user = await prisma.user.findFirst({ where: { id: 1 } });\nif (user.hash !== job.data.hash) return;\n${create}`, true],
    ['a column that it may set', `const user = await prisma.user.findFirst({ where: { id: 1 } });\nif (user.hash === job.data.hash) return;\n${create}\nawait prisma.user.update({ where: { id: 1 }, data: { name: 'a', ...(job.data.hash && { hash: job.data.hash }) } });`, false],
    ['an answer to what it has sent', `const { id } = await (await fetch('https://a.example/jobs', { method: 'POST' })).json();\nconst { state, text } = await (await fetch('https://a.example/jobs/' + id)).json();\nif (text === '') return;\n${create}`, true],
    ['a statement over another table', 'const rows = await prisma.$queryRaw`SELECT name FROM users WHERE id = 1`;\nif (rows.length > 0) { await prisma.note.create({ data: {} }); }', true],
    ['a statement over its own', 'const rows = await prisma.$queryRaw`SELECT 1 FROM notes WHERE id = 1`;\nif (rows.length === 0) { await prisma.note.create({ data: {} }); }', false],
  ])('a second run is kept back by %s', (_, body, repeats) => { expect(on(body).filter(id => id === 'tasks/non-idempotent-write').length > 0).toBe(repeats); });

});

describe('how a finding about a handler reads', () => {
  const on = (id: string, body: string): readonly string[] => {
    const [rule] = rules.filter(one => one.id === id);
    const files = { 'w.ts': `import { Worker } from 'bullmq';\nimport { prisma } from './db.js';\nconst worker = new Worker('mail', async job => {\n${body}\n}, { connection });\n` };
    return [...rule!.check(modelOf(files), thresholds)].filter(isLoud).map(({ severity, message }) => `${severity ?? rule!.severity}: ${message}`);
  };
  const count = "async function count() { try { await prisma.limit.upsert({ where: { id: 1 }, create: {}, update: {} }); } catch (error) { console.error(error); return { left: 1 }; } }\n";
  const quota = 'await prisma.stat.upsert({ where: { id: 1 }, create: {}, update: {} });';
  const tried = (body: string): string => `${count}try { ${body} } catch (e) { console.error(e); return; }`;

  test.each<[string, string, RegExp | undefined]>([
    ['the first whose error can come here', `await count();\n${quota}`, /the error of prisma\.stat\.upsert/],
    ['none can', 'await count();', undefined],
    ['a promise whose error is caught', `await fetch('https://a', { method: 'PUT' }).catch(e => console.error(e));\n${quota}`, /the error of prisma\.stat\.upsert/],
    ['a promise whose error is thrown again', `await fetch('https://a', { method: 'PUT' }).catch(e => { throw e; });\n${quota}`, /the error of fetch/],
  ])('the error that ends is that of %s', (_, body, expected) => {
    const found = on('tasks/failure-acknowledged', tried(body));
    if (expected === undefined) expect(found).toEqual([]); else expect(found).toEqual([expect.stringMatching(expected)]);
  });

  test('a loop is started again from its beginning', () => {
    expect(on('tasks/unbatched-loop', "for (const user of await prisma.user.findMany()) await fetch('https://a/' + user.id, { method: 'PUT' });")).toEqual([expect.stringMatching(/the stall check starts the job again from its beginning$|from its beginning, which may serve everyone again$/)]);
  });

  test.each<[string, string, string]>([
    ['the last of all', 'await transport.sendMail({ to: job.data.to });', 'warning'],
    ['once for each job before it', "await io.runTask('send', async () => { await transport.sendMail({}); });\nawait prisma.note.create({ data: {} });", 'warning'],
    ['in a step of its own', "await io.log('a', async () => { await transport.sendMail({ to: job.data.to }); });", 'warning'],
    ['a table is read and sorted before it', 'const rows = await prisma.user.findMany();\nconst over = rows.filter(row => row.seats > 3);\nif (over.length === 0) return;\nawait transport.sendMail({ to: job.data.to });', 'warning'],
    ['a table is asked about before it', 'const rows = await prisma.user.findMany();\nconst over = await Promise.all(rows.map(row => ask(row)));\nawait transport.sendMail({ to: job.data.to });', 'error'],
    ['something behind it', 'await transport.sendMail({ to: job.data.to });\nawait tidy();', 'error'],
    ['beside something else', 'await Promise.all([transport.sendMail({ to: job.data.to }), tidy()]);', 'error'],
  ])('%s', (_, body, severity) => { expect(on('tasks/non-idempotent-write', body).map(one => one.split(':')[0])).toEqual([severity]); });

  const stored = (between: string, slow: string): string => `const row = await prisma.file.findUnique({ where: { id: 1 } });\nlet text;\nif (row.text) { text = row.text; } else if (row.isAudio) { text = await hear(row); await prisma.usage.create({ data: {} }); ${slow} } else { text = await (await fetch('https://a')).text(); }\n${between}await prisma.file.update({ where: { id: 1 }, data: { text } });`;
  test.each<[string, string, number]>([
    ['is kept from it by the result that is stored next', stored('', ''), 0],
    ['is not where something slow stands between them', stored("await fetch('https://b');\n", ''), 1],
    ['is not where something slow follows on its own way', stored('', "await fetch('https://c');"), 1],
  ])('a second run %s', (_, body, many) => { expect(on('tasks/non-idempotent-write', body)).toHaveLength(many); });
});

describe('handlers that are kept in a table', () => {
  const HEAD = "import { Worker } from 'bullmq';\nimport { prisma } from './db.js';\n";
  const END = "process.once('SIGTERM', async () => { await worker.close(); process.exit(0); });\n";
  const send = 'async ({ data }) => { await transport.sendMail({ to: data.to }); }';
  const mails = "export const mails = { id: 'mail.welcome', handler: async ({ data }) => { const own = await import('./welcome.handler.js'); await own.run(data); } };\n";
  const welcome = 'export const run = async data => { await transport.sendMail({ to: data.to }); };\n';
  const registry = `${HEAD}import { Base } from './base.js';\nexport class Jobs extends Base {\n  jobs: Record<string, Job> = {};\n  constructor() { super(); const worker = new Worker('jobs', async job => { await this.run(job); }, { connection });\n    process.once('SIGTERM', async () => { await worker.close(); process.exit(0); }); }\n  define(job: Job) { this.jobs[job.id] = { ...job, on: true }; }\n  async run(job) { const found = this.jobs[job.name];\n    if (!found || !found.on) return;\n    await found.handler(job); }\n}\n`;
  const client = "import type { Base } from './base.js';\nimport { Jobs } from './jobs.js';\nexport class Client {\n  private jobs: Base;\n  constructor(all) { this.jobs = pick({ bullmq: () => new Jobs() }); all.forEach(one => { this.jobs.define(one); }); }\n}\n";
  const base = 'export class Base { define(job) { throw new Error(); } }\n';
  test.each<[string, Files]>([
    ['an object', { 'w.ts': `${HEAD}const handlers = { mail: ${send} };\nconst worker = new Worker('jobs', async job => { await handlers[job.name](job); }, { connection });\n${END}` }],
    ['an object, by a name for what is found', { 'w.ts': `${HEAD}const handlers = { mail: ${send} };\nconst worker = new Worker('jobs', async job => { const run = handlers[job.name];\nif (!run) throw new Error(job.name);\nawait run(job); }, { connection });\n${END}` }],
    ['an object of another file', { 'w.ts': `${HEAD}import { handlers } from './handlers.js';\nconst worker = new Worker('jobs', async job => handlers[job.name](job), { connection });\n${END}`, 'handlers.ts': `async function mail({ data }) { await transport.sendMail({ to: data.to }); }\nexport const handlers = { mail };\n` }],
    ['a Map', { 'w.ts': `${HEAD}const handlers = new Map([['mail', ${send}]]);\nconst worker = new Worker('jobs', async job => { const run = handlers.get(job.name);\nawait run(job); }, { connection });\n${END}` }],
    ['a Map that is filled', { 'w.ts': `${HEAD}const handlers = new Map();\nhandlers.set('mail', ${send});\nconst worker = new Worker('jobs', async job => { await handlers.get(job.name)(job); }, { connection });\n${END}` }],
    ['a list of objects of classes', { 'w.ts': `${HEAD}class Mail { name = 'mail'; async handle({ data }) { await transport.sendMail({ to: data.to }); } }\nconst all = [new Mail()];\nconst worker = new Worker('jobs', async job => { const one = all.find(({ name }) => name === job.name);\nawait one.handle(job); }, { connection });\n${END}` }],
    ['a registry that a function fills', { 'w.ts': `${HEAD}const handlers: Record<string, Handler> = {};\nfunction register(name, run) { handlers[name] = run; }\nregister('mail', ${send});\nconst worker = new Worker('jobs', async job => { await handlers[job.name](job); }, { connection });\n${END}` }],
    ['a registry of definitions that a file nearby makes', { 'src/client/jobs.ts': registry, 'src/client/client.ts': client, 'src/client/base.ts': base, 'src/jobs.ts': "import { Client } from './client/client.js';\nimport { mails } from './welcome.js';\nexport const jobs = new Client([mails] as const);\n", 'src/welcome.ts': mails, 'src/welcome.handler.ts': welcome }],
    ['an object of functions that is called by its name', { 'w.ts': `${HEAD}const mails = { async send(data) { await transport.sendMail({ to: data.to }); } };\nconst worker = new Worker('jobs', async job => { await mails.send(job.data); }, { connection });\n${END}` }],
  ])('%s', (_, files) => { expect(said(files)).toEqual(['tasks/non-idempotent-write']); });

  test('are named by the table, and each is judged behind what the handler asks', () => {
    const files = (ask: string): Files => ({ 'w.ts': `${HEAD}const handlers = { mail: ${send}, tell: async () => { await prisma.note.create({ data: {} }); } };\nconst worker = new Worker('jobs', async job => { ${ask} await handlers[job.name](job); }, { connection });\n${END}` });
    expect(modelOf(files('')).processors.flatMap(({ functions }) => functions.map(({ name }) => name))).toEqual(['the handler of jobs', 'mail', 'tell']);
    expect(said(files(''))).toEqual(['tasks/non-idempotent-write', 'tasks/non-idempotent-write']);
    expect(said(files('const run = await prisma.run.findUnique({ where: { id: 1 } }); if (run.completedAt) return;'))).toEqual([]);
  });

  test('nothing is guessed of a table that comes from elsewhere', () => {
    expect(said({ 'w.ts': `${HEAD}export function start(handlers) { const worker = new Worker('jobs', async job => { await handlers[job.name](job); }, { connection });\n${END} }\nconst others = { mail: ${send} };\n` })).toEqual([]);
  });
});

describe('any text of TypeScript', () => {
  const sample = `${WORKER}${AMQP}${SQS}@Processor('x') class A extends B { constructor(private a: C) { super(); } async run({ b, c: [d] }: E) { for (const e of b) try { await d(); } catch { continue; } finally { a?.b!.c++; } } }\nexport default async function* f(...rest) { switch (rest) { case 1: yield 2; default: return \`\${3}\`; } }\n`;
  const inside = (value: unknown, lines: readonly string[]): void => {
    if (Array.isArray(value)) { value.forEach(one => inside(one, lines)); return; }
    if (typeof value !== 'object' || value === null) return;
    const { startLine, startColumn, endLine, endColumn } = value as Record<string, number>;
    if (typeof startLine === 'number') {
      expect(startLine >= 1 && endLine! <= lines.length && startLine <= endLine! && startColumn! >= 1 && endColumn! <= lines[endLine! - 1]!.length + 1).toBe(true);
      return;
    }
    Object.values(value).forEach(one => inside(one, lines));
  };
  test('is read without an error, with places inside the file, twice the same', () => {
    fc.assert(fc.property(fc.nat(sample.length), fc.nat(40), fc.string({ maxLength: 12 }), (at, gone, put) => {
      const text = sample.slice(0, at) + put + sample.slice(at + gone);
      const parsed = parseTypeScript(text, 'a.ts');
      inside(parsed, text.split('\n'));
      expect(parseTypeScript(text, 'a.ts')).toEqual(parsed);
      modelOf({ 'a.ts': text });
    }), { numRuns: 150 });
  }, 60_000);

  test('that nests too deep, or is no code, ends in a problem', () => {
    expect(parseTypeScript(`${'('.repeat(3000)}1`, 'a.ts').problems).toHaveLength(1);
    expect(() => parseTypeScript(`${'a.b('.repeat(200)}1${')'.repeat(200)}`, 'a.ts')).not.toThrow();
    expect(() => parseTypeScript(`x = ${'a + '.repeat(20_000)}1`, 'a.ts')).not.toThrow();
    expect(() => parseTypeScript(`${'if (a) {} else '.repeat(5000)}{}`, 'a.ts')).not.toThrow();
  });
});
