/** One service of one container and what may stand beside it, in no format. Absent: nothing is written, and the format's default holds. */
export interface Spec {
  readonly name: string;
  readonly platform: 'FARGATE' | 'EC2';
  readonly command: readonly string[];
  readonly stopTimeout?: number;
  readonly desired: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly breaker?: { readonly enable: boolean; readonly rollback: boolean };
  readonly logs: boolean;
  readonly init?: boolean;
  readonly capacity?: readonly { readonly provider: string; readonly weight: number; readonly base: number }[];
  readonly scaling?: { readonly minimum: number; readonly maximum: number };
  readonly sidecar: boolean;
  readonly environment: Readonly<Record<string, string>>;
}

/** mulberry32: the same numbers for the same seed, everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

const COMMANDS: readonly (readonly string[])[] = [
  ['celery', '-A', 'shop', 'worker'], ['celery', '-A', 'shop', 'worker', '--concurrency', '2'], ['sh', '-c', 'celery -A shop worker'], ['sh', '-c', 'exec celery -A shop worker'], ['celery', '-A', 'shop', 'beat'], ['celery', '-A', 'shop', 'beat', '-l', 'INFO'],
  ['celery', '-A', 'shop', 'worker', '-B'], ['celery', '-A', 'shop', 'worker', '-P', 'gevent'], ['gunicorn', 'shop.wsgi'], ['gunicorn', '--workers', '4', 'shop.wsgi'], ['airflow', 'webserver'],
  // what scripts and managers do with the signal
  ['./bin/exec-variable.sh', 'worker'], ['./bin/trap-and-wait.sh'], ['./bin/background.sh'], ['./bin/tee.sh'], ['supervisord', '-n', '-c', 'supervisord.conf'], ['supervisord', '-n', '-c', 'supervisord.conf', '--user', 'app'],
  ['tini', '--', './bin/run.sh', 'celery', '-A', 'shop', 'worker'], ['dumb-init', './bin/run.sh', 'celery', '-A', 'shop', 'worker'], ['wait-for-it', 'cache:6379', '--', 'celery', '-A', 'shop', 'worker'],
  ['newrelic-admin', 'run-program', 'celery', '-A', 'shop', 'worker'], ['python', '-m', 'celery', '-A', 'shop', 'worker'], ['python', 'run_worker.py'], ['poetry', 'run', 'celery', '-A', 'shop', 'worker'],
];

/** The styles of the corpus (corpus/README.md) that a start command is of. */
export function stylesOf({ command }: Spec): readonly number[] {
  const text = command.join(' ');
  return [...(/gunicorn|airflow/.test(text) ? [18] : []), ...(/bin\/(?:exec-variable|trap-and-wait|background|tee)/.test(text) ? [19] : []), ...(/supervisord/.test(text) ? [20] : []), ...(/tini|dumb-init|wait-for-it/.test(text) ? [21] : []), ...(/newrelic|python|poetry/.test(text) ? [22] : [])];
}

/** The nth service of a seed: faults, environments, autoscaling and sidecars sampled. */
export function specOf(seed: number, n: number): Spec {
  const random = randomOf(seed * 7919 + n);
  const pick = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const platform = pick<Spec['platform']>('FARGATE', 'FARGATE', 'EC2');
  const [stopTimeout, minimum, maximum, init] = [pick(undefined, undefined, 10, 90, 120, 300), pick(undefined, undefined, 0, 50, 100), pick(undefined, undefined, 100, 200), pick(undefined, undefined, true)];
  const breaker = pick(undefined, undefined, { enable: true, rollback: true }, { enable: false, rollback: false });
  const spot = platform === 'FARGATE' ? pick(0, 0, 1, 2) : 0;
  const scaling = pick(undefined, undefined, { minimum: 1, maximum: 6 });
  return {
    name: `shop-${pick('mail', 'export', 'main')}`, platform, command: pick(...COMMANDS), desired: pick(1, 2, 3, 4), logs: pick(true, true, false), sidecar: pick(true, false, false),
    ...(stopTimeout !== undefined && { stopTimeout }), ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }), ...(breaker && { breaker }), ...(init && { init }), ...(scaling && { scaling }),
    ...(spot > 0 && { capacity: [{ provider: 'FARGATE_SPOT', weight: 1, base: 0 }, ...(spot === 2 ? [{ provider: 'FARGATE', weight: 1, base: 1 }] : [])] }),
    environment: { CELERY_BROKER_URL: pick('redis://cache.example.com:6379/0', 'amqps://mq.example.com:5671'), ...(pick(true, false) && { REMAP_SIGTERM: pick('SIGQUIT', 'SIGTERM') }) },
  };
}

/** The code that every format deploys. */
const APP: Readonly<Record<string, string>> = {
  Dockerfile: 'FROM python:3.12-slim-bookworm\nWORKDIR /srv\nCOPY . .\n',
  'requirements.txt': 'celery==5.6.3\nbilliard==4.2.4\n', 'shop/__init__.py': '', 'shop/tasks.py': 'from shop.celery import app\n\n\n@app.task\ndef release(sku):\n    print(sku)\n',
  'shop/celery.py': 'from celery import Celery\n\napp = Celery("shop", include=["shop.tasks"])\napp.conf.update(task_acks_late=True, task_time_limit=600, task_soft_time_limit=570, worker_prefetch_multiplier=1)\n',
};

/** Scripts and files that start commands name. */
const STARTED: Readonly<Record<string, string>> = {
  'bin/exec-variable.sh': '#!/bin/bash\nset -e\nif [ "$1" = worker ]; then\n  run="celery -A shop worker"\nelse\n  run="gunicorn shop.wsgi"\nfi\nexec $run\n',
  'bin/trap-and-wait.sh': '#!/bin/bash\ntrap \'kill -TERM $pid; wait $pid\' TERM INT\ncelery -A shop worker &\npid=$!\nwait $pid\n',
  'bin/background.sh': '#!/bin/sh\ncelery -A shop worker &\nsleep infinity\n', 'bin/tee.sh': '#!/bin/bash\ncelery -A shop worker 2>&1 | tee /var/log/worker.log\n', 'bin/run.sh': '#!/bin/sh\nset -e\nexec "$@"\n',
  'supervisord.conf': '[supervisord]\nnodaemon=true\n\n[program:worker]\ncommand=celery -A shop worker\nstopwaitsecs=20\n',
  'run_worker.py': 'from shop.celery import app\n\napp.worker_main(["worker"])\n',
};

/** The code that every format deploys, with what the start command names. */
export function appOf({ command }: Spec): Readonly<Record<string, string>> {
  return { ...APP, ...Object.fromEntries(Object.entries(STARTED).filter(([path]) => command.some(word => word.replace(/^\.\//, '') === path))) };
}
