import { clean } from '../clean.js';

/** HTML that may stand in the page as it is. Made by `html` alone, so that a text can never become markup. */
export interface Markup { readonly markup: string }

/** What may stand in a template: texts and numbers are escaped, lists are joined, `undefined` and `false` are nothing. */
export type Part = Markup | string | number | undefined | false | readonly Part[];

/** A piece of HTML. Every text in it, in content and in double-quoted attributes, is cleaned (passwords, control characters) and escaped. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: strings.reduce((before, string, i) => before + written(parts[i - 1]) + string) };
}

/** A piece of our own that is HTML already: a style, a script. */
export const ready = (markup: string): Markup => ({ markup });

function written(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string') return escape(part);
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map(written).join('');
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => clean(text).replace(/[&<>"']/g, sign => ESCAPES[sign]!);

/** A message with what stands between backticks as code. */
export function prose(text: string): Markup {
  return html`${clean(text).split(/(`[^`]+`)/).map(part => (part.length > 2 && part.startsWith('`') && part.endsWith('`') ? html`<code>${part.slice(1, -1)}</code>` : part))}`;
}

/** Is it an address of the web? Anything else (`javascript:`) never becomes a link. */
export const isWeb = (address: string): boolean => /^https?:\/\//.test(address);
