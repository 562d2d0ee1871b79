import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { fatedOf } from '../src/fate/index.js';
import type { Model } from '../src/model/index.js';
import { rules } from '../src/rules/index.js';
import { project } from './run-cli.js';

/** From a container's command to the consumers in Node.js that it makes, and what a stop does to them. */

type Files = Readonly<Record<string, string>>;
const folders: string[] = [];
afterAll(() => { for (const folder of folders) rmSync(folder, { recursive: true }); });

async function reportOf(files: Files) {
  const root = project(files);
  folders.push(root);
  return audit({ root, rules });
}
/** Each worker: how it is started, and the queues of the consumers it makes. */
const startsOf = ({ workers }: Model): readonly string[] => workers.map(({ command, consumers, start }) => `${start.links.map(link => ('program' in link ? link.program : link.kind)).join(' ')} | ${command.text}: ${(consumers ?? []).map(({ queue }) => queue).sort().join(', ')}`);
const joined = async (files: Files): Promise<readonly string[]> => startsOf((await reportOf(files)).model);
/** What may become of the only consumer's message at a stop. */
const stopped = async (files: Files): Promise<readonly string[]> => {
  const { workers, consumers } = (await reportOf(files)).model;
  return fatedOf(workers, consumers, 3).flatMap(({ cells }) => cells.filter(({ event }) => event === 'stop').flatMap(({ ways }) => ways.map(({ steps }) => steps.join())));
};

const task = (command: readonly string[] | undefined, more: object = {}): Files => ({ 'infra/task.json': JSON.stringify({ family: 'jobs', requiresCompatibilities: ['FARGATE'], containerDefinitions: [{ name: 'jobs', image: 'jobs', essential: true, stopTimeout: 60, ...(command && { command }), ...more }] }, null, 2) });
const packed = (scripts: Readonly<Record<string, string>> = {}): Files => ({ 'package.json': JSON.stringify({ name: 'jobs', scripts, dependencies: { bullmq: '5.61.0', '@nestjs/core': '11.1.6' } }) });
const image = (base = 'node:20-slim', command = '["node", "dist/main.js"]'): Files => ({ Dockerfile: `FROM ${base}\nWORKDIR /app\nCOPY . .\nRUN npm run build\nCMD ${command}\n` });
const worker = (queue: string): string => `new Worker('${queue}', async job => { await send(job.data); })`;
const MAIL = `import { Worker } from 'bullmq';\nimport { send } from './send';\nexport function startMail() { return ${worker('mail')}; }\n`;
const BASE: Files = { ...packed({ start: 'node dist/main.js', 'start:bg': 'node dist/main.js & wait' }), ...image(), ...task(undefined), 'src/mail.ts': MAIL, 'src/send.ts': 'export async function send(data) { await fetch(data); }\n', 'src/main.ts': "import { startMail } from './mail';\nstartMail();\n" };

describe('what a script starts', () => {
  test('through imports and calls, of the source that it is built from', async () => expect(await joined(BASE)).toEqual(['worker | node dist/main.js: mail']));
  test('modules that are loaded while it runs', async () => {
    const top = { ...BASE, 'src/mail.ts': MAIL.replace('export function startMail() { return ', 'export const mail = ').replace(/; }\n$/, ';\n') };
    expect(await joined({ ...top, 'src/main.ts': "if (process.env.NODE_ENV === 'production') {\n  await import('./mail');\n}\nserve();\n" })).toEqual(['worker | node dist/main.js: mail']);
    expect(await joined({ ...top, 'src/main.ts': "const name = 'mail';\nawait import(`./${name}`);\n" })).toEqual([]);
  });
  test.each([
    ['cross-env NODE_ENV=production node dist/main.js', 'npm shell cross-env worker'],
    ['dotenv -e ./.env -- node dist/main.js', 'npm shell dotenv worker'],
    ['env-cmd -f .env node dist/main.js', 'npm shell env-cmd worker'],
  ])('behind %s', async (start, way) => expect(await joined({ ...BASE, ...packed({ start }), ...image('node:20-slim', '["npm", "start"]') })).toEqual([`${way} | node dist/main.js: mail`]));
  test.each(['pnpm --filter ./apps/mail start', 'npm run -w apps/mail start', 'pnpm --filter @shop/mail start'])('a package of the workspace: %s', async start => {
    const files: Files = { ...image('node:20-slim', '["npm", "start"]'), ...task(undefined), 'package.json': JSON.stringify({ name: 'shop', scripts: { start } }), 'apps/mail/package.json': JSON.stringify({ name: '@shop/mail', scripts: { start: 'node dist/main.js' }, dependencies: { bullmq: '5.61.0' } }), 'apps/mail/src/main.ts': MAIL.replace('export function startMail() { return ', 'export const mail = ').replace(/; }\n$/, ';\n') };
    expect((await joined(files)).map(text => text.replace(/^.*\| /, ''))).toEqual(['node dist/main.js: mail']);
  });
  test('what is imported and not called is not started, nor what is imported as a type', async () => {
    expect(await joined({ ...BASE, 'src/main.ts': "import { startMail } from './mail';\nexport const later = () => startMail;\nserve();\n" })).toEqual([]);
    const top = { ...BASE, 'src/mail.ts': MAIL.replace('export function startMail() { return ', 'export const mail = ').replace(/; }\n$/, ';\n') };
    expect(await joined({ ...top, 'src/main.ts': "import { mail } from './mail';\nexport function close(one: typeof mail) { return one; }\n" })).toEqual([]);
    expect(await joined({ ...top, 'src/main.ts': "import './mail';\n" })).toEqual(['worker | node dist/main.js: mail']);
    expect(await joined({ ...top, 'src/main.ts': "import { mail } from './mail';\nmail.on('failed', () => {});\n" })).toEqual(['worker | node dist/main.js: mail']);
  });
  test('the methods of a class that is made, and functions that are handed on', async () => {
    const inClass = `import { Worker } from 'bullmq';\nexport class Jobs {\n  start() { this.worker = ${worker('mail')}; }\n}\n`;
    expect(await joined({ ...BASE, 'src/mail.ts': inClass, 'src/main.ts': "import { Jobs } from './mail';\nconst jobs = new Jobs();\njobs.start();\n" })).toEqual(['worker | node dist/main.js: mail']);
    expect(await joined({ ...BASE, 'src/mail.ts': inClass, 'src/main.ts': "import { Jobs } from './mail';\nserve(Jobs.name);\n" })).toEqual([]);
    // a service that could make workers, and is used to add jobs
    expect(await joined({ ...BASE, 'src/mail.ts': inClass, 'src/main.ts': "import { Jobs } from './mail';\nconst jobs = new Jobs();\njobs.add('x');\n" })).toEqual([]);
    expect(await joined({ ...BASE, 'src/main.ts': "import { startMail } from './mail';\nconnect().then(startMail);\n" })).toEqual(['worker | node dist/main.js: mail']);
  });
  test('the processors of the modules that NestJS makes, and of no others', async () => {
    const nest: Files = {
      ...BASE, 'src/main.ts': "import { NestFactory } from '@nestjs/core';\nimport { AppModule } from './app.module';\nasync function bootstrap() { const app = await NestFactory.createApplicationContext(AppModule); }\nbootstrap();\n",
      'src/app.module.ts': "import { Module } from '@nestjs/common';\nimport { MailModule } from './mail.module';\n@Module({ imports: [MailModule] })\nexport class AppModule {}\n",
      'src/mail.module.ts': "import { Module } from '@nestjs/common';\nimport { Mail } from './mail';\nimport { Other } from './other';\nconst PROVIDERS = [Mail];\n@Module({ providers: [...PROVIDERS] })\nexport class MailModule {}\nexport type Kept = Other;\n",
      'src/mail.ts': "import { Processor, WorkerHost } from '@nestjs/bullmq';\n@Processor('mail')\nexport class Mail extends WorkerHost { async process(job) { await send(job); } }\n",
      'src/other.ts': "import { Processor, WorkerHost } from '@nestjs/bullmq';\n@Processor('other')\nexport class Other extends WorkerHost { async process(job) { await send(job); } }\n",
    };
    expect(await joined(nest)).toEqual(['worker | node dist/main.js: mail']);
  });
  test('a name that a star and what it leads to pass on to each other in circles is not known', async () => {
    expect(await joined({ ...BASE, 'src/main.ts': "import { startMail } from './mail';\nimport { lost } from './a';\nlost();\nstartMail();\n", 'src/a.ts': "export * from './b';\n", 'src/b.ts': "export { lost } from './a';\n" })).toEqual(['worker | node dist/main.js: mail']);
  });
  test('a tree that calls itself in circles ends', async () => {
    const chain = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`src/m${i}.ts`, `import { f as g } from './m${(i + 1) % 3000}';\nexport function f() { g(); ${i === 2999 ? "start();" : ''} }\n${i === 2999 ? "import { startMail as start } from './mail';\n" : ''}`]));
    expect(await joined({ ...BASE, ...chain, 'src/main.ts': "import { f } from './m0';\nf();\n" })).toEqual(['worker | node dist/main.js: mail']);
  });
});

describe('scripts of a package', () => {
  test.each<[string, readonly string[], string]>([
    ['npm start', ['npm', 'start'], 'npm shell worker'], ['npm run', ['npm', 'run', 'start'], 'npm shell worker'], ['with a folder', ['npm', '--prefix', '/app', 'run', 'start'], 'npm shell worker'],
    ['pnpm', ['pnpm', 'start'], 'pnpm shell worker'], ['yarn', ['yarn', 'run', 'start'], 'yarn worker'], ['behind an init', ['tini', '--', 'npm', 'start'], 'tini npm shell worker'], ['in a shell', ['sh', '-c', 'exec npm start'], 'shell npm shell worker'],
  ])('%s', async (_, command, chain) => expect(await joined({ ...BASE, ...image('node:20-slim', JSON.stringify(command)) })).toEqual([`${chain} | node dist/main.js: mail`]));
  test('of a package of the workspace, by its name', async () => {
    const workspace: Files = {
      'package.json': '{"name":"top","workspaces":["apps/*"]}', 'apps/jobs/package.json': '{"name":"@shop/jobs","scripts":{"start":"node dist/main.js"},"dependencies":{"bullmq":"5"}}', ...image('node:20-alpine', '["pnpm", "--filter", "@shop/jobs", "start"]'), ...task(undefined),
      'apps/jobs/src/main.ts': "import { startMail } from './mail';\nstartMail();\n", 'apps/jobs/src/mail.ts': MAIL,
    };
    expect(await joined(workspace)).toEqual(['pnpm shell worker | node dist/main.js: mail']);
  });
  test('one that is not there is not run', async () => expect(await joined({ ...BASE, ...image('node:20-slim', '["npm", "run", "worker"]') })).toEqual([]));
  const found = async (command: readonly string[], files: Files = {}, base = 'node:20-slim'): Promise<readonly string[]> => (await reportOf({ ...BASE, ...image(base, JSON.stringify(command)), ...files })).findings.filter(({ ruleId }) => ruleId.startsWith('container/')).map(({ severity, message }) => `${severity}: ${message}`);
  // measured with npm 11 and pnpm 8 to 10: dash dies of the signal that they pass on, bash and busybox have made way for node
  test.each([['npm', ['npm', 'start']], ['pnpm', ['pnpm', 'start']], ['pnpm', ['pnpm', '--filter', 'jobs', 'start']]])('dash dies of the signal that %s passes on; busybox execs', async (program, command) => {
    const dies = `error: ${program} passes the stop signal to dash, which dies without waiting for the worker, so all is killed at once`;
    expect(await found(command)).toEqual([dies]);
    expect(await found(command, {}, 'node:20-alpine')).toEqual([]);
    expect(await found(command, packed({ start: 'exec node dist/main.js' }))).toEqual([]);
    expect(await found(['tini', '--', ...command])).toEqual([dies]);
  });
  // measured with yarn 1.22 and 4
  test('yarn 1 ends at the signal, whatever the shell; a later one waits', async () => {
    const ends = 'error: yarn starts the worker and ends at the stop signal without waiting for it, so all is killed at once';
    for (const base of ['node:20-slim', 'node:20-alpine']) expect(await found(['yarn', 'start'], {}, base)).toEqual([ends]);
    const by = (packageManager: string): Files => ({ 'package.json': JSON.stringify({ name: 'jobs', packageManager, scripts: { start: 'node dist/main.js' }, dependencies: { bullmq: '5.61.0' } }) });
    expect(await found(['yarn', 'start'], by('yarn@1.22.22'))).toEqual([ends]);
    expect(await found(['yarn', 'start'], by('yarn@4.9.1'))).toEqual([]);
    expect(await found(['yarn', 'start'], { '.yarnrc.yml': 'nodeLinker: node-modules\n' })).toEqual([]);
  });
});

describe('what a stop does to a consumer', () => {
  const [DRAINS, IGNORED, CUT] = ["const worker = startMail();\nprocess.on('SIGTERM', async () => { await worker.close(); process.exit(0); });\n", '', ''];
  const main = (more: string): Files => ({ 'src/main.ts': `import { startMail } from './mail';\n${more || 'startMail();\n'}` });
  test.each<[string, Files, readonly string[]]>([
    ['without a handler, node is PID 1', { ...BASE, ...main(IGNORED) }, ['nobody renews its lock', 'SIGTERM is ignored, and the work ends before SIGKILL']],
    ['without a handler, behind an init', { ...BASE, ...main(CUT), ...task(undefined, { linuxParameters: { initProcessEnabled: true } }) }, ['nobody renews its lock']],
    ['a handler that drains', { ...BASE, ...main(DRAINS) }, ['nobody renews its lock', 'the consumer waits for what runs']],
    ['a handler that a shell keeps the signal from', { ...BASE, ...main(DRAINS), ...image('node:20-slim', '["sh", "-c", "echo up && node dist/main.js"]') }, ['nobody renews its lock', 'SIGTERM is ignored, and the work ends before SIGKILL']],
    ['a handler behind npm and dash', { ...BASE, ...main(DRAINS), ...image('node:20-slim', '["npm", "start"]') }, ['nobody renews its lock']],
    ['a handler behind yarn 1', { ...BASE, ...main(DRAINS), ...image('node:20-slim', '["yarn", "start"]') }, ['nobody renews its lock']],
    ['a handler behind what nobody has measured', { ...BASE, ...main(DRAINS), ...image('node:20-slim', '["bun", "run", "start"]') }, ['nobody renews its lock', 'the consumer waits for what runs']],
  ])('%s', async (_, files, ways) => expect(await stopped(files)).toEqual(ways));
});

describe('how long a consumer needs', () => {
  const TF = (container: string, visibility: number): Files => ({ 'infra/main.tf': `resource "aws_ecs_task_definition" "copy" {
  family                   = "copy"
  requires_compatibilities = ["FARGATE"]
  container_definitions = jsonencode([{
    name        = "copy"
    image       = "registry.example/copy:1"
    essential   = true
    command     = ["node", "dist/main.js"]
    ${container}
    environment = [{ name = "QUEUE_URL", value = aws_sqs_queue.copies.url }]
    logConfiguration = { logDriver = "awslogs", options = {} }
  }])
}
resource "aws_ecs_service" "copy" {
  name            = "copy"
  cluster         = "jobs"
  task_definition = aws_ecs_task_definition.copy.arn
  launch_type     = "FARGATE"
}
resource "aws_appautoscaling_target" "copy" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/jobs/${'${aws_ecs_service.copy.name}'}"
  min_capacity       = 0
  max_capacity       = 3
}
resource "aws_sqs_queue" "copies" {
  name                       = "copies"
  visibility_timeout_seconds = ${visibility}
  redrive_policy             = jsonencode({ deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:dead", maxReceiveCount = 4 })
}
` });
  const loop = (around: string): Files => ({ 'package.json': '{"name":"copy","dependencies":{"@aws-sdk/client-sqs":"3"}}', 'src/main.ts': `import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { copy } from './copy';
import { protect } from './protect';
const sqs = new SQSClient({});
let running = true;
process.once('SIGTERM', () => { running = false; });
async function run() {
  while (running) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: process.env.QUEUE_URL, WaitTimeSeconds: 20 }));
    for (const message of Messages) {
      ${around}
      await copy(message.Body);
      await sqs.send(new DeleteMessageCommand({ QueueUrl: process.env.QUEUE_URL, ReceiptHandle: message.ReceiptHandle }));
    }
  }
}
run();
`, 'src/copy.ts': 'export async function copy(body) { await fetch(body); }\n' });
  const PROTECT: Files = { 'src/protect.ts': 'export async function protect(on) {\n  await fetch(`${process.env.ECS_AGENT_URI}/task-protection/v1/state`, { method: "PUT", body: JSON.stringify({ ProtectionEnabled: on }) });\n}\n' };
  const found = async (files: Files): Promise<readonly string[]> => (await reportOf(files)).findings.filter(({ ruleId }) => /stop-timeout-too-short|scale-in-unprotected/.test(ruleId)).map(({ severity, ruleId, message, related = [] }) => [`${severity} ${ruleId}: ${message}`, ...related.map(one => one.message)].join('; '));

  test('a queue that hides its messages for longer than any stop waits says that they take long', async () => {
    const unbounded = 'warning ecs/scale-in-unprotected: autoscaling may stop busy workers (3 down to 0): nothing bounds a task, and a stop waits 120 s; its queue hides a message for 5 h';
    expect(await found({ ...TF('stopTimeout = 120', 18000), ...loop('') })).toEqual([unbounded]);
    expect(await found({ ...TF('stopTimeout = 120', 60), ...loop('') })).toEqual([]);
    expect(await found({ ...TF('stopTimeout = 120', 18000), ...loop('await protect(true);'), ...PROTECT })).toEqual([]);
  });
  test('the timeout of a handler bounds it', async () => {
    const consumer = (timeout: string): Files => ({ 'package.json': '{"name":"copy","dependencies":{"sqs-consumer":"11"}}', 'src/main.ts': `import { Consumer } from 'sqs-consumer';\nimport { copy } from './copy';\nconst app = Consumer.create({ queueUrl: process.env.QUEUE_URL, ${timeout}handleMessage: async message => { await copy(message.Body); } });\napp.start();\nprocess.on('SIGTERM', () => app.stop());\n` });
    expect(await found({ ...loop(''), ...TF('stopTimeout = 60', 300), ...consumer('handleMessageTimeout: 90_000, ') })).toEqual([
      'error ecs/stop-timeout-too-short: ECS kills this worker 60 s after SIGTERM, but its tasks may run 90 s; a task may run this long', 'warning ecs/scale-in-unprotected: autoscaling may stop busy workers (3 down to 0): a task may run 90 s, and a stop waits 60 s; a task may run this long']);
    expect(await found({ ...loop(''), ...TF('stopTimeout = 100', 300), ...consumer('handleMessageTimeout: 90_000, ') })).toEqual([]);
    expect(await found({ ...loop(''), ...TF('stopTimeout = 120', 100), ...consumer('') })).toEqual([]);
  });
});
