import { posix } from 'node:path';
import type { Expr, FactStore, RepeatFacts, TerraformFacts } from '../../model/index.js';

/** What the files of one folder name together. */
export interface Table extends Omit<TerraformFacts, 'values'> {
  /** terraform.tfvars and *.auto.tfvars: read without being named. */
  readonly values: TerraformFacts['values'];
  /** Other .tfvars of the folder or below it, each for an environment: a plan is made with one of them. */
  readonly variants: readonly TerraformFacts['values'][];
}

/** What `each.key`, `each.value` and `count.index` are in one copy of a block. */
export interface Copy { readonly name: string; readonly key: Expr; readonly value: Expr }

/** One use of a module: the root, or a call with arguments, which are values of the caller. */
export interface Instance { readonly each?: Copy; readonly id: string; readonly folder: string; readonly table: Table; readonly arguments: ReadonlyMap<string, Expr>; readonly caller?: Instance; readonly tables: ReadonlyMap<string, Table>; /** The name the caller calls it by. */ readonly name?: string }

/** Uses of one folder that are told apart. */
const USES = 20;

/** The names of every folder with Terraform, whether or not it says something about a worker by itself. */
export function moduleTables(store: FactStore): ReadonlyMap<string, Table> {
  const paths = store.paths.filter(path => /\.(?:tf|tfvars)$/i.test(path));
  const isRead = (path: string): boolean => /(?:^|\/)terraform\.tfvars$|\.auto\.tfvars$/i.test(path);
  const variants = paths.filter(path => /\.tfvars$/i.test(path) && !isRead(path));
  const factsOf = (path: string): readonly TerraformFacts[] => { const found = store.facts(path)?.terraform; return found ? [found] : []; };
  const byFolder = new Map<string, string[]>();
  for (const path of paths) { const folder = posix.dirname(path); byFolder.set(folder, [...(byFolder.get(folder) ?? []), path]); }
  return new Map([...byFolder].map(([folder, own]) => {
    const files = own.filter(path => /\.tf$/i.test(path)).flatMap(factsOf);
    const below = variants.filter(path => folder === '.' || path.startsWith(`${folder}/`));
    return [folder, {
      variables: files.flatMap(file => file.variables), locals: files.flatMap(file => file.locals), outputs: files.flatMap(file => file.outputs), modules: files.flatMap(file => file.modules),
      containers: files.flatMap(file => file.containers), templates: files.flatMap(file => file.templates), scaling: files.flatMap(file => file.scaling), policies: files.flatMap(file => file.policies),
      values: own.filter(isRead).flatMap(factsOf).flatMap(file => file.values), variants: below.flatMap(factsOf).map(file => file.values),
    }];
  }));
}

/** Every use of the folders that hold task definitions or services, and of the modules on the way to them. `cut`: folders with more uses than are told apart. */
export function instancesOf(tables: ReadonlyMap<string, Table>, wanted: ReadonlySet<string>, copiesOf: CopiesOf): { readonly instances: readonly Instance[]; readonly cut: ReadonlySet<string> } {
  const search: Search = { tables, callers: callersOf(tables), copiesOf, found: new Map(), cut: new Set() };
  return { instances: [...wanted].flatMap(folder => usesOf(folder, search)), cut: search.cut };
}

/** `found`: the uses of every folder that was asked for; none yet: it is being asked for, so it calls itself. */
interface Search { readonly tables: ReadonlyMap<string, Table>; readonly callers: ReadonlyMap<string, readonly Caller[]>; readonly copiesOf: CopiesOf; readonly found: Map<string, readonly Instance[]>; readonly cut: Set<string> }

/** See copies.ts, which needs what a module names. */
type CopiesOf = (repeat: RepeatFacts | undefined, instance: Instance) => readonly Instance[];

interface Caller { readonly folder: string; readonly module: TerraformFacts['modules'][number] }

/** Which folders call which by a local source. */
function callersOf(tables: ReadonlyMap<string, Table>): ReadonlyMap<string, readonly Caller[]> {
  const callers = new Map<string, Caller[]>();
  for (const folder of tables.keys()) {
    for (const module of tables.get(folder)?.modules ?? []) {
      if (module.source === undefined) continue;
      callers.set(module.source, [...(callers.get(module.source) ?? []), { folder, module }]);
    }
  }
  return callers;
}

function usesOf(folder: string, search: Search): readonly Instance[] {
  const before = search.found.get(folder);
  if (before) return before;
  const { tables, callers, copiesOf, found } = search;
  const table = tables.get(folder);
  if (!table) return [];
  found.set(folder, []);
  const called = (callers.get(folder) ?? []).slice(0, USES).flatMap(({ folder: from, module }) => usesOf(from, search).flatMap(user => copiesOf(module.repeat, user)).map((caller): Instance => ({
    id: `${caller.id === '' ? '' : `${caller.id}.`}module.${module.name}${caller.each && module.repeat ? `[${caller.each.name}]` : ''}`, folder, table, tables, arguments: new Map(module.arguments.map(({ name, value }) => [name, value])), caller, name: module.name,
  })));
  if (called.length > USES || (callers.get(folder)?.length ?? 0) > USES) search.cut.add(folder);
  const uses = called.length > 0 ? called.slice(0, USES) : [{ id: folder, folder, table, tables, arguments: new Map<string, Expr>() }];
  found.set(folder, uses);
  return uses;
}

/** The instance that a call in this one leads to. */
export function calledFrom(instance: Instance, name: string): Instance | undefined {
  const module = instance.table.modules.find(one => one.name === name);
  const folder = module?.source;
  const table = folder === undefined ? undefined : instance.tables.get(folder);
  return module && folder !== undefined && table ? { id: `${instance.id}.module.${name}`, folder, table, tables: instance.tables, arguments: new Map(module.arguments.map(argument => [argument.name, argument.value])), caller: instance, name } : undefined;
}
