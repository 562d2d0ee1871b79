import type { CeleryApp, Confidence, Message, Problem, Rule, Signature, TaskFunction } from '../../model/index.js';
import { place } from '../../model/index.js';
import { appConfidence, listed, plural, weakest } from '../shared.js';

export const messageIncompatible: Rule = {
  id: 'tasks/message-incompatible',
  severity: 'error',
  title: 'Messages in the queue no longer fit the code that is deployed',
  rationale:
    'Messages outlive a deployment: those with a countdown, those that wait, those that a worker of the old version sends while it drains. A name that is not registered any more is discarded ' +
    '(`Received unregistered task`, rejected without a requeue), and arguments that do not fit end as a TypeError. Either way the work is lost.',
  remedy: 'Change a message in two deployments: first code that takes both forms, then, when the queue holds none of the old ones, the code without them.',
  references: [
    'https://docs.celeryq.dev/en/stable/userguide/tasks.html#names', 'https://github.com/celery/celery/blob/v5.6.3/celery/worker/consumer/consumer.py',
  ],
  provenBy: ['tasks/message-incompatible/bad', 'tasks/message-incompatible/good'],

  *check({ apps, earlier }) {
    if (!earlier || apps.length === 0) return;
    const now = byName(apps), before = byName(earlier.apps);
    const renamed = new Set<string>();
    for (const [name, old] of before) {
      const current = now.get(name);
      if (current) { yield* changed(old.fn, current, earlier.revision); continue; }
      const successors = [...now].filter(([other, { fn }]) => !before.has(other) && fn.functionName === old.fn.functionName);
      const successor = successors.length === 1 ? successors[0] : undefined;
      if (successor) renamed.add(successor[0]);
      yield* gone(old.fn, successor?.[1], apps[0]!, earlier.revision);
    }
    for (const [name, current] of now) if (!before.has(name) && !renamed.has(name)) yield* unknownYet(current, earlier.revision);
  },
};

interface Registered { readonly app: CeleryApp; readonly fn: TaskFunction }

function byName(apps: readonly CeleryApp[]): ReadonlyMap<string, Registered> {
  return new Map(apps.flatMap(app => app.functions.map(fn => [fn.name, { app, fn }] as const)));
}

/** Nothing was seen to send it: code that is no longer used may go. */
function* gone(old: TaskFunction, successor: Registered | undefined, app: CeleryApp, revision: string): Iterable<Problem> {
  if (old.messages.length === 0 && !old.periodic) return;
  const sent = old.messages.length > 0 ? `${revision} sends it (${placesOf(old.messages)})` : `beat sends it in ${revision}`;
  const lost = 'a worker with this code discards the queued ones as unregistered, and their work is lost';
  yield successor
    ? {
        order: 4, at: successor.fn.decoratorAt, confidence: appConfidence(successor.app), resource: successor.app.id, label: `registered as ${successor.fn.name} now`,
        message: `messages named ${old.name} have no task any more: ${old.functionName} is registered as ${successor.fn.name} now, and ${sent}; ${lost}`,
        suggestion: `write name='${old.name}' in the decorator, and rename it once nothing sends or holds the old name`,
      }
    : {
        order: 4, at: app.at, confidence: appConfidence(app), resource: app.id, label: `no ${old.name} any more`,
        message: `messages named ${old.name} have no task any more: ${old.functionName} (${place(old.at)} in ${revision}) was removed or is no task now, and ${sent}; ${lost}`,
        suggestion: `remove what sends ${old.name} in this deployment, and the function in the next one, when the queue holds none of its messages`,
      };
}

function* changed(old: TaskFunction, { app, fn }: Registered, revision: string): Iterable<Problem> {
  const misfit = old.messages.find(message => fits(message, old.signature) && !fits(message, fn.signature));
  const gained = fn.signature.parameters.filter(({ name, required }) => required && !old.signature.parameters.some(parameter => parameter.name === name));
  const isOpen = old.periodic || old.messages.some(({ complete }) => !complete);
  if (misfit || (gained.length > 0 && isOpen && !old.signature.morePositional)) {
    yield {
      order: 4, at: fn.at, confidence: weakest(appConfidence(app), misfit ? 'high' : 'medium'), resource: app.id, label: misfit ? reasonOf(misfit, fn.signature) : `${listed(gained.map(({ name }) => name))} must be given now`,
      message: `queued messages of ${old.name} no longer fit ${fn.functionName}: ${misfit ? `\`${misfit.text}\` (${place(misfit.at)} in ${revision}): ${reasonOf(misfit, fn.signature)}` : `it needs ${listed(gained.map(({ name }) => name))} now, which ${revision} did not know`}; they end as a TypeError, and their work is lost`,
      suggestion: gained.length > 0 ? `give ${listed(gained.map(({ name }) => name))} a default, and remove it in a later deployment` : 'take the old arguments too in this deployment, and remove them in a later one',
    };
  }
  const ahead = fn.messages.find(message => fits(message, fn.signature) && !fits(message, old.signature));
  if (ahead) {
    yield {
      order: 4, at: ahead.at, severity: 'warning', confidence: 'medium' satisfies Confidence, resource: app.id, label: reasonOf(ahead, old.signature),
      message: `a worker that still runs ${revision} cannot run \`${ahead.text}\`: ${reasonOf(ahead, old.signature)} there; until the deployment has replaced it, such messages end as a TypeError`,
      related: [{ at: fn.at, message: 'takes it since this change' }],
      suggestion: `deploy ${fn.functionName} as it is now first, and what sends the new form in the next deployment`,
    };
  }
}

/** The deployment that brings a task function replaces the workers while others already send it. */
function* unknownYet({ app, fn }: Registered, revision: string): Iterable<Problem> {
  const [first] = fn.messages;
  if (!first) return;
  yield {
    order: 4, at: first.at, severity: 'note', confidence: 'low', resource: app.id, label: 'a new message',
    message: `${fn.name} is new: a worker that still runs ${revision} when \`${first.text}\` is sent discards it as unregistered`,
    related: [{ at: fn.decoratorAt, message: 'registered since this change' }],
    suggestion: `deploy the workers with ${fn.functionName} before what sends it`,
  };
}

/** Python binds these arguments to these parameters; what is not known of either binds. */
function fits(message: Message, signature: Signature): boolean {
  return !message.complete || misfitOf(message, signature) === undefined;
}

const reasonOf = (message: Message, signature: Signature): string => misfitOf(message, signature) ?? 'it does not fit';

function misfitOf({ positional, keywords }: Message, { parameters, morePositional, moreKeywords }: Signature): string | undefined {
  const byPosition = parameters.filter(({ keywordOnly }) => !keywordOnly);
  if (positional > byPosition.length && !morePositional) return `${plural(positional, 'argument')} where ${byPosition.length === 0 ? 'none' : `${byPosition.length} at most`} can be given`;
  const filled = new Set([...byPosition.slice(0, positional).map(({ name }) => name), ...keywords]);
  const strange = moreKeywords ? undefined : keywords.find(key => !parameters.some(({ name }) => name === key));
  if (strange !== undefined) return `there is no parameter ${strange}`;
  const missing = parameters.filter(({ name, required }) => required && !filled.has(name)).map(({ name }) => name);
  // a decorator of its own may give what is missing
  return missing.length > 0 && !(morePositional && moreKeywords) ? `${listed(missing)} ${missing.length === 1 ? 'is' : 'are'} not given` : undefined;
}

const placesOf = (messages: readonly Message[]): string => listed(messages.map(({ at }) => place(at)), 2);
