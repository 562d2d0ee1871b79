import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readdirSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isOthers } from './cache-directory.js';

/**
 * A file of blobs with an index in front: `drainlint` and the format's number, the length of the index, its hash, the index as JSON, the blobs. It takes
 * its place at once, so that nobody reads half of it, and of runs at the same time the last one's stays.
 */
const MAGIC = Buffer.from('drainlint cache 1\n');
const HASH = 32;
const HEAD = MAGIC.length + 4 + HASH;
/** Bytes of the largest file that is read. */
const LARGEST = 256 * 1024 * 1024;
/** Nothing else in the directory is touched. */
const OURS = /^[0-9a-f]{32}\.(?:tree|facts|code)(?:\.[0-9a-f-]{36}\.tmp)?$/;

/** Where a blob lies behind the index, and its hash. */
export type Place = readonly [offset: number, length: number, hash: string];

export interface PackFile {
  readonly index: unknown;
  /** undefined: it is not what was written. */
  blob(place: Place): Buffer | undefined;
  close(): void;
}

export type Hash = (content: string | Buffer) => string;

/** undefined: there is none. Throws where there is something else, or it is not whole. */
export function openPack(file: string, hash: Hash): PackFile | undefined {
  if (!existsSync(file)) return undefined;
  const handle = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile() || isOthers(stats)) throw new Error('another user can write it');
    if (stats.size > LARGEST) throw new Error('it is too large');
    const head = read(handle, 0, HEAD);
    if (!head?.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('it is no file of this kind');
    const length = head.readUInt32LE(MAGIC.length);
    const index = length <= stats.size ? read(handle, HEAD, length) : undefined;
    if (!index || hash(index) !== head.toString('latin1', MAGIC.length + 4)) throw new Error('it is not whole');
    return {
      index: JSON.parse(index.toString('utf8')) as unknown,
      blob([offset, size, expected]) {
        const bytes = size <= stats.size ? read(handle, HEAD + length + offset, size) : undefined;
        return bytes && hash(bytes) === expected ? bytes : undefined;
      },
      close: () => closeSync(handle),
    };
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

/** Writes a file that only its owner reads. `index`: told where each blob lies. Throws where it cannot be written. */
export function writePack(directory: string, name: string, blobs: readonly Buffer[], hash: Hash, index: (places: readonly Place[]) => unknown): void {
  let at = 0;
  const places = blobs.map((blob): Place => { at += blob.length; return [at - blob.length, blob.length, hash(blob)]; });
  const text = Buffer.from(JSON.stringify(index(places)));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(text.length);
  const temporary = join(directory, `${name}.${crypto.randomUUID()}.tmp`);
  const handle = openSync(temporary, 'wx', 0o600);
  try {
    try {
      const bytes = Buffer.concat([MAGIC, size, Buffer.from(hash(text), 'latin1'), text, ...blobs]);
      for (let written = 0; written < bytes.length;) written += writeSync(handle, bytes, written);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, join(directory, name));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Removes files that were not written for a month, the oldest of more than `limit` bytes together, and what a run that was killed left. */
export function prune(directory: string, limit: number): void {
  const now = Date.now();
  const files = readdirSync(directory).filter(name => OURS.test(name)).flatMap(name => {
    const stats = lstatSync(join(directory, name), { throwIfNoEntry: false });
    return stats?.isFile() ? [{ name, size: stats.size, age: now - stats.mtimeMs }] : [];
  }).sort((a, b) => a.age - b.age);
  let kept = 0;
  for (const { name, size, age } of files) {
    const isOld = age > (name.endsWith('.tmp') ? 3_600_000 : 30 * 86_400_000);
    if (isOld || kept + size > limit) rmSync(join(directory, name), { force: true });
    else kept += size;
  }
}

function read(handle: number, from: number, length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  while (at < length) {
    const got = readSync(handle, bytes, at, length - at, from + at);
    if (got === 0) return undefined;
    at += got;
  }
  return bytes;
}
