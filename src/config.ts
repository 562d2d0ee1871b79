import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Confidence, LinkOptions, Observed, Severity, SourceLocation, Thresholds } from './model/index.js';
import { CONFIDENCES, nearest, samePlace, startOf } from './model/index.js';

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
  /** It comes from a file that this one extends: it need not match here. */
  readonly isShared?: boolean;
  readonly at: SourceLocation;
}

/** One entry of `durations`. `isShared`: it comes from a file that this one extends, and need not match here. */
export interface Duration extends Observed { readonly isShared?: boolean }

/** One entry of `overrides`: what holds for findings at these paths. The last one that speaks of a rule wins. */
export interface Override {
  readonly paths: readonly string[];
  readonly rules: Readonly<Record<string, Severity | 'off'>>;
  readonly minConfidence?: Confidence;
  /** What rules measure by where they report here. */
  readonly thresholds: Partial<Thresholds>;
  readonly at: SourceLocation;
}

/** A severity that had no effect, as `neverIgnore` names its rule. */
export interface Forbidden {
  readonly rule: string;
  /** `turned off`, `lowered to note` */
  readonly what: string;
  readonly at: SourceLocation;
  /** The entry of `neverIgnore`. */
  readonly by: SourceLocation;
}

/** drainlint.config.yaml, checked, with the command line's choices laid over it. */
export interface Config {
  readonly minConfidence: Confidence;
  readonly rules: Readonly<Record<string, Severity | 'off'>>;
  /** Every rule named in `rules`, `overrides` and `neverIgnore`, and where. */
  readonly ruleNames: readonly { readonly value: string; readonly at: SourceLocation }[];
  readonly overrides: readonly Override[];
  /** Rules that nothing may suppress, and where that is said. */
  readonly neverIgnore: Readonly<Record<string, SourceLocation>>;
  /** What was said against it. */
  readonly forbidden: readonly Forbidden[];
  /** Owners by glob, before those of CODEOWNERS; the last that fits wins. */
  readonly owners: Readonly<Record<string, string>>;
  /** Where a value comes from (`drainlint.config.yaml:3`, `--min-confidence`), by its key (`thresholds.maxTaskSeconds`); none: the default. */
  readonly origins: Readonly<Record<string, string>>;
  /** Only these rules; none given: all. */
  readonly only: readonly string[];
  readonly thresholds: Thresholds;
  readonly durations: Readonly<Record<string, Duration>>;
  readonly workers: LinkOptions['workers'];
  readonly assume: LinkOptions['assume'];
  readonly ignore: readonly IgnoreEntry[];
  /** The file of known findings, relative to the configuration's folder. */
  readonly baseline?: string;
  /** false: suppressions are not honoured (`--no-ignores`). */
  readonly honourIgnores: boolean;
}

/** The limits where a team sets none; sources stand at the type. */
export const DEFAULT_THRESHOLDS: Thresholds = { maxTaskSeconds: 900, stopTimeoutSeconds: 120, visibilityTimeoutSeconds: 900, exitMarginSeconds: 3, minimumHealthyPercent: 50, prefetchMultiplier: 1 };

export const DEFAULT_CONFIG: Config = {
  minConfidence: 'medium', rules: {}, ruleNames: [], overrides: [], neverIgnore: {}, forbidden: [], only: [], thresholds: DEFAULT_THRESHOLDS, durations: {}, workers: [], assume: {}, owners: {}, ignore: [], honourIgnores: true, origins: {},
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

/** Reads and checks a configuration file and what it extends. `shown`: its path in messages and places. `root`: outside it nothing is read but packages. `text`: what counts instead of what the file holds. Throws AuditError. */
export async function loadConfig(file: string, shown: string, root = dirname(file), text?: string): Promise<Config> {
  const top = resolve(root);
  const inRoot = !relative(top, resolve(file)).startsWith('..');
  return combine(await layersOf({ file: resolve(file), shown, root: top, home: inRoot ? top : dirname(resolve(file)), ...(text !== undefined && { text }) }, []));
}

/** Checks a configuration's text, which extends presets at most. Throws AuditError with the place of the first mistake. */
export async function parseConfig(text: string, shown: string): Promise<Config> {
  const layer = await parseLayer(text, shown);
  const file = layer.extends.find(({ value }) => !isPreset(value));
  if (file) throw new AuditError(`${file.at.path}:${file.at.startLine}: extends ${file.value} names a file, and this text has no folder`);
  return combine([...layer.extends.map(presetLayer), layer]);
}

/** A configuration file: where it is, what it is called, and the folder that what it extends may not leave. Absolute paths but for `shown`. */
interface ConfigFile { readonly file: string; readonly shown: string; readonly root: string; readonly home: string; /** What counts instead of what it holds. */ readonly text?: string }

interface Named { readonly value: string; readonly at: SourceLocation }

/** What one file says itself. `places`: where each value stands, by its key (`thresholds.maxTaskSeconds`). */
interface Layer extends Pick<Config, 'rules' | 'durations' | 'workers' | 'assume' | 'ignore' | 'overrides' | 'owners'> {
  readonly extends: readonly Named[];
  readonly minConfidence?: Confidence;
  /** As written; absolute once the file's folder is known. */
  readonly baseline?: string;
  readonly thresholds: Partial<Thresholds>;
  readonly neverIgnore: readonly Named[];
  readonly places: Readonly<Record<string, SourceLocation>>;
}

const isPreset = (word: string): word is Preset => word === 'recommended' || word === 'strict';
const EMPTY: Layer = { extends: [], rules: {}, thresholds: {}, durations: {}, workers: [], assume: {}, ignore: [], overrides: [], neverIgnore: [], owners: {}, places: {} };
const presetLayer = ({ value, at }: Named): Layer => ({ ...EMPTY, minConfidence: confidenceOf(value as Preset), places: { minConfidence: at } });

/** Bytes of the largest configuration that is read. */
const LARGEST = 1_000_000;
/** How many files stand behind each other at most, and how many in all. */
const [DEEPEST, MOST_FILES] = [10, 100];

/** A file's layers, what it extends first. */
async function layersOf(one: ConfigFile, chain: readonly string[], count = { files: 0 }): Promise<readonly Layer[]> {
  let text: string;
  const size = one.text === undefined ? statSync(one.file, { throwIfNoEntry: false }) : undefined;
  if (size && !size.isFile()) throw new AuditError(`${one.shown} is no file`);
  if ((one.text?.length ?? size?.size ?? 0) > LARGEST) throw new AuditError(`${one.shown} is larger than the ${LARGEST / 1e6} MB that are read of a configuration`);
  try {
    text = one.text ?? readFileSync(one.file, 'utf8');
  } catch (error) {
    throw new AuditError(`${one.shown} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const { baseline, ...own } = await parseLayer(text, one.shown);
  const layer: Layer = { ...own, ...(baseline !== undefined && { baseline: resolve(dirname(one.file), baseline) }) };
  const through = [...chain, realpathSync(one.file)];
  const layers: Layer[] = [];
  for (const named of layer.extends) {
    if (isPreset(named.value)) { layers.push(presetLayer(named)); continue; }
    const fail = (why: string): never => { throw new AuditError(`${named.at.path}:${named.at.startLine}: extends ${named.value}: ${why}`); };
    const next = extended(named.value, one, fail);
    if (through.includes(realpathSync(next.file))) fail('it extends this file in turn');
    if (through.length >= DEEPEST || ++count.files > MOST_FILES) fail(`more than ${through.length >= DEEPEST ? `${DEEPEST} files stand behind each other` : `${MOST_FILES} files are extended`}`);
    // what holds for several trees need not match in each of them
    for (const below of await layersOf(next, through, count)) layers.push({ ...below, ignore: below.ignore.map(entry => ({ ...entry, isShared: true })), durations: mapValues(below.durations, one => ({ ...one, isShared: true })) });
  }
  return [...layers, layer];
}

const PACKAGE = /^((?:@[a-z0-9][\w.~-]*\/)?[a-z0-9][\w.~-]*)(?:\/(.+))?$/i;

/** The file that a word of `extends` means. */
function extended(word: string, from: ConfigFile, fail: (why: string) => never): ConfigFile {
  const shownAs = (file: string): string => { const inside = relative(from.root, file).split(sep).join('/'); return inside.startsWith('..') ? file : inside; };
  const within = (file: string, home: string): boolean => !/^\.\.(?:[\\/]|$)/.test(relative(realpathSync(home), realpathSync(file)));
  const isYaml = /\.ya?ml$/.test(word);
  if (/^\.\.?[\\/]/.test(word)) {
    if (!isYaml) fail('only YAML is read (.yaml, .yml)');
    const file = resolve(dirname(from.file), word);
    if (!isFile(file)) fail('there is no such file');
    if (!within(file, from.home)) fail(`it leads outside ${from.home === from.root ? 'the repository' : shownAs(from.home)}`);
    return { root: from.root, home: from.home, file, shown: shownAs(file) };
  }
  const [, name, below] = PACKAGE.exec(word) ?? [];
  if (name === undefined) return fail('write recommended, strict, ./file.yaml or the name of a package');
  if (below !== undefined && !isYaml) fail('only YAML is read (.yaml, .yml)');
  for (let at = dirname(realpathSync(from.file)); ; at = dirname(at)) {
    const home = join(at, 'node_modules', name);
    const file = (below === undefined ? CONFIG_NAMES : [below]).map(each => join(home, each)).find(isFile);
    if (file !== undefined) return within(file, home) ? { root: from.root, home, file, shown: shownAs(file) } : fail(`it leads outside ${shownAs(home)}`);
    if (at === realpathSync(from.root) || dirname(at) === at) return fail(`there is no such package in node_modules${didYouMean(word, ['recommended', 'strict'])}${isFile(resolve(dirname(from.file), word)) ? `; for the file write ./${word}` : ''}`);
  }
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** Lays the layers over the defaults and each other: later scalars win, lists follow each other. What a layer says against the `neverIgnore` of one before it, has no effect. */
function combine(layers: readonly Layer[]): Config {
  let config: Config = DEFAULT_CONFIG;
  for (const layer of layers) {
    const forbidden: Forbidden[] = [];
    const obeyed = (rules: Config['rules'], place: (id: string) => SourceLocation | undefined, before: Config['rules']): Config['rules'] => Object.fromEntries(Object.entries(rules).filter(([id, level]) => {
      const by = config.neverIgnore[id];
      const at = place(id);
      if (!by || !at || !isBelow(level, before[id])) return true;
      forbidden.push({ rule: id, at, by, what: level === 'off' ? 'turned off' : `lowered to ${level}` });
      return false;
    }));
    const rules = obeyed(layer.rules, id => layer.places[`rules.${id}`], config.rules);
    const overrides = layer.overrides.map(override => ({ ...override, rules: obeyed(override.rules, () => override.at, { ...config.rules, ...rules }) }));
    const [first] = layer.neverIgnore;
    config = {
      ...config,
      minConfidence: layer.minConfidence ?? config.minConfidence,
      ...(layer.baseline !== undefined && { baseline: layer.baseline }),
      rules: { ...config.rules, ...rules },
      ruleNames: [...config.ruleNames, ...[...Object.keys(layer.rules).map(value => ({ value, at: layer.places[`rules.${value}`]! })), ...layer.neverIgnore, ...layer.overrides.flatMap(({ rules: ids, at }) => Object.keys(ids).map(value => ({ value, at })))]],
      thresholds: { ...config.thresholds, ...layer.thresholds },
      durations: { ...config.durations, ...layer.durations },
      workers: [...config.workers, ...layer.workers],
      assume: { ...config.assume, ...layer.assume },
      ignore: [...config.ignore, ...layer.ignore].filter((entry, i, all) => all.findIndex(other => samePlace(other.at, entry.at)) === i),
      overrides: [...config.overrides, ...overrides],
      neverIgnore: { ...(first && { [FORBIDDEN]: first.at }), ...Object.fromEntries(layer.neverIgnore.map(({ value, at }) => [value, at])), ...config.neverIgnore },
      forbidden: [...config.forbidden, ...forbidden],
      owners: { ...config.owners, ...layer.owners },
      origins: { ...config.origins, ...Object.fromEntries(Object.entries(layer.places).map(([key, at]) => [key, `${at.path}:${at.startLine}`])), ...Object.fromEntries(forbidden.filter(({ rule }) => !(rule in rules)).map(({ rule }) => [`rules.${rule}`, config.origins[`rules.${rule}`] ?? ''])) },
    };
  }
  return config;
}

/** The rule that says so; where any rule may not be ignored, neither may it. */
const FORBIDDEN = 'audit/forbidden-suppression';
const LEVELS = ['error', 'warning', 'note', 'off'];
/** Whether a level is less than the one before; where none was set, only `error` is not less than the rule's own. */
const isBelow = (level: string, before: string | undefined): boolean => LEVELS.indexOf(level) > LEVELS.indexOf(before ?? 'error');

type Check = (value: unknown, name: string) => unknown;
type Path = readonly (string | number)[];

/** Checks one file's text. Throws AuditError with the place of the first mistake. */
async function parseLayer(text: string, shown: string): Promise<Layer> {
  const { LineCounter, parseDocument, isMap: isMapNode } = await import('yaml');
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: 'error' }); // its warnings would be the process's
  /** The value's place; `byKey`: its key's, which is there also where the value is empty. */
  const at = (path: Path, byKey = false): SourceLocation => {
    const parent = document.getIn(path.slice(0, -1), true);
    const key = isMapNode(parent) ? parent.items.find(item => String((item.key as { value?: unknown } | null)?.value) === String(path.at(-1)))?.key : undefined;
    const value = path.length === 0 ? undefined : document.getIn(path, true);
    const range = ((byKey ? key ?? value : value ?? key) as { range?: [number, number, number] } | undefined)?.range;
    if (!range) return startOf(shown);
    const [from, to] = [counter.linePos(range[0]), counter.linePos(range[1])];
    return { path: shown, startLine: from.line, startColumn: from.col, endLine: to.line, endColumn: to.col };
  };
  const [broken] = document.errors;
  if (broken) throw new AuditError(`${shown}:${counter.linePos(broken.pos[0]).line}: ${broken.message}`);
  const fail = (path: Path, message: string): never => { throw new AuditError(`${shown}:${at(path, true).startLine}: ${message}`); };

  /** Runs one check per key of a map; unknown keys name the nearest known one. */
  function checked(value: unknown, path: Path, keys: Readonly<Record<string, Check>>): Record<string, unknown> {
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
  const texts = (value: unknown, name: string, orOne = false): readonly Named[] => {
    if (value === undefined) return [];
    const list = Array.isArray(value) ? value : orOne ? [value] : fail([name], `${name} is not a list`);
    return list.map((each, i) => {
      const path = Array.isArray(value) ? [name, i] : [name];
      const problem = text_(each, path.join('.'));
      return typeof problem === 'string' ? fail(path, problem) : { value: String(each), at: at(path) };
    });
  };

  const anything: Check = () => undefined;
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new AuditError(`${shown}: ${(error as Error).message}`);
  }
  const top = checked(content ?? {}, [], {
    $schema: anything, extends: anything, minConfidence: oneOf(CONFIDENCES), rules: anything, overrides: anything, neverIgnore: anything, thresholds: anything, durations: anything, workers: anything, assume: anything, owners: anything, ignore: anything, baseline: text_,
  });
  const every = (value: unknown, path: Path, check: Check): Record<string, unknown> => checked(value, path, isMap(value) ? Object.fromEntries(Object.keys(value).map(key => [key, check])) : {});
  const each = (name: string, check: Check): Record<string, unknown> => (top[name] === undefined ? {} : every(top[name], [name], check));
  const limits = (value: unknown, path: Path): Partial<Thresholds> => (value === undefined ? {} : checked(value, path, THRESHOLD_CHECKS));
  const severity = oneOf(LEVELS);
  const overrides = listOf(top.overrides, 'overrides', { paths: globs, rules: anything, thresholds: anything, minConfidence: oneOf(CONFIDENCES) }, ['paths']).map((entry, i) => ({
    paths: entry.paths as readonly string[], rules: entry.rules === undefined ? {} : every(entry.rules, ['overrides', i, 'rules'], severity) as Config['rules'],
    thresholds: limits(entry.thresholds, ['overrides', i, 'thresholds']),
    ...(entry.minConfidence !== undefined && { minConfidence: entry.minConfidence as Confidence }), at: at(['overrides', i]),
  }));
  const layer = {
    ...(top.minConfidence !== undefined && { minConfidence: top.minConfidence as Confidence }),
    rules: each('rules', severity) as Config['rules'],
    thresholds: limits(top.thresholds, ['thresholds']),
    durations: mapValues(each('durations', seconds) as Readonly<Record<string, number>>, (value, name): Duration => ({ seconds: value, at: at(['durations', name], true) })),
    assume: top.assume === undefined ? {} : checked(top.assume, ['assume'], { celery: text_, billiard: text_ }) as Config['assume'],
    owners: each('owners', text_) as Config['owners'],
    ...(top.baseline !== undefined && { baseline: top.baseline as string }),
  };
  const places = Object.entries(layer).flatMap(([name, value]) => (isMap(value) ? Object.keys(value).map(key => [name, key]) : [[name]]).map(path => [path.join('.'), at(path, true)] as const));
  return {
    ...layer, overrides, places: Object.fromEntries(places),
    extends: texts(top.extends, 'extends', true), neverIgnore: texts(top.neverIgnore, 'neverIgnore'),
    workers: listOf(top.workers, 'workers', { service: text_, app: text_ }, ['service', 'app']) as unknown as Config['workers'],
    ignore: listOf(top.ignore, 'ignore', { rule: text_, path: text_, resource: text_, reason: text_, until: date }, ['rule']).map((entry, i) => ({ ...(entry as unknown as IgnoreEntry), at: at(['ignore', i]) })),
  };
}

const mapValues = <A, B>(all: Readonly<Record<string, A>>, change: (value: A, key: string) => B): Readonly<Record<string, B>> => Object.fromEntries(Object.entries(all).map(([key, value]) => [key, change(value, key)]));
const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const text_: Check = (value, name) => (typeof value === 'string' && value !== '' ? undefined : `${name} is not a text (write it in quotes)`);
const seconds: Check = (value, name) => (typeof value === 'number' && Number.isFinite(value) && value >= 0 ? undefined : `${name} is not a number of seconds`);
const globs: Check = (value, name) => (Array.isArray(value) && value.length > 0 && value.every(one => typeof one === 'string' && one !== '') ? undefined : `${name} is not a list of globs`);
/** A whole number in these bounds. */
const between = (from: number, to: number, what: string): Check => (value, name) => (typeof value === 'number' && value >= from && value <= to && Number.isInteger(value) ? undefined : `${name} is not ${what}`);
const date: Check = (value, name) => (typeof value === 'string' && isDay(value) ? undefined : `${name} is not a date like 2027-03-31`);
const oneOf = (words: readonly string[]): Check => (value, name) => (words.includes(value as string) ? undefined : `${name} is ${JSON.stringify(value)}, not one of ${words.join(', ')}`);

const THRESHOLD_CHECKS: Readonly<Record<keyof Thresholds, Check>> = {
  maxTaskSeconds: seconds, stopTimeoutSeconds: seconds, visibilityTimeoutSeconds: seconds, exitMarginSeconds: seconds,
  minimumHealthyPercent: between(1, 100, 'a whole percentage from 1 to 100'), prefetchMultiplier: between(1, 1000, 'a whole number from 1 to 1000'),
};

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
