import { posix } from 'node:path';
import type { Broker, Cache, ChainLink, ConsumerCommand, Container, ContainerFacts, DeployedContainer, EcsService, Facts, FactStore, Join, LinkOptions, MessageConsumer, Platform, Queue, Setting, Slot, SourceLocation, StartChain, UnauditedConsumer, Unresolved } from '../model/index.js';
import { comparePlaces, literalText, spotOf, startOf } from '../model/index.js';
import { OTHER_WORKERS } from '../knowledge/start-commands.js';
import { findBuilds, type Build, type Builds } from './builds.js';
import { declaredWorker, follow, ALL_STEPS, namedConsumer, STEPS, type Journey, type Reached, type Steps } from './command.js';
import { withInfrastructure } from './infrastructure.js';
import { cachesIn } from './caches.js';
import { composeContainers } from './start/compose-services.js';
import { containerEnvironment, containerOf, hasInit, startArgv, stopTimeOf, type ContainerPlace, type StartArgv } from './start/container.js';
import { environmentNames } from './start/deployments.js';
import { folderOf, within, type Image } from './start/image.js';
import type { Lookup } from './modules.js';
import { lookupIn, type Environment, type Variable } from './process-environment.js';
import { composeRole, isDevelopmentService, isProductionName, isReload } from './roles.js';
import { brokersIn, queuesIn } from './resources.js';
import { platformOf, serviceOf } from './services.js';
import { definitionFinder, taskDefinitionsIn, type Definition } from './task-definitions.js';
import type { StartedBy } from './node/started.js';
import { namesConsumer } from './start/node-command.js';
import { unreachedStarts } from './start/unreached.js';

/** One consumer or scheduler command (`unaudited`: of another kind than Celery's) that a deployed (or development) start reaches, before its app is known. */
export interface Start {
  readonly id: string;
  readonly name: string;
  readonly environment?: string;
  readonly platform: Platform;
  readonly role: 'deployed' | 'development';
  readonly reloads?: true;
  readonly service?: EcsService;
  readonly container?: Container;
  readonly command: ConsumerCommand;
  readonly chain: StartChain;
  /** s; the format's default included. */
  readonly stopTime: Setting<number>;
  /** The environment of the process: container, image ENV, script exports, program environment. */
  readonly lookup: Lookup;
  /** Every variable written anywhere on the way, by name. */
  readonly variables: ReadonlyMap<string, { readonly value: string | undefined; readonly at: SourceLocation; readonly slot?: Slot }>;
  /** Folders of the repository that the process's working directory (and PYTHONPATH) can be, best first; '' is the root. */
  readonly directories: readonly string[];
  readonly joins: readonly Join[];
  /** Consumers in Node.js that it makes. */
  readonly consumers?: readonly MessageConsumer[];
}

export interface Starts {
  readonly starts: readonly Start[];
  readonly services: readonly EcsService[];
  readonly containers: readonly DeployedContainer[];
  readonly caches: readonly Cache[];
  readonly queues: readonly Queue[];
  readonly brokers: readonly Broker[];
  readonly unaudited: readonly UnauditedConsumer[];
  readonly unresolved: readonly Unresolved[];
}

/** What one container, image, process file or script was found to start. */
export interface Origin {
  readonly path: string;
  readonly name: string;
  readonly environment?: string;
  readonly platform: Platform;
  readonly role: Start['role'];
  readonly container?: Container;
  readonly stopTime?: Setting<number>;
  readonly joins: readonly Join[];
  /** No entry point can stand in front of what was read. */
  readonly sure: boolean;
  readonly image: Image;
}

interface Deployed { readonly origin: Origin; readonly reached: readonly Reached[]; readonly services: readonly number[]; readonly known: boolean }
type Followed = Pick<Deployed, 'origin' | 'reached' | 'known'>;

/** From containers to consumer commands: every celery worker and beat that a tree starts, and how the stop signal gets to it. */
export function findStarts(store: FactStore, options: LinkOptions, startedBy: StartedBy = () => []): Starts {
  const infrastructure = withInfrastructure(store, store.candidates.flatMap(path => store.facts(path) ?? []));
  const all = infrastructure.facts;
  const definitions = taskDefinitionsIn(all);
  const compose = composeContainers(store, all);
  const builds = findBuilds(store, [...definitions.flatMap(({ facts, path }) => facts.containers.map(container => ({ container, path }))), ...compose.map(({ service, path }) => ({ container: service, path }))]);
  const visited = new Set<string>();
  const unresolved: Unresolved[] = [...infrastructure.unresolved];
  const steps: Steps = { left: ALL_STEPS };
  const world: World = { store, startedBy, builds, visited, unresolved, steps, declared: options.workers.map(({ service }) => service) };

  for (const { facts } of definitions) if (facts.containers.length === 0) unresolved.push({ at: facts.at, reason: `the containers of task definition ${facts.family ?? facts.address ?? 'here'} could not be read` });

  const entries = serviceEntries(all, definitions);
  const deployments = entries.slice(0, MOST_SERVICES);
  const running = indexes(deployments.map(entry => entry.definitions));
  const deployed = definitions.flatMap(definition => containersOf(definition, running.get(definition) ?? [], deployments, world));
  const deployedBy = indexes(deployed.map(one => one.services));
  const services = deployments.map((entry, i) => ({ ...entry.service, runs: runsOf((deployedBy.get(i) ?? []).map(one => deployed[one]!), entry.service.name) }));
  const ecsStarts = deployed.flatMap(({ origin, reached, services: running }) => (running.length === 0 ? startsOf(origin, reached) : running.flatMap(i => {
    const name = running.length === 1 ? origin.name : `${origin.name} of ${services[i]!.name}`;
    return startsOf({ ...origin, name, platform: services[i]!.platform, joins: [deployments[i]!.join, ...origin.joins] }, reached, services[i]);
  })));

  const composeStarts = compose.flatMap(({ service, path }) => {
    const { origin, reached } = followContainer(service, { path, format: 'compose', siblings: [], isOpen: service.environmentFiles.length > 0 }, world);
    const role = composeRole({ isMarked: isDevelopmentService(service, path), isProduction: isProductionName(posix.basename(path)), isBesideEcs: definitions.length > 0, apps: reached.map(one => one.command.app), ecsApps: ecsStarts.map(start => start.command.app) });
    return startsOf({ ...origin, role }, reached);
  });
  const unreached = unreachedStarts({ store, startedBy, builds, visited, steps, isEcs: ecsStarts.length > 0 });
  const rest = unreached.flatMap(({ origin, reached }) => startsOf(origin, reached));

  unresolved.push(...unreadValues(ecsStarts));
  const every = [...ecsStarts, ...besideProcfile(composeStarts, rest), ...rest];
  const found = every.slice(0, MOST_SERVICES);
  const cut: readonly UnauditedConsumer[] = [
    ...beyond('service', entries.map(({ service }) => service.at), MOST_SERVICES), ...beyond('consumer', every.map(({ command }) => command.at), MOST_SERVICES),
    ...(steps.cutAt ? [{ kind: 'commands', at: steps.cutAt, text: `what is started from here on is not known: more than ${STEPS.toLocaleString('en-US')} commands of one container, or ${ALL_STEPS.toLocaleString('en-US')} of all` }] : []),
  ];
  return {
    starts: withIds(distinct(found.filter(isJudged))), services, containers: deployed.flatMap(({ origin, services: running }) => containersOfOrigin(origin, running.map(i => services[i]!))),
    caches: cachesIn(all), queues: queuesIn(all), brokers: brokersIn(all),
    unaudited: [...cut, ...unauditedIn(found.filter(start => start.command.kind === 'unaudited'))], unresolved: eachOnce(unresolved),
  };
}

/** `declared`: names of services and containers that run a worker, as the configuration says. */
interface World { readonly declared: readonly string[]; readonly startedBy: StartedBy; readonly store: FactStore; readonly builds: Builds; readonly visited: Set<string>; readonly unresolved: Unresolved[]; readonly steps: Steps }

// Task definitions and services

interface ServiceEntry { readonly service: EcsService; readonly join: Join; readonly definitions: readonly Definition[] }

/** Each service with the task definition it runs; a family that stands in several files gives the nearest, or one service per environment. */
function serviceEntries(all: readonly Facts[], definitions: readonly Definition[]): readonly ServiceEntry[] {
  const byPath = environmentNames(all.filter(facts => facts.services).map(facts => facts.path));
  const definitionsOf = definitionFinder(definitions);
  return all.flatMap(facts => (facts.services ?? []).flatMap((service): readonly ServiceEntry[] => {
    const environment = service.environment ?? byPath.get(facts.path);
    const { matches, how } = definitionsOf(service, facts, environment);
    const entry = (definition: Definition | undefined): ServiceEntry => ({
      service: serviceOf(service, facts.format, definition?.facts, environment ?? definition?.environment), definitions: definition ? [definition] : [],
      join: { step: 'service', how, at: [service.taskDefinition?.at ?? service.at, ...(definition ? [definition.facts.at] : [])] },
    });
    return matches.length === 0 ? [entry(undefined)] : matches.map(entry);
  }));
}

/** `services`: which of the deployments run it. */
function containersOf({ facts, path, format, environment }: Definition, services: readonly number[], deployments: readonly ServiceEntry[], world: World): readonly Deployed[] {
  const all = facts.containers.map(container => {
    const isOpen = container.environmentFiles.length > 0 || (format === 'copilot' && world.builds.tree.folders.has(within(folderOf(path), 'addons')));
    return { container, found: followContainer(container, { path, format: 'ecs', siblings: facts.containers, isOpen, ...(facts.pidMode !== undefined && { pidMode: facts.pidMode }), ...(facts.memory && { memory: facts.memory }) }, world) };
  });
  const declared = declaredIn(all, services.map(i => deployments[i]!.service.name), world);
  const family = [facts.family ?? '', ...(facts.address ?? '').split('.'), ...services.map(i => deployments[i]!.service.name)];
  const isNamed = all.some(({ container, found }) => !found.known && namesItself(container));
  return all.map(({ container, found: read }) => {
    const found = declared === read ? asDeclared(container, read, world) : read;
    const { origin, reached, known } = saysElse(container) || (services.length === 0 && format !== 'ecs-json') ? found : byName(found, [container.name, ...(isNamed ? wordsOf(container) : family)]);
    return { origin: { ...origin, platform: platformOf(facts, undefined, format), ...(environment !== undefined && { environment }) }, reached, services, known };
  });
}

/** Each thing in these lists, with the numbers of the lists that hold it. */
function indexes<T>(lists: readonly (readonly T[])[]): ReadonlyMap<T, readonly number[]> {
  const found = new Map<T, number[]>();
  for (const [i, list] of lists.entries()) for (const one of new Set(list)) {
    const numbers = found.get(one);
    if (numbers) numbers.push(i);
    else found.set(one, [i]);
  }
  return found;
}

/** The container that the configuration means, of those whose command nobody could read: by its name, else the only one of a service it names. */
function declaredIn(all: readonly { readonly container: ContainerFacts; readonly found: Followed }[], services: readonly string[], { declared }: World): Followed | undefined {
  const unread = all.filter(({ container, found }) => found.reached.length === 0 && !found.known && !container.command && !container.entryPoint);
  const named = unread.find(({ container }) => declared.includes(container.name));
  const only = unread.length === 1 && all.every(({ found }) => found.reached.length === 0) && services.some(name => declared.includes(name)) ? unread[0] : undefined;
  return (named ?? only)?.found;
}

function asDeclared(container: ContainerFacts, found: Followed, { builds }: World): Followed {
  const environment = { ...containerEnvironment(container, builds.of(container, found.origin.path, true).image, true), open: true };
  return { ...found, origin: { ...found.origin, joins: [...found.origin.joins, { step: 'command', how: 'declared', at: [container.at] }] }, reached: [declaredWorker(found.origin.name, environment, container.at)] };
}

/** It runs a command of its own, which does not name a consumer: a name then says nothing. */
const saysElse = (container: ContainerFacts): boolean => !hasNoCommand(container) && !wordsOf(container).some(namesConsumer);
const hasNoCommand = ({ command, entryPoint }: ContainerFacts): boolean => (entryPoint?.words ?? []).length + (command?.words ?? []).length === 0;

/** Beside containers whose own name, or whose command, says that they take messages, the name of all of them says nothing of the others. */
const namesItself = (container: ContainerFacts): boolean => !saysElse(container) && [container.name, ...wordsOf(container)].some(namesConsumer);

/** The words of its command, and the folders they lie in: `bin/worker/send-email`. */
function wordsOf({ command, entryPoint }: ContainerFacts): readonly string[] {
  const words = [...(entryPoint?.words ?? []), ...(command?.words ?? [])].flatMap(word => literalText(word) ?? []).filter(text => !/\s/.test(text) && !OF_WEB_SERVER.test(text));
  return words.flatMap(text => [text, ...posix.dirname(text).split('/').filter(folder => /^(?:workers?|consumers?)$/.test(folder))]);
}

/** Options that say how many processes serve requests: `--workers`, `--worker-class=…`. */
const OF_WEB_SERVER = /^--?(?:[\w-]*workers|worker-[\w-]+)(?:=|$)/;

/**
 * What nobody could read is a consumer by its name, or by that of its task definition or service: how it stops counts, as advice.
 * Of an image of somebody else a name says nothing; a task that no service runs is started by hand or by a schedule, and no deployment stops
 * it (the service of a task definition in JSON stands elsewhere).
 */
function byName(found: Followed, names: readonly string[]): Followed {
  const { origin, reached, known } = found;
  if (reached.length > 0 || known || !names.map(name => name.replace(/[-_ ]?(?:service|svc|container|task)$/i, '')).some(namesConsumer)) return found;
  const at = origin.container?.at ?? startOf(origin.path);
  return { ...found, origin: { ...origin, joins: [...origin.joins, { step: 'command', how: 'by-name', at: [at] }] }, reached: [namedConsumer(origin.name, at)] };
}

/** Where each service of it runs; without any, where its task definition can. */
function containersOfOrigin({ container, platform, environment }: Origin, services: readonly EcsService[]): readonly DeployedContainer[] {
  const places = [...new Set(services.length > 0 ? services.map(service => service.platform) : [platform])];
  return container ? places.map(place => ({ container, platform: place, ...(environment !== undefined && { environment }) })) : [];
}

/** Work, where a worker or another consumer runs in it; a scheduler alone; something else, where everything in it is known. */
function runsOf(containers: readonly Deployed[], name: string): EcsService['runs'] {
  const kinds = containers.flatMap(({ reached }) => reached.map(one => one.command.kind));
  if (kinds.some(kind => kind === 'celery-worker' || kind === 'unaudited')) return 'work';
  if (kinds.includes('celery-beat')) return 'scheduler';
  if (containers.length > 0) return containers.every(({ known }) => known) ? 'other' : 'unknown';
  return namesConsumer(name.replace(/[-_ ]?(?:service|svc)$/i, '')) ? 'named-work' : 'unknown';
}

// Containers

interface StartPlace extends ContainerPlace { readonly path: string; readonly isOpen: boolean }

function followContainer(container: ContainerFacts, place: StartPlace, world: World): Followed {
  const build = world.builds.of(container, place.path, place.format === 'ecs');
  const environment = containerEnvironment(container, build.image, place.isOpen);
  const start = startArgv(container, build, environment);
  const isOther = OTHER_WORKERS.test(literalText(container.image) ?? '');
  const reached = start ? followArgv(start, container, build, environment, world).filter(one => !(one.guessed && isOther)).map(one => behindInit(one, container, place.format)) : [];
  if (build.missing !== undefined && container.build) world.unresolved.push({ at: container.build.at, reason: `the Dockerfile ${build.missing} of ${container.name} is not in the repository` });
  else if (!start && !build.foreign && !container.isLogRouter && place.format === 'ecs') world.unresolved.push({ at: container.at, reason: `what the container ${container.name} runs is not in the repository` });
  const joins: readonly Join[] = [...(build.join ? [build.join] : []), ...(start ? [{ step: 'command', how: 'written', at: [start.at] } as const] : [])];
  const origin: Origin = {
    path: place.path, name: container.name, platform: place.format === 'compose' ? 'compose' : 'ecs', role: 'deployed', joins, sure: start?.sure ?? false, image: build.image,
    container: containerOf(container, place, build, environment), stopTime: stopTimeOf(container, place.format),
  };
  return { origin, reached, known: build.foreign || container.isLogRouter === true || start?.sure === true };
}

function followArgv(start: StartArgv, container: ContainerFacts, build: Build, environment: Environment, world: World): readonly Reached[] {
  const { image } = build;
  if (image.dockerfile !== undefined && !start.own) world.visited.add(image.dockerfile);
  const directory = directoryOf(container, image);
  const journey: Journey = { store: world.store, startedBy: world.startedBy, image, visited: world.visited, steps: STEPS, all: world.steps };
  return follow({ argv: start.argv, environment, directory, depth: 0, scripts: [] }, journey);
}

/** initProcessEnabled, Compose's `init: true`: an init in front of everything, which signals its child alone. */
function behindInit(one: Reached, container: ContainerFacts, format: 'ecs' | 'compose'): Reached {
  if (!hasInit(container)) return one;
  const link: ChainLink = { kind: 'init', program: 'docker-init', toGroup: false, at: container.initProcess.at, text: format === 'ecs' ? 'initProcessEnabled' : 'init: true' };
  return { ...one, links: [link, ...one.links] };
}

function directoryOf(container: ContainerFacts, image: Image): string {
  const written = container.workingDirectory;
  return written?.is === 'literal' && typeof written.value === 'string' ? posix.resolve(image.workingDirectory, written.value) : image.workingDirectory;
}

/** Compose beside a Procfile that starts the same app is a copy for developers: a platform runs the Procfile. */
function besideProcfile(compose: readonly Start[], rest: readonly Start[]): readonly Start[] {
  const apps = new Set(rest.filter(start => start.role === 'deployed' && /(^|\/)procfile[^/]*$/i.test(start.command.at.path)).map(start => start.command.app));
  return compose.map(start => (start.command.app !== undefined && apps.has(start.command.app) ? { ...start, role: 'development' } : start));
}

// Starts

/**
 * Celery's commands, and consumers of other kinds: how the stop signal reaches them is judged alike. A script that reads SQS counts
 * where its name, the container's or the service's says that this is its work.
 */
function isJudged({ command, name, service }: Start): boolean {
  if (command.kind !== 'unaudited') return command.kind !== 'celery-other';
  return command.app !== 'sqs' || [...command.text.split(/\s+/), name, service?.name ?? ''].some(namesConsumer);
}

/** One start for every consumer command that an origin reaches. */
function startsOf(origin: Origin, reached: readonly Reached[], service?: EcsService): readonly Start[] {
  return once(reached).map(one => {
    const environment = service?.environment ?? origin.environment;
    const joins = one.guessed ? origin.joins.map(join => (join.step === 'command' ? { ...join, how: 'only-candidate' as const } : join)) : origin.joins;
    return {
      id: `${origin.path}: ${origin.name}${environment === undefined ? '' : ` [${environment}]`}`, name: one.program ?? origin.name, platform: origin.platform,
      ...(one.reload || isReload(one.command.text) ? { role: 'development', reloads: true } : { role: origin.role }), command: one.command, chain: { links: one.links, complete: origin.sure && !one.guessed },
      stopTime: frozen(origin.stopTime ?? { state: 'unset', at: one.command.at, slots: [] }, service?.keepsTaskDefinition), lookup: lookupIn(one.environment), variables: writtenIn(one.environment.variables),
      directories: directoriesOf(one, origin), joins,
      ...(environment !== undefined && { environment }), ...(service && { service }), ...(origin.container && { container: origin.container }), ...(one.consumers && { consumers: one.consumers }),
    } satisfies Start;
  });
}

/** A value whose change is not applied has no place to be mended at. */
function frozen<T>(setting: Setting<T>, at: SourceLocation | undefined): Setting<T> {
  return at && setting.state !== 'unknown' ? { ...setting, slots: [], frozen: at } : setting;
}

/** Services of a tree, and consumers that it starts. */
const MOST_SERVICES = 2500;
/** Where what is more than is audited begins, and how much there is of it. Said where consumers of other kinds are: in every report, asked for or not. */
export const beyond = (kind: string, places: readonly SourceLocation[], most: number): readonly UnauditedConsumer[] => places.slice(most, most + 1).map(at => ({ kind, at, text: `this one and ${places.length - most - 1} behind it: more than ${most.toLocaleString('en-US')}` }));

/** A script that calls itself again starts nothing new. */
function once(reached: readonly Reached[]): readonly Reached[] {
  const key = ({ command, program }: Reached): string => JSON.stringify([command.at.path, command.at.startLine, command.at.startColumn, command.text, program]);
  const first = new Map<string, Reached>();
  for (const one of reached) { const name = key(one); if (!first.has(name)) first.set(name, one); }
  return [...first.values()];
}

function writtenIn(variables: ReadonlyMap<string, Variable>): Start['variables'] {
  return new Map([...variables.values()].filter(variable => variable.exported).map(({ name, value, at, slot }) => [name, { value, at, ...(slot && { slot }) }]));
}

/** `--workdir`, the working directory, PYTHONPATH, then the folders of the scripts, the Dockerfile and the file itself. */
function directoriesOf(one: Reached, { image, path }: Origin): readonly string[] {
  const directory = one.directory ?? image.workingDirectory;
  const python = one.environment.variables.get('PYTHONPATH');
  const paths = (python?.value ?? python?.guess ?? '').split(':').filter(Boolean);
  const containerPaths = [...(one.workdir === undefined ? [] : [one.workdir]), directory, ...paths].map(folder => posix.resolve(directory, folder));
  const dockerfile = image.dockerfile === undefined ? [] : [folderOf(image.dockerfile)];
  const mapped = containerPaths.flatMap(folder => image.folders(folder));
  return [...new Set([...mapped, ...one.folders, ...dockerfile, folderOf(path), ''])];
}

/** Values of a worker's container and service that nobody could read: rules say nothing of them, so the report does. */
function unreadValues(starts: readonly Start[]): readonly Unresolved[] {
  return starts.flatMap(({ stopTime, container, name, service }) => {
    const named = [[`stopTimeout of container ${container?.name ?? name}`, stopTime], ...(service ? ([['desiredCount', service.desiredCount], ['minimumHealthyPercent', service.minimumHealthyPercent], ['maximumPercent', service.maximumPercent]] as const).map(([key, setting]) => [`${key} of service ${service.name}`, setting] as const) : [])] as const;
    return named.flatMap(([what, setting]) => (setting.state === 'unknown' ? [{ at: setting.at, reason: `${what}: ${setting.expression}` }] : []));
  });
}

/** By reason and place. */
function eachOnce(unresolved: readonly Unresolved[]): readonly Unresolved[] {
  const seen = new Set<string>();
  return unresolved.filter(({ reason, at }) => { const key = JSON.stringify([reason, at.path, at.startLine, at.startColumn]); return seen.has(key) ? false : seen.add(key); });
}

/** Branches that start the same command in the same way are one start. */
function distinct(starts: readonly Start[]): readonly Start[] {
  const seen = new Set<string>();
  return starts.filter(start => {
    const way = start.chain.links.map(link => (link.kind === 'shell' ? `${link.kind} ${link.replaces} ${link.background}` : link.kind)).filter(kind => kind !== 'worker' && kind !== 'wrapper').join(' ');
    const key = JSON.stringify([start.id, start.name, start.service?.name, start.command.kind, [...start.command.options], start.command.app, start.command.queues, way]);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** Ids are unique: several commands of one container are told apart by program, queue or number. */
function withIds(starts: readonly Start[]): readonly Start[] {
  const count = (key: (start: Start) => string): ReadonlyMap<string, number> => starts.reduce((counts, start) => counts.set(key(start), (counts.get(key(start)) ?? 0) + 1), new Map<string, number>());
  const plain = count(start => start.id);
  const named = starts.map(start => ({ ...start, id: plain.get(start.id) === 1 ? start.id : `${start.id}${detailOf(start)}` }));
  const used = new Map<string, number>();
  return named.map(start => {
    const number = (used.get(start.id) ?? 0) + 1;
    used.set(start.id, number);
    return number === 1 ? start : { ...start, id: `${start.id} (${number})` };
  });
}

function detailOf(start: Start): string {
  const host = start.command.options.get('--hostname');
  const isProgram = !start.id.replace(/ \[[^[\]]*\]$/, '').endsWith(`: ${start.name}`);
  const queues = start.command.queues?.join(',') ?? '';
  const detail = isProgram ? start.name : typeof host === 'string' ? host.replace(/@[^]*/, '') : start.command.kind === 'celery-beat' ? 'beat' : queues.length <= 60 ? queues : '';
  return detail === '' ? '' : ` ${detail}`;
}

function unauditedIn(starts: readonly Start[]): readonly UnauditedConsumer[] {
  const seen = new Set<string>();
  const found = starts.map(({ command }) => ({ kind: command.app ?? 'unknown', at: command.at, text: command.text }));
  return found.filter(({ at }) => { const key = spotOf(at); return seen.has(key) ? false : seen.add(key); }).sort((a, b) => comparePlaces(a.at, b.at));
}
