import type { Expr, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, statementsIn, walk } from '../../model/index.js';
import { bindingsOf } from '../bindings.js';
import type { Scope } from '../modules.js';
import { isLogging } from './handlers.js';

/** Change the value that they are called on, in Python and JavaScript. */
const CHANGES = /^(?:append|add|extend|update|insert|setdefault|pop|remove|discard|clear|push|set|unshift|write|writerow|writelines)$/;
/** Make a value that only this process holds. */
const COLLECTIONS = /^(?:(?:collections\.)?(?:defaultdict|Counter|OrderedDict|deque)|set|dict|list|io\.\w+|StringIO|BytesIO|csv\.(?:DictWriter|writer)|Map|Set|WeakMap|Array)$/;

/**
 * What a loop hands on: names (`failed`, `self.total`) that its body changes and that are read behind it in the same function, each once, in the order of
 * the body. Its items cannot be handled elsewhere as long as those are needed. Numbers that are only counted up are left out: they are told, not worked with.
 */
export function fedBy(loop: Extract<Statement, { do: 'for' }>, scope: Scope): readonly string[] {
  const own = functionAround(scope);
  if (!own) return [];
  const items = new Set(walk(loop.target).flatMap(part => (part.is === 'name' ? [part.name] : [])));
  const body = statementsIn(loop.body);
  const changed = new Set(body.flatMap(statement => changedBy(statement, scope)).filter(name => !items.has(name)));
  if (changed.size === 0) return [];
  const end = Math.max(loop.at.endLine, ...body.map(({ at }) => at.endLine));
  const read = readFirst(statementsIn(own).filter(({ at }) => at.startLine > end));
  return [...changed].filter(name => read.has(name));
}

function functionAround(scope: Scope): readonly Statement[] | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) if (at.function) return at.function.body;
  return undefined;
}

/** `best = row`, `seen[key] = row`, `self.total += 1`, `failed.append(row)`. */
function changedBy(statement: Statement, scope: Scope): readonly string[] {
  const targets = statement.do === 'assign' ? statement.targets.filter(target => target.is !== 'name' || statement.augmented === undefined) : [];
  const call = statement.do === 'call' && statement.value.is === 'call' ? statement.value : undefined;
  const own = call?.callee.is === 'member' && CHANGES.test(call.callee.name) && call.callee.object.is === 'name' && isCollection(call.callee.object.name, scope) ? [call.callee.object] : [];
  return [...targets, ...own].flatMap(target => nameOf(target) ?? []);
}

/** `failed = []`: not a session or a client, which has `add` and `update` too. */
function isCollection(name: string, scope: Scope): boolean {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const bindings = bindingsOf(at.statements).byName.get(name);
    if (bindings) return bindings.some(one => one.kind === 'value' && (one.expr.is === 'list' || one.expr.is === 'map' || (one.expr.is === 'operation' && one.expr.operator === 'comprehension') || (one.expr.is === 'call' && COLLECTIONS.test(dottedName(one.expr.callee.is === 'item' ? one.expr.callee.object : one.expr.callee) ?? ''))));
  }
  return false;
}

/** Names that are read before they are given another value. */
function readFirst(behind: readonly Statement[]): ReadonlySet<string> {
  const read = new Set<string>(), anew = new Set<string>();
  for (const statement of behind) {
    // a number in a log is no reason to keep them together
    if (statement.do === 'call' && statement.value.is === 'call' && isLogging(statement.value)) continue;
    const isAnew = statement.do === 'assign' && statement.augmented === undefined;
    const parts = [...expressionsOf(statement).filter(expr => !isAnew || expr === statement.value || expr.is !== 'name'), ...(statement.do === 'assign' && statement.augmented !== undefined ? statement.targets : [])];
    for (const part of parts.flatMap(expr => walk(expr))) {
      const name = part.is === 'name' || part.is === 'member' ? nameOf(part) : undefined;
      if (name !== undefined && !anew.has(name)) read.add(name);
    }
    if (isAnew) for (const target of statement.targets) if (target.is === 'name') anew.add(target.name);
  }
  return read;
}

/** The name at the root of a target; of the object itself, its field. */
function nameOf(expr: Expr): string | undefined {
  const dotted = dottedName(expr);
  const own = dotted === undefined ? undefined : /^(?:self|cls|this)\.\w+/.exec(dotted)?.[0];
  if (own !== undefined) return own;
  let at = expr;
  while (at.is === 'member' || at.is === 'item') at = at.object;
  return at.is === 'name' && !/^(?:self|cls|this)$/.test(at.name) ? at.name : undefined;
}
