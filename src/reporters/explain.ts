import type { Rule } from '../model/index.js';
import { wrap } from './clean.js';
import { painter, SEVERITY_STYLE } from './paint.js';

/** A rule's page for the terminal. */
export function explain(rule: Rule, { color, width }: { readonly color: boolean; readonly width: number }): string {
  const paint = painter(color);
  const paragraph = (text: string): readonly string[] => wrap(text, Math.min(width, 100) - 2).map(line => `  ${line}`);
  const section = (title: string, lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : ['', paint('bold', title), ...lines]);
  return [
    `${paint(SEVERITY_STYLE[rule.severity], rule.severity)} ${paint('bold', rule.id)}`, ...paragraph(rule.title),
    ...section('What breaks', paragraph(rule.rationale)),
    ...section('What to write instead', paragraph(rule.remedy)),
    ...section('To ignore it', [`  drainlint: ignore ${rule.id} -- why it does not matter here`, '  in a comment on the line or the line above, or under `ignore:` in drainlint.config.yaml']),
    ...section('Obeying it may show', (rule.leadsTo ?? []).map(id => `  ${id}`)),
    ...section('Sources', rule.references.map(url => `  ${url}`)),
    ...section('Shown by experiment', rule.provenBy?.map(id => `  ${id}`) ?? []),
    ...(rule.provenBy ? [] : section('Not shown by experiment', rule.documentedBy ? paragraph(rule.documentedBy) : [])),
  ].join('\n') + '\n';
}

/** One line per rule, by family. */
export function ruleList(rules: readonly Rule[], { color }: { readonly color: boolean }): string {
  const paint = painter(color);
  const width = Math.max(...rules.map(rule => rule.id.length));
  return [...rules].sort((a, b) => (a.id < b.id ? -1 : 1)).map(rule => `${rule.id.padEnd(width)}  ${paint(SEVERITY_STYLE[rule.severity], rule.severity.padEnd(7))}  ${rule.title}\n`).join('');
}
