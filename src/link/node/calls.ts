import type { Expr, FunctionFacts } from '../../model/index.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';
import { callsOf, codeSites, type Call, type CodeSite } from './walk.js';

/** A call and where it stands. */
export interface CallSite extends CodeSite { readonly call: Call }
/** `holder[key] = value`, `holder.set(key, value)`, `holder.push(value)`. */
export interface Write { readonly holder: Expr; readonly value: Expr; readonly key?: Expr; readonly scope: Scope }

/** Who calls a function, and what is put into a table. */
export interface Calls {
  /** The calls of a function in these modules; `near`: where there are none, those in files near it, too. */
  callersOf(target: FunctionTarget, near?: boolean): readonly CallSite[];
  /** The calls of what has this name, whatever it is. */
  callsNamed(name: string): readonly CallSite[];
  /** The call that a function without a name is an argument of. */
  callbackOf(fn: FunctionFacts): CallSite | undefined;
  /** What is put into what goes by this name somewhere. */
  writesTo(name: string): readonly Write[];
}

/** Reads the modules when it is asked first. */
export function callsIn(modules: readonly Scope[], resolver: Resolver): Calls {
  const calls = new Map<string, CallSite[]>(), writes = new Map<string, Write[]>();
  const callbacks = new Map<FunctionFacts, CallSite>();
  const read = new Set<string>();

  const put = (holder: Expr, value: Expr | undefined, scope: Scope, key?: Expr): void => { if (value) note(writes, lastName(holder), { holder, value, scope, ...(key && { key }) }); };

  function readModule(module: Scope): void {
    if (read.has(module.path)) return;
    read.add(module.path);
    for (const site of codeSites(module.statements, module, resolver)) {
      const { statement, scope } = site;
      if (statement.do === 'assign') for (const target of statement.targets) if (target.is === 'item') put(target.object, statement.value, scope, target.key);
      for (const call of callsOf(statement)) {
        const name = lastName(call.callee);
        note(calls, name, { ...site, call });
        for (const argument of call.positional) if (argument.is === 'function' && argument.code) callbacks.set(argument.code, { ...site, call });
        if (call.callee.is !== 'member') continue;
        if (name === 'set') put(call.callee.object, call.positional[1], scope, call.positional[0]);
        if (name === 'push' || name === 'add' || name === 'unshift') for (const value of call.positional) put(call.callee.object, value, scope);
      }
    }
  }
  const readAll = (): void => { if (read.size === 0) modules.forEach(readModule); };

  /** It is the function that is called, or what its class takes the place of. */
  function reaches({ call, scope }: CallSite, { function: fn, owner }: FunctionTarget): boolean {
    const callee = resolver.resolve(call.callee, scope);
    if (callee.is === 'class') return fn.name === '__init__' && resolver.lineage(callee).some(one => one.is === 'class' && one.class === owner?.class);
    if (callee.is !== 'function') return false;
    return callee.function === fn || (owner !== undefined && callee.owner !== undefined && callee.function.name === fn.name && resolver.lineage(owner).some(one => one.is === 'class' && one.class === callee.owner!.class));
  }

  return {
    callersOf(target, near = false) {
      readAll();
      const name = target.function.name === '__init__' ? target.owner?.class.name : target.function.name;
      const known = (): readonly CallSite[] => (name === undefined ? [] : (calls.get(name) ?? []).filter(site => reaches(site, target)));
      const found = known();
      if (found.length > 0 || !near) return found;
      for (const path of resolver.scripts.near(target.scope.path)) { const module = resolver.module(path); if (module) readModule(module); }
      return known();
    },
    callsNamed(name) { readAll(); return calls.get(name) ?? []; },
    callbackOf(fn) { readAll(); return callbacks.get(fn); },
    writesTo(name) { readAll(); return writes.get(name) ?? []; },
  };
}

function note<T>(map: Map<string, T[]>, key: string | undefined, value: T): void {
  const known = key === undefined ? undefined : map.get(key);
  if (known) known.push(value); else if (key !== undefined) map.set(key, [value]);
}

/** The last part of a name: `this.jobs` is `jobs`. */
export const lastName = (expr: Expr): string | undefined => (expr.is === 'name' || expr.is === 'member' ? expr.name : undefined);
