import type { LiveEvidence, LiveService, TaskStop } from '../../model/index.js';
import { startOf } from '../../model/index.js';
import type { Recording, RecordedService } from './recording.js';
import type { Answer } from './redact.js';

/** What was read, as texts that the analyzers read like files, by the path that stands for each: `aws:<arn>`. */
export interface LiveDocuments { readonly texts: ReadonlyMap<string, string>; readonly evidence: LiveEvidence }

export const pathOf = (arn: string): string => `aws:${arn}`;

/** A recording as documents, and what it says of how ECS tasks ended. `stops`: more of them, from an archive of events; `everyone`: all services, where the recording is a part. */
export function documentsOf(recording: Recording, stops: readonly Answer[] = [], everyone: Recording['services'] = recording.services): LiveDocuments {
  return {
    texts: new Map([...writersOf(recording)].map(([path, write]) => [path, write()])),
    evidence: { readAt: recording.recordedAt, services: recording.services.map(service => liveService(service, stops)), queues: queuesOf(recording), caches: cachesOf(recording, everyone) },
  };
}

/** What writes each document of a recording, by its path. */
export function writersOf(recording: Recording): ReadonlyMap<string, () => string> {
  const writer = (arn: string, content: () => object): readonly [string, () => string] => [pathOf(arn), () => `${JSON.stringify(content(), null, 2)}\n`];
  return new Map([
    ...recording.services.map(({ arn, service, taskDefinition, scaling }) => writer(arn, () => {
      const { deployments: _deployments, events: _events, ...configured } = service;
      return { service: configured, ...(scaling && { scaling }), ...(taskDefinition && { taskDefinition }) };
    })),
    ...recording.queues.map(({ arn, visible: _, ...queue }) => writer(arn, () => ({ queue: { ...queue, arn } }))),
    ...recording.caches.map(({ arn, evictions: _, ...cache }) => writer(arn, () => ({ cache: { ...cache, arn } }))),
    ...recording.brokers.map(broker => writer(broker.arn, () => ({ broker }))),
  ]);
}

/** Services that are judged at once: their facts and what joins them take most of the memory. */
const AT_ONCE = 50;

/**
 * A recording in parts whose facts need not be in memory together: a service is joined to the queues, caches and brokers that it names, never to
 * another service. Each part has all of these; what is known of them besides their configuration is in the first.
 */
export function partsOf(recording: Recording, atOnce = AT_ONCE): readonly Recording[] {
  const services = [...recording.services].sort((a, b) => (a.arn < b.arn ? -1 : a.arn > b.arn ? 1 : 0));
  return Array.from({ length: Math.max(1, Math.ceil(services.length / atOnce)) }, (_, i) => ({
    ...recording, services: services.slice(i * atOnce, (i + 1) * atOnce),
    ...(i > 0 && { queues: recording.queues.map(({ visible: _visible, ...queue }) => queue), caches: recording.caches.map(({ evictions: _evictions, ...cache }) => cache) }),
  }));
}

/** Caches whose evictions are known, with the containers that name them. */
function cachesOf({ caches }: Recording, services: Recording['services']): LiveEvidence['caches'] {
  return caches.flatMap(({ arn, name, evictions, policy }) => (evictions === undefined ? [] : [{
    name, at: startOf(pathOf(arn)), evictions, ...(policy !== undefined && { policy }),
    users: services.flatMap(({ arn: of, service, taskDefinition }) => objects(taskDefinition?.containerDefinitions).filter(({ environment }) => objects(environment).some(({ value }) => typeof value === 'string' && value.endsWith(`://${arn}`)))
      .map(container => ({ service: text(service.serviceName) ?? lastPart(of), container: String(container.name) }))),
  }]));
}

/** Dead letters whose number is known at two times. */
function queuesOf({ queues }: Recording): LiveEvidence['queues'] {
  return queues.flatMap(({ arn, name, visible }) => (visible ? [{ name, at: startOf(pathOf(arn)), before: visible[0], now: visible[1] }] : []));
}

const objects = (list: unknown): readonly Answer[] => (Array.isArray(list) ? list.filter((one): one is Answer => typeof one === 'object' && one !== null) : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : value instanceof Date ? value.toISOString() : undefined);
const lastPart = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);
const OWNER = /^(?:[\w-]+:)?(?:owner|team|squad)$/i;

function liveService({ arn, service, tags, stoppedTasks, protectedCount }: RecordedService, archived: readonly Answer[]): LiveService {
  const name = text(service.serviceName) ?? lastPart(arn);
  const cluster = lastPart(text(service.clusterArn) ?? arn.split('/').at(-2) ?? '');
  const [clusterArn, taskDefinition] = [text(service.clusterArn), text(service.taskDefinition)];
  const owner = Object.entries(tags).find(([key]) => OWNER.test(key))?.[1];
  const events = objects(service.events).map(event => ({ at: text(event.createdAt) ?? '', message: text(event.message) ?? '' })).sort((a, b) => (a.at < b.at ? 1 : -1));
  const failed = objects(service.deployments).find(deployment => deployment.rolloutState === 'FAILED');
  const own = archived.filter(task => task.group === `service:${name}` && (task.clusterArn === undefined || clusterArn === undefined || task.clusterArn === clusterArn));
  const tasks = [...new Map([...own, ...stoppedTasks].map(task => [String(task.taskArn), task])).values()];
  return {
    arn, name, cluster, region: arn.split(':')[3] ?? '', path: pathOf(arn), at: startOf(pathOf(arn)), ...(owner !== undefined && { owner }), ...(taskDefinition !== undefined && { taskDefinition }), stops: tasks.flatMap(stopsOf), events, protectedCount,
    deployments: completedIn(events), ...(failed && { failedDeployment: text(failed.rolloutStateReason) ?? 'no reason is given' }), ...(typeof service.runningCount === 'number' && { runningCount: service.runningCount }),
  };
}

/** `(service worker) (deployment ecs-svc/123) deployment completed.` */
function completedIn(events: LiveService['events']): readonly string[] {
  return events.filter(({ message }) => /deployment completed\b/i.test(message)).map(({ at }) => at);
}

/** One stop for each container of an ECS task. */
function stopsOf(task: Answer): readonly TaskStop[] {
  const [stopping, stopped] = [text(task.stoppingAt), text(task.executionStoppedAt) ?? text(task.stoppedAt)];
  const seconds = stopping === undefined || stopped === undefined ? undefined : (Date.parse(stopped) - Date.parse(stopping)) / 1000;
  const reason = `${text(task.stoppedReason) ?? ''}`;
  return objects(task.containers).map((container): TaskStop => ({
    taskArn: String(task.taskArn), container: text(container.name) ?? '', cause: causeOf(text(task.stopCode) ?? '', reason), outOfMemory: /OutOfMemory/i.test(`${text(container.reason) ?? ''} ${reason}`),
    ...(typeof container.exitCode === 'number' && { exitCode: container.exitCode }), ...(text(task.taskDefinitionArn) !== undefined && { taskDefinition: text(task.taskDefinitionArn)! }),
    ...(stopped !== undefined && { stoppedAt: stopped }), ...(seconds !== undefined && Number.isFinite(seconds) && seconds >= 0 && { drainSeconds: Math.round(seconds * 10) / 10 }),
  }));
}

/** Why a task was stopped (docs: stopped task error messages). */
function causeOf(stopCode: string, reason: string): TaskStop['cause'] {
  if (stopCode === 'SpotInterruption' || stopCode === 'TerminationNotice' || /spot/i.test(reason)) return 'spot';
  if (stopCode === 'UserInitiated') return 'user';
  if (stopCode === 'EssentialContainerExited' || stopCode === 'TaskFailedToStart') return 'exited';
  if (/health check/i.test(reason)) return 'health-check';
  if (/deployment ecs-svc\//i.test(reason)) return 'deployment';
  return stopCode === 'ServiceSchedulerInitiated' || /scaling activity/i.test(reason) ? 'scale-in' : 'other';
}
