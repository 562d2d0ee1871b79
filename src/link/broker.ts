import type { BrokerBasis, BrokerKind, EffectiveSettings, PoolKind } from '../model/index.js';

const SCHEMES: readonly (readonly [RegExp, BrokerKind])[] = [
  [/^(redis|rediss|sentinel|redis\+socket|unix|valkey|valkeys)$/, 'redis'], [/^sqs$/, 'sqs'], [/^(amqp|amqps|pyamqp|librabbitmq|py-amqp)$/, 'rabbitmq'], [/^(memory|filesystem)$/, 'memory'],
];

/** What a broker's kind rests on: its URL; the URL that stands where the environment has none; the name of the variable that holds it. */
interface Found { readonly kind: BrokerKind; readonly by: BrokerBasis }
const UNKNOWN: Found = { kind: 'unknown', by: 'written' };

/** The kind of broker from its URL: an interpolated one keeps its scheme. */
export function brokerKind(settings: EffectiveSettings): Found {
  const url = settings.get('broker_url');
  const transport = settings.get('broker_transport');
  if (transport?.state === 'set' && typeof transport.value === 'string') return { kind: byScheme(transport.value), by: 'written' };
  if (!url || url.state === 'unset') return UNKNOWN;
  if (url.state === 'set') {
    const first: unknown = Array.isArray(url.value) ? url.value[0] : url.value;
    return typeof first !== 'string' ? UNKNOWN : url.certainty === 'written' ? { kind: ofUrl(first), by: 'written' } : byFallback([first]);
  }
  const written = url.candidates.filter(candidate => typeof candidate === 'string');
  return written.length > 0 && new Set(written.map(ofUrl)).size === 1 ? byFallback(written) : byName(url.expression);
}

/** A stand-in that no broker has (`django://`) tells nothing of the real one. */
function byFallback([first]: readonly string[]): Found {
  const kind = ofUrl(first!);
  return kind === 'other' ? UNKNOWN : { kind, by: 'fallback' };
}

function ofUrl(url: string): BrokerKind {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  return scheme ? byScheme(scheme) : 'unknown';
}

function byScheme(scheme: string): BrokerKind {
  return SCHEMES.find(([pattern]) => pattern.test(scheme.split('+')[0] === 'redis' ? 'redis' : scheme))?.[1] ?? 'other';
}

/** env("REDIS_URL"), f"{REDIS_SCHEME}://…". Of several variables, each may hold the URL: their names have to agree. */
function byName(expression: string): Found {
  const scheme = /["']?\b(rediss?|sqs|amqps?|pyamqp):\/\//.exec(expression)?.[1];
  if (scheme) return { kind: byScheme(scheme), by: 'written' };
  const variables = [...expression.matchAll(/\benv\("([^"]*)"/g)].map(([, name]) => name!);
  const [kind, ...others] = new Set((variables.length > 0 ? variables : [expression]).map(named));
  return kind === undefined || others.length > 0 ? UNKNOWN : { kind, by: 'name' };
}

function named(text: string): BrokerKind | undefined {
  const kinds = ([[/redis|valkey|elasticache/i, 'redis'], [/rabbit|amqp/i, 'rabbitmq'], [/sqs/i, 'sqs']] as const).filter(([word]) => word.test(text)).map(([, kind]) => kind);
  return kinds.length === 1 ? kinds[0] : undefined;
}

/** The pool from the effective settings (`-P` is already in them). */
export function poolKind(settings: EffectiveSettings): PoolKind {
  const pool = settings.get('worker_pool');
  if (pool?.state !== 'set' || typeof pool.value !== 'string') return 'unknown';
  const name = pool.value.toLowerCase();
  if (name === 'prefork' || name === 'processes' || /prefork/.test(name)) return 'prefork';
  if (name === 'solo' || name === 'threads' || name === 'gevent' || name === 'eventlet') return name;
  return /gevent/.test(name) ? 'gevent' : 'other';
}
