import type { WorkUnit, Effect, EffectKind, Problem, Rule, TaskFunction } from '../../model/index.js';
import { samePlace } from '../../model/index.js';
import { isOn } from '../celery-shared.js';
import { appConfidence, weakest } from '../shared.js';
import { ofFunctions } from '../task-functions.js';

/** What a second run does again, and how that reads. An increment cannot be told from the first by what is stored. */
const AGAIN: Readonly<Partial<Record<EffectKind, string>>> = {
  payment: 'is charged again', sms: 'is sent again', email: 'is sent again', increment: 'counts twice', counter: 'counts twice', insert: 'adds a second row',
};
const CURES: Readonly<Partial<Record<EffectKind, string>>> = {
  payment: 'give it an idempotency key that is the same in every run (made of what is paid for)', sms: 'store that it was sent, and check that before', email: 'store that it was sent, and check that before',
  increment: 'store what was counted under a unique key, and count rows', counter: 'store what was counted under a unique key', insert: 'write it with get_or_create or update_or_create under a unique key',
};

/** Other places that are shown with the first. */
const MOST_OTHERS = 8;

/** What records runs and attempts: `logs.insert_one(log_data)`, `DeliveryAttempt.objects.create(…)`. */
const KEEPS_LOG = /^[\w.]*(?:Log|Attempt|AuditEntry)\.objects\b|^[\w.]*(?:logs?|attempts?|audit)\.(?:insert|add|create)|\(\w*log(?:_data|_entry)?\)$/;

/** One for each run, on purpose or with nothing that points to the first: `OrderEvent.objects.create(…)`. */
const isOfRun = ({ kind, text, intoField }: Effect): boolean => intoField === true || (kind === 'insert' && /^[\w.]*(?:Event|History|Revision)\b/.test(text));

export const nonIdempotentWrite: Rule = {
  id: 'tasks/non-idempotent-write',
  severity: 'error',
  title: 'A second run of the task does it again',
  rationale:
    'Under late acknowledgement a task whose worker is killed runs again from the beginning, and a retry does so after any failure behind the write. What the first run has charged, sent, counted or added, the second one charges, sends, ' +
    'counts or adds once more.',
  remedy: 'Make the write say itself that it was done: an idempotency key that is the same in every run, a unique key with get_or_create, a status that is checked before.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/tasks.html#state', 'https://docs.stripe.com/api/idempotent_requests', 'https://docs.celeryq.dev/en/stable/faq.html#should-i-use-retry-or-acks-late'],
  provenBy: ['tasks/non-idempotent-write/bad', 'tasks/non-idempotent-write/good', 'stop-outlives/prefork/late'],

  check: ({ apps, processors }) => ofFunctions<WorkUnit>([...apps, ...processors], (app, fn) => [judge(app, fn) ?? judgeBrief(app, fn) ?? []].flat()),
};

function judge(app: WorkUnit, fn: TaskFunction): Problem | undefined {
  // a message that comes back does not take celery-singleton's lock again
  if (fn.body.locks.some(({ kind }) => kind !== 'singleton')) return undefined;
  const again = whyAgain(fn);
  const candidates = fn.body.effects.filter(effect => isRepeated(effect, fn));
  const comesAgain = (effect: Effect): boolean => again?.isKill === true || failsBehind(effect, fn);
  const found = again && (candidates.find(effect => !effect.conditional && comesAgain(effect)) ?? candidates.find(effect => effect.conditional === 'steady' && comesAgain(effect)) ?? candidates.find(effect => effect.conditional === 'late' && again.isKill) ?? candidates.find(effect => raisedFor(effect, fn) !== undefined));
  if (!again || !found) return undefined;
  const what = AGAIN[found.kind]!;
  // the nearest to the function first
  const others = again.isKill ? candidates.filter(effect => effect !== found && !isKept(effect) && !samePlace(effect.at, found.at)).sort((a, b) => a.via.length - b.via.length) : [];
  const raised = isKept(found) || !again.isKill ? raisedFor(found, fn) : undefined;
  const isKill = again.isKill && raised === undefined;
  const isBrief = isKill && hasBriefWindow(found, fn);
  const isSure = found.kind === 'payment' || found.kind === 'sms' || found.kind === 'increment' || found.kind === 'counter';
  // it hangs on what is stored then, or on how the callers use it
  const isOpen = found.conditional === 'steady' || found.conditional === 'late' || (found.via.length > 0 && !raised && !isSure);
  return {
    // the order of the task function's own statements is what repeats it, not the helper
    order: 4, at: raised ? found.via[0]?.at ?? found.at : found.at, severity: isOfRun(found) ? 'note' : isKill && !isOpen && !isBrief ? 'error' : 'warning', confidence: weakest(appConfidence(app, fn.acksLate), isSure && !found.conditional ? 'high' : 'medium'), resource: app.id,
    message: found.intoField && !raised ? `${fn.functionName} ${again.text}, and ${found.text} adds a second row: the field points to that one, and the first stays behind` : `${fn.functionName} ${raised ? `raises ${raised} behind ${found.text} and is retried for it` : again.text}, and nothing keeps a second run from ${found.text}: it ${what}${isBrief ? ' if the kill falls between this call and the acknowledgement right behind it' : ''}`,
    label: what, related: [{ at: again.at, message: again.label }, ...others.slice(0, MOST_OTHERS).map(({ at, kind }) => ({ at, message: `${AGAIN[kind]!} too` }))], suggestion: found.intoField ? 'write into the row that the field points to, where there is one' : CURES[found.kind]!, ...(found.via.length > 0 && { flow: found.via }),
    fate: `${found.text} → ${isKill ? 'SIGKILL before the acknowledgement' : 'failure behind it'} → the task runs again: it ${what}`,
  };
}

/** Rows that are added in front of the call that says that they are: a kill between the two adds them again, and one transaction around both does not. */
function judgeBrief(app: WorkUnit, fn: TaskFunction): Problem | undefined {
  const { again, body } = fn;
  const isCut = (effect: Effect): boolean => effect.conditional === 'next' && effect.changedAt !== undefined && (effect.kind === 'insert' || effect.kind === 'increment') && !effect.guard && !effect.transaction && !KEEPS_LOG.test(effect.text);
  const [found, ...others] = body.effects.filter(isCut);
  if (!again || !found || body.locks.length > 0) return undefined;
  return {
    order: 6, at: found.at, severity: 'note', confidence: 'low', resource: app.id,
    message: `${fn.functionName} ${again.text}: one that is cut between ${found.text} and the write that keeps a second run from it ${AGAIN[found.kind]!}`,
    label: `${AGAIN[found.kind]!} if it is cut behind this`,
    related: [{ at: found.changedAt!, message: 'a second run is kept from it only from here on' }, ...others.slice(0, MOST_OTHERS).map(({ at, kind }) => ({ at, message: `${AGAIN[kind]!} too` }))],
    suggestion: 'make both writes in one transaction, the one that is asked for first', ...(found.via.length > 0 && { flow: found.via }),
    fate: `${found.text} → SIGKILL in front of the write behind it → runs again: it ${AGAIN[found.kind]!}`,
  };
}

/** A run before has changed what it depends on. */
const isKept = ({ conditional }: Effect): boolean => conditional === 'open' || conditional === 'next';

/** Takes so long that a run is cut in it, or that its message comes back while it is at work. */
const SLOW: ReadonlySet<EffectKind> = new Set(['http-read', 'http-write', 'upload', 'subprocess', 'sleep']);

/** A mail or a row that is the last thing a quick run does: it is repeated only by a kill within that one call and the acknowledgement behind it. */
function hasBriefWindow(effect: Effect, fn: TaskFunction): boolean {
  const { effects, loops } = fn.body;
  if ((effect.kind !== 'email' && effect.kind !== 'insert') || effect.isLast !== true) return false;
  if (loops.some(({ bound, callsNothing }) => bound === 'unbounded' && !callsNothing)) return false;
  return !effects.some(other => other !== effect && (SLOW.has(other.kind) || isRepeated(other, fn)));
}

/** Without a guard of its own, and not what a loop does for each item it finds open; a loop without an end has a rule of its own. */
function isRepeated(effect: Effect, { body }: TaskFunction): boolean {
  if (AGAIN[effect.kind] === undefined || effect.guard || (effect.insideLoop !== undefined && (isKept(effect) || effect.conditional === 'late' || body.loops[effect.insideLoop]?.bound === 'unbounded'))) return false;
  // each run has a log entry of its own; what is deleted first is there once
  if (effect.kind === 'insert' && KEEPS_LOG.test(effect.text)) return false;
  return effect.kind !== 'insert' || !body.effects.some(other => (other.kind === 'delete' && (other.entity === undefined || effect.entity === undefined || other.entity === effect.entity)) || takesPlaceOf(effect, other));
}

/** The rows that were there are all marked before: `note.updateMany({ data: { isStale: true } })`, `note.create(…)`. */
function takesPlaceOf({ entity, at }: Effect, other: Effect): boolean {
  return other.kind === 'update' && entity !== undefined && other.entity === entity && /\.updateMany\(/.test(other.text) && other.at.path === at.path && other.at.startLine < at.startLine;
}

interface Again { readonly isKill: boolean; readonly text: string; readonly label: string; readonly at: Problem['at'] }

function whyAgain({ acksLate, retry, again }: TaskFunction): Again | undefined {
  if (again) return { isKill: true, ...again };
  if (isOn(acksLate) === true) return { isKill: true, text: 'is acknowledged late, so it runs again when its worker is killed', label: 'acknowledged late', at: acksLate.at };
  const { autoretryAt, autoretryFor } = retry;
  return autoretryFor.length > 0 && autoretryAt ? { isKill: false, text: `is retried for ${autoretryFor.join(', ')}`, label: 'retried', at: autoretryAt } : undefined;
}

/** The error that the task function itself raises behind it, and is retried for. */
function raisedFor({ raisedBehind }: Effect, { retry }: TaskFunction): string | undefined {
  const last = (name: string): string => name.split('.').pop()!;
  return raisedBehind?.find(name => retry.autoretryFor.some(type => last(type) === last(name)));
}

/** Something that may fail follows in the same function. */
function failsBehind(effect: Effect, { body }: TaskFunction): boolean {
  return effect.via.length === 0 && body.effects.some(other => other.via.length === 0 && other.at.path === effect.at.path && other.at.startLine > effect.at.startLine);
}
