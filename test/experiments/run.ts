import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { library, sqsBroker, startMoto, startRabbit, startRedis, type Broker, type Held, type RabbitServer } from './brokers.js';
import { now, sleep, waitFor } from './clock.js';
import { startContainer, type Container, type Stopped } from './container.js';
import { observe, readEvents, running, type Observed } from './events.js';
import type { Experiment, Message, Step, Subject } from './experiment.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const VENVS = join(REPOSITORY, '.venvs');
export const LIBRARIES = join(VENVS, 'experiments', 'libraries');
export const venvOf = (celery: string): string => join(VENVS, `celery-${celery}`);
export const billiardOf = (billiard: string): string => join(VENVS, 'experiments', `billiard-${billiard}`);
export const MOTO = join(VENVS, 'moto', 'bin', 'moto_server');

/** What one valid run showed. */
export interface Run {
  readonly observed: Readonly<Record<string, Observed>>;
  readonly stop?: Stopped;
  /** What the broker held right after the stop. */
  readonly afterStop?: Held;
  readonly boots?: boolean;
  readonly broker: string;
  readonly seconds: number;
  /** Exceptions that reached a task function. */
  readonly interrupted: readonly string[];
}

/** A precondition failed: this run says nothing. */
export class Invalid extends Error {}

/** Servers that all experiments of a process share, started when the first one needs them. */
export class Servers {
  private readonly rabbits = new Map<number | undefined, Promise<RabbitServer>>();
  private moto: ReturnType<typeof startMoto> | undefined;
  private count = 0;

  async brokerOf({ broker, consumerTimeout, redis }: Subject): Promise<Broker> {
    const name = `e${process.pid}x${++this.count}`;
    if (broker === 'redis') return startRedis(redis);
    if (broker === 'sqs') return sqsBroker((await (this.moto ??= startMoto(MOTO))).endpoint, name);
    if (!this.rabbits.has(consumerTimeout)) this.rabbits.set(consumerTimeout, startRabbit(consumerTimeout));
    return (await this.rabbits.get(consumerTimeout)!).host(name);
  }

  async close(): Promise<void> {
    // one that did not start has failed its experiments already
    for (const rabbit of this.rabbits.values()) await rabbit.then(server => server.close(), () => undefined);
    await this.moto?.then(server => { server.close(); }, () => undefined);
  }
}

/** One run. Throws `Invalid` where a precondition did not hold; any other error is a fault of the harness. */
export async function run(experiment: Experiment, servers: Servers): Promise<Run> {
  const { subject, steps, patience } = experiment;
  const folder = mkdtempSync(join(tmpdir(), 'drainlint-experiment-'));
  const begin = now();
  const broker = await servers.brokerOf(subject);
  const scene = new Scene(folder, subject, broker, patience);
  try {
    await scene.prepare();
    for (const step of steps) await scene.take(step);
    return await scene.result(now() - begin);
  } catch (error) {
    if (process.env['EXPERIMENT_KEEP']) process.stderr.write(`${experiment.id}: ${folder}\n`);
    throw error instanceof Invalid ? error : new Invalid(`${experiment.id}: ${(error as Error).message}\n${scene.logs()}`, { cause: error });
  } finally {
    await scene.close();
    await broker.close().catch(() => undefined);
    if (!process.env['EXPERIMENT_KEEP']) rmSync(folder, { recursive: true, force: true });
  }
}

/** s that a step may be late; more, and the machine was too busy for the run to count. */
const LATE = 0.8;

class Scene {
  private readonly containers = new Map<string, Container>();
  private readonly sent: Message[] = [];
  private readonly cut = new Set<string>();
  private event: number | undefined;
  private stopped: Stopped | undefined;
  private afterStop: Held | undefined;
  private held: Held | undefined;
  private boots: boolean | undefined;
  private readonly shared: string;
  private readonly queues: readonly string[];

  constructor(private readonly folder: string, private readonly subject: Subject, private readonly broker: Broker, private readonly patience: number) {
    this.queues = broker.kind === 'sqs' ? subject.queues.map(queue => `${queue}-${basename(folder)}`) : subject.queues;
    this.shared = join(folder, 'shared');
    mkdirSync(join(this.shared, 'messages'), { recursive: true });
    mkdirSync(join(folder, 'image'));
    for (const part of subject.image) {
      const at = join(folder, 'image', part.at);
      mkdirSync(dirname(at), { recursive: true });
      if ('tree' in part) cpSync(part.tree, at, { recursive: true });
      else if ('link' in part) symlinkSync(part.link, at);
      else writeFileSync(at, part.text, { mode: part.executable ? 0o755 : 0o644 });
    }
  }

  private events = () => readEvents(join(this.shared, 'events'));
  private gone = (worker: string): boolean => !this.containers.get(worker)?.alive();
  private running = () => running(this.events(), this.gone).filter(({ ex }) => !this.cut.has(ex!));
  logs = (): string => [...this.containers.values()].map(({ name, log }) => `${name}: ${log().slice(-1500)}`).join('\n');

  private environment(): Readonly<Record<string, string>> {
    const { python, environment } = this.subject;
    const path = [...(python ? [join(venvOf(python.celery), 'bin'), join(LIBRARIES, 'bin')] : [dirname(process.execPath)]), '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin'].join(':');
    const url = new URL(this.broker.url);
    const [queue] = this.queues;
    return {
      ...environment, // what a task definition says, too: its broker is another one
      PATH: path, HOME: '/root', LANG: 'C.UTF-8', PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1', C_FORCE_ROOT: '1', AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x',
      ...(python && { PYTHONPATH: [...(python.billiard ? [billiardOf(python.billiard)] : []), fileURLToPath(new URL('workers/plugin', import.meta.url)), LIBRARIES].join(':') }),
      ...(python && { CELERY_BROKER_URL: this.broker.kind === 'sqs' ? `sqs://x:x@${url.host}//` : this.broker.url }),
      EXPERIMENT_BROKER_HOST: url.hostname, EXPERIMENT_BROKER_PORT: url.port, EXPERIMENT_BROKER_URL: this.broker.url, AWS_ENDPOINT_URL_SQS: this.broker.url, QUEUE_URL: `${this.broker.url}/123456789012/${queue}`,
      ...(this.broker.kind === 'redis' && { REDIS_URL: this.broker.url }), ...(this.broker.kind === 'rabbitmq' && { AMQP_URL: this.broker.url }), EXPERIMENT_QUEUE: queue!,
    };
  }

  /** Queues that are there before their consumers. */
  async prepare(): Promise<void> {
    const { sender } = this.subject, [queue] = this.queues;
    if (sender.is === 'sqs') await this.sqs(({ CreateQueueCommand }, client) => client.send(new CreateQueueCommand({ QueueName: queue, Attributes: sender.queueAttributes ?? {} })));
    if (sender.is === 'amqp') await this.amqp(channel => channel.assertQueue(queue, { durable: true }));
  }

  private async sqs<T>(use: (library: any, client: any) => Promise<T>): Promise<T> { // eslint-disable-line @typescript-eslint/no-explicit-any
    const commands = library('@aws-sdk/client-sqs');
    const client = new commands.SQSClient({ endpoint: this.broker.url, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
    try { return await use(commands, client); } finally { client.destroy(); }
  }

  private async amqp(use: (channel: any) => Promise<unknown>): Promise<void> { // eslint-disable-line @typescript-eslint/no-explicit-any
    const connection = await library('amqplib').connect(this.broker.url), channel = await connection.createConfirmChannel();
    await use(channel);
    await channel.waitForConfirms();
    await connection.close();
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'start': return this.start(step.worker);
      case 'boot': return this.boot(step.worker, step.seconds);
      case 'send': return this.send(step.messages);
      case 'call': return this.call(step.python, step.messages);
      case 'begun': { await waitFor(() => this.events().some(({ ev, tid }) => ev === 'start' && tid === step.id), 20, `the start of ${step.id}`, 10); return; }
      case 'executions': { await waitFor(() => this.events().filter(({ ev }) => ev === 'start').length >= step.count, 40, `${step.count} executions`, 20); return; }
      case 'sleep': case 'settle-for': return this.sleep(step.seconds);
      case 'mark': this.event = now(); return;
      case 'stop': { this.stopped = await this.containers.get(step.worker)!.stop(step.seconds, this.subject.stopSignal ?? 'SIGTERM'); return; }
      case 'kill': return this.containers.get(step.worker)!.kill();
      case 'kill-child': this.killChildren(step.worker); return;
      case 'kill-children': return this.killEachFor(step.worker, step.seconds);
      case 'drop': {
        if (await this.broker.drop() === 0) throw new Invalid('no connection to cut');
        // RabbitMQ lists its connections every few seconds
        if (this.events().some(({ ev }) => ev === 'end')) throw new Invalid('a task ended before its connection was cut');
        return;
      }
      case 'look': { this.afterStop = await this.lookAtBroker(); return; }
      case 'snapshot': { this.held = await this.lookAtBroker(); return; }
      case 'settle': return this.settle();
      case 'fill': return this.fill(step.mebibytes);
    }
  }

  private async start(worker: string): Promise<void> {
    const container = await startContainer(this.folder, worker, this.subject.command(worker), this.environment());
    this.containers.set(worker, container);
    if (!this.subject.saysReady) return;
    await waitFor(() => { if (!container.alive()) throw new Error(`${worker} ended`); return this.events().some(({ ev, w }) => ev === 'ready' && w === worker); }, 40, `${worker} to be ready`, 20);
  }

  private async boot(worker: string, seconds: number): Promise<void> {
    const container = await startContainer(this.folder, worker, this.subject.command(worker), this.environment());
    this.containers.set(worker, container);
    await waitFor(() => !container.alive() || this.events().some(({ ev, w }) => ev === 'ready' && w === worker), seconds, `${worker} to be ready or to end`, 20);
    this.boots = container.alive();
  }

  private announce(messages: readonly Message[]): void {
    this.sent.push(...messages);
    for (const message of messages) writeFileSync(join(this.shared, 'messages', message.id), JSON.stringify(message));
  }

  /** A script of `workers`, run by the sender's Python in the sender's tree. */
  private python(script: string, ...args: readonly string[]): Promise<void> {
    const { sender, python } = this.subject;
    const tree = sender.is === 'celery' && sender.tree !== undefined ? sender.tree : join(this.folder, 'image', 'app');
    return exec(join(venvOf(python!.celery), 'bin', 'python'), [fileURLToPath(new URL(`workers/${script}`, import.meta.url)), ...args], tree, { ...this.environment(), EXPERIMENT_SHARED: this.shared });
  }

  private async call(python: string, messages: readonly Message[]): Promise<void> {
    this.announce(messages);
    writeFileSync(join(this.shared, 'outbox'), messages.map(({ id }) => `${id}\n`).join(''));
    writeFileSync(join(this.shared, 'call.py'), python);
    return this.python('call.py', (this.subject.sender as { readonly app: string }).app);
  }

  private async send(messages: readonly Message[]): Promise<void> {
    this.announce(messages);
    const { sender } = this.subject, queue = this.queues[0]!;
    if (sender.is === 'celery') {
      writeFileSync(join(this.shared, 'outbox'), messages.map(message => JSON.stringify({ task: sender.task, queue: queue === 'celery' ? undefined : queue, ...message }) + '\n').join(''));
      return this.python('send.py', sender.app);
    }
    if (sender.is === 'bullmq') {
      const { Queue } = library('bullmq');
      const target = new Queue(queue, { connection: { host: '127.0.0.1', port: this.broker.port } });
      for (const { id, block } of messages) await target.add('job', { tid: id, block, address: id });
      return target.close();
    }
    if (sender.is === 'amqp') return this.amqp(async channel => { for (const { id } of messages) channel.sendToQueue(queue, Buffer.from(JSON.stringify({ tid: id })), { persistent: true }); });
    return this.sqs(async ({ GetQueueUrlCommand, SendMessageCommand }, client) => {
      const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: queue }));
      for (const { id } of messages) await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify({ tid: id }) }));
    });
  }

  private async sleep(seconds: number): Promise<void> {
    const begin = now();
    await sleep(seconds);
    if (now() - begin > seconds + LATE) throw new Invalid(`the machine was ${(now() - begin - seconds).toFixed(1)} s late`);
  }

  private killChildren(worker: string): void {
    for (const { ex } of this.running()) this.cut.add(ex!);
    for (const pid of this.containers.get(worker)!.leaves()) try { process.kill(pid, 'SIGKILL'); } catch { /* it has just ended */ }
  }

  private async killEachFor(worker: string, seconds: number): Promise<void> {
    for (const end = now() + seconds; now() < end; await sleep(0.05)) {
      if (this.running().length === 0) continue;
      await sleep(0.1);
      this.killChildren(worker);
    }
  }

  /** RabbitMQ's figures are up to 1 s old. */
  private async lookAtBroker(): Promise<Held> {
    if (this.broker.kind === 'rabbitmq') await sleep(1.5);
    return this.broker.holds(this.queues);
  }

  /**
   * Nothing runs in a worker that lives, and everything is done or the broker holds nothing, for a while; or the patience is over.
   * RabbitMQ's figures lag by seconds, and a worker that has just recycled a child or lost its connection runs nothing for some: what is
   * not done is gone only when nothing was seen of it for longer than that.
   */
  private async settle(): Promise<void> {
    let quiet: number | undefined;
    for (const end = now() + this.patience; now() < end; await sleep(0.2)) {
      const events = this.events();
      if (this.running().length > 0) { quiet = undefined; continue; }
      const done = this.sent.every(({ id }) => events.some(({ ev, tid }) => (ev === 'end' || ev === 'failed') && tid === id));
      const empty = sum(await this.broker.holds(this.queues)) === 0;
      if (!done && !empty) { quiet = undefined; continue; }
      quiet ??= now();
      // done and still held: it may be given out again
      if (now() - quiet >= (!empty ? 6 : this.broker.kind === 'rabbitmq' ? (done ? 2.5 : 8) : done ? 1.5 : 3)) return;
    }
  }

  private async fill(mebibytes: number): Promise<void> {
    const { client } = this.broker as Awaited<ReturnType<typeof startRedis>>;
    for (let i = 0; i < mebibytes * 16; i++) await client.set(`cache:${i}`, 'x'.repeat(1 << 16)).catch(() => undefined);
    for (let i = 0; i < mebibytes * 16; i++) await client.del(`cache:${i}`);
  }

  async result(seconds: number): Promise<Run> {
    const held = sum(this.held ?? await this.lookAtBroker()), events = this.events();
    return {
      observed: Object.fromEntries(this.sent.map(({ id }) => [id, observe(events, id, this.event, held)])), broker: this.broker.software, seconds: Math.round(seconds * 10) / 10,
      interrupted: [...new Set(events.flatMap(({ exc }) => exc ?? []))].sort(), ...(this.stopped && { stop: this.stopped }), ...(this.afterStop && { afterStop: this.afterStop }), ...(this.boots !== undefined && { boots: this.boots }),
    };
  }

  async close(): Promise<void> {
    for (const container of this.containers.values()) await container.kill().catch(() => undefined);
  }
}

const sum = ({ ready, unacknowledged }: Held): number => ready + unacknowledged;

function exec(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => { said += String(part); });
    child.on('error', reject);
    child.on('exit', code => { if (code === 0) resolve(); else reject(new Error(`${command} ${args.join(' ')}: ${said.slice(-800)}`)); });
  });
}
