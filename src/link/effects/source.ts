import type { Expr, Loop } from '../../model/index.js';
import { dottedName, walk } from '../../model/index.js';
import { BOUNDING_METHODS, CHUNKERS, LISTING_METHODS, PASS_THROUGH, QUERYSET_METHODS, QUERYSET_ROOTS } from '../../knowledge/libraries.js';
import { bindingsOf } from '../bindings.js';
import { returnsOf, type Resolver, type Scope, type Target } from '../modules.js';
import { render } from '../render.js';

/** What a loop walks. */
export type Source = Pick<Loop, 'source' | 'bound' | 'entity'>;

const UNKNOWN: Source = { source: 'unknown', bound: 'unknown' };
const bounded = (source: Loop['source']): Source => ({ source, bound: 'bounded' });
const STEPS = 8;

/** Is the number of items bounded? Follows names, wrappers and functions of the repository; what cannot be told is unknown. */
export function sourceOf(expr: Expr, scope: Scope, resolver: Resolver, steps = STEPS): Source {
  if (steps === 0) return UNKNOWN;
  const follow = (part: Expr, where: Scope = scope): Source => sourceOf(part, where, resolver, steps - 1);
  switch (expr.is) {
    case 'list': case 'map': return expr.is === 'list' && expr.items.some(item => item.is === 'operation' && item.operator === '*') ? UNKNOWN : bounded('constant');
    case 'literal': return bounded('constant');
    case 'name': return named(expr.name, scope, resolver, steps);
    case 'item': return isSlice(expr.key) ? bounded('slice') : UNKNOWN;
    case 'choice': { const all = expr.branches.map(branch => follow(branch)); return all.every(one => one.bound === 'unbounded') ? all[0]! : all.every(one => one.bound === 'bounded') ? all[0]! : UNKNOWN; }
    case 'operation': return expr.operator === 'comprehension' ? follow(expr.operands[2]!) : expr.operator === 'or' ? follow(expr.operands[0]!) : UNKNOWN;
    case 'call': return called(expr, scope, resolver, steps);
    case 'member': return attribute(expr, scope, resolver, steps);
    default: return UNKNOWN;
  }
}

/** `[:n]` with an end. */
function isSlice(key: Expr): boolean {
  return key.is === 'operation' && key.operator === 'slice' && key.operands[1] !== undefined && !(key.operands[1].is === 'literal' && key.operands[1].value === null);
}

function named(name: string, scope: Scope, resolver: Resolver, steps: number): Source {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    if (at.kind === 'class' && at !== scope) continue;
    const bound = at.bound?.get(name);
    const binding = bindingsOf(at.statements).byName.get(name)?.filter(one => one.kind === 'value' || one.kind === 'iterated' || one.kind === 'import').at(-1);
    if (binding?.kind === 'value') return sourceOf(binding.expr, at, resolver, steps - 1);
    if (binding?.kind === 'iterated') return chunkOf(binding.over);
    if (bound) return bound.is === 'value' ? sourceOf(bound.expr, bound.scope, resolver, steps - 1) : UNKNOWN;
    if (at.function?.parameters.some(parameter => parameter.name === name)) return { source: 'argument', bound: 'unknown' };
    if (binding) break;
  }
  const target = resolver.resolve({ is: 'name', name, at: scope.statements[0]?.at ?? { path: scope.path, startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 } }, scope);
  return target.is === 'value' ? sourceOf(target.expr, target.scope, resolver, steps - 1) : UNKNOWN;
}

/** The item of an outer loop: a piece of a chunked source is bounded. */
function chunkOf(over: Expr): Source {
  if (over.is === 'call' && CHUNKERS.test(dottedName(over.callee) ?? '')) return bounded('chunk');
  return UNKNOWN;
}

function called(call: Extract<Expr, { is: 'call' }>, scope: Scope, resolver: Resolver, steps: number): Source {
  const follow = (part: Expr | undefined): Source => (part ? sourceOf(part, scope, resolver, steps - 1) : UNKNOWN);
  const name = dottedName(call.callee);
  const external = resolver.externalName(call.callee, scope);
  if (name !== undefined && (external ?? name) !== undefined && PASS_THROUGH.has(external ?? name)) return follow(/^(map|filter)$/.test(name) ? call.positional[1] : call.positional[0]);
  if (external === 'range') return call.positional.every(part => resolver.evaluate(part, scope).known) ? bounded('range') : { source: 'range', bound: 'unknown' };
  if (external === 'open') return { source: 'file', bound: 'unbounded' };
  if (external === 'csv.reader' || external === 'csv.DictReader') return { source: 'file', bound: follow(call.positional[0]).bound === 'unbounded' ? 'unbounded' : 'unknown' };
  if (name !== undefined && CHUNKERS.test(name)) return { source: 'chunk', bound: follow(call.positional[0]).bound, ...entity(follow(call.positional[0])) };
  const chain = methodChain(call);
  if (chain.some(step => step.bounds)) return bounded('slice');
  const own = resolver.resolve(call.callee, scope);
  if (own.is === 'function') return returnedSource(own, scope, call, resolver, steps);
  const last = chain[chain.length - 1]?.name;
  if (call.callee.is === 'member' && last !== undefined && ['items', 'values', 'keys', 'copy'].includes(last) && call.positional.length === 0 && !isQueryset(call, scope, resolver)) return follow(call.callee.object);
  if (last !== undefined && LISTING_METHODS.has(last)) return { source: last.includes('scan') ? 'scan' : 'paginator', bound: 'unbounded' };
  if (isBucketListing(call)) return { source: 'listing', bound: 'unbounded' };
  return querysetSource(call, scope, resolver) ?? UNKNOWN;
}

const entity = (source: Source): { entity?: string } => (source.entity === undefined ? {} : { entity: source.entity });

function attribute(expr: Extract<Expr, { is: 'member' }>, scope: Scope, resolver: Resolver, steps: number): Source {
  const target = resolver.resolve(expr, scope);
  if (target.is === 'value' && target.expr !== expr) return sourceOf(target.expr, target.scope, resolver, steps - 1);
  return querysetSource(expr, scope, resolver) ?? UNKNOWN;
}

interface Step { readonly name: string; readonly bounds: boolean }

/** The methods of `a.b().c().d()`, first to last. */
function methodChain(expr: Expr): readonly Step[] {
  const steps: Step[] = [];
  for (let at: Expr = expr; ;) {
    if (at.is === 'call') {
      if (at.callee.is === 'member') steps.unshift({ name: at.callee.name, bounds: BOUNDING_METHODS.has(at.callee.name) || at.keywords.some(([key, value]) => boundedKeyword(key, value)) });
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

function querysetSource(expr: Expr, scope: Scope, resolver: Resolver): Source | undefined {
  const chain = methodChain(expr);
  const text = render(expr, 400);
  const methods = chain.filter(step => QUERYSET_METHODS.has(step.name)).length;
  if (QUERYSET_ROOTS.test(text) && (methods > 0 || /\.objects$/.test(text))) return { source: 'queryset', bound: 'unbounded', ...modelOf(expr, scope, resolver) };
  // a query kept in a variable: follow it to its root
  const root = rootOf(expr);
  if (methods > 0 && root.is === 'name') {
    const target: Target = resolver.resolve(root, scope);
    const before = localValue(root.name, scope);
    if (before && before !== expr && QUERYSET_ROOTS.test(render(before, 400))) return methodChain(before).some(step => step.bounds) ? bounded('slice') : { source: 'queryset', bound: 'unbounded', ...modelOf(before, scope, resolver) };
    if (target.is === 'class') return { source: 'queryset', bound: 'unbounded', entity: target.class.name };
  }
  return undefined;
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
  for (const part of walk(expr)) {
    if (part.is === 'member' && part.name === 'objects') { const name = dottedName(part.object)?.split('.').pop(); if (name) return { entity: name }; }
    if (part.is === 'call' && /(^|\.)(query|select)$/.test(dottedName(part.callee) ?? (part.callee.is === 'member' ? part.callee.name : '')) && part.positional[0]) {
      const first = part.positional[0];
      const name = dottedName(first)?.split('.')[0];
      if (name && /^[A-Z]/.test(name)) return { entity: name };
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

/** What a function of the repository returns or yields. */
function returnedSource(target: Extract<Target, { is: 'function' }>, scope: Scope, call: Extract<Expr, { is: 'call' }>, resolver: Resolver, steps: number): Source {
  const bound = new Map<string, Target>();
  const parameters = target.function.parameters.filter(parameter => parameter.kind === 'plain').slice(target.owner ? 1 : 0);
  call.positional.forEach((value, i) => { if (parameters[i]) bound.set(parameters[i].name, { is: 'value', expr: value, scope }); });
  for (const [key, value] of call.keywords) if (key !== null) bound.set(key, { is: 'value', expr: value, scope });
  const inside = resolver.inside(target, bound);
  if (target.function.isGenerator) {
    const loops = target.function.body.flatMap(statement => (statement.do === 'for' ? [statement.over] : statement.do === 'with' || statement.do === 'try' ? statement.body.flatMap(inner => (inner.do === 'for' ? [inner.over] : [])) : []));
    return loops[0] ? sourceOf(loops[0], inside, resolver, steps - 1) : UNKNOWN;
  }
  const results = returnsOf(target.function.body).filter(result => !(result.is === 'literal' || (result.is === 'list' && result.items.length === 0)));
  const sources = results.map(result => sourceOf(result, inside, resolver, steps - 1));
  return sources.length > 0 && sources.every(source => source.bound === sources[0]!.bound) ? sources[0]! : UNKNOWN;
}
