import type { CeleryApp, ChainLink, Fix, Problem, Rule, Setting, Thresholds, Worker } from '../../model/index.js';
import { place } from '../../model/index.js';
import { about, capped, confidenceOf, fixTo, listed, textToWrite } from '../shared.js';
import { byAcknowledgement, isAtLeast, isOn, numberOf, ofApp, spelled, stopOf, toWrite } from '../celery-shared.js';
import { REMAP } from '../celery-remap.js';
import { killerOf } from '../outlast.js';
import { blockersOf } from '../signal-path.js';

const SOFT = 'worker_soft_shutdown_timeout';
/** s. Fargate waits no longer, whatever stopTimeout says; without a launch type it may be Fargate. */
const FARGATE_MAXIMUM = 120;

export const softShutdownExceedsStopTimeout: Rule = {
  id: 'celery/soft-shutdown-exceeds-stop-timeout',
  severity: 'error',
  title: 'The soft shutdown takes longer than the container is given',
  rationale:
    'In a soft shutdown the main process sleeps the whole worker_soft_shutdown_timeout, however soon its tasks end, and acknowledges them only afterwards, which takes up to 3 s more. ' +
    'Where SIGKILL comes first, nothing is acknowledged and nothing is given back: finished work is done twice, and on Redis and SQS it all waits for the visibility timeout.',
  remedy: 'Keep worker_soft_shutdown_timeout at least 3 s below the stop timeout.',
  references: [
    'https://docs.celeryq.dev/en/stable/userguide/workers.html#soft-shutdown', 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#worker-soft-shutdown-timeout',
    'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html',
  ],
  provenBy: [
    'celery/soft-shutdown-exceeds-stop-timeout/bad', 'celery/soft-shutdown-exceeds-stop-timeout/good',
    'soft/prefork/late/REMAP/soft=2,stopTimeout=3.5,task=1.2', 'soft/prefork/late/REMAP/soft=5,stopTimeout=2,task=4', 'soft/prefork/late/REMAP/soft=2,stopTimeout=10,task=1.2',
  ],
  leadsTo: ['celery/visibility-timeout-too-short', 'celery/sigterm-remap-loses-tasks', 'ecs/stop-timeout-too-short'],

  *check({ workers }, thresholds) {
    const cut = workers.flatMap(worker => cutShort(worker, thresholds) ?? []);
    for (const key of new Set(cut.map(keyOf))) {
      const own = cut.filter(one => keyOf(one) === key).sort((a, b) => a.stop - b.stop);
      const deployed = own.filter(({ worker }) => worker.role === 'deployed');
      yield problemOf(deployed.length > 0 ? deployed : own, thresholds);
    }
  },
};

/** A worker that is killed while, or just after, it waits for its tasks. */
interface Cut { readonly worker: Worker; readonly app: CeleryApp; readonly setting: Setting<unknown>; readonly soft: number; readonly stop: number; readonly late: boolean }
type Manager = Extract<ChainLink, { kind: 'process-manager' }>;

const keyOf = ({ setting, soft }: Cut): string => `${place(setting.at)}:${setting.at.startColumn}:${soft}`;

/** SIGTERM enters the soft shutdown (5.5) with the remap alone, and the remap works on prefork alone (measured). */
function cutShort(worker: Worker, { exitMarginSeconds }: Thresholds): Cut | undefined {
  const { app, sigtermRemap } = worker;
  const setting = worker.settings.get(SOFT);
  const [soft, stop] = [numberOf(setting), stopOf(worker)];
  if (!app || !setting || soft === undefined || soft <= 0 || stop === undefined || soft + exitMarginSeconds <= stop) return undefined;
  if (sigtermRemap.state !== 'set' || sigtermRemap.value !== REMAP || worker.pool !== 'prefork' || !isAtLeast(app.versions.celery, '5.5')) return undefined;
  const late = isLate(worker, app);
  // Acknowledged early, it is what the worker had prefetched that waits, and only where the broker does not see the worker go.
  return late === undefined || (!late && app.broker !== 'redis' && app.broker !== 'sqs') ? undefined : { worker, app, setting, soft, stop, late };
}

/** Some of its messages are acknowledged after their task; false: none, undefined: not known. */
function isLate({ functions }: Worker, app: CeleryApp): boolean | undefined {
  if (functions.length === 0) return isOn(app.settings.get('task_acks_late'));
  const { early, late } = byAcknowledgement(functions);
  return late.length > 0 ? true : early.length === functions.length ? false : undefined;
}

/** One finding for the setting: the worker that is killed first, and the places of the others. */
function problemOf(all: readonly Cut[], thresholds: Thresholds): Problem {
  const [first, ...others] = all as readonly [Cut, ...Cut[]];
  const { worker, app, setting, soft, stop } = first;
  const { resource, related = [] } = ofApp(app, setting.at);
  const stops = all.map(one => ({ at: decidingOf(one)[0]?.at ?? one.worker.stopTime.at, message: `${one.worker.name} is killed after ${one.stop} s` }));
  return {
    order: 9, at: setting.at, severity: all.some(({ late }) => late) ? capped('error', worker) : 'warning', confidence: confidenceOf(worker, setting, worker.stopTime), resource, ...blockersOf(worker),
    workers: all.flatMap(one => about(one.worker).workers ?? []), environments: [...new Set(all.flatMap(one => one.worker.environment ?? []))],
    message: `${spelled(app, SOFT)} is ${soft} s and ${killerOf(first.worker, stop)} ${others.length > 0 ? `the first of ${all.length} workers` : 'the worker'} ${stop} s after SIGTERM: ${consequence(first)}`,
    label: `${soft} s, and up to ${thresholds.exitMarginSeconds} s more to acknowledge`,
    related: [...stops, ...related],
    ...remedyFor(all, thresholds),
    fate: `SIGTERM, remapped to ${REMAP} → sleeps up to ${soft} s, acknowledges nothing → SIGKILL after ${stop} s`,
  };
}

/** While the main process sleeps nothing is acknowledged; killed just after, the task was done twice in five of six runs (measured). */
function consequence({ late, soft, stop }: Cut): string {
  const isSure = stop <= soft;
  if (!late) return `it ${isSure ? 'never comes' : 'may not come'} to giving back what it had prefetched, which then waits for the visibility timeout`;
  return `it acknowledges finished tasks only after the whole ${soft} s${isSure ? '' : ', and needs up to 3 s for it'}, so work that was finished in that time ${isSure ? 'is' : 'may be'} done twice`;
}

/** The values that have to be higher for the soft shutdown to end. */
function decidingOf({ worker, stop }: Cut, needed = stop + 1): readonly Setting<unknown>[] {
  const stops: readonly Setting<unknown>[] = [...worker.start.links.flatMap(link => (link.kind === 'process-manager' ? [link.stopWait] : [])), worker.stopTime];
  return stops.filter(setting => { const seconds = numberOf(setting); return seconds !== undefined && seconds < needed; });
}

/** More time where it can be given, since somebody wants those seconds for the tasks; else a shorter soft shutdown. */
function remedyFor(all: readonly Cut[], { exitMarginSeconds }: Thresholds): Pick<Problem, 'suggestion' | 'fix'> {
  const [{ app, setting, soft, stop }] = all as readonly [Cut];
  const needed = Math.ceil(soft + exitMarginSeconds);
  if (all.every(({ worker }) => worker.platform === 'ec2' || worker.platform === 'compose' || needed <= FARGATE_MAXIMUM)) {
    const fix = raise(all, needed);
    return { suggestion: listed([...new Set(all.map(one => raised(one, needed)))], 8), ...(fix && { fix }) };
  }
  const lower = Math.floor(stop - exitMarginSeconds - 1);
  const most = FARGATE_MAXIMUM - exitMarginSeconds - 1;
  if (lower < 1) return { suggestion: `${toWrite(app, [SOFT, most])} and give ${listed(all.map(({ worker }) => worker.container?.name ?? worker.name))} ${FARGATE_MAXIMUM} s to stop` };
  const fix = fixTo(setting, lower, 'safe', `set ${SOFT} to ${lower}`);
  return { suggestion: `${toWrite(app, [SOFT, lower])}${lower < most ? `, or ${most} together with ${FARGATE_MAXIMUM} s to stop` : ''}`, ...(fix && { fix }) };
}

function raised(one: Cut, needed: number): string {
  const { worker } = one;
  const name = worker.container?.name ?? worker.name;
  const managers = worker.start.links.filter((link): link is Manager => link.kind === 'process-manager' && (numberOf(link.stopWait) ?? needed) < needed);
  const own = decidingOf(one, needed).includes(worker.stopTime);
  const key = worker.platform === 'compose' ? `\`stop_grace_period: ${needed}s\`` : `\`"stopTimeout": ${needed}\``;
  return [
    ...managers.map(({ program, programName }) => `give ${programName} ${needed} s to stop in ${program}`),
    ...(own ? [`write ${textToWrite(worker.stopTime, needed, key)} in ${worker.platform === 'compose' ? 'service' : 'container'} ${name}`] : []),
  ].join(' and ');
}

/** All of them, or none: one that stays below is killed as before. */
function raise(all: readonly Cut[], needed: number): Fix | undefined {
  const fixes = all.flatMap(one => decidingOf(one, needed)).map(setting => fixTo(setting, needed, 'safe'));
  const edits = fixes.flatMap(fix => fix?.edits ?? []);
  if (fixes.length === 0 || fixes.includes(undefined)) return undefined;
  const once = [...new Map(edits.map(edit => [`${place(edit.at)}:${edit.at.startColumn}`, edit])).values()];
  return { title: `give the worker ${needed} s to stop`, safety: 'safe', edits: once };
}
