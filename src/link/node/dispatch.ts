import type { Expr, FunctionFacts } from '../../model/index.js';
import { dottedName, literalText, valueIn } from '../../model/index.js';
import { EACH } from '../../knowledge/libraries/node.js';
import { binds, bindingsOf } from '../bindings.js';
import { argumentsOf } from '../call-arguments.js';
import { returnsOf } from '../bodies.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';
import { lastName, type Calls } from './calls.js';
import { functionNamed, type Call } from './walk.js';

/** One of the functions that a table holds for messages. `name`: what the table or the entry calls it. */
export interface Case { readonly target: FunctionTarget; readonly name?: string }
/** The functions that a call may reach whose callee is looked up by what the message says: `handlers[job.name](job)`, `jobs.get(name).run(job)`. `isGiven`: it is a parameter, which stands for what callers give. */
export type Dispatch = (call: Call, scope: Scope, isGiven: boolean) => readonly Case[];

/** A value as it is written somewhere, and the key it stands under. */
interface Held { readonly expr: Expr; readonly scope: Scope; readonly key?: string }

/** Names, arguments and tables that one value comes through. */
const STEPS = 12;
/** Functions that one table is taken to hold at most. */
const MOST_CASES = 200;
/** Take one thing out of a table. */
const LOOKS_UP = /^(?:get|find|at)$/;
/** What an entry of a table calls itself. */
const NAMES = ['id', 'name', 'type', 'queue', 'event', 'key'];

/** Tables of functions, and who fills them: in these modules, and in files near the one that is asked about. */
export function dispatcher({ callersOf, callbackOf, writesTo }: Calls, resolver: Resolver): Dispatch {
  function given({ function: fn, parent, self }: Scope, name: string, steps: number): readonly Held[] {
    if (!fn || !parent) return [];
    const target: FunctionTarget = { is: 'function', function: fn, scope: parent, ...(self && { owner: self }) };
    const callback = callbackOf(fn);
    if (callback) return EACH.test(lastName(callback.call.callee) ?? '') && callback.call.callee.is === 'member' && fn.parameters[0]?.name === name ? elements(callback.call.callee.object, callback.scope, steps) : [];
    return callersOf(target, true).flatMap(({ call, scope }) => { const value = argumentsOf(target, call, scope).get(name); return value?.is === 'value' ? origins(value.expr, value.scope, steps) : []; });
  }

  function named(expr: Extract<Expr, { is: 'name' }>, scope: Scope, steps: number): readonly Held[] {
    for (let within: Scope | undefined = scope; within; within = within.parent) {
      const at = within;
      const bound = within.bound?.get(expr.name);
      if (bound?.is === 'value' && bound.expr !== expr) return origins(bound.expr, bound.scope, steps);
      const bindings = within.kind === 'class' ? [] : (bindingsOf(within.statements).byName.get(expr.name) ?? []).filter(one => binds(one) && one.kind !== 'augmented');
      if (bindings.length > 0) return bindings.flatMap(one => (one.kind === 'value' ? origins(one.expr, at, steps) : one.kind === 'iterated' ? elements(one.over, at, steps) : resolved(expr, at, steps)));
      if (within.function?.parameters.some(parameter => parameter.name === expr.name)) return given(within, expr.name, steps);
    }
    return [];
  }

  /** What an expression of the repository's own names: a value is followed on, a made object stands where it is made. */
  function resolved(expr: Expr, scope: Scope, steps: number): readonly Held[] {
    const target = resolver.resolve(expr, scope);
    if (target.is === 'value') return target.expr === expr ? [] : origins(target.expr, target.scope, steps);
    if (target.is === 'instance') return [{ expr: target.call, scope: target.scope }];
    return target.is === 'function' || target.is === 'class' ? [{ expr, scope }] : [];
  }

  /** The values that an expression may stand for, as they are written. */
  function origins(expr: Expr, scope: Scope, left: number): readonly Held[] {
    if (left === 0) return [];
    const steps = left - 1;
    switch (expr.is) {
      case 'name': return named(expr, scope, steps);
      case 'member': { const own = resolved(expr, scope, steps); return own.length > 0 ? own : origins(expr.object, scope, steps).flatMap(one => entry(one, expr.name, steps)); }
      case 'item': { const key = literalText(expr.key); return key === undefined ? elements(expr.object, scope, steps) : origins(expr.object, scope, steps).flatMap(one => entry(one, key, steps)); }
      case 'choice': return expr.branches.flatMap(branch => origins(branch, scope, steps));
      case 'operation': return expr.operator === 'or' || expr.operator === 'and' ? expr.operands.flatMap(part => origins(part, scope, steps)) : [];
      case 'call': {
        if (isLookUp(expr)) return elements(expr.callee.object, scope, steps);
        const callee = resolver.resolve(expr.callee, scope);
        return callee.is === 'function' ? returnsOf(callee.function.body).flatMap(value => origins(value, resolver.inside(callee, argumentsOf(callee, expr, scope)), steps)) : [{ expr, scope }];
      }
      default: return [{ expr, scope }];
    }
  }

  /** What a table holds: written in it, or put into it elsewhere. */
  function elements(table: Expr, scope: Scope, left: number): readonly Held[] {
    if (left === 0) return [];
    const steps = left - 1;
    const within = (expr: Expr | undefined, from: Scope, key?: Expr): readonly Held[] => (expr ? origins(expr, from, steps).map(one => ({ ...one, ...(literalText(key) !== undefined && { key: literalText(key)! }) })) : []);
    return origins(table, scope, steps).flatMap((holder): readonly Held[] => {
      const { expr, scope: from } = holder;
      const later = writesTo(lastName(table) ?? '').filter(write => standsFor(write.holder, write.scope, expr)).flatMap(write => within(write.value, write.scope, write.key));
      if (expr.is === 'map') return [...expr.entries.flatMap(([key, value]) => (key === null ? elements(value, from, steps) : within(value, from, key))), ...later];
      if (expr.is === 'list') return [...expr.items.flatMap(item => (item.is === 'operation' && item.operator === '*' ? elements(item.operands[0]!, from, steps) : within(item, from))), ...later];
      if (expr.is !== 'call') return later;
      const [first] = expr.positional;
      const name = dottedName(expr.callee) ?? lastName(expr.callee);
      if (first && /^(?:Object\.(?:values|freeze)|Array\.from|Set)$/.test(name ?? '')) return [...elements(first, from, steps), ...later];
      if (first?.is === 'list' && name === 'Map') return [...first.items.flatMap(item => (item.is === 'list' ? within(item.items[1], from, item.items[0]) : [])), ...later];
      return expr.callee.is === 'member' && /^(?:filter|values|slice|concat|reverse)$/.test(expr.callee.name) ? elements(expr.callee.object, from, steps) : later;
    });
  }

  /** Is this the very object that is made at `made`? */
  function standsFor(expr: Expr, scope: Scope, made: Expr): boolean {
    const target = resolver.resolve(expr, scope);
    return (target.is === 'instance' && target.call === made) || (target.is === 'value' && target.expr === made);
  }

  /** What an object holds under a name. */
  function entry({ expr, scope, key }: Held, name: string, steps: number): readonly Held[] {
    if (expr.is !== 'map') return [];
    const own = valueIn(expr, name);
    const found = own ? origins(own, scope, steps) : expr.entries.flatMap(([spread, value]) => (spread === null ? origins(value, scope, steps).flatMap(one => entry(one, name, steps)) : []));
    const shown = key ?? NAMES.flatMap(one => { const value = valueIn(expr, one); const text = value && resolver.evaluate(value, scope); return text?.known && typeof text.value === 'string' ? [text.value] : []; })[0];
    return found.map(one => ({ ...one, ...(shown !== undefined && { key: shown }) }));
  }

  /** A method of what a table holds, made there or standing there as a class. */
  function methodOf({ expr, scope, key }: Held, name: string): readonly Case[] {
    const target = resolver.resolve(expr, scope);
    const method = target.is === 'instance' || target.is === 'class' ? resolver.member(target, name) : undefined;
    return method?.is === 'function' ? [{ target: method, name: key ?? (target.is === 'class' ? target.class.name : target.is === 'instance' && target.of.is === 'class' ? target.of.class.name : name) }] : [];
  }

  function caseOf({ expr, scope, key }: Held): readonly Case[] {
    const target = functionNamed(expr, scope, resolver);
    return target ? [{ target, ...(key !== undefined && { name: key }) }] : [];
  }

  return (call, scope, isGiven) => {
    const { callee } = call;
    const table = callee.is === 'member' ? callee.object : callee;
    if (!isGiven && !isLookedUp(table, scope)) return [];
    const held = origins(table, scope, STEPS);
    const found = callee.is === 'member' ? held.flatMap(one => [...entry(one, callee.name, STEPS).flatMap(caseOf), ...methodOf(one, callee.name)]) : held.flatMap(caseOf);
    const seen = new Set<FunctionFacts>();
    return found.filter(({ target }) => !seen.has(target.function) && seen.add(target.function)).slice(0, MOST_CASES);
  };
}

/** `handlers[job.name]`, `handlers.get(job.name)`, or a name for it; the item of a loop over a table. */
function isLookedUp(expr: Expr, scope: Scope, steps = 4): boolean {
  if (steps === 0) return false;
  if (expr.is === 'item') return expr.key.is !== 'literal';
  if (expr.is === 'call') return isLookUp(expr);
  if (expr.is === 'operation') return /^(?:or|and)$/.test(expr.operator) && expr.operands.some(part => isLookedUp(part, scope, steps - 1));
  if (expr.is !== 'name') return false;
  for (let within: Scope | undefined = scope; within && within.kind !== 'module'; within = within.parent) {
    const at = within;
    const bindings = bindingsOf(within.statements).byName.get(expr.name);
    if (bindings) return bindings.some(one => one.kind === 'iterated' || (one.kind === 'value' && isLookedUp(one.expr, at, steps - 1)));
  }
  return false;
}

function isLookUp(expr: Extract<Expr, { is: 'call' }>): expr is Call & { readonly callee: Extract<Expr, { is: 'member' }> } {
  return expr.callee.is === 'member' && LOOKS_UP.test(expr.callee.name) && expr.positional.length === 1 && !expr.awaited;
}
