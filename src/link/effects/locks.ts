import type { Expr, Lock, Setting, SourceLocation } from '../../model/index.js';
import { walk } from '../../model/index.js';
import { bindingsOf } from '../bindings.js';
import { toSetting } from '../celery/settings.js';
import type { Resolver, Scope, Target, Value } from '../modules.js';
import { isDuration } from '../durations.js';
import { render } from '../render.js';

type Call = Extract<Expr, { is: 'call' }>;

/** A lock as taken, with what identifies it: the client and the key. */
export interface Taken { readonly kind: Lock['kind']; readonly ttl: Setting<number>; readonly holder: string; readonly key: string; readonly constantKey: boolean; readonly byLibrary: boolean; readonly option?: string }

const REDIS = /(^|\.)(redis|valkey|redis_client|redis_conn|get_redis_connection|redis_instance|StrictRedis|Redis)\b/i;
const CACHE = /(^|[._])cache(s)?\b|django\.core\.cache/i;
/** Methods that may take a lock. */
const TAKERS: ReadonlySet<string> = new Set(['set', 'setnx', 'lock', 'add']);
/** Locks that end with their process or transaction. */
const OTHERS = /^(threading|multiprocessing|asyncio|filelock|fasteners|portalocker|zc\.lockfile)\./;

/**
 * Locks of libraries, with the keyword of their lifetime. `keepsForEver`: without it they never expire (redis-py 5 lock.py; python-redis-lock 4 `expire=None`); the others have a
 * lifetime of their own (redlock 100 s, pottery 10 s, sherlock 60 s) or are given it as they are taken.
 */
const LIBRARIES: readonly { readonly name: RegExp; readonly option: string; readonly keepsForEver?: true }[] = [
  { name: /^redis\.(?:asyncio\.)?lock\.Lock$/, option: 'timeout', keepsForEver: true },
  { name: /^redis_lock\.Lock$/, option: 'expire', keepsForEver: true },
  { name: /^redlock\.(?:RedLock|Redlock)$/, option: 'ttl' },
  { name: /^pottery\.Redlock$/, option: 'auto_release_time' },
  { name: /^sherlock\.\w*Lock$/, option: 'expire' },
];

/** Is this call a lock with a lease? `used`: its result decides something (a bare `cache.add()` only marks). */
export function lockOf(call: Call, external: string | undefined, scope: Scope, resolver: Resolver, used: boolean): Taken | undefined {
  if (external !== undefined && OTHERS.test(external)) return undefined;
  const library = external === undefined ? undefined : LIBRARIES.find(({ name }) => name.test(external));
  if (library) {
    const written = keyword(call, library.option);
    // unpacked arguments may hold it
    const ttl: Setting<number> = written ? ttlOf(written, call.at, scope, resolver) : library.keepsForEver && !call.keywords.some(([name]) => name === null) ? { state: 'unset', at: call.at, slots: [] } : { state: 'unknown', at: call.at, expression: render(call), candidates: [] };
    return { kind: 'redis-lock', ttl, holder: external!, ...keyOf(call.positional[1] ?? call.positional[0], scope, resolver), byLibrary: true, ...(library.option !== 'timeout' && { option: library.option }) };
  }
  if (call.callee.is !== 'member' || !TAKERS.has(call.callee.name)) return undefined;
  const object = call.callee.object;
  const holder = external?.replace(/\.\w+$/, '') ?? render(object, 120);
  /** Told late: a key may be computed, and most calls of these names take no lock. */
  const common = (): Pick<Taken, 'holder' | 'key' | 'constantKey'> => {
    const { key, constantKey } = keyOf(keyword(call, 'name', 'key') ?? call.positional[0], scope, resolver);
    return { holder, key, constantKey: constantKey && !isMadeOfParameters(object, scope) };
  };
  const isRedis = REDIS.test(holder) || REDIS.test(render(object, 120)), isCache = CACHE.test(holder) || CACHE.test(render(object, 120));
  switch (call.callee.name) {
    case 'set': {
      const nx = keyword(call, 'nx');
      if (!nx || !used || !(nx.is === 'literal' && nx.value === true)) return undefined;
      return { kind: 'redis-set-nx', ttl: expiryOf(call, scope, resolver), byLibrary: false, ...common() };
    }
    case 'setnx': return used && isRedis ? { kind: 'setnx', ttl: { state: 'unset', at: call.at, slots: [] }, byLibrary: false, ...common() } : undefined;
    case 'lock': {
      if (!(isRedis || isCache) || call.positional.length + call.keywords.length === 0) return undefined;
      return { kind: 'redis-lock', ttl: expiryOfLock(call, scope, resolver), byLibrary: true, ...common() };
    }
    case 'add': {
      if (!isCache || !used || call.positional.length + call.keywords.length < 2) return undefined;
      const timeout = keyword(call, 'timeout') ?? call.positional[2];
      // Django's default timeout is 300 s; None means for ever (docs.djangoproject.com, cache arguments)
      const ttl: Setting<number> = timeout ? ttlOf(timeout, call.at, scope, resolver) : { state: 'set', value: 300, at: call.at, certainty: 'format-default', origin: [{ text: 'default of the Django cache' }], overridden: [], slots: [] };
      return { kind: 'cache-add', ttl, byLibrary: false, ...common() };
    }
    default: return undefined;
  }
}

export function keyword(call: Call, ...names: readonly string[]): Expr | undefined {
  return call.keywords.find(([name]) => name !== null && names.includes(name))?.[1];
}

export const isFalse = (expr: Expr | undefined): boolean => expr?.is === 'literal' && expr.value === false;

/** `redis.lock(name, timeout=60)`. Unpacked arguments may hold it. */
function expiryOfLock(call: Call, scope: Scope, resolver: Resolver): Setting<number> {
  const written = keyword(call, 'timeout', 'ttl', 'expire') ?? call.positional[1];
  return !written && call.keywords.some(([name]) => name === null) ? { state: 'unknown', at: call.at, expression: render(call), candidates: [] } : ttlOf(written, call.at, scope, resolver);
}

/** ex, px (ms), exat of redis-py's set(), or the third argument. Unpacked arguments may hold them. */
function expiryOf(call: Call, scope: Scope, resolver: Resolver): Setting<number> {
  if (call.keywords.some(([name]) => name === null)) return { state: 'unknown', at: call.at, expression: render(call), candidates: [] };
  const ms = keyword(call, 'px', 'pxat');
  const written = keyword(call, 'ex', 'exat', 'timeout') ?? ms ?? call.positional[2];
  const setting = ttlOf(written, call.at, scope, resolver);
  return ms && setting.state === 'set' && written === ms ? { ...setting, value: setting.value / 1000 } : setting;
}

function ttlOf(written: Expr | undefined, at: SourceLocation, scope: Scope, resolver: Resolver): Setting<number> {
  if (!written) return { state: 'unset', at, slots: [] };
  const value: Value = resolver.evaluate(written, scope);
  if (value.known && isDuration(value.value)) return toSetting({ ...value, value: value.value.seconds }, []) as Setting<number>;
  return toSetting(value, []) as Setting<number>;
}

function keyOf(key: Expr | undefined, scope: Scope, resolver: Resolver): Pick<Taken, 'key' | 'constantKey'> {
  return { key: keyText(key, scope), constantKey: key !== undefined && resolver.evaluate(key, scope).known };
}

/** `client = client_for(tenant)`: each of them has keys of its own. */
function isMadeOfParameters(object: Expr, { function: fn, statements }: Scope): boolean {
  const made = object.is === 'name' && fn ? bindingsOf(statements).byName.get(object.name) ?? [] : [];
  return made.some(one => one.kind === 'value' && walk(one.expr).some(part => part.is === 'name' && fn!.parameters.some(({ name }) => name === part.name)));
}

/** The key as text, parameters replaced by what was passed. */
export function keyText(key: Expr | undefined, scope: Scope): string {
  if (!key) return '';
  if (key.is !== 'name') return render(key, 120);
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const bound: Target | undefined = at.bound?.get(key.name);
    if (bound?.is === 'value' && bound.expr !== key) return keyText(bound.expr, bound.scope);
    if (bound) break;
  }
  return render(key, 120);
}
