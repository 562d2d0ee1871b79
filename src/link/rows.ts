import type { Expr, Statement } from '../model/index.js';
import { callsWithin, dottedName } from '../model/index.js';
import { bindingsOf } from './bindings.js';
import type { Resolver, Scope } from './modules.js';
import { render } from './render.js';

/** The base classes of a row: Django, peewee, SQLAlchemy 2.0, Flask-SQLAlchemy. */
const MODEL = /^(django\.db\.models(\.base)?\.Model|peewee\.Model|sqlalchemy\.orm\.DeclarativeBase|flask_sqlalchemy\..*\.Model)$/;
/** Give one row. */
const ONE_ROW = /^(get|create|first|last|earliest|latest|one|one_or_none|scalar_one|scalar_one_or_none|aget|acreate|afirst)$/;

/** What a manager's rows go through and stay rows. */
const STAYS = /^(objects|all|filter|exclude|order_by|iterator|select_related|prefetch_related|using|select_for_update|distinct|only|defer)$/;

/**
 * Is this name an object of an object mapper: `order = Order.objects.get(pk=1)`, `for order in Order.objects.all()`, `self` of a model? `key`: the attribute that finds it again; none
 * for one that is made here (`Order(…)`, or a function that returns such) and not stored in the same function. Not where it is being deleted: there is nothing left to read then.
 */
export function rowIn(expr: Expr, scope: Scope, resolver: Resolver): { readonly key?: 'pk' | 'id' } | undefined {
  if (expr.is !== 'name' || scope.function?.decorators.some(decorator => /_delete/.test(render(decorator, 200)))) return undefined;
  const target = resolver.resolve(expr, scope);
  if (target.is === 'instance' && target.of.is === 'class') {
    const base = resolver.lineage(target.of).find(one => one.is === 'external' && MODEL.test(one.name));
    if (base?.is !== 'external') return undefined;
    const isNew = target.call.is === 'call' && !storesIt(expr.name, scope.statements);
    return isNew ? {} : { key: base.name.startsWith('django') ? 'pk' : 'id' };
  }
  const binding = bindingsOf(scope.statements).byName.get(expr.name)?.at(-1);
  const isRow = binding?.kind === 'value' ? givesRow(binding.expr) : binding?.kind === 'iterated' && isManagers(binding.over) && names(binding.over).every(name => STAYS.test(name));
  return isRow ? { key: 'pk' } : undefined;
}

/** `order.file` where `order.save()` stands in the same function: a field of a row. */
export const isFieldOfRow = (target: Expr, scope: Scope): boolean => target.is === 'member' && isStored(target.object, scope);
/** A name that is stored in the same function. */
export const isStored = (expr: Expr, scope: Scope): boolean => expr.is === 'name' && !/^(?:self|this)$/.test(expr.name) && storesIt(expr.name, scope.statements);

/** `order.save()`, `session.add(order)`. */
function storesIt(name: string, statements: readonly Statement[]): boolean {
  const isIt = (expr: Expr | undefined): boolean => expr !== undefined && dottedName(expr) === name;
  return callsWithin(statements).some(({ callee, positional: [first] }) => callee.is === 'member' && (/^a?save$/.test(callee.name) ? isIt(callee.object) : /^(?:add|merge)$/.test(callee.name) && isIt(first)));
}

const givesRow = (expr: Expr): boolean => expr.is === 'call' && expr.callee.is === 'member' && ONE_ROW.test(expr.callee.name) && isManagers(expr.callee.object) && names(expr.callee.object).every(name => STAYS.test(name));

/** Behind `Order.objects`: Django's, whose queries give rows unless they are asked for values. */
const isManagers = (expr: Expr): boolean => names(expr)[0] === 'objects';

/** The names of a chain behind its class, first to last. */
function names(expr: Expr): readonly string[] {
  const found: string[] = [];
  for (let at: Expr = expr; at.is === 'call' || at.is === 'member'; at = at.is === 'call' ? at.callee : at.object) if (at.is === 'member') found.unshift(at.name);
  const manager = found.indexOf('objects');
  return manager < 0 ? found : found.slice(manager);
}
