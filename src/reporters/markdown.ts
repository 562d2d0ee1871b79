import type { Finding, Report } from '../model/index.js';
import { place } from '../model/index.js';
import { clean } from './clean.js';
import { ELSEWHERE, groupFindings } from './groups.js';
import { counted, elsewhere, plural, visible } from './options.js';

/** GitHub refuses a step summary above 1 MiB. Bytes, with room for what stands there already. */
const LONGEST = 900_000;

/** The findings as a page: for step summaries and comments. */
export function markdown(report: Report): string {
  const head = `## drainlint: ${counted(visible(report))}\n`;
  const blocks = groupFindings(report).flatMap(group => [{ text: `\n### ${group.heading === ELSEWHERE ? 'Elsewhere' : escape(group.heading)}\n`, findings: 0 }, ...group.findings.map(finding => ({ text: findingBlock(finding), findings: 1 }))]);
  let page = head;
  let size = Buffer.byteLength(head);
  for (const [i, { text }] of blocks.entries()) {
    size += Buffer.byteLength(text);
    if (size > LONGEST) return `${page}\n… and ${plural(blocks.slice(i).reduce((sum, { findings }) => sum + findings, 0), 'more finding')}\n`;
    page += text;
  }
  return page;
}

function findingBlock(finding: Finding): string {
  const related = (finding.related ?? []).map(({ at, message }) => `  - ${code(place(at))} ${escape(message)}\n`).join('');
  const also = elsewhere(finding);
  return `\n- **${finding.severity}** ${code(finding.ruleId)} ${code(place(finding.at))}: ${escape(finding.message)}${also && ` (${escape(also)})`}\n${related}`
    + (finding.fate ? `  - fate: ${escape(finding.fate)}\n` : '') + `  - **do:** ${escape(finding.suggestion)}\n` + (finding.owner ? `  - owner: ${code(finding.owner)}\n` : '') + (finding.sketches ?? []).map(sketch).join('');
}

/** Folded, as a block of code. */
function sketch({ title, code: lines }: NonNullable<Finding['sketches']>[number]): string {
  const fence = fenceFor(lines);
  return `\n    <details><summary>${title}</summary>\n\n${[`${fence}python`, ...lines.split('\n').map(clean), fence].map(line => `    ${line}`.trimEnd()).join('\n')}\n\n    </details>\n`;
}

/** A fence longer than any in the text it stands around. */
export const fenceFor = (text: string): string => '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
/** Markdown's signs as text, except within backticks, where messages quote code. */
export const escape = (text: string): string => clean(text).split(/(`[^`]*`)/).map(part => (part.startsWith('`') ? part : part.replace(/[\\*_[\]<>|#~@]/g, '\\$&'))).join('');
export const code = (text: string): string => `\`${clean(text).replaceAll('`', "'")}\``;
