import type { Expr, RepeatFacts } from '../../model/index.js';
import { literal } from '../../model/index.js';
import type { Instance } from './modules.js';
import { resolveIn } from './resolve.js';

/** Copies of one block that are told apart. */
const COPIES = 50;

/**
 * The instances that one block stands for: none for a count of 0, one for each number or key that can be read, with `each` and `count` bound.
 * Where it cannot be read how many there are, the instance itself.
 */
export function copiesOf(repeat: RepeatFacts | undefined, instance: Instance): readonly Instance[] {
  const { count, forEach } = repeat ?? {};
  if (count) {
    const number = resolveIn(count, instance);
    if (number.is !== 'literal' || typeof number.value !== 'number') return [instance];
    return Array.from({ length: Math.min(number.value, COPIES) }, (_, i) => copyOf(String(i), literal(i, number.at), literal(i, number.at), instance));
  }
  const over = forEach && resolveIn(forEach, instance);
  if (over?.is === 'map' && over.entries.every(([key]) => key?.is === 'literal')) return over.entries.slice(0, COPIES).map(([key, value]) => copyOf(textOf(key!), key!, value, instance));
  if (over?.is === 'list' && over.items.every(item => item.is === 'literal')) return over.items.slice(0, COPIES).map(item => copyOf(textOf(item), item, item, instance));
  return [instance];
}

const textOf = (expr: Expr): string => (expr.is === 'literal' ? String(expr.value) : '');
const copyOf = (name: string, key: Expr, value: Expr, instance: Instance): Instance => ({ ...instance, each: { name, key, value } });
