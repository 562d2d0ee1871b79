import { createHash } from 'node:crypto';
import type { Finding, Report, Worker } from '../../model/index.js';
import { place, SEVERITIES } from '../../model/index.js';
import { timelineOf } from '../../fate/index.js';
import { effectiveOfApp, effectiveOfWorker } from '../effective.js';
import { blockedOn, blockerOf, groupFindings, verdict, workerHeading, type Group } from '../groups.js';
import { bySeverity, count, counted, nothingRead, plural, scopeOf, visible } from '../options.js';
import { findingBlock, type FindingOptions } from './finding.js';
import { html, isWeb, prose, ready, type Markup, type Part } from './markup.js';
import { SCRIPT } from './script.js';
import { settingsBlock } from './settings.js';
import { STYLE } from './styles.js';
import { timelineBlock } from './timeline.js';

/** Findings with excerpts, sketches and fixes, the worst first; the others in short. Keeps a page of thousands of findings within what a browser opens at once. */
const FULL = 1000;
/** Workers with a timeline and a table of settings. */
const WORKERS = 300;
/** Up to so many errors are unfolded. */
const OPEN = 20;
/** Values that could not be resolved and the like, each. */
const LISTED = 500;

/** The report as one page: no request leaves it, and it is whole without its script. */
export function page(report: Report): string {
  const findings = visible(report);
  const view = viewOf(report);
  const title = `drainlint: ${counted(findings)}`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${ready(hash(STYLE))}${findings.length > 0 && html`; script-src ${ready(hash(SCRIPT))}`}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${ready(STYLE)}</style>
</head>
<body>
<a class="skip" href="#findings">Skip to the findings</a>
<header>
<p class="muted">drainlint ${report.tool.version}</p>
<h1 class="verdict">${headline(findings)}</h1>
<p class="muted">${scope(report)}</p>
${notices(report, view)}
${contents(view, report)}
${findings.length > 0 && filters(findings, view)}
</header>
<main id="findings" tabindex="-1">
${view.sections.map(section => sectionBlock(section, view))}
${basis(report)}
${suppressed(report)}
${ruleList(report)}
</main>
<footer><p>Findings stand in the order of cure: the signal must reach the worker before a longer stop time helps, and tasks must bear a second run before late acknowledgement helps. <code>drainlint explain RULE</code> prints a rule&#39;s page.</p></footer>
${findings.length > 0 && html`<script>${ready(SCRIPT)}</script>`}
</body>
</html>
`.markup;
}

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** What one section of the page is about: a group of findings, or a worker or an app without any. */
interface Section { readonly id: string; readonly heading: string; readonly group?: Group; readonly worker?: Worker; readonly drawn: boolean; readonly effective: Markup | undefined }
interface View {
  readonly report: Report;
  readonly sections: readonly Section[];
  readonly anchor: (finding: Finding) => string;
  readonly full: ReadonlySet<Finding>;
  readonly faults: ReadonlyMap<string, readonly Finding[]>;
  readonly isOpen: (finding: Finding) => boolean;
}

function viewOf(report: Report): View {
  const groups = groupFindings(report);
  const { workers, apps } = report.model;
  const judged = new Set(groups.flatMap(({ worker }) => (worker ? [worker.id] : [])));
  const quiet = workers.filter(({ id }) => !judged.has(id));
  const subjects = [...groups.map(group => ({ heading: group.heading, group, ...(group.worker && { worker: group.worker }) })), ...quiet.map(worker => ({ heading: workerHeading(worker), worker }))];
  let drawn = 0;
  const sections = subjects.map((subject: Omit<Section, 'id' | 'drawn' | 'effective'>, i): Section => {
    const isDrawn = subject.worker !== undefined && drawn++ < WORKERS;
    return { ...subject, id: `s${i + 1}`, drawn: isDrawn, effective: isDrawn ? settingsBlock(effectiveOfWorker(subject.worker!, false)) : undefined };
  });
  const alone = apps.filter(app => app.workers.length === 0).slice(0, WORKERS).map((app, i): Section => ({ id: `a${i + 1}`, heading: `app ${app.id}, no worker command found`, drawn: false, effective: settingsBlock(effectiveOfApp(app, false)) }));
  const findings = visible(report);
  const errors = count(findings, 'error');
  return {
    report, sections: [...sections, ...alone], anchor: anchors(report.findings), full: new Set([...findings].sort(bySeverity).slice(0, FULL)),
    faults: faultsByWorker(findings), isOpen: ({ severity }) => severity === 'error' && errors <= OPEN,
  };
}

/** Addresses that stay the same from run to run; equal findings are numbered. */
function anchors(findings: readonly Finding[]): View['anchor'] {
  const seen = new Map<string, number>();
  const all = new Map(findings.map(finding => {
    const id = `f-${finding.fingerprint.slice(0, 12)}`;
    const number = (seen.get(id) ?? 0) + 1;
    seen.set(id, number);
    return [finding, number === 1 ? id : `${id}-${number}`] as const;
  }));
  return finding => all.get(finding)!;
}

function headline(findings: readonly Finding[]): Part {
  const parts = SEVERITIES.filter(severity => count(findings, severity) > 0).map(severity => html`<span class="${severity}">${plural(count(findings, severity), severity)}</span>`);
  return parts.length === 0 ? html`<span>No findings</span>` : parts.map((part, i) => (i === 0 ? part : html`, ${part}`));
}

function scope(report: Report): string {
  if (report.readFiles === 0) return nothingRead(report);
  const findings = visible(report);
  const suppressed = report.findings.length - findings.length, fixable = findings.filter(({ fix }) => fix?.safety === 'safe').length;
  return [scopeOf(report), suppressed > 0 && `${suppressed} suppressed`, fixable > 0 && `${fixable} mended by --fix`].filter(Boolean).join(' · ');
}

/** What the page leaves out. */
function notices({ findings, hidden, model }: Report, { full }: View): Part {
  const shown = findings.filter(finding => !finding.suppressed).length;
  return [
    hidden > 0 && html`<p class="muted">${plural(hidden, 'finding')} of lower confidence not shown (--preset strict)</p>`,
    shown > full.size && html`<p>Excerpts, sketches and fixes are shown for the ${full.size} worst of ${shown} findings; the others are in short.</p>`,
    model.workers.length > WORKERS && html`<p>Timelines and settings are shown for ${WORKERS} of ${model.workers.length} workers; <code>drainlint settings</code> prints all.</p>`,
  ];
}

function contents({ sections }: View, report: Report): Part {
  if (sections.length < 2) return undefined;
  return html`<nav aria-label="Workers"><ul>${sections.map(({ id, heading, group }) => html`<li><a href="#${id}">${heading}</a> <span class="counts">${group ? severities(group.findings) : html`<span class="muted">no findings</span>`}</span>${group && html` <span class="muted">${verdict(group, report)}</span>`}</li>
`)}</ul></nav>`;
}

const severities = (findings: readonly Finding[]): Part => SEVERITIES.filter(severity => count(findings, severity) > 0).map((severity, i) => html`${i > 0 && ', '}<span class="${severity}">${plural(count(findings, severity), severity)}</span>`);

/** Hidden until the script shows it. */
function filters(findings: readonly Finding[], { sections }: View): Markup {
  const rules = [...new Set(findings.map(({ ruleId }) => ruleId))].sort();
  return html`<form class="filters" role="search" aria-label="Filter findings" hidden>
<fieldset aria-label="Severity">${SEVERITIES.filter(severity => count(findings, severity) > 0).map(severity => html`<label><input type="checkbox" name="severity" value="${severity}" checked> ${severity}s</label>`)}</fieldset>
<label>Rule <select name="rule"><option value="">all</option>${rules.map(rule => html`<option>${rule}</option>`)}</select></label>
<label>Worker <select name="group"><option value="">all</option>${sections.filter(({ group }) => group).map(({ id, heading }) => html`<option value="${id}">${heading}</option>`)}</select></label>
<label>Text <input type="search" name="text" autocomplete="off" spellcheck="false"></label>
<button type="button" data-open>Expand all</button> <button type="button" data-close>Collapse all</button> <button type="reset">Reset</button>
<output aria-live="polite"></output>
</form>`;
}

function sectionBlock({ id, heading, group, worker, drawn, effective }: Section, view: View): Markup {
  const findings = group?.findings ?? [];
  return html`<section id="${id}" data-group="${id}" data-name="${heading.toLowerCase()}" aria-labelledby="${id}-h">
<h2 id="${id}-h">${heading}</h2>
<p>${group ? html`${severities(findings)}: ${verdict(group, view.report)}` : html`<span class="muted">no findings</span>`}</p>
${worker && drawn && timelineBlock(timelineOf(worker, view.report.exitMarginSeconds), id, signalFaults(worker, view))}
${group && html`<h3>Findings, in the order of cure</h3>
${findings.map(finding => findingBlock(finding, optionsFor(finding, group, view)))}`}
${effective}
</section>
`;
}

function optionsFor(finding: Finding, group: Group, { report, anchor, isOpen, full }: View): FindingOptions {
  const blocker = blockerOf(finding, group);
  return { lines: report.lines, anchor, open: isOpen(finding), full: full.has(finding), blocks: blockedOn(finding, group), ...(blocker !== undefined && { blocker }) };
}

/** What is known to happen to SIGTERM on its way to this worker. */
function signalFaults(worker: Worker, { faults, anchor }: View): Part {
  const own = faults.get(worker.id) ?? [];
  return own.length > 0 && html` ${own.map((finding, i) => html`${i > 0 && '; '}<a href="#${anchor(finding)}">${finding.ruleId}</a> (${finding.message})`)}.`;
}

/** The findings that say that the signal does not reach a worker, or not as it is meant, by the worker's id: they are the first to cure. */
function faultsByWorker(findings: readonly Finding[]): View['faults'] {
  const result = new Map<string, Finding[]>();
  for (const finding of findings.filter(({ ruleId, order }) => order === 1 && ruleId.startsWith('container/')))
    for (const id of finding.workers ?? []) result.set(id, [...(result.get(id) ?? []), finding]);
  return result;
}

function basis({ model }: Report): Part {
  const list = (title: string, items: readonly Part[]): Part => items.length > 0 && html`<h3>${title}</h3><ul>${items.slice(0, LISTED).map(item => html`<li>${item}</li>`)}${items.length > LISTED && html`<li>… and ${items.length - LISTED} more</li>`}</ul>`;
  const parts = [
    list('Assumptions', model.assumptions),
    list('Recognised, not audited', model.unaudited.map(({ kind, at, text }) => html`${place(at)} ${kind}: <code>${text}</code>`)),
    list(`Could not be resolved: ${plural(model.unresolved.length, 'value')}`, model.unresolved.map(({ at, reason }) => html`${place(at)} ${reason}`)),
  ];
  return parts.some(Boolean) && html`<section id="basis" aria-labelledby="basis-h"><h2 id="basis-h">What this rests on</h2>${parts}</section>`;
}

function suppressed({ findings }: Report): Part {
  const all = findings.filter(finding => finding.suppressed);
  if (all.length === 0) return undefined;
  const kinds = { inline: 'comment', config: 'configuration', baseline: 'baseline' } as const;
  return html`<section id="suppressed" aria-labelledby="suppressed-h"><h2 id="suppressed-h">Suppressed</h2>
<details class="more"><summary>${plural(all.length, 'finding')}</summary><ul>${all.map(({ severity, ruleId, at, message, suppressed: by }) =>
    html`<li><span class="severity ${severity}">${severity}</span> <code>${ruleId}</code> <span class="muted">${place(at)}</span><br>${message}<br>Reason (${kinds[by!.kind]}${by!.at && `, ${place(by!.at)}`}): ${by!.reason}</li>
`)}</ul></details></section>`;
}

/** What the rules that speak here say of themselves. */
function ruleList({ findings, rules }: Report): Part {
  const addresses = new Map(findings.map(({ ruleId, docsUrl }) => [ruleId, docsUrl]));
  const named = rules.filter(({ id }) => addresses.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1));
  return named.length > 0 && html`<section id="rules" aria-labelledby="rules-h"><h2 id="rules-h">Rules</h2>
${named.map(({ id, title, rationale, remedy, references }) => html`<details class="more" id="rule-${id}"><summary><h3>${id}</h3> <span class="muted">${title}</span></summary>
<p>${prose(rationale)}</p><p>${prose(remedy)}</p>${sources([addresses.get(id)!, ...references].filter(isWeb))}</details>
`)}</section>`;
}

const sources = (addresses: readonly string[]): Part => addresses.length > 0 && html`<ul>${addresses.map(address => html`<li><a href="${address}" rel="noreferrer">${address}</a></li>`)}</ul>`;
