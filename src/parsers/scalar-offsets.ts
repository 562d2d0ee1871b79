import type { ScalarNode } from './nodes.js';

/**
 * Where each character of a decoded string stands in the text: escapes, doubled quotes and the folding of YAML undone.
 * `offsets[i]` is the offset of character i; the last element is where the string ends. Exact for text on one line; where lines were
 * folded, white space may be off by the indentation.
 */
export function scalarOffsets(node: ScalarNode): readonly number[] {
  const decoded = typeof node.value === 'string' ? node.value : node.raw;
  const { raw, style } = node;
  const offsets: number[] = [];
  let at = style === 'block' ? raw.indexOf('\n') + 1 : style === 'plain' ? 0 : 1;
  const isSpace = (character: string | undefined): boolean => character !== undefined && /\s/.test(character);
  const put = (count: number, advance: number): void => {
    for (let i = 0; i < count; i++) offsets.push(node.start + Math.min(at, raw.length));
    at += advance;
  };
  while (offsets.length < decoded.length) {
    const wanted = decoded[offsets.length]!;
    if (style === 'double' && raw[at] === '\\') {
      if (isLineEnd(raw, at + 1)) { at = skipSpace(raw, at + 1); continue; }
      const escape = /^\\(?:u([\dA-Fa-f]{4})|x([\dA-Fa-f]{2})|U([\dA-Fa-f]{8})|[^])/.exec(raw.slice(at, at + 10));
      const wide = escape?.[3] !== undefined && parseInt(escape[3], 16) > 0xffff;
      put(wide ? 2 : 1, escape?.[0].length ?? 1);
    } else if (isSpace(wanted)) put(1, isSpace(raw[at]) ? 1 : 0);
    else {
      at = skipSpace(raw, at);
      if (style === 'double' && raw[at] === '\\') continue;
      put(1, style === 'single' && wanted === '\'' ? 2 : 1);
    }
  }
  offsets.push(node.start + Math.min(at, raw.length));
  return offsets;
}

function skipSpace(raw: string, at: number): number {
  while (at < raw.length && /\s/.test(raw[at]!)) at++;
  return at;
}

function isLineEnd(raw: string, at: number): boolean {
  return raw[at] === '\n' || (raw[at] === '\r' && raw[at + 1] === '\n');
}
