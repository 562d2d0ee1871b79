import type { Expr, Facts, FactStore, StackFacts } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { mapExprs } from './map-exprs.js';

/** Stacks inside each other, and uses of one template, beyond this are not told apart. */
const DEPTH = 8, USES = 20;

/** One use of a template: the file that deploys it, and what it is given there. */
interface Use { readonly parent: Facts; readonly stack: StackFacts }
type Reference = Extract<Expr, { is: 'reference' }>;

/**
 * Templates of nested stacks with the parameters that their parent gives put in, once for each use; what a parent reads of a child's
 * outputs is put into the parent. A template that nothing deploys stays as it is.
 */
export function withStacks(store: FactStore, all: readonly Facts[]): readonly Facts[] {
  if (!all.some(({ stacks }) => stacks)) return all;
  const uses = new Map<string, Use[]>();
  for (const parent of all) for (const stack of parent.stacks ?? []) if (store.has(stack.path)) uses.set(stack.path, [...(uses.get(stack.path) ?? []), { parent, stack }]);
  const byPath = new Map(all.map(facts => [facts.path, facts]));
  return all.flatMap(facts => {
    const outputs = outputsOf(facts, byPath);
    const whole = outputs.size > 0 ? mapExprs(facts, expr => replaced(expr, ({ module, name }) => (module === 'resource' ? outputs.get(name) : undefined), 0)) : facts;
    const own = (uses.get(facts.path) ?? []).slice(0, USES);
    return own.length === 0 ? [whole] : own.map(use => inStack(whole, use, uses));
  });
}

const scopeOf = (parent: Pick<Facts, 'path'>, { name }: StackFacts): string => `${parent.path}#${name}`;

/** The facts of a template in one use: its resources are told from those of another use by their addresses. */
function inStack(facts: Facts, use: Use, uses: ReadonlyMap<string, readonly Use[]>): Facts {
  const scope = scopeOf(use.parent, use.stack);
  const own = mapExprs(facts, expr => replaced(expr, reference => within(reference, scope), 0));
  const put = given(own, use, uses, 0);
  const named = <T extends { readonly address?: string }>(all: readonly T[]): readonly T[] => all.map(one => ({ ...one, scope, ...(one.address !== undefined && { address: `${scope} ${one.address}` }) }));
  return {
    ...put, ...(put.taskDefinitions && { taskDefinitions: named(put.taskDefinitions) }), ...(put.services && { services: named(put.services) }), ...(put.queues && { queues: named(put.queues) }), ...(put.brokers && { brokers: named(put.brokers) }),
  };
}

const within = (reference: Reference, scope: string): Expr | undefined => (reference.module === 'resource' ? { ...reference, module: `${scope} resource` } : undefined);

/** Parameters as the parent gives them; what it hands down may be a parameter of its own. */
function given(facts: Facts, { parent, stack }: Use, uses: ReadonlyMap<string, readonly Use[]>, depth: number): Facts {
  const values = new Map(stack.parameters.map(({ name, value }) => [name, value]));
  const put = mapExprs(facts, expr => replaced(expr, ({ module, name }) => (module === 'parameter' ? values.get(name) : undefined), 0));
  const [above] = uses.get(parent.path) ?? [];
  return above && depth < DEPTH ? given(put, above, uses, depth + 1) : put;
}

/** An expression with references in it replaced. A text of known parts is one. */
function replaced(expr: Expr, lookup: (reference: Reference) => Expr | undefined, depth: number): Expr {
  if (depth > 60) return expr;
  const inner = (part: Expr): Expr => replaced(part, lookup, depth + 1);
  switch (expr.is) {
    case 'reference': return lookup(expr) ?? expr;
    case 'choice': return { ...expr, branches: expr.branches.map(inner) };
    case 'list': return { ...expr, items: expr.items.map(inner) };
    case 'operation': {
      const operands = expr.operands.map(inner);
      return expr.operator === 'concat' && operands.every(part => part.is === 'literal') ? literal(operands.map(part => (part.is === 'literal' ? String(part.value ?? '') : '')).join(''), expr.at) : { ...expr, operands };
    }
    default: return expr;
  }
}

/** `resource.Child.Outputs.Name` of the stacks that this template deploys. */
function outputsOf(parent: Facts, byPath: ReadonlyMap<string, Facts>): ReadonlyMap<string, Expr> {
  return new Map((parent.stacks ?? []).flatMap(stack => (byPath.get(stack.path)?.outputs ?? []).map(({ name, value }) => [`${stack.name}.Outputs.${name}`, replaced(value, reference => within(reference, scopeOf(parent, stack)), 0)] as const)));
}
