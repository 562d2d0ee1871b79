import { posix } from 'node:path';
import type { FactStore, PackageFacts } from '../model/index.js';
import { nearestTo } from './find-modules.js';

const ENDINGS = ['', '.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '/index.ts', '/index.tsx', '/index.js', '/index.mjs'];
export const isScript = (path: string): boolean => /\.[cm]?[jt]sx?$/i.test(path);

/** Where the modules of TypeScript and JavaScript lie: beside each other, by a tsconfig's `paths`, in a package of the workspace. */
export interface ScriptFinder {
  /** The file a specifier means for an import in `from`; empty: a library. */
  find(specifier: string, from: string): readonly string[];
  /** The folder of the nearest package.json above a path; '.' where there is none. */
  packageOf(path: string): string;
  package(folder: string): PackageFacts | undefined;
  /** The folders that hold a package.json. */
  readonly packages: readonly string[];
  /** Files that may use what a file gives, the nearest first: beside it, above it up to the package's own folder, and of a small package all others. */
  near(path: string): readonly string[];
}

/** Files that are looked at for one that nobody is seen to use. */
const MOST_NEAR = 80;
/** Use what a file gives in another way than the program does. */
const TESTS = /\.(?:spec|test)\.|(?:^|\/)(?:tests?|__tests__|e2e)\//;

export function scriptFinder(store: FactStore): ScriptFinder {
  const packages = store.paths.filter(path => posix.basename(path) === 'package.json').map(path => posix.dirname(path));
  const folders = new Set(packages);
  const byName = new Map<string, { readonly path: string }[]>();
  let named = false;

  const packageAt = (folder: string): PackageFacts | undefined => store.facts(posix.join(folder, 'package.json'))?.package;

  /** `./worker.js` is written for what is built from `./worker.ts`. */
  function fileAt(base: string): readonly string[] {
    const path = posix.normalize(base);
    for (const stem of [path, path.replace(/\.[cm]?jsx?$/, '')]) {
      for (const ending of ENDINGS) { const candidate = `${stem}${ending}`; if (isScript(candidate) && store.has(candidate)) return [candidate]; }
    }
    return [];
  }

  function* above(path: string): Generator<string> {
    for (let at = posix.dirname(path); ; at = posix.dirname(at)) { yield at; if (at === '.' || at === '/') return; }
  }

  function byPaths(specifier: string, from: string): readonly string[] {
    for (const folder of above(from)) {
      const options = store.facts(posix.join(folder, 'tsconfig.json'))?.package ?? store.facts(posix.join(folder, 'tsconfig.base.json'))?.package;
      if (!options) continue;
      for (const [pattern, targets] of options.paths) {
        const [head = '', tail] = pattern.split('*');
        if (tail === undefined ? specifier !== pattern : !(specifier.startsWith(head) && specifier.endsWith(tail))) continue;
        const middle = tail === undefined ? '' : specifier.slice(head.length, specifier.length - tail.length);
        for (const target of targets) { const found = fileAt(posix.join(folder, target.replace('*', middle))); if (found.length > 0) return found; }
      }
      const found = options.baseUrl === undefined ? [] : fileAt(posix.join(folder, options.baseUrl, specifier));
      if (found.length > 0) return found;
    }
    return [];
  }

  /** The package of a name; of several workspaces in one tree that have one, the nearest. */
  function packageNamed(name: string, from: string): string | undefined {
    if (!named) { named = true; for (const folder of packages) { const own = packageAt(folder)?.name; if (own !== undefined) byName.set(own, [...(byName.get(own) ?? []), { path: posix.join(folder, 'package.json') }]); } }
    const [nearest] = nearestTo(from, byName.get(name) ?? []);
    return nearest && posix.dirname(nearest.path);
  }

  function byWorkspace(specifier: string, from: string): readonly string[] {
    const parts = specifier.split('/');
    const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/'), rest = parts.slice(specifier.startsWith('@') ? 2 : 1).join('/');
    const folder = packageNamed(name, from);
    if (folder === undefined) return [];
    if (rest !== '') return [fileAt(posix.join(folder, rest)), fileAt(posix.join(folder, 'src', rest))].find(found => found.length > 0) ?? [];
    const main = packageAt(folder)?.main?.replace(/(^|\/)(?:dist|build|lib)\//, '$1src/');
    return [...(main === undefined ? [] : [fileAt(posix.join(folder, main))]), fileAt(posix.join(folder, 'src/index')), fileAt(posix.join(folder, 'index'))].find(found => found.length > 0) ?? [];
  }

  const homeOf = (path: string): string => [...above(path)].find(folder => folders.has(folder)) ?? '.';

  let byFolder: ReadonlyMap<string, readonly string[]> | undefined;
  function inFolder(folder: string): readonly string[] {
    if (!byFolder) {
      const found = new Map<string, string[]>();
      for (const path of store.paths) if (isScript(path) && !path.endsWith('.d.ts')) { const own = found.get(posix.dirname(path)); if (own) own.push(path); else found.set(posix.dirname(path), [path]); }
      byFolder = found;
    }
    return byFolder.get(folder) ?? [];
  }

  function near(path: string): readonly string[] {
    const found: string[] = [];
    for (const folder of above(path)) {
      found.push(...inFolder(folder));
      if (folders.has(folder) || found.length > MOST_NEAR) break;
    }
    const home = homeOf(path);
    const others = [...(byFolder ?? [])].flatMap(([, own]) => (homeOf(own[0]!) === home && !found.includes(own[0]!) ? own : [])).filter(one => !TESTS.test(one));
    return found.length + others.length > MOST_NEAR ? found.slice(0, MOST_NEAR) : [...found, ...others];
  }

  const known = new Map<string, readonly string[]>();
  return {
    packages, near,
    package: packageAt,
    packageOf: homeOf,
    find(specifier, from) {
      if (specifier.startsWith('.')) return fileAt(posix.join(posix.dirname(from), specifier));
      const key = `${posix.dirname(from)}\0${specifier}`;
      const before = known.get(key);
      if (before) return before;
      const found = specifier.startsWith('node:') ? [] : [byPaths(specifier, from), byWorkspace(specifier, from)].find(paths => paths.length > 0) ?? [];
      known.set(key, found);
      return found;
    },
  };
}
