import type { Finding, Report } from '../../model/index.js';
import { isRunning, place } from '../../model/index.js';
import type { Annotation } from '../excerpt.js';
import { elsewhere, plural } from '../options.js';
import { codeBox, excerptBoxes, fixBoxes } from './code.js';
import { html, prose, type Markup, type Part } from './markup.js';

/** Places shown in excerpts besides the primary one; the others are listed. */
const RELATED = 8;
/** Places that are listed. */
const LISTED = 200;

export interface FindingOptions {
  readonly lines: Report['lines'];
  /** The address of a finding within the page. */
  readonly anchor: (finding: Finding) => string;
  /** Unfolded without being asked. */
  readonly open: boolean;
  /** With excerpts, sketches and the fix. */
  readonly full: boolean;
  /** The findings that wait for this one. */
  readonly blocks: readonly Finding[];
  /** The rule it waits for. */
  readonly blocker?: string;
}

/** A finding that folds: what is wrong, where, what happens, and what to write instead. */
export function findingBlock(finding: Finding, { lines, anchor, open, full, blocks, blocker }: FindingOptions): Markup {
  const { ruleId, severity, message, at, confidence } = finding;
  return html`<details class="finding ${severity}" id="${anchor(finding)}" data-severity="${severity}" data-rule="${ruleId}"${open && html` open`}>
<summary><span class="kicker"><span class="severity ${severity}">${severity}</span> <code>${ruleId}</code> <span class="muted">${place(at)}</span>${confidence !== 'high' && html` <span class="muted">${confidence} confidence</span>`}${blocker !== undefined && html` <span class="muted">blocked by ${blocker}</span>`}</span><h4>${prose(message)}</h4></summary>
<div class="body">
${full && excerptBoxes(annotationsOf(finding), lines)}${full && morePlaces(finding)}
<dl class="do"><dt>Do</dt><dd>${prose(finding.suggestion)}</dd></dl>
<dl>${notes(finding, blocks, anchor)}</dl>
${full && foldedCode(finding, lines)}
</div></details>
`;
}

function annotationsOf({ at, label, related = [] }: Finding): readonly Annotation[] {
  return [{ at, label: label ?? '', primary: true }, ...related.slice(0, RELATED).map(other => ({ at: other.at, label: other.message, primary: false }))];
}

function morePlaces({ related = [] }: Finding): Markup | undefined {
  const more = related.slice(RELATED);
  if (more.length === 0) return undefined;
  const rest = more.length > LISTED && html`<li>… and ${more.length - LISTED} more</li>`;
  return html`<details class="more"><summary>${plural(more.length, 'more place')}</summary><ul>${more.slice(0, LISTED).map(({ at, message }) => html`<li>${place(at)}: ${prose(message)}</li>`)}${rest}</ul></details>`;
}

function notes(finding: Finding, blocks: readonly Finding[], anchor: FindingOptions['anchor']): Part {
  const { flow = [], fate, blockedBy = [], where, owner, ruleId } = finding;
  const note = (name: string, value: Part): Part => (value === undefined || value === '' ? undefined : html`<dt>${name}</dt><dd>${value}</dd>`);
  return [
    note('Fate', fate && prose(fate)),
    note('Through', flow.length < 2 ? undefined : html`<ol>${flow.map(step => html`<li><code>${step.text}</code> <span class="muted">${place(step.at)}</span></li>`)}</ol>`),
    note('Environments', elsewhere(finding)),
    note('Blocked by', blockedBy.length === 0 ? undefined : `${blockedBy.join(', ')}: without that this changes little`),
    note('Blocks', blocks.length === 0 ? undefined : blocks.map((other, i) => html`${i > 0 && html`<br>`}<a href="#${anchor(other)}">${other.ruleId}</a> <span class="muted">${place(other.at)}</span>`)),
    note('Where', where), note('Owner', owner),
    note('Rule', html`<a href="#rule-${ruleId}">${ruleId}</a>`),
    note('To ignore it', html`<span class="copy"><code>${suppression(finding)}</code></span> <span class="muted">${hasComments(finding) ? 'on the line, or on the one above' : 'in drainlint.config.yaml, under ignore:'}</span>`),
  ];
}

const hasComments = ({ at }: Finding): boolean => !/^aws:|\.(?:json|template)$/.test(at.path);

/** What silences a finding, in the language of its file; where that has no comments, an entry of the configuration. */
function suppression(finding: Finding): string {
  const { ruleId, at, resource } = finding;
  const text = `drainlint: ignore ${ruleId} -- why it does not matter here`;
  if (hasComments(finding)) return `${/\.[cm]?[jt]sx?$/.test(at.path) ? '//' : '#'} ${text}`;
  const what = isRunning(at) && resource !== undefined ? `resource: ${JSON.stringify(resource)}` : `path: ${JSON.stringify(at.path)}`;
  return `- { rule: ${ruleId}, ${what}, reason: why it does not matter here }`;
}

function foldedCode({ sketches = [], fix }: Finding, lines: Report['lines']): Part {
  const safety = fix?.safety === 'safe' ? '--fix' : '--fix=all: it changes when or how often tasks run';
  return [
    sketches.map(({ title, code }) => html`<details class="more"><summary>Sketch: ${title}</summary>${codeBox(title, code)}</details>`),
    fix && fix.edits.length > 0 && html`<details class="more"><summary>Fix: ${fix.title} (<code>drainlint ${safety}</code>)</summary>${fixBoxes(fix.edits, lines)}</details>`,
  ];
}
