import type { Setting, Worker } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { outcomesText, span, type Lane, type Moment, type Timeline } from '../../fate/index.js';
import { axis, longestOf } from '../axis.js';
import { originText } from '../effective.js';
import { plural } from '../options.js';
import { html, prose, type Markup, type Part } from './markup.js';

/** From SIGTERM to the second copy, drawn and in words, from the worker's own numbers. `faults`: what is known to keep the signal from it. */
export function timelineBlock(timeline: Timeline, id: string, faults: Part): Markup {
  const { worker, fn, fates } = timeline;
  return html`<div class="drawn"><h3 id="${id}-stop">What a stop does${fn && html` to a run of <code>${fn.name}</code>`}</h3>
${fates.length > 0 && html`<p>Drawn for a message that was taken as SIGTERM came. ${capital(`${fates.length > 1 ? 'it depends: ' : ''}${outcomesText(fates)}`)}.${worker.functions.length > 1 && html` <span class="muted">No other of its ${plural(worker.functions.length, 'task function')} is worse off.</span>`}</p>
`}${drawing(timeline, id)}
<ol class="events">${timeline.moments.map(moment => html`<li>${wordsOf(moment)}${moment.kind === 'sigterm' && faults}</li>`)}${acknowledgementWords(worker)}</ol></div>
`;
}

const [TOP, LANE, BAR, FOOT] = [38, 44, 12, 22];
/** Percent of the width: what the bars may take. */
const WIDTH = 97;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const hundredths = (value: number): number => Math.round(value * 100) / 100;

/** `Stop time: 30 s, then SIGKILL` */
const labelOf = ({ name, text }: Lane): string => `${capital(name)}: ${text}`;

function drawing({ kill, worker, lanes }: Timeline, id: string): Markup {
  const { at, ticks } = axis(longestOf([kill, ...lanes.map(({ to }) => to), ...lanes.map(({ from }) => from)]), WIDTH);
  const x = (seconds: number): number => hundredths(at(seconds));
  const bottom = TOP + lanes.length * LANE;
  const low = kill !== undefined && x(kill) < 30;
  const killed = kill === undefined ? undefined : html`<line class="kill" x1="${x(kill)}%" x2="${x(kill)}%" y1="${low ? 34 : 18}" y2="${bottom}"/><text class="kill" x="${x(kill)}%" y="${low ? 30 : 14}"${x(kill) > 80 && html` text-anchor="end"`}>SIGKILL</text>`;
  const grid = apart(ticks).map(({ label, at: tick, narrow }) => html`<line class="grid" x1="${hundredths(tick)}%" x2="${hundredths(tick)}%" y1="${TOP}" y2="${bottom}"/><text class="tick${narrow && ' narrow'}" x="${hundredths(tick)}%" y="${bottom + 16}"${tick > 1 && html` text-anchor="${tick > 93 ? 'end' : 'middle'}"`}>${label}</text>`);
  return html`<svg class="timeline" role="img" aria-labelledby="${id}-title ${id}-desc" width="100%" height="${bottom + FOOT}" xmlns="http://www.w3.org/2000/svg">
<title id="${id}-title">Timeline of a stop of ${worker.name}</title><desc id="${id}-desc">${lanes.map(lane => labelOf(lane)).join('. ')}. The list below says the same in words. The time axis is logarithmic.</desc>
${grid}<line class="axis" x1="0" x2="100%" y1="${bottom}" y2="${bottom}"/>
${lanes.map((lane, i) => drawn(lane, TOP + i * LANE, x))}
<line class="term" x1="0" x2="0" y1="4" y2="${bottom}"/><text x="6" y="14">SIGTERM</text>${killed}
${lanes.map((lane, i) => html`<text class="label" x="6" y="${TOP + i * LANE + 16}">${labelOf(lane)}</text>`)}
</svg>
`;
}

function drawn({ kind, from, to, cutAt }: Lane, top: number, x: (seconds: number) => number): Part {
  const y = top + 22;
  const bar = (start: number, end: number, style: string): Markup => html`<rect class="${style}" x="${start}%" y="${y}" width="${Math.max(0.2, hundredths(end - start))}%" height="${BAR}" rx="1.5"/>`;
  if (from === undefined || to === undefined) return bar(from === undefined ? 0 : x(from), WIDTH, 'unknown');
  const start = x(from), end = to === 'unbounded' ? 100 : x(to);
  const cut = cutAt === undefined ? end : Math.min(end, x(cutAt));
  return [cut > start && bar(start, cut, kind), end > cut && bar(cut, end, 'cut')];
}

/** Labels that do not touch: those marked narrow are left out on a phone. `at`: percent. */
function apart(ticks: readonly { readonly label: string; readonly at: number }[]): readonly { readonly label: string; readonly at: number; readonly narrow: boolean }[] {
  let last = -100, lastWide = -100;
  return ticks.flatMap(({ label, at }) => {
    if (at - last < 9) return [];
    last = at;
    const narrow = at - lastWide < 18;
    if (!narrow) lastWide = at;
    return [{ label, at, narrow }];
  });
}

/** The same, for who does not see it, with the origin of every number. */
function wordsOf({ from, to, title, text, origins }: Moment): Markup {
  const when = typeof from === 'number' ? `${span(from, to)} · ` : from === 'never' ? 'never · ' : '';
  return html`<strong>${when}${title}:</strong> ${prose(text)}${origins.length > 0 && html` <span class="muted">(${origins.map(originText).join('; ')})</span>`}.`;
}

/** Where functions differ by it. */
function acknowledgementWords({ functions, settings }: Worker): Part {
  const all: readonly (Setting<unknown> | undefined)[] = functions.length > 0 ? functions.map(fn => fn.acksLate) : [settings.get('task_acks_late')];
  const values = all.map(setting => (setting?.state === 'unset' ? false : agreed(setting)));
  const late = values.filter(value => value === true).length, early = values.filter(value => value === false).length, unknown = values.length - late - early;
  if (functions.length === 0) return html`<li><strong>Acknowledgement:</strong> ${late > 0 ? 'late: after the task.' : early > 0 ? 'early: before the task.' : 'unknown.'}</li>`;
  const parts = [late > 0 && `${late} late, after the task`, early > 0 && `${early} early, before the task`, unknown > 0 && `${unknown} unknown`].filter(Boolean).join('; ');
  return html`<li><strong>Acknowledgement</strong> of ${plural(functions.length, 'task function')}: ${parts}.</li>`;
}
