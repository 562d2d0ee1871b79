import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { regularSize } from './paths.js';

const MARK = '\ufeff';

/** The text of a file that can be written back byte for byte; undefined for any other encoding, and for what is no file. */
export function editableText(root: string, path: string): string | undefined {
  if (regularSize(root, path) === undefined) return undefined;
  const bytes = readFileSync(join(root, path));
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? withoutMark(text) : undefined;
}

/** Writes a changed text, with the byte order mark the file had. */
export function writeText(root: string, path: string, text: string): void {
  const marked = readFileSync(join(root, path), 'utf8').startsWith(MARK);
  writeFileSync(join(root, path), marked ? MARK + text : text);
}

const withoutMark = (text: string): string => (text.startsWith(MARK) ? text.slice(1) : text);
