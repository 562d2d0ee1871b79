import type { Effect, EffectKind, Expr } from '../../model/index.js';
import { dottedName, walk } from '../../model/index.js';
import { COLLECTION_METHODS, DJANGO_RELATIONS, EXECUTES, LIBRARY_CALLS, OF_SESSION, ORM_METHODS, QUERYSET_METHODS, READS_ROWS, STATEMENTS, type MethodCall } from '../../knowledge/libraries/index.js';
import { bindingsOf } from '../bindings.js';
import { partsOf, returnsOf } from '../bodies.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';
import { render } from '../render.js';
import { hasQueryRoot, spine } from './source.js';
import { sqlOf } from './sql-text.js';

type Call = Extract<Expr, { is: 'call' }>;
export interface Classified { readonly kind: EffectKind; readonly guard?: Effect['guard']; readonly timeoutSeconds?: number; readonly endless?: boolean; readonly byDefault?: true; /** A row written by way of an object mapper's own connection: a transaction that is open holds it. */ readonly isRow?: true; /** The session or connection that it is given to, which must commit it. */ readonly session?: string }

/** What one call does to the world, by the library's name or, for ORMs, by the method's. undefined: nothing that is known. */
export function classify(call: Call, external: string | undefined, scope: Scope, resolver: Resolver): Classified | undefined {
  const library = external === undefined ? undefined : LIBRARY_CALLS.find(entry => entry.name.test(external));
  if (library) {
    const key = call.keywords.find(([name]) => name === 'idempotency_key')?.[1];
    const guard = key && isStable(key) ? { kind: 'idempotency key', at: key.at } : library.guard ? { kind: library.guard, at: call.at } : library.idempotent ? { kind: 'idempotent by its own meaning', at: call.at } : undefined;
    const timeoutSeconds = timeoutOf(call, scope, resolver) ?? library.timeoutSeconds;
    const endless = library.endless === true && !call.keywords.some(([name]) => name === null || name === 'timeout');
    return { kind: library.kind, ...(guard && { guard }), ...(timeoutSeconds !== undefined && { timeoutSeconds }), ...(endless && { endless }) };
  }
  return statement(call, scope, resolver) ?? orm(call, scope, resolver);
}

/** A key made anew at each run guards nothing. */
function isStable(key: Expr): boolean {
  return !/uuid|random|now\(|time\(/i.test(render(key, 200));
}

function timeoutOf(call: Call, scope: Scope, resolver: Resolver): number | undefined {
  const written = call.keywords.find(([name]) => name === 'timeout')?.[1];
  const value = written && resolver.evaluate(written, scope);
  if (value?.known && typeof value.value === 'number') return value.value;
  if (call.callee.is === 'member' && call.callee.name === 'sleep') {
    const seconds = call.positional[0] && resolver.evaluate(call.positional[0], scope);
    return seconds?.known && typeof seconds.value === 'number' ? seconds.value : undefined;
  }
  return undefined;
}

/** `cursor.execute("INSERT …")`, `connection.execute(text("UPDATE …"))`: the statement says what it does. */
function statement(call: Call, scope: Scope, resolver: Resolver): Classified | undefined {
  if (call.callee.is !== 'member' || !EXECUTES.test(call.callee.name)) return undefined;
  const sql = call.positional.slice(0, 2).map(part => sqlOf(part, scope, resolver)).find(text => text !== undefined);
  if (sql === undefined) return undefined;
  const kind = STATEMENTS.insert.test(sql) ? 'insert' : STATEMENTS.delete.test(sql) ? 'delete' : STATEMENTS.update.test(sql) ? (STATEMENTS.counts.test(sql) ? 'increment' : 'update') : undefined;
  return kind && { kind, session: sessionOf(call.callee.object, scope), ...(STATEMENTS.guarded.test(sql) && { guard: { kind: 'a statement that keeps what is there', at: call.at } }) };
}

/** `session` of `session.query(…).filter(…)`, and the connection that a cursor was made of. */
export function sessionOf(expr: Expr, scope: Scope): string {
  const [only, ...others] = expr.is === 'name' ? bindingsOf(scope.statements).byName.get(expr.name) ?? [] : [];
  const made = others.length > 0 ? undefined : only?.kind === 'value' ? only.expr : only?.kind === 'iterated' ? only.over : undefined;
  const from = made?.is === 'call' && made.callee.is === 'member' && made.callee.name === 'cursor' ? made.callee.object : expr;
  return spine(from).replace(/\.(?:query|cursor)\(\)[^]*/, '');
}

function methodOf({ callee }: Call): MethodCall | undefined {
  if (callee.is !== 'member') return undefined;
  const relation = Object.hasOwn(DJANGO_RELATIONS, callee.name) ? DJANGO_RELATIONS[callee.name] : undefined;
  if (relation && callee.object.is === 'member' && relation.onAttribute!.test(callee.object.name)) return relation;
  return Object.hasOwn(ORM_METHODS, callee.name) ? ORM_METHODS[callee.name] : undefined;
}

function orm(call: Call, scope: Scope, resolver: Resolver): Classified | undefined {
  const method = methodOf(call);
  if (!method || call.callee.is !== 'member') return undefined;
  const text = spine(call.callee.object);
  const onQueryset = hasQueryRoot(call.callee.object) || endsInQueryset(call.callee.object);
  const onSession = /(^|\.)(db_)?(session|db\.session)$/i.test(text);
  if (method.onSession ? !onSession : method.onQueryset ? !onQueryset : method.bare && call.positional.length > 0) return undefined;
  // cache.delete(), file.save(): not a row; a bare method counts on something that is no cache, client or file
  if (method.bare && /(^|[._])(cache|redis|client|form|figure|fig|image|img|file|storage)s?(_?\d+)?(\(|\)|\.|$)|(^|\.)self$|super\(\)/i.test(text)) return undefined;
  const conflict = call.keywords.find(([name]) => name === 'ignore_conflicts' || name === 'update_conflicts' || name === 'upsert');
  const guard = method.guard ? { kind: method.guard, at: call.at } : conflict ? { kind: conflict[0]!, at: conflict[1].at } : undefined;
  const kind = method.kind === 'update' && (call.keywords.some(([, value]) => countsOn(value)) || call.positional.some(isCounted)) ? 'increment'
    : method.kind === 'insert' && method.onSession && call.positional[0] && wasRead(call.positional[0], scope, resolver) ? 'update' : method.kind;
  const isRow = !Object.hasOwn(COLLECTION_METHODS, call.callee.name) && !/\.using\(\)/.test(text);
  return { kind, ...(guard && { guard }), ...(isRow && { isRow: true as const }), ...((method.onSession || /session\.query\(\)/i.test(text)) && { session: sessionOf(call.callee.object, scope) }) };
}

/** `row = session.query(Order).one()`, `session.add(row)`: a row that is there is written back. Follows names, arguments and functions of the repository; a name that may hold something else as well is not read. */
function wasRead(expr: Expr, scope: Scope, resolver: Resolver, steps = 6): boolean {
  if (steps === 0) return false;
  const follow = (part: Expr, where: Scope = scope): boolean => wasRead(part, where, resolver, steps - 1);
  const answers = (call: Call, where: Scope, given: (of: FunctionTarget) => readonly Expr[]): boolean => {
    const target = resolver.resolve(call.callee, where);
    const parts = target.is === 'function' ? given(target) : [];
    return target.is === 'function' && parts.length > 0 && parts.every(part => follow(part, resolver.inside(target)));
  };
  if (expr.is === 'name') {
    for (let at: Scope | undefined = scope; at; at = at.parent) {
      const where = at;
      const bindings = bindingsOf(at.statements).byName.get(expr.name);
      if (bindings) return bindings.every(one => (one.kind === 'value' ? follow(one.expr, where) : one.kind === 'iterated' && (one.part !== undefined && one.over.is === 'call' ? answers(one.over, where, of => partsOf(of, one.part!)) : follow(one.over, where))));
      const bound = at.bound?.get(expr.name);
      if (bound) return bound.is === 'value' && follow(bound.expr, bound.scope);
    }
    return false;
  }
  if (expr.is === 'operation' && expr.operator === 'comprehension') return picksItem(expr.operands) && follow(expr.operands[2]!);
  if (expr.is !== 'call') return false;
  if (expr.callee.is === 'member' && (READS_ROWS.test(expr.callee.name) || (expr.callee.name === 'get' && OF_SESSION.test(dottedName(expr.callee.object) ?? '')))) return true;
  return answers(expr, scope, ({ function: { body } }) => returnsOf(body));
}

/** `[row for row, count in rows]` */
const picksItem = ([element, item]: readonly Expr[]): boolean => element?.is === 'name' && item !== undefined && walk(item).some(part => part.is === 'name' && part.name === element.name);

/** `F("stock") - 1`: the new value depends on the one before; `Coalesce(F("start"), now)` does not count. */
function countsOn(value: Expr): boolean {
  const isField = (part: Expr): boolean => part.is === 'call' && /(^|\.)F$/.test(dottedName(part.callee) ?? '');
  return walk(value).some(part => part.is === 'operation' && /^[-+*]$/.test(part.operator) && part.operands.some(isField));
}

/** `{"$inc": {…}}`, `{"$push": {…}}`: what MongoDB adds to what is there. */
function isCounted(expr: Expr): boolean {
  return expr.is === 'map' && expr.entries.some(([key]) => key?.is === 'literal' && (key.value === '$inc' || key.value === '$mul' || key.value === '$push'));
}

function endsInQueryset(expr: Expr): boolean {
  return expr.is === 'call' && expr.callee.is === 'member' && QUERYSET_METHODS.has(expr.callee.name) && expr.callee.name !== 'find';
}
