/** Colours of a scheme. Each `…Mark` lies behind code; a test computes that every text reaches 4.5:1 on every ground it stands on. */
export interface Palette {
  readonly ground: string; readonly panel: string; readonly line: string; readonly text: string; readonly muted: string; readonly link: string;
  readonly error: string; readonly warning: string; readonly note: string; readonly good: string;
  readonly errorMark: string; readonly warningMark: string; readonly noteMark: string; readonly otherMark: string;
}

export const LIGHT: Palette = {
  ground: '#ffffff', panel: '#f6f7f9', line: '#d5dae1', text: '#1a212b', muted: '#515c6b', link: '#0a529c',
  error: '#b0201a', warning: '#7d4b00', note: '#0b5c68', good: '#2d6a3a',
  errorMark: '#fde3e0', warningMark: '#fbe9c4', noteMark: '#d6eef2', otherMark: '#e3eaf5',
};

export const DARK: Palette = {
  ground: '#12161c', panel: '#1a2028', line: '#343d49', text: '#e4e8ee', muted: '#a3aebb', link: '#8dbbf2',
  error: '#ff9d94', warning: '#efbd6d', note: '#84d2de', good: '#8fd19e',
  errorMark: '#561f1b', warningMark: '#47330f', noteMark: '#123f47', otherMark: '#26354c',
};

const variables = (palette: Palette): string => Object.entries(palette).map(([name, value]) => `--${name}: ${value};`).join(' ');

/** The page's only style sheet. No rule asks for anything from outside. */
export const STYLE = `
:root { color-scheme: light dark; ${variables(LIGHT)} --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { ${variables(DARK)} } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
body > header, main, body > footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
a { color: var(--link); text-underline-offset: .15em; }
h1, h2, h3, h4, p, ul, ol, dl, pre { margin: 0; }
h1 { font-size: 1.05rem; font-weight: 600; color: var(--muted); }
h2 { font-size: 1.3rem; line-height: 1.3; font-weight: 650; overflow-wrap: anywhere; }
summary h3 { display: inline; }
h3 { font-size: 1rem; font-weight: 650; margin: 1.75rem 0 .6rem; }
h4 { font-size: 1rem; font-weight: 600; line-height: 1.4; display: inline; }
code, pre, kbd { font-family: var(--mono); font-size: .86em; }
ul, ol { padding-left: 1.25rem; }
[hidden] { display: none !important; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; z-index: 1; padding: .5rem 1rem; background: var(--ground); border: 2px solid var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.muted { color: var(--muted); }
.error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
body > header { padding-top: 2rem; }
.verdict { font-size: 1.75rem; line-height: 1.25; font-weight: 650; margin: .15rem 0 .35rem; letter-spacing: -.01em; }
.verdict span { white-space: nowrap; }
nav { margin: 1.5rem 0 0; }
nav ul { list-style: none; padding: 0; border-top: 1px solid var(--line); }
nav li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 1.5rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
nav li > * { min-width: 0; overflow-wrap: anywhere; }
nav .counts { text-align: right; overflow-wrap: normal; }
nav li > .muted { grid-column: 1 / -1; font-size: .9rem; }
.filters { margin: 1.25rem 0 0; padding: .9rem 1rem; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; font-size: .9rem; }
.filters label, .filters fieldset { display: inline-flex; gap: .35rem; align-items: center; }
.filters fieldset { border: 0; padding: 0; margin: 0; gap: .9rem; flex-wrap: wrap; }
.filters select, .filters input[type="search"], button { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--muted); border-radius: 4px; padding: .25rem .5rem; min-width: 0; max-width: 100%; }
.filters select { width: 13rem; } .filters input[type="search"] { width: 11rem; }
.filters label { max-width: 100%; min-width: 0; }
button { cursor: pointer; }
.filters output { flex-basis: 100%; color: var(--muted); }
main > section { padding: 2.25rem 0 0; margin: 2.25rem 0 0; border-top: 1px solid var(--line); }
main > section > h2 + p { margin-top: .3rem; }
.finding { border: 1px solid var(--line); border-left: 3px solid; border-radius: 4px; margin: 0 0 .75rem; }
.finding.error { border-left-color: var(--error); } .finding.warning { border-left-color: var(--warning); } .finding.note { border-left-color: var(--note); }
.finding.error, .finding.warning, .finding.note { color: inherit; }
.finding > summary { padding: .7rem 1rem .7rem .15rem; margin-left: 1.6rem; cursor: pointer; list-style-position: outside; }
.finding > summary::marker { color: var(--muted); font-size: .8em; }
.finding > summary .kicker { display: flex; flex-wrap: wrap; gap: 0 .6rem; font-size: .85rem; margin-bottom: .1rem; }
.finding > summary .kicker code { font-size: 1em; overflow-wrap: anywhere; }
.severity { font-weight: 650; }
.body { padding: 0 1rem 1rem 1.75rem; }
.body > * + * { margin-top: .8rem; }
.body dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .45rem 1rem; }
dt { color: var(--muted); } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.do dd, .do dt { font-weight: 600; }
.body .do { background: none; }
figure { margin: 0; }
figcaption { font-size: .85rem; color: var(--muted); margin-bottom: .25rem; overflow-wrap: anywhere; }
.code { background: var(--panel); border: 1px solid var(--line); border-radius: 4px; overflow-x: auto; padding: .5rem 0; line-height: 1.45; font-size: .95rem; }
.code code { display: block; width: max-content; min-width: 100%; white-space: pre; }
.row { display: block; padding: 0 1rem 0 0; }
.row::before { content: attr(data-n); display: inline-block; width: 4.5ch; padding-right: 1ch; text-align: right; color: var(--muted); }
.row.add { background: var(--noteMark); } .row.del { background: var(--errorMark); }
.row.said { font-family: inherit; color: var(--muted); }
.row.said.primary { font-weight: 650; }
.error .row.said.primary { color: var(--error); } .warning .row.said.primary { color: var(--warning); } .note .row.said.primary { color: var(--note); }
mark { color: inherit; background: var(--otherMark); border-bottom: 1px solid var(--muted); }
mark.primary { border-bottom-width: 2px; }
.error mark.primary { background: var(--errorMark); border-bottom-color: var(--error); } .warning mark.primary { background: var(--warningMark); border-bottom-color: var(--warning); } .note mark.primary { background: var(--noteMark); border-bottom-color: var(--note); }
.copy { display: flex; gap: .5rem; align-items: flex-start; }
.copy code { user-select: all; -webkit-user-select: all; overflow-wrap: anywhere; min-width: 0; }
.copy button { font-size: .8rem; padding: 0 .5rem; flex: none; }
details.more > summary, .foot > summary { cursor: pointer; }
details.more { margin-top: .75rem; }
details.more > * + * { margin-top: .4rem; }
.body details.more > summary { color: var(--muted); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; width: 100%; margin-top: .5rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem 1rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--muted); }
td { overflow-wrap: anywhere; min-width: 7rem; } td:first-child { min-width: 11rem; }
td.written { font-weight: 650; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.25rem; margin-top: .75rem; font-size: .92rem; }
.timeline { display: block; width: 100%; overflow: visible; margin: .25rem 0 .5rem; font-size: 13px; }
.timeline text { fill: var(--text); paint-order: stroke; stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round; } .timeline .tick { fill: var(--muted); font-size: 12px; }
.timeline .axis { stroke: var(--line); } .timeline .grid { stroke: var(--line); stroke-dasharray: 2 3; }
.timeline .term { stroke: var(--text); stroke-width: 2; } .timeline .kill { stroke: var(--error); stroke-width: 2; } .timeline text.kill { fill: var(--error); stroke: var(--ground); stroke-width: 4px; font-weight: 650; }
.timeline .stop, .timeline .soft { fill: var(--muted); } .timeline .need, .timeline .second { fill: var(--good); } .timeline .cut { fill: var(--errorMark); stroke: var(--error); stroke-dasharray: 4 3; } .timeline .hidden { fill: var(--note); }
.timeline .unknown { fill: none; stroke: var(--muted); stroke-dasharray: 4 3; }
.events { font-size: .92rem; } .events li { margin: .15rem 0; }
body > footer { padding-top: 2.5rem; padding-bottom: 3rem; font-size: .9rem; color: var(--muted); }
@media (max-width: 40rem) {
  body > header, main, body > footer { padding-left: 1rem; padding-right: 1rem; }
  .verdict { font-size: 1.4rem; }
  nav li { grid-template-columns: minmax(0, 1fr); } nav .counts { text-align: left; font-size: .9rem; }
  .body { padding: 0 .75rem .75rem; }
  .body dl, .facts { grid-template-columns: minmax(0, 1fr); gap: 0; } .body dd, .facts dd { margin-bottom: .5rem; }
  .filters label { flex-basis: 100%; } .filters fieldset label { flex-basis: auto; } .filters select, .filters input[type="search"] { flex: 1; width: auto; }
  .timeline .narrow { display: none; }
}
@media print {
  :root { color-scheme: light; ${variables(LIGHT)} }
  body { font-size: 10pt; }
  body > header, main, body > footer { max-width: none; padding: 0; }
  .filters, .skip, button { display: none !important; }
  details::details-content { content-visibility: visible !important; display: block !important; block-size: auto !important; }
  .finding > summary, summary { list-style: none; margin-left: 0; }
  .finding, figure, .timeline, .drawn, tr, nav li { break-inside: avoid; }
  h2, h3, summary { break-after: avoid; }
  .code { overflow: visible; } .code code { white-space: pre-wrap; width: auto; }
  .scroll { overflow: visible; }
  a { color: inherit; }
}
@media (forced-colors: active) { mark { forced-color-adjust: none; background: Mark; color: MarkText; } }
`;
