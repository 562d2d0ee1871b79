import type { Setting, SourceLocation, TaskFunction, Worker } from '../model/index.js';
import { boundOf, isOn, numberOf, stopOf } from './bounds.js';
import type { Known } from './circumstances.js';
import { cutAfter, cutsOf, cutsText, type Cuts } from './cuts.js';
import { keyOf, type Fate, type Outcome } from './outcome.js';
import { signalFaults } from './signal.js';
import { outcomeText, worstFate } from './text.js';
import { visibilityOf } from './visibility.js';
import { CONNECTION_PATIENCE, circumstancesOf, fatesOfFunction } from './worker.js';

/** Where a number comes from: a setting with its origin, or a place. */
export type Origin = Setting<unknown> | SourceLocation;

/** Something that happens, s after SIGTERM: at `from`, or at some time from then on up to `to` (a second copy: from its start to its end). undefined: when is not known. */
export interface Moment {
  readonly kind: 'sigterm' | 'shutdown' | 'soft-end' | 'last-ack' | 'sigkill' | 'visibility' | 'redelivery' | 'second-copy';
  readonly from: number | 'never' | undefined;
  readonly to?: number;
  /** `SIGKILL` */
  readonly title: string;
  readonly text: string;
  readonly origins: readonly Origin[];
}

/** What lasts from one time to another, in s after SIGTERM. */
export interface Lane {
  readonly kind: 'stop' | 'soft' | 'need' | 'hidden' | 'second';
  readonly name: string;
  readonly text: string;
  /** undefined: not known. */
  readonly from: number | undefined;
  readonly to: number | 'unbounded' | undefined;
  /** What lies behind it is cut off. */
  readonly cutAt?: number;
}

/** A stop of one worker, with one run of a task function that was taken as SIGTERM came and needs as long as it may. */
export interface Timeline {
  readonly worker: Worker;
  /** The run's function; undefined: the worker has none that is known. */
  readonly fn?: TaskFunction;
  /** s; undefined: not known. */
  readonly kill: number | undefined;
  readonly lanes: readonly Lane[];
  /** In the order of time; those nobody can place stand where they belong by their kind. */
  readonly moments: readonly Moment[];
  /** What may become of the run, the worst first; empty without a function. */
  readonly fates: readonly Fate[];
  readonly cuts?: Cuts;
}

/** s. kombu looks for messages of dead workers when a worker starts and every 100 s after that (kombu transport/redis.py:410-413, 1382; measured: 101-103 s with prefork, threads and solo). */
export const SWEEP = 100;
/** s. A message given back on SQS is visible again after `wait_time_seconds` (kombu transport/SQS.py:489-494). */
const GIVEN_BACK_ON_SQS = 10;

/** From SIGTERM to the second copy, from the worker's own numbers. `fn`: absent, the function that a stop treats worst. `margin`: s a worker needs beyond its last task. */
export function timelineOf(worker: Worker, margin: number, fn: TaskFunction | undefined = worstFate(worker, worker.functions, 'stop', margin)?.fn): Timeline {
  const known = fn && circumstancesOf({ worker, fn }, 'stop', margin);
  const fates = fn ? fatesOfFunction({ worker, fn }, 'stop', margin) : [];
  const kill = stopOf(worker);
  const softSetting = worker.settings.get('worker_soft_shutdown_timeout');
  const softSeconds = numberOf(softSetting) ?? 0;
  const soft = softSeconds > 0 && (known ? known.soft !== 'none' && known.remaps !== false : worker.sigtermRemap.state !== 'unset') ? softSeconds : undefined;
  const cut = known ? cutAfter(known, kill, softSeconds) : kill;
  const stop: Stop = { worker, fn, known, fates, kill, soft, cut, need: needOf(worker, fn), hidden: hiddenOf(worker), leavesFetched: fn !== undefined && fatesOfFunction({ worker, fn, message: 'prefetched' }, 'stop', margin).some(({ outcome }) => keyOf(outcome) === 'restarts visibility-timeout'), ...(fn && { cuts: cutsOf(worker, fn, known!, cut) }) };
  const again = redeliveryOf(stop);
  return { worker, kill, fates, lanes: lanesOf(stop, again), moments: ordered(momentsOf(stop, again)), ...(fn && { fn }), ...(stop.cuts && { cuts: stop.cuts }) };
}

interface Stop {
  readonly worker: Worker;
  readonly fn: TaskFunction | undefined;
  readonly known: Known | undefined;
  readonly fates: readonly Fate[];
  readonly kill: number | undefined;
  /** s of the soft shutdown, where one comes. */
  readonly soft: number | undefined;
  /** s after which a run that has not ended is cut. */
  readonly cut: number | undefined;
  readonly need: { readonly seconds: number | 'unbounded' | undefined; readonly from: readonly SourceLocation[] };
  /** A message that was fetched and has not started waits for the end of the visibility timeout. */
  readonly leavesFetched: boolean;
  /** s a message may stay unacknowledged. none: the broker has no such timeout. */
  readonly hidden: { readonly seconds: number; readonly setting: Setting<unknown> } | 'none' | undefined;
  readonly cuts?: Cuts;
}

function needOf(worker: Worker, fn: TaskFunction | undefined): Stop['need'] {
  const { drainNeed } = worker;
  if (!fn) return drainNeed.is === 'bounded' ? drainNeed : { seconds: drainNeed.is === 'unbounded' ? 'unbounded' : undefined, from: [] };
  const bound = boundOf(fn, worker.pool);
  const from = fn.observed ? [fn.observed.at] : typeof bound !== 'number' || bound === 0 ? [] : numberOf(fn.timeLimit) === bound ? [fn.timeLimit.at] : fn.ownTimeout ? [fn.ownTimeout.at] : [];
  return { seconds: bound === 'none' ? 'unbounded' : bound === 'unknown' ? undefined : bound, from };
}

function hiddenOf(worker: Worker): Stop['hidden'] {
  return worker.broker === 'rabbitmq' ? 'none' : visibilityOf(worker);
}

/** When the broker gives the run's message out again. certain: it does; else it may. */
interface Again { readonly from: number | undefined; readonly to: number | undefined; readonly isCertain: boolean; readonly how: 'at-once' | 'restored' | 'retried' | 'noticed' | 'visibility-timeout' | 'unknown' }

function redeliveryOf({ worker, fates, cut, hidden }: Stop): Again | undefined {
  const delays = fates.flatMap(({ outcome }): readonly Again['how'][] => (outcome.is === 'restarts' ? [outcome.after] : outcome.is === 'twice' || outcome.is === 'loops' ? ['unknown'] : []));
  if (delays.length === 0) return undefined;
  const spans = delays.map(how => spanOf(how));
  const known = spans.every(span => span !== undefined);
  return {
    from: known ? Math.min(...spans.map(([from]) => from)) : undefined, to: known ? Math.max(...spans.map(([, to]) => to)) : undefined,
    isCertain: delays.length === fates.length, how: delays.includes('visibility-timeout') ? 'visibility-timeout' : delays[0]!,
  };
  function spanOf(how: Again['how']): readonly [number, number] | undefined {
    if (how === 'visibility-timeout') return hidden === undefined || hidden === 'none' ? undefined : [hidden.seconds, hidden.seconds + (worker.broker === 'redis' ? SWEEP : 0)];
    if (how === 'unknown' || cut === undefined) return undefined;
    return how === 'at-once' ? [cut, cut] : how === 'restored' ? [cut + GIVEN_BACK_ON_SQS, cut + GIVEN_BACK_ON_SQS] : [cut, cut + CONNECTION_PATIENCE];
  }
}

function lanesOf({ fn, kill, soft, need, hidden, cuts, ...stop }: Stop, again: Again | undefined): readonly Lane[] {
  // whatever is not known of the way there, SIGKILL ends it
  const cut = cuts?.is === 'protected' ? undefined : stop.cut ?? kill;
  const { seconds } = need;
  const long = seconds === undefined ? 'unknown' : seconds === 'unbounded' ? 'unbounded' : secondsText(seconds);
  const isCut = cut !== undefined && (seconds === 'unbounded' || (typeof seconds === 'number' && seconds > cut));
  const end = again?.to === undefined ? undefined : typeof seconds === 'number' ? again.to + seconds : seconds;
  return [
    { kind: 'stop', name: 'stop time', from: 0, to: kill, text: kill === undefined ? 'unknown' : `${secondsText(kill)}, then SIGKILL` },
    ...(soft === undefined ? [] : [{ kind: 'soft', name: 'soft shutdown', from: 0, to: soft, text: secondsText(soft) } as const]),
    { kind: 'need', name: fn ? 'the run' : 'drain need', from: 0, to: seconds, text: fn && isCut ? `${long}, cut ${cut === 0 ? 'at once' : `after ${secondsText(cut)}`}${stop.cut === undefined ? ' at the latest' : ''}` : long, ...(cut !== undefined && { cutAt: cut }) },
    ...(hidden === 'none' ? [] : [{ kind: 'hidden', name: 'visibility timeout', from: 0, to: hidden?.seconds, text: hidden === undefined ? 'unknown' : `${secondsText(hidden.seconds)}, then again` } as const]),
    ...(again ? [{ kind: 'second', name: 'second copy', from: again.from, to: end, text: again.from === undefined ? 'unknown when' : `${again.isCertain ? '' : 'may start '}${again.isCertain ? 'starts ' : ''}after ${span(again.from, again.to)}` } as const] : []),
  ];
}

function momentsOf(stop: Stop, again: Again | undefined): readonly Moment[] {
  const moments = [sigterm(stop), ...shutdown(stop), ...lastAck(stop), sigkill(stop), ...visibility(stop, again), ...second(stop, again)];
  const cutting = cuttingMoment(stop), what = cutWords(stop);
  return moments.map(moment => (moment.kind === cutting && what !== '' ? { ...moment, text: moment.text === '' ? what : `${moment.text}${moment.text.endsWith(':') ? ' ' : '; '}${what}` } : moment));
}

/** What cuts a run that has not ended: SIGKILL, the end of a soft shutdown, a cold shutdown, or the signal itself. */
function cuttingMoment({ kill, cut, soft, known }: Stop): Moment['kind'] {
  if (cut === undefined || cut === kill) return 'sigkill';
  return cut === soft ? 'soft-end' : known?.remaps && known.signal === 'arrives' ? 'shutdown' : 'sigterm';
}

/** How many runs are cut there, and what becomes of them. */
function cutWords({ cuts, fates, need, kill, cut }: Stop): string {
  const isCut = kill !== undefined && (need.seconds === 'unbounded' || (typeof need.seconds === 'number' && need.seconds > kill));
  if (!cuts) return isCut ? 'a task that still runs then is cut' : 'ends what is left';
  return cut !== undefined && fates.some(({ outcome }) => outcome.is !== 'completes') ? `${cutsText(cuts)}; ${outcomesText(fates)}` : cutsText(cuts);
}

function sigterm({ worker, known }: Stop): Moment {
  const [first] = worker.start.links;
  const link = signalFaults(worker)[0]?.link ?? first;
  const name = !link ? 'a process that is not known' : link.kind === 'shell' ? `the shell that runs ${quoted(link.text)}` : quoted(link.text);
  const text = {
    arrives: `goes to ${name}`, group: `reaches the worker and its child processes, by way of ${name}`, ignored: `gets as far as ${name}, which passes it on to nobody: the worker goes on as if nothing had happened`,
    kills: `ends ${name}, and with it everything in the container`,
  };
  const given = `goes to ${name}${worker.start.complete ? '' : '; how it gets from there to the worker is not wholly known'}`;
  return { kind: 'sigterm', from: 0, title: 'SIGTERM', text: known?.signal === undefined ? given : text[known.signal], origins: link ? [link.at] : [] };
}

/** What the worker does about it, where it hears it. */
function shutdown({ worker, known, soft, cut }: Stop): readonly Moment[] {
  const remap = worker.sigtermRemap;
  if (known?.signal === 'ignored' || known?.signal === 'kills') return [];
  const from = 0, kind = 'shutdown', origins = remap.state === 'unset' ? [] : [remap];
  if (worker.app?.taskProtection) return [{ kind, from, title: 'Task protection', text: 'deployments and scale-in send SIGTERM when the run is done, or its protection has expired', origins: [worker.app.taskProtection] }];
  const isRemapped = known ? known.remaps : remap.state === 'unknown' ? undefined : remap.state === 'set' && remap.value === 'SIGQUIT';
  if (isRemapped === undefined) return [{ kind, from, title: 'Shutdown', text: 'warm: running tasks go on until SIGKILL; or cold, which cuts them off: what REMAP_SIGTERM makes of SIGTERM is not known', origins }];
  if (!isRemapped) return [{ kind, from, title: 'Warm shutdown', text: 'no new message is taken, and running tasks go on until they end or SIGKILL comes', origins }];
  if (soft === undefined) return [{ kind, from, title: 'Cold shutdown', text: known?.pool === 'threads' ? 'this pool cannot stop tasks and waits for them' : 'running tasks are cut off', origins }];
  const setting = worker.settings.get('worker_soft_shutdown_timeout')!;
  return [
    { kind, from, title: 'Soft shutdown', text: `no new message is taken, and running tasks get ${secondsText(soft)}`, origins: [...origins, setting] },
    ...(cut === soft ? [{ kind: 'soft-end', from: soft, title: 'Cold shutdown', text: 'the soft shutdown is over: what still runs is cut off', origins: [setting] } as const] : []),
  ];
}

/** When the broker is told that the run is done. */
function lastAck({ fn, fates, need, known }: Stop): readonly Moment[] {
  const kind = 'last-ack';
  const when = typeof need.seconds === 'number' ? need.seconds : undefined;
  if (!fn) return [{ kind, from: when, title: 'Drain need', text: need.seconds === undefined ? 'unknown: how long its tasks may run could not be told' : need.seconds === 'unbounded' ? 'unbounded: nothing ends its tasks' : 'the last task may end that late', origins: need.from }];
  const title = 'Last ack', origins: readonly Origin[] = fn.acksLate.state === 'unset' ? [] : [fn.acksLate];
  const isLate = isOn(fn.acksLate);
  if (isLate === false && known?.ackSent === true) return [{ kind, from: 0, title, text: known.signal === 'ignored' ? 'each message is acknowledged as its run starts, up to SIGKILL' : 'the message was acknowledged before, as its run started', origins }];
  if (isLate === undefined) return [{ kind, from: undefined, title, text: 'whether a message is acknowledged before or after its run is not known', origins }];
  const ends = fates.some(({ outcome }) => outcome.is === 'completes');
  if (!ends) return [{ kind, from: 'never', title, text: 'the run is cut before its acknowledgement', origins }];
  return [{ kind, from: when, title, text: `${fates.length > 1 ? 'where the run ends in time, its message' : 'the run has ended, and its message'} is acknowledged${isLate ? '' : ' only now, although early'}`, origins: [...origins, ...need.from] }];
}

function sigkill({ worker, kill, cut }: Stop): Moment {
  const { stopTime } = worker;
  const managers = worker.start.links.filter(link => link.kind === 'process-manager');
  const kind = 'sigkill', title = 'SIGKILL';
  if (kill === undefined) return { kind, from: undefined, title, text: `when is not known: ${stopTime.state === 'unset' ? 'no container or service says how long a stop may take' : 'the stop time could not be resolved'}`, origins: stopTime.state === 'unset' ? [] : [stopTime] };
  const manager = kill === numberOf(stopTime) ? undefined : managers.find(({ stopWait }) => numberOf(stopWait) === kill);
  const text = [...(manager ? [`by ${manager.program}:`] : []), ...(cut === undefined || cut === kill ? [] : ['ends what is left'])].join(' ');
  return { kind, from: kill, title, text, origins: [...(numberOf(stopTime) === undefined ? [] : [stopTime]), ...managers.map(({ stopWait }) => stopWait)] };
}

function visibility({ worker, hidden, fates, leavesFetched }: Stop, again: Again | undefined): readonly Moment[] {
  const kind = 'visibility', title = 'Visibility timeout';
  if (hidden === 'none' || (worker.broker !== 'redis' && worker.broker !== 'sqs')) return [];
  if (hidden === undefined) return [{ kind, from: undefined, title, text: `how long ${BROKER[worker.broker]} hides a message is not known`, origins: [] }];
  const origins = [hidden.setting];
  if (again?.how !== 'visibility-timeout' && fates.some(({ outcome }) => outcome.is === 'stuck')) return [{ kind, from: hidden.seconds, title, text: 'no running worker looks for what it frees', origins }];
  const of = fates.length === 0 || again?.how === 'visibility-timeout' ? 'a message taken at SIGTERM and not acknowledged by then may be given to another worker'
    : leavesFetched ? 'the run does not wait for it; messages that were fetched and had not started may be given to another worker' : 'nothing waits for it: what was fetched was acknowledged or given back before';
  return [{ kind, from: hidden.seconds, title, text: of, origins }];
}

function second({ worker, fates, need, hidden }: Stop, again: Again | undefined): readonly Moment[] {
  if (!again) return [{ kind: 'redelivery', ...(fates.length === 0 ? { from: undefined, text: inGeneral(worker, hidden) } : { from: 'never', text: withoutCopy(fates) }), title: 'Redelivery', origins: [] }];
  const may = !again.isCertain;
  const sweep = again.how === 'visibility-timeout' && worker.broker === 'redis' ? `: at the first sweep for such messages, when a worker starts or every ${SWEEP} s` : '';
  const ends = again.to !== undefined && typeof need.seconds === 'number' ? again.to + need.seconds : undefined;
  const lasts = need.seconds === 'unbounded' ? ', and nothing bounds it' : typeof need.seconds === 'number' ? ` and needs up to ${secondsText(need.seconds)}` : '';
  return [
    { kind: 'redelivery', from: again.from, ...(again.to !== undefined && { to: again.to }), title: 'Redelivery', text: `the broker ${may ? 'may give' : 'gives'} the run's message to another worker${HOW[again.how]}${sweep}`, origins: [] },
    { kind: 'second-copy', from: again.from, ...(ends !== undefined && { to: ends }), title: 'Second copy', text: `${may ? 'may start' : 'starts'} from the beginning${lasts}; the next stop may cut it again`, origins: [] },
  ];
}

/** Why no second copy of the run comes. */
function withoutCopy(fates: readonly Fate[]): string {
  const is = (kind: Outcome['is']): boolean => fates.some(({ outcome }) => outcome.is === kind);
  return is('stuck') ? 'the broker keeps the message, and no running worker takes it' : is('lost') ? 'the broker has forgotten the message of the run' : 'the run is over';
}

/** What the broker does with any message that was not acknowledged. */
function inGeneral({ broker }: Worker, hidden: Stop['hidden']): string {
  if (hidden === 'none') return 'RabbitMQ gives a message that was not acknowledged to another worker once the connection is gone';
  if (hidden) return `a message that was not acknowledged is given to another worker ${secondsText(hidden.seconds)} after it was taken`;
  return broker === 'unknown' ? 'not known, as the broker is not' : `when is not known: how long the broker (${broker}) hides a message could not be told`;
}

const HOW: Readonly<Record<Again['how'], string>> = { 'at-once': ' at once', restored: ' when it is visible again', retried: ' after the countdown of its retry', noticed: ' when it misses the heartbeats', 'visibility-timeout': ' after its visibility timeout', unknown: '' };
const BROKER = { redis: 'kombu on Redis', sqs: 'SQS' } as const;

/** `the running task is lost`, `the running task may be lost, or is done in time`. */
export function outcomesText(fates: readonly Fate[]): string {
  return fates.map(({ outcome }) => outcomeText(outcome)).filter((text, i, all) => all.indexOf(text) === i).map((text, i) => (i === 0 ? text : text.replace('the running task ', ''))).join(', or ');
}

/** By time; what has none stays behind what it follows. */
function ordered(moments: readonly Moment[]): readonly Moment[] {
  let last = 0;
  return moments.map(moment => { last = typeof moment.from === 'number' ? moment.from : last; return { moment, at: last }; }).sort((a, b) => a.at - b.at).map(({ moment }) => moment);
}

const quoted = (text: string): string => `\`${text.length > 60 ? `${text.slice(0, 59)}…` : text}\``;

/** `3600-3700 s`; one number where both are the same. */
export const span = (from: number, to: number | undefined): string => (to === undefined || to === from ? secondsText(from) : `${from}-${to} s`);

/** `3600 s (1 h)` */
export function secondsText(seconds: number): string {
  const short = seconds >= 3600 && seconds % 3600 === 0 ? ` (${seconds / 3600} h)` : seconds >= 120 && seconds % 60 === 0 ? ` (${seconds / 60} min)` : '';
  return `${seconds} s${short}`;
}
