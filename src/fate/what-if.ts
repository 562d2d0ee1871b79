import type { ChainLink, OriginStep, Setting, SourceLocation, TaskFunction, VersionFact, Versions, Worker } from '../model/index.js';
import { allows, compareVersions, nearest, newestIn } from '../model/index.js';
import { BILLIARD_OF, RELEASES } from '../knowledge/celery/releases.js';
import { VISIBILITY_TIMEOUT } from './visibility.js';

/** Changes to try: what a worker would be with them; or what is wrong with the text. */
export type WhatIf = { readonly apply: (worker: Worker) => Worker } | { readonly wrong: string };

/** What one key takes, and what it makes of a worker. `setting` makes a setting of a value, in the place of the one that is there. */
interface Key {
  readonly takes: 'seconds' | 'switch' | 'version' | readonly string[];
  readonly apply: (worker: Worker, value: never, setting: <T>(value: T, at: SourceLocation) => Setting<T>) => Worker;
}

const key = <T>(takes: Key['takes'], apply: (worker: Worker, value: T, setting: <V>(value: V, at: SourceLocation) => Setting<V>) => Worker): Key => ({ takes, apply: apply as Key['apply'] });
const ofSetting = (takes: Key['takes'], name: string): Key => key<unknown>(takes, (worker, value, setting) => ({ ...worker, settings: new Map([...worker.settings, [name, setting(value, worker.settings.get(name)?.at ?? worker.command.at)]]) }));
const ofFunctions = <T>(takes: Key['takes'], change: (fn: TaskFunction, value: T, setting: <V>(value: V, at: SourceLocation) => Setting<V>) => Partial<TaskFunction>): Key =>
  key<T>(takes, (worker, value, setting) => ({ ...worker, functions: worker.functions.map(fn => ({ ...fn, ...change(fn, value, setting) })) }));
/** A release is installed as it is written: nothing is assumed of it. */
const released = (value: string): VersionFact => ({ version: value, assumed: value });
const ofVersions = (change: (value: string, versions: Versions) => Versions): Key => key<string>('version', (worker, value) => (worker.app ? { ...worker, app: { ...worker.app, versions: change(value, worker.app.versions) } } : worker));

/** An install of another Celery brings the billiard it asks for, unless the one that is pinned will do. */
function billiardOf(celery: string, { version, range, ...billiard }: VersionFact): VersionFact {
  const implied = BILLIARD_OF.find(([from]) => compareVersions(celery, from) >= 0)?.[1];
  if (implied === undefined || (version !== undefined && allows(implied, version))) return { ...billiard, ...(version !== undefined && { version }), ...(range !== undefined && { range }) };
  return { assumed: newestIn([implied, ...(range === undefined ? [] : [range])].join(','), RELEASES.billiard) ?? newestIn(implied, RELEASES.billiard) ?? billiard.assumed };
}

/** What `--what-if` knows: everything that the fate of a message is decided by. */
const KEYS: Readonly<Record<string, Key>> = {
  'stop-timeout': key<number>('seconds', (worker, value, setting) => ({ ...worker, stopTime: setting(value, worker.stopTime.at) })),
  'acks-late': ofFunctions<boolean>('switch', (fn, value, setting) => ({ acksLate: setting(value, fn.acksLate.at) })),
  'reject-on-worker-lost': ofFunctions<boolean>('switch', (fn, value, setting) => ({ rejectOnWorkerLost: setting(value, fn.rejectOnWorkerLost.at) })),
  'acks-on-failure-or-timeout': ofFunctions<boolean>('switch', (fn, value, setting) => ({ acksOnFailureOrTimeout: setting(value, fn.acksOnFailureOrTimeout.at) })),
  'time-limit': ofFunctions<number>('seconds', (fn, value, setting) => ({ timeLimit: setting(value, fn.timeLimit.at) })),
  'soft-time-limit': ofFunctions<number>('seconds', (fn, value, setting) => ({ softTimeLimit: setting(value, fn.softTimeLimit.at) })),
  'duration': ofFunctions<number>('seconds', (fn, value) => ({ observed: { seconds: value, at: fn.at } })),
  'redelivery-cap': key<boolean>('switch', (worker, value) => {
    const { redeliveryCap: _cap, ...app } = worker.app ?? { redeliveryCap: undefined };
    const functions = worker.functions.map(({ redeliveryCap, ...fn }) => (value ? { ...fn, redeliveryCap: redeliveryCap ?? fn.at } : fn));
    return { ...worker, functions, ...(worker.app && !value && { app: app as NonNullable<Worker['app']> }) };
  }),
  'remap-sigterm': key<boolean>('switch', (worker, value, setting) => ({ ...worker, sigtermRemap: value ? setting('SIGQUIT', worker.sigtermRemap.at) : { state: 'unset', at: worker.sigtermRemap.at, slots: [] } })),
  'soft-shutdown-timeout': ofSetting('seconds', 'worker_soft_shutdown_timeout'),
  'visibility-timeout': ofSetting('seconds', VISIBILITY_TIMEOUT),
  'cancel-on-connection-loss': ofSetting('switch', 'worker_cancel_long_running_tasks_on_connection_loss'),
  'pool': key<Worker['pool']>(['prefork', 'solo', 'threads', 'gevent', 'eventlet'], (worker, pool) => ({ ...worker, pool })),
  'broker': key<Worker['broker']>(['redis', 'sqs', 'rabbitmq'], (worker, broker) => ({ ...worker, broker })),
  'signal': key<'arrives'>(['arrives'], worker => ({ ...worker, start: { complete: true, links: worker.start.links.flatMap((link): readonly ChainLink[] => (link.kind === 'shell' || link.kind === 'detached' || link.kind === 'package-manager' ? [] : 'toGroup' in link ? [{ ...link, toGroup: false }] : [link])) } })),
  'task-protection': key<boolean>('switch', (worker, value) => {
    if (!worker.app) return worker;
    const { taskProtection, ...app } = worker.app;
    return { ...worker, app: value ? { ...app, taskProtection: taskProtection ?? worker.command.at } : app };
  }),
  'celery': ofVersions((value, { billiard }) => ({ celery: released(value), billiard: billiardOf(value, billiard) })), 'billiard': ofVersions((value, versions) => ({ ...versions, billiard: released(value) })),
};

/** The keys of `--what-if`. */
export const WHAT_IF_KEYS: readonly string[] = Object.keys(KEYS);

/** s. What ECS takes on Fargate (ContainerDefinition.stopTimeout). */
const [FARGATE_LEAST, FARGATE_MOST] = [2, 120];

/** Reads `stop-timeout=120,acks-late=true` for these workers. */
export function whatIf(text: string, workers: readonly Worker[]): WhatIf {
  const steps: ((worker: Worker) => Worker)[] = [];
  for (const part of text.split(',').map(word => word.trim())) {
    const [, name = part, written] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    const found = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    if (!found) return { wrong: `${name || 'an empty entry'} is nothing that can be tried${suggestion(name)}` };
    if (written === undefined) return { wrong: `${name} has no value: write ${name}=${exampleOf(found.takes)}` };
    const value = read(found.takes, written);
    if (value === undefined) return { wrong: `${name}=${written}: the value must be ${wanted(found.takes)}` };
    const fargate = name === 'stop-timeout' ? workers.find(({ platform }) => platform === 'fargate') : undefined;
    if (fargate && (Number(value) < FARGATE_LEAST || Number(value) > FARGATE_MOST)) return { wrong: `${name}=${written}: Fargate allows ${FARGATE_LEAST} to ${FARGATE_MOST} s (${fargate.id})` };
    const origin: readonly OriginStep[] = [{ text: `--what-if ${part}` }];
    const setting = <T>(one: T, at: SourceLocation): Setting<T> => ({ state: 'set', value: one, at, certainty: 'written', origin, overridden: [], slots: [] });
    // a billiard that is named is the one that is tried, wherever it stands
    steps[name === 'celery' ? 'unshift' : 'push'](worker => found.apply(worker, value as never, setting));
  }
  return { apply: worker => steps.reduce((before, step) => step(before), worker) };
}

function suggestion(name: string): string {
  const near = nearest(name.replaceAll('_', '-'), Object.keys(KEYS)) ?? Object.keys(KEYS).find(known => name.replaceAll('_', '-').endsWith(known));
  return near ? `, did you mean ${near}` : ` (there are ${Object.keys(KEYS).join(', ')})`;
}

function read(takes: Key['takes'], written: string): unknown {
  if (takes === 'switch') return written === 'true' ? true : written === 'false' ? false : undefined;
  if (takes === 'seconds') return /^\d+(\.\d+)?$/.test(written) ? Number(written) : undefined;
  if (takes === 'version') return /^\d+(\.\d+)+$/.test(written) ? written : undefined;
  return takes.includes(written) ? written : undefined;
}

const exampleOf = (takes: Key['takes']): string => (takes === 'switch' ? 'true' : takes === 'seconds' ? '120' : takes === 'version' ? '5.6.3' : takes[0]!);
const wanted = (takes: Key['takes']): string => (takes === 'switch' ? 'true or false' : takes === 'seconds' ? 'a number of seconds' : takes === 'version' ? 'a release, as 5.6.3' : takes.join(', '));
