import type { ClassFacts, Statement } from '../../model/index.js';
import type { Guard } from '../bindings.js';
import { classScope } from '../bodies.js';
import type { FunctionTarget, Names, Scope } from '../modules.js';

/** A statement with the scope it stands in and the conditions it stands under. */
export interface Site { readonly statement: Statement; readonly scope: Scope; readonly guards: readonly Guard[] }

const MAX_DEPTH = 60;

/** One scope per class body: what is found out about its methods is found once. */
const bodies = new WeakMap<ClassFacts, Scope>();

function bodyOf(facts: ClassFacts, scope: Scope): Scope {
  const known = bodies.get(facts);
  if (known?.parent === scope) return known;
  const body = classScope({ is: 'class', class: facts, scope });
  bodies.set(facts, body);
  return body;
}

/** Every statement of a module, bodies of functions, classes and methods included, in the order of the code. */
export function* sites(module: Scope, names: Names): Generator<Site> {
  yield* inside(module.statements, module, [], names, 0);
}

function* inside(statements: readonly Statement[], scope: Scope, guards: readonly Guard[], names: Names, depth: number): Generator<Site> {
  if (depth > MAX_DEPTH) return;
  const maybe: readonly Guard[] = [...guards, { taken: true }];
  const enter = (body: readonly Statement[], under: readonly Guard[]): Generator<Site> => inside(body, scope, under, names, depth + 1);
  for (const statement of statements) {
    yield { statement, scope, guards };
    switch (statement.do) {
      case 'function': {
        const target: FunctionTarget = { is: 'function', function: statement.function, scope, ...(scope.kind === 'class' && scope.self && { owner: scope.self }) };
        yield* inside(statement.function.body, names.inside(target), guards, names, depth + 1);
        break;
      }
      case 'class': {
        yield* inside(statement.class.body, bodyOf(statement.class, scope), guards, names, depth + 1);
        break;
      }
      case 'if':
        yield* enter(statement.then, [...guards, { test: statement.test, taken: true }]);
        yield* enter(statement.otherwise, [...guards, { test: statement.test, taken: false }]);
        break;
      case 'for': yield* enter(statement.body, maybe); yield* enter(statement.otherwise, guards); break;
      case 'while': yield* enter(statement.body, maybe); break;
      case 'with': yield* enter(statement.body, guards); break;
      case 'try':
        yield* enter(statement.body, guards);
        for (const handler of statement.handlers) yield* enter(handler.body, maybe);
        yield* enter(statement.otherwise, guards);
        yield* enter(statement.finally, guards);
        break;
      default:
    }
  }
}
