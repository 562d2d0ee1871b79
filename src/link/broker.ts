import type { BrokerKind, EffectiveSettings, PoolKind } from '../model/index.js';

const SCHEMES: readonly (readonly [RegExp, BrokerKind])[] = [
  [/^(redis|rediss|sentinel|redis\+socket|unix|valkey|valkeys)$/, 'redis'], [/^sqs$/, 'sqs'], [/^(amqp|amqps|pyamqp|librabbitmq|py-amqp)$/, 'rabbitmq'], [/^(memory|filesystem)$/, 'memory'],
];

/** The kind of broker from its URL: an interpolated one keeps its scheme. A variable's own name is a hint. */
export function brokerKind(settings: EffectiveSettings): { readonly kind: BrokerKind; readonly hint: boolean } {
  const url = settings.get('broker_url');
  const transport = settings.get('broker_transport');
  if (transport?.state === 'set' && typeof transport.value === 'string') return { kind: byScheme(transport.value), hint: false };
  if (!url || url.state === 'unset') return { kind: 'unknown', hint: false };
  if (url.state === 'set') {
    const first = Array.isArray(url.value) ? url.value[0] : url.value;
    return typeof first === 'string' ? ofUrl(first) : { kind: 'unknown', hint: false };
  }
  const kinds = new Set(url.candidates.filter(candidate => typeof candidate === 'string').map(candidate => ofUrl(candidate).kind));
  if (kinds.size === 1 && url.candidates.length > 0) return { kind: [...kinds][0]!, hint: true };
  return hinted(url.expression);
}

function ofUrl(url: string): { kind: BrokerKind; hint: boolean } {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  return scheme ? { kind: byScheme(scheme), hint: false } : { kind: 'unknown', hint: false };
}

function byScheme(scheme: string): BrokerKind {
  return SCHEMES.find(([pattern]) => pattern.test(scheme.split('+')[0] === 'redis' ? 'redis' : scheme))?.[1] ?? 'other';
}

/** env("REDIS_URL"), f"{REDIS_SCHEME}://…": naming is a strong hint, no more. */
function hinted(expression: string): { kind: BrokerKind; hint: boolean } {
  const scheme = /["']?\b(rediss?|sqs|amqps?|pyamqp):\/\//.exec(expression)?.[1];
  if (scheme) return { kind: byScheme(scheme), hint: false };
  const redis = /redis|valkey|elasticache/i.test(expression), rabbit = /rabbit|amqp/i.test(expression), sqs = /sqs/i.test(expression);
  const kinds = [redis && 'redis', rabbit && 'rabbitmq', sqs && 'sqs'].filter(kind => kind !== false) as BrokerKind[];
  return kinds.length === 1 ? { kind: kinds[0]!, hint: true } : { kind: 'unknown', hint: false };
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
