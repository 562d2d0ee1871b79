import type { Scalar } from '../model/index.js';

/** Seconds of one unit of Go's `time.ParseDuration`, which Compose and Copilot use. */
const SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, 'µs': 1e-6, ns: 1e-9 };

const PART = /(\d{1,40}(?:\.\d{1,40})?)(h|ms|us|µs|ns|m|s)/g;

/** Longer texts are no durations, and would take long to tell. */
const LONGEST = 100;

/** `1m30s` → 90. Bare numbers are seconds. undefined for anything else. */
export function toSeconds(value: Scalar): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value === '' || value.length > LONGEST) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number(value);
  const parts = [...value.matchAll(PART)];
  if (parts.map(([part]) => part).join('') !== value) return undefined;
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * SECONDS[unit!]!, 0);
  return Math.round(total * 1000) / 1000;
}

/** MiB of one unit of memory: Docker's `b`, `k`, `m`, `g` (powers of 1024) and ECS's `MB`, `GB`. */
const MEBIBYTES: Readonly<Record<string, number>> = { b: 2 ** -20, k: 2 ** -10, m: 1, g: 2 ** 10, t: 2 ** 20 };

/** `512M`, `1.5gb`, `2 GB` → MiB. A bare number has the unit the format gives it. */
export function toMebibytes(bare: 'b' | 'm'): (value: Scalar) => number | undefined {
  return value => {
    const match = /^\s{0,9}(\d{0,30}\.?\d{1,30})\s{0,9}(?:([kmgt])i?b?|(b))?\s{0,9}$/i.exec(String(value));
    if (!match || value === null) return undefined;
    return Number(match[1]) * MEBIBYTES[(match[2] ?? match[3] ?? bare).toLowerCase()]!;
  };
}
