import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Expected, Experiment, Message, Step, Subject } from './experiment.js';
import { celeryFixture, fixtureFolder, nodeFixture, readFixture, scaledStop, type CeleryFixture, type NodeFixture } from './fixture.js';

/**
 * The rules' own fixtures, run: drainlint reports bad/ exactly if its messages come to harm, and is silent on good/ exactly if they do not.
 * The trees are started as they are; durations are scaled, and a measured sleep stands in for the work.
 */
export interface Proof {
  readonly rule: string;
  /** What is done to both trees. */
  readonly event: string;
  readonly expected: Readonly<Record<Tree, Expected>>;
  experiment(tree: Tree): Experiment;
}
export const TREES = ['bad', 'good'] as const;
export type Tree = (typeof TREES)[number];

const start = (worker: string): Step => ({ do: 'start', worker });
const wait = (seconds: number): Step => ({ do: 'sleep', seconds });
const [MARK, LOOK, SETTLE, BEGUN, KILL]: readonly Step[] = [{ do: 'mark' }, { do: 'look' }, { do: 'settle' }, { do: 'begun', id: 't0' }, { do: 'kill', worker: 'A' }];
const send = (count: number, seconds: number, more: Partial<Message> = {}): Step => ({ do: 'send', messages: Array.from({ length: count }, (_, i) => ({ id: `t${i}`, seconds, args: ARGS, ...more })) });
/** Task functions of fixtures take one argument or two; the sleep in their place takes any. */
const ARGS: readonly unknown[] = [1];
const once = (verdict: 'once' | 'lost' | 'rerun' | 'twice' | 'waiting' | 'sender', more: Partial<Expected> = {}): Expected => ({ all: verdict, ...more });

interface CeleryProof extends CeleryFixture {
  readonly event: string;
  /** Gets what the tree's container says, and a function that scales seconds. */
  steps(container: ReturnType<typeof readFixture>, scaled: (seconds: number) => number): readonly Step[];
  readonly bad: Expected; readonly good: Expected;
  readonly patience?: number; readonly slow?: boolean;
  redisOf?(folder: string): Readonly<Record<string, string>>;
}

function celery(rule: string, proof: CeleryProof): Proof {
  const { event, steps, bad, good, patience = 25, slow, scale, redisOf } = proof;
  return {
    rule, event, expected: { bad, good },
    experiment(tree) {
      const folder = fixtureFolder(rule, tree);
      const subject = celeryFixture(folder, { ...proof, ...(redisOf && { redis: redisOf(folder) }) });
      return { id: `${rule}/${tree}`, subject, steps: steps(readFixture(folder), seconds => seconds * scale), patience, ...(slow && { slow }) };
    },
  };
}

interface NodeProof extends Omit<NodeFixture, 'queueAttributes'> { readonly event: string; steps(): readonly Step[]; readonly bad: Expected; readonly good: Expected; readonly patience?: number; attributes?(folder: string): Readonly<Record<string, string>> }

function node(rule: string, proof: NodeProof): Proof {
  const { event, steps, bad, good, patience = 25, attributes } = proof;
  return {
    rule, event, expected: { bad, good },
    experiment(tree) {
      const folder = fixtureFolder(rule, tree);
      const subject: Subject = nodeFixture(folder, { ...proof, ...(attributes && { queueAttributes: attributes(folder) }) });
      return { id: `${rule}/${tree}`, subject, steps: steps(), patience };
    },
  };
}

/** A stop, with the time the tree's task definition gives it, and a replacement. `task`: s it runs, unscaled. */
const stopped = (task: number, scale: number, count = 1): CeleryProof['steps'] => ({ stopTimeout }, scaled) =>
  [start('A'), send(count, scaled(task)), BEGUN!, wait(0.4), MARK!, { do: 'stop', worker: 'A', seconds: scaledStop(stopTimeout, scale) }, LOOK!, start('B'), SETTLE!];
/** As many messages as keep a worker of `slots` processes busy three times over: one that does not hear the signal is cut in the last third. */
const [FOUR, ALL] = [12, 3 * cpus().length];
const [FIFTEENTH, TENTH] = [1 / 15, 1 / 10];
const INVOICES = { broker: 'rabbitmq', app: 'shop', task: 'shop.tasks.store_invoice' } as const;
/** What the trees leave out: the project around their apps. */
const django = (...apps: readonly string[]): string => `import os

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(os.environ.get("EXPERIMENT_SHARED", "/experiment"), "database")}}
INSTALLED_APPS = ${JSON.stringify(apps)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
`;
const DJANGO = { DJANGO_SETTINGS_MODULE: 'settings' };
const MIGRATE = 'from django.core.management import call_command\ncall_command("migrate", run_syncdb=True, verbosity=0)\n';
const deaf = { bad: { some: 'rerun', killed: true }, good: once('once', { killed: false }) } as const;
const SHOP = 'a deployment while it works; a task of 60 s, stopTimeout 120 s';

export const PROOFS: readonly Proof[] = [
  celery('ecs/stop-timeout-too-short', { ...INVOICES, event: 'a deployment; a task of 85 s', scale: TENTH, steps: stopped(85, TENTH), bad: once('rerun', { killed: true }), good: once('once', { killed: false }) }),
  celery('container/shell-swallows-signal', { ...INVOICES, event: SHOP, scale: FIFTEENTH, steps: stopped(60, FIFTEENTH, FOUR), ...deaf }),
  celery('container/entrypoint-without-exec', { ...INVOICES, event: SHOP, scale: FIFTEENTH, steps: stopped(60, FIFTEENTH, ALL), ...deaf }),
  celery('container/detached-worker', { ...INVOICES, event: SHOP, scale: FIFTEENTH, steps: stopped(60, FIFTEENTH, ALL), ...deaf }),
  celery('container/background-without-wait', { ...INVOICES, queue: 'invoices', event: SHOP, scale: FIFTEENTH, steps: stopped(60, FIFTEENTH, ALL), ...deaf }),
  celery('container/init-kills-worker', { ...INVOICES, event: SHOP, scale: FIFTEENTH, steps: stopped(60, FIFTEENTH), bad: once('rerun'), good: once('once', { killed: false }) }),
  celery('container/signal-sent-to-group', { ...INVOICES, event: SHOP, scale: FIFTEENTH, steps: stopped(60, FIFTEENTH), bad: once('rerun'), good: once('once', { killed: false }) }),
  celery('container/process-manager-kills-early', {
    ...INVOICES, event: 'a deployment; a task of 85 s, stopTimeout 120 s', scale: FIFTEENTH, steps: stopped(85, FIFTEENTH), bad: once('rerun'), good: once('once', { killed: false }),
    // supervisord's own default of 10 s has to be written down to be scaled
    rewrite: { 'supervisord.conf': text => text.replace(/^stopwaitsecs=(\d+)$|(?<=^directory=.*$)/m, (_, seconds?: string) => `${seconds === undefined ? '\n' : ''}stopwaitsecs=${Math.round(scaledStop(Number(seconds ?? 10), FIFTEENTH))}`) },
  }),
  celery('celery/acknowledgement-never-sent', { broker: 'rabbitmq', app: 'shop', task: 'shop.tasks.recount', event: 'a deployment; a task of 30 s, stopTimeout 120 s', scale: FIFTEENTH, steps: stopped(30, FIFTEENTH), bad: once('twice'), good: once('once') }),
  celery('celery/setting-ignored', { broker: 'rabbitmq', app: 'config', task: 'store.tasks.close_order', event: 'the container is killed; a task of 60 s', scale: FIFTEENTH, steps: (_, scaled) => [start('A'), send(1, scaled(60)), BEGUN!, wait(0.5), MARK!, KILL!, start('B'), SETTLE!], bad: once('lost'), good: once('rerun') }),
  celery('celery/sigterm-remap-ineffective', { broker: 'redis', app: 'shop', task: 'shop.tasks.recount', event: 'a deployment; a task of 500 s, stopTimeout 120 s', scale: 1 / 30, steps: stopped(500, 1 / 30), bad: once('waiting', { killed: true }), good: once('rerun', { killed: false }) }),
  celery('celery/sigterm-remap-loses-tasks', { broker: 'redis', app: 'media', task: 'media.tasks.recount', event: 'a deployment; a task of 500 s, stopTimeout 120 s', scale: 1 / 30, steps: stopped(500, 1 / 30), bad: once('lost'), good: once('rerun') }),
  celery('celery/visibility-timeout-too-short', {
    broker: 'redis', app: 'config', task: 'store.tasks.close_order', event: 'a worker starts 350 s after another has taken a message; a task of 500 s', scale: 1 / 50, patience: 40,
    steps: (_, scaled) => [start('A'), send(1, scaled(500)), BEGUN!, MARK!, wait(scaled(350)), start('B'), SETTLE!], bad: once('twice'), good: once('once'),
  }),
  celery('celery/countdown-exceeds-visibility-timeout', {
    broker: 'redis', app: 'shop', task: 'shop.tasks.release', event: 'two workers start while the message is held', scale: 1 / 300, patience: 45,
    steps: ({ image }, scaled) => {
      // HOLD = timedelta(hours=2), of the fixture's own code
      const held = /HOLD = timedelta\((hours|minutes)=(\d+)\)/.exec(readFileSync(join((image[0] as { readonly tree: string }).tree, 'shop/tasks.py'), 'utf8'))!;
      const countdown = scaled(Number(held[2]) * (held[1] === 'hours' ? 3600 : 60));
      return [start('A'), MARK!, send(1, 0.1, { countdown }), wait(4.5), start('B'), wait(4.5), start('C'), SETTLE!];
    },
    bad: once('twice'), good: once('once'),
  }),
  celery('celery/visibility-timeout-not-seconds', { broker: 'redis', app: 'shop', task: 'shop.tasks.recount', event: 'a worker is started', scale: 1, steps: () => [{ do: 'boot', worker: 'A', seconds: 40 }], bad: { boots: false }, good: { boots: true } }),
  celery('celery/redelivery-never-happens', {
    broker: 'redis', app: 'feeds', task: 'feeds.tasks.refresh', event: 'the container is killed, another is up at once; seen for 240 s', scale: 1 / 90, patience: 240, slow: true,
    steps: (_, scaled) => [start('A'), send(1, scaled(60)), BEGUN!, wait(0.2), MARK!, KILL!, start('B'), SETTLE!], bad: once('waiting'), good: once('rerun'),
  }),
  celery('celery/soft-shutdown-exceeds-stop-timeout', {
    broker: 'redis', app: 'media', task: 'media.tasks.recount', event: 'a deployment, in real time but for the visibility timeout (125 s); a task of 20 s', scale: 1, patience: 60, slow: true,
    // the replacement gives out again what is left over: 900 s later, as it is written
    rewrite: { 'celery.py': text => text.replace('"visibility_timeout": 900', '"visibility_timeout": 125') },
    steps: ({ stopTimeout }) => [start('A'), send(1, 20), BEGUN!, wait(0.4), MARK!, { do: 'stop', worker: 'A', seconds: stopTimeout }, LOOK!, wait(6), start('B'), SETTLE!], bad: once('twice', { killed: true }), good: once('once', { killed: false }),
  }),
  celery('celery/mixed-setting-names', { broker: 'redis', app: 'catalog', task: 'catalog.tasks.recount', event: 'a worker is started', scale: 1, steps: () => [{ do: 'boot', worker: 'A', seconds: 40 }], bad: { boots: false }, good: { boots: true } }),
  celery('celery/string-boolean', { broker: 'redis', app: 'media', task: 'media.tasks.recount', event: 'a message is sent', scale: 1, steps: () => [start('A'), send(1, 0.5), SETTLE!], bad: once('sender'), good: once('once') }),
  celery('celery/time-limit-ignored', { broker: 'rabbitmq', app: 'shop', task: 'shop.tasks.recount', event: 'a task of 200 s, which its time limits end after 90 or 100 s, where they count', scale: 1 / 20, steps: (_, scaled) => [start('A'), send(1, scaled(200)), BEGUN!, MARK!, SETTLE!], bad: once('once'), good: once('lost') }),
  celery('celery/broker-may-evict', {
    broker: 'redis', app: 'media', task: 'media.tasks.recount', event: 'a cache fills the memory of the broker, and is emptied', scale: 1, steps: () => [send(3, 0.5), { do: 'fill', mebibytes: 64 }, start('A'), SETTLE!],
    redisOf: folder => ({ maxmemory: '16mb', 'maxmemory-policy': /value\s*=\s*"(\w+(?:-\w+)?)"/.exec(readFileSync(join(folder, 'infra/broker.tf'), 'utf8'))![1]! }), bad: once('lost'), good: once('once'),
  }),
  celery('tasks/waits-for-result', { broker: 'redis', app: 'shop', task: 'shop.tasks.bill', body: 'own', event: 'a message is sent', scale: 1, steps: () => [start('A'), send(1, 0), SETTLE!], bad: once('lost'), good: once('once') }),
  celery('tasks/retry-swallowed', {
    broker: 'redis', app: 'shop', task: 'shop.tasks.register_shipment', body: 'own', event: 'a shipment is not ready at the first try, and is at the second, 60 s later', scale: 1 / 30, steps: () => [start('A'), send(1, 0), BEGUN!, MARK!, wait(3.5), SETTLE!],
    // the carrier: ready when it is asked again
    rewrite: { 'carrier.py': () => 'import os\n\nASKED = "/experiment/asked"\n\n\ndef is_ready(order_id):\n    ready = os.path.exists(ASKED)\n    open(ASKED, "w").close()\n    return ready\n\n\ndef register(order_id):\n    pass\n' }, bad: once('twice'), good: once('rerun'),
  }),
  celery('tasks/lock-without-expiry', {
    broker: 'redis', app: 'shop', task: 'shop.tasks.restock', body: 'stand-in', event: 'the container is killed while the first run holds the lock; its message comes back when the visibility timeout is over, and a second run is sent later', scale: 1 / 150, patience: 15,
    rewrite: {
      'tasks.py': text => text.replace(/(?<=timeout=)\d+/, seconds => String(Number(seconds) / 150)),
      'models.py': () => 'from contextlib import contextmanager\nfrom unittest.mock import MagicMock\n\nimport sitecustomize\n\nItem = MagicMock()\n\n\nclass Session:\n    @staticmethod\n    @contextmanager\n    def begin():\n        sitecustomize.work()\n        yield MagicMock()\n',
    },
    steps: (_, scaled) => [start('A'), send(1, 2, { args: [] }), BEGUN!, wait(0.5), MARK!, KILL!, wait(scaled(900)), start('B'), wait(4), { do: 'send', messages: [{ id: 't1', seconds: 0.5 }] }, SETTLE!], bad: once('lost'), good: { each: ['rerun', 'once'] },
  }),
  celery('tasks/message-incompatible', {
    broker: 'redis', app: 'shop', task: 'shop.tasks.write_invoice', body: 'own', sentBy: 'before', event: 'a deployment; messages of the code before it are in the queue', scale: 1,
    steps: () => [{ do: 'send', messages: [{ id: 't0', seconds: 0, args: [1] }, { id: 't1', seconds: 0, task: 'shop.tasks.send_receipt', args: [1, 'a@example.com'] }, { id: 't2', seconds: 0, task: 'shop.tasks.export', args: ['2026-11-27'] }] }, start('A'), SETTLE!],
    bad: once('lost'), good: once('once'),
  }),
  celery('tasks/publish-in-transaction', {
    broker: 'redis', app: 'orders', task: 'checkout.tasks.send_confirmation', body: 'own', event: 'create_order is called in a request whose transaction is committed 1 s later', scale: 1,
    beside: { 'settings.py': django('django.contrib.auth', 'django.contrib.contenttypes', 'orders') }, environment: DJANGO,
    steps: () => [start('A'), { do: 'call', messages: [{ id: 't0', seconds: 0 }], python: `${MIGRATE}import time
from types import SimpleNamespace
from django.contrib.auth.models import User
from django.db import transaction
from checkout.service import create_order
user = User.objects.create(username="u", email="u@example.com")
with transaction.atomic():
    create_order(SimpleNamespace(total=5), user)
    time.sleep(1)
` }, SETTLE!], bad: once('lost'), good: once('once'),
  }),
  celery('tasks/non-idempotent-write', {
    broker: 'rabbitmq', app: 'billing', task: 'billing.tasks.autopay', body: 'stand-in', event: 'the container is killed while the task waits for the answer to its charge, which was made', scale: 1,
    beside: {
      'settings.py': django('billing'),
      // docs.stripe.com/api/idempotent_requests: a second request with the same key gets the result of the first
      'stripe.py': 'import os\n\nimport sitecustomize\n\n\nclass Charge:\n    id = "ch_1"\n\n    @classmethod\n    def create(cls, idempotency_key=None, **_):\n        made = f"/experiment/{idempotency_key}"\n        if idempotency_key is None or not os.path.exists(made):\n            open(made, "w").close()\n            sitecustomize.done()\n        return cls\n',
    }, environment: DJANGO,
    steps: () => [start('A'), { do: 'call', messages: [{ id: 't0', seconds: 2 }], python: `${MIGRATE}from billing.models import Invoice
from billing.tasks import autopay
autopay.delay(Invoice.objects.create(cents=100, customer="c").pk)
` }, BEGUN!, wait(0.5), MARK!, KILL!, start('B'), SETTLE!], bad: once('twice'), good: once('once'),
  }),
  node('node/shutdown-hooks-missing', { kind: 'bullmq', queue: 'mail', modules: 'nest', ...bull('src/main.ts'), ...stopOfNode('jobs of 4 s one after another, stopTimeout 6 s', 4, 6, 3), bad: { some: 'waiting', killed: true }, good: once('once', { killed: false }) }),
  node('node/no-sigterm-handler', { kind: 'bullmq', queue: 'mail', ...bull('src/worker.ts'), ...stopOfNode('jobs of 4 s one after another, stopTimeout 6 s', 4, 6, 3), bad: { some: 'waiting', killed: true }, good: once('once', { killed: false }) }),
  node('node/exits-before-drain', { kind: 'bullmq', queue: 'mail', ...bull('src/worker.ts'), call: { file: 'src/metrics.ts', name: 'start' }, ...stopOfNode('the job needs 4 s, stopTimeout 10 s', 4, 10), bad: once('waiting'), good: once('once', { killed: false }) }),
  node('bullmq/no-graceful-close', { kind: 'bullmq', queue: 'invoices', ...bull('src/worker.ts'), ...stopOfNode('the job needs 4 s, stopTimeout 10 s', 4, 10), bad: once('waiting'), good: once('once', { killed: false }) }),
  node('amqp/ack-before-work', { kind: 'amqp', queue: 'events', ...amqp(), ...killOfNode(), bad: once('lost'), good: once('rerun') }),
  node('amqp/no-ack', { kind: 'amqp', queue: 'events', ...amqp(), ...killOfNode(), bad: once('lost'), good: once('rerun') }),
  node('sqs/delete-before-work', { kind: 'sqs', queue: 'delete-before-work', ...sqs('src/work.ts'), ...killOfNode(), attributes: () => ({ VisibilityTimeout: '4' }), bad: once('lost'), good: once('rerun') }),
  node('sqs/delete-on-failure', {
    kind: 'sqs', queue: 'delete-on-failure', ...sqs('src/work.ts'), event: 'the work fails at its first try', attributes: () => ({ VisibilityTimeout: '4' }),
    steps: () => [start('A'), send(1, 0.5, { failsFirst: true }), BEGUN!, MARK!, wait(2), start('B'), SETTLE!], bad: once('lost'), good: once('rerun'),
  }),
  node('sqs/visibility-timeout-too-short', {
    kind: 'sqs', queue: 'register-input', ...sqs('src/work.ts', 'message'), event: 'two consumers, work of 90 s', steps: () => [start('A'), start('B'), send(1, 6), BEGUN!, MARK!, { do: 'settle-for', seconds: 10 }],
    // 30 s is the default of SQS
    attributes: folder => ({ VisibilityTimeout: String(Math.round(Number(/visibility_timeout_seconds\s*=\s*(\d+)/.exec(readFileSync(join(folder, 'terraform/queue.tf'), 'utf8'))?.[1] ?? 30) / 15)) }), bad: once('twice'), good: once('once'),
  }),
];

function bull(entry: string) { return { entry, work: { file: 'src/mail.ts', name: 'send', message: 'message' } } as const; }
function amqp() { return { entry: 'src/consumer.ts', work: { file: 'src/deliver.ts', name: 'deliver', message: 'message.tid' } } as const; }
function sqs(file: string, message = 'message') { return { entry: 'src/consumer.ts', work: { file, name: 'work', message: `JSON.parse(${message}).tid` } } as const; }
/** `count` jobs one after another: a process that does not hear the signal is cut in a later one. A job that was cut is active until its lock has expired twice, 60 s. */
function stopOfNode(what: string, job: number, stopTimeout: number, count = 1) {
  return { event: `a deployment; ${what}`, patience: 12, steps: (): readonly Step[] => [start('A'), send(count, job), BEGUN!, wait(0.4), MARK!, { do: 'stop', worker: 'A', seconds: stopTimeout }, LOOK!, start('B'), SETTLE!] };
}
function killOfNode() { return { event: 'the process is killed while it works', steps: (): readonly Step[] => [start('A'), send(1, 2), BEGUN!, wait(0.5), MARK!, KILL!, start('B'), SETTLE!] } as const; }
