import type { Expr, SourceLocation } from '../../model/index.js';
import { literal } from '../../model/index.js';

/** A value of a supervisord configuration: `%(ENV_X)s` is the variable X, `%%` a percent sign, other expansions are opaque. */
export function percentExpr(text: string, at: SourceLocation): Expr {
  const parts: Expr[] = [];
  let plain = '', done = 0;
  const flush = (): void => { if (plain !== '') parts.push(literal(plain, at)); plain = ''; };
  for (const match of text.matchAll(/%(?:\((\w+)\)\d*[sd]|%)/g)) {
    plain += text.slice(done, match.index);
    done = match.index + match[0].length;
    const name = match[1];
    if (name === undefined) { plain += '%'; continue; }
    flush();
    parts.push(name.startsWith('ENV_') ? { is: 'environment', name: name.slice(4), at } : { is: 'opaque', text: match[0], at });
  }
  plain += text.slice(done);
  flush();
  const [only] = parts;
  return parts.length > 1 ? { is: 'operation', operator: 'concat', operands: parts, at } : only ?? literal('', at);
}

/** One pair of `environment=A="b",C=d`; offsets in the text, `value` without its quotes. */
export interface Pair { readonly name: string; readonly value: string; readonly start: number; readonly valueStart: number; readonly valueEnd: number }

/** The pairs of an `environment` key: separated by commas (or line breaks behind them), values quoted or bare. */
export function environmentPairs(text: string): readonly Pair[] {
  const pairs: Pair[] = [];
  for (let at = 0; at < text.length;) {
    while (at < text.length && /[\s,]/.test(text[at]!)) at++;
    const sign = text.indexOf('=', at);
    if (sign < 0) break;
    const name = text.slice(at, sign).trim();
    let valueStart = sign + 1;
    while (valueStart < text.length && /[ \t]/.test(text[valueStart]!)) valueStart++;
    const quote = text[valueStart] === '"' || text[valueStart] === '\'' ? text[valueStart]! : '';
    const close = quote === '' ? -1 : text.indexOf(quote, valueStart + 1);
    const valueEnd = close < 0 ? bareEnd(text, valueStart) : close + 1;
    if (/^\w+$/.test(name)) pairs.push({ name, value: close < 0 ? text.slice(valueStart, valueEnd) : text.slice(valueStart + 1, close), start: at, valueStart, valueEnd });
    at = Math.max(valueEnd, sign + 1);
  }
  return pairs;
}

function bareEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && !/[,\s]/.test(text[end]!)) end++;
  return end;
}
