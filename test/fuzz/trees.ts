import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { analyzers } from '../../src/analyzers/index.js';
import { listFiles } from '../../src/sources/list-files.js';
import { decode } from '../../src/sources/read-file.js';

/** Texts by path. */
export type Tree = ReadonlyMap<string, string>;

/** Trees among the fixtures: `bad` and `good` of rules and incidents, joins, projects, examples, and each file that an analyzer is asked about. */
const IS_TREE = /^(?:fixtures\/(?:rules|incidents|projects)\/.*?\/(?:bad|good|tree)|fixtures\/joins\/[^/]+|fixtures\/analyzers\/[^/]+\/[^/]+|examples\/[^/]+)\//;
/** What is taken of a repository at once: files that stand near each other. Characters of one file and of all. */
const LARGEST = 40_000, TOGETHER = 80_000, FILES = 12;

/** The repository's own fixtures, and parts of the trees in a folder. */
export function readTrees(folder?: string): readonly Tree[] {
  const own = new Map<string, string[]>();
  for (const top of ['fixtures', 'examples']) for (const path of listFiles(top).paths) {
    const root = IS_TREE.exec(`${top}/${path}`)?.[0];
    if (root !== undefined) own.set(root, [...own.get(root) ?? [], `${top}/${path}`.slice(root.length)]);
  }
  const others = folder === undefined ? [] : readdirSync(folder).sort().flatMap(name => partsOf(join(folder, name)));
  return [...[...own].map(([root, paths]) => textsOf(root, paths)), ...others].filter(tree => tree.size > 0);
}

function textsOf(root: string, paths: readonly string[]): Tree {
  const texts = new Map<string, string>();
  for (const path of paths) {
    const stats = statSync(join(root, path), { throwIfNoEntry: false });
    const text = stats?.isFile() && stats.size <= LARGEST ? decode(readFileSync(join(root, path))) : undefined;
    if (text !== undefined) texts.set(path, text);
  }
  return texts;
}

/** The files of a repository that may matter, in parts that are quickly audited. */
function partsOf(root: string): readonly Tree[] {
  const parts: Map<string, string>[] = [];
  let size = Infinity;
  for (const [path, text] of textsOf(root, listFiles(root).paths.filter(path => analyzers.some(({ name }) => name.test(path))))) {
    if (!analyzers.some(({ name, words, onDemand }) => name.test(path) && (onDemand === true || !words || words.test(text)))) continue;
    if (size + text.length > TOGETHER || parts.at(-1)!.size >= FILES) { parts.push(new Map()); size = 0; }
    parts.at(-1)!.set(path, text);
    size += text.length;
  }
  return parts;
}
