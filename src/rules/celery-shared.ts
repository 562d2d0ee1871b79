import type { CeleryApp, PoolKind, Problem, Setting, SourceLocation, TaskFunction, Worker } from '../model/index.js';
import { comparePlaces, isWritten, place, samePlace, isAtLeast } from '../model/index.js';
import { BY_NAME } from '../knowledge/celery-settings.js';
import { isOn, stopOf } from '../fate/index.js';
import { observedSaid, onEcs } from './outlast.js';
import { listed } from './shared.js';

export { isAtLeast, isWritten } from '../model/index.js';
export { boundOf, ignoresLimits, isOn, numberOf, stopOf } from '../fate/index.js';

/** How many task functions a finding about a whole app points at. */
const SHOWN = 5;

/** A task function's option that the app's setting decides: it has none of its own. */
export function isInherited(option: Setting<unknown>, setting: Setting<unknown> | undefined): boolean {
  return !isWritten(option) || (setting !== undefined && samePlace(option.at, setting.at));
}

/** Tasks run in child processes, which can be killed one by one; a pool that is not known counts, prefork being the default. */
export function hasChildren(pool: PoolKind): boolean {
  return pool === 'prefork' || pool === 'unknown';
}

/** The task functions whose messages are acknowledged after (`late`), or before (`early`) they run. Unknown ones are in neither. */
export function byAcknowledgement(functions: readonly TaskFunction[]): { readonly late: readonly TaskFunction[]; readonly early: readonly TaskFunction[] } {
  return { late: functions.filter(fn => isOn(fn.acksLate) === true), early: functions.filter(fn => isOn(fn.acksLate) === false) };
}

/** Some message of this app is acknowledged after its task, as far as the files show. */
export function acksLate(app: CeleryApp): boolean {
  return app.functions.length > 0 ? byAcknowledgement(app.functions).late.length > 0 : isOn(app.settings.get('task_acks_late')) === true;
}

/** s between SIGTERM and SIGKILL of the worker that has longest; undefined where no worker's is known. */
export function longestStop(app: CeleryApp): number | undefined {
  return longestOf(app.workers);
}

/** The same of what is deployed on ECS alone: what a message may call a deployment. */
export function longestStopOnEcs(app: CeleryApp): number | undefined {
  return longestOf(deployedWorkers(app).filter(onEcs));
}

function longestOf(workers: readonly Worker[]): number | undefined {
  const stops = workers.map(stopOf).filter(stop => stop !== undefined);
  return stops.length > 0 ? Math.max(...stops) : undefined;
}

/** The name of a setting as this app spells it: under its namespace, in the names from before Celery 4, or as it is. */
export function spelled(app: CeleryApp, name: string): string {
  const setting = app.settings.get(name);
  if (setting?.state === 'set' && setting.writtenAs !== undefined) return setting.writtenAs;
  if (app.namespace !== undefined && homeOf(app) !== app.at.path) {
    const namespace = app.namespace.replace(/(?<!_)_+$/, '');
    return `${namespace}_${namespace === namespace.toUpperCase() ? name.toUpperCase() : name}`;
  }
  return usesOldNames(app) ? BY_NAME.get(name)?.[1] ?? name : name;
}

function usesOldNames(app: CeleryApp): boolean {
  return app.namespace === undefined && [...app.settings].some(([name, setting]) => setting.state === 'set' && setting.writtenAs !== undefined && setting.writtenAs === BY_NAME.get(name)?.[1]);
}

/** Celery's own name of a setting that is spelled for this app: without the namespace, in lower case. */
export function plainName(app: CeleryApp, name: string): string {
  const lower = name.toLowerCase();
  const prefix = app.namespace === undefined ? '' : `${app.namespace.replace(/(?<!_)_+$/, '').toLowerCase()}_`;
  return prefix !== '' && lower.startsWith(prefix) && app.settings.has(lower.slice(prefix.length)) ? lower.slice(prefix.length) : lower;
}

/** Somebody wrote the setting under a name that is not read: that comes first. */
export function afterNames(app: CeleryApp, setting: string): Pick<Problem, 'blockedBy'> {
  const meant = app.ineffective.find(({ wanted }) => wanted !== undefined && plainName(app, wanted) === setting);
  return meant ? { blockedBy: [meant.reason === 'unknown-name' ? 'celery/unknown-setting' : meant.reason === 'mixed-names' ? 'celery/mixed-setting-names' : 'celery/setting-ignored'] } : {};
}

/** The Python file where most of the app's settings stand; undefined where none is written. */
export function homeOf(app: CeleryApp): string | undefined {
  const counts = new Map<string, number>();
  for (const [name, setting] of app.settings) {
    if (setting.state !== 'set' || setting.certainty === 'format-default' || name.includes('.') || !setting.at.path.endsWith('.py')) continue;
    counts.set(setting.at.path, (counts.get(setting.at.path) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0];
}

/** `set worker_prefetch_multiplier = 1 in app/celery.py`, in the user's own spelling; several values in one file: joined. */
export function toWrite(app: CeleryApp, ...values: readonly (readonly [name: string, value: unknown])[]): string {
  const [first] = values;
  const setting = first && app.settings.get(first[0]);
  if (first && setting?.state === 'set' && isWritten(setting) && setting.writtenAs?.startsWith('--')) return `write ${setting.writtenAs} ${String(first[1])} in ${setting.at.path}`;
  const outer = first && outerOf(app, first[0]);
  // a mapping that stands elsewhere is added to: under another name it would be replaced as a whole
  if (outer && values.length === 1 && outer.at.path !== homeOf(app)) return `add "${first[0].split('.')[1]!}": ${python(first[1])} to the mapping at ${place(outer.at)}`;
  return `set ${values.map(([name, value]) => assignment(app, name, value)).join(' and ')} ${whereToWrite(app, setting)}`;
}

function assignment(app: CeleryApp, name: string, value: unknown): string {
  const [outer, key] = name.split('.');
  if (key === undefined) return `${spelled(app, name)} = ${python(value)}`;
  return outerOf(app, name) ? `"${key}": ${python(value)} in ${spelled(app, outer!)}` : `${spelled(app, outer!)} = {"${key}": ${python(value)}}`;
}

/** The mapping that is written and holds this setting: `broker_transport_options` of `broker_transport_options.visibility_timeout`. */
function outerOf(app: CeleryApp, name: string): (Setting<unknown> & { readonly state: 'set' }) | undefined {
  const [outer, key] = name.split('.');
  const found = key === undefined ? undefined : app.settings.get(outer!);
  return found?.state === 'set' && found.certainty !== 'format-default' ? found : undefined;
}

function whereToWrite(app: CeleryApp, setting: Setting<unknown> | undefined): string {
  const path = setting && isWritten(setting) && setting.at.path.endsWith('.py') ? setting.at.path : homeOf(app);
  const others = path === undefined ? undefined : app.sharedFiles?.get(path);
  if (path !== undefined) return `in ${path}${others ? `, which configures ${listed(others)} too` : ''}`;
  if (app.configuredAt) return `in the settings loaded at ${place(app.configuredAt)}`;
  return app.reach === 'implicit' ? 'in the Celery configuration' : `in ${app.at.path}`;
}

/** A scalar as Python writes it. */
export function python(value: unknown): string {
  return value === true ? 'True' : value === false ? 'False' : value === null || value === undefined ? 'None' : typeof value === 'string' ? `"${value}"` : String(value);
}

/** `task_acks_late is False (app/celery.py:9)`, `… is False by default`. */
export function asFound(app: CeleryApp, name: string): string {
  const setting = app.settings.get(name);
  const value = setting?.state === 'set' ? setting.value : undefined;
  return `${spelled(app, name)} is ${value === undefined ? 'not set' : python(value)}${isWritten(setting) || value === undefined ? '' : ' by default'}`;
}

/** Where a fault of a whole app is shown: the setting if it is written, else where the app is configured, else the app. */
export function placeIn(app: CeleryApp, setting: Setting<unknown> | undefined): SourceLocation {
  return setting && isWritten(setting) ? setting.at : app.configuredAt ?? app.at;
}

/** The first setting written in the file where most stand. */
function settingsPlace(app: CeleryApp): SourceLocation | undefined {
  const home = homeOf(app);
  const places = [...app.settings.values()].flatMap(setting => (isWritten(setting) && setting.at.path === home ? [setting.at] : []));
  return places.sort(comparePlaces)[0];
}

/** The parts that say which app a problem is about: its other places, and a few of the task functions concerned. */
export function ofApp(app: CeleryApp, at: SourceLocation, functions: readonly TaskFunction[] = [], said = 'concerned'): Pick<Problem, 'resource' | 'related'> {
  const own = app.configuredAt ?? app.at;
  const home = settingsPlace(app);
  const places = [...(app.reach === 'implicit' ? [] : [{ at: own, message: app.configuredAt ? 'the app is configured here' : 'the app' }]),
    ...(home && home.path !== at.path && home.path !== own.path ? [{ at: home, message: 'its settings stand here' }] : []),
    ...functions.slice(0, SHOWN).map(fn => ({ at: fn.at, message: `${fn.functionName}: ${said}` }))];
  return { resource: app.id, ...(places.length > 0 && { related: places.filter(entry => !samePlace(entry.at, at)) }) };
}

/** Workers that run a command, without the copies of developers. */
export function deployedWorkers(app: CeleryApp): readonly Worker[] {
  return app.workers.filter(({ role }) => role === 'deployed');
}

/** `7 min`, and where the configuration says that one of these functions takes so long. */
export function longestSaid(seconds: number, functions: readonly TaskFunction[]): string {
  return observedSaid(seconds, functions.find(fn => fn.observed?.seconds === seconds)?.observed?.at);
}

const ORDER: readonly (readonly [RegExp, number])[] = [[/time_limit|soft_shutdown/, 3], [/acks_late/, 5], [/broker_transport/, 6], [/prefetch/, 7], [/reject|acks_on_failure/, 8]];

/** The place of a setting in the order of cure. */
export function orderOf(setting: string): number {
  return ORDER.find(([pattern]) => pattern.test(setting.toLowerCase()))?.[1] ?? 9;
}

/** The solo pool acknowledges behind the task, whatever its options say (measured: early-ack-lag/…/solo, 5.4.0 to 5.7.0). */
export function acksBehind({ pool, versions, workers }: Pick<CeleryApp, 'pool' | 'versions' | 'workers'>): boolean {
  const pools = workers.length > 0 ? workers.map(worker => worker.pool) : [pool];
  return pools.every(one => one === 'solo') && isAtLeast(versions.celery, '5.4');
}
