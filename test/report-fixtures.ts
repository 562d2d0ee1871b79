import type { CeleryApp, Finding, Model, Report, Rule, Setting, SourceLocation, Worker } from '../src/model/index.js';

export const at = (path: string, startLine: number, startColumn: number, endLine: number, endColumn: number): SourceLocation => ({ path, startLine, startColumn, endLine, endColumn });

const FILES: Readonly<Record<string, readonly string[]>> = {
  'infra/worker.json': [...Array<string>(13).fill('{'), '      "name": "worker",', '      "image": "worker",'],
  'app/celery.py': [...Array<string>(11).fill('#'), 'app.conf.task_time_limit = 600', '', '\tapp.conf.update(  # a tab', '    task_acks_late=False,', '\t)'],
};

export const rule = (id: string, title: string): Rule => ({ id, severity: 'error', title, rationale: 'It breaks.', remedy: 'Mend it.', references: ['https://docs.celeryq.dev/'], *check() {} });

/** The finding product.md shows. */
export const stopTimeout: Finding = {
  ruleId: 'ecs/stop-timeout-too-short', severity: 'error', confidence: 'high', message: 'a deployment kills tasks after 30 s; they may run 600 s',
  suggestion: 'set `"stopTimeout": 120` in container `worker`, and make tasks over 120 s resumable', label: 'no stopTimeout: ECS waits 30 s',
  at: at('infra/worker.json', 14, 7, 14, 23), related: [{ at: at('app/celery.py', 12, 1, 12, 31), message: 'a task may run this long' }],
  fate: 'SIGTERM → 30 s → SIGKILL; the task is lost (task_acks_late is False, app/celery.py:9)', order: 2, workers: ['infra/worker.json: worker'],
  environments: [], fingerprint: 'a'.repeat(32), docsUrl: 'docs/rules/ecs/stop-timeout-too-short.md',
  fix: { title: 'set stopTimeout', safety: 'safe', edits: [{ at: at('infra/worker.json', 14, 24, 14, 24), text: '\n"stopTimeout": 120,' }] },
};

/** A finding about nothing in particular. */
export const plain = (ruleId: string, more: Partial<Finding> = {}): Finding => ({
  ruleId, severity: 'warning', confidence: 'medium', message: 'm', suggestion: 's', at: at('app/celery.py', 15, 5, 15, 25), order: 5, environments: [], fingerprint: 'b'.repeat(32), docsUrl: 'd', ...more,
});

const unset = { state: 'unset', at: at('app/celery.py', 1, 1, 1, 1), slots: [] } as const;

export const worker: Worker = {
  id: 'infra/worker.json: worker', name: 'worker', platform: 'fargate', role: 'deployed', environment: 'prod',
  command: { kind: 'celery-worker', text: 'celery -A app.celery worker', at: at('infra/worker.json', 15, 1, 15, 2), options: new Map(), unknownOptions: new Map(), overrides: new Map() },
  start: { links: [{ kind: 'worker', at: at('infra/worker.json', 15, 1, 15, 2), text: 'celery' }], complete: true },
  settings: new Map<string, Setting<unknown>>([
    ['task_time_limit', { state: 'set', value: 600, at: at('app/celery.py', 12, 1, 12, 31), certainty: 'written', origin: [{ text: 'app/celery.py:12' }], overridden: [{ text: 'settings.py:3' }], slots: [] }],
    ['broker_url', { state: 'set', value: 'redis://:hunter2@cache:6379/0', at: at('app/celery.py', 1, 1, 1, 2), certainty: 'unless-environment', origin: [{ text: 'BROKER_URL', at: at('app/celery.py', 1, 1, 1, 2) }], overridden: [], slots: [] }],
    ['worker_prefetch_multiplier', { state: 'unknown', at: at('app/celery.py', 2, 1, 2, 2), expression: 'multiplier()', candidates: [] }],
    ['task_acks_late', unset],
  ]),
  broker: 'redis', pool: 'prefork', functions: [], strayVariables: [], sigtermRemap: unset,
  stopTime: { state: 'set', value: 30, at: at('infra/worker.json', 14, 7, 14, 23), certainty: 'format-default', origin: [{ text: 'default of ECS' }], overridden: [], slots: [] },
  drainNeed: { is: 'bounded', seconds: 600, from: [at('app/celery.py', 12, 1, 12, 31)], confidence: 'high' },
  joins: [{ step: 'command', how: 'written', at: [at('infra/worker.json', 15, 1, 15, 2)] }],
};

export const app: CeleryApp = {
  id: 'app.celery:app', name: 'app', at: at('app/celery.py', 1, 1, 1, 5), reach: 'written', settings: worker.settings, broker: 'redis', pool: 'prefork', workers: [worker],
  functions: [{
    name: 'app.send', functionName: 'send', at: at('app/celery.py', 3, 1, 3, 5), decoratorAt: at('app/celery.py', 2, 1, 2, 5), acksLate: unset, rejectOnWorkerLost: unset, acksOnFailureOrTimeout: unset,
    timeLimit: unset, softTimeLimit: unset, serializer: unset, unknownOptions: [], signature: { isBound: false, parameters: [], morePositional: false, moreKeywords: false }, messages: [], periodic: false,
    retry: { retries: false, autoretryFor: [], maxRetries: unset, backoff: unset, backoffMax: unset, jitter: unset, defaultRetryDelay: unset, calls: [] },
    body: { effects: [{ kind: 'email', text: 'send_mail(…)', at: at('app/celery.py', 4, 1, 4, 5), via: [] }], loops: [], locks: [], publishes: [], handlers: [], waits: [], claims: [], trivial: false, partial: true },
  }],
  ineffective: [{ name: 'CELERY_ACKS_LATE', at: at('app/celery.py', 5, 1, 5, 5), reason: 'old-name-under-namespace', wanted: 'CELERY_TASK_ACKS_LATE', value: 'True' }],
  versions: { celery: { assumed: '5.6.3' }, billiard: { assumed: '4.2.4' } },
};

export const emptyModel: Model = { workers: [], schedulers: [], services: [], containers: [], caches: [], queues: [], brokers: [], sentInTransactions: [], apps: [], consumers: [], processors: [], jobQueues: { queues: [], ownAttempts: [] }, unaudited: [], unresolved: [], assumptions: [] };
export const model: Model = {
  ...emptyModel, workers: [{ ...worker, app }], apps: [app], assumptions: ['celery is not pinned: judged as 5.6.3'],
  schedulers: [{ id: 'infra/beat.json: beat', name: 'beat', platform: 'fargate', role: 'deployed', command: worker.command, start: worker.start, joins: [] }],
  services: [{
    name: 'worker', at: at('infra/service.json', 1, 1, 1, 2), platform: 'fargate', desiredCount: unset, maximumCount: unset, minimumHealthyPercent: unset, maximumPercent: unset, zoneRebalancing: unset,
    format: 'ecs-json', circuitBreaker: { enable: unset, rollback: unset }, deploymentController: 'ECS', schedulingStrategy: 'REPLICA', capacityProviders: [], runs: 'work',
  }],
  unaudited: [{ kind: 'rq', at: at('rq.sh', 1, 1, 1, 2), text: 'rq worker' }], unresolved: [{ at: at('app/celery.py', 2, 1, 2, 2), reason: 'multiplier() could not be evaluated' }],
};

export function report(findings: readonly Finding[], more: Partial<Report> = {}): Report {
  const titles = [...new Set(findings.map(finding => finding.ruleId))].map(id => rule(id, id === 'ecs/stop-timeout-too-short' ? 'Tasks are lost at every deployment' : `Title of ${id}`));
  return { tool: { name: 'drainlint', version: '1.2.3' }, findings, hidden: 0, model, rules: titles, scannedFiles: 9, readFiles: 4, exitMarginSeconds: 3, lines: path => FILES[path] ?? [], ...more };
}
