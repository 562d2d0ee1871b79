import type { FactStore } from '../model/index.js';
import { PYTHON_STARTS } from './find-modules.js';
import { folderOf } from './start/image.js';

/** What stands in the folder where a project starts: what its package manager reads, or what its image is built from. */
const STARTS: readonly string[] = [...PYTHON_STARTS, 'package.json', 'go.mod', 'Gemfile', 'pom.xml'];

/** The folders above a file in which a project starts, the nearest first; the root is the tree itself, and is left out. */
function projectsAbove(path: string, store: FactStore): readonly string[] {
  const folder = folderOf(path);
  if (folder === '') return [];
  return [...(STARTS.some(name => store.has(`${folder}/${name}`)) ? [folder] : []), ...projectsAbove(folder, store)];
}

const holds = (folder: string, { path }: { readonly path: string }): boolean => path.startsWith(`${folder}/`);

/** Of some places in a tree those of the project in which a file lies: the nearest one above it that has any. All of them where none has. */
export function ofProject<T extends { readonly path: string }>(path: string, places: readonly T[], store: FactStore): readonly T[] {
  if (places.length < 2) return places;
  const project = projectsAbove(path, store).find(folder => places.some(place => holds(folder, place)));
  return project === undefined ? places : places.filter(place => holds(project, place));
}

/** A file lies in a project of the tree, and none of the places does. */
export function isApart(path: string, places: readonly { readonly path: string }[], store: FactStore): boolean {
  const projects = projectsAbove(path, store);
  return projects.length > 0 && !projects.some(folder => places.some(place => holds(folder, place)));
}
