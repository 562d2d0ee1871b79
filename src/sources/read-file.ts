import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { regularSize } from './paths.js';

/** Larger files are not read: no task definition, script or module a person keeps is near it. Bytes. */
export const LARGEST = 10 * 1024 * 1024;
/** What is looked at of a file that is too large, to tell whether that matters. Bytes. */
const HEAD = 256 * 1024;

/** A file's bytes, or why there are none. `head`: the beginning, for the files that are too large. undefined: nothing to read. */
export type Read = { readonly bytes: Buffer } | { readonly problem: string; readonly head?: Buffer } | undefined;

export function readBytes(root: string, path: string): Read {
  const size = regularSize(root, path);
  if (size === undefined) return undefined;
  try {
    if (size > LARGEST) return { problem: `${Math.round(size / 1024 / 1024)} MB are more than the ${LARGEST / 1024 / 1024} MB that are read`, head: readHead(join(root, path)) };
    return { bytes: readFileSync(join(root, path)) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT' ? undefined : { problem: `the file cannot be read (${code})` };
  }
}

function readHead(full: string): Buffer {
  const file = openSync(full, 'r');
  try {
    const head = Buffer.alloc(HEAD);
    return head.subarray(0, readSync(file, head, 0, HEAD, 0));
  } finally {
    closeSync(file);
  }
}

/** UTF-8 or UTF-16 with its mark; undefined for anything that is no text. The byte order mark is not part of the text. */
export function decode(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  if (bytes.subarray(0, 8192).includes(0)) return undefined;
  return new TextDecoder('utf-8').decode(bytes);
}
