import { join, posix } from 'node:path';
import type { Analyzer, AnalyzerEntry, Facts, FactStore, ReadProblem } from '../model/index.js';
import { startOf } from '../model/index.js';
import type { Listing, listFiles } from './list-files.js';
import { decode, readBytes } from './read-file.js';

export { gitRoot, isForeign, isInside } from './paths.js';

/** Candidates of fewer bytes are a short run: a slower but sooner ready machine code pays off (design: stack, Python). */
const SHORT_RUN = 300_000;

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
}

/** A tree on disk as facts, and its lines for excerpts. */
export interface FileStore extends FactStore {
  /** What could not be read at all. */
  readonly problems: readonly ReadProblem[];
  /** The facts of every file that was asked for so far. */
  read(): readonly Facts[];
  /** The whole text; undefined where there is none. */
  text(path: string): string | undefined;
  /** Empty where there is no such text. */
  lines(path: string): readonly string[];
}

/** Lists a tree, finds the files that may matter, and loads the analyzers they need. Facts are read when asked for. */
export async function createFileStore(options: FileStoreOptions): Promise<FileStore> {
  const { root, documents = new Map<string, string>() } = options;
  const overlay: ReadonlyMap<string, string> = new Map([...options.overlay ?? [], ...documents]);
  const problems: ReadProblem[] = [];
  const texts = new Map<string, string>();

  const like = options.tree?.like;
  const same = new Set(like?.candidates);
  const select = (paths: readonly string[]): string[] => paths.filter(path => {
    if (like && !overlay.has(path)) return same.has(path);
    const entries = options.analyzers.filter(entry => entry.name.test(path));
    if (entries.length === 0) return false;
    const written = overlay.get(path);
    const read = written === undefined ? readBytes(root, path) : { bytes: Buffer.from(written) };
    const bytes = read && ('bytes' in read ? read.bytes : read.head);
    const telling = bytes && tells(bytes, entries);
    if (read && 'problem' in read && (telling || !read.head)) problems.push({ message: read.problem, at: startOf(path) });
    if (!read || !('bytes' in read) || !telling) return false;
    const text = decode(read.bytes);
    if (text === undefined) problems.push({ message: 'the file is not text', at: startOf(path) });
    else texts.set(path, text);
    return text !== undefined;
  });

  const { onlyIf } = options;
  const speaks = ([path, text]: readonly [string, string]): boolean => tells(Buffer.from(text), options.analyzers.filter(entry => entry.name.test(path)));
  const isReached = (path: string): boolean => options.analyzers.some(({ name, reached }) => name.test(path) && (reached === true ? options.whole === true : reached?.test(overlay.get(path) ?? headOf(root, path))));
  if (onlyIf && select(onlyIf).length === 0 && ![...options.orIf ?? []].some(speaks) && !onlyIf.some(isReached)) return serve({ root, overlay, paths: onlyIf, candidates: [], problems, texts, loaded: [] });
  problems.length = 0; // the next selection finds them again
  const listing = options.documentsOnly ? { paths: [], problems: [] } : options.tree ? { paths: within(options.tree.paths, options.folders ?? []), problems: [] } : listTree(root, options.folders ?? [], (await import('./list-files.js')).listFiles);
  problems.push(...listing.problems);
  const paths = documents.size === 0 ? listing.paths : [...listing.paths, ...documents.keys()].sort();
  const candidates = select(paths);
  const loaded = await loadAnalyzers(options.analyzers, paths, candidates, texts);
  return serve({ root, overlay, paths, candidates, problems, texts, loaded, ...(like && { like }) });
}

/** The beginning of a file on disk; empty where it cannot be read. */
function headOf(root: string, path: string): string {
  const read = readBytes(root, path);
  return read && 'bytes' in read ? read.bytes.toString('latin1', 0, 200) : '';
}

const within = (paths: readonly string[], folders: readonly string[]): readonly string[] => (folders.length === 0 ? paths : paths.filter(path => folders.some(folder => folder === '' || path.startsWith(`${folder}/`))));

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

type Loaded = readonly { readonly entry: AnalyzerEntry; readonly analyzer: Analyzer }[];

async function loadAnalyzers(entries: readonly AnalyzerEntry[], paths: readonly string[], candidates: readonly string[], texts: ReadonlyMap<string, string>): Promise<Loaded> {
  if (candidates.length === 0) return [];
  const size = [...texts.values()].reduce((sum, text) => sum + text.length, 0);
  const needed = entries.filter(entry => (entry.onDemand === true ? paths : candidates).some(path => entry.name.test(path)));
  return Promise.all(needed.map(async entry => ({ entry, analyzer: await entry.load({ shortRun: size < SHORT_RUN }) })));
}

interface Parts {
  readonly root: string; readonly overlay: ReadonlyMap<string, string>; readonly paths: readonly string[]; readonly candidates: readonly string[];
  readonly problems: ReadProblem[]; readonly texts: Map<string, string>; readonly loaded: Loaded; readonly like?: FileStore;
}

function serve({ root, overlay, paths, candidates, problems, texts, loaded, like }: Parts): FileStore {
  const all = new Set(paths);
  const known = new Map<string, Facts | undefined>();
  const split = new Map<string, readonly string[]>();

  const textOf = (path: string): string | undefined => {
    const written = overlay.get(path);
    if (written !== undefined) return written;
    if (like) return all.has(path) ? like.text(path) : undefined;
    const read = readBytes(root, path);
    return read && 'bytes' in read ? decode(read.bytes) : undefined;
  };

  const readFacts = (path: string): Facts | undefined => {
    if (like && !overlay.has(path)) return all.has(path) ? like.facts(path) : undefined;
    const fitting = loaded.filter(({ entry }) => entry.name.test(path));
    if (fitting.length === 0 || !all.has(path)) return undefined;
    const text = texts.get(path) ?? textOf(path);
    texts.delete(path); // parsed once; excerpts read the few files they need again
    if (text === undefined) return undefined;
    try {
      return fitting.find(({ analyzer }) => analyzer.recognises(path, text))?.analyzer.facts(text, path);
    } catch (error) {
      // Analyzers promise not to throw; one that does must not take the other files with it.
      problems.push({ message: `the file could not be analysed, a fault of drainlint (${(error as Error).message})`, at: startOf(path) });
      return undefined;
    }
  };

  return {
    paths, candidates, problems,
    has: path => all.has(path),
    facts(path) {
      if (!known.has(path)) known.set(path, readFacts(path));
      return known.get(path);
    },
    text: textOf,
    read: () => [...known.values()].filter(facts => facts !== undefined),
    lines(path) {
      let lines = split.get(path);
      if (!lines) split.set(path, (lines = textOf(path)?.split(/\r?\n/) ?? []));
      return lines;
    },
  };
}
