import type { Broker, CeleryApp, EffectiveSettings, FactStore, IneffectiveSetting, Join, LinkOptions, Model, Observed, Queue, Scheduler, Setting, TaskFunction, Unresolved, Worker } from '../model/index.js';
import { assumptionOf, fitsPattern, isAtLeast, isWritten, samePlace, straddles, timed } from '../model/index.js';
import { BEFORE_BY_MAP, BY_MAP } from '../knowledge/celery-settings.js';
import { bindingsOf } from './bindings.js';
import { brokerKind, poolKind } from './broker.js';
import { findApps, type AppSite } from './celery/apps.js';
import { djangoSettings } from './celery/config-sources.js';
import { findApp, type FoundApp } from './celery/find-app.js';
import { findFunctions, type FunctionSite } from './celery/functions.js';
import { implicitApp, settingsModules } from './celery/implicit.js';
import { loaderLookup, mergeSetting, mergeSettings, withCommand } from './celery/overlay.js';
import { codeReads, commonCounter, counterOf, type CodeReads } from './celery/reads.js';
import { configurationOf, type Configuration } from './celery/settings.js';
import { membersOf } from './celery/members.js';
import { taskFunction, withCallLimits } from './celery/task-functions.js';
import { strayNames, moduleVariables } from './celery/stray.js';
import { drainNeedOf, drainNeedOfConsumers } from './drain-need.js';
import { reaps } from './effects/claims.js';
import { bodyOf, MAX_FUNCTIONS } from './effects/index.js';
import type { Context, Lookup } from './evaluate.js';
import { NO_ENVIRONMENT } from './evaluate.js';
import { nearestTo } from './find-modules.js';
import { createResolver, type Resolver, type Scope } from './modules.js';
import { messagesFor } from './messages.js';
import { messageConsumers, scriptModules } from './node/consumers.js';
import { jobQueues } from './node/queues.js';
import { processorsOf } from './node/processors.js';
import { startedBy } from './node/started.js';
import { sentInScriptTransactions } from './node/transactions.js';
import { noEffectOf, stopSignalsOf } from './no-effect.js';
import { limitsIn, scheduledIn, sendsTo } from './publishes.js';
import { isApart, ofProject } from './projects.js';
import { remembered } from './remember.js';
import { beyond, findStarts, type Start } from './starts.js';
import { sentInTransactions } from './transactions.js';
import { versionsFor } from './versions.js';

/** Task functions of a tree. */
const MOST_FUNCTIONS = 10_000;

/** Joins the facts of a tree into workers with effective values, on evidence only. Pure over the store. */
export function link(store: FactStore, options: LinkOptions): Model {
  const resolver = createResolver(store);
  const scripts = timed('scripts', () => scriptModules(store.candidates, resolver));
  const consumers = timed('message consumers', () => messageConsumers(scripts, resolver));
  const queued = timed('job queues', () => jobQueues(scripts, resolver));
  const found = timed('start commands', () => findStarts(store, options, startedBy(consumers, resolver)));
  const code = timed('Celery apps', () => findApps(store, resolver));
  const apps = withoutDocumentation(code.apps);
  const others = found.starts.filter(start => start.command.kind === 'unaudited');
  const { modules } = code;
  const everyFunction = timed('task functions', () => findFunctions(modules, code.apps, resolver, NO_ENVIRONMENT));
  const functions = everyFunction.slice(0, MOST_FUNCTIONS);
  const joined = timed('apps of workers', () => found.starts.filter(start => !others.includes(start)).map(start => ({ start, found: appOf(start, apps, functions, resolver, store, options) })));
  const judged = timed('apps in use', () => judgedApps(joined, apps, functions, modules, resolver, store));
  const world: World = { apps: code.apps, store, options, resolver, modules, brokers: found.brokers, reads: timed('reads of settings', () => codeReads(modules, resolver)), functions, messages: timed('messages', () => messagesFor(modules, functions, resolver)), scheduled: timed('schedules', () => scheduledIn(modules, functions, resolver)) };
  const built = timed('settings and workers', () => judged.map(entry => buildApp(entry, joined.filter(({ found: target }) => 'app' in target && target.app === entry.site), judged, world)));
  const unjoined = joined.filter(({ found: target, start }) => !('app' in target) && isWork(start));
  const workers = [...built.flatMap(({ workers: own }) => own), ...[...unjoined.map(({ start }) => start), ...others].map(start => workerWithoutApp(start, found.queues))].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const finished = built.map(({ app }) => veto(app, unjoined.map(({ start }) => start)));
  return {
    workers: workers.map(worker => ({ ...worker, ...(worker.app && { app: finished.find(app => app.id === worker.app!.id) ?? worker.app }) })),
    schedulers: joined.filter(({ start }) => start.command.kind === 'celery-beat').map(({ start, found: target }) => scheduler(start, 'app' in target ? finished.find(app => app.id === target.app.id) : undefined)),
    services: found.services, containers: found.containers, queues: found.queues, brokers: found.brokers, caches: found.caches, apps: finished, consumers, processors: processorsOf(consumers, queued), jobQueues: { queues: queued.queues, ownAttempts: queued.ownAttempts }, unaudited: [...beyond('task function', everyFunction.map(({ at }) => at), MOST_FUNCTIONS), ...found.unaudited], sentInTransactions: timed('transactions', () => [...sentInTransactions(modules, functions, resolver), ...sentInScriptTransactions(scripts, resolver)]),
    unresolved: [...found.unresolved, ...unresolvedApps(joined), ...finished.flatMap(unresolvedSettings), ...finished.flatMap(unfollowedBodies)],
    assumptions: [...new Set(finished.flatMap(assumptionsOf))],
  };
}

type Joined = readonly { readonly start: Start; readonly found: FoundApp }[];
interface Judged { readonly site: AppSite; readonly reach: CeleryApp['reach'] }
interface World {
  readonly apps: readonly AppSite[];
  readonly store: FactStore; readonly options: LinkOptions; readonly resolver: Resolver; readonly modules: readonly Scope[];
  readonly brokers: readonly Broker[];
  readonly reads: CodeReads; readonly functions: readonly FunctionSite[]; readonly messages: ReturnType<typeof messagesFor>;
  readonly scheduled: ReturnType<typeof scheduledIn>;
}

const isWork = (start: Start): boolean => start.command.kind === 'celery-worker';

function withoutDocumentation(apps: readonly AppSite[]): readonly AppSite[] {
  const main = apps.filter(app => !/(^|\/)(docs?|examples?)\//.test(app.path));
  return main.length > 0 ? main : apps;
}

function appOf(start: Start, apps: readonly AppSite[], functions: readonly FunctionSite[], resolver: Resolver, store: FactStore, options: LinkOptions): FoundApp {
  const declared = options.workers.find(entry => entry.service === start.service?.name || entry.service === start.name);
  if (declared) {
    const app = apps.find(site => site.path === declared.app || site.id === declared.app);
    if (app) return { app, how: 'declared' };
  }
  const named = start.command.app ?? environmentApp(start.lookup);
  if (named !== undefined) return findApp(named, start, apps, resolver, store);
  const near = ofProject(start.command.at.path, apps, store);
  // an app without task functions sends messages to others
  const working = near.length > 1 ? near.filter(app => functions.some(fn => fn.app === app.call)) : near;
  const [only] = working;
  return working.length === 1 && only ? { app: only, how: 'only-candidate' } : { reason: 'the command names no app' };
}

/** The un-prefixed APP variable is read by celery's global options (facts 5.4); CELERY_APP too. */
function environmentApp(lookup: Lookup): string | undefined {
  for (const name of ['CELERY_APP', 'APP']) {
    const found = lookup(name);
    if (found.state === 'set' && /^[\w.]+(:[\w.]+)?$/.test(found.value)) return found.value;
  }
  return undefined;
}

/** Apps that a command names, and those that have functions in projects of the tree in which none does; without any, all that have functions; without any app, the decorators alone. */
function judgedApps(joined: Joined, apps: readonly AppSite[], functions: readonly FunctionSite[], modules: readonly Scope[], resolver: Resolver, store: FactStore): readonly Judged[] {
  const written = [...new Set(joined.flatMap(({ found }) => ('app' in found ? [found.app] : [])))];
  const withFunctions = apps.filter(app => functions.some(fn => fn.app === app.call));
  const main = [written, withFunctions, functions.length > 0 || apps.length === 1 ? apps : []].find(some => some.length > 0) ?? [];
  const owners = new Set(functions.flatMap(fn => { const own = fn.app ? apps.filter(app => app.call === fn.app) : ofProject(fn.at.path, apps, store); return own.length === 1 ? own : []; }));
  const isNamed = (site: AppSite): boolean => !site.foreignClass && joined.some(({ found }) => 'app' in found && found.app === site && found.how !== 'only-candidate');
  const judged = [...main, ...apps.filter(app => owners.has(app) && isApart(app.path, main, store))];
  if (judged.length > 0) return judged.map(site => ({ site, reach: isNamed(site) ? 'written' : 'only-candidate' }));
  const site = apps.length === 0 ? implicitApp(modules, functions[0]?.at, resolver, store) : undefined;
  return site ? [{ site, reach: 'implicit' }] : [];
}

function contextOf(site: AppSite, lookup: Lookup, world: World): Context {
  const django = djangoSettings(site, world.modules, lookup, world.resolver, world.store) ?? onlySettings(site, world);
  return { lookup, ...(django && { django }) };
}

/** No DJANGO_SETTINGS_MODULE anywhere: the only settings module that names Celery; of several projects in one tree, that of the app's. */
function onlySettings(site: AppSite, world: World): Scope | undefined {
  const [own, ...others] = nearestTo(site.path, ofProject(site.path, lastSettings(world), world.store));
  return others.length === 0 ? own : undefined;
}

/** Settings modules that no other one takes its names from. */
const lastSettings = remembered((world: World): readonly Scope[] => {
  const found = settingsModules(world.modules, world.resolver, world.store);
  const imported = found.filter(module => found.some(other => other !== module && bindingsOf(other.statements).stars.some(star => world.resolver.find(star.module, other.path).includes(module.path))));
  return found.filter(module => !imported.includes(module));
});

function buildApp({ site, reach }: Judged, joined: Joined, judged: readonly Judged[], world: World): { app: CeleryApp; workers: readonly Worker[] } {
  const versions = versionsFor(site.path, world.store, world.options);
  const sharedFiles = sharedFilesOf(site, world);
  const configureFor = (lookup: Lookup, celery: string): Configuration => configurationOf(site, { resolver: world.resolver, store: world.store, context: contextOf(site, lookup, world) }, celery, name => world.reads.has(name));
  const configure = (lookup: Lookup): Configuration => {
    const today = configureFor(lookup, versions.celery.assumed);
    return straddles(versions.celery, BY_MAP) ? eitherWay(configureFor(lookup, BEFORE_BY_MAP), today) : today;
  };
  const starts = joined.filter(({ start }) => isWork(start)).map(({ start, found }) => ({ start, found, configuration: configure(loaderLookup(start.command, start.lookup)) }));
  const alone = starts.length > 0 ? starts[0]!.configuration : configure(joined[0]?.start.lookup ?? NO_ENVIRONMENT.lookup);
  const forTasks = (settings: EffectiveSettings, configured: EffectiveSettings): EffectiveSettings => (isAtLeast(versions.celery, BY_MAP) ? withConfiguredLimits(settings, configured) : settings);
  const perStart = starts.map(({ start, configuration }) => withCommand(configuration.settings, start.command, start.lookup, configuration.prefixed));
  // a process whose configuration could not be read says nothing of the others, nor does what developers start of what is deployed
  const read = perStart.filter((_, i) => !starts[i]!.configuration.open), deployed = perStart.filter((one, i) => starts[i]!.start.role === 'deployed' && (read.length === 0 || read.includes(one)));
  const settings = perStart.length > 0 ? mergeSettings(deployed.length > 0 ? deployed : read.length > 0 ? read : perStart) : alone.settings;
  const members = membersOf(site, judged.map(entry => entry.site), settings, world);
  const counters = new Map(members.map(member => [member, counterOf(member, site, world.apps, world.reads, world.resolver)]));
  const context = contextOf(site, joined[0]?.start.lookup ?? NO_ENVIRONMENT.lookup, world);
  const limits = limitsIn(world.modules, world.functions, world.resolver, context);
  const build = (effective: EffectiveSettings): readonly TaskFunction[] => members.map(member => {
    const counter = counters.get(member);
    const fn = withCallLimits(taskFunction(member, effective, bodyFor(world)(member), world.scheduled.has(member) || isScheduled(member.name, effective), world.messages.get(member) ?? [], durationFor(member.name, world.options), world.reads.singletonExpiry), limits.filter(({ to }) => to === member));
    return counter ? { ...fn, redeliveryCap: counter } : fn;
  });
  const broker = brokerKind(settings);
  const functions = build(forTasks(settings, mergeSettings(starts.length > 0 ? starts.map(({ configuration }) => configuration.settings) : [alone.settings])));
  const redeliveryCap = world.reads.redeliveryCap ?? commonCounter(functions);
  const consumerTimeout = world.reads.consumerTimeout ?? consumerTimeoutOf(world.brokers);
  const sends = sendsTo({ functions, members, isOnly: judged.length === 1 }, world, context);
  const app: Omit<CeleryApp, 'workers'> = {
    id: site.id, name: site.name, at: site.at, reach, settings, broker: broker.kind, ...(broker.by !== 'written' && { brokerBy: broker.by }), pool: poolKind(settings), functions, versions,
    ineffective: ineffectiveOf(starts.map(({ configuration }) => configuration), alone, site, world),
    ...(alone.configuredAt && { configuredAt: alone.configuredAt }), ...(alone.namespace !== undefined && { namespace: alone.namespace }),
    ...(sharedFiles.size > 0 && { sharedFiles }), ...(redeliveryCap && { redeliveryCap }), ...(sends.length > 0 && { sends }),
    ...(world.reads.quorumQueue && { quorumQueue: world.reads.quorumQueue }), ...(consumerTimeout && { consumerTimeout }), ...(world.reads.taskProtection && { taskProtection: world.reads.taskProtection }),
  };
  const workers: Worker[] = [];
  const complete: CeleryApp = { ...app, workers };
  for (const [i, { start, found }] of starts.entries()) workers.push(workerOf(start, complete, perStart[i]!, build(forTasks(perStart[i]!, starts[i]!.configuration.settings)), found));
  return { app: complete, workers };
}

/** What an image that was built before and one that is built today would have; a name that the older one ignores is said. */
function eitherWay(before: Configuration, today: Configuration): Configuration {
  const settings = new Map([...today.settings].map(([name, setting]): [string, Setting<unknown>] => {
    const other = before.settings.get(name);
    return [name, other && isWritten(setting) !== isWritten(other) ? mergeSetting([other, setting], `differs between celery ${BEFORE_BY_MAP} and ${BY_MAP}`) : setting];
  }));
  return { ...today, settings, ineffective: before.ineffective };
}

/** What the only configuration of RabbitMQ in the tree says. */
function consumerTimeoutOf(brokers: readonly Broker[]): Setting<number> | undefined {
  const [only, ...others] = brokers.flatMap(({ consumerTimeout }) => consumerTimeout ?? []);
  return only && others.length === 0 && only.state === 'set' ? { ...only, writtenAs: 'consumer_timeout' } : undefined;
}

/** From celery 5.7 on a task function takes its limits from the configuration by itself: that beats --time-limit and --soft-time-limit. */
function withConfiguredLimits(settings: EffectiveSettings, configured: EffectiveSettings): EffectiveSettings {
  const own = ['task_time_limit', 'task_soft_time_limit'].flatMap((name): readonly [string, Setting<unknown>][] => { const setting = configured.get(name); return setting && setting.state !== 'unset' ? [[name, setting]] : []; });
  return new Map([...settings, ...own]);
}

/** Where settings of an app are written, without an environment: enough to see who shares a file. */
const settingsFiles = remembered((world: World) => remembered((site: AppSite): ReadonlySet<string> => {
  const { settings } = configurationOf(site, { resolver: world.resolver, store: world.store, context: contextOf(site, NO_ENVIRONMENT.lookup, world) }, '', () => true);
  return new Set([...settings.values()].filter(isWritten).map(({ at }) => at.path));
}));

function sharedFilesOf(site: AppSite, world: World): ReadonlyMap<string, readonly string[]> {
  if (world.apps.length < 2) return new Map();
  const shared = new Map<string, readonly string[]>();
  const filesOf = settingsFiles(world);
  const own = filesOf(site);
  for (const other of world.apps) {
    if (other === site) continue;
    for (const path of filesOf(other)) if (own.has(path) && path !== site.path) shared.set(path, [...(shared.get(path) ?? []), other.id]);
  }
  return shared;
}

/** Ineffective in every process that runs the app. */
function ineffectiveOf(configurations: readonly Configuration[], alone: Configuration, site: AppSite, world: World): readonly IneffectiveSetting[] {
  const lists = (configurations.length > 0 ? configurations : [alone]).map(configuration => configuration.ineffective);
  const inAll = lists[0]!.filter(entry => lists.every(list => list.some(other => other.name === entry.name && other.at.path === entry.at.path)));
  return [...inAll, ...moduleVariables(site, world.resolver, name => world.reads.has(name))];
}

/** What a task function does, for whichever worker. */
const bodyFor = remembered((world: World) => remembered((site: FunctionSite) => timed('following calls', () => {
  const { open: _open, ...found } = bodyOf(site.target, world.resolver, site.others);
  return { ...found, claims: found.claims.filter(claim => !world.functions.some(other => other !== site && reaps(other.target.function.body, claim))) };
})));

/** It stands in the schedule that is written, or in one that a switch may leave out (`if not env("NO_BEAT"): CELERY_BEAT_SCHEDULE = {…}`). */
function isScheduled(name: string, settings: EffectiveSettings): boolean {
  const schedule = settings.get('beat_schedule');
  const written = schedule?.state === 'set' ? [schedule.value] : schedule?.state === 'unknown' ? schedule.candidates : [];
  return written.some(table => typeof table === 'object' && table !== null && Object.values(table).some(entry => (entry as { task?: unknown } | null)?.task === name));
}

function durationFor(name: string, { durations }: LinkOptions): Observed | undefined {
  return Object.entries(durations).find(([pattern]) => fitsPattern(name, pattern))?.[1];
}

function workerOf(start: Start, app: CeleryApp, settings: EffectiveSettings, functions: readonly TaskFunction[], found: FoundApp): Worker {
  const pool = poolKind(settings);
  const join: Join = { step: 'app', how: 'app' in found ? found.how : 'only-candidate', at: [app.at] };
  const stray = strayNames(start);
  const process = processOf(start);
  const { kind: broker, by } = brokerKind(settings);
  return {
    ...process, app, settings, broker, ...(by !== 'written' && { brokerBy: by }), pool, functions, stopTime: start.stopTime,
    noEffect: noEffectOf({ settings, pool, broker, functions, versions: app.versions, sigtermRemap: stray.sigtermRemap, command: start.command, stopSignals: stopSignalsOf(process) }),
    drainNeed: drainNeedOf(settings, functions, pool), joins: [...start.joins, join], ...stray,
  };
}

/** Celery without an app that was found, or a consumer of another kind: how it starts and stops counts, nothing else is known. */
function workerWithoutApp(start: Start, queues: readonly Queue[]): Worker {
  const settings: EffectiveSettings = start.command.kind === 'unaudited' ? new Map() : withCommand(new Map(), start.command, start.lookup);
  const pool = poolKind(settings);
  const drainNeed = start.consumers ? drainNeedOfConsumers(start.consumers, start.container, queues) : drainNeedOf(settings, [], pool);
  const taskProtection = start.consumers?.map(({ process }) => process.taskProtection).find(at => at !== undefined);
  return { ...processOf(start), settings, broker: 'unknown', pool, functions: [], stopTime: start.stopTime, drainNeed, joins: start.joins, noEffect: [], ...(start.consumers && { consumers: start.consumers }), ...(taskProtection && { taskProtection }), ...strayNames(start) };
}

function scheduler(start: Start, app: CeleryApp | undefined): Scheduler {
  return { ...processOf(start), joins: start.joins, ...(app && { app }) };
}

function processOf(start: Start) {
  return {
    id: start.id, name: start.name, platform: start.platform, role: start.role, command: start.command, start: start.chain,
    ...(start.reloads && { reloads: true as const }), ...(start.environment !== undefined && { environment: start.environment }), ...(start.service && { service: start.service }), ...(start.container && { container: start.container }),
  };
}

/** A command whose app is not known may run any app: what it overrides is unknown for all of them. */
function veto(app: CeleryApp, starts: readonly Start[]): CeleryApp {
  const settings = new Map(app.settings);
  for (const start of starts) {
    for (const [name, setting] of withCommand(new Map(), start.command, start.lookup)) {
      const before = settings.get(name);
      if (before && !(before.state === 'set' && setting.state === 'set' && before.value === setting.value)) settings.set(name, { state: 'unknown', at: before.at, expression: `${start.command.text} may run this app`, candidates: [] });
    }
  }
  return Object.assign(app, { settings }) satisfies CeleryApp;
}

/** Once for each command, however many containers run it. */
function unresolvedApps(joined: Joined): readonly Unresolved[] {
  const all = joined.flatMap(({ start, found }) => ('app' in found ? [] : [{ at: start.command.at, reason: found.reason }]));
  return all.filter((one, i) => all.findIndex(other => other.reason === one.reason && samePlace(other.at, one.at)) === i);
}

/** Task functions that call more than is followed. */
function unfollowedBodies({ functions }: CeleryApp): readonly Unresolved[] {
  return functions.filter(({ body }) => body.capped).map(({ at, functionName }) => ({ at, reason: `${functionName} calls more than ${MAX_FUNCTIONS} functions: what the others do is not known` }));
}

function unresolvedSettings(app: CeleryApp): readonly Unresolved[] {
  return [...app.settings].flatMap(([name, setting]) => (setting.state === 'unknown' && setting.expression !== 'configuration that could not be read' && !name.includes('.') ? [{ at: setting.at, reason: `${name}: ${setting.expression}` }] : []));
}

function assumptionsOf(app: CeleryApp): readonly string[] {
  const { celery, billiard } = app.versions;
  return [
    ...[assumptionOf('celery', celery), assumptionOf('billiard', billiard)].filter(text => text !== undefined),
    ...(app.reach === 'only-candidate' ? [app.workers.length > 0 ? `what configures ${app.id} could not be read whole: it is judged by the only settings that fit` : `no start command names ${app.id}: it is judged as the app with task functions`] : []),
    ...(app.reach === 'implicit' ? ['no Celery app was found: the task functions are judged by their decorators'] : []),
  ];
}
