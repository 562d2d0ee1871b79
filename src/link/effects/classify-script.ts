import type { Effect, Expr } from '../../model/index.js';
import { dottedName, literalText } from '../../model/index.js';
import { MAILS, MAPPER, MAPPER_METHODS, NODE_CALLS } from '../../knowledge/libraries/node.js';
import type { Scope } from '../modules.js';
import type { Classified } from './classify.js';

type Call = Extract<Expr, { is: 'call' }>;

/** What one call of TypeScript does to the world: by the library's name, or by the method of an object mapper. */
export function classifyScript(call: Call, external: string | undefined, _scope: Scope): Classified | undefined {
  const method = call.callee.is === 'member' ? call.callee.name : undefined;
  const holder = call.callee.is === 'member' ? dottedName(call.callee.object) ?? '' : '';
  const library = external === undefined ? undefined : NODE_CALLS.find(entry => entry.name.test(external));
  if (library) {
    const key = optionOf(call, 'idempotencyKey') ?? optionOf(call, 'jobId');
    const guard: Effect['guard'] = key ? { kind: 'idempotency key', at: key.at } : library.idempotent ? { kind: 'idempotent by its own meaning', at: call.at } : undefined;
    return { kind: library.kind, ...(guard && { guard }), ...(library.timeoutSeconds !== undefined && { timeoutSeconds: library.timeoutSeconds }) };
  }
  if (method !== undefined && MAILS.test(method)) return { kind: 'email' };
  if (call.callee.is === 'name' && call.callee.name === 'fetch') return fetched(call);
  const mapped = method !== undefined && Object.hasOwn(MAPPER_METHODS, method) && MAPPER.test(holder) ? MAPPER_METHODS[method] : undefined;
  if (!mapped) return undefined;
  const skips = optionOf(call, 'skipDuplicates');
  const guard = mapped.guard ? { kind: mapped.guard, at: call.at } : skips ? { kind: 'skipDuplicates', at: skips.at } : undefined;
  return { kind: mapped.kind === 'update' && countsOn(optionOf(call, 'data')) ? 'increment' : mapped.kind, isRow: true, ...(guard && { guard }) };
}

/** s that Node.js waits for the headers of an answer, and again for each piece of its body (undici.nodejs.org, Client: headersTimeout, bodyTimeout). */
const FETCH_WAITS = 300;

function fetched(call: Call): Classified {
  const wait = namesEnd(call) ? {} : { timeoutSeconds: FETCH_WAITS, byDefault: true as const };
  return { ...wait, ...kindOfFetch(call) };
}

/** A signal or a dispatcher may end it; so may what is in options that are made elsewhere. */
function namesEnd({ positional: [, options] }: Call): boolean {
  return options !== undefined && (options.is !== 'map' || options.entries.some(([key]) => key === null || key.is !== 'literal' || /^(?:signal|dispatcher|agent)$/.test(String(key.value))));
}

function kindOfFetch(call: Call): Classified {
  const method = literalText(optionOf(call, 'method'))?.toUpperCase();
  return method === 'POST' || method === 'PATCH' ? { kind: 'http-write' } : method === 'PUT' || method === 'DELETE' ? { kind: 'http-write', guard: { kind: 'idempotent by its own meaning', at: call.at } } : { kind: 'http-read' };
}

/** An entry of an object among the arguments. */
function optionOf({ positional }: Call, name: string): Expr | undefined {
  for (const argument of positional) {
    if (argument.is !== 'map') continue;
    const found = argument.entries.find(([key]) => key?.is === 'literal' && key.value === name)?.[1];
    if (found) return found;
  }
  return undefined;
}

/** `{ count: { increment: 1 } }`. */
function countsOn(data: Expr | undefined): boolean {
  return data?.is === 'map' && data.entries.some(([, value]) => value.is === 'map' && value.entries.some(([key]) => key?.is === 'literal' && /^(?:increment|decrement|multiply|push)$/.test(String(key.value))));
}
