import type { JobQueue, Setting, SourceLocation } from '../../model/index.js';
import { dottedName, expressionsOf, walk } from '../../model/index.js';
import { toSetting } from '../celery/settings.js';
import type { Resolver, Scope } from '../modules.js';
import { codeSites, entriesOf } from './walk.js';

/** The queues of BullMQ that the code makes, with the attempts their jobs have by default, and where jobs are added that have attempts of their own. */
export function jobQueues(modules: readonly Scope[], resolver: Resolver): { readonly queues: readonly JobQueue[]; readonly ownAttempts: readonly SourceLocation[] } {
  const queues: JobQueue[] = [];
  const ownAttempts: SourceLocation[] = [];
  for (const module of modules) {
    if (/(?:^|\/)scripts?\//.test(module.path)) continue; // run once, by hand
    for (const { statement, scope } of codeSites(module.statements, module, resolver)) {
      for (const call of expressionsOf(statement).flatMap(expr => [...walk(expr)])) {
        if (call.is !== 'call') continue;
        const external = resolver.externalName(call.callee, scope);
        if (external === 'bullmq.Queue') {
          const options = entriesOf(call.positional[1], scope, resolver);
          const defaults = options.entries.findLast(([key]) => key === 'defaultJobOptions');
          const inner = entriesOf(defaults?.[1], defaults?.[2] ?? scope, resolver);
          const written = inner.entries.findLast(([key]) => key === 'attempts');
          const name = call.positional[0] && resolver.evaluate(call.positional[0], scope);
          queues.push({
            at: call.at, folder: resolver.scripts.packageOf(call.at.path), isOpen: options.isOpen || inner.isOpen,
            attempts: written ? toSetting(resolver.evaluate(written[1], written[2]), []) as Setting<number> : { state: 'unset', at: defaults?.[1].at ?? call.at, slots: [] },
            ...(name?.known && typeof name.value === 'string' && { name: name.value }),
          });
        } else if (call.callee.is === 'member' && /^(?:add|addBulk)$/.test(call.callee.name) && call.positional.some(argument => entriesOf(argument.is === 'map' || argument.is === 'name' || argument.is === 'member' ? argument : undefined, scope, resolver, 3).entries.some(([key]) => key === 'attempts'))) ownAttempts.push(call.at);
        else if (/(?:^|\.)registerQueue$/.test(dottedName(call.callee) ?? '')) ownAttempts.push(call.at); // NestJS: its options are not read yet
      }
    }
  }
  return { queues, ownAttempts };
}
