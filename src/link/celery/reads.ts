import type { Expr, SourceLocation } from '../../model/index.js';
import { expressionsOf, walk } from '../../model/index.js';
import type { Resolver, Scope } from '../modules.js';
import { sites } from './sites.js';

/** What the code itself reads and says, gathered once over the candidate modules. */
export interface CodeReads {
  /** Names the code reads: `settings.CELERY_X`, `CELERY_X`, `"CELERY_X"` in getattr and the like. */
  has(name: string): boolean;
  /** Something that caps redeliveries: a quorum delivery limit, a delivery counter, a Request class of the repository's own. */
  readonly redeliveryCap?: SourceLocation;
  /** ECS task protection is turned on: deployments and scale-in then wait. */
  readonly taskProtection?: SourceLocation;
}

const CAP_TEXT = /^(x-delivery-limit|x-delivery-count|delivery-limit|x-max-delivery-count|ApproximateReceiveCount|maxReceiveCount)$/;
const PROTECTION_TEXT = /task-protection\/v1\/state|^ECS_AGENT_URI$/;
const CAP_NAME = /^(delivery_(count|limit)|redelivery_count|max_deliveries|approximate_receive_count)$/i;

export function codeReads(modules: readonly Scope[], resolver: Resolver): CodeReads {
  const names = new Set<string>();
  let cap: SourceLocation | undefined, protection: SourceLocation | undefined;
  for (const module of modules) {
    for (const { statement, scope } of sites(module, resolver)) {
      if (statement.do === 'class' && statement.class.bases.some(base => /^celery\.worker\.request\.Request$/.test(resolver.externalName(base, scope) ?? ''))) cap ??= statement.class.at;
      const exprs = statement.do === 'assign' ? [statement.value, ...statement.targets.flatMap(target => (target.is === 'name' || target.is === 'member' ? [] : [target]))] : expressionsOf(statement);
      for (const expr of exprs) for (const part of walk(expr)) {
        const name = nameOf(part);
        if (name !== undefined) names.add(name);
        if (part.is === 'literal' && typeof part.value === 'string' && CAP_TEXT.test(part.value)) cap ??= part.at;
        if ((part.is === 'literal' && typeof part.value === 'string' && PROTECTION_TEXT.test(part.value)) || (part.is === 'environment' && part.name === 'ECS_AGENT_URI') || (part.is === 'member' && part.name === 'update_task_protection')) protection ??= part.at;
        if ((part.is === 'member' || part.is === 'name') && CAP_NAME.test(part.name)) cap ??= part.at;
      }
    }
  }
  return { has: name => names.has(name), ...(cap && { redeliveryCap: cap }), ...(protection && { taskProtection: protection }) };
}

function nameOf(part: Expr): string | undefined {
  if (part.is === 'name' || part.is === 'member') return part.name;
  return part.is === 'literal' && typeof part.value === 'string' && /^[A-Za-z_]\w{5,60}$/.test(part.value) ? part.value : undefined;
}
