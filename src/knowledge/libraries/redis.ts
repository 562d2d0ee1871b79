import type { LibraryCall } from './types.js';

/** Redis as a store: redis.io/docs/latest/commands. */
export const REDIS_CALLS: readonly LibraryCall[] = [
  { name: /^(?=[^]*(?:redis|Redis|get_redis_connection)\b)[^]*\.(incr|incrby|decr|decrby|hincrby|incrbyfloat|hincrbyfloat|zincrby)$/, kind: 'counter' },
  { name: /^(?=[^]*(?:redis|Redis|get_redis_connection)\b)[^]*\.(rpush|lpush|xadd)$/, kind: 'append' },
  { name: /^django\.core\.cache\.(cache|caches\[\])\.(incr|decr|incr_version)$/, kind: 'counter' },
];
