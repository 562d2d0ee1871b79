/** The value of a Python number; undefined for complex numbers and for integers that a JavaScript number cannot hold. */
export function numberValue(text: string): number | undefined {
  const plain = text.replaceAll('_', '').toLowerCase();
  if (plain.endsWith('j')) return undefined;
  if (/^0[xob]/.test(plain)) return safe(Number(plain.replace(/l$/, '')));
  if (/^0[0-7]+l?$/.test(plain)) return safe(Number.parseInt(plain, 8)); // Python 2's octal
  if (/^\d+l?$/.test(plain)) return safe(Number.parseInt(plain, 10));
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

const safe = (value: number): number | undefined => (Number.isSafeInteger(value) ? value : undefined);

/** The parts of a string's source: `rb'''…'''`. */
export interface StringShape { readonly prefix: string; readonly quote: string }

/** Prefix (lower case) and quotes at the beginning of a string's source. */
export function stringShape(start: string): StringShape {
  const match = /^([A-Za-z]*)('''|"""|'|")/.exec(start);
  return { prefix: match?.[1]?.toLowerCase() ?? '', quote: match?.[2] ?? '' };
}

/** The text that a plain string's whole source stands for; bytes as Latin-1. */
export function stringValue(source: string): string {
  const { prefix, quote } = stringShape(source.slice(0, 6));
  const from = prefix.length + quote.length;
  const closed = quote !== '' && source.length >= from + quote.length && source.endsWith(quote);
  return unescape(source.slice(from, closed ? source.length - quote.length : undefined), prefix);
}

const SIMPLE: Readonly<Record<string, string>> = { '\\': '\\', "'": "'", '"': '"', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const ESCAPE = /\\(?:\r\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])/g;

/** Escape sequences undone as Python does; unknown ones (`\N{…}` among them) stay as written. */
export function unescape(text: string, prefix: string): string {
  const body = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  if (prefix.includes('r') || !body.includes('\\')) return body;
  const bytes = prefix.includes('b');
  return body.replace(ESCAPE, escape => {
    const code = escape.slice(1);
    if (code === '\n') return '';
    if (SIMPLE[code] !== undefined) return SIMPLE[code];
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    if (code.length > 1 && (code[0] === 'x' || !bytes)) return character(Number.parseInt(code.slice(1), 16)) ?? escape;
    return escape;
  });
}

const character = (code: number): string | undefined => (code <= 0x10ffff ? String.fromCodePoint(code) : undefined);
