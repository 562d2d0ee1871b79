import type { ChainLink, Container, EcsService, Model, Scheduler, Setting, Slot, SourceLocation, TaskFunction, Worker } from '../src/model/index.js';
import { DEFAULT_THRESHOLDS } from '../src/config.js';

/** Small hand-built models: everything in order, and what a test changes. */
export const thresholds = DEFAULT_THRESHOLDS;

export const at = (path: string, line = 1, column = 1, length = 1): SourceLocation => ({ path, startLine: line, startColumn: column, endLine: line, endColumn: column + length });

export const slot = (path: string, line: number, more: Partial<Slot> = {}): Slot => ({ kind: 'replace', at: at(path, line, 5, 2), encoding: ['json'], ...more });

export const set = <T>(value: T, more: Partial<Extract<Setting<T>, { state: 'set' }>> = {}): Setting<T> => ({ state: 'set', value, at: at('infra/worker.json', 5), certainty: 'written', origin: [], overridden: [], slots: [], ...more });
export const byDefault = <T>(value: T, more: Partial<Extract<Setting<T>, { state: 'set' }>> = {}): Setting<T> => set(value, { certainty: 'format-default', ...more });
export const unset = { state: 'unset', at: at('infra/worker.json', 2), slots: [] } as const;
export const unknown = { state: 'unknown', at: at('infra/worker.json', 2), expression: '…', candidates: [] } as const;

export function taskFunction(more: Partial<TaskFunction> = {}): TaskFunction {
  return {
    name: 'shop.tasks.work', functionName: 'work', at: at('shop/tasks.py', 6), decoratorAt: at('shop/tasks.py', 5), acksLate: set(false), rejectOnWorkerLost: unset, acksOnFailureOrTimeout: unset,
    timeLimit: unset, softTimeLimit: unset, serializer: unset, unknownOptions: [], signature: { isBound: false, parameters: [], morePositional: false, moreKeywords: false }, messages: [], periodic: false,
    retry: { retries: false, autoretryFor: [], maxRetries: unset, backoff: unset, backoffMax: unset, jitter: unset, defaultRetryDelay: unset, calls: [] },
    body: { effects: [], loops: [], locks: [], publishes: [], handlers: [], waits: [], claims: [], trivial: false, partial: false }, ...more,
  };
}

export function container(more: Partial<Container> = {}): Container {
  return {
    name: 'worker', at: at('infra/worker.json', 3), essential: true, stopTimeout: set(120), stopSignal: unset, initProcess: false, logConfiguration: set('awslogs'), siblings: [], dependsOn: [], dependsOnSlots: [], inherits: [], mounts: false, logOptions: new Map(), plaintextCredentials: [], refersTo: [], ...more,
  };
}

export function service(more: Partial<EcsService> = {}): EcsService {
  return {
    name: 'shop-worker', at: at('infra/service.json', 1), platform: 'fargate', desiredCount: set(2, { at: at('infra/service.json', 4) }), maximumCount: set(2), minimumHealthyPercent: set(100), maximumPercent: set(200), zoneRebalancing: unset,
    format: 'ecs-json', circuitBreaker: { enable: set(true), rollback: set(true) }, deploymentController: 'ECS', schedulingStrategy: 'REPLICA', capacityProviders: [], runs: 'work', ...more,
  };
}

const workerLink: ChainLink = { kind: 'worker', at: at('Dockerfile', 8), text: 'celery -A shop worker' };

export function shell(more: Partial<Extract<ChainLink, { kind: 'shell' }>> = {}): ChainLink {
  return {
    kind: 'shell', at: at('entrypoint.sh', 4), text: 'celery -A shop worker', from: 'script', shell: 'dash', replaces: false, singleCommand: true, background: false, waits: false, forwards: false, piped: false, subshell: false,
    slots: [{ kind: 'insert', at: at('entrypoint.sh', 4, 1, 0), encoding: ['shell'] }], ...more,
  };
}

export const init = (program: string, toGroup: boolean): ChainLink => ({ kind: 'init', at: at('Dockerfile', 7), text: program, program, toGroup });

export function supervisord(stopWait: Setting<number>, more: Partial<Extract<ChainLink, { kind: 'process-manager' }>> = {}): ChainLink {
  return { kind: 'process-manager', at: at('supervisord.conf', 3), text: 'supervisord', program: 'supervisord', programName: 'worker', stopWait, stopSignal: 'TERM', toGroup: false, ...more };
}

export function worker(more: Partial<Worker> = {}, links: readonly ChainLink[] = []): Worker {
  return {
    id: 'infra/worker.json: worker', name: 'worker', platform: 'fargate', role: 'deployed', container: container(),
    command: { kind: 'celery-worker', text: 'celery -A shop worker', at: at('Dockerfile', 8), options: new Map(), unknownOptions: new Map(), overrides: new Map() },
    start: { links: [...links, workerLink], complete: true }, settings: new Map(), broker: 'redis', pool: 'prefork', stopTime: set(120), drainNeed: { is: 'bounded', seconds: 100, from: [at('shop/celery.py', 9)], confidence: 'high' },
    functions: [taskFunction()], sigtermRemap: unset, noEffect: [], strayVariables: [], joins: [{ step: 'command', how: 'written', at: [] }], ...more,
  };
}

export function scheduler(more: Partial<Scheduler> = {}, links: readonly ChainLink[] = []): Scheduler {
  return {
    id: 'infra/beat.json: beat', name: 'beat', platform: 'fargate', role: 'deployed', command: { ...worker().command, kind: 'celery-beat', text: 'celery -A shop beat' },
    start: { links: [...links, { ...workerLink, text: 'celery -A shop beat' }], complete: true }, joins: [], ...more,
  };
}

export const model = (more: Partial<Model> = {}): Model => ({ workers: [], schedulers: [], services: [], containers: [], caches: [], queues: [], brokers: [], sentInTransactions: [], apps: [], consumers: [], processors: [], jobQueues: { queues: [], ownAttempts: [] }, unaudited: [], unresolved: [], assumptions: [], ...more });
