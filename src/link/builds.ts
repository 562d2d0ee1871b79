import { posix } from 'node:path';
import type { ContainerFacts, Expr, Facts, FactStore, Join, SourceLocation } from '../model/index.js';
import { samePlace, startOf } from '../model/index.js';
import { FOREIGN_IMAGES, FOREIGN_PUBLISHERS } from '../knowledge/start-commands.js';
import { ofProject } from './projects.js';
import { folderOf, foldersAbove, imageOf, treeOf, unknownImage, within, type Image, type ImageSource, type Tree } from './start/image.js';
import { joined, OPEN_ENVIRONMENT } from './process-environment.js';
import { remembered } from './remember.js';
import { isDevelopmentName } from './roles.js';

/** The image a container runs, and why. `foreign`: it runs something else than the repository's code. */
export interface Build { readonly image: Image; readonly join?: Join; readonly foreign: boolean; readonly missing?: string }

/** Every Dockerfile of a tree, and the names that builds give to images. */
export interface Builds {
  readonly tree: Tree;
  readonly dockerfiles: readonly ImageSource[];
  of(container: ContainerFacts, path: string, isEcs: boolean): Build;
  /** The image of a Dockerfile that nothing builds: its last stage, from the folder that holds what it copies. */
  alone(dockerfile: ImageSource): Image;
}

interface NamedBuild { readonly name: ImageName; readonly container: ContainerFacts; readonly path: string }

export function findBuilds(store: FactStore, containers: readonly { readonly container: ContainerFacts; readonly path: string }[]): Builds {
  const tree = treeOf(store);
  const dockerfiles = store.paths.filter(path => /(docker|container)file[^/]*$/i.test(path)).flatMap(path => dockerfileIn(store.facts(path)));
  const named = containers.flatMap(({ container, path }): readonly NamedBuild[] => {
    const name = container.build && imageName(container.image);
    return name ? [{ name, container, path }] : [];
  });
  const alone = remembered((dockerfile: ImageSource) => imageOf(dockerfile, contextOf(dockerfile, undefined, tree), undefined, tree));
  const world: World = { tree, dockerfiles, named, alone };
  return {
    tree, dockerfiles, alone,
    of: (container, path, isEcs) => buildOf(container, path, isEcs, world),
  };
}

interface World extends Pick<Builds, 'tree' | 'dockerfiles' | 'alone'> { readonly named: readonly NamedBuild[] }

function dockerfileIn(facts: Facts | undefined): readonly ImageSource[] {
  return facts?.dockerfile && facts.dockerfile.stages.length > 0 ? [{ path: facts.path, ...facts.dockerfile }] : [];
}

function buildOf(container: ContainerFacts, path: string, isEcs: boolean, world: World): Build {
  if (container.build) return explicit(container, path, world);
  const name = imageName(container.image);
  const [twin] = name ? ofProject(path, world.named.filter(build => sameImage(build.name, name) && explicit(build.container, build.path, world).join), world.tree.store) : [];
  if (twin) {
    const { missing: _, ...build } = explicit(twin.container, twin.path, world);
    return build.join ? { ...build, join: { step: 'build', how: 'written', at: unique([container.image?.at ?? container.at, ...build.join.at]) } } : build;
  }
  if (isForeign(container.image, isEcs)) return { image: unknownImage(foldersAbove(path), world.tree), foreign: true };
  const found = byContent(container, path, world) ?? onlyOne(container, path, isEcs, world);
  if (!found) return { image: unknownImage(foldersAbove(path), world.tree), foreign: false };
  return { image: world.alone(found), foreign: false, join: { step: 'build', how: 'only-candidate', at: [container.image?.at ?? container.at, startOf(found.path)] } };
}

function explicit(container: ContainerFacts, path: string, { tree, dockerfiles }: World): Build {
  const { context, dockerfile, target, at } = container.build!;
  const base = folderOf(path);
  const file = dockerfile ?? (context === undefined ? undefined : within(context, 'Dockerfile'));
  const candidates = file === undefined ? [] : [file, ...(context === undefined ? [] : [within(context, file)]), within(base, file), ...(context === undefined ? [] : [within(within(base, context), file)])];
  const named = candidates.map(candidate => dockerfiles.find(entry => entry.path === candidate)).find(entry => entry !== undefined);
  // Written for another folder than the file's own (`-f compose/x.yml` from the root): the Dockerfile whose path ends so.
  const parts = file?.split('/') ?? [];
  const moved = parts.map((_, i) => parts.slice(i).join('/')).map(end => dockerfiles.find(entry => entry.path === end)).find(entry => entry !== undefined);
  const found = named ?? moved;
  if (!found) return { image: unknownImage([context ?? base, ...foldersAbove(path)], tree), foreign: false, ...(file !== undefined && { missing: file }) };
  return { image: imageOf(found, contextOf(found, context, tree), target, tree), foreign: false, join: { step: 'build', how: named ? 'written' : 'only-candidate', at: [at, startOf(found.path)] } };
}

/** The build's context: as written, unless the sources it copies lie elsewhere; then its own folder or one above. */
function contextOf(dockerfile: ImageSource, written: string | undefined, tree: Tree): string {
  const sources = dockerfile.stages.flatMap(stage => stage.copies.filter(copy => copy.from === undefined).flatMap(copy => copy.sources)).filter(source => !/[*?[$]/.test(source) && source !== '.' && source !== './');
  const candidates = [...new Set([...(written === undefined ? [] : [written]), ...foldersAbove(dockerfile.path)])];
  const held = (context: string): number => sources.filter(source => { const path = within(context, source.replace(/^\/+/, '')); return tree.store.has(path) || tree.folders.has(path); }).length;
  return candidates.reduce((best, candidate) => (held(candidate) > held(best) ? candidate : best));
}

/** The only Dockerfile, of the tree or of the project, whose COPYs hold the script or the app's module that the command names. */
function byContent(container: ContainerFacts, path: string, world: World): ImageSource | undefined {
  const { dockerfiles, alone } = world;
  const words = [...(container.entryPoint?.words ?? []), ...(container.command?.words ?? [])].map(word => joined(word, { environment: OPEN_ENVIRONMENT }).text).flatMap(text => text.split(/\s+/));
  const app = words.find((_, i) => words[i - 1] === '-A' || words[i - 1] === '--app') ?? words.find(word => word.startsWith('--app='))?.slice(6);
  const scripts = words.filter(word => /\.(sh|py)$/.test(word) || /^\.{0,2}\/[\w./-]+$/.test(word));
  const holds = (dockerfile: ImageSource): boolean => {
    const image = alone(dockerfile);
    const inside = (path: string): boolean => image.file(posix.resolve(image.workingDirectory, path))?.how === 'written';
    return scripts.some(inside) || (app !== undefined && modulePaths(app).some(inside));
  };
  const holding = dockerfiles.filter(holds);
  return only(holding) ?? only(ofProject(path, holding, world.tree.store));
}

const modulePaths = (app: string): readonly string[] => {
  const path = app.split(':')[0]!.replaceAll('.', '/');
  return [`${path}.py`, `${path}/__init__.py`, `${path}/celery.py`, `${path.replace(/\/[^/]+$/, '')}.py`];
};

/**
 * The repository's only Dockerfile, or that of the project in which the container is declared, for an image that can be its own. A Compose
 * image without a command may be anybody's.
 */
function onlyOne(container: ContainerFacts, path: string, isEcs: boolean, world: World): ImageSource | undefined {
  return isEcs || container.command || container.entryPoint ? only(world.dockerfiles) ?? only(ofProject(path, world.dockerfiles, world.tree.store)) : undefined;
}

/** The only one; the only one that is not for development. */
function only(candidates: readonly ImageSource[]): ImageSource | undefined {
  if (candidates.length <= 1) return candidates[0];
  const deployed = candidates.filter(({ path }) => !isDevelopmentName(path));
  return deployed.length === 1 ? deployed[0] : undefined;
}

/** An image of somebody else: a database, a proxy, an agent. On ECS also any official image of Docker Hub. */
function isForeign(image: Expr | undefined, isEcs: boolean): boolean {
  if (!image) return false;
  const { text, known } = joined(image, { environment: OPEN_ENVIRONMENT });
  return FOREIGN_IMAGES.test(text.toLowerCase()) || FOREIGN_PUBLISHERS.test(text.toLowerCase()) || (isEcs && known && /^[\w.-]+(:[\w.-]+)?$/.test(text) && /^(python|alpine|ubuntu|debian|busybox|node|amazonlinux)(:|$)/.test(text));
}

/** `anyOwner`: a variable stands where the registry or owner is. */
interface ImageName { readonly path: string; readonly anyOwner: boolean }

const sameImage = (a: ImageName, b: ImageName): boolean => a.path === b.path || ((a.anyOwner || b.anyOwner) && posix.basename(a.path) === posix.basename(b.path));

/** An image's name without registry, tag, digest and what variables add. */
function imageName(image: Expr | undefined): ImageName | undefined {
  if (!image) return undefined;
  const parts = image.is === 'operation' && image.operator === 'concat' ? image.operands : [image];
  const text = parts.map(part => (part.is === 'literal' ? String(part.value) : '')).join('');
  const path = text.replace(/@[^]*/, '').replace(/:[^/:]*$/, '').replace(/^(?:[^/.:]*[.:][^/]*|localhost)?\//, '');
  return path === '' ? undefined : { path, anyOwner: parts.length > 1 && parts[0]!.is !== 'literal' };
}

const unique = (places: readonly SourceLocation[]): readonly SourceLocation[] => places.filter((place, i) => places.findIndex(other => samePlace(other, place)) === i);
