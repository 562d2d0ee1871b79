import type { Report } from '../model/index.js';

/** Account numbers, and with them what ARNs and addresses of images and queues say of whose they are; the same number gets the same mask. */
export function masked(report: Report): Report {
  const names = new Map<string, string>();
  const mask = (text: string): string => text.replace(/(?<![\w.])\d{12}(?!\d)/g, number => {
    let name = names.get(number);
    if (name === undefined) names.set(number, name = `${'*'.repeat(11)}${names.size + 1}`);
    return name;
  });
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return mask(value);
    if (Array.isArray(value)) return value.map(deep);
    if (value instanceof Map) return new Map([...value].map(([key, one]) => [deep(key), deep(one)]));
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([key, one]) => [mask(key), deep(one)])) : value;
  };
  // findings name documents by masked paths: their lines are found by the real ones
  const real = new Map<string, string>();
  const remember = (path: string): void => { real.set(mask(path), path); };
  for (const finding of report.findings) for (const at of [finding.at, ...(finding.related ?? []).map(other => other.at)]) remember(at.path);
  return { ...report, findings: deep(report.findings) as Report['findings'], model: deep(report.model) as Report['model'], lines: path => report.lines(real.get(path) ?? path).map(mask) };
}
