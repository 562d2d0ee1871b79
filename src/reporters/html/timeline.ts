import type { Setting, Worker } from '../../model/index.js';
import { agreed, place } from '../../model/index.js';
import { originOf, VISIBILITY, withVisibility } from '../effective.js';
import { plural } from '../options.js';
import { html, type Markup, type Part } from './markup.js';

/** What is known of the end of a worker. s after SIGTERM; undefined: not known. */
interface Stop {
  readonly worker: Worker;
  /** SIGKILL: by the platform, or by a process manager that is quicker. */
  readonly kill: number | undefined;
  readonly need: Worker['drainNeed'];
  /** A message may stay unacknowledged for that long. none: the broker has no such timeout. */
  readonly hidden: number | 'none' | undefined;
  /** A soft shutdown, where one is set. */
  readonly soft: number | undefined;
}

/** From SIGTERM to SIGKILL and to redelivery, drawn and in words, from the worker's own numbers. `faults`: what is known to keep the signal from it. */
export function timeline(worker: Worker, id: string, faults: Part): Markup {
  const stop = stopOf(worker);
  const lanes = lanesOf(stop);
  return html`<div class="drawn"><h3 id="${id}-stop">What a stop does</h3>
${drawing(stop, lanes, id)}
<ol class="events">${wordsOf(stop, faults).map(words => html`<li>${words}</li>`)}</ol></div>
`;
}

function stopOf(worker: Worker): Stop {
  const known = [secondsOf(worker.stopTime), ...managersOf(worker).map(({ stopWait }) => secondsOf(stopWait))].filter(seconds => seconds !== undefined);
  const soft = secondsOf(worker.settings.get('worker_soft_shutdown_timeout'));
  return { worker, kill: known.length > 0 ? Math.min(...known) : undefined, need: worker.drainNeed, hidden: hiddenFor(worker), soft: soft !== undefined && soft > 0 ? soft : undefined };
}

const managersOf = (worker: Worker) => worker.start.links.filter(link => link.kind === 'process-manager');

function hiddenFor({ settings, broker }: Worker): Stop['hidden'] {
  if (broker === 'rabbitmq') return 'none';
  return broker === 'redis' || broker === 'sqs' ? secondsOf(withVisibility(settings, broker).get(VISIBILITY)) : undefined;
}

/** A number of seconds that holds whatever happens. */
function secondsOf(setting: Setting<unknown> | undefined): number | undefined {
  const value = agreed(setting);
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** A bar from SIGTERM on: how long, or that nobody knows, or that nothing ends it. `cutAt`: what lies behind it is cut off. */
interface Lane { readonly kind: 'stop' | 'need' | 'soft' | 'hidden'; readonly label: string; readonly seconds: number | 'unbounded' | undefined; readonly cutAt?: number }

function lanesOf({ kill, need, hidden, soft }: Stop): readonly Lane[] {
  const needed = need.is === 'bounded' ? need.seconds : need.is === 'unbounded' ? 'unbounded' : undefined;
  return [
    { kind: 'stop', seconds: kill, label: kill === undefined ? 'Stop time: unknown' : `Stop time: ${inWords(kill)}, then SIGKILL` },
    ...(soft === undefined ? [] : [{ kind: 'soft', seconds: soft, label: `Soft shutdown: ${inWords(soft)}` } as const]),
    { kind: 'need', seconds: needed, label: `Drain need: ${needed === undefined ? 'unknown' : needed === 'unbounded' ? 'unbounded' : inWords(needed)}`, ...(kill !== undefined && { cutAt: kill }) },
    ...(hidden === 'none' ? [] : [{ kind: 'hidden', seconds: hidden, label: `Visibility timeout: ${hidden === undefined ? 'unknown' : `${inWords(hidden)}, then again`}` } as const]),
  ];
}

const [TOP, LANE, BAR, FOOT] = [38, 44, 12, 22];
/** Percent of the width: what the bars may take. */
const WIDTH = 97;
/** s. Below it the axis is nearly linear. */
const KNEE = 10;

function drawing({ kill, worker }: Stop, lanes: readonly Lane[], id: string): Markup {
  const longest = Math.max(60, kill ?? 0, ...lanes.map(({ seconds }) => (typeof seconds === 'number' ? seconds : 0)));
  const x = (seconds: number): number => Math.round(WIDTH * 100 * Math.log1p(seconds / KNEE) / Math.log1p(longest / KNEE)) / 100;
  const bottom = TOP + lanes.length * LANE;
  const low = kill !== undefined && x(kill) < 30;
  const killed = kill === undefined ? undefined : html`<line class="kill" x1="${x(kill)}%" x2="${x(kill)}%" y1="${low ? 34 : 18}" y2="${bottom}"/><text class="kill" x="${x(kill)}%" y="${low ? 30 : 14}"${x(kill) > 80 && html` text-anchor="end"`}>SIGKILL</text>`;
  const ticks = ticksFor(longest, x).map(({ label, at, narrow }) => html`<line class="grid" x1="${at}%" x2="${at}%" y1="${TOP}" y2="${bottom}"/><text class="tick${narrow && ' narrow'}" x="${at}%" y="${bottom + 16}"${at > 1 && html` text-anchor="${at > 93 ? 'end' : 'middle'}"`}>${label}</text>`);
  return html`<svg class="timeline" role="img" aria-labelledby="${id}-title ${id}-desc" width="100%" height="${bottom + FOOT}" xmlns="http://www.w3.org/2000/svg">
<title id="${id}-title">Timeline of a stop of ${worker.name}</title><desc id="${id}-desc">${lanes.map(({ label }) => label).join('. ')}. The list below says the same in words. The time axis is logarithmic.</desc>
${ticks}<line class="axis" x1="0" x2="100%" y1="${bottom}" y2="${bottom}"/>
${lanes.map((lane, i) => drawn(lane, TOP + i * LANE, x))}
<line class="term" x1="0" x2="0" y1="4" y2="${bottom}"/><text x="6" y="14">SIGTERM</text>${killed}
${lanes.map(({ label }, i) => html`<text class="label" x="6" y="${TOP + i * LANE + 16}">${label}</text>`)}
</svg>
`;
}

function drawn({ kind, seconds, cutAt }: Lane, top: number, x: (seconds: number) => number): Part {
  const y = top + 22;
  const bar = (from: number, to: number, style: string): Markup => html`<rect class="${style}" x="${from}%" y="${y}" width="${Math.max(0.2, Math.round((to - from) * 100) / 100)}%" height="${BAR}" rx="1.5"/>`;
  if (seconds === undefined) return bar(0, WIDTH, 'unknown');
  const end = seconds === 'unbounded' ? 100 : x(seconds);
  const cut = cutAt === undefined ? end : Math.min(end, x(cutAt));
  return [cut > 0 && bar(0, cut, kind), end > cut && bar(cut, end, 'cut')];
}

const TICKS: readonly (readonly [seconds: number, label: string])[] = [
  [0, '0'], [10, '10 s'], [30, '30 s'], [60, '1 min'], [120, '2 min'], [300, '5 min'], [600, '10 min'], [1800, '30 min'], [3600, '1 h'], [7200, '2 h'], [21600, '6 h'], [43200, '12 h'], [86400, '1 d'], [604800, '7 d'],
];

/** Labels that do not touch: those marked narrow are left out on a phone. */
function ticksFor(longest: number, x: (seconds: number) => number): readonly { readonly label: string; readonly at: number; readonly narrow: boolean }[] {
  let last = -100, lastWide = -100;
  return TICKS.filter(([seconds]) => seconds <= longest).flatMap(([seconds, label]) => {
    const at = x(seconds);
    if (at - last < 9) return [];
    last = at;
    const narrow = at - lastWide < 18;
    if (!narrow) lastWide = at;
    return [{ label, at, narrow }];
  });
}

/** The same, for who does not see it, with the origin of every number. */
function wordsOf(stop: Stop, faults: Part): readonly Part[] {
  const { worker, soft } = stop;
  const { sigtermRemap: remap, start } = worker;
  const [first] = start.links;
  return [
    html`<strong>0 s: SIGTERM</strong> goes to ${first ? html`<code>${first.text}</code> <span class="muted">(${place(first.at)})</span>` : 'a process that is not known'}${faults}`,
    remap.state === 'set' ? `REMAP_SIGTERM is ${remap.value} (${originOf(remap)}).` : remap.state === 'unknown' ? 'Whether REMAP_SIGTERM is set is unknown.' : undefined,
    soft === undefined ? undefined : `Soft shutdown: ${inWords(soft)} (worker_soft_shutdown_timeout, ${originOf(worker.settings.get('worker_soft_shutdown_timeout')!)}).`,
    needWords(stop), killWords(stop), redeliveryWords(stop), acknowledgementWords(worker),
  ].filter(words => words !== undefined);
}

function needWords({ need }: Stop): Part {
  if (need.is === 'unknown') return html`<strong>Drain need: unknown.</strong> How long its tasks may run could not be told.`;
  if (need.is === 'unbounded') return html`<strong>Drain need: unbounded.</strong> Nothing ends its tasks.`;
  return html`<strong>Drain need: ${inWords(need.seconds)}.</strong> The last task may end that late${need.from.length > 0 && html` <span class="muted">(${need.from.map(place).join(', ')})</span>`}.`;
}

function killWords({ worker, kill, need }: Stop): Part {
  const { stopTime } = worker;
  const managers = managersOf(worker).map(({ program, stopWait }) => html` ${program} kills its program after ${secondsOf(stopWait) === undefined ? 'a time that is unknown' : inWords(secondsOf(stopWait)!)} <span class="muted">(${originOf(stopWait)})</span>.`);
  if (kill === undefined) return html`<strong>SIGKILL: unknown.</strong> ${stopTime.state === 'unset' ? 'No container or service says how long a stop may take.' : `The stop time could not be resolved (${place(stopTime.at)}).`}${managers}`;
  const origin = secondsOf(stopTime) === undefined ? 'the stop time of the container is unknown' : originOf(stopTime);
  const cut = need.is === 'unbounded' || (need.is === 'bounded' && need.seconds > kill) ? ' A task that still runs then is cut.' : '';
  return html`<strong>${inWords(kill)}: SIGKILL</strong> <span class="muted">(${origin})</span>.${cut}${managers}`;
}

function redeliveryWords({ worker, hidden }: Stop): Part {
  if (hidden === 'none') return html`<strong>Redelivery:</strong> RabbitMQ gives a message that was not acknowledged to another worker once the connection is gone.`;
  if (hidden === undefined) return html`<strong>Redelivery: unknown.</strong> ${worker.broker === 'unknown' ? 'The broker is not known.' : `How long the broker (${worker.broker}) hides a message could not be told.`}`;
  return html`<strong>Redelivery: ${inWords(hidden)}</strong> after a worker took it, a message that was not acknowledged is given to another one <span class="muted">(${originOf(withVisibility(worker.settings, worker.broker).get(VISIBILITY)!)})</span>. Drawn for a message that was taken at SIGTERM.`;
}

function acknowledgementWords({ functions, settings }: Worker): Part {
  const all: readonly (Setting<unknown> | undefined)[] = functions.length > 0 ? functions.map(fn => fn.acksLate) : [settings.get('task_acks_late')];
  const values = all.map(setting => (setting?.state === 'unset' ? false : agreed(setting)));
  const late = values.filter(value => value === true).length, early = values.filter(value => value === false).length, unknown = values.length - late - early;
  if (functions.length === 0) return html`<strong>Acknowledgement:</strong> ${late > 0 ? 'late: after the task.' : early > 0 ? 'early: before the task.' : 'unknown.'}`;
  const parts = [late > 0 && `${late} late, after the task`, early > 0 && `${early} early, before the task`, unknown > 0 && `${unknown} unknown`].filter(Boolean).join('; ');
  return html`<strong>Acknowledgement</strong> of ${plural(functions.length, 'task function')}: ${parts}.`;
}

/** `3600 s (1 h)` */
function inWords(seconds: number): string {
  const short = seconds >= 3600 && seconds % 3600 === 0 ? ` (${seconds / 3600} h)` : seconds >= 120 && seconds % 60 === 0 ? ` (${seconds / 60} min)` : '';
  return `${seconds} s${short}`;
}
