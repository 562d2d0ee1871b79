import { withoutPasswords } from './credentials.js';

/** Control characters, bidirectional overrides and what else changes a terminal or hides text (Trojan Source, CVE-2021-42574), and halves of characters. */
const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\p{Surrogate}]/gu;

/** What a log makes a command of: `::error` at the start of a line, wherever it is broken (GitHub), and `##[error]`, `##vso[…]` anywhere in it (GitHub, Azure). */
const COMMAND = /(?<![^ \t]):(?=:[a-z])|(?<=#)#(?=\[|vso\[)/gi;

/** Text from the scanned files, safe for a terminal or a log: one visible character for each unsafe one, no command to what reads the log, no password of a URL. */
export function clean(text: string): string {
  return withoutPasswords(text).replace(UNSAFE, sign => (sign < ' ' ? String.fromCharCode(0x2400 + sign.charCodeAt(0)) : sign === '\u007f' ? '\u2421' : '\ufffd')).replace(COMMAND, sign => (sign === ':' ? '\u2236' : '\u266f'));
}

/** A document of JSON, indented, that shows on a terminal what it holds: what JSON would leave as it is of such characters is escaped, and reads the same. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2).replace(UNSAFE_IN_JSON, sign => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}
/** Line breaks between its members are the document's own. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Characters that take two columns: East Asian wide ones and emoji. */
const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/gu;
const MARK = /\p{M}/gu;

/** Columns a clean text takes on a terminal. */
export function columns(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  return [...text].length + (text.match(WIDE)?.length ?? 0) - (text.match(MARK)?.length ?? 0);
}

/** Breaks a text at spaces into lines of at most `width` columns; words longer than that stay whole. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== undefined && columns(last) + 1 + columns(word) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
