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
export function sites(module: Scope, names: Names): readonly Site[] {
  const found: Site[] = [];
  addInside(module.statements, module, [], 0);
  return found;

  function addInside(statements: readonly Statement[], scope: Scope, guards: readonly Guard[], depth: number): void {
    if (depth > MAX_DEPTH) return;
    const enter = (body: readonly Statement[], under: readonly Guard[]): void => addInside(body, scope, under, depth + 1);
    for (const statement of statements) {
      found.push({ statement, scope, guards });
      switch (statement.do) {
        case 'function': {
          const target: FunctionTarget = { is: 'function', function: statement.function, scope, ...(scope.kind === 'class' && scope.self && { owner: scope.self }) };
          addInside(statement.function.body, names.inside(target), guards, depth + 1);
          break;
        }
        case 'class': addInside(statement.class.body, bodyOf(statement.class, scope), guards, depth + 1); break;
        case 'if':
          enter(statement.then, [...guards, { test: statement.test, taken: true }]);
          enter(statement.otherwise, [...guards, { test: statement.test, taken: false }]);
          break;
        case 'for': enter(statement.body, [...guards, MAYBE]); enter(statement.otherwise, guards); break;
        case 'while': enter(statement.body, [...guards, MAYBE]); break;
        case 'with': enter(statement.body, guards); break;
        case 'try':
          enter(statement.body, guards);
          for (const handler of statement.handlers) enter(handler.body, [...guards, MAYBE]);
          enter(statement.otherwise, guards);
          enter(statement.finally, guards);
          break;
        default:
      }
    }
  }
}

const MAYBE: Guard = { taken: true };
