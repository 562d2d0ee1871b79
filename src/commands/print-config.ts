import { relative, resolve, sep } from 'node:path';
import { globToRegExp } from '../suppress.js';
import type { Config } from '../config.js';

/** `drainlint check --print-config`: what holds, at a path where one is given, as YAML; behind each value where it comes from. */
export function printConfig(config: Config, root: string, path: string | undefined): string {
  const at = path === undefined ? undefined : relative(root, resolve(path)).split(sep).join('/');
  const here = at === undefined ? [] : config.overrides.filter(({ paths }) => paths.some(glob => globToRegExp(glob).test(at)));
  const placed = new Map(here.flatMap(({ rules, minConfidence, at: place }) => [...Object.keys(rules).map(id => `rules.${id}`), ...(minConfidence === undefined ? [] : ['minConfidence'])].map(key => [key, `${place.path}:${place.startLine}`] as const)));
  const origin = (key: string): string => placed.get(key) ?? config.origins[key] ?? 'default';
  const values = {
    minConfidence: here.reduce((before, { minConfidence }) => minConfidence ?? before, config.minConfidence),
    rules: Object.assign({}, config.rules, ...here.map(({ rules }) => rules)) as Config['rules'],
    ...(config.baseline !== undefined && { baseline: relative(root, config.baseline).split(sep).join('/') }), thresholds: config.thresholds, durations: config.durations, assume: config.assume, owners: config.owners,
  };
  const line = (text: string, from: string): string => `${text.trimEnd()} # ${from}\n`;
  const maps = Object.entries(values).map(([name, value]) => {
    if (typeof value === 'string') return line(`${name}: ${value}`, origin(name));
    const entries = Object.entries(value);
    return entries.length === 0 ? `${name}: {}\n` : `${name}:\n${entries.map(([key, one]) => `  ${line(`${JSON.stringify(key)}: ${JSON.stringify(one)}`, origin(`${name}.${key}`))}`).join('')}`;
  });
  const listed = (name: string, entries: readonly { readonly text: string; readonly at?: { readonly path: string; readonly startLine: number } }[]): string =>
    (entries.length === 0 ? `${name}: []\n` : `${name}:\n${entries.map(({ text, at: place }) => `  - ${text}${place ? ` # ${place.path}:${place.startLine}` : ''}\n`).join('')}`);
  const withPlace = <T extends { readonly at: NonNullable<Parameters<typeof listed>[1][number]['at']> }>(entries: readonly T[]): Parameters<typeof listed>[1] => entries.map(({ at: place, ...one }) => ({ text: JSON.stringify({ ...one, isShared: undefined }), at: place }));
  return [
    ...maps, listed('workers', config.workers.map(one => ({ text: JSON.stringify(one) }))), at === undefined ? listed('overrides', withPlace(config.overrides)) : '',
    listed('neverIgnore', Object.entries(config.neverIgnore).map(([id, place]) => ({ text: id, at: place }))), listed('ignore', withPlace(config.ignore)),
  ].join('');
}
