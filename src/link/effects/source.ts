import type { Expr, Loop, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, nested, walk } from '../../model/index.js';
import { BOUNDING_METHODS, CHUNKERS, FILE_OPENERS, FOLDERS, ITERATORS, LISTINGS, LISTING_METHODS, MANAGERS, PASS_THROUGH, QUERYSET_METHODS, TABLES } from '../../knowledge/libraries/index.js';
import { MAPPER, MAPPER_LISTS } from '../../knowledge/libraries/node.js';
import { argumentsOf } from '../call-arguments.js';
import { isScript } from '../find-scripts.js';
import { bindingsOf, type Binding } from '../bindings.js';
import { partsOf, returnsOf } from '../bodies.js';
import type { FunctionTarget, Resolver, Scope, Target } from '../modules.js';
import { remembered } from '../remember.js';
import { calleeName } from '../node/walk.js';
import { renderWhole } from '../render.js';
import { rowsOf, rowsOfCursor, type Rows } from './cursors.js';
import { isUntilEmpty, yields } from './pages.js';

/** What a loop walks. */
export type Source = Pick<Loop, 'source' | 'bound' | 'entity' | 'ofOne' | 'query'>;

const UNKNOWN: Source = { source: 'unknown', bound: 'unknown' };
/** Page after page, until one is empty. */
const PAGES: Source = { source: 'listing', bound: 'unbounded' };
const bounded = (source: Loop['source']): Source => ({ source, bound: 'bounded' });
/** Names, wrappers and functions in a row, and all that is looked at for one loop: a name may hold several values. */
const STEPS = 16, LOOKS = 300;
interface Left { readonly steps: number; readonly all: { looks: number } }
const start = (): Left => ({ steps: STEPS, all: { looks: LOOKS } });
const further = ({ steps, all }: Left): Left => ({ steps: steps - 1, all });

/** Is the number of items bounded? Follows names, wrappers and functions of the repository; what cannot be told is unknown. */
export function sourceOf(expr: Expr, scope: Scope, resolver: Resolver): Source {
  return sourceFrom(expr, scope, resolver, start());
}

function sourceFrom(expr: Expr, scope: Scope, resolver: Resolver, left: Left): Source {
  if (left.steps === 0 || left.all.looks-- <= 0) return UNKNOWN;
  const follow = (part: Expr, where: Scope = scope): Source => sourceFrom(part, where, resolver, further(left));
  switch (expr.is) {
    case 'list': case 'map': return expr.is === 'list' && expr.items.some(item => item.is === 'operation' && item.operator === '*') ? UNKNOWN : bounded('constant');
    case 'literal': return bounded('constant');
    case 'name': return named(expr, scope, resolver, left);
    case 'item': return isSlice(expr.key) ? bounded('slice') : isOpenSlice(expr.key) ? follow(expr.object) : pageOf(expr.object, scope, resolver) ?? UNKNOWN;
    case 'choice': return anyOf(expr.branches.map(branch => follow(branch)));
    case 'operation': return expr.operator === 'comprehension' ? madeOf(expr, follow(expr.operands[2]!)) : expr.operator === 'or' ? follow(expr.operands[0]!) : UNKNOWN;
    case 'call': return called(expr, scope, resolver, left);
    case 'member': return attribute(expr, scope, resolver, left);
    default: return UNKNOWN;
  }
}

/** `[:n]` with an end. */
const isSlice = (key: Expr): boolean => key.is === 'operation' && key.operator === 'slice' && isGiven(key.operands[1]);
/** `[n:]`: all but the first. */
const isOpenSlice = (key: Expr): boolean => key.is === 'operation' && key.operator === 'slice' && !isGiven(key.operands[1]);
const isGiven = (expr: Expr | undefined): boolean => expr !== undefined && !(expr.is === 'literal' && expr.value === null);

function named(expr: Extract<Expr, { is: 'name' }>, scope: Scope, resolver: Resolver, left: Left): Source {
  const { name } = expr;
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    if (at.kind === 'class' && at !== scope) continue;
    const bound = at.bound?.get(name);
    const bindings = bindingsOf(at.statements).byName.get(name)?.filter(one => one.kind === 'value' || one.kind === 'iterated' || one.kind === 'import') ?? [];
    const last = bindings.at(-1);
    const rows = last && rowsOfCursor(name, expr.at, at, resolver);
    if (rows) return ofRows(rows);
    if (last?.kind === 'value') return anyOf(lastValues(name, bindings).map(expr => valueSource(name, expr, at, resolver, left)));
    if (last?.kind === 'iterated') return last.part !== undefined && last.over.is === 'call' ? partSource(last.over, last.part, at, resolver, left) : chunkOf(last.over, at, resolver);
    if (bound) return bound.is === 'value' ? sourceFrom(bound.expr, bound.scope, resolver, further(left)) : UNKNOWN;
    if (at.function?.parameters.some(parameter => parameter.name === name)) return { source: 'argument', bound: 'unknown' };
    if (last) break;
  }
  const target = resolver.resolve(expr, scope);
  return target.is === 'value' ? sourceFrom(target.expr, target.scope, resolver, further(left)) : UNKNOWN;
}

/** `[team.name for team in Team.objects.all()]`: as many as there are rows, but no rows. */
function madeOf({ operands: [element, item] }: Extract<Expr, { is: 'operation' }>, { query, ...source }: Source): Source {
  return query !== undefined && element?.is === 'name' && item?.is === 'name' && element.name === item.name ? { ...source, query } : source;
}

/** Rows of a statement in SQL. */
const ofRows = (rows: Rows): Source => (rows === 'few' ? bounded('slice') : { source: 'queryset', bound: rows === 'all' ? 'unbounded' : 'unknown' });

/** What a name may hold at the end: its last value, and before it those of branches that need not be taken. A value made from the name itself (`x = list(x)`) leaves what it was. */
function lastValues(name: string, bindings: readonly Binding[]): readonly Expr[] {
  const values: Expr[] = [];
  for (const binding of [...bindings].reverse()) {
    if (binding.kind !== 'value') break;
    const again = isMadeFrom(binding.expr, name);
    if (!again || isCut(binding.expr)) values.push(binding.expr);
    if (!again && binding.guards.length === 0 || again && isCut(binding.expr) && binding.guards.length === 0 || values.length === 4) break;
  }
  return values;
}
const isMadeFrom = (expr: Expr, name: string): boolean => walk(expr).some(part => part.is === 'name' && part.name === name);
const isCut = (expr: Expr): boolean => methodChain(expr).some(step => step.bounds);

/** One run takes one of the ways: the worst counts. */
function anyOf(sources: readonly Source[]): Source {
  return sources.find(source => source.bound === 'unbounded') ?? sources.find(source => source.bound === 'unknown') ?? sources[0] ?? UNKNOWN;
}

/** A list that is filled later holds what it is filled with. */
function valueSource(name: string, expr: Expr, scope: Scope, resolver: Resolver, left: Left): Source {
  const isEmpty = (expr.is === 'list' && expr.items.length === 0) || (expr.is === 'map' && expr.entries.length === 0) || (expr.is === 'call' && /^(list|set|dict)$/.test(dottedName(expr.callee) ?? '') && expr.positional.length === 0);
  const added = isEmpty && scope.kind === 'function' ? additionsTo(scope.statements).get(name) : undefined;
  return added ? anyOf(added.map(over => (over === 'pages' ? PAGES : sourceFrom(over, scope, resolver, further(left))))) : sourceFrom(expr, scope, resolver, further(left));
}

/** What a list is filled with: what is put into it, or what is walked around that; `pages`: what each round of a loop until nothing is left brings. */
type Addition = Expr | 'pages';

/** By name: what `extend`, `update` and `+=` put into it, and what is walked around an `append`. */
const additionsTo = remembered((statements: readonly Statement[]): ReadonlyMap<string, readonly Addition[]> => {
  const found = new Map<string, Addition[]>();
  const add = (name: string | undefined, over: Addition | undefined): void => { if (name !== undefined && over) found.set(name, [...(found.get(name) ?? []), over].slice(-6)); };
  const collect = (body: readonly Statement[], over: Expr | undefined, isPaged: boolean): void => {
    const addAll = (name: string | undefined, whole: Expr): void => { add(name, whole); add(name, isPaged ? 'pages' : over); };
    const addOne = (name: string | undefined): void => add(name, isPaged && over?.is !== 'opaque' ? 'pages' : over);
    for (const statement of body) {
      if (statement.do === 'function' || statement.do === 'class') continue;
      if (statement.do === 'assign' && statement.augmented === '+' && statement.targets[0]) addAll(dottedName(statement.targets[0]), statement.value);
      if (statement.do === 'assign' && statement.targets[0]?.is === 'item') addOne(dottedName(statement.targets[0].object));
      if (statement.do === 'call') for (const call of expressionsOf(statement)) {
        if (call.is !== 'call' || call.callee.is !== 'member' || !call.positional[0]) continue;
        if (/^(extend|update)$/.test(call.callee.name)) addAll(dottedName(call.callee.object), call.positional[0]);
        else if (/^(append|add)$/.test(call.callee.name)) addOne(dottedName(call.callee.object));
      }
      collect(nested(statement), statement.do === 'for' ? statement.over : statement.do === 'while' ? { is: 'opaque', text: 'while', at: statement.at } : over, statement.do === 'while' ? isUntilEmpty(statement) : isPaged);
    }
  };
  collect(statements, undefined, false);
  return found;
});

/** In these statements, is what is walked asked for anew: the answer of a call, or a piece of a query? A piece of a list that is there (`ids[:10]`) is not, nor one of a query that has an end. */
export function isAskedAnew(over: Expr, body: readonly Statement[], scope: Scope, resolver: Resolver): boolean {
  const walked = unwrapped(over);
  const values = walked.is === 'name' ? bindingsOf(body).byName.get(walked.name)?.flatMap(one => (one.kind === 'value' ? [unwrapped(one.expr)] : [])) ?? [] : [walked];
  return values.some(value => (value.is === 'call' || hasQueryRoot(value)) && behindCut(value, scope, resolver, start())?.bound !== 'bounded');
}

/** `rows = query.filter(id__gt=last)[:100]`: what the caller has given as the query. */
function behindCut(expr: Expr, scope: Scope, resolver: Resolver, left: Left): Source | undefined {
  const root = rootOf(unwrapped(expr));
  if (root.is !== 'name' || left.steps === 0) return undefined;
  const bound = scope.bound?.get(root.name);
  if (bound?.is === 'value') return sourceFrom(bound.expr, bound.scope, resolver, further(left));
  const value = localValue(root.name, scope);
  return value && behindCut(value, scope, resolver, further(left));
}

const unwrapped = (expr: Expr): Expr => (expr.is === 'call' && expr.positional[0] && PASS_THROUGH.has(dottedName(expr.callee) ?? '') ? unwrapped(expr.positional[0]) : expr);

/** What was entered or walked: an opened file has as many lines as it has; a piece of a chunked source is bounded. */
function chunkOf(over: Expr, scope: Scope, resolver: Resolver): Source {
  if (over.is !== 'call') return UNKNOWN;
  if (CHUNKERS.test(dottedName(over.callee) ?? '')) return bounded('chunk');
  return FILE_OPENERS.test(resolver.externalName(over.callee, scope) ?? '') ? { source: 'file', bound: 'unbounded' } : UNKNOWN;
}

function called(call: Extract<Expr, { is: 'call' }>, scope: Scope, resolver: Resolver, left: Left): Source {
  const follow = (part: Expr | undefined): Source => (part ? sourceFrom(part, scope, resolver, further(left)) : UNKNOWN);
  const listed = isScript(scope.path) ? mapperSource(call) : undefined;
  if (listed) return listed;
  const name = dottedName(call.callee);
  const external = resolver.externalName(call.callee, scope);
  if (name !== undefined && (external ?? name) !== undefined && PASS_THROUGH.has(external ?? name)) return follow(/^(map|filter)$/.test(name) ? call.positional[1] : call.positional[0]);
  if (external === 'range') return call.positional.every(part => resolver.evaluate(part, scope).known) ? bounded('range') : { source: 'range', bound: 'unknown' };
  if (external !== undefined && FILE_OPENERS.test(external)) return { source: 'file', bound: 'unbounded' };
  if (name !== undefined && CHUNKERS.test(name)) return { source: 'chunk', bound: follow(call.positional[0]).bound, ...entity(follow(call.positional[0])) };
  if (external === 'itertools.islice') return isGiven(call.positional[2] ?? call.positional[1]) ? bounded('slice') : follow(call.positional[0]);
  const chain = methodChain(call);
  if (chain.some(step => step.name === 'get_paginator') || /\bget_paginator\(\)\.paginate$/.test(external ?? '')) return { source: 'paginator', bound: 'unbounded' };
  if (chain.some(step => step.bounds)) return (chain.at(-1)!.name === 'get' && call.callee.is === 'member' ? pageOf(call.callee.object, scope, resolver) : undefined) ?? bounded('slice');
  const cursor = chain.at(-1)?.name === 'fetchall' && call.callee.is === 'member' ? dottedName(call.callee.object) : undefined;
  const statement = executed(call);
  const rows = cursor !== undefined ? rowsOfCursor(cursor, call.at, scope, resolver) : statement && rowsOf(statement, scope, resolver);
  if (rows) return ofRows(rows);
  if (external !== undefined && TABLES.test(external)) return { source: 'file', bound: follow(call.positional[0]).bound === 'bounded' ? 'bounded' : 'unbounded' };
  if (external !== undefined && (FOLDERS.test(external) || LISTINGS.test(external))) return { source: 'listing', bound: 'unbounded' };
  const own = resolver.resolve(call.callee, scope);
  if (own.is === 'class') {
    const walked = resolver.member({ is: 'instance', of: own, call, scope }, '__iter__');
    return walked.is === 'function' ? returnedSource(walked, resolver.inside(walked), resolver, left) : UNKNOWN;
  }
  if (own.is === 'function') return returnedSource(own, resolver.inside(own, argumentsOf(own, call, scope)), resolver, left);
  const last = chain[chain.length - 1]?.name;
  if (call.callee.is === 'member' && last !== undefined && ['items', 'values', 'keys', 'copy'].includes(last) && call.positional.length === 0 && !isQueryset(call, scope, resolver)) return follow(call.callee.object);
  if (last !== undefined && LISTING_METHODS.has(last)) return { source: last.includes('scan') ? 'scan' : 'paginator', bound: 'unbounded' };
  if (isBucketListing(call)) return { source: 'listing', bound: 'unbounded' };
  if (last === 'keys' && call.positional.length > 0 && /redis/i.test(external ?? '')) return { source: 'scan', bound: 'unbounded' };
  return querysetSource(call, scope, resolver) ?? UNKNOWN;
}

/** `prisma.user.findMany({ where, take })`: a table, or a piece of it. */
function mapperSource({ callee, positional: [options] }: Extract<Expr, { is: 'call' }>): Source | undefined {
  if (callee.is !== 'member' || !MAPPER_LISTS.test(callee.name)) return undefined;
  const holder = dottedName(callee.object) ?? '';
  if (!MAPPER.test(holder)) return undefined;
  const limits = options?.is === 'map' && options.entries.some(([key]) => key?.is === 'literal' && /^(?:take|limit|first)$/.test(String(key.value)));
  return limits ? bounded('slice') : { source: 'queryset', bound: 'unbounded', entity: holder.split('.').pop()! };
}

const entity = (source: Source): { entity?: string } => (source.entity === undefined ? {} : { entity: source.entity });

function attribute(expr: Extract<Expr, { is: 'member' }>, scope: Scope, resolver: Resolver, left: Left): Source {
  const target = resolver.resolve(expr, scope);
  if (target.is === 'value' && target.expr !== expr) return sourceFrom(target.expr, target.scope, resolver, further(left));
  if (target.is === 'instance' && target.call !== expr && target.call.is === 'call') return sourceFrom(target.call, target.scope, resolver, further(left));
  if (target.is === 'external' && TABLES.test(target.name)) return { source: 'file', bound: 'unbounded' };
  return querysetSource(expr, scope, resolver) ?? UNKNOWN;
}

interface Step { readonly name: string; readonly bounds: boolean }

/** `a.b().c().d()`: the names of a chain of any length, without arguments. */
export function spine(expr: Expr): string {
  const parts: string[] = [];
  for (let at = expr; ;) {
    if (at.is === 'call') { parts.unshift('()'); at = at.callee; } else if (at.is === 'member') { parts.unshift(`.${at.name}`); at = at.object; } else if (at.is === 'item') { parts.unshift('[]'); at = at.object; } else return `${at.is === 'name' ? at.name : '…'}${parts.join('')}`;
  }
}

/** The methods of `a.b().c().d()`, first to last. */
function methodChain(expr: Expr): readonly Step[] {
  const steps: Step[] = [];
  for (let at: Expr = expr; ;) {
    if (at.is === 'call') {
      if (at.callee.is === 'member') steps.unshift({ name: at.callee.name, bounds: BOUNDING_METHODS.has(at.callee.name) || (at.callee.name !== 'exclude' && at.keywords.some(([key, value]) => boundedKeyword(key, value))) });
      at = at.callee;
    } else if (at.is === 'member') at = at.object;
    else if (at.is === 'item') { if (isSlice(at.key)) steps.unshift({ name: '[:]', bounds: true }); at = at.object; } else return steps;
  }
}

/** `pk__in=ids`, `id=…`, `pk=…`, `limit=…`, `MaxItems=…`: the caller bounds it. */
function boundedKeyword(key: string | null, value: Expr): boolean {
  if (key === null) return false;
  if (/^(pk|id|uuid)$|(^|_)(pk|id|uuid|ids)__in$|^(max_results|max_pages|limit|MaxItems|MaxResults|page_size_limit)$/.test(key)) return !(value.is === 'literal' && value.value === null);
  return false;
}

/** The first thing of a chain and its whole text decide whether it is a query of a table, not a relation of one object. */
function isQueryset(expr: Expr, scope: Scope, resolver: Resolver): boolean {
  return querysetSource(expr, scope, resolver) !== undefined;
}

function querysetSource(expr: Expr, scope: Scope, resolver: Resolver, steps = STEPS): Source | undefined {
  const chain = methodChain(expr);
  const methods = chain.filter(step => QUERYSET_METHODS.has(step.name)).length;
  if (methods > 0 && isDocumentQuery(expr)) return { source: 'queryset', bound: 'unbounded', ...(isOfOne(expr) && { ofOne: true }), ...modelOf(expr, scope, resolver) };
  if (hasQueryRoot(expr) && (methods > 0 || expr.is !== 'call' || isSelect(expr))) return { source: 'queryset', bound: 'unbounded', query: renderWhole(expr), ...modelOf(expr, scope, resolver) };
  if (methods === 0 || steps <= 0) return undefined;
  // session.execute(statement): the statement decides
  const statement = executed(expr);
  if (statement) return statement.is === 'name' ? querysetBehind(statement.name, scope, resolver, steps) : isCut(statement) ? bounded('slice') : querysetSource(statement, scope, resolver, steps - 1);
  if (chain.some(step => ITERATORS.has(step.name))) return { source: 'queryset', bound: 'unbounded', ...modelOf(expr, scope, resolver) };
  const root = rootOf(expr);
  if (root.is !== 'name') return undefined;
  const behind = querysetBehind(root.name, scope, resolver, steps);
  if (behind) return behind;
  const target: Target = resolver.resolve(root, scope);
  return target.is === 'class' ? { source: 'queryset', bound: 'unbounded', entity: target.class.name } : undefined;
}

/** A chain that begins at a table: `User.objects`, `User.query`, `session.query(User)`, `select(User)`. An address has a `.query` too, a page of HTML a `.select()`. */
export function hasQueryRoot(expr: Expr): boolean {
  for (let at = expr; at.is === 'call' || at.is === 'member' || at.is === 'item'; at = at.is === 'call' ? at.callee : at.object) {
    if (at.is === 'member' && MANAGERS.test(at.name)) return true;
    if (at.is === 'member' && at.name === 'query' && isClassLike(at.object)) return true;
    if (at.is === 'call' && (isSelect(at) || isSessionQuery(at))) return true;
  }
  return false;
}

function isSelect(call: Expr): boolean {
  if (call.is !== 'call') return false;
  if (call.callee.is === 'name') return call.callee.name === 'select';
  return call.callee.is === 'member' && call.callee.name === 'select' && (isClassLike(call.callee.object) || /(^|\.)(sa|sqlalchemy|sql|db|sqlmodel)$/.test(dottedName(call.callee.object) ?? ''));
}

function isSessionQuery(call: Extract<Expr, { is: 'call' }>): boolean {
  if (call.callee.is !== 'member' || call.callee.name !== 'query') return false;
  return /session/i.test(spine(call.callee.object)) || (call.positional[0] !== undefined && (dottedName(call.positional[0]) ?? '').split('.').some(part => /^[A-Z]/.test(part)));
}

/** `User`, `models.User`, `get_user_model()`: by the name, as people write classes. */
function isClassLike(expr: Expr): boolean {
  return expr.is === 'call' ? /(^|\.)get_\w*model$/.test(dottedName(expr.callee) ?? '') : /(^|\.)_*[A-Z]\w*$/.test(dottedName(expr) ?? '');
}

/** A query kept in a variable: any step that cuts it bounds it. */
function querysetBehind(name: string, scope: Scope, resolver: Resolver, steps: number): Source | undefined {
  const values = bindingsOf(scope.statements).byName.get(name)?.flatMap(one => (one.kind === 'value' ? [one.expr] : [])) ?? [];
  if (values.some(isCut)) return bounded('slice');
  const origin = values.filter(value => !isMadeFrom(value, name)).at(-1);
  return origin && querysetSource(origin, scope, resolver, steps - 1);
}

/** The first argument of `.execute()` and `.scalars()` in a chain. */
function executed(expr: Expr): Expr | undefined {
  for (let at = expr; at.is === 'call' || at.is === 'member';) {
    if (at.is === 'call' && at.callee.is === 'member' && /^(execute|scalars|stream_scalars)$/.test(at.callee.name) && at.positional[0]) return at.positional[0];
    at = at.is === 'call' ? at.callee : at.object;
  }
  return undefined;
}

/** A document store's `find({…})`, or an object mapper's `Model.find(…).to_list()`; str.find() and an XML tree's take text. */
function isDocumentQuery(expr: Expr): boolean {
  for (let at = expr, listed = false; at.is === 'call' || at.is === 'member';) {
    if (at.is === 'call' && at.callee.is === 'member') {
      if (at.callee.name === 'to_list') listed = true;
      if (at.callee.name === 'find' && (listed || at.positional[0]?.is === 'map' || at.positional.length === 0)) return true;
    }
    at = at.is === 'call' ? at.callee : at.object;
  }
  return false;
}

/** `find({"document_uuid": uuid})`: what belongs to one thing. */
function isOfOne(expr: Expr): boolean {
  return walk(expr).some(part => part.is === 'call' && part.callee.is === 'member' && part.callee.name === 'find' && part.positional[0]?.is === 'map'
    && part.positional[0].entries.some(([key, value]) => key?.is === 'literal' && /(^|_)(uu)?id$/.test(String(key.value)) && value.is !== 'map'));
}

/** `response["Contents"]` of one listing call of boto3: one page, as many as a loop around it asks for. */
function pageOf(object: Expr, scope: Scope, resolver: Resolver): Source | undefined {
  const value = object.is === 'name' ? localValue(object.name, scope) : object;
  if (value?.is !== 'call' || value.callee.is !== 'member' || !/^(list_|describe_|scan$|query$)/.test(value.callee.name)) return undefined;
  return /^(aio)?boto/.test(resolver.externalName(value.callee, scope) ?? '') || /^list_objects/.test(value.callee.name) ? { source: 'listing', bound: 'unknown' } : undefined;
}

function localValue(name: string, scope: Scope): Expr | undefined {
  const binding = bindingsOf(scope.statements).byName.get(name)?.filter(one => one.kind === 'value').at(-1);
  return binding?.kind === 'value' ? binding.expr : undefined;
}

function rootOf(expr: Expr): Expr {
  let at = expr;
  while (at.is === 'call' || at.is === 'member' || at.is === 'item') at = at.is === 'call' ? at.callee : at.object;
  return at;
}

/** `User.objects…`, `session.query(User)…`, `select(User)`: the model's name. */
function modelOf(expr: Expr, scope: Scope, resolver: Resolver): { entity?: string } {
  if (methodChain(expr).some(step => step.name === 'values' || step.name === 'values_list')) return {}; // values, no rows
  for (const part of walk(expr)) {
    if (part.is === 'member' && part.name === 'objects') { const name = dottedName(part.object)?.split('.').pop(); if (name) return { entity: name }; }
    if (part.is === 'call' && /(^|\.)(query|select)$/.test(calleeName(part)) && part.positional[0]) {
      const first = part.positional[0];
      const name = dottedName(first);
      if (name && /^[A-Z]\w*$/.test(name.split('.').pop()!)) return { entity: name.split('.').pop()! };
    }
  }
  const root = rootOf(expr);
  if (root.is !== 'name') return {};
  const target = resolver.resolve(root, scope);
  return target.is === 'class' ? { entity: target.class.name } : {};
}

function isBucketListing(call: Extract<Expr, { is: 'call' }>): boolean {
  return call.callee.is === 'member' && ['all', 'filter'].includes(call.callee.name) && call.callee.object.is === 'member' && call.callee.object.name === 'objects' && call.keywords.some(([key]) => key === 'Prefix');
}

/** What a generator gives page by page. */
function pagesOf(body: readonly Statement[], scope: Scope, resolver: Resolver, left: Left): Source {
  const asked = [...bindingsOf(body).byName.values()].flat().flatMap(one => (one.kind === 'value' ? [behindCut(one.expr, scope, resolver, further(left))] : []));
  return asked.some(source => source?.bound === 'bounded') ? bounded('chunk') : { source: 'chunk', bound: 'unbounded' };
}

type AnyLoop = Extract<Statement, { do: 'for' | 'while' }>;

/** The outermost loops that a generator yields in. */
const yieldingLoops = (body: readonly Statement[]): readonly AnyLoop[] => body.flatMap(statement => (statement.do === 'for' || statement.do === 'while' ? (yields(statement) ? [statement] : []) : yieldingLoops(nested(statement))));

/** `rows, total = load()`: what stands there in what the function returns. */
function partSource(call: Extract<Expr, { is: 'call' }>, part: number, scope: Scope, resolver: Resolver, left: Left): Source {
  const target = resolver.resolve(call.callee, scope);
  if (target.is !== 'function') return UNKNOWN;
  const inside = resolver.inside(target, argumentsOf(target, call, scope));
  return anyOf(partsOf(target, part).map(expr => sourceFrom(expr, inside, resolver, further(left))));
}

/** What a function of the repository returns or yields. */
function returnedSource(target: FunctionTarget, inside: Scope, resolver: Resolver, left: Left): Source {
  if (target.function.isGenerator) {
    const loops = yieldingLoops(target.function.body);
    return anyOf(loops.map(loop => (loop.do === 'for' ? sourceFrom(loop.over, inside, resolver, further(left)) : isUntilEmpty(loop) ? pagesOf(loop.body, inside, resolver, left) : UNKNOWN)));
  }
  const results = returnsOf(target.function.body).filter(result => !(result.is === 'literal' || (result.is === 'list' && result.items.length === 0)));
  const sources = results.map(result => sourceFrom(result, inside, resolver, further(left)));
  return anyOf(sources);
}
