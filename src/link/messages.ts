import type { Expr, Message } from '../model/index.js';
import { literalText, shorten } from '../model/index.js';
import type { FunctionSite } from './celery/functions.js';
import type { Resolver, Scope } from './modules.js';
import { callsOf, functionFor } from './publishes.js';
import { render } from './render.js';
import { rowIn } from './rows.js';

type Call = Extract<Expr, { is: 'call' }>;
interface Given extends Pick<Message, 'positional' | 'keywords' | 'complete'> { readonly values: readonly Expr[] }

/** How a call gives the arguments of its message: as its own, or as a list and a mapping in two of its own. */
type Form = { readonly own: true; readonly more: boolean } | { readonly own: false; readonly args: number; readonly more: boolean };
const DIRECT: Form = { own: true, more: false };
/** A step of a chain is given the result of the one before, unless it is immutable. */
const STEP: Form = { own: true, more: true };
const LISTS: Form = { own: false, args: 0, more: false };
const FORMS: Readonly<Record<string, Form>> = {
  delay: DIRECT, delay_on_commit: DIRECT, si: DIRECT, s: STEP, apply_async: LISTS, apply_async_on_commit: LISTS,
  signature: { own: false, args: 0, more: true }, subtask: { own: false, args: 0, more: true }, send_task: { own: false, args: 1, more: false },
};
const WITH_NAME: Form = { own: false, args: 1, more: true };

/** The messages that the code of these modules makes, by the task function they are for. Tests are left out. */
export function messagesFor(modules: readonly Scope[], functions: readonly FunctionSite[], resolver: Resolver): ReadonlyMap<FunctionSite, readonly Message[]> {
  const found = new Map<FunctionSite, Message[]>();
  const add = (call: Call, receiver: Expr, scope: Scope, given: Given): void => {
    const to = functionFor({ call, scope, receiver }, functions, resolver);
    if (!to) return;
    const { values, ...form } = given;
    const [row] = values.flatMap(value => { const found = rowIn(value, scope, resolver); return found ? [{ at: value.at, text: render(value), ...found }] : []; });
    const message: Message = {
      at: call.at, text: shorten(render(call), 60), ...form, ...(row && { row }),
      ...(call.keywords.some(([key]) => key === 'serializer') && { ownSerializer: true }),
    };
    found.set(to, [...(found.get(to) ?? []), message]);
  };
  for (const { call, scope } of callsOf(modules, resolver)) {
    const { callee } = call;
    const form = callee.is === 'member' ? (Object.hasOwn(FORMS, callee.name) ? FORMS[callee.name] : undefined) : callee.is === 'name' && /^(signature|subtask)$/.test(callee.name) ? WITH_NAME : undefined;
    if (form) add(call, callee.is === 'member' ? callee.object : callee, scope, givenBy(call, form));
    // transaction.on_commit(work.delay), partial(work.delay, 1): what it will be called with is not read
    for (const passed of call.positional) if (passed.is === 'member' && Object.hasOwn(FORMS, passed.name) && passed.name !== 's') add(call, passed.object, scope, { positional: 0, keywords: [], complete: false, values: [] });
  }
  return found;
}

function givenBy(call: Call, form: Form): Given {
  if (form.own) return { ...read(call.positional, call.keywords), ...(form.more && { complete: false }) };
  const args = call.keywords.find(([key]) => key === 'args')?.[1] ?? call.positional[form.args];
  const kwargs = call.keywords.find(([key]) => key === 'kwargs')?.[1] ?? call.positional[form.args + 1];
  const isSpread = call.positional.some(isSplat) || call.keywords.some(([key]) => key === null);
  const list = args === undefined ? [] : args.is === 'list' ? args.items : undefined;
  const entries = kwargs === undefined ? [] : entriesOf(kwargs);
  const given = read(list ?? [], entries ?? []);
  return { ...given, complete: given.complete && list !== undefined && entries !== undefined && !form.more && !isSpread };
}

function read(positional: readonly Expr[], keywords: readonly (readonly [string | null, Expr])[]): Given {
  const plain = positional.filter(expr => !isSplat(expr));
  return {
    positional: plain.length, keywords: keywords.flatMap(([key]) => key ?? []), complete: plain.length === positional.length && keywords.every(([key]) => key !== null),
    values: [...plain, ...keywords.map(([, value]) => value)],
  };
}

/** `*values`. */
const isSplat = (expr: Expr): boolean => expr.is === 'operation' && expr.operator === '*' && expr.operands.length === 1;

/** The entries of `{"a": 1}` and of `dict(a=1)`; key null: one that is not read; undefined for any other expression. */
function entriesOf(expr: Expr): readonly (readonly [string | null, Expr])[] | undefined {
  if (expr.is === 'literal' && expr.value === null) return [];
  if (expr.is === 'map') return expr.entries.map(([key, value]) => [literalText(key ?? undefined) ?? null, value] as const);
  return expr.is === 'call' && expr.callee.is === 'name' && expr.callee.name === 'dict' && expr.positional.length === 0 ? expr.keywords : undefined;
}
