import { posix } from 'node:path';
import type { ClassFacts, Expr, FactStore, FunctionFacts, SourceLocation, Statement } from '../model/index.js';
import { valueIn } from '../model/index.js';
import { binds, bindingsOf, isProperty, takesItself, typeOf, type Binding } from './bindings.js';
import { classScope, partsOf, returnsOf } from './bodies.js';
import { argumentsOf } from './call-arguments.js';
import { createEvaluator, type Evaluator } from './evaluate.js';
import { findModules, importName, moduleIndex } from './find-modules.js';
import { isScript, scriptFinder, type ScriptFinder } from './find-scripts.js';

export type { Context, Lookup, Value } from './evaluate.js';

/** Where a name is looked up: a module, a class body or a function body, with what is bound there. */
export interface Scope {
  readonly path: string;
  readonly parent?: Scope;
  readonly statements: readonly Statement[];
  readonly kind: 'module' | 'class' | 'function';
  /** function scopes: what is known of the parameters at this call. */
  readonly bound?: ReadonlyMap<string, Target>;
  /** Methods: the class whose instance `self` is (the most derived one known). */
  readonly self?: ClassTarget;
  /** function scopes: the function. */
  readonly function?: FunctionFacts;
}

export type FunctionTarget = { readonly is: 'function'; readonly function: FunctionFacts; readonly scope: Scope; readonly owner?: ClassTarget };
export type ClassTarget = { readonly is: 'class'; readonly class: ClassFacts; readonly scope: Scope };
/** A name of a library, in full: `redis.Redis`, `celery.shared_task`, `django.core.cache.cache`. */
export type ExternalTarget = { readonly is: 'external'; readonly name: string };
/** The result of calling a class: of the repository, or of a library. `call` is the constructor call. */
export type InstanceTarget = { readonly is: 'instance'; readonly of: ClassTarget | ExternalTarget; readonly call: Expr; readonly scope: Scope };

/** What an expression names. */
export type Target =
  | FunctionTarget
  | ClassTarget
  | InstanceTarget
  | { readonly is: 'module'; readonly path: string }
  | ExternalTarget
  /** Any other value, as written there. */
  | { readonly is: 'value'; readonly expr: Expr; readonly scope: Scope }
  | { readonly is: 'unknown' };

/** Names and values of a tree's code: one resolver for all of it. */
export interface Resolver extends Evaluator, Names {}

export interface Names {
  /** The module scope of a file; undefined where it is no code or cannot be read. */
  module(path: string): Scope | undefined;
  /** The scope of a function's body, for one call of it. */
  inside(target: FunctionTarget, bound?: ReadonlyMap<string, Target>): Scope;
  /** Follows names, imports, re-exports, attributes, simple assignments. Cycles end in `unknown`. */
  resolve(expr: Expr, scope: Scope): Target;
  /** The member of a module, class, instance or library name. */
  member(target: Target, name: string): Target;
  /** What a name is bound to at the end of a module. */
  exported(name: string, module: Scope): Target;
  /**
   * The library name an expression ends at (`redis.Redis.from_url`), with local aliases undone; undefined where it is ours or
   * unknown. A call's result has `()`: `redis.Redis().set`.
   */
  externalName(expr: Expr, scope: Scope): string | undefined;
  /** The class and its bases in the order attributes are looked up; library bases by name. Cycles end. */
  lineage(target: ClassTarget): readonly (ClassTarget | ExternalTarget)[];
  /** The modules of the tree for a dotted name, nearest to `from` first. */
  find(module: string, from: string): readonly string[];
  /** The dotted name a file is imported by. */
  nameOf(path: string): string;
  /** Packages of Node.js. */
  readonly scripts: ScriptFinder;
}

const UNKNOWN: Target = { is: 'unknown' };
/** Objects that are made by a function as soon as they are needed. */
const LAZY = /^(?:lazy_object_proxy\.Proxy|werkzeug\.local\.LocalProxy|django\.utils\.functional\.SimpleLazyObject|wrapt\.LazyObjectProxy|celery\.local\.Proxy)$/;
/** Steps one expression may take through names, imports and calls. */
const DEPTH = 24;

export function createResolver(store: FactStore): Resolver {
  const index = moduleIndex(store.paths);
  const scopes = new Map<string, Scope | undefined>();
  const memo = new WeakMap<Scope, WeakMap<Expr, Target>>();
  let depth = 0;

  const scripts = scriptFinder(store);
  const found = new Map<string, readonly string[]>();
  /** The folder of `from` decides. */
  const find = (module: string, from: string): readonly string[] => {
    if (isScript(from)) return scripts.find(module, from);
    const key = `${posix.dirname(from)}\0${module}`;
    let paths = found.get(key);
    if (!paths) found.set(key, (paths = findModules(index, module, from)));
    return paths;
  };

  function module(path: string): Scope | undefined {
    if (scopes.has(path)) return scopes.get(path);
    scopes.set(path, undefined); // while it is being read
    const code = store.facts(path)?.code;
    const scope: Scope | undefined = code && { path, statements: code, kind: 'module' };
    scopes.set(path, scope);
    return scope;
  }

  /** Without a call: the same scope for all who look into the function, and what its names mean is found once. */
  const scopesOf = new WeakMap<FunctionFacts, { readonly owner: ClassFacts | undefined; readonly parent: Scope; readonly inside: Scope }>();

  function inside(target: FunctionTarget, bound?: ReadonlyMap<string, Target>): Scope {
    if (bound !== undefined && bound.size > 0) return scopeOf(target, bound);
    const known = scopesOf.get(target.function);
    if (known && known.owner === target.owner?.class && known.parent === target.scope) return known.inside;
    const made = scopeOf(target, new Map());
    scopesOf.set(target.function, { owner: target.owner?.class, parent: target.scope, inside: made });
    return made;
  }

  function scopeOf(target: FunctionTarget, bound: ReadonlyMap<string, Target>): Scope {
    const values = new Map(bound);
    const first = target.function.parameters[0]?.name;
    if (target.owner && first && !values.has(first))
      values.set(first, { is: 'instance', of: target.owner, call: { is: 'opaque', text: first, at: target.function.at }, scope: target.scope });
    return { path: target.scope.path, parent: target.scope, statements: target.function.body, kind: 'function', bound: values, function: target.function, ...(target.owner && { self: target.owner }) };
  }

  function resolve(expr: Expr, scope: Scope): Target {
    let known = memo.get(scope);
    if (!known) memo.set(scope, (known = new WeakMap()));
    const before = known.get(expr);
    if (before) return before;
    if (depth >= DEPTH) return UNKNOWN;
    known.set(expr, UNKNOWN); // a cycle ends here
    depth++;
    const target = resolveFresh(expr, scope);
    depth--;
    known.set(expr, target);
    return target;
  }

  function resolveFresh(expr: Expr, scope: Scope): Target {
    switch (expr.is) {
      case 'name': return lookUp(expr.name, scope);
      case 'member': return assignedMember(expr, scope) ?? member(resolve(expr.object, scope), expr.name);
      case 'call': return resultOf(expr, scope);
      default: return { is: 'value', expr, scope };
    }
  }

  /** `settings.x = …` style assignments in this scope or an outer one bind a dotted name. */
  function assignedMember(expr: Extract<Expr, { is: 'member' }>, scope: Scope): Target | undefined {
    if (expr.object.is !== 'name') return undefined;
    for (let at: Scope | undefined = scope; at; at = at.parent) {
      const bindings = bindingsOf(at.statements).byName.get(`${expr.object.name}.${expr.name}`);
      if (bindings?.some(binds)) return follow(bindings, at);
    }
    return undefined;
  }

  function lookUp(name: string, from: Scope): Target {
    for (let scope: Scope | undefined = from; scope; scope = scope.parent) {
      if (scope.kind === 'class' && scope !== from) continue;
      const bound = scope.bound?.get(name);
      if (bound) return bound.is === 'value' && !(isPlain(bound.expr) && !isNone(bound.expr)) ? written(bound) ?? typed(name, scope) ?? bound : bound;
      const bindings = bindingsOf(scope.statements).byName.get(name);
      if (bindings?.some(binds)) return follow(bindings, scope);
      if (scope.function?.parameters.some(parameter => parameter.name === name)) return typed(name, scope) ?? UNKNOWN;
      if (scope.kind === 'module') return fromStars(name, scope) ?? { is: 'external', name };
    }
    return UNKNOWN;
  }

  /** An object that is passed by a name or made by a function: its type says less than what is in it. */
  function written({ expr, scope }: Extract<Target, { is: 'value' }>): Target | undefined {
    if (!isScript(scope.path)) return undefined;
    const target = expr.is === 'name' || expr.is === 'call' || expr.is === 'member' ? resolve(expr, scope) : undefined;
    return target?.is === 'value' && target.expr.is === 'map' ? target : undefined;
  }

  /** A parameter that is annotated with a class is one of its instances, whatever is passed. */
  function typed(name: string, { function: fn, parent }: Scope): Target | undefined {
    const type = fn?.parameters.find(parameter => parameter.name === name)?.type;
    return type !== undefined && parent ? instanceOf(type, parent, fn!.at) : undefined;
  }

  function instanceOf(type: string, scope: Scope, at: SourceLocation): Target | undefined {
    const [first, ...rest] = type.split('.');
    const of = rest.reduce(member, lookUp(first!, scope));
    return of.is === 'class' || (of.is === 'external' && of.name.includes('.')) ? { is: 'instance', of, call: { is: 'opaque', text: type, at }, scope } : undefined;
  }

  /** An annotation says what a call whose result is not known gives; what a library's call gives is known by the library's name alone. */
  function orTyped(target: Target, type: string | undefined, scope: Scope, at: SourceLocation): Target {
    const isOpen = target.is === 'unknown' || (target.is === 'value' && target.expr.is === 'call') || (target.is === 'instance' && target.of.is === 'external');
    const typed = type !== undefined && isOpen ? instanceOf(type, scope, at) : undefined;
    return typed && (target.is !== 'instance' || typed.is === 'instance' && typed.of.is === 'class') ? typed : target;
  }

  /** `seen`: the modules that this search has looked into; they star-import each other in circles. */
  function fromStars(name: string, scope: Scope, seen = new Set([scope])): Target | undefined {
    for (const star of [...bindingsOf(scope.statements).stars].reverse()) {
      for (const path of find(star.module, scope.path)) {
        const target = module(path);
        if (!target || seen.has(target)) continue;
        seen.add(target);
        const bindings = bindingsOf(target.statements).byName.get(name);
        // what is bound there may lead back to the star
        if (depth >= DEPTH) return undefined;
        depth++;
        const deeper = bindings ? follow(bindings, target) : fromStars(name, target, seen);
        depth--;
        if (deeper) return deeper;
      }
    }
    return undefined;
  }

  /** The last binding that names something; mutations of the same object do not rename it. */
  function follow(bindings: readonly Binding[], scope: Scope): Target {
    for (let i = bindings.length - 1; i >= 0; i--) {
      const binding = bindings[i]!;
      switch (binding.kind) {
        case 'value':
          if (i > 0 && takesItself(binding.expr, bindings, scope.statements)) continue; // app = instrument(app)
          return isPlain(binding.expr) ? { is: 'value', expr: binding.expr, scope } : orTyped(resolve(binding.expr, scope), binding.type ?? typeOf(bindings), scope, binding.expr.at);
        case 'function': return { is: 'function', function: binding.function, scope, ...(scope.self && scope.kind === 'class' && { owner: scope.self }) };
        case 'class': return { is: 'class', class: binding.class, scope };
        case 'import': return imported(binding.module, binding.name, scope);
        case 'iterated': return binding.part !== undefined && binding.over.is === 'call' ? part(binding.over, binding.part, scope) : entered(binding.over, scope);
        default: // item, update, augmented: look further back
      }
    }
    return UNKNOWN;
  }

  /** `with redis.lock(…) as lock`: the entered object stands for what it was made from. */
  function entered(over: Expr, scope: Scope): Target {
    const target = resolve(over, scope);
    return target.is === 'instance' ? target : UNKNOWN;
  }

  /** `client, bucket = connect()`: what stands there in what the function returns last. */
  function part(call: Extract<Expr, { is: 'call' }>, index: number, scope: Scope): Target {
    const callee = resolve(call.callee, scope);
    const given = callee.is === 'function' ? partsOf(callee, index).at(-1) : undefined;
    return given && callee.is === 'function' ? resolve(given, inside(callee, bindArguments(callee, call, scope))) : UNKNOWN;
  }

  function imported(dotted: string, name: string | undefined, scope: Scope): Target {
    const paths = find(dotted, scope.path).filter(path => path !== scope.path || name === undefined);
    if (name === undefined) return paths[0] ? { is: 'module', path: paths[0] } : { is: 'external', name: dotted };
    for (const path of paths) {
      const target = module(path);
      if (!target) continue;
      const found = bound(name, target);
      if (found) return found;
    }
    if (isScript(scope.path)) return paths.length > 0 || dotted.startsWith('.') ? UNKNOWN : { is: 'external', name: name === 'default' ? dotted : `${dotted}.${name}` };
    const submodule = find(dotted.endsWith('.') ? `${dotted}${name}` : `${dotted}.${name}`, scope.path).find(path => path !== scope.path);
    if (submodule) return { is: 'module', path: submodule };
    return dotted.startsWith('.') || paths.length > 0 ? UNKNOWN : { is: 'external', name: `${dotted}.${name}` };
  }

  /** A name a module binds itself or re-exports by star; undefined where it binds none. */
  function bound(name: string, scope: Scope): Target | undefined {
    const bindings = bindingsOf(scope.statements).byName.get(name);
    if (!bindings) return fromStars(name, scope);
    if (depth >= DEPTH) return UNKNOWN;
    depth++;
    const target = follow(bindings, scope);
    depth--;
    return target;
  }

  function member(target: Target, name: string): Target {
    switch (target.is) {
      case 'external': return { is: 'external', name: `${target.name}.${name}` };
      case 'module': return moduleMember(target.path, name);
      case 'class': return classMember(target, name) ?? UNKNOWN;
      case 'instance': {
        if (target.of.is === 'external') return { is: 'external', name: `${target.of.name}().${name}` };
        const found = classMember(target.of, name) ?? attributeOfSelf(target.of, name) ?? UNKNOWN;
        return found.is === 'function' && isProperty(found.function) ? returned(found) : found;
      }
      // `mails.send` of `const mails = { send() { … } }`
      case 'value': {
        const held = isScript(target.scope.path) ? valueIn(target.expr, name) : undefined;
        return held ? resolve(held, target.scope) : UNKNOWN;
      }
      default: return UNKNOWN;
    }
  }

  function moduleMember(path: string, name: string): Target {
    const scope = module(path);
    const found = scope && bound(name, scope);
    if (found) return found;
    const folder = posix.basename(path) === '__init__.py' ? posix.dirname(path) : undefined;
    const sub = folder !== undefined && [`${folder}/${name}.py`, `${folder}/${name}/__init__.py`].find(candidate => store.has(candidate));
    return sub ? { is: 'module', path: sub } : UNKNOWN;
  }

  function classMember(target: ClassTarget, name: string): Target | undefined {
    for (const base of lineage(target)) {
      if (base.is === 'external') return name.startsWith('__') ? undefined : { is: 'external', name: `${base.name}.${name}` };
      const bindings = bindingsOf(base.class.body).byName.get(name);
      if (!bindings) continue;
      if (depth >= DEPTH) return UNKNOWN;
      depth++;
      const found = follow(bindings, classScope(base, target));
      depth--;
      return found;
    }
    return undefined;
  }

  /** `self.name = …` in any method, the constructor first. */
  function attributeOfSelf(target: ClassTarget, name: string): Target | undefined {
    for (const base of lineage(target)) {
      if (base.is !== 'class') continue;
      const methods = base.class.body.filter(statement => statement.do === 'function').map(statement => statement.function)
        .sort((a, b) => Number(b.name === '__init__') - Number(a.name === '__init__'));
      for (const method of methods) {
        const self = method.parameters[0]?.name;
        const bindings = self && bindingsOf(method.body).byName.get(`${self}.${name}`);
        if (bindings) return follow(bindings, inside({ is: 'function', function: method, scope: classScope(base, target), owner: target }));
      }
    }
    return undefined;
  }

  function lineage(target: ClassTarget, seen: ReadonlySet<ClassFacts> = new Set()): readonly (ClassTarget | ExternalTarget)[] {
    if (seen.has(target.class) || seen.size > 12) return [];
    const path = new Set(seen).add(target.class);
    const bases = target.class.bases.flatMap((base): readonly (ClassTarget | ExternalTarget)[] => {
      const found = resolve(base, target.scope);
      return found.is === 'class' ? lineage(found, path) : found.is === 'external' ? [found] : [];
    });
    return [target, ...bases];
  }

  function resultOf(call: Extract<Expr, { is: 'call' }>, scope: Scope): Target {
    if (call.callee.is === 'name' && call.callee.name === 'super') return superOf(scope);
    const callee = resolve(call.callee, scope);
    switch (callee.is) {
      case 'class': return { is: 'instance', of: callee, call, scope };
      case 'external': return (LAZY.test(callee.name) && made(call, scope)) || { is: 'instance', of: callee, call, scope };
      case 'instance': return callee.of.is === 'external' ? { is: 'instance', of: { is: 'external', name: `${callee.of.name}()` }, call, scope } : UNKNOWN;
      case 'function': return returned(callee, call, scope);
      // what a function has returned is called: `defineJob(work)(client)`
      case 'value': return callee.expr.is === 'function' && callee.expr.code ? returned({ is: 'function', function: callee.expr.code, scope: callee.scope }, call, scope) : { is: 'value', expr: call, scope };
      default: return { is: 'value', expr: call, scope };
    }
  }

  /** What a lazy object stands for: what the function that it is given returns. */
  function made({ positional: [factory] }: Extract<Expr, { is: 'call' }>, scope: Scope): Target | undefined {
    const found = factory && resolve(factory, scope);
    const result = found?.is === 'function' ? returned(found) : undefined;
    return result?.is === 'instance' ? result : undefined;
  }

  /** `super()`: the next class in line after the one the method belongs to. */
  function superOf(scope: Scope): Target {
    for (let at: Scope | undefined = scope; at; at = at.parent) {
      const base = at.self && lineage(at.self)[1];
      if (base) return { is: 'instance', of: base, call: { is: 'opaque', text: 'super()', at: at.self!.class.at }, scope };
    }
    return UNKNOWN;
  }

  /** What a function of the repository returns, when it returns one thing that can be named. A property is called with nothing. */
  function returned(callee: FunctionTarget, call?: Extract<Expr, { is: 'call' }>, scope?: Scope): Target {
    if (callee.function.isGenerator) return UNKNOWN;
    const results = returnsOf(callee.function.body);
    const result = results[results.length - 1];
    if (!result) return UNKNOWN;
    const within = inside(callee, call && scope && bindArguments(callee, call, scope));
    return orTyped(resolve(result, within), callee.function.returns, callee.scope, call?.at ?? callee.function.at);
  }

  /** What is passed, by what it names where that can be told. */
  function bindArguments(callee: FunctionTarget, call: Extract<Expr, { is: 'call' }>, scope: Scope): ReadonlyMap<string, Target> {
    return new Map([...argumentsOf(callee, call, scope)].map(([name, written]) => {
      const target = written.is === 'value' ? resolve(written.expr, written.scope) : written;
      return [name, target.is === 'unknown' ? written : target];
    }));
  }

  function externalName(expr: Expr, scope: Scope): string | undefined {
    const target = resolve(expr, scope);
    if (target.is === 'external') return target.name;
    if (target.is === 'instance' && target.of.is === 'external') return `${target.of.name}()`;
    return undefined;
  }

  const names: Names = {
    module, inside, resolve, member, externalName, find, scripts,
    nameOf: path => importName(index, path),
    lineage: target => lineage(target),
    exported: (name, scope) => bound(name, scope) ?? UNKNOWN,
  };
  return { ...names, ...createEvaluator(names) };
}

const isNone = (expr: Expr): boolean => expr.is === 'literal' && expr.value === null;
const isPlain = (expr: Expr): boolean => expr.is === 'literal' || expr.is === 'map' || expr.is === 'list';
