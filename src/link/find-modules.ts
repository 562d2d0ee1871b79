import { posix } from 'node:path';

/** The Python modules of a tree, by the last part of their name. */
export interface ModuleIndex {
  readonly byStem: ReadonlyMap<string, readonly string[]>;
  /** Folders that hold an `__init__.py`, and are not where a project starts. */
  readonly packages: ReadonlySet<string>;
}

/** What stands where a project starts: its imports begin there, whether or not somebody put an `__init__.py` beside it. */
export const PYTHON_STARTS: ReadonlySet<string> = new Set(['manage.py', 'pyproject.toml', 'setup.py', 'Pipfile', 'requirements.txt', 'Dockerfile', 'Procfile']);

/**
 * Libraries and standard modules that repositories like to name a file after (`app/celery.py`, `redis.py`, `types.py`). As the
 * first part of an absolute import they mean the library: Python finds a file of that name only on its path, and a file inside a
 * package is not.
 */
const LIBRARIES: ReadonlySet<string> = new Set([
  'celery', 'kombu', 'billiard', 'redis', 'django', 'flask', 'environ', 'decouple', 'environs', 'configurations', 'dynaconf', 'pydantic', 'pydantic_settings',
  'requests', 'httpx', 'aiohttp', 'boto3', 'botocore', 'stripe', 'twilio', 'sqlalchemy', 'pymongo', 'psycopg', 'psycopg2', 'sentry_sdk', 'kubernetes', 'docker',
  'os', 'sys', 'datetime', 'time', 'logging', 'typing', 'types', 'signal', 'json', 'functools', 'enum', 'email', 'queue', 'random', 'socket', 'ssl', 'calendar', 'subprocess', 'pathlib', 'smtplib',
]);

export function moduleIndex(paths: readonly string[]): ModuleIndex {
  const byStem = new Map<string, string[]>();
  const packages = new Set<string>();
  const starts = new Set(paths.filter(path => PYTHON_STARTS.has(posix.basename(path))).map(path => posix.dirname(path)));
  for (const path of paths) {
    if (!path.endsWith('.py')) continue;
    const isPackage = path === '__init__.py' || path.endsWith('/__init__.py');
    if (isPackage && !starts.has(posix.dirname(path))) packages.add(posix.dirname(path));
    const stem = isPackage ? posix.basename(posix.dirname(path)) : posix.basename(path, '.py');
    const list = byStem.get(stem);
    if (list) list.push(path); else byStem.set(stem, [path]);
  }
  return { byStem, packages };
}

/** The files a dotted module name can mean for an import in `from`, best first. Empty: a library. */
export function findModules(index: ModuleIndex, module: string, from: string): readonly string[] {
  if (module.startsWith('.')) return relativeModule(index, module, from);
  const parts = module.split('.');
  if (LIBRARIES.has(parts[0]!)) return [];
  const last = parts[parts.length - 1]!;
  const suffixes = [`${parts.join('/')}.py`, `${parts.join('/')}/__init__.py`];
  const found = (index.byStem.get(last) ?? []).filter(path => suffixes.some(suffix => path === suffix || path.endsWith(`/${suffix}`)));
  const rootOf = (path: string): string => { const suffix = suffixes.find(candidate => path.endsWith(candidate))!; return path.slice(0, Math.max(0, path.length - suffix.length - 1)); };
  const onPath = (path: string): boolean => !index.packages.has(rootOf(path) || '.');
  const usable = parts.length > 1 ? found : found.filter(onPath);
  return [...usable].sort((a, b) => Number(onPath(b)) - Number(onPath(a)) || shared(b, from) - shared(a, from) || a.length - b.length || (a < b ? -1 : 1));
}

/** The dotted name a file is imported by: from the folder above its outermost package. */
export function importName(index: ModuleIndex, path: string): string {
  const parts = path.replace(/\.py$/, '').split('/');
  if (parts[parts.length - 1] === '__init__') parts.pop();
  let start = parts.length - 1;
  while (start > 0 && index.packages.has(parts.slice(0, start).join('/'))) start--;
  return parts.slice(start).join('.');
}

/** The folders two paths have in common, counted from the root. */
export function shared(a: string, b: string): number {
  const left = a.split('/'), right = b.split('/');
  let count = 0;
  while (count < left.length - 1 && count < right.length - 1 && left[count] === right[count]) count++;
  return count;
}

/** Of some places in the tree those that have the most folders in common with a path. */
export function nearestTo<T extends { readonly path: string }>(path: string, places: readonly T[]): readonly T[] {
  const most = Math.max(...places.map(place => shared(place.path, path)));
  return places.filter(place => shared(place.path, path) === most);
}

function relativeModule(index: ModuleIndex, module: string, from: string): readonly string[] {
  const dots = /^\.+/.exec(module)![0].length;
  let folder = posix.dirname(from);
  for (let i = 1; i < dots; i++) folder = posix.dirname(folder);
  const rest = module.slice(dots).split('.').filter(Boolean);
  const base = posix.normalize([folder, ...rest].join('/'));
  const stem = posix.basename(base === '.' ? folder : base);
  const wanted = base === '.' ? ['__init__.py'] : [`${base}.py`, `${base}/__init__.py`];
  return (index.byStem.get(rest.length === 0 && base === '.' ? '.' : stem) ?? []).filter(path => wanted.includes(path));
}
