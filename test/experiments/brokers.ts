import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from './clock.js';

/** A broker of an experiment's own. */
export interface Broker {
  readonly kind: 'redis' | 'rabbitmq' | 'sqs';
  /** As Celery, BullMQ (host and port) and amqplib take it. For SQS the endpoint. */
  readonly url: string;
  readonly port: number;
  /** Its product and version: `Redis 7.0.15`. */
  readonly software: string;
  /** Messages that are ready, and those that a consumer has and did not acknowledge, in these queues. */
  holds(queues: readonly string[]): Promise<Held>;
  /** Cuts each connection of a client; how many. */
  drop(): Promise<number>;
  close(): Promise<void>;
}
export interface Held { readonly ready: number; readonly unacknowledged: number }

const NODE_MODULES = fileURLToPath(new URL('../../.experiments/node_modules/', import.meta.url));
/** The libraries that experiments install; they are none of the project's. */
export const library = createRequire(join(NODE_MODULES, 'x.js')) as (name: string) => any; // eslint-disable-line @typescript-eslint/no-explicit-any

/** Ends with this process, however that ends. */
function server(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], { stdio: 'ignore', env: { ...process.env, ...env }, detached: true });
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>(resolve => { probe.listen(0, '127.0.0.1', resolve); });
  const { port } = probe.address() as { port: number };
  await new Promise(resolve => { probe.close(resolve); });
  return port;
}

/** A redis-server of its own takes 30 ms: nobody else's orphan takes its messages. `settings`: as on its command line. */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<Broker & { readonly client: any }> { // eslint-disable-line @typescript-eslint/no-explicit-any
  const port = await freePort();
  const process = server('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])]);
  const client = new (library('ioredis').Redis)({ port, host: '127.0.0.1', maxRetriesPerRequest: null, retryStrategy: () => 20 });
  client.on('error', () => { /* until it listens */ });
  const version = /redis_version:(\S+)/.exec(await client.info('server') as string)?.[1];
  return {
    kind: 'redis', port, url: `redis://127.0.0.1:${port}/0`, software: `Redis ${version}`, client,
    async holds(queues) {
      let ready = 0;
      // kombu: a list for each queue; BullMQ: lists and sets under bull:
      for (const queue of queues) ready += await client.llen(queue) + await client.llen(`bull:${queue}:wait`) + await client.zcard(`bull:${queue}:delayed`);
      let unacknowledged = await client.hlen('unacked') as number;
      for (const queue of queues) unacknowledged += await client.llen(`bull:${queue}:active`);
      return { ready, unacknowledged };
    },
    async drop() {
      const mine = String(await client.client('ID'));
      const others = (await client.client('LIST') as string).split('\n').map(line => /^id=(\d+)/.exec(line)?.[1]).filter(id => id !== undefined && id !== mine);
      let cut = 0;
      for (const id of others) cut += await client.client('KILL', 'ID', id) as number;
      return cut;
    },
    async close() { client.disconnect(); process.kill('SIGKILL'); },
  };
}

/** A RabbitMQ for the whole run: it takes 10 s to start. Each experiment has a virtual host of its own. */
export interface RabbitServer { host(name: string): Promise<Broker>; close(): Promise<void> }

/** `consumerTimeout`: s a consumer may keep a message; RabbitMQ 3.10 has one for the whole server. */
export async function startRabbit(consumerTimeout?: number): Promise<RabbitServer> {
  const folder = mkdtempSync(join(tmpdir(), 'drainlint-rabbit-'));
  const [port, management, distribution, epmd] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'rabbitmq.conf'), [`listeners.tcp.1 = 127.0.0.1:${port}`, 'management.tcp.ip = 127.0.0.1', `management.tcp.port = ${management}`, 'collect_statistics_interval = 1000', 'loopback_users = none',
    ...(consumerTimeout === undefined ? [] : [`consumer_timeout = ${consumerTimeout * 1000}`])].join('\n') + '\n');
  // how often channels look for late acknowledgements; no key of rabbitmq.conf
  writeFileSync(join(folder, 'advanced.config'), `[{rabbit, [${consumerTimeout === undefined ? '' : '{channel_tick_interval, 1000}'}]}].\n`);
  writeFileSync(join(folder, 'plugins'), '[rabbitmq_management].\n');
  const process = server('/usr/lib/rabbitmq/bin/rabbitmq-server', [], {
    RABBITMQ_NODENAME: `drainlint${port}@localhost`, RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'), RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'), ERL_CRASH_DUMP: join(folder, 'erl_crash.dump'), RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'), RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: folder, RABBITMQ_DIST_PORT: String(distribution), ERL_EPMD_PORT: String(epmd), ERL_EPMD_ADDRESS: '127.0.0.1', HOME: folder, RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none',
  });
  const api = async (method: string, path: string, body?: unknown): Promise<any> => { // eslint-disable-line @typescript-eslint/no-explicit-any
    const answer = await fetch(`http://127.0.0.1:${management}/api/${path}`, { method, headers: { authorization: `Basic ${btoa('guest:guest')}`, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) });
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`RabbitMQ: ${method} ${path}: ${answer.status} ${await answer.text()}`);
    const text = await answer.text();
    return text ? JSON.parse(text) : undefined;
  };
  /** Was it there? */
  const remove = async (path: string): Promise<boolean> => (await fetch(`http://127.0.0.1:${management}/api/${path}`, { method: 'DELETE', headers: { authorization: `Basic ${btoa('guest:guest')}` } })).ok;
  const overview = await waitFor(() => { if (process.exitCode !== null) throw new Error(`RabbitMQ ended at its start (${process.exitCode})`); return api('GET', 'overview').catch(() => undefined); }, 90, 'RabbitMQ', 200);
  return {
    async host(name) {
      const vhost = encodeURIComponent(name);
      await api('PUT', `vhosts/${vhost}`, {});
      await api('PUT', `permissions/${vhost}/guest`, { configure: '.*', write: '.*', read: '.*' });
      return {
        kind: 'rabbitmq', port, url: `amqp://guest:guest@127.0.0.1:${port}/${vhost}`, software: `RabbitMQ ${overview.rabbitmq_version}`,
        async holds(queues) {
          const all = await Promise.all(queues.map(queue => api('GET', `queues/${vhost}/${encodeURIComponent(queue)}`)));
          const sum = (field: string): number => all.reduce((total: number, queue) => total + Math.max(0, queue?.[field] ?? 0), 0);
          return { ready: sum('messages_ready'), unacknowledged: sum('messages_unacknowledged') };
        },
        async drop() {
          // what the management plugin lists may lack the youngest connections: those of the consumers are the ones that matter
          const consumers = await waitFor(async (): Promise<readonly { readonly channel_details: { readonly connection_name: string } }[] | undefined> => { const all = await api('GET', `consumers/${vhost}`); return all.length > 0 ? all : undefined; }, 8, 'a consumer');
          const listed = await api('GET', `vhosts/${vhost}/connections`) as readonly { readonly name: string }[];
          const consuming = new Set(consumers.map(({ channel_details }) => channel_details.connection_name));
          for (const connection of consuming) await waitFor(() => remove(`connections/${encodeURIComponent(connection)}`), 8, `the connection ${connection}`);
          for (const { name: connection } of listed) if (!consuming.has(connection)) await remove(`connections/${encodeURIComponent(connection)}`);
          return consuming.size;
        },
        async close() { await api('DELETE', `vhosts/${vhost}`); },
      };
    },
    async close() {
      // the script is the parent of Erlang's machine, which leads no group of its own
      try { globalThis.process.kill(-process.pid!, 'SIGKILL'); } catch { /* gone */ }
      await waitFor(() => process.exitCode !== null || process.signalCode !== null, 10, 'the end of RabbitMQ').catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** moto: SQS as boto3 and the AWS SDK see it. One for the whole run. */
export async function startMoto(program: string): Promise<{ readonly endpoint: string; readonly software: string; close(): void }> {
  const port = await freePort();
  const process = server(program, ['-H', '127.0.0.1', '-p', String(port)]);
  const endpoint = `http://127.0.0.1:${port}`;
  await waitFor(() => fetch(`${endpoint}/moto-api/data.json`).then(answer => answer.ok, () => false), 30, 'moto', 100);
  return { endpoint, software: 'moto', close: () => { process.kill('SIGKILL'); } };
}

/** The queues of one experiment on moto: `prefix` keeps them apart. */
export function sqsBroker(endpoint: string, account: string): Broker {
  const { SQSClient, GetQueueUrlCommand, GetQueueAttributesCommand } = library('@aws-sdk/client-sqs');
  const client = new SQSClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: account, secretAccessKey: 'x' } });
  return {
    kind: 'sqs', url: endpoint, port: Number(new URL(endpoint).port), software: 'SQS by moto',
    async holds(queues) {
      let ready = 0, unacknowledged = 0;
      for (const QueueName of queues) {
        const url = await client.send(new GetQueueUrlCommand({ QueueName })).then((found: { QueueUrl: string }) => found.QueueUrl, () => undefined);
        if (url === undefined) continue;
        const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }));
        ready += Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesDelayed);
        unacknowledged += Number(Attributes.ApproximateNumberOfMessagesNotVisible);
      }
      return { ready, unacknowledged };
    },
    drop: () => Promise.reject(new Error('SQS has no connections to cut')),
    async close() { client.destroy(); },
  };
}
