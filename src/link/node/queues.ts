import type { Expr, JobAttempts, JobQueue, Setting, SourceLocation } from '../../model/index.js';
import { comparePlaces, expressionsOf, walk } from '../../model/index.js';
import { toSetting } from '../celery/settings.js';
import type { Resolver, Scope } from '../modules.js';
import { codeSites, entriesOf, type Entries } from './walk.js';

/** The queues of BullMQ that the code makes, in the order of their places, with the attempts their jobs have by default, and the jobs that are added with attempts of their own. */
export function jobQueues(modules: readonly Scope[], resolver: Resolver): { readonly queues: readonly JobQueue[]; readonly ownAttempts: readonly JobAttempts[] } {
  const queues: JobQueue[] = [];
  const adds = new Map<Expr, SourceLocation[]>();
  const ownAttempts: JobAttempts[] = [];
  const bare: { readonly call: Expr; readonly object: Expr; readonly scope: Scope }[] = [];
  const settingOf = (found: Entries['entries'][number]): Setting<number> => ({ ...toSetting(resolver.evaluate(found[1], found[2]), []), at: found[1].at }) as Setting<number>;
  const last = ({ entries }: Entries, name: string): Entries['entries'][number] | undefined => entries.findLast(([key]) => key === name);
  for (const module of modules) {
    if (/(?:^|\/)scripts?\//.test(module.path)) continue; // run once, by hand
    for (const { statement, scope } of codeSites(module.statements, module, resolver)) {
      for (const call of expressionsOf(statement).flatMap(expr => walk(expr))) {
        if (call.is !== 'call') continue;
        if (resolver.externalName(call.callee, scope) === 'bullmq.Queue') {
          const options = entriesOf(call.positional[1], scope, resolver);
          const defaults = last(options, 'defaultJobOptions');
          const inner = entriesOf(defaults?.[1], defaults?.[2] ?? scope, resolver);
          const attempts = last(inner, 'attempts');
          const name = call.positional[0] && resolver.evaluate(call.positional[0], scope);
          adds.set(call, []);
          queues.push({
            at: call.at, adds: adds.get(call)!, folder: resolver.scripts.packageOf(call.at.path), isOpen: options.isOpen || inner.isOpen, backoff: last(inner, 'backoff') !== undefined,
            attempts: attempts ? settingOf(attempts) : { state: 'unset', at: defaults?.[1].at ?? call.at, slots: [] },
            ...(name?.known && typeof name.value === 'string' && { name: name.value }),
          });
        } else if (call.callee.is === 'member' && call.callee.name === 'add' && call.positional.length >= 2) {
          const options = entriesOf(call.positional.at(-1), scope, resolver, 3);
          const attempts = last(options, 'attempts');
          if (!attempts && (call.positional.length === 2 || (!options.isOpen && !last(options, 'repeat')))) bare.push({ call, object: call.callee.object, scope });
          if (attempts) ownAttempts.push({ at: attempts[1].at, attempts: settingOf(attempts), backoff: options.isOpen || last(options, 'backoff') !== undefined });
        }
      }
    }
  }
  // a queue may be made behind what adds to it
  for (const { call, object, scope } of bare) { const target = resolver.resolve(object, scope); if (target.is === 'instance') adds.get(target.call)?.push(call.at); }
  return { queues: queues.sort((a, b) => comparePlaces(a.at, b.at)), ownAttempts };
}
