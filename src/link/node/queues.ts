import type { Expr, JobAttempts, JobQueue, Setting, SourceLocation } from '../../model/index.js';
import { comparePlaces, expressionsOf, walk } from '../../model/index.js';
import { toSetting } from '../celery/settings.js';
import type { Resolver, Scope } from '../modules.js';
import { codeSites, entriesOf, queueName, type Call, type Entries } from './walk.js';

/** The queues of BullMQ that the code makes, in the order of their places, with the attempts their jobs have by default. */
export interface JobQueues {
  readonly queues: readonly JobQueue[];
  /** Jobs that are added with attempts of their own. */
  readonly ownAttempts: readonly JobAttempts[];
  /** The names of queues that are only seen to be sent jobs by a clock: `add(…, { repeat })`, `upsertJobScheduler(…)`. */
  readonly repeated: ReadonlySet<string>;
}

/** A job that is put into a queue. `isRepeated`: again and again, by a clock. */
interface Added { readonly call: Call; readonly object: Expr; readonly scope: Scope; readonly isRepeated: boolean; /** With attempts of its own, or without, as far as its options could be read. */ readonly attempts?: 'own' | 'none' }

const last = ({ entries }: Entries, name: string): Entries['entries'][number] | undefined => entries.findLast(([key]) => key === name);

export function jobQueues(modules: readonly Scope[], resolver: Resolver): JobQueues {
  const queues: (JobQueue & { readonly call: Call })[] = [];
  const adds = new Map<Expr, SourceLocation[]>();
  const given = new Set<Expr>();
  const ownAttempts: JobAttempts[] = [];
  const added: Added[] = [];
  const settingOf = (found: Entries['entries'][number]): Setting<number> => ({ ...toSetting(resolver.evaluate(found[1], found[2]), []), at: found[1].at }) as Setting<number>;

  for (const module of modules) {
    if (/(?:^|\/)scripts?\//.test(module.path)) continue; // run once, by hand
    for (const { statement, scope } of codeSites(module.statements, module, resolver)) {
      // the modules of NestJS name their queues in a decorator
      for (const call of [...expressionsOf(statement), ...(statement.do === 'class' ? statement.class.decorators : [])].flatMap(expr => walk(expr))) {
        if (call.is !== 'call') continue;
        const external = resolver.externalName(call.callee, scope);
        if (external === 'bullmq.Queue') queues.push({ ...queueOf(call, call.positional[0], call.positional[1], scope), call });
        else if (external === '@nestjs/bullmq.BullModule.registerQueue') queues.push(...call.positional.map(one => ({ ...registered(call, one, scope), call })));
        else if (call.callee.is === 'member') addedTo(call, call.callee, scope);
      }
    }
  }

  /** `BullModule.registerQueue({ name, defaultJobOptions })`: those of forRoot hold where a queue has none of its own, and none of them where it has (docs.nestjs.com/techniques/queues). */
  function registered(call: Call, options: Expr, scope: Scope): JobQueue {
    const queue = queueOf(call, last(entriesOf(options, scope, resolver), 'name')?.[1], options, scope);
    return { ...queue, at: options.at, isOpen: queue.isOpen || queue.attempts.state === 'unset' };
  }

  function queueOf(call: Call, named: Expr | undefined, given: Expr | undefined, scope: Scope): JobQueue {
    const options = entriesOf(given, scope, resolver);
    const defaults = last(options, 'defaultJobOptions');
    const inner = entriesOf(defaults?.[1], defaults?.[2] ?? scope, resolver);
    const attempts = last(inner, 'attempts');
    const name = named && queueName(named, scope, resolver);
    const own: SourceLocation[] = [];
    adds.set(call, own);
    return {
      at: call.at, adds: own, folder: resolver.scripts.packageOf(call.at.path), isOpen: options.isOpen || inner.isOpen, backoff: last(inner, 'backoff') !== undefined,
      attempts: attempts ? settingOf(attempts) : { state: 'unset', at: defaults?.[1].at ?? call.at, slots: [] },
      ...(name !== undefined && { name }),
    };
  }

  function addedTo(call: Call, { object, name }: Extract<Expr, { is: 'member' }>, scope: Scope): void {
    if (name === 'upsertJobScheduler') added.push({ call, object, scope, isRepeated: true });
    if (name !== 'add' || call.positional.length < 2) return;
    const options = entriesOf(call.positional.at(-1), scope, resolver, 3);
    const attempts = last(options, 'attempts');
    const isRepeated = last(options, 'repeat') !== undefined;
    const isBare = call.positional.length === 2 || (!options.isOpen && !isRepeated);
    added.push({ call, object, scope, isRepeated, ...(attempts ? { attempts: 'own' } : isBare && { attempts: 'none' }) });
    if (attempts) ownAttempts.push({ at: attempts[1].at, attempts: settingOf(attempts), backoff: options.isOpen || last(options, 'backoff') !== undefined });
  }

  // a queue may be made behind what adds to it, and in a function that is given its name
  const byClock = new Set<string>(), otherwise = new Set<string>();
  for (const { call, object, scope, isRepeated, attempts } of added) {
    const target = resolver.resolve(object, scope);
    if (target.is !== 'instance' || target.call.is !== 'call') continue;
    if (attempts === 'none') adds.get(target.call)?.push(call.at);
    if (attempts === 'own') given.add(target.call);
    const [written] = target.call.positional;
    const name = written && queueName(written, target.scope, resolver);
    if (name !== undefined) (isRepeated ? byClock : otherwise).add(name);
  }
  return { queues: queues.map(({ call, ...queue }) => ({ ...queue, ...(given.has(call) && { hasOwnAttempts: true }) })).sort((a, b) => comparePlaces(a.at, b.at)), ownAttempts, repeated: new Set([...byClock].filter(name => !otherwise.has(name))) };
}
