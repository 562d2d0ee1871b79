import type { CheckFlags } from '../cli.js';
import { AuditError, didYouMean } from '../config.js';
import { explain as page, ruleList } from '../reporters/explain.js';
import { rules } from '../rules/index.js';
import { wantsColor } from './run.js';

/** `drainlint explain RULE`. The fault alone will do where only one family has it. */
export async function explain(id: string, flags: Pick<CheckFlags, 'color'>): Promise<number> {
  const named = rules.filter(rule => rule.id === id || rule.id.endsWith(`/${id}`));
  const [rule] = named;
  if (!rule || named.length > 1) throw new AuditError(named.length > 1 ? `${id} is in several families: ${named.map(each => each.id).join(', ')}` : `there is no rule ${id}${didYouMean(id, rules.map(each => each.id))}`);
  process.stdout.write(page(rule, { color: wantsColor(flags.color), width: process.stdout.columns ?? 80 }));
  return 0;
}

/** `drainlint rules`. */
export async function list(flags: Pick<CheckFlags, 'color'>): Promise<number> {
  process.stdout.write(ruleList(rules, { color: wantsColor(flags.color) }));
  return 0;
}
