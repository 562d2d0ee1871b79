import type { CeleryApp, WorkUnit, Confidence, EffectKind, ErrorHandler, Problem, Rule, TaskFunction } from '../../model/index.js';
import { samePlace } from '../../model/index.js';
import { isOn } from '../celery-shared.js';
import { appConfidence, listed, weakest } from '../shared.js';
import { caughtBy, ofFunctions, retriesOf } from '../task-functions.js';

export const failureAcknowledged: Rule = {
  id: 'tasks/failure-acknowledged',
  severity: 'warning',
  title: 'An error of the work is only logged, and its message acknowledged as done',
  rationale:
    'A handler that catches every error and only logs it turns a failure into a success: the message is acknowledged, no retry that is configured ever sees the error, no state says FAILURE, and the work is gone. A database that ' +
    'fails over during a deployment is enough.',
  remedy: 'Let the error out after it is logged, or retry it; catch only what is expected.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying', 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-acks-on-failure-or-timeout'],

  *check({ apps, processors }) {
    yield* ofFunctions<WorkUnit>([...apps, ...processors], judge);
    yield* ofFunctions<WorkUnit>(processors, judgeParts);
    for (const app of apps) yield* judgeHabit(app);
  },
};

/** Beat sends a periodic one anyway, unless it was sent for its arguments. */
const isSentAgain = (fn: TaskFunction): boolean => fn.periodic && !fn.signature.parameters.some(({ required }) => required);

/** Under early acknowledgement without a retry nothing would have run it again: all of an app that end so are said at once. */
function* judgeHabit(app: CeleryApp): Iterable<Problem> {
  const found = app.functions.flatMap(fn => {
    if (retriesOf(fn) || isOn(fn.acksLate) !== false || isSentAgain(fn)) return [];
    const handler = fn.body.handlers.find(one => one.via.length === 0 && one.catches === 'any' && one.tried?.effect && losesWork(one, false, false));
    return handler ? [{ fn, handler }] : [];
  });
  const [first, ...others] = found;
  if (!first) return;
  const names = listed(found.map(({ fn }) => fn.functionName), 3);
  yield {
    order: 4, at: first.handler.at, severity: 'note', confidence: weakest(appConfidence(app), 'medium'), resource: app.id,
    message: `${names} ${others.length > 0 ? 'log the errors of their work and end as successes' : 'logs the errors of its work and ends as a success'}: nothing tries again, and Celery's states and metrics say that all is well`,
    label: 'the error ends here',
    related: others.slice(0, MOST_OTHERS).map(({ fn, handler }) => ({ at: handler.at, message: `${fn.functionName} too` })),
    suggestion: 'end the handlers with `raise`, so that the failure is seen, and name the errors that pass in autoretry_for with retry_backoff and max_retries, where a second run does no harm',
    fate: 'error → logged → SUCCESS',
  };
}

/** Other places that are shown with the first. */
const MOST_OTHERS = 12;

function* judge(app: WorkUnit, fn: TaskFunction): Iterable<Problem> {
  const retries = retriesOf(fn) ?? fn.again?.retried;
  const isLate = isOn(fn.acksLate) === true;
  if ((!retries && !isLate) || (!retries && isSentAgain(fn))) return;
  for (const handler of fn.body.handlers) {
    const { tried } = handler;
    // the handler of a consumer often is one call of what does the work
    if (!tried || (handler.via.length > 0 && !fn.again) || !losesWork(handler, retries !== undefined, fn.again !== undefined)) continue;
    const records = handler.outcome === 'records';
    const isRetried = retries !== undefined && seesIt(handler, fn);
    const ends = handler.catches === 'any' ? `ends the error of ${tried.text}` : `around ${tried.text} ends that error`;
    // what is recorded can be found again; errors that are named, or that the configured retry would not have seen, may have been left out on purpose
    const isHint = records || (handler.outcome === 'returns' && retries === undefined) || handler.catches !== 'any' || (retries !== undefined && !isRetried);
    yield {
      order: 4, at: handler.at, ...(isHint && { severity: 'note' as const }), confidence: weakest(appConfidence(app, fn.acksLate), evidence(handler)), resource: app.id,
      message: `${caughtBy(handler)} ${ends} ${records ? 'with a record of it' : handler.outcome === 'returns' ? 'as a value that is returned' : 'with a log at most'}: ${fn.functionName} ends as a success, ${retries ? 'no retry sees it' : fn.again ? 'the job is completed' : 'its message is acknowledged'}, and ${records ? 'no attempt follows' : fn.periodic ? 'what it was sent for waits until beat sends the next one' : 'the work is lost'}`,
      label: 'the error ends here',
      related: [{ at: tried.at, message: fn.periodic ? 'what is not done when it fails' : 'what is lost when it fails' }, retries ? { at: retries.at, message: retries.text } : { at: fn.again?.at ?? fn.acksLate.at, message: fn.again?.label ?? 'acknowledged late, so that no work is lost' }],
      suggestion: suggest(handler, fn, isRetried),
      fate: fn.periodic ? `error → logged → SUCCESS: ${fn.functionName} runs again when beat sends it` : `error → logged → SUCCESS: the message is gone, and nothing runs ${fn.functionName} again`,
    };
  }
}

/** A part of a job whose error ends in a log or a record while the job goes on: all of one handler are said at once. */
function* judgeParts(unit: WorkUnit, fn: TaskFunction): Iterable<Problem> {
  const retried = fn.again?.retried;
  if (!retried && isSentAgain(fn)) return;
  const clearsOnly = fn.body.effects.every(({ kind }) => kind === 'read' || kind === 'http-read' || CLEARS.has(kind));
  const found = fn.body.handlers.filter((one, i, all) => endsPart(one, { retried: retried !== undefined, clearsOnly }) && !losesWork(one, retried !== undefined, true) && all.findIndex(({ at }) => samePlace(at, one.at)) === i);
  const [first, ...others] = found;
  if (!first?.tried) return;
  const how = found.every(({ outcome }) => outcome === 'records') ? 'with a record of it' : 'with a log at most';
  yield {
    order: 6, at: first.at, severity: 'note', confidence: weakest(appConfidence(unit), 'medium'), resource: unit.id,
    message: `${others.length > 0 ? `${found.length} handlers in ${fn.functionName} end errors of its work, the first that of ${first.tried.text}` : `${caughtBy(first)} ends the error of ${first.tried.text} ${how}`}, and the job goes on: it is completed without that part, and no attempt follows`,
    label: 'the error ends here, and the job goes on',
    related: [{ at: first.tried.at, message: 'what is left out when it fails' }, ...others.slice(0, MOST_OTHERS).map(({ at, tried }) => ({ at, message: `the error of ${tried!.text} ends here too` }))],
    suggestion: 'end the handler with `throw` where the job is not done without that part; give a part that may fail alone a job of its own, with attempts',
    fate: 'error → logged → the rest is done → completed: nothing does that part again',
  };
}

/** What clears up, or counts: what is left of it does no harm, unless the job is there for it. */
const CLEARS: ReadonlySet<EffectKind> = new Set(['delete', 'counter']);

/** Around a part that does something; once for each item of a loop, only where attempts are there to see what fails: else the next item may be worth more than one that fails. */
function endsPart({ catches, outcome, tried, insideLoop, passesOn, isMinor, inHandler, answers }: ErrorHandler, { retried, clearsOnly }: { readonly retried: boolean; readonly clearsOnly: boolean }): boolean {
  return catches === 'any' && !isMinor && !inHandler && !answers && passesOn.length === 0 && (outcome === 'logs' || outcome === 'records') && (insideLoop === undefined || retried) && tried?.effect !== undefined && (clearsOnly || !CLEARS.has(tried.effect));
}

const last = (name: string): string => name.split('.').pop()!;
const ANY_ERROR: ReadonlySet<string> = new Set(['Exception', 'BaseException']);

/** Would a configured retry see what this handler ends, if it were raised? */
function seesIt({ types, tried }: ErrorHandler, { again, retry: { autoretryFor, calls } }: TaskFunction): boolean {
  if (again?.retried) return true;
  const caught = types.map(last), library = tried?.text.split('.')[0];
  return autoretryFor.length === 0 ? calls.length > 0 : autoretryFor.some(type => ANY_ERROR.has(last(type)) || caught.includes(last(type)) || type.split('.')[0] === library || (last(type) === 'RequestException' && library === 'requests'));
}

function suggest({ types, catches }: ErrorHandler, { again, retry: { autoretryFor, calls } }: TaskFunction, isRetried: boolean): string {
  if (again) return `end the handler with \`throw\`, so that the failure is seen${again.retried ? ' and tried again' : ''}`;
  if (autoretryFor.length === 0 && calls.length > 0) return 'end the handler with `raise self.retry(exc=…)`, or with `raise`, so that the failure is seen';
  if (isRetried) return 'end the handler with `raise`, so that the failure is seen and retried';
  const seen = 'end the handler with `raise`, so that the failure is seen';
  return autoretryFor.length === 0 ? seen : `${seen}; it is retried where autoretry_for names it (now ${autoretryFor.slice(0, 3).join(', ')})${catches === 'any' ? '' : `: add ${types.join(', ')}`}`;
}

/** Errors that end a task from outside. */
const STOPS = /^(SoftTimeLimitExceeded|TimeLimitExceeded|Reject|Ignore|KeyboardInterrupt|SystemExit|CancelledError)$/;

/** In the task function itself, around all that it does. What is retried elsewhere in the function was thought of. */
function losesWork({ catches, outcome, isAll, retry, insideLoop, passesOn, via }: ErrorHandler, retried: boolean, isProcessor: boolean): boolean {
  // what is returned may be handed on, but for what the handler of a job itself returns; where a retry is configured it was to see the error
  if (!(outcome === 'logs' || (outcome === 'returns' && (retried || (isProcessor && via.length === 0))) || (outcome === 'records' && isProcessor)) || insideLoop !== undefined || !isAll || (retry && !passesOn.includes('Retry'))) return false;
  // what goes on to the retry was chosen
  if (catches === 'any' && passesOn.some(name => name !== 'Retry' && !STOPS.test(name))) return false;
  return catches === 'any' || (catches === 'transient' && retried);
}

function evidence({ catches, tried, retry, outcome }: ErrorHandler): Confidence {
  return catches === 'any' && outcome === 'logs' && !retry && tried?.effect ? 'high' : 'medium';
}
