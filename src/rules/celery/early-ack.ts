import type { CeleryApp, Effect, EffectKind, Fix, Problem, Rule, Setting, TaskFunction, Thresholds, Worker } from '../../model/index.js';
import { place, shorten } from '../../model/index.js';
import { fateText, worstFate, type Fate } from '../../fate/index.js';
import { appConfidence, listed, optionsAt, plural, weakest, type Evidence } from '../shared.js';
import { acksBehind, afterNames, asFound, boundOf, byAcknowledgement, deployedWorkers, isInherited, isOn, isWritten, longestSaid, ofApp, placeIn, stopOf, toWrite } from '../celery-shared.js';
import { isProtected, killerOf, onEcs } from '../outlast.js';

/** Effects that a second run repeats. */
const REPEATED: ReadonlySet<EffectKind> = new Set(['insert', 'increment', 'append', 'upload', 'email', 'sms', 'payment', 'http-write', 'publish']);

export const earlyAck: Rule = {
  id: 'celery/early-ack',
  severity: 'warning',
  mends: 'delivery',
  title: 'A message is acknowledged before its task has run',
  rationale:
    'Celery acknowledges a message as its task starts unless told otherwise. When the container is then killed (a deployment, a scale-in, Spot, memory), nothing ' +
    'holds the message any more: the running task is lost, without an error anywhere.',
  remedy: 'Acknowledge late, task by task: guard those that would do harm when they run twice, then set acks_late=True on them.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-acks-late', 'https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.acks_late'],
  provenBy: ['stop-outlives/prefork/early', 'stop-outlives/prefork/late'],
  leadsTo: [
    'celery/worker-loss-acknowledged', 'celery/prefetch-above-one', 'celery/visibility-timeout-too-short', 'celery/visibility-timeout-too-long', 'celery/no-sigterm-remap',
    'celery/time-limit-drops-task',
  ],

  *check({ apps }, thresholds) {
    for (const app of apps) {
      const problem = judge(app, thresholds);
      if (problem) yield problem;
    }
  },
};

function judge(app: CeleryApp, thresholds: Thresholds): Problem | undefined {
  const setting = app.settings.get('task_acks_late');
  const { late, early: all } = byAcknowledgement(app.functions);
  // Late for the app and early for one function is a choice that somebody wrote; so is late for those that need it.
  if (isOn(setting) !== false || (app.functions.length === 0 && app.reach !== 'written')) return undefined;
  const early = late.length > 0 ? all.filter(fn => !onlySends(fn) && !fn.body.trivial) : all;
  if (app.functions.length > 0 && early.length === 0) return undefined;
  // a task that is killed comes back; a remapped SIGTERM still loses it (measured: stop-outlives/…/solo/early)
  if (acksBehind(app) && app.workers.length > 0 && app.workers.every(({ sigtermRemap }) => sigtermRemap.state === 'unset')) return undefined;
  const danger = endangered(app, early, thresholds);
  const at = placeIn(app, setting);
  const fix = fixOf(early, setting);
  const found = late.length > 0 ? `${plural(early.length, 'task function')} of ${app.functions.length} (${listed(early.map(name))})` : 'messages';
  return {
    order: 5, at, severity: danger?.isCertain ? 'error' : 'warning', confidence: confidence(app, early, late.length > 0, danger, setting),
    message: `${asFound(app, 'task_acks_late')}, so Celery acknowledges ${found} as the task starts, not after its end: ${consequence(danger)}`,
    label: isWritten(setting) ? 'acknowledged before the work' : 'no late acknowledgement: acknowledged before the work',
    suggestion: suggest(app, early, late.length > 0), ...ofApp(app, at, early, 'acknowledged as it starts'), ...afterNames(app, 'task_acks_late'),
    ...(danger && { fate: fateText(danger.fate, danger.stop) }),
    ...(fix && { fix }),
  };
}

/** `isCertain`: the task is lost, whatever else is true of it. */
interface Danger { readonly worker: Worker; readonly stop: number; readonly longest: number | 'none'; readonly long: readonly TaskFunction[]; readonly fate: Fate; readonly isCertain: boolean }

/** The deployed worker on ECS that is killed while one of these functions still runs, and what becomes of it. */
function endangered(app: CeleryApp, early: readonly TaskFunction[], { exitMarginSeconds }: Thresholds): Danger | undefined {
  if (isProtected({ app })) return undefined;
  for (const worker of deployedWorkers(app).filter(onEcs)) {
    const stop = stopOf(worker);
    if (stop === undefined || worker.drainNeed.is === 'unknown') continue;
    const long = early.filter(fn => outlasts(boundOf(fn, worker.pool), stop, exitMarginSeconds));
    const worst = worstFate(worker, long, 'stop', exitMarginSeconds);
    if (!worst) continue;
    const bounds = long.map(fn => boundOf(fn, worker.pool));
    return { worker, stop, long, fate: worst.fate, isCertain: worst.isCertain && worst.fate.outcome.is === 'lost', longest: bounds.includes('none') ? 'none' : Math.max(...bounds.filter(bound => typeof bound === 'number')) };
  }
  return undefined;
}

const outlasts = (bound: number | 'none' | 'unknown', stop: number, margin: number): boolean => bound === 'none' || (typeof bound === 'number' && bound > 0 && bound + margin > stop);

function confidence(app: CeleryApp, early: readonly TaskFunction[], mixed: boolean, danger: Danger | undefined, setting: Evidence): Problem['confidence'] {
  const found = appConfidence(app, setting, ...(danger ? [danger.worker.drainNeed, danger.worker.stopTime] : []));
  return mixed ? weakest(found, early.every(fn => fn.body.trivial || fn.periodic) ? 'low' : 'medium') : found;
}

function consequence(danger: Danger | undefined): string {
  if (!danger) return 'a task whose worker is killed is lost';
  return `${killerOf(danger.worker, danger.stop)} the worker ${danger.stop} s after SIGTERM, and ${danger.longest === 'none' ? 'a task that needs longer' : `a task, which may run ${longestSaid(danger.longest, danger.long)},`} is lost`;
}

const name = (fn: TaskFunction): string => fn.functionName;
const repeated = (fn: TaskFunction): Effect | undefined => fn.body.effects.find(({ kind, guard }) => REPEATED.has(kind) && !guard);
/** Nothing in it does harm when it is done twice, as far as every call was followed. */
const isHarmless = (fn: TaskFunction): boolean => !fn.body.partial && !repeated(fn) && !fn.body.effects.some(({ kind }) => kind === 'subprocess');
/** It reads and sends other tasks; whoever started it starts it again. */
const onlySends = (fn: TaskFunction): boolean => fn.body.publishes.length > 0 && fn.body.effects.every(({ kind }) => kind === 'publish' || kind === 'read');

function suggest(app: CeleryApp, early: readonly TaskFunction[], mixed: boolean): string {
  const guarded = early.filter(fn => repeated(fn));
  const harmless = early.filter(isHarmless);
  const others = early.filter(fn => !guarded.includes(fn) && !harmless.includes(fn));
  if (guarded.length === 0 && !mixed && app.reach !== 'implicit') {
    const always = toWrite(app, ['task_acks_late', true]);
    return others.length === 0 ? always : `${always} once a second run of ${listed(others.map(name))} does no harm`;
  }
  const steps = [
    ...(harmless.length > 0 ? [`add acks_late=True to ${listed(harmless.map(name))} now`] : []),
    ...(guarded.length > 0 ? [`guard these first, then add it: ${listed(guarded.map(fn => `${fn.functionName} (${shorten(repeated(fn)!.text, 36)}, ${place(repeated(fn)!.at)})`))}`] : []),
    ...(others.length > 0 ? [`add acks_late=True to ${listed(others.map(name))} once a second run does no harm`] : []),
  ];
  return steps.join('; ');
}

/** acks_late=True on the functions that may run twice and do something, in the options of each; never a second one beside an option of their own. */
function fixOf(early: readonly TaskFunction[], setting: Setting<unknown> | undefined): Fix | undefined {
  const functions = early.filter(fn => isHarmless(fn) && !fn.body.trivial && fn.optionSlot && isInherited(fn.acksLate, setting));
  if (functions.length === 0) return undefined;
  return { title: `add acks_late=True to ${listed(functions.map(name))}`, safety: 'delivery', edits: functions.map(({ optionSlot }) => optionsAt(optionSlot!, [['acks_late', 'True']])) };
}
