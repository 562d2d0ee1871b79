import type { Expr, MessageConsumer, SourceLocation, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, literalText, nested, spotOf, walk } from '../../model/index.js';
import { bindingsOf } from '../bindings.js';
import { classScope, returnsOf } from '../bodies.js';
import type { ClassTarget, FunctionTarget, Resolver, Scope } from '../modules.js';
import { codeSites, functionNamed } from './walk.js';

/** The consumers that a process makes whose first module this is; none where that could not be followed. */
export type StartedBy = (module: string) => readonly MessageConsumer[];

/** Methods that are called without being named: a constructor, and what NestJS calls of a provider (docs.nestjs.com/fundamentals/lifecycle-events). */
const MADE_WITH = ['constructor', '__init__', 'onModuleInit', 'onApplicationBootstrap'];
/** Statements, and modules, that are looked at for one module that starts a process; modules for all of a tree. */
const STATEMENTS = 50_000, MODULES = 300, ALL_MODULES = 600;

/**
 * Follows what runs when a module is started: the code of all modules it imports, the functions that code calls or hands on, of the classes
 * it makes the methods whose names it uses, and the providers of NestJS's modules, all of them in the package of that module. A consumer in
 * code that nothing of this reaches is not started by it.
 */
export function startedBy(consumers: readonly MessageConsumer[], resolver: Resolver): StartedBy {
  const byPlace = new Map(consumers.filter(({ polls }) => polls).map(consumer => [spotOf(consumer.at), consumer]));
  const homes = new Set([...byPlace.values()].map(({ at }) => resolver.scripts.packageOf(at.path)));
  const known = new Map<string, readonly MessageConsumer[]>();
  const world: World = { byPlace, resolver, modules: ALL_MODULES };
  return module => {
    let found = known.get(module);
    if (!found) known.set(module, (found = homes.has(resolver.scripts.packageOf(module)) ? [...run(module, world)] : []));
    return found;
  };
}

/** What the walks of a tree share: its consumers, and the modules that may still be looked at. */
interface World { readonly byPlace: ReadonlyMap<string, MessageConsumer>; readonly resolver: Resolver; modules: number }

function run(first: string, all: World): ReadonlySet<MessageConsumer> {
  const { byPlace, resolver } = all;
  const { packageOf } = resolver.scripts;
  const home = packageOf(first);
  const found = new Set<MessageConsumer>();
  const seen = new Set<unknown>();
  let left = STATEMENTS, modules = MODULES;
  /** What is left to look into: a list, as the code of a tree calls itself deeper than a stack is. */
  const later: (() => void)[] = [];
  /** Methods of classes that were made, whose names nothing has used yet. */
  const waiting = new Map<string, FunctionTarget[]>();
  const used = new Set<string>(MADE_WITH);
  const isNew = (what: unknown): boolean => !seen.has(what) && seen.add(what) !== undefined;
  const note = (at: SourceLocation): void => { const consumer = byPlace.get(spotOf(at)); if (consumer) found.add(consumer); };

  function module(path: string): void {
    const scope = modules > 0 && all.modules > 0 && packageOf(path) === home ? resolver.module(path) : undefined;
    if (scope && isNew(scope) && modules-- > 0 && all.modules-- > 0) later.push(() => { statements(scope.statements, scope); });
  }

  function statements(all: readonly Statement[], scope: Scope): void {
    for (const statement of all) {
      if (left-- <= 0) return;
      if (isLoaded(statement, scope)) for (const path of resolver.find(statement.module, scope.path)) module(path);
      for (const expr of expressionsOf(statement)) expression(expr, scope);
      statements(nested(statement), scope);
    }
  }

  /**
   * TypeScript leaves out an import of which no name is used as a value (typescriptlang.org/docs/handbook/modules/reference.html#import-elision).
   * What a module passes on to others (`export * from`) is looked at where they use it: whole libraries stand behind one such file.
   */
  function isLoaded(statement: Statement, scope: Scope): statement is Import {
    if (statement.do !== 'import-names' && statement.do !== 'import-module') return false;
    const names = statement.do === 'import-names' ? statement.names.map(([, own]) => own) : [statement.alias];
    if (!/\.[cm]?tsx?$/i.test(scope.path)) return true;
    return names.some(own => own === undefined || valuesOf(scope).has(own));
  }

  /** The name is none of a library's, nor of another package: files are not read for it. */
  function mayLead(expr: Expr, { path }: Scope): boolean {
    const name = rootOf(expr);
    const module = resolver.module(path);
    const imported = name === undefined || !module ? undefined : bindingsOf(module.statements).byName.get(name)?.find(one => one.kind === 'import');
    return imported?.kind !== 'import' || resolver.find(imported.module, path).some(found => packageOf(found) === home);
  }

  const values = new Map<string, ReadonlySet<string>>();
  function valuesOf({ path }: Scope): ReadonlySet<string> {
    let names = values.get(path);
    const scope = resolver.module(path);
    if (!names) values.set(path, (names = new Set(scope ? [...codeSites(scope.statements, scope, resolver)].flatMap(({ statement }) => [...expressionsOf(statement), ...declared(statement)]).flatMap(expr => walk(expr).flatMap(part => (part.is === 'name' ? [part.name] : []))) : [])));
    return names;
  }

  function expression(expr: Expr, scope: Scope): void {
    for (const part of walk(expr)) {
      if (part.is === 'function' && part.code) call({ is: 'function', function: part.code, scope });
      if (part.is === 'member' && !used.has(part.name)) { used.add(part.name); waiting.get(part.name)?.forEach(call); }
      if (part.is !== 'call') continue;
      note(part.at);
      const loaded = loadedBy(part);
      if (loaded !== undefined) for (const path of resolver.find(loaded, scope.path)) module(path);
      const given = [...part.positional, ...part.keywords.map(([, value]) => value)];
      for (const one of [part.callee, ...given]) { const target = mayLead(one, scope) ? functionNamed(one, scope, resolver) : undefined; if (target) call(target); }
      const callee = mayLead(part.callee, scope) ? resolver.resolve(part.callee, scope) : undefined;
      if (callee?.is === 'class') make(callee);
      if (/(?:^|\.)NestFactory\.create\w*$/.test(dottedName(part.callee) ?? '')) for (const one of given) provide(one, scope);
    }
  }

  function call(target: FunctionTarget): void {
    if (!isNew(target.function)) return;
    module(target.scope.path);
    later.push(() => { statements(target.function.body, resolver.inside(target)); });
  }

  function make(target: ClassTarget): void {
    if (!isNew(target.class)) return;
    const scope = classScope(target);
    module(target.scope.path);
    later.push(() => { statements(target.class.body, scope); });
    for (const statement of target.class.body) {
      if (statement.do !== 'function') continue;
      const method: FunctionTarget = { is: 'function', function: statement.function, scope, owner: target };
      const { name, decorators } = statement.function;
      if (used.has(name) || decorators.length > 0) call(method); else waiting.set(name, [...waiting.get(name) ?? [], method]);
    }
    for (const base of resolver.lineage(target)) if (base.is === 'class') make(base);
  }

  /** Each class that is named in a module of NestJS, by itself, in a list or a constant, is made by it. */
  function provide(expr: Expr, scope: Scope): void {
    if (left-- <= 0) return;
    for (const part of walk(expr)) {
      if (part.is === 'function') provide(part.returns, scope);
      if ((part.is !== 'name' && part.is !== 'member') || !mayLead(part, scope)) continue;
      const target = resolver.resolve(part, scope);
      if (target.is === 'class') provideClass(target);
      else if (target.is === 'value' && target.expr !== part && isNew(target.expr)) later.push(() => { provide(target.expr, target.scope); });
    }
  }

  function provideClass(target: ClassTarget): void {
    if (!isNew(target.class.decorators)) return;
    make(target);
    const methods = target.class.body.flatMap(statement => (statement.do === 'function' ? [statement.function] : []));
    for (const decorator of [...target.class.decorators, ...methods.flatMap(({ decorators }) => decorators)]) note(decorator.at);
    const own = target.class.decorators.filter(decorator => decorator.is === 'call' && /(?:^|\.)Module$/.test(dottedName(decorator.callee) ?? ''));
    for (const decorator of own) later.push(() => { provide(decorator, target.scope); });
    // static forRoot() { return { module, providers: [Mail] }; }
    if (own.length > 0) for (const method of methods) for (const returned of returnsOf(method.body)) provide(returned, resolver.inside({ is: 'function', function: method, scope: classScope(target), owner: target }));
  }

  module(first);
  // what is near is looked at first
  for (let i = 0; i < later.length && found.size < byPlace.size; i++) later[i]!();
  return found;
}

/** `await import('./worker')`, `require('./worker')`: for what the module does as it is loaded. */
function loadedBy({ callee, positional: [module] }: Extract<Expr, { is: 'call' }>): string | undefined {
  return (callee.is === 'opaque' && callee.text === 'import') || (callee.is === 'name' && callee.name === 'require') ? literalText(module) : undefined;
}

type Import = Extract<Statement, { do: 'import-names' | 'import-module' | 'import-star' }>;

/** What a declaration evaluates beside its body. */
function declared(statement: Statement): readonly Expr[] {
  if (statement.do === 'class') return [...statement.class.decorators, ...statement.class.bases];
  return statement.do === 'function' ? [...statement.function.decorators, ...statement.function.parameters.flatMap(({ fallback }) => fallback ?? [])] : [];
}

/** `mail` of `mail.start`, `new Mail().start`. */
function rootOf(expr: Expr): string | undefined {
  for (let at = expr; ;) {
    if (at.is === 'name') return at.name;
    if (at.is === 'member') at = at.object; else if (at.is === 'call') at = at.callee; else return undefined;
  }
}
