import { createHash } from 'node:crypto';
import type { Finding, Report } from '../model/index.js';

/** ARNs of what reports speak of by name anyway: services, clusters and task definitions, queues, caches and brokers. */
const NAMED = /^(?:ecs:[^:]*:[^:]*:(?:service|cluster|task-definition)\/|sqs:|elasticache:|mq:)/;
const HIDDEN = '***';

/**
 * Hides whose account it is: account numbers wherever they stand, also in ARNs and in addresses of images and queues, the same number by the same mask; ids of ECS tasks and
 * of instances, networks and security groups; and of ARNs of what no report is about (roles, users, secrets, load balancers) all but kind and region.
 */
export function masker(): (text: string) => string {
  const names = new Map<string, string>();
  const number = (digits: string): string => {
    let name = names.get(digits);
    if (name === undefined) names.set(digits, name = `${'*'.repeat(11)}${names.size + 1}`);
    return name;
  };
  return text => text
    .replace(/\b(arn:[\w-]+:)([\w-]*:[\w-]*:[\w-]*:)([^\s"',;()<>[\]{}|]+)/g, (whole: string, start: string, owner: string, rest: string) => (NAMED.test(`${owner}${rest}`) ? whole : `${start}${owner}${HIDDEN}`))
    .replace(/(?<![\da-z-])(?:i|eni|sg|subnet|vpc|eipalloc|vol)-[\da-f]{8,17}(?![\da-z])/g, id => `${id.slice(0, id.indexOf('-') + 1)}${HIDDEN}`)
    .replace(/(?<![\da-z])[\da-f]{32}(?![\da-z])/g, HIDDEN)
    .replace(/(?<![\da-z.])\d{12}(?![\da-z])/gi, number);
}

/** The report with nothing in it that `mask` hides. Findings are known by other fingerprints then: the real ones tell a number to who tries all of them. */
export function masked(report: Report, mask: (text: string) => string = masker()): Report {
  const copies = new Map<object, unknown>(); // what stands in two places is one thing, and workers and apps name each other
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return mask(value);
    if (typeof value !== 'object' || value === null) return value;
    const before = copies.get(value);
    if (before !== undefined) return before;
    if (Array.isArray(value)) {
      const list: unknown[] = [];
      copies.set(value, list);
      for (const one of value) list.push(deep(one));
      return list;
    }
    if (value instanceof Set) return new Set([...value].map(deep));
    if (value instanceof Map) return new Map([...value].map(([key, one]) => [deep(key), deep(one)]));
    const copy: Record<string, unknown> = {};
    copies.set(value, copy);
    for (const [key, one] of Object.entries(value)) copy[mask(key)] = deep(one);
    return copy;
  };
  const seen = new Map<string, number>();
  const findings = report.findings.map(({ fingerprint: _real, ...finding }): Finding => {
    const said = deep(finding) as Omit<Finding, 'fingerprint'>;
    const key = [said.ruleId, said.at.path, said.resource ?? '', said.message].join('\0');
    const index = seen.get(key) ?? 0;
    seen.set(key, index + 1);
    return { ...said, fingerprint: createHash('sha256').update(`${key}\0${index}`).digest('hex').slice(0, 32) };
  });
  // findings name documents by masked paths: their lines are found by the real ones
  const real = new Map<string, string>();
  const remember = (path: string): void => { real.set(mask(path), path); };
  for (const { at, related = [], flow = [] } of report.findings) for (const place of [at, ...related.map(other => other.at), ...flow.map(step => step.at)]) remember(place.path);
  return { ...report, findings, model: deep(report.model) as Report['model'], lines: path => report.lines(real.get(path) ?? path).map(mask) };
}
