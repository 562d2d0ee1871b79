import type { EffectKind, Expr, SourceLocation, Statement } from '../../model/index.js';
import { children, dottedName, expressionsOf, literalText, nested, samePlace, valueIn, walk } from '../../model/index.js';
import { PURE } from '../../knowledge/libraries/index.js';
import { BY_UNIQUE_KEY, GLOBALS, MAPPER, MAPPER_READS, NODE_CALLS, NODE_PURE, ONCE, SQL_METHODS, VALUE_METHODS } from '../../knowledge/libraries/node.js';
import { bindingsOf, type Binding } from '../bindings.js';
import { returnsOf } from '../bodies.js';
import { isScript } from '../find-scripts.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';

type Call = Extract<Expr, { is: 'call' }>;

/**
 * Something stored that a condition depends on. `entity`: the table as the code names it, or ANYTHING where that cannot be told. present: the
 * condition holds while a row with that key is there; absent: while none is; value: it depends on what the rows say.
 */
export interface Asked { readonly entity: string; readonly as: 'value' | 'present' | 'absent'; /** The call that asks. */ readonly by?: SourceLocation; /** value: the columns it depends on, where they are known. */ readonly fields?: readonly string[]; /** value: of one row, found by its key. */ readonly ofOne?: boolean; /** value: the texts that columns are asked for. */ readonly texts?: Texts }
/** What a function does to something stored. */
export interface Written { readonly entity: string; readonly how: 'insert' | 'update' | 'delete'; readonly at: SourceLocation; /** update: the columns, where they are known. */ readonly fields?: readonly string[]; /** insert: the texts that columns are given. */ readonly texts?: Texts }
/** Columns and the texts that are written for them: `{ source: "upload" }`. */
type Texts = Readonly<Record<string, string>>;

export const ANYTHING = '*';

/** The system that a request goes to, by the host of its address, or what stands for it. */
function siteOf({ callee, positional: [url] }: Call): string {
  const text = url?.is === 'operation' && url.operator === 'concat' ? url.operands[0] : url;
  const host = text?.is === 'literal' ? /^https?:\/\/([^/]+)/.exec(String(text.value))?.[1] : undefined;
  return `http ${host ?? (text && text.is !== 'literal' ? dottedName(text) : undefined) ?? (callee.is === 'member' ? dottedName(callee.object) : undefined) ?? ''}`;
}
const OPEN: readonly Asked[] = [{ entity: ANYTHING, as: 'value' }];
const NOTHING: readonly Asked[] = [];

/** Values and texts: the same at each run for the same message. */
const COMPUTES = /^(?:JSON|Math|Promise|Object|Array|String|Number|Boolean|Buffer|Date|Map|Set|RegExp|parseInt|parseFloat|len|str|int|bool|isinstance|any|all|sorted|set|list|dict|json)(?:\.|$)|\.(?:match|includes|startsWith|endsWith|startswith|endswith|trim|toLowerCase|toUpperCase|lower|upper|strip|split|join|filter|map|slice|some|every|replace|toString|test|keys|values|items|get)$/;
/** Functions of the repository that a value comes through. */
const DEPTH = 6;

/** Can what was written change what is asked? */
export function changes({ entity, how, at, fields, texts = {} }: Written, asked: Asked): boolean {
  if (asked.by && samePlace(asked.by, at)) return false;
  if (entity !== asked.entity && entity !== ANYTHING && asked.entity !== ANYTHING) return false;
  if (asked.as === 'value' && entity === asked.entity) {
    if (how === 'update' && fields && asked.fields) return asked.fields.some(field => fields.includes(field));
    if (how !== 'update' && asked.ofOne) return false;
    // rows of another kind
    if (how === 'insert' && Object.entries(asked.texts ?? {}).some(([column, text]) => texts[column] !== undefined && texts[column] !== text)) return false;
  }
  return asked.as === 'value' || (asked.as === 'present' ? how === 'delete' : how === 'insert') || entity === ANYTHING;
}

/**
 * What a condition asks for that a run before may have changed; nothing for one over what the message says, constants and what is computed of
 * them: that is the same in every run, and keeps no second run from anything. `taken`: the way on which it holds.
 */
export function stateAsked(test: Expr, scope: Scope, resolver: Resolver, taken = true): readonly Asked[] {
  if (isScript(scope.path)) {
    if (test.is === 'operation' && test.operator === 'not') return stateAsked(test.operands[0]!, scope, resolver, !taken);
    if (test.is === 'operation' && /^(?:[!=]==?|is|is not)$/.test(test.operator) && isNothing(test.operands[1])) return stateAsked(test.operands[0]!, scope, resolver, /^!|not/.test(test.operator) ? taken : !taken);
    const row = test.is === 'name' ? rowByKey(test.name, scope, resolver) : undefined;
    if (row !== undefined) return [{ entity: row.entity, as: taken ? 'present' : 'absent', ...(row.by && { by: row.by }) }];
    if (test.is === 'operation' && /^(?:and|or)$/.test(test.operator)) return distinct(test.operands.flatMap(part => [...stateAsked(part, scope, resolver, true), ...stateAsked(part, scope, resolver, false)]));
  }
  return distinct(asks(test, scope, resolver));
}

/** `null`, `undefined`. */
const isNothing = (expr: Expr | undefined): boolean => (expr?.is === 'literal' && expr.value === null) || (expr?.is === 'name' && expr.name === 'undefined');

/** What asks for the row that a name holds, found by its key alone. */
function rowByKey(name: string, scope: Scope, resolver: Resolver): Asked | undefined {
  for (let within: Scope | undefined = scope; within; within = within.parent) {
    const bindings = bindingsOf(within.statements).byName.get(name);
    if (!bindings) continue;
    const [only, ...others] = bindings;
    return only?.kind === 'value' && others.length === 0 && only.expr.is === 'call' ? oneRow(only.expr, within, resolver) : undefined;
  }
  return undefined;
}

/** A call that reads one row by its key. */
function oneRow(call: Call, scope: Scope, resolver: Resolver): Asked | undefined {
  const table = tableOf(call, scope, resolver);
  const [read] = table === undefined ? [] : readsTable(call, table) ?? [];
  return read?.ofOne ? read : undefined;
}

/** What an effect changes of what is stored. */
export function writtenBy(call: Call, kind: EffectKind, scope: Scope, resolver: Resolver): readonly Written[] {
  const { at } = call;
  if (kind === 'http-write' || kind === 'payment') return [{ entity: siteOf(call), how: 'update', at }];
  if (kind !== 'insert' && kind !== 'update' && kind !== 'increment' && kind !== 'delete' && kind !== 'append') return [];
  const entity = tableOf(call, scope, resolver) ?? ANYTHING;
  const data = call.positional[0]?.is === 'map' ? call.positional[0].entries.find(([key]) => key?.is === 'literal' && key.value === 'data')?.[1] : undefined;
  const fields = keysOf(data);
  const texts = textsOf(data);
  const updates = kind === 'insert' && call.callee.is === 'member' && call.callee.name === 'upsert';
  const how = kind === 'insert' || kind === 'delete' ? kind : 'update';
  return [{ entity, how, at, ...(fields && { fields }), ...(how === 'insert' && texts && { texts }) }, ...(updates ? [{ entity, how: 'update' as const, at }] : [])];
}

/** The table that a call of an object mapper reads or writes, as the code names it: `prisma.order.findMany()`, `orderRepository.save(…)`, `db.insert(orders)`. */
export function tableOf(call: Call, scope: Scope, resolver: Resolver): string | undefined {
  if (call.callee.is !== 'member') return undefined;
  const holder = dottedName(call.callee.object);
  if (holder === undefined || !MAPPER.test(holder) || resolver.externalName(call.callee.object, scope)?.endsWith('()') === true && !/prisma|drizzle|typeorm|mongoose/i.test(resolver.externalName(call.callee.object, scope)!)) return undefined;
  const last = holder.split('.').pop()!;
  if (!/^(?:prisma|db|tx|trx|database|orm|em|manager)$/.test(last)) return tableName(last);
  const statement = textOf(call.positional[0]);
  const written = statement === undefined ? undefined : /^\s*(?:update|insert\s+(?:ignore\s+)?into|delete\s+from)\s+["`]?([\w.]+)/i.exec(statement)?.[1];
  // db.insert(orders), em.save(order): the argument says which
  const table = written ?? (call.positional[0] && dottedName(call.positional[0]));
  return table === undefined ? ANYTHING : tableName(table);
}

const distinct = (asked: readonly Asked[]): readonly Asked[] => [...new Map(asked.map(one => [JSON.stringify([one.entity, one.as, one.by, one.fields]), one])).values()];

function asks(test: Expr, scope: Scope, resolver: Resolver): readonly Asked[] {
  // a regular expression is opaque, too
  if (test.is === 'opaque') return isScript(scope.path) && test.text.startsWith('/') ? NOTHING : OPEN;
  const inner = (part: Expr): readonly Asked[] => asks(part, scope, resolver);
  switch (test.is) {
    case 'call': return callAsks(test, scope, resolver);
    // a field of a row, of a request, of the task itself
    case 'member': return isScript(scope.path) ? fieldAsks(test, scope, resolver) : isClass(test) ? inner(test.object) : OPEN;
    case 'name': return nameAsks(test, scope, resolver);
    case 'function': return test.code ? (isScript(scope.path) ? readsOf({ is: 'function', function: test.code, scope }, resolver, DEPTH) : NOTHING) : NOTHING;
    default: return children(test).flatMap(inner);
  }
}

/** `order.status`: a column of a row that was read here; of what is read beside it (`order.customer.name`) a table of its own. */
function fieldAsks({ object, name }: Extract<Expr, { is: 'member' }>, scope: Scope, resolver: Resolver): readonly Asked[] {
  if (object.is === 'member' && object.object.is === 'name' && rowOf(object.object.name, scope, resolver)) return [...fieldAsks(object, scope, resolver), { entity: tableName(object.name), as: 'value', fields: [name] }];
  if (object.is === 'name' && object.name === 'this' && isInMemory(name, scope)) return NOTHING;
  const row = object.is === 'name' ? rowOf(object.name, scope, resolver) : undefined;
  if (row && MARKS.test(name)) return OPEN; // whoever writes it
  return row ? [{ ...row, ...(row.fields && { fields: [...row.fields, name] }) }] : asks(object, scope, resolver);
}

/** `this.handlers = {}`, `this.handlers[name] = handler`: a field that only this process keeps is as it was when the next one starts. */
function isInMemory(field: string, scope: Scope): boolean {
  let within: Scope | undefined = scope;
  while (within && !within.self) within = within.parent;
  const bindings = within?.self?.class.body.flatMap(statement => (statement.do === 'function' ? bindingsOf(statement.function.body).byName.get(`this.${field}`) ?? [] : [])) ?? [];
  const isOwn = (expr: Expr): boolean => expr.is === 'literal' || expr.is === 'list' || expr.is === 'map' || expr.is === 'function' || expr.is === 'environment' || (expr.is === 'call' && /^(?:Map|Set|WeakMap|WeakSet|Array)$/.test(dottedName(expr.callee) ?? ''));
  return bindings.length > 0 && bindings.every(one => (one.kind === 'value' ? isOwn(one.expr) : one.kind === 'item' && one.value.is !== 'call'));
}

/** Columns that say that something was done. */
const MARKS = /^(?:is|was|has)?_?(?:sent|done|processed|handled|notified|delivered|completed?|finished|executed|published|synced|status|state)(?:_?(?:at|on|by))?$|(?:Sent|Done|Processed|Handled|Notified|Delivered|Completed|Finished|Executed|Published|Synced|Status|State)(?:At|On)?$/i;

/** What a name holds, where it is a row that an object mapper read, or the item of a loop over such rows. */
function rowOf(name: string, scope: Scope, resolver: Resolver): Asked | undefined {
  for (let within: Scope | undefined = scope; within && within.kind !== 'module'; within = within.parent) {
    const [only, ...others] = bindingsOf(within.statements).byName.get(name) ?? [];
    if (!only) continue;
    const read = others.length > 0 ? undefined : only.kind === 'value' ? only.expr : only.kind === 'iterated' ? only.over : undefined;
    if (read?.is === 'name' && only.kind === 'iterated') return rowOf(read.name, within, resolver);
    const table = read?.is === 'call' ? tableOf(read, within, resolver) : undefined;
    return read?.is === 'call' && table !== undefined ? readsTable(read, table)?.[0] : undefined;
  }
  return undefined;
}

const isClass = (expr: Expr): boolean => /^[A-Z]/.test(dottedName(expr) ?? '');

/** What it is called on counts, and what it is given. */
function callAsks(call: Call, scope: Scope, resolver: Resolver): readonly Asked[] {
  // what Promise.all() is given is waited for
  const parts = isScript(scope.path) && /^Promise\./.test(dottedName(call.callee) ?? '') ? call.positional.map(awaitedItems) : call.positional;
  const given = (): readonly Asked[] => [...(call.callee.is === 'member' ? asks(call.callee.object, scope, resolver) : []), ...parts.flatMap(part => asks(part, scope, resolver)), ...call.keywords.flatMap(([, value]) => asks(value, scope, resolver))];
  const table = isScript(scope.path) ? tableOf(call, scope, resolver) : undefined;
  // a row that is made here; what an update says it found may be a claim
  if (table !== undefined) return readsTable(call, table) ?? updateAsks(call, table) ?? (call.callee.is === 'member' && /^(?:create|insert|add)/.test(call.callee.name) ? NOTHING : OPEN);
  // what a step gave is remembered
  if (isScript(scope.path) && ONCE.test(dottedName(call.callee) ?? '')) return NOTHING;
  if (isComputed(call, scope, resolver)) return given();
  if (!isScript(scope.path)) return OPEN;
  // whatever a model is given, it answers a second run too
  const library = libraryRead(call, scope, resolver);
  if (library) return answers(call, scope, resolver) ? NOTHING : [...library, ...call.positional.flatMap(part => asks(part, scope, resolver))];
  const own = resolver.resolve(call.callee, scope);
  if (sendsCommand(call)) return given();
  if (own.is === 'function') return [...(asksModel(own, resolver) ? NOTHING : given()), ...readsOf(own, resolver, DEPTH)];
  return isOfValue(call, scope) || own.is === 'class' || isMade(call, scope, resolver) || isAtOnce(call, scope, resolver) ? given() : OPEN;
}

const awaitedItems = (expr: Expr): Expr => (expr.is === 'list' ? { ...expr, items: expr.items.map(item => (item.is === 'call' ? { ...item, awaited: true as const } : item)) } : expr);

/** An update that finds its rows by columns which it does not set takes nothing from a second run; undefined: it may. */
function updateAsks({ callee, positional: [query], at }: Call, table: string): readonly Asked[] | undefined {
  if (callee.is !== 'member' || !/^update/.test(callee.name) || query?.is !== 'map') return undefined;
  const asked = columnsOf(valueIn(query, 'where')), set = keysOf(valueIn(query, 'data'));
  return asked && set && !set.some(field => asked.includes(field)) ? [{ entity: table, as: 'value', fields: asked, by: at }] : undefined;
}

/** The columns that a filter names, those in `OR`, `AND` and `NOT` too; undefined: not all can be told. */
function columnsOf(filter: Expr | undefined): readonly string[] | undefined {
  const keys = keysOf(filter);
  if (filter?.is !== 'map' || !keys) return undefined;
  const parts = filter.entries.map(([, value], i) => (!/^(?:AND|OR|NOT)$/.test(keys[i]!) ? [keys[i]!] : value.is === 'list' ? value.items.map(columnsOf) : [columnsOf(value)]).flatMap(part => (part === undefined ? [undefined] : part)));
  return parts.flat().every(part => part !== undefined) ? parts.flat() as string[] : undefined;
}

/** `prisma.order.findMany()`, `prisma.$queryRaw`SELECT … FROM orders``; undefined: it reads nothing. */
function readsTable({ callee, positional, at }: Call, table: string): readonly Asked[] | undefined {
  const statement = SQL_METHODS.test(callee.is === 'member' ? callee.name : '') ? textOf(positional[0]) : undefined;
  if (statement !== undefined) return /^\s*(?:select|with)\b/i.test(statement) ? [...statement.matchAll(/\b(?:from|join)\s+["`]?([\w.]+)/gi)].map(([, name]) => ({ entity: tableName(name!), as: 'value' as const, by: at })) : undefined;
  if (callee.is !== 'member' || !MAPPER_READS.test(callee.name)) return undefined;
  const filter = filterOf(positional[0]);
  const texts = textsOf(positional[0] && (valueIn(positional[0], 'where') ?? positional[0]));
  const fields = filter?.filter(key => !IS_KEY.test(key));
  const ofOne = BY_UNIQUE_KEY.test(callee.name) || (ONE_ROW.test(callee.name) && filter !== undefined && filter.length > 0 && fields!.length === 0);
  return [{ entity: table, as: 'value', by: at, ...(fields && { fields }), ...(ofOne && { ofOne }), ...(texts && { texts }) }];
}

const IS_KEY = /^(?:_?id|uuid|\w*(?:Id|_id|Uuid|Key))$/;
const ONE_ROW = /^(?:findFirst|findOne)(?:OrThrow|OrFail)?$/;

/** The columns that a query asks by: `{ where: { id, status: "open" } }`, `{ _id }`; undefined: they cannot be told. */
function filterOf(query: Expr | undefined): readonly string[] | undefined {
  if (query?.is !== 'map') return undefined;
  const where = query.entries.find(([key]) => key?.is === 'literal' && key.value === 'where')?.[1] ?? query;
  const keys = where.is === 'map' ? keysOf(where) : undefined;
  return keys?.some(key => /^(?:AND|OR|NOT|\$)/.test(key)) ? undefined : keys;
}

/** The entries of an object that are written as texts; undefined: there are none. */
function textsOf(expr: Expr | undefined): Texts | undefined {
  const texts = expr?.is !== 'map' ? [] : expr.entries.flatMap(([key, value]) => { const column = literalText(key ?? undefined), text = literalText(value); return column !== undefined && text !== undefined ? [[column, text]] : []; });
  return texts.length > 0 ? Object.fromEntries(texts) : undefined;
}

/** The keys of an object; undefined: not all are written. */
function keysOf(expr: Expr | undefined): readonly string[] | undefined {
  if (expr?.is !== 'map') return undefined;
  const keys = expr.entries.flatMap(([key, value]): readonly (string | undefined)[] => (key?.is === 'literal' ? [String(key.value)] : key === null ? spreadKeys(value) : [undefined]));
  return keys.every(key => key !== undefined) ? keys : undefined;
}

/** `...(changed && { changedAt })`, `...(found ? { id } : {})`: keys that may be there. */
function spreadKeys(value: Expr): readonly (string | undefined)[] {
  const maps = value.is === 'choice' ? value.branches : value.is === 'operation' && value.operator === 'and' ? value.operands.slice(-1) : [value];
  return maps.flatMap((map): readonly (string | undefined)[] => keysOf(map) ?? [undefined]);
}

/** A table of SQL and a model of the code are one: `content_items` is `contentItem`. */
const tableName = (name: string): string => name.split('.').pop()!.replace(/_/g, '').replace(/(?:Repository|Repo|Model)$/, '').toLowerCase().replace(/ies$/, 'y').replace(/s$/, '');

/** The written parts of a text. */
function textOf(expr: Expr | undefined): string | undefined {
  if (expr?.is === 'literal') return typeof expr.value === 'string' ? expr.value : undefined;
  return expr?.is === 'operation' && expr.operator === 'concat' ? expr.operands.map(part => textOf(part) ?? '?').join('') : undefined;
}

/** `new Anthropic(…)`, `createTransport(…)` of a library, `service.getBlobClient(name)`. */
const isMade = (call: Call, scope: Scope, resolver: Resolver): boolean => [resolver.externalName(call.callee, scope), dottedName(call.callee), call.callee.is === 'member' ? call.callee.name : undefined].some(name => name !== undefined && /^[A-Z]|^get\w*Client$/.test(name.split('.').pop()!)) || /[./]create[A-Z]\w*$/.test(resolver.externalName(call.callee, scope) ?? '');

/** A library's function that is not waited for: in JavaScript what is stored elsewhere is always waited for, but for files, programs and SQLite. */
function isAtOnce(call: Call, scope: Scope, resolver: Resolver): boolean {
  const external = call.awaited ? undefined : resolver.externalName(call.callee, scope);
  return external !== undefined && !external.includes('(') && /[^(][./][^(]/.test(external) && !/^(?:node:)?(?:fs|child_process|sqlite)\b|sqlite|sync-|execa|redis/.test(external);
}

const reads = new WeakMap<readonly Statement[], readonly Asked[]>();
/** Functions that are being read: what one reads that calls itself is counted once. */
const reading = new Set<readonly Statement[]>();

/** What a function of the repository reads that may be another thing at the next run: with what it is given, that decides what it returns. */
function readsOf(target: FunctionTarget, resolver: Resolver, depth: number): readonly Asked[] {
  const known = reads.get(target.function.body);
  if (known) return known;
  if (reading.has(target.function.body)) return NOTHING;
  if (depth === 0) return OPEN;
  const inside = resolver.inside(target);
  const visit = (statements: readonly Statement[], scope: Scope): readonly Asked[] => statements.flatMap(statement => (statement.do === 'function' || statement.do === 'class' ? [] : [
    ...expressionsOf(statement).flatMap(expr => walk(expr).flatMap(part => (part.is === 'call' ? (isDropped(part, statement) ? NOTHING : readBy(part === expr && statement.do === 'return' ? { ...part, awaited: true } : part, scope)) : part.is === 'function' && part.code ? visit(part.code.body, resolver.inside({ is: 'function', function: part.code, scope })) : []))),
    ...visit(nested(statement), scope),
  ]));
  const readBy = (call: Call, scope: Scope): readonly Asked[] => {
    const table = tableOf(call, scope, resolver);
    if (table === undefined && (isComputed(call, scope, resolver) || isTold(call))) return NOTHING;
    if (table !== undefined) return readsTable(call, table) ?? NOTHING;
    const library = libraryRead(call, scope, resolver);
    if (library) return library;
    if (sendsCommand(call)) return NOTHING;
    const own = resolver.resolve(call.callee, scope);
    return own.is === 'function' ? readsOf(own, resolver, depth - 1) : own.is === 'class' || isMade(call, scope, resolver) || isAtOnce(call, scope, resolver) || isOfValue(call, scope) || isGiven(call, scope) ? NOTHING : OPEN;
  };
  reading.add(target.function.body);
  const found = distinct(visit(target.function.body, inside));
  reading.delete(target.function.body);
  // what was cut off by the depth may be less from elsewhere
  if (depth === DEPTH || !found.some(one => one.entity === ANYTHING)) reads.set(target.function.body, found);
  return found;
}

/** `client.send(new GetItemCommand(…))`: the command says what it reads. */
const sendsCommand = ({ callee, positional: [command] }: Call): boolean => callee.is === 'member' && callee.name === 'send' && command?.is === 'call' && /Command$/.test(dottedName(command.callee) ?? '');

/** Nothing waits for it, and nothing takes what it gives. */
const isDropped = (call: Call, statement: Statement): boolean => statement.do === 'call' && statement.value === call && !call.awaited;

/** What a library's call asks for: a model keeps nothing, what is sent is answered anew, a request reads what others keep; undefined: it is none of these. */
function libraryRead(call: Call, scope: Scope, resolver: Resolver): readonly Asked[] | undefined {
  if (call.callee.is === 'name' && call.callee.name === 'fetch') return /^(?:POST|PATCH)$/i.test(literalText(valueIn(call.positional[1], 'method')) ?? '') ? NOTHING : [{ entity: siteOf(call), as: 'value', by: call.at }];
  const external = resolver.externalName(call.callee, scope);
  const entry = external === undefined ? undefined : NODE_CALLS.find(({ name }) => name.test(external));
  if (entry?.answers || (entry?.kind === 'http-write' && !entry.idempotent)) return NOTHING;
  return entry && /^http-/.test(entry.kind) ? [{ entity: siteOf(call), as: 'value', by: call.at }] : undefined;
}

/** A call that a language model answers. */
function answers({ callee }: Call, scope: Scope, resolver: Resolver): boolean {
  const external = resolver.externalName(callee, scope);
  return external !== undefined && NODE_CALLS.find(({ name }) => name.test(external))?.answers === true;
}

/** A function of the repository that hands what it is given to a language model, and gives its answer. */
function asksModel(target: FunctionTarget, resolver: Resolver, depth = 3): boolean {
  const scope = resolver.inside(target);
  return depth > 0 && returnsOf(target.function.body).some(value => walk(value).some(part => {
    const made = part.is === 'name' ? bindingsOf(target.function.body).byName.get(part.name)?.find(one => one.kind === 'value') : undefined;
    const call = part.is === 'call' ? part : made?.kind === 'value' && made.expr.is === 'call' ? made.expr : undefined;
    if (!call) return false;
    const own = answers(call, scope, resolver) ? undefined : resolver.resolve(call.callee, scope);
    return own === undefined || (own.is === 'function' && asksModel(own, resolver, depth - 1));
  }));
}

/** `response.json()`, `now.getTime()`, `names.push(…)`: a method of a value that was asked for before, or made here; not of a client that a function gave. */
function isOfValue({ callee, positional: [callArgument] }: Call, scope: Scope): boolean {
  let root = callee;
  while (root.is === 'member' || root.is === 'item' || (root.is === 'call' && root.callee.is === 'member')) root = root.is === 'call' ? root.callee : root.object;
  if (callee.is !== 'member') return false;
  if (VALUE_METHODS.test(callee.name) || (callee.name === 'find' && callArgument?.is === 'function')) return true;
  if (root.is !== 'name') return root.is === 'literal' || root.is === 'list' || root.is === 'opaque' || (root.is === 'call' && isValue(root));
  const { name } = root;
  for (let within: Scope | undefined = scope; within; within = within.parent) {
    const bindings = bindingsOf(within.statements).byName.get(name);
    if (bindings) return bindings.every(binding => binding.kind === 'iterated' || (binding.kind === 'value' && isValue(binding.expr)));
    if (within.function?.parameters.some(parameter => parameter.name === name)) return false;
  }
  return false;
}

/** A function that the caller gives: what that reads counts there. */
function isGiven({ callee }: Call, scope: Scope): boolean {
  for (let within: Scope | undefined = scope; within && callee.is === 'name'; within = within.parent) {
    if (bindingsOf(within.statements).byName.has(callee.name)) return false;
    if (within.function?.parameters.some(parameter => parameter.name === callee.name)) return true;
  }
  return false;
}

/** A client is made by a call that nobody waits for. */
function isValue(expr: Expr): boolean {
  if (expr.is === 'call') return expr.awaited === true || GLOBALS.test(dottedName(expr.callee) ?? '') || COMPUTES.test(dottedName(expr.callee) ?? (expr.callee.is === 'member' ? `.${expr.callee.name}` : ''));
  return expr.is !== 'member' && expr.is !== 'name';
}

/** Logging. */
const isTold = ({ callee }: Call): boolean => callee.is === 'member' && /(?:^|\.)(?:console|log|logger)$/i.test(dottedName(callee.object) ?? '');

function isComputed(call: Call, scope: Scope, resolver: Resolver): boolean {
  const name = dottedName(call.callee) ?? (call.callee.is === 'member' ? `.${call.callee.name}` : '');
  const external = resolver.externalName(call.callee, scope);
  return (COMPUTES.test(name) && !(isScript(scope.path) && call.awaited && /\.get$/.test(name))) || (isScript(scope.path) && !call.awaited && /\.(?:has|entries|search|toSorted|exec)$/.test(name)) || (isScript(scope.path) ? GLOBALS.test(name) || (external !== undefined && NODE_PURE.test(external)) : PURE.test(external ?? name));
}

/** A parameter is what the message says, as far as the caller gave it so; a variable is what was put into it. */
function nameAsks(asked: Extract<Expr, { is: 'name' }>, scope: Scope, resolver: Resolver): readonly Asked[] {
  const { name } = asked;
  if (name === 'self' || name === 'this') return OPEN;
  let known = names.get(scope);
  if (!known) names.set(scope, known = new Map());
  const before = known.get(name);
  if (before) return before;
  known.set(name, NOTHING); // a value made from itself adds nothing
  const found = distinct(heldAsks(asked, scope, resolver));
  known.set(name, found);
  return found;
}

const names = new WeakMap<Scope, Map<string, readonly Asked[]>>();

function heldAsks({ name, at }: Extract<Expr, { is: 'name' }>, scope: Scope, resolver: Resolver): readonly Asked[] {
  for (let within: Scope | undefined = scope; within; within = within.parent) {
    const bindings = within.kind === 'class' ? undefined : bindingsOf(within.statements).byName.get(name);
    if (bindings) return within.kind === 'module' ? NOTHING : bindings.flatMap(binding => bindingAsks(binding, within!, resolver));
    const bound = within.bound?.get(name);
    if (bound) return bound.is !== 'value' ? OPEN : bound.expr.at === at ? NOTHING : held(bound.expr, bound.scope, resolver);
    if (within.function?.parameters.some(parameter => parameter.name === name)) return NOTHING;
  }
  return NOTHING;
}

function bindingAsks(binding: Binding, scope: Scope, resolver: Resolver): readonly Asked[] {
  switch (binding.kind) {
    case 'function': case 'class': case 'import': return NOTHING;
    case 'value': return held(binding.expr, scope, resolver);
    case 'iterated': return held(binding.over, scope, resolver);
    default: return isScript(scope.path) ? held(binding.value, scope, resolver) : OPEN;
  }
}

/** A function that is only held reads nothing. */
const held = (expr: Expr, scope: Scope, resolver: Resolver): readonly Asked[] => (expr.is === 'function' ? NOTHING : asks(expr, scope, resolver));
