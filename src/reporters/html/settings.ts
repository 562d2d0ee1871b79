import type { Effective, EffectiveRow } from '../effective.js';
import { plural } from '../options.js';
import { html, type Markup, type Part } from './markup.js';

/** The effective settings of a worker or an app, each with where it comes from, folded. */
export function settingsBlock({ heading, facts, rows, ownOptions, neverRead, noEffect }: Effective): Markup {
  const list = (title: string, items: readonly Part[]): Part => items.length > 0 && html`<h4>${title}</h4><ul>${items.map(item => html`<li>${item}</li>`)}</ul>`;
  const withOrigin = ({ text, origin }: Effective['neverRead'][number]): Part => html`<code>${text}</code> <span class="muted">${origin}</span>`;
  return html`<details class="more"><summary><h3>Effective settings</h3> <span class="muted">${plural(rows.length, 'setting')}</span></summary>
<dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
${rows.length > 0 && html`<div class="scroll" tabindex="0" role="group" aria-label="Settings of ${heading}"><table><thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">From</th></tr></thead><tbody>
${rows.map(rowOf)}</tbody></table></div>`}
${list('Options of task functions', ownOptions.map(withOrigin))}${list('Written, but never read by Celery', neverRead.map(withOrigin))}${list('Written without effect here', noEffect)}
</details>
`;
}

const rowOf = ({ name, value, isWritten, origin, overridden }: EffectiveRow): Markup =>
  html`<tr><td><code>${name}</code></td><td${isWritten && html` class="written"`}><code>${value}</code></td><td>${origin}${overridden.map(step => html`<br><span class="muted">overrides ${step}</span>`)}</td></tr>
`;
