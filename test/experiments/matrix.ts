import { fileURLToPath } from 'node:url';
import type { Experiment, ImagePart, Message, Step, Subject } from './experiment.js';

/** The matrix: settings and events crossed, on apps and consumers that hold nothing else. The rules' own fixtures are in proofs.ts. */
const WORKERS = fileURLToPath(new URL('workers', import.meta.url));
/** nest: NestJS takes an earlier BullMQ than the other experiments. */
export type NodeModules = 'nest';
export const nodeModules = (modules?: NodeModules): string => fileURLToPath(new URL(`../../.experiments/${modules ? `${modules}/` : ''}node_modules`, import.meta.url));
export const nodeImage = (modules?: NodeModules): readonly ImagePart[] => [{ at: '/app/measured.mjs', tree: `${WORKERS}/measured.mjs` }, { at: '/app/node_modules', link: nodeModules(modules) }];

type Pool = 'prefork' | 'threads' | 'solo' | 'gevent';
type BrokerKind = Subject['broker'];
const ACKS = { early: {}, late: { task_acks_late: true }, 'late+rowl': { task_acks_late: true, task_reject_on_worker_lost: true } } as const;
type Acks = keyof typeof ACKS;
const REMAPS = { '': {}, REMAP: { REMAP_SIGTERM: 'SIGQUIT' }, BILLIARD_REMAP: { BILLIARD_REMAP_SIGTERM: 'SIGQUIT' } } as const;
type Remap = keyof typeof REMAPS;
/** s. The visibility timeout, where an experiment is not about it. */
const VISIBILITY = 4;

interface CeleryOptions {
  readonly acks?: Acks; readonly remap?: Remap; readonly prefetch?: number; readonly settings?: Readonly<Record<string, unknown>>; readonly visibility?: number; readonly options?: Readonly<Record<string, unknown>>;
  readonly wrap?: keyof typeof WRAPS; readonly tag?: string; readonly patience?: number; readonly consumerTimeout?: number; readonly slow?: boolean; readonly billiard?: string; readonly stopSignal?: NodeJS.Signals; readonly quorum?: boolean;
}

/** How the worker is started: what its PID 1 is. */
const WRAPS = {
  exec: (command: readonly string[]) => command, 'sh -c': (command: readonly string[]) => ['sh', '-c', command.join(' ')], 'bash -c': (command: readonly string[]) => ['bash', '-c', command.join(' ')],
  'busybox sh -c': (command: readonly string[]) => ['busybox', 'sh', '-c', command.join(' ')], 'sh -c &&': (command: readonly string[]) => ['sh', '-c', `echo migrate && ${command.join(' ')} && true`],
  script: (command: readonly string[]) => ['./entry.sh', ...command], 'script-exec': (command: readonly string[]) => ['./entry-exec.sh', ...command], tini: (command: readonly string[]) => ['tini', '--', ...command],
  'tini script': (command: readonly string[]) => ['tini', '--', './entry.sh', ...command], 'tini -g script': (command: readonly string[]) => ['tini', '-g', '--', './entry.sh', ...command],
  'dumb-init script': (command: readonly string[]) => ['dumb-init', '--', './entry.sh', ...command],
} as const;

/** An experiment with the one-task app: one process, one prefetched message unless said. */
export function celery(group: string, version: string, broker: BrokerKind, pool: Pool, steps: readonly Step[], more: CeleryOptions = {}): Experiment {
  const { acks = 'early', remap = '', prefetch = 1, settings = {}, visibility = VISIBILITY, options = {}, wrap = 'exec', tag = '', patience = 25, consumerTimeout, slow, billiard, stopSignal, quorum } = more;
  const transport = broker === 'redis' ? { visibility_timeout: visibility } : broker === 'sqs' ? { region: 'us-east-1', is_secure: false, visibility_timeout: visibility, polling_interval: 0.2, wait_time_seconds: 1 } : undefined;
  const all = { worker_prefetch_multiplier: prefetch, task_ignore_result: true, broker_connection_retry_on_startup: true, ...ACKS[acks], ...(transport && { broker_transport_options: transport }), ...(quorum && { task_default_queue_type: 'quorum' }), ...(broker === 'sqs' && { worker_enable_remote_control: false }), ...settings };
  return {
    id: [group, version, broker, pool, acks, remap, tag].filter(Boolean).join('/'), steps, patience, ...(slow && { slow }),
    subject: {
      broker, ...(consumerTimeout !== undefined && { consumerTimeout }), image: [{ at: '/app/app.py', tree: `${WORKERS}/app.py` }, { at: '/app/entry.sh', tree: `${WORKERS}/entry.sh` }, { at: '/app/entry-exec.sh', tree: `${WORKERS}/entry-exec.sh` }],
      command: worker => WRAPS[wrap](['celery', '-A', 'app', 'worker', '-P', pool, '-c', '1', '-n', `${worker}@experiment`, '--without-mingle', '--without-gossip', '-l', 'INFO']),
      sender: { is: 'celery', app: 'app', task: 'work' }, queues: ['celery'], saysReady: true, python: { celery: version, ...(billiard && { billiard }) }, ...(stopSignal && { stopSignal }),
      environment: { EXPERIMENT_SETTINGS: JSON.stringify(all), EXPERIMENT_TASK: JSON.stringify(options), ...REMAPS[remap] },
    },
  };
}

const start = (worker: string): Step => ({ do: 'start', worker });
const wait = (seconds: number): Step => ({ do: 'sleep', seconds });
const stop = (seconds: number): Step => ({ do: 'stop', worker: 'A', seconds });
const messages = (...seconds: readonly number[]): readonly Message[] => seconds.map((each, i) => ({ id: `t${i}`, seconds: each }));
const send = (...seconds: readonly number[]): Step => ({ do: 'send', messages: messages(...seconds) });
const [MARK, LOOK, SETTLE, BEGUN, KILL]: readonly Step[] = [{ do: 'mark' }, { do: 'look' }, { do: 'settle' }, { do: 'begun', id: 't0' }, { do: 'kill', worker: 'A' }] as const;
/** The replacement comes when the visibility timeout is over: kombu looks for expired messages as a worker starts, and then every 100 s. */
const replaced = (broker: BrokerKind, acks: Acks): readonly Step[] => [...(broker !== 'rabbitmq' && acks !== 'early' ? [wait(VISIBILITY)] : []), start('B'), SETTLE!];
export const stopSteps = (task: number, stopTimeout: number, broker: BrokerKind = 'rabbitmq', acks: Acks = 'late'): readonly Step[] =>
  [start('A'), send(task), BEGUN!, wait(0.4), MARK!, stop(stopTimeout), LOOK!, ...replaced(broker, acks)];

/** Every experiment with Celery on this version and these brokers. */
export function celeryMatrix(version: string, brokers: readonly ('redis' | 'rabbitmq')[] = ['redis', 'rabbitmq']): readonly Experiment[] {
  const all: Experiment[] = [];
  const add = (...args: Parameters<typeof celery> extends [string, string, ...infer Rest] ? [string, ...Rest] : never): void => { const [group, ...rest] = args; all.push(celery(group, version, ...rest)); };
  const soft = /^5\.[5-9]/.test(version);
  for (const broker of brokers) {
    const expired: readonly Step[] = broker === 'redis' ? [wait(VISIBILITY)] : [];
    for (const acks of Object.keys(ACKS) as Acks[]) for (const remap of Object.keys(REMAPS) as Remap[]) add('stop-outlives', broker, 'prefork', stopSteps(4, 1.5, broker, acks), { acks, remap });
    for (const pool of ['threads', 'solo', 'gevent'] as const) for (const acks of ['early', 'late'] as const) for (const remap of ['', 'REMAP'] as const) add('stop-outlives', broker, pool, stopSteps(4, 1.5, broker, acks), { acks, remap });
    for (const pool of ['prefork', 'threads', 'solo', 'gevent'] as const) add('stop-in-time', broker, pool, stopSteps(2, 5), { acks: 'late' });
    add('stop-in-time', broker, 'prefork', stopSteps(2, 5, broker, 'early'));
    add('stop-outlives', broker, 'prefork', stopSteps(4, 1.5, broker, 'early'), { settings: { task_reject_on_worker_lost: true }, tag: 'rowl without late' });
    for (const acks of Object.keys(ACKS) as Acks[]) {
      add('oom-child', broker, 'prefork', [start('A'), send(3), BEGUN!, wait(0.3), MARK!, { do: 'kill-child', worker: 'A' }, SETTLE!], { acks });
      add('time-limit', broker, 'prefork', [start('A'), send(4), BEGUN!, MARK!, SETTLE!], { acks, settings: { task_time_limit: 1.5 } });
    }
    add('oom-loop', broker, 'prefork', [start('A'), send(3), BEGUN!, MARK!, { do: 'kill-children', worker: 'A', seconds: 9 }, { do: 'snapshot' }], { acks: 'late+rowl' });
    add('time-limit', broker, 'prefork', [start('A'), send(4), BEGUN!, MARK!, wait(9), { do: 'snapshot' }], { acks: 'late', settings: { task_time_limit: 1.5, task_acks_on_failure_or_timeout: false }, tag: 'acks_on_failure_or_timeout=False' });
    const dropped: readonly Step[] = [start('A'), send(4), BEGUN!, wait(0.5), MARK!, { do: 'drop' }, SETTLE!];
    for (const [acks, pool] of [['early', 'prefork'], ['late', 'prefork'], ['late', 'threads'], ['late', 'solo']] as const) add('conn-drop', broker, pool, dropped, { acks });
    add('conn-drop', broker, 'prefork', dropped, { acks: 'late', settings: { worker_cancel_long_running_tasks_on_connection_loss: true }, tag: 'cancel_on_loss' });
    const behind: readonly Step[] = [start('A'), send(6, 0.1, 0.1, 0.1), BEGUN!, start('B'), MARK!, SETTLE!];
    for (const acks of ['early', 'late'] as const) for (const prefetch of [1, 4]) add('hostage', broker, 'prefork', behind, { acks, prefetch, tag: `prefetch=${prefetch}`, visibility: 30 });
    if (broker === 'redis' && /^5\.[67]/.test(version)) add('hostage', broker, 'prefork', behind, { tag: 'disable_prefetch', visibility: 30, settings: { worker_disable_prefetch: true } });
    for (const [acks, pool] of [['early', 'prefork'], ['late', 'prefork'], ['early', 'threads']] as const) {
      add('prefetch-kill', broker, pool, [start('A'), send(8, 0.1, 0.1, 0.1), BEGUN!, wait(0.7), MARK!, KILL!, LOOK!, ...expired, start('B'), SETTLE!], { acks, prefetch: 4, tag: 'prefetch=4', patience: 45 });
    }
    add('recycle', broker, 'prefork', [start('A'), send(0.4, 0.4, 0.4, 0.4, 0.4, 0.4), MARK!, SETTLE!], { acks: 'late', settings: { worker_max_tasks_per_child: 1 }, tag: 'max_tasks_per_child=1', visibility: 60 });
    add('recycle', broker, 'prefork', [start('A'), { do: 'send', messages: messages(0.4, 0.4, 0.4, 0.4).map(message => ({ ...message, mebibytes: 60 })) }, MARK!, SETTLE!], { acks: 'late', settings: { worker_max_memory_per_child: 80_000 }, tag: 'max_memory_per_child', visibility: 60 });
    const held: Step = { do: 'send', messages: [{ id: 't0', seconds: 0.2, countdown: 4 }] };
    add('eta-stop', broker, 'prefork', [start('A'), held, wait(1), MARK!, stop(3), start('B'), SETTLE!], { tag: 'SIGTERM' });
    add('eta-stop', broker, 'prefork', [start('A'), held, wait(1), MARK!, KILL!, LOOK!, ...expired, start('B'), SETTLE!], { tag: 'SIGKILL' });
    for (const pool of ['prefork', 'threads', 'solo', 'gevent'] as const) {
      add('early-ack-lag', broker, pool, [start('A'), send(12), BEGUN!, wait(6), MARK!, KILL!, LOOK!, ...(broker === 'redis' ? [wait(1)] : []), start('B'), SETTLE!], { tag: 'kill 6s after start', patience: 30 });
    }
    for (const acks of ['late', 'late+rowl'] as const) add('remap-long', broker, 'prefork', [start('A'), send(14), BEGUN!, wait(0.5), MARK!, stop(9), LOOK!, start('B'), SETTLE!], { acks, remap: 'REMAP', tag: 'stopTimeout=9,task=14', patience: 40 });
    for (const acks of ['early', 'late'] as const) add('prefetch-stop', broker, 'prefork', [start('A'), send(3, 0.1, 0.1, 0.1), BEGUN!, wait(0.7), MARK!, stop(8), LOOK!, start('B'), SETTLE!], { acks, prefetch: 4, tag: 'prefetch=4,in time', visibility: 60 });
    if (!soft) continue;
    for (const [acks, remap, task, timeout, stopTimeout] of [['late', '', 4, 1, 2], ['late', 'REMAP', 4, 1, 2.5], ['late', 'REMAP', 1.2, 2, 3.5], ['late', 'REMAP', 4, 5, 2], ['late', 'REMAP', 1.2, 2, 10], ['late', 'REMAP', 9, 2, 10], ['early', 'REMAP', 4, 1, 2.5], ['late+rowl', 'REMAP', 4, 1, 2.5]] as const) {
      add('soft', broker, 'prefork', stopSteps(task, stopTimeout, broker, acks), { acks, remap, settings: { worker_soft_shutdown_timeout: timeout }, tag: `soft=${timeout},stopTimeout=${stopTimeout},task=${task}` });
    }
  }
  if (brokers.includes('redis')) {
    for (const [acks, visibility] of [['early', 3], ['late', 3], ['late', 60]] as const) add('vt-short', 'redis', 'prefork', [start('A'), send(10), BEGUN!, MARK!, wait(4), start('B'), SETTLE!], { acks, visibility, tag: `vt=${visibility},task=10,fresh worker`, patience: 60 });
    add('slow-vt-short', 'redis', 'prefork', [start('A'), start('B'), send(115), BEGUN!, MARK!, SETTLE!], { acks: 'late', visibility: 4, tag: 'vt=4,task=115', patience: 260, slow: true });
    for (const [acks, visibility] of [['early', 3], ['late', 3], ['early', 60]] as const) {
      add('eta-vt', 'redis', 'prefork', [start('A'), MARK!, { do: 'send', messages: [{ id: 't0', seconds: 0.2, countdown: 12 }] }, wait(4.5), start('B'), wait(4.5), start('C'), SETTLE!], { acks, visibility, tag: `vt=${visibility},countdown=12,2 fresh workers`, patience: 45 });
    }
    for (const pool of ['prefork', 'threads', 'solo', 'gevent'] as const) add('slow-restore-period', 'redis', pool, [start('A'), send(3), BEGUN!, MARK!, KILL!, start('B'), SETTLE!], { acks: 'late', visibility: 10, tag: 'vt=10,B up at once', patience: 130, slow: true });
    for (const wrap of Object.keys(WRAPS) as (keyof typeof WRAPS)[]) if (wrap !== 'exec') add('pid1', 'redis', 'prefork', stopSteps(1.5, 4), { acks: 'late', wrap, tag: wrap, visibility: 30 });
  }
  if (brokers.includes('rabbitmq')) add('consumer-timeout', 'rabbitmq', 'prefork', [start('A'), send(8), BEGUN!, MARK!, wait(22), { do: 'snapshot' }], { acks: 'late', tag: 'consumer_timeout=3s,task=8', patience: 40, consumerTimeout: 3 });
  return all;
}

interface NodeOptions { readonly environment?: Readonly<Record<string, string>>; readonly wrap?: readonly string[]; readonly patience?: number; readonly slow?: boolean; readonly visibility?: number }

function node(id: string, kind: 'bullmq' | 'amqp' | 'sqs', steps: readonly Step[], { environment = {}, wrap = [], patience = 30, slow, visibility }: NodeOptions): Experiment {
  return {
    id, steps, patience, ...(slow && { slow }),
    subject: {
      broker: ({ bullmq: 'redis', amqp: 'rabbitmq', sqs: 'sqs' } as const)[kind], image: [...nodeImage(), { at: `/app/${kind}.mjs`, tree: `${WORKERS}/${kind}.mjs` }], command: () => [...wrap, 'node', `${kind}.mjs`],
      sender: { is: kind, ...(visibility !== undefined && { queueAttributes: { VisibilityTimeout: String(visibility) } }) }, queues: ['q'], saysReady: true, environment,
    },
  };
}

/** Every experiment with a consumer in Node.js. */
export function nodeMatrix(): readonly Experiment[] {
  const fast = { lockDuration: 2000, stalledInterval: 1500 };
  const bull = (id: string, steps: readonly Step[], options: object = fast, more: NodeOptions = {}): Experiment => node(`bull/${id}`, 'bullmq', steps, { ...more, environment: { EXPERIMENT_OPTIONS: JSON.stringify(options), ...more.environment } });
  const close = (how: string, wrap?: readonly string[]): NodeOptions => ({ environment: { EXPERIMENT_CLOSE: how }, ...(wrap && { wrap }) });
  const kill: readonly Step[] = [start('A'), send(3), BEGUN!, wait(0.5), MARK!, KILL!, start('B'), SETTLE!];
  const stopping = (job: number, stopTimeout: number, count = 1): readonly Step[] => [start('A'), send(...Array<number>(count).fill(job)), BEGUN!, wait(0.4), MARK!, stop(stopTimeout), start('B'), SETTLE!];
  const two = (block = false): readonly Step[] => [start('A'), start('B'), { do: 'send', messages: [{ id: 't0', seconds: 6, block }] }, BEGUN!, MARK!, SETTLE!];
  const amqp = (id: string, steps: readonly Step[], mode: string, prefetch = '', more: NodeOptions = {}): Experiment => node(`amqp/${id}`, 'amqp', steps, { ...more, environment: { EXPERIMENT_MODE: mode, EXPERIMENT_PREFETCH: prefetch, ...more.environment } });
  const killed: readonly Step[] = [start('A'), send(2, 0.1, 0.1, 0.1), BEGUN!, wait(0.5), MARK!, KILL!, start('B'), SETTLE!];
  const held: readonly Step[] = [start('A'), send(5, 0.1, 0.1, 0.1, 0.1, 0.1), BEGUN!, start('B'), MARK!, SETTLE!];
  const sqs = (id: string, steps: readonly Step[], visibility: number, options: object = {}, more: NodeOptions = {}): Experiment => node(`sqs/${id}`, 'sqs', steps, { ...more, visibility, environment: { EXPERIMENT_OPTIONS: JSON.stringify(options), ...more.environment } });
  const during = (seconds: number): readonly Step[] => [{ do: 'settle-for', seconds }];
  return [
    bull('sigkill', kill), bull('sigkill,B already up', [start('A'), send(3), BEGUN!, start('B'), MARK!, KILL!, SETTLE!]), bull('sigkill,maxStalledCount=0', kill, { ...fast, maxStalledCount: 0 }),
    bull('sigkill twice,maxStalledCount=1', [start('A'), send(6), BEGUN!, wait(0.3), MARK!, KILL!, start('B'), { do: 'executions', count: 2 }, wait(0.3), { do: 'kill', worker: 'B' }, start('C'), SETTLE!]),
    bull('defaults sigkill (lock 30 s, stalledInterval 30 s)', kill, {}, { patience: 90, slow: true }),
    bull('SIGTERM,no handler,outlives,node is PID 1', stopping(3, 1.5)), bull('SIGTERM,no handler,outlives,tini', stopping(3, 1.5), fast, { wrap: ['tini', '--'] }),
    bull('SIGTERM,no handler,outlives,tini -g + sh -c npm-like', stopping(3, 1.5), fast, { wrap: ['tini', '-g', '--', 'sh', '-c', '"$0" "$@"; true'] }),
    bull('SIGTERM,no handler,jobs short,keeps taking,node is PID 1', stopping(0.5, 2, 6)), bull('SIGTERM,close(),in time', stopping(2, 4), fast, close('wait')), bull('SIGTERM,close(),outlives', stopping(4, 1.5), fast, close('wait')),
    bull('SIGTERM,close(true),outlives', stopping(4, 1.5), fast, close('force')), bull('SIGTERM,process.exit', stopping(3, 1.5), fast, close('exit')),
    bull('SIGTERM,close(),in time,sh -c compound', stopping(2, 4), fast, close('wait', ['sh', '-c', 'true; "$0" "$@"; true'])),
    bull('blocked loop > lockDuration,2 workers', two(true)), bull('async job > lockDuration,2 workers', two()), bull('blocked loop > lockDuration,2 workers,maxStalledCount=0', two(true), { ...fast, maxStalledCount: 0 }),
    bull('skipLockRenewal,async job > lockDuration,2 workers', two(), { ...fast, skipLockRenewal: true }),
    amqp('noAck,sigkill', killed, 'noAck'), amqp('noAck,prefetch=1,sigkill', killed, 'noAck', '1'), amqp('ackBefore,prefetch=1,sigkill', killed, 'ackBefore', '1'), amqp('ackBefore,no prefetch,sigkill', killed, 'ackBefore'),
    amqp('ackAfter,prefetch=1,sigkill', killed, 'ackAfter', '1'), amqp('ackAfter,no prefetch,sigkill', killed, 'ackAfter'), amqp('hostage,no prefetch', held, 'ackAfter'), amqp('hostage,prefetch=1', held, 'ackAfter', '1'),
    amqp('SIGTERM,no handler,in time,node is PID 1', stopping(1, 3), 'ackAfter', '1'), amqp('SIGTERM,no handler,tini', stopping(1, 3), 'ackAfter', '1', { wrap: ['tini', '--'] }), amqp('SIGTERM,graceful,in time', stopping(1, 3), 'ackAfter', '1', close('wait')),
    amqp('SIGTERM,graceful,noAck,3 queued', stopping(1, 3, 4), 'noAck', '', close('wait')),
    sqs('visibility 3 < task 5,2 workers', [start('A'), start('B'), send(5), BEGUN!, MARK!, ...during(9)], 3), sqs('visibility 3 < task 5,heartbeat,2 workers', [start('A'), start('B'), send(5), BEGUN!, MARK!, ...during(9)], 3, { visibilityTimeout: 3, heartbeatInterval: 1 }),
    sqs('sigkill', [start('A'), send(2), BEGUN!, wait(0.5), MARK!, KILL!, start('B'), ...during(10)], 5), sqs('SIGTERM,stop(),in time', [start('A'), send(2), BEGUN!, MARK!, stop(4), start('B'), ...during(8)], 5, {}, close('wait')),
    sqs('SIGTERM,no handler,tini', [start('A'), send(2), BEGUN!, MARK!, stop(4), start('B'), ...during(9)], 5, {}, { wrap: ['tini', '--'] }),
    sqs('batch of 4,visibility 4,task 1.5 each in turn', [send(1.5, 1.5, 1.5, 1.5), start('A'), BEGUN!, start('B'), MARK!, ...during(12)], 4, { batchSize: 10, concurrency: 1 }),
  ];
}

/** Ground that the first tables do not hold: SQS, quorum queues, another billiard, an image's STOPSIGNAL, cold shutdowns with time enough. */
export function newGround(): readonly Experiment[] {
  const all: Experiment[] = [];
  const late = ['late', 'late+rowl'] as const, brokers = ['redis', 'rabbitmq'] as const;
  for (const acks of ['early', 'late'] as const) {
    all.push(celery('stop-outlives', '5.6.3', 'sqs', 'prefork', stopSteps(4, 1.5, 'sqs', acks), { acks }));
    all.push(celery('stop-in-time', '5.6.3', 'sqs', 'prefork', stopSteps(2, 5, 'sqs', acks), { acks, visibility: 30 }));
  }
  all.push(celery('stop-outlives', '5.6.3', 'sqs', 'prefork', stopSteps(4, 1.5, 'sqs', 'late'), { acks: 'late', remap: 'REMAP' }));
  all.push(celery('remap-long', '5.6.3', 'sqs', 'prefork', [start('A'), send(14), BEGUN!, wait(0.5), MARK!, stop(9), LOOK!, start('B'), SETTLE!], { acks: 'late', remap: 'REMAP', tag: 'stopTimeout=9,task=14', patience: 45, visibility: 30 }));
  all.push(celery('oom-child', '5.6.3', 'sqs', 'prefork', [start('A'), send(3), BEGUN!, wait(0.3), MARK!, { do: 'kill-child', worker: 'A' }, SETTLE!], { acks: 'late', visibility: 30 }));
  all.push(celery('vt-short', '5.6.3', 'sqs', 'prefork', [start('A'), send(10), BEGUN!, MARK!, wait(4), start('B'), SETTLE!], { acks: 'late', visibility: 3, tag: 'vt=3,task=10,fresh worker', patience: 60 }));
  for (const acks of ['early', ...late] as const) {
    all.push(celery('stop-outlives', '5.6.3', 'rabbitmq', 'prefork', stopSteps(4, 1.5, 'rabbitmq', acks), { acks, tag: 'quorum', quorum: true }));
    all.push(celery('oom-child', '5.6.3', 'rabbitmq', 'prefork', [start('A'), send(3), BEGUN!, wait(0.3), MARK!, { do: 'kill-child', worker: 'A' }, SETTLE!], { acks, tag: 'quorum', quorum: true }));
  }
  all.push(celery('conn-drop', '5.6.3', 'rabbitmq', 'prefork', [start('A'), send(4), BEGUN!, wait(0.5), MARK!, { do: 'drop' }, SETTLE!], { acks: 'late', tag: 'quorum', quorum: true }));
  for (const broker of brokers) {
    for (const billiard of ['4.2.4', '4.3.0']) for (const acks of late) {
      all.push(celery('remap-long', '5.6.3', broker, 'prefork', [start('A'), send(14), BEGUN!, wait(0.5), MARK!, stop(9), LOOK!, start('B'), SETTLE!], { acks, remap: 'REMAP', tag: `stopTimeout=9,task=14,billiard=${billiard}`, billiard, patience: 40 }));
    }
    // what a cold shutdown makes of them where SIGKILL does not come first
    for (const version of ['5.4.0', '5.6.3']) for (const acks of ['early', 'late'] as const) {
      all.push(celery('remap-long', version, broker, 'gevent', [start('A'), send(14), BEGUN!, wait(2.5), MARK!, stop(9), LOOK!, start('B'), SETTLE!], { acks, remap: 'REMAP', tag: 'stopTimeout=9,task=14', patience: 40, visibility: 30 }));
    }
    // SIGQUIT by the image, without REMAP_SIGTERM
    for (const acks of ['early', 'late'] as const) {
      all.push(celery('remap-long', '5.6.3', broker, 'prefork', [start('A'), send(14), BEGUN!, wait(0.5), MARK!, stop(9), LOOK!, start('B'), SETTLE!], { acks, tag: 'stopTimeout=9,task=14,STOPSIGNAL SIGQUIT', stopSignal: 'SIGQUIT', patience: 40, visibility: 30 }));
    }
    all.push(celery('soft', '5.6.3', broker, 'prefork', stopSteps(1.2, 10, broker, 'late'), { acks: 'late', settings: { worker_soft_shutdown_timeout: 2 }, stopSignal: 'SIGQUIT', tag: 'soft=2,stopTimeout=10,task=1.2,STOPSIGNAL SIGQUIT' }));
    // the soft time limit ends the task before SIGKILL; does not, and ends the next run; is long enough for the next run
    for (const acks of ['early', 'late'] as const) for (const [limit, stopTimeout] of [[2, 6], [8, 2.5], [14, 2.5]] as const) {
      all.push(celery('soft-limit', '5.6.3', broker, 'prefork', stopSteps(12, stopTimeout, broker, acks), { acks, settings: { task_soft_time_limit: limit, task_time_limit: limit + 6 }, tag: `limit=${limit},stopTimeout=${stopTimeout},task=12`, patience: 30 }));
    }
  }
  return all;
}
