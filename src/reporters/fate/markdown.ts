import { cutsText, EVENTS, sectionsOf, span, type Event, type Fated, type Section, type Timeline } from '../../fate/index.js';
import { originText } from '../effective.js';
import { code, escape } from '../markdown.js';
import { plural } from '../options.js';
import { painter } from '../paint.js';
import { draw } from './draw.js';
import { cutsWord, EVENT, inShort, OUTCOME, rowTitle, RUN, share, summaryOf, unitFacts, UNMEASURED, unitsHeading, word, words, type FateReport, withoutFates } from './words.js';

/** GitHub takes 65,536 characters in a comment. */
const LONGEST = 60_000;
/** Names of task functions in one row, and of workers in a heading. */
const [NAMES, WORKERS] = [10, 3];

/** The table of fates, the timeline of a worker, or what has changed, for a pull request or a step summary. */
export function fateMarkdown({ report, fated, empty, timelines, comparison, explain }: FateReport): string {
  const sections = sectionsOf(fated, explain);
  const blocks = comparison
    ? [`## drainlint fate: ${escape(comparison.title)}\n\n${escape(summaryOf(comparison.result))}\n`, ...changed(comparison.result), ...timelines.map(timed)]
    : [`## drainlint fate: ${headline(sections)}\n`, ...timelines.map(timed), ...sections.map(table), ...(explain ? sections.map(reasons) : []), legend(fated), ...withoutFates(empty).map(({ why, workers }) => `${why[0]!.toUpperCase()}${why.slice(1)}: ${workers.map(({ id }) => code(id)).join(', ')}\n`)];
  return cut([...blocks.filter(Boolean), ...(report.model.assumptions.length > 0 ? [`Assumptions: ${report.model.assumptions.map(escape).join('; ')}\n`] : [])]);
}

const headline = (sections: readonly Section[]): string => ([['worker', true], ['consumer', false]] as const).map(([noun, isWorker]) => [noun, sections.reduce((sum, { units }) => sum + units.filter(({ worker }) => (worker !== undefined) === isWorker).length, 0)] as const).filter(([, count]) => count > 0).map(([noun, count]) => plural(count, noun)).join(', ') || 'no fate is known';

/** As many blocks as a comment holds. */
function cut(blocks: readonly string[]): string {
  let page = '';
  for (const [i, block] of blocks.entries()) {
    if (page.length + block.length > LONGEST) return `${page}\n… and ${plural(blocks.length - i, 'more block')}: \`drainlint fate\` prints all\n`;
    page += (i === 0 ? '' : '\n') + block;
  }
  return page;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const names = (members: readonly Fated[]): string => cell(`${members.slice(0, NAMES).map(({ name }) => code(name)).join(', ')}${members.length > NAMES ? ` and ${members.length - NAMES} more` : ''}`);
const STRONG: ReadonlySet<string> = new Set(['lost', 'twice', 'loops', 'stuck']);
/** What is not put right by itself stands out. */
const marked = (text: string): string => (STRONG.has(text.replace(/\?.*| .*/, '')) ? `**${text}**` : text);

function table({ units, rows }: Section): string {
  const events = EVENTS.filter(event => rows.some(({ cells }) => cells.some(one => one.event === event)));
  if (events.length === 0) return `### ${escape(unitsHeading(units, WORKERS))}\n\n${rows.map(({ members }) => `${names(members)}: ${UNMEASURED}\n`).join('')}`;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return `### ${escape(unitsHeading(units, WORKERS))}\n\n${escape(unitFacts(units[0]!))}\n\n${line(['task functions', ...events.map(event => EVENT[event].title)])}${line(['---', ...events.map(() => '---')])}`
    + rows.map(({ members, cells }) => line([names(members), ...events.map(event => {
      const found = cells.find(one => one.event === event);
      return `${marked(word(found)) || '–'}${event === 'stop' && share(members) ? ` ${share(members)}` : ''}`;
    })])).join('');
}

function timed(timeline: Timeline): string {
  const { worker, fn, moments } = timeline;
  const rows = moments.map(({ from, to, title, text, origins }) => `- ${typeof from === 'number' ? span(from, to) : from ?? '?'} **${title}**: ${escape(text)}${origins.length > 0 ? ` (${escape(origins.map(originText).join('; '))})` : ''}\n`).join('');
  return `### A stop of ${escape(unitsHeading([{ worker }], 1).replace(/^worker /, ''))}\n\n${fn ? `With a run of ${code(fn.name)} that was taken as SIGTERM came:\n\n` : ''}\`\`\`text\n${draw(timeline, { width: 90, unicode: true, paint: painter(false) }).join('\n')}\n\`\`\`\n\n${rows}`;
}

function reasons({ rows }: Section): string {
  return rows.map(({ members, cells }) => `<details><summary>How it comes about: ${members.length === 1 ? escape(members[0]!.name) : plural(members.length, 'task function')}</summary>\n\n${cells.map(({ event, ways }) => `- ${EVENT[event].title}: ${ways.map(({ steps, text }) => escape(`${steps.join(' → ')}: ${text}`)).join('; or ')}\n`).join('')}${members[0]!.cuts ? `- ${escape(cutsText(members[0]!.cuts))}\n` : ''}\n</details>\n`).join('\n');
}

function legend(fated: readonly Fated[]): string {
  const used = Object.entries(OUTCOME).filter(([is]) => fated.some(({ cells }) => cells.some(({ ways }) => ways.some(way => way.is === is))));
  return used.length === 0 ? '' : `${fated.some(({ fn }) => fn) ? `${RUN} ` : ''}${used.map(([, { word: name, about }]) => `**${name}**: ${about}`).join(' · ')} · **?**: it depends, the worst is shown\n`;
}

function changed({ changed: all, added, removed }: NonNullable<FateReport['comparison']>['result']): readonly string[] {
  const sections = all.map(({ units, rows }) => `### ${escape(unitsHeading(units, WORKERS))}\n${rows.map(({ members, changes }) => `\n${rowTitle(members) === members[0]!.name ? '' : `${rowTitle(members)}: `}${names(members)}\n\n| | event | before | after |\n| --- | --- | --- | --- |\n${changes.map(({ event, before, after, cuts, is }) =>
    `| ${is === 'worse' ? '**worse**' : is === 'better' ? 'better' : 'changed'} | ${titleOf(event)} | ${words(before)}${cuts ? ` (${cutsWord(cuts.before)})` : ''} | ${words(after)}${cuts ? ` (${cutsWord(cuts.after)})` : ''} |\n`).join('')}`).join('')}`);
  return [...sections, ...list('New', added), ...list('Gone', removed)];
}

const titleOf = (event: Event): string => EVENT[event].title;
const list = (title: string, all: readonly Fated[]): readonly string[] => (all.length === 0 ? [] : [`### ${title}\n\n${sectionsOf(all, false).map(({ units, rows }) => `- ${escape(unitsHeading(units, WORKERS))}: ${rows.map(({ members, cells }) => `${names(members)} (${inShort(cells)})`).join('; ')}\n`).join('')}`]);
