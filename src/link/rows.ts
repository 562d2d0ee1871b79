import type { Expr } from '../model/index.js';
import { bindingsOf } from './bindings.js';
import type { Resolver, Scope } from './modules.js';
import { render } from './render.js';

/** The base classes of a row: Django, peewee, SQLAlchemy 2.0, Flask-SQLAlchemy. */
const MODEL = /^(django\.db\.models(\.base)?\.Model|peewee\.Model|sqlalchemy\.orm\.DeclarativeBase|flask_sqlalchemy\..*\.Model)$/;
/** Give one row. */
const ONE_ROW = /^(get|create|first|last|earliest|latest|one|one_or_none|scalar_one|scalar_one_or_none|aget|acreate|afirst)$/;

/** What a manager's rows go through and stay rows. */
const STAYS = /^(objects|all|filter|exclude|order_by|iterator|select_related|prefetch_related|using|select_for_update|distinct|only|defer)$/;

/** Is this name an object of an object mapper: `order = Order.objects.get(pk=1)`, `for order in Order.objects.all()`, `self` of a model? Not where it is being deleted: there is nothing left to read then. */
export function isRow(expr: Expr, scope: Scope, resolver: Resolver): boolean {
  if (expr.is !== 'name' || scope.function?.decorators.some(decorator => /_delete/.test(render(decorator, 200)))) return false;
  const target = resolver.resolve(expr, scope);
  if (target.is === 'instance' && target.of.is === 'class') return resolver.lineage(target.of).some(base => base.is === 'external' && MODEL.test(base.name));
  const binding = bindingsOf(scope.statements).byName.get(expr.name)?.at(-1);
  if (binding?.kind === 'value') return givesRow(binding.expr);
  return binding?.kind === 'iterated' && isManagers(binding.over) && names(binding.over).every(name => STAYS.test(name));
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
