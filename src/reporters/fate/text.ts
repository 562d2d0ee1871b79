import { cutsText, EVENTS, sectionsOf, span, type Cell, type Change, type Event, type Fated, type Row, type Section, type Timeline } from '../../fate/index.js';
import { clean, columns, wrap } from '../clean.js';
import { originText } from '../effective.js';
import { nothingRead, plural } from '../options.js';
import { painter, type Paint } from '../paint.js';
import { draw } from './draw.js';
import { cutsWord, EVENT, inShort, OUTCOME, rowTitle, RUN, share, summaryOf, unitFacts, UNMEASURED, unitsHeading, word, words, type FateReport, withoutFates } from './words.js';

export interface FateOptions {
  readonly color: boolean;
  /** Columns. */
  readonly width: number;
  /** false: nothing but ASCII is printed, but for names in the scanned files. */
  readonly unicode: boolean;
  /** Every name. */
  readonly verbose: boolean;
}

/** What a line is made with. `say`: a text that is safe and can be shown. */
interface Pen extends FateOptions { readonly paint: Paint; readonly say: (text: string) => string }

const IN_ASCII: Readonly<Record<string, string>> = { '→': '->', '←': '<-', '…': '...', '·': '-', '—': '-', '≤': '<=', '×': 'x', '–': '-' };

/** The table of fates, the timeline of a worker, or what has changed, for a terminal. */
export function fateText(fate: FateReport, options: FateOptions): string {
  const say = (text: string): string => (options.unicode ? clean(text) : clean(text).replace(/[→←…·—≤×–]/g, sign => IN_ASCII[sign]!));
  const pen: Pen = { ...options, paint: painter(options.color), say };
  const { report, fated, timelines, comparison } = fate;
  const parts = comparison ? compared(comparison, timelines, pen) : fated.length === 0 && timelines.length === 0 ? [nothing(fate), ...unknown(fate, pen)] : [
    ...timelines.map(timeline => timed(timeline, pen)), ...tables(fate, pen), ...unknown(fate, pen), ...(fated.length > 0 ? [legend(fated, pen)] : []),
  ];
  return [...parts, ...basis(report.model.assumptions, pen), ...hints(fate, pen)].filter(Boolean).join('\n\n') + '\n';
}

function nothing({ report }: FateReport): string {
  if (report.readFiles === 0) return nothingRead(report);
  return report.model.workers.length === 0 ? `no worker was found in the ${plural(report.readFiles, 'file')} that were read` : 'nothing to show: no fate is known';
}

/** Workers of whose fates nothing is known: said, never silence. */
function unknown({ empty }: FateReport, pen: Pen): readonly string[] {
  return withoutFates(empty).map(({ why, workers }) => [`${why}:`, ...workers.flatMap(worker => indented(pen.say(`${unitsHeading([{ worker }], 1)} (${worker.command.text || 'its command is not known'})`), 4, pen, '  '))].join('\n'));
}

const indented = (text: string, indent: number, { width }: Pen, first = ' '.repeat(indent)): readonly string[] => wrap(text, Math.max(24, width - indent)).map((line, i) => (i === 0 ? first : ' '.repeat(indent)) + line);

// the timeline

function timed(timeline: Timeline, pen: Pen): string {
  const { say } = pen;
  const { worker, fn, fates } = timeline;
  const others = worker.functions.length > 1 ? ` (no other of its ${worker.functions.length} is worse off)` : '';
  return [
    ...heading({ units: [{ worker }], rows: [] }, pen),
    ...indented(say(fn ? `A stop, and a run of ${fn.name} that was taken as SIGTERM came${fates.length > 0 ? others : ''}:` : 'A stop:'), 2, pen), '',
    ...draw(timeline, pen), '', ...moments(timeline, pen),
  ].join('\n');
}

function moments({ moments: all }: Timeline, pen: Pen): readonly string[] {
  const { paint, say } = pen;
  const rows = all.map(({ from, to, title, text, origins }) => ({ when: typeof from === 'number' ? span(from, to).replace(/ \([^(]*\)$/, '') : from ?? '?', title, text: `${text}${origins.length > 0 ? ` (${origins.map(originText).join('; ')})` : ''}` }));
  const wide = Math.max(...rows.map(({ when }) => when.length));
  return rows.flatMap(({ when, title, text }) => indented(`${title}: ${say(text)}`.trimEnd(), wide + 4, pen, `  ${when.padStart(wide)}  `).map((line, i) => (i === 0 ? line.replace(`${title}:`, paint('bold', `${title}:`)) : line)));
}

const headLines = (units: Section['units'], pen: Pen): readonly string[] => indented(pen.say(unitsHeading(units, pen.verbose ? Infinity : 3)), 4, pen, '').map(line => pen.paint('bold', line));

// the table

function tables({ fated, timelines, explain }: FateReport, pen: Pen): readonly string[] {
  const sections = sectionsOf(fated, explain);
  // the heading of the only worker stands above its timeline already
  const alone = sections.length === 1 && sections[0]!.units.length === 1 && timelines.length === 1;
  return sections.flatMap(section => [[...(alone ? [] : heading(section, pen)), ...table(section, pen)].join('\n'), ...(explain ? [reasons(section, pen)] : [])]);
}

function heading({ units }: Section, pen: Pen): readonly string[] {
  return [...headLines(units, pen), ...indented(pen.say(unitFacts(units[0]!)), 2, pen).map(line => pen.paint('dim', line)), ''];
}

/** A column: the events that say the same in every row of the section. */
interface Column { readonly head: readonly string[]; readonly event: Event }

function columnsOf({ rows }: Section): readonly Column[] {
  const at = (row: Row, event: Event): Cell | undefined => row.cells.find(cell => cell.event === event);
  const present = EVENTS.filter(event => rows.some(row => at(row, event)));
  const alike = present.includes('host-lost') && rows.every(row => word(at(row, 'host-lost')) === word(at(row, 'container-killed')));
  return present.filter(event => !(alike && event === 'host-lost')).map(event => ({ event, head: alike && event === 'container-killed' ? ['container', 'or host', 'lost'] : EVENT[event].head }));
}

const WORST = { lost: 'red', stuck: 'red', loops: 'red', twice: 'yellow', restarts: 'cyan', fails: 'cyan', completes: 'dim' } as const;
const styled = (cell: Cell | undefined, text: string, paint: Paint): string => (cell?.ways[0] ? paint(WORST[cell.ways[0].is], text) : paint('dim', text));
/** Up to so many names of a row are listed. */
const NAMES = 6;

function table(section: Section, pen: Pen): readonly string[] {
  const { paint, say, width } = pen;
  const heads = columnsOf(section);
  if (heads.length === 0) return section.rows.flatMap(({ members }) => [`  ${say(rowTitle(members))}: ${UNMEASURED}`, ...namesOf(members, pen)]);
  const textOf = (row: Row, { event }: Column): string => say(`${word(row.cells.find(cell => cell.event === event)) || '-'}${event === 'stop' && share(row.members) ? ` ${share(row.members)}` : ''}`);
  const wide = heads.map(column => Math.max(...column.head.map(line => line.length), ...section.rows.map(row => columns(textOf(row, column)))));
  const most = wide.reduce((sum, each) => sum + each + 2, 0);
  const gap = most + 4 > width ? 1 : 2;
  const cellsWidth = most - (2 - gap) * wide.length;
  const titles = section.rows.map(row => say(rowTitle(row.members)));
  const room = width - 2 - cellsWidth;
  const longest = Math.max(...titles.map(columns));
  const label = Math.max(2, Math.min(room, longest));
  const lineOf = (start: string, cells: readonly string[]): string => `  ${start}${' '.repeat(Math.max(0, label - columns(start)))}${cells.map(cell => ' '.repeat(gap) + cell).join('')}`.trimEnd();
  const height = Math.max(...heads.map(({ head }) => head.length));
  const head = Array.from({ length: height }, (_, i) => lineOf('', heads.map((column, k) => (column.head[i - height + column.head.length] ?? '').padEnd(wide[k]!))));
  const body = section.rows.flatMap((row, i) => {
    const cells = heads.map((column, k) => styled(row.cells.find(cell => cell.event === column.event), pad(textOf(row, column), wide[k]!), paint));
    const title = titles[i]!;
    const fits = columns(title) <= label;
    return [...(fits ? [lineOf(title, cells)] : [`  ${title}`, lineOf('', cells)]), ...namesOf(row.members, pen)];
  });
  return [...head.map(line => paint('dim', line)), ...body];
}

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)));

function namesOf(members: readonly Fated[], pen: Pen): readonly string[] {
  if (members.length === 1) return [];
  const shown = pen.verbose ? members : members.slice(0, NAMES);
  const more = members.length - shown.length;
  return indented(pen.say(`${shown.map(({ name }) => name).join(', ')}${more > 0 ? ` and ${more} more (--verbose)` : ''}`), 4, pen).map(line => pen.paint('dim', line));
}

function reasons({ rows }: Section, pen: Pen): string {
  const { paint, say } = pen;
  return rows.filter(({ cells }) => cells.length > 0).map(({ members, cells }) => [
    `  ${paint('bold', say(rowTitle(members)))}`,
    ...cells.flatMap(({ event, ways }) => [
      `    ${EVENT[event].title}`,
      ...ways.flatMap(({ is, steps, text }) => indented(say(`${ways.length > 1 ? 'may be: ' : ''}${steps.join(' → ')}: ${text}`), 6, pen).map(line => (is === 'completes' ? paint('dim', line) : line))),
      ...(event === 'stop' && members[0]!.cuts ? indented(say(cutsText(members[0]!.cuts)), 6, pen) : []),
    ]),
  ].join('\n')).join('\n\n');
}

/** What the words of the table mean: those that stand in it. */
function legend(fated: readonly Fated[], pen: Pen): string {
  const cells = fated.flatMap(one => one.cells);
  const outcomes = Object.entries(OUTCOME).filter(([is]) => cells.some(({ ways }) => ways.some(way => way.is === is))).map(([, { word: name, about }]) => `${name}: ${about}`);
  const notes = [
    ...(cells.some(({ ways }) => new Set(ways.map(({ is }) => is)).size > 1) ? ['?: it depends on what is not known, or on a race; the worst is shown'] : []),
    ...(fated.some(one => share([one]) !== '') ? ['%: of the runs in progress at SIGTERM'] : []),
  ];
  const events = EVENTS.filter(event => cells.some(cell => cell.event === event)).map(event => `${EVENT[event].title}: ${EVENT[event].about}`);
  const paragraphs = [...(fated.some(({ fn }) => fn) ? [RUN] : []), [...outcomes, ...notes].join(' · ')].filter(Boolean);
  return [...paragraphs.flatMap(text => indented(pen.say(text), 2, pen)), ...events.flatMap(line => indented(pen.say(line), 4, pen, '  '))].map(line => pen.paint('dim', line)).join('\n');
}

// before and after

function compared({ title, result }: NonNullable<FateReport['comparison']>, timelines: readonly Timeline[], pen: Pen): readonly string[] {
  const { paint, say } = pen;
  return [
    [paint('bold', say(`${title.charAt(0).toUpperCase()}${title.slice(1)}`)), ...indented(say(summaryOf(result)), 2, pen)].join('\n'),
    ...result.changed.map(({ units, rows }) => [...headLines(units, pen), ...rows.flatMap(({ members, changes }) => [
      `  ${say(rowTitle(members))}`, ...namesOf(members, pen), ...changes.flatMap(change => changeLines(change, pen)),
    ])].join('\n')),
    ...onlyIn('new', result.added, pen), ...onlyIn('gone', result.removed, pen),
    ...timelines.map(timeline => timed(timeline, pen)),
  ];
}

const SIDE = { worse: 'red', better: 'cyan', other: 'dim' } as const;

/** `worse   deployment, scale-in: again → lost, 90 % of the runs in progress cut` */
function changeLines({ event, before, after, cuts, is }: Change, pen: Pen): readonly string[] {
  const [was, now] = [words(before), words(after)].map((text, i) => (cuts ? `${text} (${cutsWord(i === 0 ? cuts.before : cuts.after)})` : text));
  const name = is === 'other' ? 'changed' : is;
  return indented(pen.say(`${EVENT[event].title}: ${was} → ${now}`), 13, pen, `    ${name.padEnd(7)}  `).map((line, i) => (i === 0 ? line.replace(name, pen.paint(SIDE[is], name)) : line));
}

function onlyIn(what: 'new' | 'gone', all: readonly Fated[], pen: Pen): readonly string[] {
  if (all.length === 0) return [];
  const sections = sectionsOf(all, false);
  const lines = sections.flatMap(({ units, rows }) => [`  ${pen.say(unitsHeading(units, 3))}`, ...rows.flatMap(({ members, cells }) => indented(pen.say(`${names(members)}: ${inShort(cells)}`), 6, pen, '    '))]);
  return [[pen.paint('bold', `${what}:`), ...lines].join('\n')];
}

const names = (members: readonly Fated[]): string => `${members.slice(0, NAMES).map(({ name }) => name).join(', ')}${members.length > NAMES ? ` and ${members.length - NAMES} more` : ''}`;

// what it rests on

function basis(assumptions: readonly string[], pen: Pen): readonly string[] {
  if (assumptions.length === 0) return [];
  const shown = pen.verbose ? assumptions : assumptions.slice(0, 4);
  const more = assumptions.length > shown.length ? [`  and ${assumptions.length - shown.length} more (--verbose)`] : [];
  return [['assumptions:', ...shown.flatMap(line => indented(pen.say(line), 4, pen, '  ')), ...more].map(line => pen.paint('dim', line)).join('\n')];
}

function hints({ fated, timelines, comparison, explain }: FateReport, { paint }: Pen): readonly string[] {
  if (comparison || fated.length === 0 || explain) return [];
  return [paint('dim', timelines.length === 0 ? 'drainlint fate --worker NAME: one worker, its timeline and how each fate comes about' : 'drainlint fate --explain: how each fate comes about')];
}
