import { longestOf, axis } from '../axis.js';
import type { Lane, Timeline } from '../../fate/index.js';
import type { Paint } from '../paint.js';

/** How a lane is drawn: its ends, what lies between, what is cut off, what is not known and what never ends. */
interface Signs { readonly start: string; readonly line: string; readonly end: string; readonly cut: string; readonly off: string; readonly unknown: string; readonly forever: string }
const UNICODE: Signs = { start: '├', line: '─', end: '┤', cut: '╳', off: '╌', unknown: '┄', forever: '▶' };
const ASCII: Signs = { start: '|', line: '-', end: '|', cut: 'X', off: '.', unknown: '?', forever: '>' };

export interface DrawOptions { readonly width: number; readonly unicode: boolean; readonly paint: Paint }

const STYLE = { stop: 'bold', soft: 'bold', need: 'cyan', hidden: 'yellow', second: 'cyan' } as const;

/** A timeline as lines of at most `width` columns: a lane for what lasts, over a logarithmic axis from SIGTERM on. */
export function draw({ kill, lanes }: Timeline, { width, unicode, paint }: DrawOptions): readonly string[] {
  const signs = unicode ? UNICODE : ASCII;
  const gutter = Math.max(...lanes.map(({ name }) => name.length)) + 2;
  const room = Math.min(100, width) - gutter - 2;
  const { at, ticks } = axis(longestOf([kill, ...lanes.flatMap(({ from, to }) => [from, to])]), room - 1);
  const x = (seconds: number): number => Math.round(at(seconds));
  const margin = ' '.repeat(gutter);
  const killed = kill === undefined ? undefined : x(kill);
  const head = killed === undefined ? 'SIGTERM' : killed + 7 > room ? `SIGTERM${' '.repeat(Math.max(1, killed - 13))}${paint('red', 'SIGKILL')}` : killed < 9 ? `SIGTERM ${paint('red', 'SIGKILL')}` : `SIGTERM${' '.repeat(killed - 7)}${paint('red', 'SIGKILL')}`;
  return [
    `${margin}${head}`,
    ...lanes.map(lane => `${lane.name.padEnd(gutter)}${bar(lane, x, room, signs, paint)}`),
    `${margin}${paint('dim', labels(ticks.map(tick => ({ ...tick, at: Math.round(tick.at) })), room))}`,
  ].map(line => `  ${line}`.trimEnd());
}

function bar({ kind, from, to, cutAt }: Lane, x: (seconds: number) => number, room: number, signs: Signs, paint: Paint): string {
  if (from === undefined || to === undefined) return paint('dim', signs.unknown.repeat(room));
  const start = Math.min(x(from), room - 2), end = to === 'unbounded' ? room - 1 : Math.max(x(to), start + 1);
  const last = to === 'unbounded' ? signs.forever : signs.end;
  const cut = cutAt === undefined ? undefined : Math.max(x(cutAt), start);
  const lead = ' '.repeat(start);
  if (cut === undefined || cut >= end) return lead + paint(STYLE[kind], signs.start + signs.line.repeat(Math.max(0, end - start - 1)) + last);
  const kept = cut > start ? paint(STYLE[kind], signs.start + signs.line.repeat(cut - start - 1)) : '';
  return lead + kept + paint('red', signs.cut + signs.off.repeat(Math.max(0, end - cut - 1)) + (end > cut ? last : ''));
}

/** Labels that do not touch; the last one always stands. */
function labels(ticks: readonly { readonly label: string; readonly at: number }[], room: number): string {
  const placed = ticks.map(({ label, at }) => ({ label, from: Math.max(0, Math.min(at, room - label.length)) }));
  const last = placed.at(-1)!;
  return placed.reduce((line, { label, from }) => ((line === '' || from >= line.length + 2) && (from === last.from || from + label.length + 2 <= last.from) ? line.padEnd(from) + label : line), '');
}
