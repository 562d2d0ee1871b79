import { posix } from 'node:path';
import type { Expr } from '../../model/index.js';
import { callsWithin, literalText } from '../../model/index.js';
import type { ClassTarget, Resolver, Scope } from '../modules.js';

type Call = Extract<Expr, { is: 'call' }>;

/** What a settings module takes in while it runs, besides its own names and imports. */
export interface TakenIn {
  /** Modules whose names become its own. */
  readonly modules: readonly Scope[];
  /** Classes whose attributes do. */
  readonly classes: readonly ClassTarget[];
  /** It takes in more than could be read. */
  readonly open: boolean;
}

/**
 * `include("base.py", optional("local.py"))` of django-split-settings, where a file that is not there may be missing on purpose; `Production.load_settings(__name__)` of a class in
 * the repository whose method sets attributes of the module that it is given the name of.
 */
export function takenIn(module: Scope, resolver: Resolver): TakenIn {
  const modules: Scope[] = [], classes: ClassTarget[] = [];
  let open = false;
  for (const call of callsWithin(module.statements)) {
    if (/^split_settings\.tools\.include$/.test(resolver.externalName(call.callee, module) ?? '')) {
      for (const argument of call.positional) {
        const isOptional = argument.is === 'call' && /\.optional$/.test(resolver.externalName(argument.callee, module) ?? '');
        const text = literalText(isOptional ? argument.positional[0] : argument);
        const scope = text === undefined ? undefined : resolver.module(posix.join(posix.dirname(module.path), text));
        if (scope) modules.push(scope); else if (!isOptional) open = true; // a pattern of names, or a name that is computed
      }
    }
    const owner = exporter(call, module, resolver);
    if (owner) { classes.push(owner.class); open ||= owner.open; }
  }
  return { modules, classes, open };
}

/** The class that a call exports to the module that it stands in; `open`: its method is that of a class which is not in the tree, and may bring more. */
function exporter(call: Call, module: Scope, resolver: Resolver): { readonly class: ClassTarget; readonly open: boolean } | undefined {
  const [name] = call.positional;
  if (call.callee.is !== 'member' || name?.is !== 'name' || name.name !== '__name__') return undefined;
  const holder = resolver.resolve(call.callee.object, module);
  const owner = holder.is === 'class' ? holder : holder.is === 'instance' && holder.of.is === 'class' ? holder.of : undefined;
  const method = owner && resolver.member(owner, call.callee.name);
  if (!owner) return undefined;
  if (method?.is !== 'function') return resolver.lineage(owner).some(base => base.is === 'external') || owner.class.bases.length > 0 && method === undefined ? { class: owner, open: true } : undefined;
  return callsWithin(method.function.body).some(({ callee }) => callee.is === 'name' && callee.name === 'setattr') ? { class: owner, open: false } : undefined;
}
