import { posix } from 'node:path';
import type { Expr, FactStore, TerraformFacts } from '../../model/index.js';

/** What the files of one folder name together. */
export interface Table extends Omit<TerraformFacts, 'values'> {
  /** terraform.tfvars and *.auto.tfvars: read without being named. */
  readonly values: TerraformFacts['values'];
  /** Other .tfvars of the folder or below it, each for an environment: a plan is made with one of them. */
  readonly variants: readonly TerraformFacts['values'][];
}

/** One use of a module: the root, or a call with arguments, which are values of the caller. */
export interface Instance { readonly id: string; readonly folder: string; readonly table: Table; readonly arguments: ReadonlyMap<string, Expr>; readonly caller?: Instance; readonly tables: ReadonlyMap<string, Table>; /** The name the caller calls it by. */ readonly name?: string }

/** Uses of one folder that are told apart. */
const USES = 20;

/** The names of every folder with Terraform, whether or not it says something about a worker by itself. */
export function moduleTables(store: FactStore): ReadonlyMap<string, Table> {
  const byFolder = new Map<string, string[]>();
  for (const path of store.paths) if (/\.(?:tf|tfvars)$/i.test(path)) { const folder = folderOf(path); byFolder.set(folder, [...(byFolder.get(folder) ?? []), path]); }
  return new LazyTables(byFolder, store);
}

const folderOf = (path: string): string => posix.dirname(path);

/** Folders are read as they are asked for: a tree may hold thousands that say nothing about workers. */
class LazyTables extends Map<string, Table> {
  readonly #paths: ReadonlyMap<string, readonly string[]>;
  readonly #store: FactStore;
  constructor(paths: ReadonlyMap<string, readonly string[]>, store: FactStore) { super(); this.#paths = paths; this.#store = store; }
  override has(folder: string): boolean { return this.#paths.has(folder); }
  override keys(): MapIterator<string> { return this.#paths.keys() as MapIterator<string>; }
  override get(folder: string): Table | undefined {
    const before = super.get(folder);
    if (before || !this.#paths.has(folder)) return before;
    const table = tableOf(folder, this.#paths, this.#store);
    this.set(folder, table);
    return table;
  }
}

function tableOf(folder: string, paths: ReadonlyMap<string, readonly string[]>, store: FactStore): Table {
  const factsOf = (path: string): readonly TerraformFacts[] => { const found = store.facts(path)?.terraform; return found ? [found] : []; };
  const own = paths.get(folder) ?? [];
  const files = own.filter(path => /\.tf$/i.test(path)).flatMap(factsOf);
  const isRead = (path: string): boolean => /(?:^|\/)terraform\.tfvars$|\.auto\.tfvars$/i.test(path);
  const all = <K extends keyof Table & keyof TerraformFacts>(key: K): TerraformFacts[K] => files.flatMap(file => file[key] as readonly unknown[]) as unknown as TerraformFacts[K];
  const below = [...paths].filter(([other]) => other === folder || other.startsWith(`${folder === '.' ? '' : `${folder}/`}`)).flatMap(([, list]) => list).filter(path => /\.tfvars$/i.test(path) && !isRead(path));
  return {
    variables: all('variables'), locals: all('locals'), outputs: all('outputs'), modules: all('modules'), containers: all('containers'), templates: all('templates'), scaling: all('scaling'), policies: all('policies'),
    values: own.filter(isRead).flatMap(factsOf).flatMap(file => file.values), variants: below.flatMap(factsOf).map(file => file.values),
  };
}

/** Every use of the folders that hold task definitions or services, and of the modules on the way to them. */
export function instancesOf(tables: ReadonlyMap<string, Table>, wanted: ReadonlySet<string>): readonly Instance[] {
  const search: Search = { tables, callers: callersOf(tables), found: new Map() };
  return [...wanted].flatMap(folder => usesOf(folder, search));
}

/** `found`: the uses of every folder that was asked for; none yet: it is being asked for, so it calls itself. */
interface Search { readonly tables: ReadonlyMap<string, Table>; readonly callers: ReadonlyMap<string, readonly Caller[]>; readonly found: Map<string, readonly Instance[]> }

interface Caller { readonly folder: string; readonly module: TerraformFacts['modules'][number] }

/** Which folders call which; only folders in which a module with a local source stands are read. */
function callersOf(tables: ReadonlyMap<string, Table>): ReadonlyMap<string, readonly Caller[]> {
  const callers = new Map<string, Caller[]>();
  for (const folder of tables.keys()) {
    for (const module of tables.get(folder)?.modules ?? []) {
      if (module.source === undefined) continue;
      const target = module.source === '' ? '.' : module.source;
      callers.set(target, [...(callers.get(target) ?? []), { folder, module }]);
    }
  }
  return callers;
}

function usesOf(folder: string, search: Search): readonly Instance[] {
  const before = search.found.get(folder);
  if (before) return before;
  const { tables, callers, found } = search;
  const table = tables.get(folder);
  if (!table) return [];
  found.set(folder, []);
  const called = (callers.get(folder) ?? []).slice(0, USES).flatMap(({ folder: from, module }) => usesOf(from, search).map((caller): Instance => ({
    id: `${caller.id === '' ? '' : `${caller.id}.`}module.${module.name}`, folder, table, tables, arguments: new Map(module.arguments.map(({ name, value }) => [name, value])), caller, name: module.name,
  })));
  const uses = called.length > 0 ? called.slice(0, USES) : [{ id: folder, folder, table, tables, arguments: new Map<string, Expr>() }];
  found.set(folder, uses);
  return uses;
}

/** The instance that a call in this one leads to. */
export function calledFrom(instance: Instance, name: string): Instance | undefined {
  const module = instance.table.modules.find(one => one.name === name);
  const folder = module?.source === '' ? '.' : module?.source;
  const table = folder === undefined ? undefined : instance.tables.get(folder);
  return module && folder !== undefined && table ? { id: `${instance.id}.module.${name}`, folder, table, tables: instance.tables, arguments: new Map(module.arguments.map(argument => [argument.name, argument.value])), caller: instance, name } : undefined;
}
