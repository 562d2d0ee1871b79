import { createHash } from 'node:crypto';
import { lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Facts, Model } from '../model/index.js';
import { claim } from './cache-directory.js';
import { openPack, prune, writePack, type PackFile, type Place } from './pack-file.js';
import { pack, unpack } from './packing.js';

/** Bytes of the facts of one tree, and of all trees together. */
const LARGEST_TREE = 64 * 1024 * 1024;
const LARGEST = 256 * 1024 * 1024;
/** Trees whose joined model is kept: what is on disk, what is staged, what was committed before. */
const MODELS = 4;
/** A file younger than this could change again without its times telling, where clocks are coarse. ms. */
const SETTLED = 2000;

export interface CacheOptions {
  /** Absolute. Made where it is not there. */
  readonly directory: string;
  /** What another build has another of: facts of other code are not read. */
  readonly build: string;
  /** The tree: its root, absolute, and the folders of it that are scanned. */
  readonly root: string;
  readonly folders: readonly string[];
  /** Bytes of the facts that are kept of the tree. */
  readonly limit?: number;
  /** Told why something was not used. */
  readonly onTrouble?: (message: string) => void;
}

/** The comments and problems in a file, where it has any. */
export type Digest = Pick<Facts, 'path' | 'comments' | 'problems'>;

/** A tree that was joined. `files`: every one that was asked for, in this order, by the id of its text ('': it had none); `digest` is absent where nothing reads it. */
export interface Joined { readonly model: Model; readonly files: readonly { readonly path: string; readonly id: string; readonly digest?: Digest }[] }

/** What earlier runs on a tree have found out, by the text of its files. A model of unchanged files is the same, so nothing of it shows in a report. */
export interface Cache {
  /** 32 hex digits. */
  hash(text: string): string;
  /** What a file on disk looks like from outside; undefined where that does not tell whether it has changed. */
  stamp(path: string): string | undefined;
  /** Whether a file on disk, unchanged since, may matter by itself; undefined: not known. */
  tells(path: string, stamp: string | undefined): boolean | undefined;
  noteTells(path: string, stamp: string | undefined, tells: boolean): void;
  /** The id of its text. */
  id(path: string, stamp: string | undefined): string | undefined;
  noteId(path: string, stamp: string | undefined, id: string): void;
  /** null: no analyzer knows the file. undefined: not known. */
  facts(key: string, path: string): Facts | null | undefined;
  noteFacts(key: string, path: string, facts: Facts | null): void;
  /** A tree joined under this key whose files are as they were. */
  joined(key: string, idOf: (path: string) => string): Joined | undefined;
  noteJoined(key: string, joined: Joined): void;
  /** What the tree joined last was made of; undefined: nothing is known of it. */
  lastFiles(): readonly string[] | undefined;
  /** Writes what is new, and forgets what is no longer used. Never throws. */
  save(): void;
}

type FileEntry = [stamp: string, tells: 0 | 1 | null, id: string];
interface JoinedEntry { readonly key: string; readonly files: readonly (readonly [path: string, id: string])[]; readonly place: Place }
interface TreeIndex { readonly of: string; readonly files: Readonly<Record<string, FileEntry>>; readonly joined: readonly JoinedEntry[] }
type FactsEntry = readonly [key: string, path: string, ...place: Place];
interface FactsIndex { readonly of: string; readonly facts: readonly FactsEntry[] }

function statsOf(full: string): Stats | undefined {
  try {
    return lstatSync(full, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const hash = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex').slice(0, 32);

/** undefined: the directory cannot be used. Whatever is wrong with a file in it, it counts as not being there. */
export function openCache({ directory, build, root, folders, limit = LARGEST_TREE, onTrouble = () => {} }: CacheOptions): Cache | undefined {
  const attempt = <T>(what: string, run: () => T): T | undefined => {
    try {
      return run();
    } catch (error) {
      onTrouble(`${what} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`);
      return undefined;
    }
  };
  if (!attempt(`the cache ${directory} is not used`, () => { claim(directory); return true; })) return undefined;

  const of = hash(JSON.stringify([build, root, folders]));
  const name = hash(JSON.stringify([root, folders]));
  /** A file of this tree and this build. */
  const load = <I extends { readonly of: string }>(kind: string): (PackFile & { readonly index: I }) | undefined => attempt(`${name}.${kind} in the cache is not used`, () => {
    const file = openPack(join(directory, `${name}.${kind}`), hash) as (PackFile & { readonly index: I }) | undefined;
    if (!file || file.index.of === of) return file;
    file.close();
    return undefined;
  });

  const tree = load<TreeIndex>('tree');
  const files = new Map(Object.entries(tree?.index.files ?? {}));
  const used = new Map<string, FileEntry>();
  let joined: readonly (Omit<JoinedEntry, 'place'> & { readonly bytes: () => Buffer | undefined })[] = (tree?.index.joined ?? []).map(({ key, files: made, place }) => ({ key, files: made, bytes: () => tree!.blob(place) }));
  let isTreeNew = false;
  let stored: { readonly file: ReturnType<typeof load<FactsIndex>>; readonly entries: ReadonlyMap<string, FactsEntry> } | undefined;
  const store = (): NonNullable<typeof stored> => {
    if (!stored) {
      const file = load<FactsIndex>('facts');
      stored = { file, entries: new Map((file?.index.facts ?? []).map(entry => [entry[0], entry])) };
    }
    return stored;
  };
  const usedFacts = new Set<string>();
  const made = new Map<string, { readonly path: string; readonly bytes: Buffer }>();

  const fileAt = (path: string, stamp: string | undefined): FileEntry | undefined => {
    const entry = used.get(path) ?? files.get(path);
    if (stamp === undefined || entry?.[0] !== stamp) return undefined;
    used.set(path, entry);
    return entry;
  };
  const note = (path: string, stamp: string | undefined, change: (entry: FileEntry) => void): void => {
    if (stamp === undefined) return;
    const entry: FileEntry = fileAt(path, stamp) ?? [stamp, null, ''];
    change(entry);
    used.set(path, entry);
    isTreeNew = true;
  };

  const saveTree = (): void => {
    const kept = joined.slice(0, MODELS).flatMap(({ bytes, ...entry }) => { const blob = bytes(); return blob ? [{ ...entry, blob }] : []; });
    writePack(directory, `${name}.tree`, kept.map(({ blob }) => blob), hash, places => ({
      of, files: Object.fromEntries(used), joined: kept.map(({ key, files: made }, i) => ({ key, files: made, place: places[i]! })),
    } satisfies TreeIndex));
  };
  /** What this run has used, then, as long as there is room, what it has not, of files that trees are made of: of each the two latest texts. */
  const saveFacts = (): void => {
    const { file, entries } = store();
    const old = [...entries.values()].filter(([key]) => !made.has(key));
    const [recent, stale] = [old.filter(([key]) => usedFacts.has(key)), old.filter(([key]) => !usedFacts.has(key))];
    const texts = new Map(joined.slice(0, MODELS).flatMap(one => one.files).map(([path]) => [path, 0]));
    for (const path of [...[...made.values()].map(one => one.path), ...recent.map(([, one]) => one)]) texts.set(path, (texts.get(path) ?? 0) + 1);
    const isLatest = ([, path]: FactsEntry): boolean => {
      const before = texts.get(path);
      if (before !== undefined) texts.set(path, before + 1);
      return before !== undefined && before < 2;
    };
    const read = ([key, path, ...place]: FactsEntry) => () => { const bytes = file!.blob(place); return bytes && { key, path, bytes }; };
    let size = 0;
    const kept = [...[...made].map(([key, one]) => () => ({ key, ...one })), ...recent.map(read), ...stale.filter(isLatest).map(read)].flatMap(get => {
      const one = size < limit ? get() : undefined;
      if (!one || size + one.bytes.length > limit) return [];
      size += one.bytes.length;
      return [one];
    });
    writePack(directory, `${name}.facts`, kept.map(({ bytes }) => bytes), hash, places => ({ of, facts: kept.map(({ key, path }, i) => [key, path, ...places[i]!] as const) } satisfies FactsIndex));
  };

  return {
    hash,
    stamp(path) {
      const stats = statsOf(join(root, path));
      if (!stats?.isFile()) return undefined; // where a link leads, another file may stand tomorrow
      const { size, mtimeMs, ctimeMs, ino } = stats;
      return Date.now() - Math.max(mtimeMs, ctimeMs) < SETTLED ? undefined : `${size} ${mtimeMs} ${ctimeMs} ${ino}`;
    },
    tells(path, stamp) { const tells = fileAt(path, stamp)?.[1] ?? undefined; return tells === undefined ? undefined : tells === 1; },
    noteTells: (path, stamp, tells) => note(path, stamp, entry => { entry[1] = tells ? 1 : 0; }),
    id: (path, stamp) => fileAt(path, stamp)?.[2] || undefined,
    noteId: (path, stamp, id) => note(path, stamp, entry => { entry[2] = id; }),
    facts(key, path) {
      const { file, entries } = store();
      const [, , ...place] = entries.get(key) ?? [];
      const bytes = made.get(key)?.bytes ?? (place.length > 0 ? file!.blob(place as Place) : undefined);
      const facts = bytes && attempt(`facts of ${path} in the cache are not used`, () => unpack(bytes, path) as Facts | null);
      if (facts !== undefined) usedFacts.add(key);
      return facts;
    },
    noteFacts(key, path, facts) {
      const bytes = attempt(`facts of ${path} are not kept`, () => pack(facts, path));
      if (bytes) made.set(key, { path, bytes });
    },
    joined(key, idOf) {
      const found = joined.find(one => one.key === key && one.files.every(([path, id]) => idOf(path) === id));
      const bytes = found?.bytes();
      return bytes && attempt('a joined tree in the cache is not used', () => {
        const { model, digests } = deserialize(bytes) as { readonly model: Model; readonly digests: readonly (Digest | undefined)[] };
        return { model, files: found!.files.map(([path, id], i) => { const digest = digests[i]; return { path, id, ...(digest && { digest }) }; }) };
      });
    },
    noteJoined(key, { model, files: from }) {
      const bytes = attempt('a joined tree is not kept', () => serialize({ model, digests: from.map(({ digest }) => digest) }));
      if (!bytes) return;
      joined = [{ key, files: from.map(({ path, id }) => [path, id] as const), bytes: () => bytes }, ...joined];
      isTreeNew = true;
    },
    lastFiles: () => joined[0]?.files.map(([path]) => path),
    save() {
      attempt('the cache could not be written', () => {
        if (made.size > 0) saveFacts();
        if (isTreeNew) saveTree();
        if (made.size > 0 || isTreeNew) prune(directory, LARGEST);
      });
      tree?.close();
      stored?.file?.close();
    },
  };
}
