import { posix } from 'node:path';
import type { Expr, FactStore, StageFacts } from '../../model/index.js';
import { IMAGE_SHELLS, type ShellName } from '../../knowledge/start-commands.js';
import { joined, NO_VARIABLES, withEntries, type Environment } from '../process-environment.js';

/** A file of the repository for a path in a container. guess: by the path's last parts, without a COPY that says so. */
export interface MappedFile { readonly path: string; readonly how: 'written' | 'guess' }

/** What a container's file system holds of the repository, and what its image sets. Without a Dockerfile: the repository itself. */
export interface Image {
  readonly dockerfile?: string;
  /** The stage and the stages it is built from, the nearest first. */
  readonly stages: readonly StageFacts[];
  /** What /bin/sh is. */
  readonly shell: ShellName;
  /** The base is a public image that sets no variables and no entry point of its own. */
  readonly baseIsPlain: boolean;
  /** ENV of all stages. */
  readonly environment: Environment;
  /** Absolute. */
  readonly workingDirectory: string;
  file(path: string): MappedFile | undefined;
  /** The files that were copied somewhere below a folder. */
  filesBelow(folder: string): readonly string[];
  /** The folders of the repository that a folder of the container holds, best first; '' is the root. */
  folders(path: string): readonly string[];
}

/** The tree of a store: which folders there are, and its files by name. */
export interface Tree { readonly store: FactStore; readonly folders: ReadonlySet<string>; readonly byName: ReadonlyMap<string, readonly string[]> }

export function treeOf(store: FactStore): Tree {
  const folders = new Set<string>(['']);
  for (const path of store.paths) for (let folder = posix.dirname(path); folder !== '.' && !folders.has(folder); folder = posix.dirname(folder)) folders.add(folder);
  const byName = new Map<string, string[]>();
  for (const path of store.paths) {
    const list = byName.get(posix.basename(path));
    if (list) list.push(path); else byName.set(posix.basename(path), [path]);
  }
  return { store, folders, byName };
}

export interface ImageSource { readonly path: string; readonly stages: readonly StageFacts[]; readonly arguments: StageFacts['arguments'] }

const DEPTH = 8;

/** The image of one stage (its name or number; none: the last) of a Dockerfile, built from a folder of the repository. */
export function imageOf(dockerfile: ImageSource, context: string, target: string | undefined, tree: Tree): Image {
  const index = stageIndex(dockerfile.stages, target);
  const stages = inheritance(dockerfile.stages, index);
  const environment = [...stages].reverse().reduce((env, stage) => withEntries(env, stage.environment, `ENV of ${dockerfile.path}`, 'itself'), NO_VARIABLES);
  const base = baseText(stages.at(-1), dockerfile);
  const shell = shellOf(base);
  const map: Mapping = { dockerfile, context, tree, environment };
  const bases = [...new Set([context, ...foldersAbove(dockerfile.path)])];
  return {
    dockerfile: dockerfile.path, stages, shell, environment: { ...environment, open: shell === 'unknown' }, baseIsPlain: shell !== 'unknown',
    workingDirectory: workingDirectoryOf(stages, environment),
    file: path => {
      const written = copied(path, index, map, 0);
      return written ? { path: written, how: 'written' } : bySuffix(path, bases, tree);
    },
    filesBelow: folder => below(folder, index, map),
    folders: path => {
      const written = [...new Set(foldersOf(path, index, map, 0))];
      return written.length > 0 ? written : foldersBySuffix(path, bases, tree);
    },
  };
}

/** A container whose image is not known: paths are found by their last parts, from the given folders of the repository. */
export function unknownImage(bases: readonly string[], tree: Tree): Image {
  const all = [...new Set([...bases, ''])];
  return {
    stages: [], shell: 'unknown', baseIsPlain: false, environment: { variables: new Map(), open: true }, workingDirectory: '/',
    file: path => bySuffix(path, all, tree), filesBelow: () => [], folders: path => foldersBySuffix(path, all, tree),
  };
}

/** The folders a file lies in, its own first; '' is the root. */
export function foldersAbove(path: string): readonly string[] {
  const folder = folderOf(path);
  return folder === '' ? [''] : [folder, ...foldersAbove(folder)];
}

export const folderOf = (path: string): string => (posix.dirname(path) === '.' ? '' : posix.dirname(path));
export const within = (folder: string, path: string): string => {
  const joinedPath = posix.normalize(posix.join(folder, path)).replace(/\/$/, '');
  return joinedPath === '.' ? '' : joinedPath;
};

/** What /bin/sh is in an image, by its name. */
export function shellOf(image: string): ShellName {
  const name = image.toLowerCase().replace(/^(public\.ecr\.aws\/(docker\/)?|docker\.io\/|registry\.hub\.docker\.com\/)/, '').replace(/^library\//, '');
  return IMAGE_SHELLS.find(row => row.image.test(name))?.shell ?? 'unknown';
}

function baseText(stage: StageFacts | undefined, dockerfile: ImageSource): string {
  if (!stage) return '';
  const environment = withEntries(NO_VARIABLES, dockerfile.arguments, 'ARG', 'itself');
  const word = joined(stage.base, { environment: { ...environment, open: true } });
  return word.text;
}

function stageIndex(stages: readonly StageFacts[], target: string | undefined): number {
  if (target === undefined) return stages.length - 1;
  const named = stages.findIndex(stage => stage.name?.toLowerCase() === target.toLowerCase());
  return named >= 0 ? named : /^\d+$/.test(target) && stages[Number(target)] ? Number(target) : stages.length - 1;
}

/** The stage, and those before it that it is FROM. */
function inheritance(all: readonly StageFacts[], index: number): readonly StageFacts[] {
  const stages: StageFacts[] = [];
  for (let at = index; at >= 0;) {
    const stage = all[at];
    if (!stage) break;
    stages.push(stage);
    at = baseIndex(all, at);
  }
  return stages;
}

function baseIndex(all: readonly StageFacts[], index: number): number {
  const name = nameOf(all[index]!.base);
  return name === undefined ? -1 : all.slice(0, index).findIndex(stage => stage.name?.toLowerCase() === name.toLowerCase());
}

const nameOf = (expr: Expr): string | undefined => (expr.is === 'literal' && typeof expr.value === 'string' ? expr.value : undefined);

function workingDirectoryOf(stages: readonly StageFacts[], environment: Environment): string {
  const [stage, ...bases] = stages;
  if (!stage) return '/';
  const inherited = bases.length > 0 ? workingDirectoryOf(bases, environment) : '/';
  return stage.workingDirectory === undefined ? inherited : posix.resolve(inherited, substitute(stage.workingDirectory, environment));
}

interface Mapping { readonly dockerfile: ImageSource; readonly context: string; readonly tree: Tree; readonly environment: Environment }
type Copy = StageFacts['copies'][number];

/** `$NAME` and `${NAME}` by ENV, as Docker does in paths. */
function substitute(path: string, environment: Environment): string {
  return path.replace(/\$\{(\w{1,200})(?::?-([^}]{0,1000}))?\}|\$(\w+)/g, (written: string, braced: string | undefined, fallback: string | undefined, bare: string | undefined) => environment.variables.get((braced ?? bare)!)?.value ?? fallback ?? written);
}

/** Every COPY of a stage and its bases, the last one first, with its absolute target. */
function copiesOf(index: number, { dockerfile, environment }: Mapping): readonly { readonly copy: Copy; readonly target: string; readonly isFolder: boolean }[] {
  const stages = inheritance(dockerfile.stages, index);
  return stages.flatMap((stage, i) => {
    const inherited = workingDirectoryOf(stages.slice(i + 1), environment);
    return [...stage.copies].reverse().map(copy => {
      const written = substitute(copy.target, environment);
      const from = copy.workingDirectory === undefined ? inherited : posix.resolve(inherited, substitute(copy.workingDirectory, environment));
      return { copy, target: posix.resolve(from, written), isFolder: /(^|\/)\.?$/.test(written) || copy.sources.length > 1 };
    });
  });
}

/** The repository file at a path of the container, by the COPY instructions. */
function copied(path: string, index: number, map: Mapping, depth: number): string | undefined {
  if (depth > DEPTH) return undefined;
  for (const { copy, target, isFolder } of copiesOf(index, map)) {
    const rest = path === target ? '' : path.startsWith(target === '/' ? '/' : `${target}/`) ? path.slice(target === '/' ? 1 : target.length + 1) : undefined;
    if (rest === undefined) continue;
    for (const source of copy.sources) {
      const found = copy.from === undefined ? fromContext(source, rest, isFolder, map) : fromStage(copy.from, source, rest, index, map, depth);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function fromContext(source: string, rest: string, isFolder: boolean, { context, tree }: Mapping): string | undefined {
  const base = within(context, source.replace(/^\/+/, ''));
  const has = (candidate: string): string | undefined => (tree.store.has(candidate) ? candidate : undefined);
  if (/[*?[]/.test(source)) {
    if (rest === '' || rest.includes('/')) return undefined;
    const candidate = within(folderOf(base), rest);
    return matches(posix.basename(source), rest) ? has(candidate) : undefined;
  }
  return has(rest === '' ? base : within(base, rest)) ?? (isFolder || rest !== '' ? (rest === posix.basename(base) ? has(base) : undefined) : undefined);
}

/** A file name against a pattern of `*` and `?`, without backtracking over more than one star. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const same = (a: string, b: string): boolean => a.length === b.length && [...a].every((char, i) => char === '?' || char === b[i]);
  if (rest.length === 0) return same(pattern, name);
  const last = rest.at(-1)!;
  return name.length >= first.length + last.length && same(first, name.slice(0, first.length)) && (last === '' || same(last, name.slice(-last.length)));
}

function fromStage(from: string, source: string, rest: string, index: number, map: Mapping, depth: number): string | undefined {
  const other = stageNamed(from, index, map);
  if (other === undefined) return undefined;
  const base = posix.resolve(workingDirectoryOf(inheritance(map.dockerfile.stages, other), map.environment), substitute(source, map.environment));
  return copied(rest === '' ? base : posix.join(base, rest), other, map, depth + 1) ?? (rest === posix.basename(base) ? copied(base, other, map, depth + 1) : undefined);
}

function stageNamed(from: string, before: number, { dockerfile }: Mapping): number | undefined {
  const all = dockerfile.stages.slice(0, before);
  const named = all.findIndex(stage => stage.name?.toLowerCase() === from.toLowerCase());
  return named >= 0 ? named : /^\d+$/.test(from) && Number(from) < before ? Number(from) : undefined;
}

function foldersOf(path: string, index: number, map: Mapping, depth: number): readonly string[] {
  if (depth > DEPTH) return [];
  return copiesOf(index, map).flatMap(({ copy, target }) => copy.sources.flatMap(source => {
    if (copy.from !== undefined) {
      const other = stageNamed(copy.from, index, map);
      if (other === undefined || !isBelow(path, target)) return [];
      const base = posix.resolve(workingDirectoryOf(inheritance(map.dockerfile.stages, other), map.environment), substitute(source, map.environment));
      return foldersOf(posix.join(base, posix.relative(target, path)), other, map, depth + 1);
    }
    const base = within(map.context, source.replace(/^\/+/, ''));
    if (!map.tree.folders.has(base)) return [];
    if (isBelow(path, target)) {
      const folder = within(base, posix.relative(target, path));
      return map.tree.folders.has(folder) ? [folder] : [];
    }
    // COPY app /code/app: /code holds what the folder above app holds.
    const rest = isBelow(target, path) ? posix.relative(path, target) : undefined;
    return rest !== undefined && (base === rest || base.endsWith(`/${rest}`)) ? [base.slice(0, Math.max(0, base.length - rest.length - 1))] : [];
  }));
}

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);

/** The files of the repository that stand below a folder of the container. */
function below(folder: string, index: number, map: Mapping): readonly string[] {
  const { paths } = map.tree.store;
  const found = copiesOf(index, map).filter(({ copy, target }) => copy.from === undefined && (isBelow(target, folder) || isBelow(folder, target))).flatMap(({ copy, target }) => copy.sources.flatMap(source => {
    const base = within(map.context, source.replace(/^\/+/, '').replace(/[*?[][^]*/, ''));
    return paths.filter(path => base === '' || path === base || path.startsWith(`${base}/`)).filter(path => isBelow(posix.join(target, posix.relative(base, path)), folder));
  }));
  return [...new Set(found)];
}

/** The longest end of a container path that is a file of one of the folders; else the only file below the first of them that has any whose path ends so. */
function bySuffix(path: string, bases: readonly string[], tree: Tree): MappedFile | undefined {
  const parts = path.split('/').filter(Boolean);
  for (let i = 0; i < parts.length; i++) {
    const rest = parts.slice(i).join('/');
    const found = bases.map(base => within(base, rest)).find(candidate => tree.store.has(candidate));
    if (found !== undefined) return { path: found, how: 'guess' };
  }
  const end = parts.slice(-2).join('/');
  const ending = parts.length < 2 ? [] : (tree.byName.get(parts.at(-1)!) ?? []).filter(candidate => candidate.endsWith(`/${end}`));
  const [only, ...others] = bases.map(base => ending.filter(candidate => base === '' || candidate.startsWith(`${base}/`))).find(some => some.length > 0) ?? [];
  return only !== undefined && others.length === 0 ? { path: only, how: 'guess' } : undefined;
}

function foldersBySuffix(path: string, bases: readonly string[], tree: Tree): readonly string[] {
  const parts = path.split('/').filter(Boolean);
  const found = parts.flatMap((_, i) => bases.map(base => within(base, parts.slice(i).join('/'))).filter(candidate => tree.folders.has(candidate)));
  return found.slice(0, 1);
}
