import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Experiment, Expected, ImagePart, Step } from './experiment.js';
import { celeryFixture, scaledStop } from './fixture.js';

/**
 * Real repositories: their own start scripts and the settings of their Celery apps, in a container, stopped as ECS would. Their trees are
 * not ours to hold: DRAINLINT_TREES names the folder of OWNER+NAME trees. `expected`: what `drainlint fate` says of them.
 */
export interface Repository { readonly experiment: Experiment; readonly expected: Expected }

const APP = fileURLToPath(new URL('workers/app.py', import.meta.url));
/** Wrappers that report to somebody and become what they are given. */
const [NEWRELIC, DDTRACE]: readonly ImagePart[] = [{ at: '/usr/local/bin/newrelic-admin', text: '#!/bin/sh\nshift\nexec "$@"\n', executable: true }, { at: '/usr/local/bin/ddtrace-run', text: '#!/bin/sh\nexec "$@"\n', executable: true }];
/** The app under the name that the repository's command gives it. */
const named = (path: string, ...packages: readonly string[]): readonly ImagePart[] => [{ at: '/app/app.py', tree: APP }, { at: `/app/${path}`, text: 'from app import app\n\nnotify_celery = app\n' }, ...packages.map(name => ({ at: `/app/${name}/__init__.py`, text: '' }))];
const stopped = (task: number, stopTimeout: number, count = 1): readonly Step[] => [{ do: 'start', worker: 'A' }, { do: 'send', messages: Array.from({ length: count }, (_, i) => ({ id: `t${i}`, seconds: task })) }, { do: 'begun', id: 't0' }, { do: 'sleep', seconds: 0.5 }, { do: 'mark' }, { do: 'stop', worker: 'A', seconds: stopTimeout }, { do: 'look' }, { do: 'start', worker: 'B' }, { do: 'settle' }];

export function repositories(trees: string | undefined = process.env['DRAINLINT_TREES']): readonly Repository[] {
  const newsletter: Repository = {
    expected: { all: 'lost', killed: true },
    experiment: { id: 'examples/newsletter', patience: 25, steps: [{ do: 'start', worker: 'A' }, { do: 'send', messages: [{ id: 't0', seconds: 12, args: [1] }] }, { do: 'begun', id: 't0' }, { do: 'sleep', seconds: 0.5 }, { do: 'mark' }, { do: 'stop', worker: 'A', seconds: scaledStop(30, 1 / 10) }, { do: 'look' }, { do: 'start', worker: 'B' }, { do: 'settle' }],
      subject: celeryFixture(fileURLToPath(new URL('../../examples/newsletter', import.meta.url)), { broker: 'redis', app: 'newsletter.app', task: 'newsletter.tasks.sync_contact', scale: 1 / 10 }) },
  };
  if (trees === undefined) return [newsletter];
  const text = (repository: string, path: string): string => readFileSync(join(trees, repository.replace('/', '+'), path), 'utf8');
  const supervisord = text('hypothesis/lms', 'conf/supervisord.conf');
  const base = { sender: { is: 'celery', app: 'app', task: 'work' }, queues: ['celery'], saysReady: true } as const;
  return [newsletter,
    { // supervisord's own 10 s; lms.tasks.grading.sync_grade acknowledges early; celery.py: limits of 120 and 240 s
      expected: { all: 'lost' },
      experiment: { id: 'hypothesis/lms', patience: 25, steps: stopped(60, 30), subject: {
        ...base, broker: 'rabbitmq', python: { celery: '5.5.3' }, environment: { EXPERIMENT_SETTINGS: JSON.stringify({ task_soft_time_limit: 120, task_time_limit: 240, broker_connection_retry_on_startup: true }) },
        image: [NEWRELIC!, ...named('lms/tasks/celery.py', 'lms', 'lms/tasks'), { at: '/app/conf/supervisord.conf', text: `${section(supervisord, 'supervisord')}${section(supervisord, 'program:worker').replace('-Q celery,annotation', '-Q celery')}` }], command: () => ['supervisord', '-c', 'conf/supervisord.conf'] } },
    },
    { // hypothesis/lms, a function with acks_late: lms.tasks.roster.fetch_assignment_roster
      expected: { all: 'rerun' },
      experiment: { id: 'hypothesis/lms/late', patience: 45, steps: stopped(20, 30), subject: {
        ...base, broker: 'rabbitmq', python: { celery: '5.5.3' }, environment: { EXPERIMENT_TASK: JSON.stringify({ acks_late: true }), EXPERIMENT_SETTINGS: JSON.stringify({ task_soft_time_limit: 120, task_time_limit: 240, broker_connection_retry_on_startup: true }) },
        image: [NEWRELIC!, ...named('lms/tasks/celery.py', 'lms', 'lms/tasks'), { at: '/app/conf/supervisord.conf', text: `${section(supervisord, 'supervisord')}${section(supervisord, 'program:worker').replace('-Q celery,annotation', '-Q celery')}` }], command: () => ['supervisord', '-c', 'conf/supervisord.conf'] } },
    },
    { // docker-compose.yml: no stop_grace_period, 10 s; bash stays PID 1
      expected: { all: 'lost', killed: true },
      experiment: { id: 'makeplane/plane', patience: 25, steps: stopped(60, 10), subject: {
        ...base, broker: 'rabbitmq', python: { celery: '5.4.0' }, environment: { EXPERIMENT_SETTINGS: '{}' },
        image: [...named('plane.py'), { at: '/app/manage.py', text: '' }, { at: '/app/bin/docker-entrypoint-worker.sh', text: text('makeplane/plane', 'apps/api/bin/docker-entrypoint-worker.sh'), executable: true }, { at: '/usr/local/bin/python', link: '/usr/bin/python3' }], command: () => ['./bin/docker-entrypoint-worker.sh'] } },
    },
    { // vaec-celery-task-definition.json: sh -c the script, no stopTimeout: 30 s; an Alpine image, whose sh is busybox
      expected: { all: 'lost' },
      experiment: { id: 'department-of-veterans-affairs/notification-api', patience: 25, steps: stopped(60, 30), subject: {
        ...base, broker: 'sqs', python: { celery: '5.4.0' }, environment: { CELERY_CONCURRENCY: '2', EXPERIMENT_SETTINGS: JSON.stringify({ worker_enable_remote_control: false, worker_prefetch_multiplier: 8, broker_transport_options: { region: 'us-east-1', is_secure: false, polling_interval: 0.5, visibility_timeout: 310 } }) },
        image: [DDTRACE!, ...named('run_celery.py'), { at: '/usr/bin/sh', link: '/usr/bin/busybox' }, { at: '/app/scripts/run_celery.sh', text: text('department-of-veterans-affairs/notification-api', 'scripts/run_celery.sh'), executable: true }], command: () => ['sh', '-c', '/app/scripts/run_celery.sh'] } },
    }];
}

/** One section of an ini file. */
function section(ini: string, name: string): string {
  const from = ini.indexOf(`[${name}]`), to = ini.indexOf('\n[', from);
  if (from < 0) throw new Error(`no [${name}]`);
  return `${ini.slice(from, to < 0 ? undefined : to).trimEnd()}\n\n`;
}
