import { relative, resolve, sep } from 'node:path';
import { readGlob } from '../suppress.js';
import type { Config } from '../config.js';
import { place, type SourceLocation } from '../model/index.js';
import { jsonText } from '../reporters/clean.js';

/** What holds, as plain data. `origins`: where each value comes from, by its key (`thresholds.maxTaskSeconds`); an entry of a list says it itself, as `at`. */
interface Effective { readonly maps: Readonly<Record<string, unknown>>; readonly lists: Readonly<Record<string, readonly unknown[]>>; readonly origins: Readonly<Record<string, string>> }

/** `drainlint check --print-config`: what holds, at a path where one is given, and where it comes from: as YAML with comments, or as JSON with `origins`. */
export function printConfig(config: Config, root: string, path: string | undefined, format: 'text' | 'json'): string {
  const { maps, lists, origins } = effective(config, root, path);
  if (format === 'json') return jsonText({ ...maps, ...lists, origins });
  const line = (text: string, key: string): string => `${text} # ${origins[key] ?? 'default'}\n`;
  const block = (name: string, value: object): string => `${name}:\n${Object.entries(value).map(([key, one]) => `  ${line(`${JSON.stringify(key)}: ${JSON.stringify(one)}`, `${name}.${key}`)}`).join('')}`;
  return [
    ...Object.entries(maps).map(([name, value]) => (typeof value !== 'object' || value === null ? line(`${name}: ${String(value)}`, name) : Object.keys(value).length === 0 ? `${name}: {}\n` : block(name, value))),
    ...Object.entries(lists).map(([name, entries]) => (entries.length === 0 ? `${name}: []\n` : `${name}:\n${entries.map(entry => `  - ${listed(entry)}\n`).join('')}`)),
  ].join('');
}

function listed(entry: unknown): string {
  const { at, rule, ...rest } = entry as { readonly at?: string; readonly rule?: string };
  const said = rule !== undefined && Object.keys(rest).length === 0 ? rule : JSON.stringify({ ...(rule !== undefined && { rule }), ...rest });
  return at === undefined ? said : `${said} # ${at}`;
}

function effective(config: Config, root: string, path: string | undefined): Effective {
  const at = path === undefined ? undefined : relative(root, resolve(path)).split(sep).join('/');
  const here = at === undefined ? [] : config.overrides.filter(({ paths }) => paths.some(glob => readGlob(glob).test(at)));
  const keysOf = ({ rules, thresholds, minConfidence }: Config['overrides'][number]): readonly string[] =>
    [...Object.keys(rules).map(id => `rules.${id}`), ...Object.keys(thresholds).map(name => `thresholds.${name}`), ...(minConfidence === undefined ? [] : ['minConfidence'])];
  const withPlace = <T extends { readonly at: SourceLocation }>({ at: where, ...one }: T): unknown => ({ ...one, isShared: undefined, at: place(where) });
  return {
    maps: {
      minConfidence: here.reduce((before, { minConfidence }) => minConfidence ?? before, config.minConfidence),
      rules: Object.assign({}, config.rules, ...here.map(({ rules }) => rules)) as Config['rules'],
      ...(config.baseline !== undefined && { baseline: relative(root, config.baseline).split(sep).join('/') }),
      thresholds: Object.assign({}, config.thresholds, ...here.map(({ thresholds }) => thresholds)) as Config['thresholds'],
      durations: Object.fromEntries(Object.entries(config.durations).map(([name, { seconds }]) => [name, seconds])), assume: config.assume, owners: config.owners,
    },
    lists: {
      workers: config.workers, ...(at === undefined && { overrides: config.overrides.map(withPlace) }),
      neverIgnore: Object.entries(config.neverIgnore).map(([rule, by]) => ({ rule, at: place(by) })), ignore: config.ignore.map(withPlace),
    },
    origins: { ...config.origins, ...Object.fromEntries(here.flatMap(override => keysOf(override).map(key => [key, place(override.at)]))) },
  };
}
