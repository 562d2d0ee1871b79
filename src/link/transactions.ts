import type { CallStep, Expr, Publish, PublishInTransaction, SourceLocation, Statement } from '../model/index.js';
import { dottedName, expressionsOf, nested, shorten, walk } from '../model/index.js';
import type { FunctionSite } from './celery/functions.js';
import { sites } from './celery/sites.js';
import { classify } from './effects/classify.js';
import { spine } from './effects/source.js';
import type { FunctionTarget, Resolver, Scope } from './modules.js';
import { render } from './render.js';

type Call = Extract<Expr, { is: 'call' }>;

/** Code that runs on a developer's machine alone, and changes of the schema. */
const ELSEWHERE = /(^|\/)(tests?|testing|spec|docs?|examples?|migrations|seeds?|fixtures)\/|(^|\/)(test_[^/]*|[^/]*_tests?|conftest|seed[^/]*)\.py$/;
/** Calls below the function with the transaction that are followed, and functions looked at for one of them. */
const DEPTH = 2, MAX_FUNCTIONS = 40;
const WRITES: ReadonlySet<string> = new Set(['insert', 'increment', 'update', 'delete']);
const SENDS = /^(?:delay|apply_async|send_task)$/;

/** Where a transaction is opened, as written. */
export interface Open { readonly at: SourceLocation; readonly text: string }
interface Write { readonly at: SourceLocation; readonly text: string; /** The variable that holds what was written. */ readonly name?: string }
interface Walk { readonly scope: Scope; readonly open: Open | undefined; readonly via: readonly CallStep[]; readonly depth: number }

/**
 * Messages that are sent while a transaction is open that has written before: a worker may look for the row before it is committed, and
 * gets the message although the transaction is rolled back. Django's `atomic`, and SQLAlchemy's session up to its `commit()`. `functions`:
 * Celery's; a function of the repository that is none of them has a `delay` of another library, which may be part of the transaction.
 */
export function sentInTransactions(modules: readonly Scope[], functions: readonly FunctionSite[], resolver: Resolver): readonly PublishInTransaction[] {
  const found: PublishInTransaction[] = [];
  for (const module of modules) {
    if (ELSEWHERE.test(module.path)) continue;
    for (const { statement, scope } of sites(module, resolver)) {
      if (statement.do !== 'function') continue;
      const target: FunctionTarget = { is: 'function', function: statement.function, scope, ...(scope.kind === 'class' && scope.self && { owner: scope.self }) };
      found.push(...inFunction(target, functions, resolver));
    }
  }
  return found.filter((one, i) => found.findIndex(other => other.at.path === one.at.path && other.at.startLine === one.at.startLine && other.at.startColumn === one.at.startColumn) === i);
}

function inFunction(target: FunctionTarget, tasks: readonly FunctionSite[], resolver: Resolver): readonly PublishInTransaction[] {
  const found: PublishInTransaction[] = [];
  let write: Write | undefined;
  let session: { readonly write: Write; readonly name: string } | undefined;
  const waiting: { readonly publish: Call; readonly name: string; readonly write: Write; readonly via: readonly CallStep[] }[] = [];
  let functions = 0;
  const seen = new Set<unknown>();

  function visit(statements: readonly Statement[], where: Walk): void {
    for (const statement of statements) {
      if (statement.do === 'function' || statement.do === 'class') continue;
      const named = statement.do === 'assign' && statement.targets[0]?.is === 'name' ? statement.targets[0].name : undefined;
      for (const expr of expressionsOf(statement)) expression(expr, where, named);
      if (statement.do !== 'with') { visit(nested(statement), where); continue; }
      const opened = statement.items.map(({ value }) => openedBy(value, where.scope, resolver)).find(open => open !== undefined);
      if (!opened || where.open) { visit(statement.body, where); continue; }
      write = undefined;
      visit(statement.body, { ...where, open: opened });
      write = undefined;
    }
  }

  /** Not into lambdas: they run later, `on_commit(lambda: …)` after the transaction. */
  function expression(expr: Expr, where: Walk, named: string | undefined): void {
    if (expr.is === 'function') return;
    if (expr.is === 'call') { call(expr, where, named); return; }
    for (const part of partsOf(expr)) expression(part, where, undefined);
  }

  function call(one: Call, where: Walk, named: string | undefined): void {
    for (const part of partsOf(one)) expression(part, where, undefined);
    const method = one.callee.is === 'member' ? one.callee.name : undefined;
    if (method !== undefined && SENDS.test(method)) { published(one, where); return; }
    if (one.callee.is === 'member' && method === 'commit') { committed(spine(one.callee.object)); return; }
    if (method === 'on_commit') return;
    const effect = classify(one, undefined, where.scope, resolver);
    if (effect && WRITES.has(effect.kind)) {
      const onSession = one.callee.is === 'member' && /^(?:add|add_all|merge)$/.test(one.callee.name);
      const [argument] = one.positional;
      const name = onSession ? (argument?.is === 'name' ? argument.name : undefined) : named ?? (one.callee.is === 'member' ? dottedName(one.callee.object)?.split('.')[0] : undefined);
      const written: Write = { at: one.at, text: render(one), ...(name !== undefined && { name }) };
      if (where.open) write ??= written;
      if (onSession && one.callee.is === 'member') session ??= { write: written, name: spine(one.callee.object) };
      return;
    }
    const callee = resolver.resolve(one.callee, where.scope);
    if (callee.is !== 'function' || where.depth >= DEPTH || functions >= MAX_FUNCTIONS || seen.has(callee.function)) return;
    if (!where.open && !session) return;
    seen.add(callee.function);
    functions++;
    visit(callee.function.body, { scope: resolver.inside(callee), open: where.open, depth: where.depth + 1, via: [...where.via, { at: one.at, text: callee.function.name }] });
  }

  function published(one: Call, { open, scope, via }: Walk): void {
    if (isOtherLibrary(one, scope)) return;
    if (one.keywords.some(([key]) => key === 'countdown' || key === 'eta' || key === null)) return;
    if (open && write) found.push(factOf(one, open, write, via));
    else if (session) waiting.push({ publish: one, name: session.name, write: session.write, via });
  }

  function isOtherLibrary({ callee }: Call, scope: Scope): boolean {
    if (callee.is !== 'member' || callee.name === 'send_task') return false;
    const receiver = resolver.resolve(callee.object.is === 'call' && callee.object.callee.is === 'member' ? callee.object.callee.object : callee.object, scope);
    return receiver.is === 'function' && !tasks.some(task => task.target.function === receiver.function);
  }

  /** What was sent since the session was written to was sent too early. */
  function committed(name: string): void {
    for (const one of waiting) if (one.name === name) found.push(factOf(one.publish, { at: one.write.at, text: `${name} before its commit()` }, one.write, one.via));
    waiting.length = 0;
    session = undefined;
  }

  const decorator = target.function.decorators.map(one => openedBy(one, target.scope, resolver)).find(open => open !== undefined);
  visit(target.function.body, { scope: resolver.inside(target), open: decorator, via: [], depth: 0 });
  return found;
}

function factOf(call: Call, open: Open, write: Write, via: readonly CallStep[]): PublishInTransaction {
  const target = call.callee.is === 'member' ? render(call.callee.object) : '';
  const names = new Set([...call.positional, ...call.keywords.map(([, value]) => value)].flatMap(argument => walk(argument)).flatMap(part => (part.is === 'name' ? [part.name] : [])));
  const publish: Publish = { at: call.at, target, countdown: { state: 'unset', at: call.at, slots: [] }, via };
  return { ...publish, text: shorten(render(call, 120), 120), opened: open, wrote: { at: write.at, text: write.text }, namesWritten: via.length === 0 && write.name !== undefined && names.has(write.name) };
}

/** The transaction that a `with` or a decorator opens: `transaction.atomic`, `atomic(using="x")`; SQLAlchemy's `session.begin()` and `Session.begin()`. */
export function openedBy(expr: Expr, scope: Scope, resolver: Resolver): Open | undefined {
  const callee = expr.is === 'call' ? expr.callee : expr;
  const target = callee.is === 'name' || callee.is === 'member' ? resolver.resolve(callee, scope) : undefined;
  const name = target?.is === 'external' ? target.name : dottedName(callee) ?? '';
  return /(?:^|\.)transaction\.(?:atomic|commit_on_success)$|^django\.db\.transaction\.atomic$/.test(name) || (expr.is === 'call' && /(?:^|\.)[sS]ession(?:\(\))?\.begin$/.test(dottedName(callee) ?? '')) ? { at: expr.at, text: render(expr) } : undefined;
}

function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.is) {
    case 'call': return [...(expr.callee.is === 'member' ? [expr.callee.object] : []), ...expr.positional, ...expr.keywords.map(([, value]) => value)];
    case 'list': return expr.items;
    case 'map': return expr.entries.map(([, value]) => value);
    case 'member': return [expr.object];
    case 'item': return [expr.object, expr.key];
    case 'operation': return expr.operands;
    case 'choice': return [...(expr.test ? [expr.test] : []), ...expr.branches];
    default: return [];
  }
}
