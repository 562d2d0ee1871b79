import { block, type Draft, type Forms, type Project } from './draft.js';
import { EXTRAS, writeExtra } from './extras.js';
import { LOADS, WITHOUT_NAMESPACE, writeLoad } from './loads.js';
import { NAMINGS, writeNames } from './names.js';
import { randomOf, type Random } from './random.js';
import { VALUES, writeValues } from './values.js';

/** One way to decide something on the command line, in the environment, or on a task function (facts 5.2-5.4). */
interface Form { readonly rows: readonly string[]; readonly write: (draft: Draft, random: Random) => void }

const OPTIONS: Readonly<Record<string, Form>> = {
  none: { rows: [], write: () => {} },
  prefetch: { rows: ['style-08', '5.4-07'], write: (draft, random) => { draft.options.push(random.pick(['--prefetch-multiplier=3', '--prefetch-multiplier 2', '--prefetch-multiplier=0'])); } },
  concurrency: { rows: ['style-08', '5.4-09'], write: (draft, random) => { draft.options.push(random.pick(['-c 3', '-c5', '--concurrency=7', '-c 0'])); } },
  pool: { rows: ['style-08', '5.4-10'], write: (draft, random) => { draft.options.push(random.pick(['-P solo', '--pool=threads', '-P prefork'])); } },
  limits: { rows: ['style-08', '5.4-12'], write: (draft, random) => { draft.options.push(random.pick(['--time-limit=90', '--time-limit 60.5', '--time-limit=0']), random.pick(['--soft-time-limit=30', '--soft-time-limit 20'])); } },
  children: { rows: ['style-08', '5.4-13'], write: (draft, random) => { draft.options.push(random.pick(['--max-tasks-per-child=10', '--max-tasks-per-child 4']), '--max-memory-per-child=200000'); } },
  events: { rows: ['style-08', '5.4-11', '5.4-03'], write: (draft, random) => { draft.options.push(random.pick(['-E', '--task-events']), '-l INFO', '-n shop@%h'); } },
  quiet: { rows: ['style-08', '5.4-15', '5.4-17'], write: draft => { draft.options.push('-Q fast,slow', '--without-gossip', '--without-mingle', '--without-heartbeat', '-O fair'); } },
  trailing: { rows: ['style-08', '5.1-13'], write: (draft, random) => { draft.trailing.push(random.pick(['task.acks_late=1', 'task_acks_late=false', 'worker_prefetch_multiplier=9', 'TASK.TRACK_STARTED=yes', 'task_default_queue=7', 'worker.lost_wait=2.5'])); ['task_acks_late', 'worker_prefetch_multiplier', 'task_track_started', 'task_default_queue', 'worker_lost_wait'].forEach(name => draft.written.add(name)); } },
  broker: { rows: ['style-08', '5.4-21'], write: (draft, random) => { draft.globals.push(random.pick(['-b redis://cli/1', '--broker=redis://cli/2', '--broker amqp://cli//'])); } },
};

const ENVIRONMENTS: Readonly<Record<string, Form>> = {
  none: { rows: [], write: () => {} },
  'worker-variables': { rows: ['5.4-env'], write: (draft, random) => { draft.env.set(random.pick(['CELERY_WORKER_PREFETCH_MULTIPLIER', 'CELERY_WORKER_CONCURRENCY', 'CELERY_WORKER_TIME_LIMIT', 'CELERY_WORKER_MAX_TASKS_PER_CHILD']), '6'); } },
  'no-effect': { rows: ['5.4-env'], write: draft => { draft.env.set('CELERYD_CONCURRENCY', '9'); draft.env.set('CELERY_CONCURRENCY', '9'); draft.env.set('CELERY_TASK_ACKS_LATE', 'True'); } },
  'broker-url': { rows: ['5.2-02'], write: draft => { draft.env.set('CELERY_BROKER_URL', 'redis://env/3'); } },
  'plain-broker-url': { rows: ['5.4-env'], write: draft => { draft.env.set('BROKER_URL', 'redis://plain/4'); } },
  'result-backend': { rows: ['5.2-02'], write: (draft, random) => { draft.env.set(random.pick(['CELERY_RESULT_BACKEND', 'RESULT_BACKEND']), 'redis://results/5'); } },
};

const OPTION_TEXTS = ['acks_late=True', 'acks_late=False', 'reject_on_worker_lost=True', 'time_limit=45', 'soft_time_limit=20', 'max_retries=7', 'max_retries=None', 'default_retry_delay=30', 'ignore_result=True', 'acks_on_failure_or_timeout=False', 'retry_backoff=5', 'ack_late=True', 'acks_late=None'];
const distinct = (texts: readonly string[]): string[] => [...new Map(texts.map(text => [text.split('=')[0], text])).values()];

const TASKS: Readonly<Record<string, Form>> = {
  bare: { rows: ['5.3-01'], write: draft => { draft.taskLines.push('@app.task', 'def work(n):', '    return n'); } },
  decorator: { rows: ['5.3-02', 'style-09'], write: (draft, random) => { draft.taskLines.push(`@app.task(${distinct(random.sample(OPTION_TEXTS, 3)).join(', ')})`, 'def work(n):', '    return n'); } },
  shared: { rows: ['5.3-02', 'style-09'], write: (draft, random) => { draft.taskImports.add('from celery import shared_task'); draft.taskLines.push(`@shared_task(bind=True, ${distinct(random.sample(OPTION_TEXTS, 2)).join(', ')})`, 'def work(self, n):', '    return n'); } },
  named: { rows: ['5.3-01', 'style-09'], write: (draft, random) => { draft.taskLines.push(`@app.task(name='jobs.work', ${distinct(random.sample(OPTION_TEXTS, 2)).join(', ')})`, 'def work(n):', '    return n'); } },
  base: { rows: ['5.3-03', 'style-09'], write: (draft, random) => { draft.taskImports.add('from celery import Task'); draft.taskLines.push('class Careful(Task):', '    abstract = True', ...block(distinct(random.sample(OPTION_TEXTS.filter(text => !text.startsWith('ack_')), 3)).map(text => text.replace('=', ' = ')), '    '), '', '', `@app.task(base=Careful${random.chance(0.5) ? ', time_limit=99' : ''})`, 'def work(n):', '    return n'); } },
  wrapped: {
    rows: ['5.3-02', 'style-09'],
    write: (draft, random) => {
      const own = `functools.partial(app.task, ${distinct(random.sample(OPTION_TEXTS.filter(text => !text.startsWith('ack_')), 2)).join(', ')})`;
      draft.taskImports.add('import functools');
      draft.taskLines.push('def logged(function):', '    @functools.wraps(function)', '    def inner(*args, **kwargs):', '        return function(*args, **kwargs)', '    return inner', '', '', ...(random.chance(0.5) ? [`steady_task = ${own}`, '', '', '@steady_task()'] : ['@app.task(max_retries=4)']), '@logged', 'def work(n):', '    return n');
    },
  },
  annotations: {
    rows: ['5.3-04', '5.2-08', 'style-09'],
    write: (draft, random) => {
      draft.written.add('task_annotations');
      draft.after.push(`app.conf.task_annotations = ${random.pick(["{'shop.tasks.work': {'time_limit': 70}}", "{'*': {'acks_late': True}, 'shop.tasks.work': {'acks_late': False}}", "[{'shop.tasks.work': {'max_retries': 2}}, {'*': {'default_retry_delay': 9}}]", "{'other.task': {'time_limit': 70}}"])}`);
      draft.taskLines.push(`@app.task(${random.pick(['', 'time_limit=12', 'acks_late=False'])})`, 'def work(n):', '    return n');
    },
  },
};

/** Every dimension with its forms: a project takes one of each. */
export const DIMENSIONS: Readonly<Record<string, readonly string[]>> = {
  load: Object.keys(LOADS), names: Object.keys(NAMINGS), value: Object.keys(VALUES), extra: Object.keys(EXTRAS), option: Object.keys(OPTIONS), environment: Object.keys(ENVIRONMENTS), task: Object.keys(TASKS),
};

/** A project that runs with this Celery, from its forms and a seed. Two calls give the same files. */
export function assemble(id: string, celery: string, given: Forms): Project {
  const random = randomOf(id);
  const forms: Forms = { ...given, ...(WITHOUT_NAMESPACE.has(given.load!) && NAMINGS[given.names!]!.namespace !== undefined && { names: 'new' }) };
  const draft: Draft = {
    forms, celery, files: new Map(), rows: new Set(), written: new Set(), unreadable: new Set(), env: new Map(), requirements: new Set(), namespace: undefined, entries: [], prelude: [], guarded: [], appImports: [], appPrelude: [],
    constructor: [], before: [], load: [], after: [], taskLines: [], taskImports: new Set(), globals: [], options: [], trailing: [], misplacedApp: false, appClass: 'Celery', random: part => randomOf(`${id}/${part}`),
  };
  writeNames(draft);
  writeValues(draft);
  writeExtra(draft);
  writeLoad(draft);
  for (const form of [OPTIONS[forms.option!]!, ENVIRONMENTS[forms.environment!]!, TASKS[forms.task!]!]) { form.write(draft, random); for (const row of form.rows) draft.rows.add(row); }
  const arguments_ = [`'shop'`, ...(draft.constructor.some(text => text.startsWith('broker=')) ? [] : [`broker='redis://broker/0'`]), `include=['shop.tasks']`, ...draft.constructor];
  draft.files.set('shop/__init__.py', '');
  draft.files.set('shop/app.py', ['from celery import Celery', ...draft.appImports, '', ...draft.appPrelude, '', `app = ${draft.appClass}(${arguments_.join(', ')})`, ...draft.before, ...draft.load, ...draft.after, ''].join('\n'));
  draft.files.set('shop/tasks.py', [...draft.taskImports, 'from shop.app import app', '', '', ...draft.taskLines, ''].join('\n'));
  const words = (texts: readonly string[]): string[] => texts.flatMap(text => text.split(' '));
  const argv = ['celery', '-A', 'shop.app', ...words(draft.globals), 'worker', ...words(draft.options), ...draft.trailing];
  draft.files.set('requirements.txt', [`celery==${celery}`, ...draft.requirements, ''].join('\n'));
  draft.files.set('Dockerfile', `FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nCMD ${JSON.stringify(argv)}\n`);
  draft.files.set('infra/task-definition.json', `${JSON.stringify({ family: 'shop', requiresCompatibilities: ['FARGATE'], containerDefinitions: [{ name: 'worker', image: 'shop', environment: [...draft.env].map(([name, value]) => ({ name, value })) }] }, null, 2)}\n`);
  return { id, celery, files: Object.fromEntries(draft.files), argv, env: Object.fromEntries(draft.env), forms, rows: [...draft.rows], written: [...draft.written], unreadable: [...draft.unreadable] };
}

/** `count` choices of forms: every pair of forms of two dimensions that may meet, at least once, then at random. */
export function choices(count: number, seed: string): readonly Forms[] {
  const random = randomOf(seed);
  const names = Object.keys(DIMENSIONS);
  const open = new Set<string>();
  for (const [i, a] of names.entries()) for (const b of names.slice(i + 1)) for (const x of DIMENSIONS[a]!) for (const y of DIMENSIONS[b]!) open.add(`${a}=${x}&${b}=${y}`);
  const result: Forms[] = [];
  const pairs = (forms: Forms): string[] => names.flatMap((a, i) => names.slice(i + 1).map(b => `${a}=${forms[a]}&${b}=${forms[b]}`));
  while (result.length < count || (open.size > 0 && result.length < 2 * count)) {
    const [first] = open;
    const fixed = first === undefined ? {} : Object.fromEntries(first.split('&').map(part => part.split('=') as [string, string]));
    const candidates = Array.from({ length: 20 }, (): Forms => ({ ...Object.fromEntries(names.map(name => [name, random.pick(DIMENSIONS[name]!)])), ...fixed }));
    const best = candidates.reduce((a, b) => (pairs(b).filter(pair => open.has(pair)).length > pairs(a).filter(pair => open.has(pair)).length ? b : a));
    for (const pair of pairs(best)) open.delete(pair);
    result.push(best);
  }
  return result;
}
