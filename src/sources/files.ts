import { join, posix } from 'node:path';
import type { Analyzer, AnalyzerEntry, Facts, FactStore, Model, ReadProblem } from '../model/index.js';
import { startOf, timed } from '../model/index.js';
import type { Cache, Digest } from './cache.js';
import type { Listing, listFiles } from './list-files.js';
import { decode, readBytes } from './read-file.js';
import { factsOf } from './reading.js';
import { HEAVIEST_TREE, hasRoom, thousands } from './weight.js';

export { gitRoot, isForeign, isInside } from './paths.js';

/** Candidates of fewer bytes are a short run: a slower but sooner ready machine code pays off (design: stack, Python). */
const SHORT_RUN = 300_000;
/** Characters of a file that excerpts are taken from. */
const MOST_SHOWN = 2_000_000;
/** Lines that are held for excerpts, but for those of one file. */
const MOST_LINES = 300_000;

export interface FileStoreOptions {
  /** Absolute. Every path is relative to it. */
  readonly root: string;
  /** The folders that are scanned, relative to the root; none: all of it. */
  readonly folders?: readonly string[];
  /** Stop where none of these files says anything by itself: nothing could be reported for them. */
  readonly onlyIf?: readonly string[];
  /** What these files change elsewhere is reported, too: do not stop where others lead to one of them. */
  readonly whole?: boolean;
  /** Do not stop where one of these texts says something: what the files held before. By path. */
  readonly orIf?: ReadonlyMap<string, string>;
  readonly analyzers: readonly AnalyzerEntry[];
  /** Texts that take the place of what is on disk, by path. */
  readonly overlay?: ReadonlyMap<string, string>;
  /** Texts besides those of the tree, by a path that no file has. */
  readonly documents?: ReadonlyMap<string, string>;
  /** Nothing on disk is read: the documents are all there is. */
  readonly documentsOnly?: boolean;
  /** Another tree than the one on disk: the paths it has. What `overlay` does not hold is the same as in `like`, and is not read again; without it, as on disk. */
  readonly tree?: { readonly paths: readonly string[]; readonly like?: FileStore };
  /** Read a tree that weighs more than the limit, too. */
  readonly readAll?: boolean;
  /** Opens what earlier runs have found out about this tree. Not called where the run stops before it. */
  readonly cache?: () => Promise<Cache | undefined>;
}

/** A tree on disk as facts, and its lines for excerpts. */
export interface FileStore extends FactStore {
  /** What could not be read at all. */
  readonly problems: readonly ReadProblem[];
  /** Facts for another tree that shares this file: it does not count as asked for. */
  peek(path: string): Facts | undefined;
  /** What every file that was asked for so far says besides its facts, in that order. */
  read(): readonly Digest[];
  /** Loads the analyzers that these files need whose facts are not in the cache; all of them where none are named. */
  load(paths?: readonly string[]): Promise<void>;
  /** Files that were asked for before their analyzers were loaded: what followed from them is wrong. */
  lacks(): boolean;
  /** What a tree like this one was joined to under a name; the files it was made of then count as asked for. */
  recall(name: string): Model | undefined;
  /** Keeps what this tree was joined to. */
  keep(name: string, model: Model): void;
  /** The files that the tree joined last was made of; undefined: nothing is known of it. */
  lastFiles(): readonly string[] | undefined;
  /** 32 hex digits that stand for the text of a file; '' where it has none, or none that is read. */
  idOf(path: string): string;
  /** Which analyzers its files may need, and those of the tree it shares files with where they are others: what is in a file depends on them. */
  readonly kinds: string;
  /** The whole text; undefined where there is none. */
  text(path: string): string | undefined;
  /** Empty where there is no such text. */
  lines(path: string): readonly string[];
}

/** Lists a tree, finds the files that may matter, and loads the analyzers they need; with a cache, `load` does that. Facts are read when asked for. */
export async function createFileStore(options: FileStoreOptions): Promise<FileStore> {
  const { root, documents = new Map<string, string>() } = options;
  const overlay: ReadonlyMap<string, string> = new Map([...options.overlay ?? [], ...documents]);
  const problems: ReadProblem[] = [];
  const texts = new Map<string, string>();

  let cache: Cache | undefined;
  const stamps = new Map<string, string | undefined>();
  const like = options.tree?.like;
  const same = new Set(like?.candidates);
  const select = (paths: readonly string[]): string[] => paths.filter(path => {
    if (like && !overlay.has(path)) return same.has(path);
    const entries = options.analyzers.filter(entry => entry.name.test(path));
    if (entries.length === 0) return false;
    const written = overlay.get(path);
    const stamp = written === undefined ? cache?.stamp(path) : undefined;
    if (cache && written === undefined) stamps.set(path, stamp);
    const known = cache?.tells(path, stamp);
    if (known !== undefined) return known;
    const read = written === undefined ? readBytes(root, path) : { bytes: Buffer.from(written) };
    const bytes = read && ('bytes' in read ? read.bytes : read.head);
    const telling = bytes && tells(bytes, entries);
    if (read && 'problem' in read && (telling || !read.head)) problems.push({ message: read.problem, at: startOf(path) });
    if (!read || !('bytes' in read)) return false;
    if (!telling) {
      cache?.noteTells(path, stamp, false);
      return false;
    }
    const text = decode(read.bytes);
    if (text === undefined) problems.push({ message: 'the file is not text', at: startOf(path) });
    else {
      texts.set(path, text);
      cache?.noteTells(path, stamp, true);
      if (cache) cache.noteId(path, stamp, cache.hash(text));
    }
    return text !== undefined;
  });

  const { onlyIf } = options;
  const speaks = ([path, text]: readonly [string, string]): boolean => tells(Buffer.from(text), options.analyzers.filter(entry => entry.name.test(path)));
  const isReached = (path: string): boolean => options.analyzers.some(({ name, reached }) => name.test(path) && (reached === true ? options.whole === true : reached?.test(overlay.get(path) ?? headOf(root, path))));
  if (onlyIf && select(onlyIf).length === 0 && ![...options.orIf ?? []].some(speaks) && !onlyIf.some(isReached)) return serve({ root, overlay, paths: onlyIf, candidates: [], problems, texts, stamps, needed: [] });
  problems.length = 0; // the next selection finds them again
  cache = await options.cache?.();
  const listing = options.documentsOnly ? { paths: [], problems: [] } : options.tree ? { paths: [...within(options.tree.paths, options.folders ?? [])].sort(), problems: [] } : await list(root, options.folders ?? []);
  problems.push(...listing.problems);
  const paths = documents.size === 0 ? listing.paths : [...listing.paths, ...documents.keys()].sort();
  const candidates = timed('words in files', () => select(paths));
  const needed = options.analyzers.map((entry, id) => ({ entry, id })).filter(({ entry }) => candidates.length > 0 && (entry.onDemand === true ? paths : candidates).some(path => entry.name.test(path)));
  const store = serve({ root, overlay, paths, candidates, problems, texts, stamps, needed, ...(like && { like }), ...(cache && { cache }), readAll: options.readAll === true });
  if (!cache) await store.load();
  return store;
}

/** The beginning of a file on disk; empty where it cannot be read. */
function headOf(root: string, path: string): string {
  const read = readBytes(root, path);
  return read && 'bytes' in read ? read.bytes.toString('latin1', 0, 200) : '';
}

const within = (paths: readonly string[], folders: readonly string[]): readonly string[] => (folders.length === 0 ? paths : paths.filter(path => folders.some(folder => folder === '' || path.startsWith(`${folder}/`))));

async function list(root: string, folders: readonly string[]): Promise<Listing> {
  const { listFiles } = await import('./list-files.js');
  return timed('listing files', () => listTree(root, folders, listFiles));
}

function listTree(root: string, folders: readonly string[], list: typeof listFiles): Listing {
  if (folders.length === 0) return list(root);
  const listings = folders.map(folder => ({ folder, listing: list(join(root, folder)) }));
  const under = (folder: string, path: string): string => posix.join(folder, path);
  return {
    paths: [...new Set(listings.flatMap(({ folder, listing }) => listing.paths.map(path => under(folder, path))))].sort(),
    problems: listings.flatMap(({ folder, listing }) => listing.problems.map(problem => ({ ...problem, at: startOf(under(folder, problem.at.path)) }))),
  };
}

function tells(bytes: Buffer, entries: readonly AnalyzerEntry[]): boolean {
  if (entries.some(entry => !entry.words)) return true;
  const wide = bytes[0] === 0xff || bytes[0] === 0xfe;
  const text = wide ? decode(bytes) ?? '' : bytes.toString('latin1');
  return entries.some(entry => entry.words!.test(text));
}

/** Are files read that do not have an analyzer's words? */
const isReachable = ({ onDemand, reached }: AnalyzerEntry): boolean => onDemand !== false || reached !== undefined;
/** Could it recognise a file of a fitting name? */
const mayKnow = (entry: AnalyzerEntry, text: string): boolean => isReachable(entry) || entry.words?.test(text) !== false;

/** An analyzer that files of this tree may need. `id`: its number in the list. */
interface Needed { readonly entry: AnalyzerEntry; readonly id: number }

interface Parts {
  readonly root: string; readonly overlay: ReadonlyMap<string, string>; readonly paths: readonly string[]; readonly candidates: readonly string[];
  readonly problems: ReadProblem[]; readonly texts: Map<string, string>; readonly like?: FileStore;
  readonly stamps: ReadonlyMap<string, string | undefined>; readonly needed: readonly Needed[]; readonly cache?: Cache; readonly readAll?: boolean;
}

function serve({ root, overlay, paths, candidates, problems, texts, stamps, needed, like, cache, readAll = false }: Parts): FileStore {
  const all = new Set(paths);
  const known = new Map<string, Facts | undefined>();
  const asked = new Set<string>();
  const split = new Map<string, readonly string[]>();
  let splitLines = 0;
  const ids = new Map<string, string>();
  const loaded = new Map<number, Analyzer>();
  const lacking = new Set<string>();
  const recalled = new Map<string, Digest | undefined>();
  const faulty = new Set<string>();
  const leftOut: string[] = [];
  let read = 0;

  const textOf = (path: string): string | undefined => {
    const written = overlay.get(path);
    if (written !== undefined) return written;
    if (like) return all.has(path) ? like.text(path) : undefined;
    const read = readBytes(root, path);
    return read && 'bytes' in read ? decode(read.bytes) : undefined;
  };
  const isShared = (path: string): boolean => like !== undefined && !overlay.has(path);
  const fittingOf = (path: string): readonly Needed[] => (all.has(path) ? needed.filter(({ entry }) => entry.name.test(path)) : []);

  const idOf = (path: string): string => {
    if (!cache || !all.has(path)) return '';
    if (isShared(path)) return like!.idOf(path);
    const before = ids.get(path);
    if (before !== undefined) return before;
    const stamp = overlay.has(path) ? undefined : stamps.has(path) ? stamps.get(path) : cache.stamp(path);
    const unchanged = cache.id(path, stamp);
    const text = unchanged === undefined ? texts.get(path) ?? textOf(path) : undefined;
    const id = unchanged ?? (text === undefined ? '' : cache.hash(text));
    if (text !== undefined) cache.noteId(path, stamp, id);
    ids.set(path, id);
    return id;
  };
  /** What the facts of a file depend on, besides the build: its text, its path, and which analyzers might know it. */
  const keyOf = (path: string, fitting: readonly Needed[], id: string): string => cache!.hash([path, fitting.map(one => one.id).join(), id].join('\0'));

  /** Whether there is still room for a file; one for which there is none is left out. */
  const fits = (path: string, weight: number): boolean => {
    const isIn = readAll || hasRoom(weight, read);
    if (!isIn && leftOut.at(-1) !== path) leftOut.push(path);
    return isIn;
  };
  const readFacts = (path: string): Facts | undefined => {
    const fitting = fittingOf(path);
    if (fitting.length === 0) return undefined;
    const kept = cache?.facts(keyOf(path, fitting, idOf(path)), path);
    if (kept !== undefined) {
      texts.delete(path);
      if (!kept || !fits(path, kept.weight ?? 0)) return undefined;
      read += kept.weight ?? 0;
      return kept;
    }
    const text = texts.get(path) ?? textOf(path);
    if (text === undefined) return undefined;
    const possible = fitting.filter(({ entry }) => mayKnow(entry, text));
    if (possible.some(({ id }) => !loaded.has(id))) {
      lacking.add(path);
      return undefined;
    }
    texts.delete(path); // parsed once; excerpts read the few files they need again
    try {
      const facts = factsOf(path, text, possible.map(({ id, entry: { format } }) => ({ format, analyzer: loaded.get(id)! })), weight => fits(path, weight));
      read += facts?.weight ?? 0;
      if (cache) {
        ids.set(path, cache.hash(text)); // a file that was written meanwhile is what was parsed
        if (leftOut.at(-1) !== path) cache.noteFacts(keyOf(path, fitting, idOf(path)), path, facts ?? null);
      }
      return facts;
    } catch (error) {
      // Analyzers promise not to throw; one that does must not take the other files with it.
      if (!faulty.has(path)) problems.push({ message: `the file could not be analysed, a fault of drainlint (${(error as Error).message})`, at: startOf(path) });
      faulty.add(path);
      return undefined;
    }
  };

  const peek = (path: string): Facts | undefined => {
    if (isShared(path)) return all.has(path) ? like!.peek(path) : undefined;
    if (!known.has(path)) known.set(path, readFacts(path));
    return known.get(path);
  };

  /** The analyzers of files; the bytes of those that are read first tell whether the run is short. */
  const load = async (wanted?: readonly string[]): Promise<void> => {
    const isWrong = like?.lacks() === true || [...lacking].some(path => asked.has(path));
    await like?.load(wanted?.filter(isShared));
    const own = wanted?.filter(path => !isShared(path) && peek(path) === undefined && lacking.has(path));
    const absent = needed.filter(({ entry, id }) => !loaded.has(id) && (!own || own.some(path => entry.name.test(path))));
    if (absent.length > 0) for (const path of own ?? candidates) {
      const text = texts.get(path) ?? textOf(path);
      if (text !== undefined) texts.set(path, text);
    }
    const missing = absent.filter(({ entry }) => isReachable(entry) || (own ?? candidates).some(path => entry.name.test(path) && mayKnow(entry, texts.get(path) ?? '')));
    const size = [...texts.values()].reduce((sum, text) => sum + text.length, 0);
    for (const [id, analyzer] of await Promise.all(missing.map(async ({ entry, id }) => [id, await entry.load({ shortRun: size < SHORT_RUN })] as const))) loaded.set(id, analyzer);
    for (const path of lacking) known.delete(path);
    lacking.clear();
    if (isWrong) asked.clear();
  };

  const own = needed.map(({ id }) => id).join();
  const kinds = like && like.kinds !== own ? `${own}/${like.kinds}` : own;
  const leftOutProblem = (): readonly ReadProblem[] => (leftOut.length === 0 ? [] : [{ message: `${leftOut.length === 1 ? 'this file was' : `${thousands(leftOut.length)} files, of which this is the first, were`} not read: more than the ${thousands(HEAVIEST_TREE)} words and signs that are read of one tree; --read-all reads all of it`, at: startOf(leftOut[0]!) }]);
  const nameOf = (name: string): string => cache!.hash([name, kinds, paths.join('\n'), candidates.join('\n')].join('\0'));
  return {
    paths, candidates,
    get problems() { return [...problems, ...leftOutProblem()]; },
    has: path => all.has(path),
    facts(path) {
      asked.add(path);
      return peek(path);
    },
    peek, text: textOf, idOf, kinds, load,
    lacks: () => lacking.size > 0 || like?.lacks() === true,
    lastFiles: () => cache?.lastFiles(),
    recall(name) {
      const found = cache?.joined(nameOf(name), idOf);
      for (const { path, digest } of found?.files ?? []) recalled.set(path, digest);
      return found?.model;
    },
    keep(name, model) {
      if (!cache || faulty.size > 0 || leftOut.length > 0) return;
      cache.noteJoined(nameOf(name), { model, files: [...asked].map(path => {
        const facts = peek(path);
        return { path, id: idOf(path), ...(facts && { digest: { path, comments: facts.comments, problems: facts.problems } }) };
      }) });
    },
    read: () => [...recalled.values(), ...[...asked].filter(path => !recalled.has(path)).map(peek)].filter(facts => facts !== undefined),
    lines(path) {
      const before = split.get(path);
      if (before) return before;
      const lines = textOf(path)?.slice(0, MOST_SHOWN).split(/\r?\n/) ?? [];
      splitLines += lines.length;
      if (splitLines > MOST_LINES) { split.clear(); splitLines = lines.length; }
      split.set(path, lines);
      return lines;
    },
  };
}
