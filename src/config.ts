import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Confidence, LinkOptions, Severity, SourceLocation, Thresholds } from './model/index.js';
import { nearest, startOf } from './model/index.js';

/** The environment is broken (usage, configuration, I/O): one message, exit code 2, no stack. */
export class AuditError extends Error {}

/** Which findings a run shows: recommended hides what is only a heuristic. */
export type Preset = 'recommended' | 'strict';

/** One entry of the configuration's `ignore` list: every condition given must hold. */
export interface IgnoreEntry {
  readonly rule: string;
  /** A glob over the path from the root: `*` within a folder, `**` across. */
  readonly path?: string;
  /** A worker, app or service by its name or id. */
  readonly resource?: string;
  readonly reason?: string;
  /** YYYY-MM-DD, the last day it holds. */
  readonly until?: string;
  readonly at: SourceLocation;
}

/** drainlint.config.yaml, checked, with the command line's choices laid over it. */
export interface Config {
  readonly minConfidence: Confidence;
  readonly rules: Readonly<Record<string, Severity | 'off'>>;
  /** Where each entry of `rules` stands, for messages about it. */
  readonly rulePlaces: Readonly<Record<string, SourceLocation>>;
  /** Only these rules; none given: all. */
  readonly only: readonly string[];
  readonly thresholds: Thresholds;
  readonly durations: LinkOptions['durations'];
  readonly workers: LinkOptions['workers'];
  readonly assume: LinkOptions['assume'];
  readonly ignore: readonly IgnoreEntry[];
  /** The file of known findings, relative to the configuration's folder. */
  readonly baseline?: string;
  /** false: suppressions are not honoured (`--no-ignores`). */
  readonly honourIgnores: boolean;
}

/** The limits where a team sets none. Seconds; sources stand at the type. */
export const DEFAULT_THRESHOLDS: Thresholds = { maxTaskSeconds: 900, stopTimeoutSeconds: 120, visibilityTimeoutSeconds: 900, exitMarginSeconds: 3 };

export const DEFAULT_CONFIG: Config = {
  minConfidence: 'medium', rules: {}, rulePlaces: {}, only: [], thresholds: DEFAULT_THRESHOLDS, durations: {}, workers: [], assume: {}, ignore: [], honourIgnores: true,
};

export const CONFIG_NAMES = ['drainlint.config.yaml', 'drainlint.config.yml'] as const;

/** The confidence a preset shows. */
export const confidenceOf = (preset: Preset): Confidence => (preset === 'strict' ? 'low' : 'medium');

/** The nearest configuration file, from a folder upwards to (and including) the root. Absolute paths. */
export function findConfig(from: string, root: string): string | undefined {
  for (let at = resolve(from); ; at = dirname(at)) {
    const found = CONFIG_NAMES.map(name => join(at, name)).find(existsSync);
    if (found || at === resolve(root) || dirname(at) === at) return found;
  }
}

/** Reads and checks a configuration file. `shown`: its path in messages and places. */
export async function loadConfig(file: string, shown: string): Promise<Config> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new AuditError(`${shown} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return parseConfig(text, shown);
}

type Check = (value: unknown, name: string) => unknown;

/** Checks a configuration's text. Throws AuditError with the place of the first mistake. */
export async function parseConfig(text: string, shown: string): Promise<Config> {
  const { LineCounter, parseDocument } = await import('yaml');
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const at = (path: readonly (string | number)[]): SourceLocation => {
    const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
    if (!node?.range) return startOf(shown);
    const [from, to] = [counter.linePos(node.range[0]), counter.linePos(node.range[1])];
    return { path: shown, startLine: from.line, startColumn: from.col, endLine: to.line, endColumn: to.col };
  };
  const [broken] = document.errors;
  if (broken) throw new AuditError(`${shown}:${counter.linePos(broken.pos[0]).line}: ${broken.message}`);
  const fail = (path: readonly (string | number)[], message: string): never => { throw new AuditError(`${shown}:${at(path).startLine}: ${message}`); };

  /** Runs one check per key of a map; unknown keys name the nearest known one. */
  function checked(value: unknown, path: readonly (string | number)[], keys: Readonly<Record<string, Check>>): Record<string, unknown> {
    const found = isMap(value) ? value : fail(path, `${path.join('.') || 'the configuration'} is not a map`);
    for (const key of Object.keys(found)) {
      const check = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (!check) { fail([...path, key], `unknown key ${key}${didYouMean(key, Object.keys(keys))}`); continue; }
      const problem = check(found[key], [...path, key].join('.'));
      if (typeof problem === 'string') fail([...path, key], problem);
    }
    return found;
  }
  const listOf = (value: unknown, name: string, keys: Readonly<Record<string, Check>>, required: readonly string[]): readonly Record<string, unknown>[] => {
    if (value === undefined) return [];
    if (!Array.isArray(value)) return fail([name], `${name} is not a list`);
    return value.map((entry, i) => {
      const found = checked(entry, [name, i], keys);
      for (const key of required) if (found[key] === undefined) fail([name, i], `an entry of ${name} lacks ${key}`);
      return found;
    });
  };

  const anything: Check = () => undefined;
  const top = checked(document.toJS({ maxAliasCount: 100 }) ?? {}, [], {
    $schema: anything, extends: oneOf(['recommended', 'strict']), rules: anything, thresholds: anything, durations: anything, workers: anything, assume: anything, ignore: anything, baseline: text_,
  });
  const each = (name: string, check: Check): Record<string, unknown> => {
    const value = top[name] ?? {};
    return checked(value, [name], isMap(value) ? Object.fromEntries(Object.keys(value).map(key => [key, check])) : {});
  };
  const rules = each('rules', oneOf(['error', 'warning', 'note', 'off']));
  const ignore = listOf(top.ignore, 'ignore', { rule: text_, path: text_, resource: text_, reason: text_, until: date }, ['rule']);
  return {
    ...DEFAULT_CONFIG,
    minConfidence: confidenceOf((top.extends as Preset | undefined) ?? 'recommended'),
    rules: rules as Config['rules'],
    rulePlaces: Object.fromEntries(Object.keys(rules).map(id => [id, at(['rules', id])])),
    thresholds: { ...DEFAULT_THRESHOLDS, ...checked(top.thresholds ?? {}, ['thresholds'], Object.fromEntries(Object.keys(DEFAULT_THRESHOLDS).map(name => [name, seconds]))) },
    durations: each('durations', seconds) as Config['durations'],
    workers: listOf(top.workers, 'workers', { service: text_, app: text_ }, ['service', 'app']) as unknown as Config['workers'],
    assume: each('assume', text_) as Config['assume'],
    ...(top.baseline !== undefined && { baseline: top.baseline as string }),
    ignore: ignore.map((entry, i) => ({ ...(entry as unknown as IgnoreEntry), at: at(['ignore', i]) })),
  };
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const text_: Check = (value, name) => (typeof value === 'string' && value !== '' ? undefined : `${name} is not a text (write it in quotes)`);
const seconds: Check = (value, name) => (typeof value === 'number' && Number.isFinite(value) && value >= 0 ? undefined : `${name} is not a number of seconds`);
const date: Check = (value, name) => (typeof value === 'string' && isDay(value) ? undefined : `${name} is not a date like 2027-03-31`);
const oneOf = (words: readonly string[]): Check => (value, name) => (words.includes(value as string) ? undefined : `${name} is ${JSON.stringify(value)}, not one of ${words.join(', ')}`);

/** A day that exists, as YYYY-MM-DD. */
export function isDay(text: string): boolean {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  return day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** `, did you mean x` where a known word is near, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? '' : `, did you mean ${near}`;
}
