import type { ClassFacts, Expr, FunctionFacts, Handler, Statement } from '../model/index.js';
import { exceptionsOf, dottedName } from '../model/index.js';
import { remembered } from './remember.js';

/** A condition an event stands under: the test of an `if` and the branch; without test it may or may not happen (except, loops). */
export interface Guard { readonly test?: Expr; readonly taken: boolean }

/** One thing a piece of code does to a name. In the order of the code. */
export type Binding = { readonly guards: readonly Guard[] } & (
  /** `type`: the class it is annotated with. */
  | { readonly kind: 'value'; readonly expr: Expr; readonly type?: string }
  | { readonly kind: 'function'; readonly function: FunctionFacts }
  | { readonly kind: 'class'; readonly class: ClassFacts }
  /** `name` undefined: the module itself. */
  | { readonly kind: 'import'; readonly module: string; readonly name?: string }
  /** for targets, with … as, except … as: no value of its own. `over` is what is walked or entered. `part`: `a, b = f()` gives it what stands there in what f returns. */
  | { readonly kind: 'iterated'; readonly over: Expr; readonly part?: number }
  /** name[key] = value */
  | { readonly kind: 'item'; readonly keys: readonly Expr[]; readonly value: Expr }
  /** name.update(value), name |= value */
  | { readonly kind: 'update'; readonly value: Expr }
  /** name += value and friends */
  | { readonly kind: 'augmented'; readonly operator: string; readonly value: Expr }
);

/** `from m import *`. `optional`: where there is no such module, what is next is done all the same. */
export interface Star { readonly module: string; readonly guards: readonly Guard[]; readonly optional?: true }

export interface Bindings {
  readonly byName: ReadonlyMap<string, readonly Binding[]>;
  /** `from m import *`, in order. */
  readonly stars: readonly Star[];
}

/** What a module, class or function body binds. Bodies of functions and classes inside it are not entered. */
export const bindingsOf = remembered((statements: readonly Statement[]): Bindings => {
  const byName = new Map<string, Binding[]>();
  const stars: Star[] = [];
  collect(statements, [], (name, binding) => {
    const list = byName.get(name);
    if (list) list.push(binding); else byName.set(name, [binding]);
  }, stars);
  return { byName, stars };
});

type Add = (name: string, binding: Binding) => void;

function collect(statements: readonly Statement[], guards: readonly Guard[], add: Add, stars: Star[]): void {
  const maybe: readonly Guard[] = [...guards, { taken: true }];
  const enter = (body: readonly Statement[], under: readonly Guard[]): void => collect(body, under, add, stars);
  for (const statement of statements) {
    switch (statement.do) {
      case 'assign': assign(statement, guards, add); break;
      case 'call': update(statement.value, guards, add); break;
      case 'import-names': for (const [name, alias] of statement.names) add(alias, { kind: 'import', module: statement.module, name, guards }); break;
      case 'import-star': stars.push({ module: statement.module, guards }); break;
      case 'import-module': {
        if (statement.alias) add(statement.alias, { kind: 'import', module: statement.module, guards });
        else add(statement.module.split('.')[0]!, { kind: 'import', module: statement.module.split('.')[0]!, guards });
        break;
      }
      case 'function': if (!isSetter(statement.function)) add(statement.function.name, { kind: 'function', function: statement.function, guards }); break;
      case 'class': add(statement.class.name, { kind: 'class', class: statement.class, guards }); break;
      case 'if':
        enter(statement.then, [...guards, { test: statement.test, taken: true }]);
        enter(statement.otherwise, [...guards, { test: statement.test, taken: false }]);
        break;
      case 'for': bindTarget(statement.target, statement.over, maybe, add); enter(statement.body, maybe); enter(statement.otherwise, guards); break;
      case 'while': enter(statement.body, maybe); break;
      case 'with':
        for (const item of statement.items) if (item.as) bindTarget(item.as, item.value, guards, add);
        enter(statement.body, guards);
        break;
      case 'try': {
        const inside: Star[] = [];
        collect(statement.body, guards, add, inside);
        stars.push(...(statement.handlers.some(catchesMissing) ? inside.map(star => ({ ...star, optional: true as const })) : inside));
        for (const handler of statement.handlers) enter(handler.body, maybe);
        enter(statement.otherwise, guards);
        enter(statement.finally, guards);
        break;
      }
      default:
    }
  }
}

/** `except ImportError:`, or more. */
function catchesMissing(handler: Handler): boolean {
  return handler.types.length === 0 || exceptionsOf(handler).some(type => /(?:^|\.)(?:ImportError|ModuleNotFoundError|Exception|BaseException)$/.test(dottedName(type) ?? ''));
}

function assign(statement: Extract<Statement, { do: 'assign' }>, guards: readonly Guard[], add: Add): void {
  const typed = statement.type && { type: statement.type };
  for (const target of statement.targets) {
    if (target.is === 'name') {
      if (!statement.augmented) add(target.name, { kind: 'value', expr: statement.value, guards, ...typed });
      else if (statement.augmented === '|') add(target.name, { kind: 'update', value: statement.value, guards });
      else add(target.name, { kind: 'augmented', operator: statement.augmented, value: statement.value, guards });
    } else if (target.is === 'list') {
      target.items.forEach((item, index) => {
        if (item.is !== 'name') return;
        const values = statement.value.is === 'list' && statement.value.items.length === target.items.length ? statement.value.items : undefined;
        add(item.name, values ? { kind: 'value', expr: values[index]!, guards } : { kind: 'iterated', over: statement.value, part: index, guards });
      });
    } else if (target.is === 'item') {
      const keys: Expr[] = [];
      let object: Expr = target;
      while (object.is === 'item') { keys.unshift(object.key); object = object.object; }
      const name = dottedName(object);
      if (name) add(name, { kind: 'item', keys, value: statement.value, guards });
    } else if (target.is === 'member') {
      const name = dottedName(target);
      if (name) add(name, { kind: 'value', expr: statement.value, guards, ...typed });
    }
  }
}

/** A method that is read as an attribute. */
export function isProperty({ decorators }: FunctionFacts): boolean {
  return decorators.some(decorator => /(^|\.)(cached_)?property$/.test(dottedName(decorator) ?? ''));
}

/** `@name.setter`: what the attribute gives stays as it was. */
const isSetter = ({ decorators }: FunctionFacts): boolean => decorators.some(decorator => decorator.is === 'member' && /^(setter|deleter)$/.test(decorator.name));

function update(call: Expr, guards: readonly Guard[], add: Add): void {
  if (call.is !== 'call' || call.callee.is !== 'member' || call.callee.name !== 'update') return;
  const name = dottedName(call.callee.object);
  if (!name) return;
  for (const value of call.positional) add(name, { kind: 'update', value, guards });
  if (call.keywords.length > 0) add(name, { kind: 'update', value: keywordMap(call), guards });
}

/** The keyword arguments of a call as the mapping they are. */
export function keywordMap(call: Extract<Expr, { is: 'call' }>): Expr {
  return {
    is: 'map', at: call.at,
    entries: call.keywords.map(([key, value]) => [key === null ? null : { is: 'literal', value: key, at: value.at }, value] as const),
  };
}

function bindTarget(target: Expr, over: Expr, guards: readonly Guard[], add: Add): void {
  if (target.is === 'name') add(target.name, { kind: 'iterated', over, guards });
  else if (target.is === 'list') for (const item of target.items) bindTarget(item, over, guards, add);
}

/** What a name is declared as counts for all that is assigned to it. */
export const typeOf = (bindings: readonly Binding[]): string | undefined => bindings.flatMap(one => (one.kind === 'value' ? one.type ?? [] : []))[0];

/** `handlers[name] = …` changes what is bound elsewhere. */
export const binds = ({ kind }: Binding): boolean => kind !== 'item' && kind !== 'update';

/** `app = healthcheck.setup(app)`: what it names is still what it named before. */
export function takesItself(expr: Expr, bindings: readonly Binding[], within: readonly Statement[]): boolean {
  return expr.is === 'call' && expr.positional.some(argument => argument.is === 'name' && bindingsOf(within).byName.get(argument.name) === bindings);
}
