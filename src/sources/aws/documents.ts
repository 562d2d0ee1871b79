import type { LiveEvidence, LiveService, TaskStop } from '../../model/index.js';
import { startOf } from '../../model/index.js';
import type { Recording, RecordedService } from './recording.js';
import type { Answer } from './redact.js';

/** What was read, as texts that the analyzers read like files, by the path that stands for each: `aws:<arn>`. */
export interface LiveDocuments { readonly texts: ReadonlyMap<string, string>; readonly evidence: LiveEvidence }

export const pathOf = (arn: string): string => `aws:${arn}`;

/** A recording as documents, and what it says of how ECS tasks ended. `stops`: more of them, from an archive of events. */
export function documentsOf(recording: Recording, stops: readonly Answer[] = []): LiveDocuments {
  const texts = new Map<string, string>();
  const add = (arn: string, content: object): void => { texts.set(pathOf(arn), `${JSON.stringify(content, null, 2)}\n`); };
  for (const { arn, service, taskDefinition, scaling } of recording.services) {
    const { deployments: _deployments, events: _events, ...configured } = service;
    add(arn, { service: configured, ...(scaling && { scaling }), ...(taskDefinition && { taskDefinition }) });
  }
  for (const { arn, visible: _, ...queue } of recording.queues) add(arn, { queue: { ...queue, arn } });
  for (const { arn, evictions: _, ...cache } of recording.caches) add(arn, { cache: { ...cache, arn } });
  for (const broker of recording.brokers) add(broker.arn, { broker });
  return { texts, evidence: { readAt: recording.recordedAt, services: recording.services.map(service => liveService(service, stops)), queues: queuesOf(recording), caches: recording.caches.flatMap(({ arn, name, evictions, policy }) => (evictions === undefined ? [] : [{ name, address: `aws.${arn}`, at: startOf(pathOf(arn)), evictions, ...(policy !== undefined && { policy }) }])) } };
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
