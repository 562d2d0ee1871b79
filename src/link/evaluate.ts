import type { Expr, FunctionFacts, OriginStep, Statement } from '../model/index.js';
import { dottedName, literalText, place, startOf } from '../model/index.js';
import { bindingsOf, isProperty, type Binding, type Guard } from './bindings.js';
import { classScope } from './bodies.js';
import type { ClassTarget, FunctionTarget, Names, Scope, Target } from './modules.js';
import { argumentsOf } from './call-arguments.js';
import { readEnvironment } from './environment-readers.js';
import { isDuration } from './durations.js';
import { applyMethod, applyOperator, applyBuiltin, duration } from './operators.js';
import { render } from './render.js';
import { derived, known, together, truthy, unknown, unknownBecause, type Value } from './values.js';

export type { Value } from './values.js';

/** What the process's environment says of a variable. `absent`: certainly not set. `unknown`: a source could not be read. */
export type Lookup = (name: string) =>
  | { readonly state: 'set'; readonly value: string; readonly step: OriginStep }
  | { readonly state: 'secret'; readonly step: OriginStep }
  | { readonly state: 'absent' } | { readonly state: 'unknown' };

export interface Context {
  readonly lookup: Lookup;
  /** The module behind `django.conf.settings`. */
  readonly django?: Scope;
  /** What `self.request.retries` is to count: the value at that retry. */
  readonly retries?: number;
}

export const NO_ENVIRONMENT: Context = { lookup: () => ({ state: 'unknown' }) };

export interface Evaluator {
  evaluate(expr: Expr, scope: Scope, context?: Context): Value;
  /** The value of a name at the end of a module or class, everything done to it included; undefined where nothing binds it. */
  name(name: string, scope: Scope, context?: Context): Value | undefined;
}

/** Functions that make true or false of a text, by their names. */
const READS_TRUTH = /^(?:strtobool|str_?(?:to|2)_?bool|to_?bool|(?:parse|as|get)_bool(?:ean)?)$/i;
const DEPTH = 40;
/** Steps one question may cost: code that computes its settings is not settings. */
const STEPS = 5000;

export function createEvaluator(resolver: Names): Evaluator {
  let depth = 0, steps = 0, isMapping = false;
  const busy = new Set<unknown>();
  /** Modules that a question has found to hold a name neither by themselves nor by star import. */
  const barren = new Set<string>();

  function evaluate(expr: Expr, scope: Scope, context: Context = NO_ENVIRONMENT): Value {
    // of a mapping each value is a question of its own, and its names are always read
    if (depth === 0 || (depth === 1 && isMapping)) { steps = 0; barren.clear(); }
    if (depth === 0) isMapping = expr.is === 'map';
    if (expr.is === 'literal') return known(expr.value, expr);
    if (depth >= DEPTH || ++steps > STEPS) return unknown(expr);
    depth++;
    try { return fresh(expr, scope, context); } finally { depth--; }
  }

  function fresh(expr: Expr, scope: Scope, context: Context): Value {
    const inner = (part: Expr): Value => evaluate(part, scope, context);
    switch (expr.is) {
      case 'list': return known(expr.items.map(inner), expr);
      case 'map': return mapping(expr, inner);
      case 'environment': return readEnvironment(expr, context.lookup, inner);
      case 'choice': return choice(expr, inner);
      case 'operation': return operation(expr, inner, scope, context);
      case 'name': return usedAt(named(expr, scope, context), expr);
      case 'member': return usedAt(memberOf(expr, scope, context), expr);
      case 'item': return itemOf(expr, scope, context);
      case 'call': return called(expr, scope, context);
      default: return unknown(expr);
    }
  }

  function named(expr: Extract<Expr, { is: 'name' }>, scope: Scope, context: Context): Value {
    for (let at: Scope | undefined = scope; at; at = at.parent) {
      if (at.kind === 'class' && at !== scope) continue;
      const bound = at.bound?.get(expr.name);
      if (bound && !bindingsOf(at.statements).byName.has(expr.name)) return valueOf(bound, expr, context);
      const value = name(expr.name, at, context);
      if (value) return value;
      if (bound) return valueOf(bound, expr, context);
      if (at.function?.parameters.some(parameter => parameter.name === expr.name)) return unknown(expr);
    }
    return unknown(expr);
  }

  function name(wanted: string, scope: Scope, context: Context = NO_ENVIRONMENT): Value | undefined {
    const bindings = bindingsOf(scope.statements);
    const own = bindings.byName.get(wanted);
    if (own && busy.has(own)) return undefined;
    if (own) busy.add(own);
    try {
      const inherited = scope.kind === 'module' ? starred(wanted, scope, context) : undefined;
      if (!own) return inherited;
      return fold(own, scope, context, inherited);
    } finally { if (own) busy.delete(own); }
  }

  function starred(wanted: string, scope: Scope, context: Context): Value | undefined {
    const { stars } = bindingsOf(scope.statements);
    if (depth === 0) barren.clear();
    const key = `${scope.path}\0${wanted}`;
    if (stars.length === 0 || depth >= DEPTH || busy.has(key) || barren.has(key)) return undefined;
    busy.add(key);
    depth++;
    try {
      for (const star of [...stars].reverse()) for (const path of resolver.find(star.module, scope.path)) {
        const module = path === scope.path ? undefined : resolver.module(path);
        const value = module && name(wanted, module, context);
        if (value) return value;
      }
    } finally { depth--; busy.delete(key); }
    barren.add(key);
    return undefined;
  }

  /** Everything done to a name, in order: later unconditional values replace, conditional ones add a possibility. */
  function fold(bindings: readonly Binding[], scope: Scope, context: Context, inherited: Value | undefined): Value | undefined {
    // a local variable that was not set yet would end the function: it is one of the values it was given
    let possible: { value: Value | undefined; guards: readonly Guard[] }[] = scope.kind === 'function' && bindings[0]?.kind === 'value' ? [] : [{ value: inherited, guards: [] }];
    let isReached = false;
    for (const binding of bindings) {
      const guards = binding.guards.filter(guard => taken(guard, scope, context) !== 'yes');
      if (guards.some(guard => taken(guard, scope, context) === 'no')) continue;
      isReached = true;
      const values: (Value | undefined)[] = binding.kind === 'value' || binding.kind === 'import' || binding.kind === 'function' || binding.kind === 'class' || binding.kind === 'iterated'
        ? [bindingValue(binding, scope, context)]
        : possible.map(({ value }) => mutated(value, binding, scope, context));
      const added = values.map(value => ({ value, guards }));
      possible = guards.length === 0 ? added : covers(possible, guards) ? [...alternatives(possible, guards), ...added] : [...possible, ...added];
    }
    return !isReached && scope.kind !== 'function' ? inherited : together(possible.map(({ value }) => value));
  }

  function taken(guard: Guard, scope: Scope, context: Context): 'yes' | 'no' | 'maybe' {
    if (!guard.test) return 'maybe';
    if (isTestRun(guard.test)) return guard.taken ? 'no' : 'yes'; // what is deployed runs no tests
    if (busy.has(guard.test)) return 'maybe';
    busy.add(guard.test);
    const test = evaluate(guard.test, scope, context);
    busy.delete(guard.test);
    if (!test.known || test.certainty !== 'written') return 'maybe';
    return truthy(test.value) === guard.taken ? 'yes' : 'no';
  }

  function bindingValue(binding: Binding, scope: Scope, context: Context): Value | undefined {
    if (binding.kind === 'value') return evaluate(binding.expr, scope, context);
    if (binding.kind === 'import') {
      const expr = binding.name === undefined ? undefined : importedValue(binding.module, binding.name, scope, context);
      return expr ?? { ...unknown({ is: 'opaque', text: `${binding.module}.${binding.name ?? ''}`, at: scope.statements[0]?.at ?? startOf(scope.path) }) };
    }
    if (binding.kind === 'function' && isProperty(binding.function) && scope.self) return runBody({ is: 'function', function: binding.function, scope, owner: scope.self }, new Map(), context) ?? unknown({ is: 'opaque', text: binding.function.name, at: binding.function.at });
    const at = binding.kind === 'function' ? binding.function.at : binding.kind === 'class' ? binding.class.at : startOf(scope.path);
    return unknown({ is: 'opaque', text: binding.kind === 'iterated' ? render(binding.over) : binding.kind === 'function' ? binding.function.name : binding.kind === 'class' ? binding.class.name : binding.kind, at });
  }

  function importedValue(dotted: string, wanted: string, scope: Scope, context: Context): Value | undefined {
    for (const path of resolver.find(dotted, scope.path)) {
      const module = path === scope.path ? undefined : resolver.module(path);
      const value = module && name(wanted, module, context);
      if (value) return value;
    }
    return undefined;
  }

  function mutated(value: Value | undefined, binding: Binding, scope: Scope, context: Context): Value | undefined {
    if (binding.kind === 'augmented') {
      const right = evaluate(binding.value, scope, context);
      if (!value) return right;
      return applyOperator(binding.operator, [value, right], { is: 'opaque', text: right.expression, at: binding.value.at }) ?? unknown(binding.value);
    }
    if (!value?.known || !(value.value instanceof Map)) return value;
    const entries = new Map(value.value as Map<unknown, Value>);
    if (binding.kind === 'item') {
      const keys = binding.keys.map(key => evaluate(key, scope, context));
      if (keys.some(key => !key.known)) return { ...value, open: true };
      return { ...value, value: setIn(entries, keys.map(key => key.value), evaluate(binding.value, scope, context)) };
    }
    if (binding.kind === 'update') {
      const more = evaluate(binding.value, scope, context);
      if (!more.known || !(more.value instanceof Map)) return { ...value, open: true };
      for (const [key, entry] of more.value as Map<unknown, Value>) entries.set(key, entry);
      return { ...value, value: entries, ...((value.open || more.open) && { open: true }) };
    }
    return value;
  }

  function memberOf(expr: Extract<Expr, { is: 'member' }>, scope: Scope, context: Context): Value {
    const target = resolver.resolve(expr, scope);
    if (target.is === 'external') {
      const setting = /^django\.conf\.settings\.(\w+)$/.exec(target.name)?.[1];
      return (setting && context.django && name(setting, context.django, context)) || durationField(expr, scope, context) || unknown(expr);
    }
    if (context.retries !== undefined && expr.name === 'retries' && expr.object.is === 'member' && expr.object.name === 'request') return known(context.retries, expr);
    const holder = resolver.resolve(expr.object, scope);
    const value = held(holder, expr.name, context);
    if (value) return value;
    if (target.is === 'value' && target.expr !== expr) return evaluate(target.expr, target.scope, context);
    return durationField(expr, scope, context) ?? enumValue(expr, scope, context) ?? unknown(expr);
  }

  function held(holder: Target, member: string, context: Context): Value | undefined {
    if (holder.is === 'module') { const module = resolver.module(holder.path); return module && name(member, module, context); }
    const owner = holder.is === 'class' ? holder : holder.is === 'instance' && holder.of.is === 'class' ? holder.of : undefined;
    return owner && classAttribute(owner, member, context);
  }

  function classAttribute(owner: ClassTarget, member: string, context: Context): Value | undefined {
    for (const base of resolver.lineage(owner)) {
      if (base.is !== 'class') continue;
      const value = name(member, classScope(base, owner), context);
      if (value) return value;
    }
    return undefined;
  }

  /** `timedelta(...).seconds` */
  function durationField(expr: Extract<Expr, { is: 'member' }>, scope: Scope, context: Context): Value | undefined {
    if (expr.name !== 'seconds' && expr.name !== 'days') return undefined;
    const object = evaluate(expr.object, scope, context);
    if (!object.known || !isDuration(object.value)) return undefined;
    const total = object.value.seconds;
    return derived(expr.name === 'days' ? Math.floor(total / 86400) : total % 86400, expr, [object]);
  }

  /** `Queues.PERIODIC.value` of an Enum. */
  function enumValue(expr: Extract<Expr, { is: 'member' }>, scope: Scope, context: Context): Value | undefined {
    return expr.name === 'value' && expr.object.is === 'member' ? evaluate(expr.object, scope, context) : undefined;
  }

  function itemOf(expr: Extract<Expr, { is: 'item' }>, scope: Scope, context: Context): Value {
    const key = evaluate(expr.key, scope, context);
    if (!key.known) return unknown(expr);
    if (resolver.externalName(expr.object, scope) === 'os.environ' && typeof key.value === 'string')
      return readEnvironment({ is: 'environment', name: key.value, at: expr.at }, context.lookup, part => evaluate(part, scope, context));
    const object = evaluate(expr.object, scope, context);
    if (!object.known) return unknown(expr);
    if (object.value instanceof Map) return (object.value as Map<unknown, Value>).get(key.value) ?? unknown(expr);
    if (Array.isArray(object.value) && typeof key.value === 'number') return (object.value as Value[]).at(key.value) ?? unknown(expr);
    return unknown(expr);
  }

  function operation(expr: Extract<Expr, { is: 'operation' }>, inner: (part: Expr) => Value, scope: Scope, context: Context): Value {
    if ((expr.operator === 'in' || expr.operator === 'not in') && resolver.externalName(expr.operands[1]!, scope) === 'os.environ') {
      const variable = inner(expr.operands[0]!);
      const found = variable.known && typeof variable.value === 'string' ? context.lookup(variable.value) : undefined;
      if (!found || found.state === 'unknown') return unknown(expr);
      return known((found.state !== 'absent') === (expr.operator === 'in'), expr);
    }
    if (expr.operator === ':=') return inner(expr.operands[1]!);
    const operands = expr.operands.map(inner);
    return applyOperator(expr.operator, operands, expr) ?? unknownBecause(expr, operands);
  }

  function called(expr: Extract<Expr, { is: 'call' }>, scope: Scope, context: Context): Value {
    const inner = (part: Expr): Value => evaluate(part, scope, context);
    const callee = resolver.resolve(expr.callee, scope);
    if (callee.is === 'function') {
      const result = run(callee, expr, scope, context);
      // settings files bring copies of what distutils had
      return (result.known ? result : READS_TRUTH.test(callee.function.name) ? applyBuiltin('distutils.util.strtobool', expr, inner) : withDefault(expr, inner, callee.function)) ?? result;
    }
    const external = callee.is === 'external' ? callee.name : callee.is === 'instance' && callee.of.is === 'external' ? `${callee.of.name}()` : undefined;
    if (external) {
      const reader = environmentCall(external, expr, inner);
      if (reader) return readEnvironment(reader, context.lookup, inner);
      if (/(^|\.)timedelta$/.test(external)) return duration(expr, inner) ?? unknown(expr);
      const built = applyBuiltin(external, expr, inner);
      if (built) return built;
      if (/^(int|float|str|bool)$/.test(external)) return unknownBecause(expr, expr.positional.map(inner));
    }
    const number = callee.is === 'unknown' && expr.callee.is === 'name' && NUMBERS.test(expr.callee.name) ? applyBuiltin(expr.callee.name, expr, inner) : undefined;
    if (number) return number;
    if (expr.callee.is === 'member') {
      const object = inner(expr.callee.object);
      const result = object.known && applyMethod(expr.callee.name, object, expr, inner);
      if (result) return result;
      if (object.fromEnvironment) return unknownBecause(expr, [object]);
    }
    return withDefault(expr, inner) ?? unknown(expr);
  }

  /** A function of the repository, with what is known of its arguments; several possible results are candidates. */
  function run(callee: FunctionTarget, call: Extract<Expr, { is: 'call' }>, scope: Scope, context: Context): Value {
    const value = runBody(callee, argumentsOf(callee, call, scope), context);
    return value ? { ...value, at: call.at, expression: render(call), slots: [] } : unknown(call);
  }

  /** undefined: it returns nothing that can be told. */
  function runBody(callee: FunctionTarget, bound: ReadonlyMap<string, Target>, context: Context): Value | undefined {
    const { function: fn } = callee;
    if (fn.isGenerator || busy.has(fn)) return undefined;
    busy.add(fn);
    try {
      const results = resultsOf(fn.body, resolver.inside(callee, bound), context);
      return results.length === 0 ? undefined : together(results);
    } finally { busy.delete(fn); }
  }

  /** Values of the returns that can be reached; `undefined` stands for falling off the end. */
  function resultsOf(body: readonly Statement[], scope: Scope, context: Context): (Value | undefined)[] {
    const results: (Value | undefined)[] = [];
    for (const statement of body) {
      if (statement.do === 'return') { results.push(statement.value ? evaluate(statement.value, scope, context) : undefined); return results; }
      if (statement.do === 'raise') return results;
      if (statement.do === 'if') {
        const way = taken({ test: statement.test, taken: true }, scope, context);
        if (way !== 'no') results.push(...resultsOf(statement.then, scope, context));
        if (way === 'yes' && ends(statement.then)) return results;
        if (way !== 'yes') results.push(...resultsOf(statement.otherwise, scope, context));
        if (ends(statement.then) && statement.otherwise.length > 0 && ends(statement.otherwise)) return results;
      } else if (statement.do === 'try' || statement.do === 'with') {
        results.push(...resultsOf(statement.body, scope, context));
        if (statement.do === 'try') for (const handler of statement.handlers) results.push(...resultsOf(handler.body, scope, context));
        if (ends(statement.body)) return results;
      }
    }
    return results;
  }

  function valueOf(target: Target, expr: Expr, context: Context): Value {
    return target.is === 'value' ? evaluate(target.expr, target.scope, context) : unknown(expr);
  }

  return { evaluate, name };
}

/** What JavaScript makes numbers of texts with. */
const NUMBERS = /^(?:Number|parseInt|parseFloat)$/;

/** Functions that read a configuration, by their names. */
const READS_CONFIGURATION = /(?:^|_)(?:env|environ|environment|config|conf|settings?|secret|var|variable)(?:_|$)|^get_?(?:int|str|string|bool|boolean|float|list)$/i;

/** `get_config("worker", "prefetch", default=4)`, `options.get("prefetch", 4)`, `get_int("PREFETCH", 4)`: the default holds unless what is read says otherwise. */
function withDefault({ callee, keywords, positional, at }: Extract<Expr, { is: 'call' }>, inner: (part: Expr) => Value, own?: FunctionFacts): Value | undefined {
  const [key, second, ...more] = positional;
  const name = callee.is === 'name' || callee.is === 'member' ? callee.name : '';
  // `get_config("services", "redis")` names a path: a second text is a default where it looks like no name, or the function calls it one
  const isDefault = own ? own.parameters[1]?.kind === 'plain' && !own.parameters[1].keywordOnly && /default|fallback/i.test(own.parameters[1].name) : second && !/^[\w.-]*$/.test(literalText(second) ?? ' ');
  const isRead = literalText(key) !== undefined && more.length === 0 && ((callee.is === 'member' && name === 'get' && !own) || (isDefault && READS_CONFIGURATION.test(name)));
  const written = keywords.find(([word]) => word === 'default' || word === 'fallback')?.[1] ?? (isRead ? second : undefined);
  const value = written && inner(written);
  return value?.known && value.value !== null ? { ...value, at, certainty: 'unless-environment' } : undefined;
}

/** A constant of another place: written there, used here. */
function usedAt(value: Value, expr: Expr): Value {
  return value.known && value.at !== expr.at && !(value.value instanceof Map) ? { ...value, at: expr.at, origin: [{ text: place(expr.at), at: expr.at }, ...value.origin] } : value;
}

function ends(body: readonly Statement[]): boolean {
  const last = body[body.length - 1];
  return last !== undefined && (last.do === 'return' || last.do === 'raise' || ((last.do === 'try' || last.do === 'with') && ends(last.body)));
}

/** `os.getenv(key, d)` and friends whose arguments the analyzer could not read. */
function environmentCall(external: string, call: Extract<Expr, { is: 'call' }>, inner: (part: Expr) => Value): Extract<Expr, { is: 'environment' }> | undefined {
  const reader = /^(os\.environ\.get|os\.getenv|environ\.Env\(\)(\(\)|\.\w+)?|environ\.FileAwareEnv\(\)(\(\)|\.\w+)?|environs\.Env\(\)(\(\)|\.\w+)?|decouple\.config(\(\))?|starlette\.config\.Config\(\)(\(\))?)$/.exec(external);
  if (!reader || !call.positional[0]) return undefined;
  const key = inner(call.positional[0]);
  if (!key.known || typeof key.value !== 'string') return undefined;
  const fallback = call.keywords.find(([name]) => name === 'default')?.[1] ?? call.positional[1];
  const cast = /\.(int|float)$/.test(external) ? 'number' : /\.bool$/.test(external) ? 'boolean' : undefined;
  return { is: 'environment', name: key.value, at: call.at, ...(fallback && { fallback }), ...(cast && { cast }) };
}

function mapping(expr: Extract<Expr, { is: 'map' }>, inner: (part: Expr) => Value): Value {
  const entries = new Map<unknown, Value>();
  let open = false;
  for (const [key, written] of expr.entries) {
    const value = inner(written);
    if (key === null) {
      if (value.known && value.value instanceof Map) for (const [name, entry] of value.value as Map<unknown, Value>) entries.set(name, entry);
      else open = true;
      if (value.open) open = true;
      continue;
    }
    const name = inner(key);
    if (name.known) entries.set(name.value, value); else open = true;
  }
  return { ...known(entries, expr), ...(open && { open }) };
}

function choice(expr: Extract<Expr, { is: 'choice' }>, inner: (part: Expr) => Value): Value {
  if (expr.test && expr.branches.length === 2) {
    const test = inner(expr.test);
    if (test.known && test.certainty === 'written') return inner(expr.branches[truthy(test.value) ? 0 : 1]!);
  }
  return together(expr.branches.map(inner));
}

/** Do the possibilities so far hold the other branch of the last guard? Then nothing older survives. */
function covers(possible: readonly { guards: readonly Guard[] }[], guards: readonly Guard[]): boolean {
  return alternatives(possible, guards).length > 0;
}
function alternatives<T extends { guards: readonly Guard[] }>(possible: readonly T[], guards: readonly Guard[]): T[] {
  const test = guards[0]?.test;
  if (!test || guards[0]!.taken) return [];
  return possible.filter(({ guards: other }) => other[0]?.test === test);
}

function setIn(entries: Map<unknown, Value>, keys: readonly unknown[], value: Value): Map<unknown, Value> {
  const [key, ...rest] = keys;
  if (rest.length === 0) return entries.set(key, value);
  const inner = entries.get(key);
  if (inner?.known && inner.value instanceof Map) entries.set(key, { ...inner, value: setIn(new Map(inner.value as Map<unknown, Value>), rest, value) });
  return entries;
}

/** `if TESTING:`, `if settings.IN_TEST:`, `if "test" in sys.argv:`, `if "pytest" in sys.modules:` */
function isTestRun(test: Expr): boolean {
  if (test.is === 'operation' && test.operator === 'in') return /^(py)?tests?$/.test(literalText(test.operands[0]) ?? '') && /^sys\.(argv|modules)$/.test((test.operands[1] && dottedName(test.operands[1])) ?? '');
  return TEST_RUN.test(dottedName(test)?.split('.').pop() ?? '');
}
const TEST_RUN = /^_*(?:(?:IN|IS|UNDER|RUN|RUNNING|UNIT)_)?(?:TESTS?|TESTING)(?:_(?:MODE|RUN|RUNNING))?$|^(?:(?:is|in|running)_tests?|(?:is_)?testing)$/;
