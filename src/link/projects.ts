import type { FactStore } from '../model/index.js';
import { PYTHON_STARTS } from './find-modules.js';
import { remembered } from './remember.js';
import { folderOf } from './start/image.js';

/** What stands in the folder where a project starts: what its package manager reads, or what its image is built from. */
const STARTS: readonly string[] = [...PYTHON_STARTS, 'package.json', 'go.mod', 'Gemfile', 'pom.xml'];

/** The folders above a file in which a project starts, the nearest first; the root is the tree itself, and is left out. */
function projectsAbove(path: string, store: FactStore): readonly string[] {
  const folder = folderOf(path);
  if (folder === '') return [];
  return [...(STARTS.some(name => store.has(`${folder}/${name}`)) ? [folder] : []), ...projectsAbove(folder, store)];
}

interface Place { readonly path: string }
const holds = (folder: string, { path }: Place): boolean => path.startsWith(`${folder}/`);

/** By folder: the same places are asked for many files. */
const known = remembered((_store: FactStore) => remembered((_places: readonly Place[]) => new Map<string, readonly Place[] | undefined>()));

/** The places in the nearest project above a file that has any; undefined: none has. */
function ownOf<T extends Place>(path: string, places: readonly T[], store: FactStore): readonly T[] | undefined {
  const byFolder = known(store)(places) as Map<string, readonly T[] | undefined>, folder = folderOf(path);
  if (!byFolder.has(folder)) {
    const project = projectsAbove(path, store).find(one => places.some(place => holds(one, place)));
    byFolder.set(folder, project === undefined ? undefined : places.filter(place => holds(project, place)));
  }
  return byFolder.get(folder);
}

/** Of some places in a tree those of the project in which a file lies: the nearest one above it that has any. All of them where none has. */
export function ofProject<T extends Place>(path: string, places: readonly T[], store: FactStore): readonly T[] {
  return places.length < 2 ? places : ownOf(path, places, store) ?? places;
}

/** A file lies in a project of the tree, and none of the places does. */
export function isApart(path: string, places: readonly Place[], store: FactStore): boolean {
  return projectsAbove(path, store).length > 0 && ownOf(path, places, store) === undefined;
}
