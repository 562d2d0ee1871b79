import type { WorkUnit, Confidence, Effect, EffectKind, Loop, Problem, Rule, TaskFunction } from '../../model/index.js';
import { isOnlyAdded, isWithin, place, samePlace, shorten } from '../../model/index.js';
import { isOn, numberOf } from '../celery-shared.js';
import { appConfidence, listed, weakest } from '../shared.js';

/** What takes time or leaves the process, item by item. */
const COSTLY: ReadonlySet<EffectKind> = new Set(['email', 'sms', 'payment', 'http-write', 'http-read', 'upload', 'delete', 'insert', 'update', 'increment', 'append', 'subprocess', 'sleep']);
/** Cheap database work: not worth a finding beside a fan-out. */
const ROW_WRITES: ReadonlySet<EffectKind> = new Set(['insert', 'update', 'delete', 'increment']);
const WORDS: Readonly<Partial<Record<EffectKind, string>>> = {
  email: 'a mail', sms: 'a text message', payment: 'a payment', 'http-write': 'a request', 'http-read': 'a request', upload: 'an upload', delete: 'a delete', insert: 'an insert',
  update: 'a write', increment: 'a write', append: 'a write', subprocess: 'a process', sleep: 'a wait',
};

export const unbatchedLoop: Rule = {
  id: 'tasks/unbatched-loop',
  severity: 'warning',
  title: 'One task walks everything, with network calls or writes for each item',
  rationale:
    'A task that walks a whole table or bucket takes as long as the table is large: one day it outlives the stop timeout and the visibility timeout. ' +
    'A deployment then cuts it in the middle, and whoever was served already is served again from the beginning.',
  remedy: 'Send one short task per item (fan-out), or handle one batch, remember the last key, and let the task send itself for the rest.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/tasks.html#granularity', 'https://docs.celeryq.dev/en/stable/userguide/calling.html'],
  documentedBy: 'the harm of a task cut in the middle is measured (stop-outlives); how long a table takes is data, not code',

  *check({ apps, processors }) {
    const seen: Problem[] = [];
    for (const app of [...apps, ...processors]) {
      for (const fn of app.functions) {
        for (const [index, loop] of fn.body.loops.entries()) {
          const costly = costOf(fn, index, loop);
          if (!costly || isSaidBy(fn, loop) || seen.some(problem => samePlace(problem.at, loop.at))) continue;
          const inner = innerOf(fn, index);
          if (loop.bound === 'unknown' && inner.some(({ bound }) => bound === 'unbounded')) continue;
          const problem = problemOf(app, fn, loop, costly, inner);
          seen.push(problem);
          yield problem;
        }
      }
    }
  },
};

/** The dearest effect inside a loop without a bound; undefined: bounded, fan-out, one write for many rows, or nothing costly. */
function costOf(fn: TaskFunction, index: number, loop: Loop): Effect | undefined {
  const costly = costsOf(fn, index, loop);
  const lasting = costly.filter(effect => !isUndone(effect, index, fn.body.loops));
  // database work alone, in one transaction: a cut leaves no half
  if (lasting.length === 0) return undefined;
  return lasting.find(effect => !ROW_WRITES.has(effect.kind)) ?? lasting[0];
}

/** Rolled back with the whole loop, where that is cut. */
function isUndone({ transaction }: Effect, loop: number, loops: readonly Loop[]): boolean {
  return transaction !== undefined && (transaction.insideLoop === undefined || !isWithin(transaction.insideLoop, loop, loops));
}

/** Where nobody knows how long a loop is, only what takes time counts. */
function costsOf({ body }: TaskFunction, index: number, loop: Loop): readonly Effect[] {
  if (loop.bound === 'bounded' || loop.kind === 'while') return [];
  const inside = body.effects.filter(effect => effect.insideLoop !== undefined && isWithin(effect.insideLoop, index, body.loops));
  const publishes = inside.some(effect => effect.kind === 'publish' && effect.insideLoop === index);
  const isCheap = (effect: Effect): boolean => ROW_WRITES.has(effect.kind) && (publishes || loop.ofOne === true || (loop.source === 'chunk' && effect.insideLoop === index));
  return inside.filter(effect => COSTLY.has(effect.kind) && !isCheap(effect) && (loop.bound === 'unbounded' || !ROW_WRITES.has(effect.kind)));
}

/** What beat sends again and what only deletes, with nothing written before that says it is done. */
function isCleanUp(fn: TaskFunction, loop: Loop): boolean {
  return fn.periodic && costsOf(fn, fn.body.loops.indexOf(loop), loop).every(({ kind }) => kind === 'delete') && !marksBefore(fn, loop);
}

/** Rows are written in front of it, and the next run may not find again what they say is done. */
function marksBefore(fn: TaskFunction, loop: Loop): boolean {
  const [first] = costsOf(fn, fn.body.loops.indexOf(loop), loop);
  return fn.body.effects.slice(0, fn.body.effects.indexOf(first!)).some(({ kind, insideLoop }) => insideLoop === undefined && ROW_WRITES.has(kind));
}

/** The outermost such loop speaks for those inside it; one of which nobody knows how long it is does not for one that has no end. */
function isSaidBy(fn: TaskFunction, loop: Loop): boolean {
  for (let at = loop.outer; at !== undefined; at = fn.body.loops[at]!.outer) if ((loop.bound === 'unknown' || fn.body.loops[at]!.bound === 'unbounded') && costOf(fn, at, fn.body.loops[at]!)) return true;
  return false;
}

/** The loops with costly work inside this one. */
function innerOf(fn: TaskFunction, index: number): readonly Loop[] {
  return fn.body.loops.filter((loop, at) => at !== index && isWithin(at, index, fn.body.loops) && costOf(fn, at, loop));
}

/** Done once more, it is felt outside. */
const REPEATS: ReadonlySet<EffectKind> = new Set(['email', 'sms', 'payment', 'http-write', 'insert', 'increment', 'append']);

/** Done again for each item, where nothing is stored beside it that takes the item off the list. */
function repeatsAll({ body }: TaskFunction, loop: Loop, effect: Effect): boolean {
  if (!REPEATS.has(effect.kind) || effect.kind === 'insert' || effect.guard) return false;
  const index = body.loops.indexOf(loop);
  return !body.effects.some(other => (other.kind === 'update' || other.kind === 'delete') && other.insideLoop !== undefined && isWithin(other.insideLoop, index, body.loops) && !isUndone(other, index, body.loops));
}

/** Leaves nothing behind. */
const PASSING: ReadonlySet<EffectKind> = new Set(['http-read', 'sleep']);

/** What a cut leaves of the loop; a transaction around it gives its part back. */
function cutOf(fn: TaskFunction, loop: Loop, effect: Effect): { readonly text: string; readonly isWhole: boolean } {
  const index = fn.body.loops.indexOf(loop), costs = costsOf(fn, index, loop);
  const undone = costs.some(one => isUndone(one, index, fn.body.loops));
  const left = costs.find(one => !PASSING.has(one.kind) && !isUndone(one, index, fn.body.loops));
  const isWhole = undone && left === undefined;
  return { isWhole, text: !undone ? 'cuts it in the middle' : isWhole ? 'cuts it in the middle, its transaction rolls back what it wrote' : `cuts it in the middle, its transaction is rolled back but no ${nounOf(left ?? effect)} is` };
}

/** What becomes of the rest: what a worker does with its message when it is killed, and beat. A retry answers an exception, not a SIGKILL. */
function restOf(fn: TaskFunction, loop: Loop, effect: Effect, isWhole: boolean): string {
  const everyone = repeatsAll(fn, loop, effect), rest = isWhole ? 'all of it' : 'the rest', late = isOn(fn.acksLate);
  const harmless = 'to delete once more does no harm';
  if (fn.again) return `${fn.again.anew}${isCleanUp(fn, loop) ? `: ${harmless}` : everyone ? ', which may serve everyone again' : ''}`;
  if (isCleanUp(fn, loop)) return `the rest waits for the next run: ${harmless}`;
  if (late) return everyone ? 'it starts again from its beginning and may serve everyone again' : 'it starts again from its beginning';
  if (fn.periodic) return everyone ? 'the next run may serve everyone again' : `${rest} waits for the next run`;
  const sent = late === false ? `${isWhole ? 'none of it' : 'the rest'} is${isWhole ? '' : ' not'} done until it is sent again` : `${rest} waits until it is sent or delivered again`;
  return everyone ? `${sent}, and that run may serve everyone again` : sent;
}

const wordsOf = ({ kind }: Effect): string => WORDS[kind] ?? 'work';
const nounOf = (effect: Effect): string => wordsOf(effect).replace(/^an? /, '');

/** A lock around the loop outlives a SIGKILL: nobody is left to release it. */
function heldBy({ body }: TaskFunction, loop: Loop): Problem['related'] & {} {
  const lock = loop.lock === undefined ? undefined : body.locks[loop.lock];
  const seconds = lock?.constantKey ? numberOf(lock.ttl) : undefined;
  return lock && seconds ? [{ at: lock.at, message: `held around it: SIGKILL leaves it taken, and for up to ${seconds} s no other run gets past it` }] : [];
}

function problemOf(app: WorkUnit, fn: TaskFunction, loop: Loop, effect: Effect, inner: readonly Loop[]): Problem {
  const isHarmless = loop.bound === 'unknown' || isCleanUp(fn, loop) || isDelay(fn, loop, effect);
  const cut = cutOf(fn, loop, effect), what = wordsOf(effect);
  return {
    order: 3, at: loop.at, ...(isHarmless && { severity: 'note' as const }), resource: app.id, confidence: confidenceOf(app, loop, effect),
    message: `${fn.functionName} walks ${shorten(loop.over, 70)} in one task, with ${what} for each item: a deployment ${cut.text}, and ${restOf(fn, loop, effect, cut.isWhole)}`,
    label: loop.entity ? `up to as many rounds as there are ${loop.entity} rows` : 'as many rounds as there are items',
    related: [...(samePlace(effect.at, loop.at) ? [] : [{ at: effect.at, message: `${what}: ${effect.text}` }]), ...heldBy(fn, loop), ...inner.slice(0, 4).map(one => ({ at: one.at, message: `inside it: ${shorten(one.over, 60)}` })), ...(loop.via.length > 0 ? [{ at: fn.at, message: `reached from ${fn.functionName} through ${listed(loop.via.map(step => step.text), 4)}` }] : [])],
    flow: [...loop.via, { at: loop.at, text: loop.over }],
    suggestion: suggest(app, fn, loop), ...sketchesOf(fn, loop, REPEATS.has(effect.kind)),
  };
}

/** Read in the task function itself: high; through calls, or only rows written: less; what a session may write all at once, and the rows of one thing, which are few as a rule, or of which nobody knows how many there are: least. */
function confidenceOf(app: WorkUnit, loop: Loop, effect: Effect): Confidence {
  if (isOnlyAdded(effect) || loop.ofOne === true || loop.bound === 'unknown') return weakest(appConfidence(app), 'low');
  const direct = loop.via.length === 0 && effect.via.length <= 1;
  const clear = !ROW_WRITES.has(effect.kind) && loop.source !== 'file';
  return weakest(appConfidence(app), direct && clear ? 'high' : 'medium');
}

/** Only rows and objects are written, the next run takes up the rest, nobody is served twice, and no lock keeps it out: the harm is a delay. */
function isDelay(fn: TaskFunction, loop: Loop, effect: Effect): boolean {
  return fn.periodic && ROW_WRITES.has(effect.kind) && !fn.again && !marksBefore(fn, loop) && isOn(fn.acksLate) !== true && !repeatsAll(fn, loop, effect) && heldBy(fn, loop).length === 0;
}

/** The names that the ways out use. `id`: what is sent for an item, where it is a row of Django or SQLAlchemy. */
function namesOf(fn: TaskFunction, loop: Loop): { readonly item: string; readonly one: string; readonly id: string | undefined } {
  const item = loop.item && /^\w+$/.test(loop.item) ? loop.item : 'item';
  const isRow = loop.source === 'queryset' && loop.entity !== undefined && /\.objects\b|\bquery\(/.test(loop.query ?? loop.over) && !/values_list|\bfor\b/.test(loop.over);
  return { item, one: `${fn.functionName}_for_${loop.entity ? loop.entity.toLowerCase() : item}`, id: isRow ? `${item}.id` : undefined };
}

/** Nothing else costs time in the task function, and nothing is held around the loop: it can begin again behind the last row. */
function isAll(fn: TaskFunction, loop: Loop): boolean {
  const { effects, loops } = fn.body, index = loops.indexOf(loop);
  return loop.lock === undefined && effects.every(({ kind, insideLoop }) => !COSTLY.has(kind) || (insideLoop !== undefined && isWithin(insideLoop, index, loops)));
}

/** A chord counts its tasks in the result backend. */
function hasResults({ settings }: WorkUnit): boolean {
  const backend = settings.get('result_backend');
  return backend?.state === 'unknown' || (backend?.state === 'set' && Boolean(backend.value));
}

function suggest(app: WorkUnit, fn: TaskFunction, loop: Loop): string {
  const { item, one, id } = namesOf(fn, loop), at = place(loop.at);
  if (fn.again) return loop.feeds ? `store with each ${item}, as soon as it is done, what is needed behind the loop (${loop.feeds.slice(0, 3).join(', ')}), and leave out what is done when the loop starts again (${at})` : `move the body of the loop into a handler of its own and send it one message for each item (${at})`;
  if (loop.kind === 'comprehension') return `store what each ${item} gave as soon as it is there, and leave out what is done when it starts again (${at})`;
  const sent = id ? `\`${one}.delay(${id})\`` : `with a key by which it finds the ${item} again`;
  const behind = `${hasResults(app) ? 'as a chord' : 'as a chord (it needs a result_backend)'}, and do what stands behind the loop in its callback (${at})`;
  if (loop.feeds) return `move the body of the loop into a task ${one} that returns what is needed behind the loop (${loop.feeds.slice(0, 3).join(', ')}), send one for each item ${behind}`;
  if (loop.leadsOn) return `move the body of the loop into a task ${one}, ${id ? `\`${one}.s(${id})\` for each item` : `one for each item, ${sent}`}, send them ${behind}`;
  const batch = id && isAll(fn, loop) ? `, or handle ${BATCH} rows ordered by id per run and end with ${fn.functionName}.delay(last_id)` : '';
  return `move the body of the loop into a task ${one} and send it for each item, ${sent}${batch} (${at})`;
}

/** Rows in one piece of work; s that a round is kept to one. */
const BATCH = 500, ROUND = 3600;

/** Both ways out as code, where the query is written in one expression in the task function itself. What stands around the loop stays. */
function sketchesOf(fn: TaskFunction, loop: Loop, repeats: boolean): Pick<Problem, 'sketches'> {
  const { item, one, id } = namesOf(fn, loop);
  const query = loop.query?.replace(/\.(all|iterator)\([^()]*\)$/, '');
  if (id === undefined || loop.feeds || loop.leadsOn || query === undefined || query.includes('…') || loop.via.length > 0 || loop.kind !== 'for' || !fn.decorator || loop.item !== item) return {};
  const isDjango = query.includes('.objects'), isSession = /\.query\(/.test(query);
  if (!isDjango && !isSession) return {};
  const entity = loop.entity!, { isBound, parameters } = fn.signature;
  const names = parameters.map(({ name }) => name);
  const page = isDjango ? `list(${query}.filter(id__gt=last_id).order_by("id")[:${BATCH}])` : `${query}.filter(${entity}.id > last_id).order_by(${entity}.id).limit(${BATCH}).all()`;
  const row = isDjango ? `${entity}.objects.get(pk=${item}_id)` : `session.get(${entity}, ${item}_id)  # with a session of its own`;
  return {
    sketches: [
      {
        title: 'one task per row: in place of the loop, and beside the function',
        code: [
          `for ${item} in ${loop.over.includes('…') ? loop.query! : loop.over}:`, `    ${one}.delay(${[id, ...names].join(', ')})`, '', '',
          `@${fn.decorator}${isBound ? '(bind=True)' : ''}`, `def ${one}(${[...(isBound ? ['self'] : []), `${item}_id`, ...names].join(', ')}):`, `    ${item} = ${row}`, `    ${BODY}`,
        ].join('\n'),
      },
      ...(isAll(fn, loop) ? [{
        title: `${BATCH} rows per run: last_id=0 becomes a parameter of ${fn.functionName}; in place of the loop`,
        code: [
          ...(fn.periodic && repeats ? oneRound(fn, isDjango) : []), `batch = ${page}`, `for ${item} in batch:`, `    ${BODY}`, 'if batch:',
          `    ${fn.functionName}.delay(${[...parameters.map(({ name, keywordOnly }) => (keywordOnly ? `${name}=${name}` : name)), 'last_id=batch[-1].id'].join(', ')})`,
        ].join('\n'),
      }] : []),
    ],
  };
}

const BODY = '...  # the body of the loop';

/** Beat starts the next round whether or not the last one has ended. */
function oneRound({ functionName }: TaskFunction, isDjango: boolean): readonly string[] {
  const taken = isDjango ? `cache.add("${functionName}", 1, ${ROUND})` : `redis.set("${functionName}", 1, nx=True, ex=${ROUND})`;
  return [`if last_id == 0 and not ${taken}:  # ${isDjango ? 'django.core.cache.cache' : 'a Redis client'}: one round at a time`, '    return'];
}
