import type { ClosedFirst, Expr, SourceLocation, Statement } from '../../model/index.js';
import { samePlace } from '../../model/index.js';
import type { Resolver, Scope } from '../modules.js';
import { render } from '../render.js';
import { lastName } from './calls.js';
import { callsOf, codeSites, type Call } from './walk.js';

/** Clients of databases that do nothing any more once they were ended (node-postgres.com/apis/pool, mongoosejs.com/docs/api/connection, typeorm.io/data-source, knexjs.org/guide); Prisma connects again by itself. */
const DATABASE = /^(?:pg\.(?:default\.)?Pool|postgres|mongoose|mongodb\.MongoClient|knex|typeorm\.DataSource|sequelize\.Sequelize|mysql2?(?:\/promise)?\.create\w+)(?:\(\)|\.|$)/;
/** Ends what a client of a broker or a database holds. */
const ENDS = /^(?:close|quit|disconnect|\$disconnect|end|destroy)$/;

interface Closing { readonly call: Call; readonly object: Expr; readonly statement: Statement; readonly scope: Scope }

/** What is ended by a statement in front of the one that closes a consumer, in the same function or in those that it waits for: its own connection, or a database. `connection`: the call that makes its connection. */
export type CloseOrder = (closes: readonly SourceLocation[], connection: Expr | undefined) => ClosedFirst | undefined;

/** The order in which these modules end things. */
export function closeOrder(modules: readonly Scope[], resolver: Resolver): CloseOrder {
  let known: readonly (readonly Closing[])[] | undefined;
  const byFunction = (): readonly (readonly Closing[])[] => {
    const found = new Map<readonly Statement[], Closing[]>();
    const bodies = new Map<readonly Statement[], Scope>();
    for (const module of modules) {
      for (const { statement, scope, within } of codeSites(module.statements, module, resolver)) {
        const body = within.at(-1)?.function.body ?? module.statements;
        bodies.set(body, scope);
        for (const call of callsOf(statement)) if (call.callee.is === 'member' && ENDS.test(call.callee.name)) found.set(body, [...(found.get(body) ?? []), { call, object: call.callee.object, statement, scope }]);
      }
    }
    const names = new Set([...bodies].flatMap(([body, { function: fn }]) => (found.has(body) && fn?.body === body ? [fn.name] : [])));
    const through = [...bodies].flatMap(([body, scope]) => { const all = inOrder(body, scope, found, names); return all.some(one => !found.get(body)?.includes(one)) ? [all] : []; });
    return [...found.values(), ...through].filter(({ length }) => length > 1);
  };

  /** What a function ends on its straight way: by its own statements, and by functions that it waits for, of which each is one statement. */
  function inOrder(body: readonly Statement[], scope: Scope, found: ReadonlyMap<readonly Statement[], readonly Closing[]>, names: ReadonlySet<string>): readonly Closing[] {
    return body.flatMap(statement => {
      if (statement.do === 'try') return inOrder([...statement.body, ...statement.finally], scope, found, names);
      const own = found.get(scope.function?.body ?? body)?.filter(one => one.statement === statement) ?? [];
      const called = statement.do === 'call' && statement.value.is === 'call' && statement.value.awaited && names.has(lastName(statement.value.callee) ?? '') ? resolver.resolve(statement.value.callee, scope) : undefined;
      return [...own, ...(called?.is === 'function' ? found.get(called.function.body)?.map(one => ({ ...one, statement })) ?? [] : [])];
    });
  }
  return (closes, connection) => {
    known ??= byFunction();
    for (const closings of known) {
      const own = closings.findIndex(({ call }) => closes.some(at => samePlace(at, call.at)));
      const first = closings.slice(0, Math.max(own, 0)).find(one => one.statement !== closings[own]!.statement && isNeeded(one, connection, resolver));
      if (first) return { at: first.call.at, text: render(first.call), closedAt: closings[own]!.call.at };
    }
    return undefined;
  };
}

function isNeeded({ object, scope }: Closing, connection: Expr | undefined, resolver: Resolver): boolean {
  const target = resolver.resolve(object, scope);
  return (connection !== undefined && target.is === 'instance' && target.call === connection) || DATABASE.test(resolver.externalName(object, scope) ?? '');
}
