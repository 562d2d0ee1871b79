import { statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { analyzers } from './analyzers/index.js';
import { settle, staleEntries, updated, type Baseline } from './baseline.js';
import { AuditError, DEFAULT_CONFIG, type Config } from './config.js';
import { isWorse, matchKnown, withFingerprints } from './fingerprint.js';
import type { Finding, Format, LinkOptions, LiveEvidence, Model, Problem, ReadProblem, Report, Rule, Severity, SourceLocation } from './model/index.js';
import { CONFIDENCES, comparePlaces, fitsPattern, isRunning, nearest, samePlace, timed } from './model/index.js';
import { CODEOWNERS, readCodeowners } from './owners.js';
import type { Cache } from './sources/cache.js';
import { createFileStore, isInside, type FileStore, type FileStoreOptions } from './sources/files.js';
import type { EarlierTree, StagedTree } from './sources/revision.js';
import { readGlob, readComments, suppress } from './suppress.js';
import { DOCS, VERSION } from './version.js';

export interface AuditOptions {
  /** Absolute, or from the current directory. Paths in findings are relative to it. */
  readonly root: string;
  /**
   * From the current directory. Folders: only they are scanned. A file among them: all of the root is analysed, and findings are
   * reported for these paths.
   */
  readonly paths?: readonly string[];
  readonly config?: Config;
  /** Or what loads them: not called where there is nothing to judge. */
  readonly rules: readonly Rule[] | (() => Promise<readonly Rule[]>);
  /** Texts that take the place of what is on disk, by path from the root. */
  readonly overlay?: ReadonlyMap<string, string>;
  /** Running services: documents beside the files (`filesToo`) or instead of them, and what they say besides their configuration. */
  readonly live?: { readonly texts: ReadonlyMap<string, string>; readonly evidence: LiveEvidence; readonly filesToo: boolean };
  /** What the tree was before: only what has come since, or is worse now, is reported. */
  readonly earlier?: EarlierTree;
  /** The tree to audit instead of the one on disk; what it was before stands for `earlier`. */
  readonly staged?: StagedTree;
  /** Findings that are known. `update`: those of this run are taken in, and what it is to hold then is in the report. */
  readonly baseline?: Baseline & { readonly update?: boolean };
  /** Opens what earlier runs have found out about these folders of the root; what is found in it changes no report. */
  readonly cache?: (folders: readonly string[]) => Promise<Cache | undefined>;
  /** Read a tree that weighs more than the limit, too (docs/limits.md). */
  readonly readAll?: boolean;
  /** YYYY-MM-DD; today where absent. */
  readonly today?: string;
  /** Called as each stage begins. */
  readonly onProgress?: (stage: string) => void;
}

/** The whole pipeline: files → facts → model → problems → findings. */
export async function audit(options: AuditOptions): Promise<Report> {
  const { config = DEFAULT_CONFIG, onProgress = () => {} } = options;
  const root = resolve(options.root);
  const scope = scopeOf(root, options.paths ?? []);

  onProgress('finding files');
  const { live, staged } = options;
  const earlier = staged ? staged.before : options.earlier;
  const read = live?.filesToo ? analyzers.filter(({ format }) => !INFRASTRUCTURE.has(format)) : analyzers;
  const onlyIf = staged ? { onlyIf: staged.changed, whole: true, orIf: staged.before?.texts ?? new Map<string, string>() } : scope.files && { onlyIf: scope.files };
  const overlay = staged?.texts ?? options.overlay;
  const store = await createFileStore({ root, analyzers: read, folders: scope.folders, ...(live && { documents: live.texts, documentsOnly: !live.filesToo }), ...onlyIf, ...(overlay && { overlay }), ...(staged && { tree: staged }), ...(live ? { readAll: true } : readingOf(options, scope)) });
  const now = await join(store, options);
  const before = earlier && store.candidates.length > 0 ? await joinEarlier(earlier, store, root, scope, options) : undefined;
  const model: Model = { ...now, ...(before && { earlier: { revision: before.revision, apps: before.model.apps, workers: before.model.workers, consumers: before.model.consumers } }), ...(live && { live: placed(live.evidence, now) }) };
  onProgress('judging');
  const isOver = store.candidates.length === 0 && (staged || (scope.files && !options.baseline?.update));
  const baseline = config.honourIgnores && !isOver ? options.baseline : undefined;
  const isIdle = store.candidates.length === 0 && store.problems.length === 0 && config.ignore.length === 0 && config.ruleNames.length === 0 && !baseline;
  const rules = typeof options.rules !== 'function' ? options.rules : isIdle ? [] : await options.rules();
  const active = rules.filter(rule => mayRun(rule.id, config));
  const levels = levelsOf(config);
  const isWhole = scope.folders.length === 0 && store.candidates.length > 0 && !earlier && !staged && !live;
  const hash = isIdle ? String : await hasher();
  const finish = (found: readonly Found[]): readonly Finding[] => merge(found.map(one => toFinding(one, rules, levels)));
  const marked = async (findings: readonly Finding[], of: FileStore = store): Promise<readonly Finding[]> => {
    await of.load(findings.map(({ at }) => at.path));
    return withFingerprints([...findings].sort(byPlace), of, hash);
  };
  const judged = finish([...withoutAbsorbed([...judge(active, model, config, levels, store.paths)]), ...unreadable(store, model), ...unknownRules(rules, config), ...overruled(config), ...(isWhole ? unusedDurations(model, config) : [])]);
  const known = before ? await marked(finish([...judge(active, before.model, config, levels, before.store.paths), ...unreadable(before.store, before.model)]), before.store) : [];

  const { findings, problems } = applySuppressions(judged, store, model, options, rules);
  const everything = await marked([...findings, ...finish(problems)]);
  const mayHide = (rule: string): boolean => !Object.hasOwn(config.neverIgnore, rule);
  const isThere = (path: string): boolean | undefined => (scope.reads(path, baseline!.path) ? store.has(path) : undefined);
  const settled = baseline && settle(everything, baseline, store, isThere, entry => scope.looksAt(entry.path, baseline.path) && mayRun(entry.rule, config), mayHide);
  const stale = settled && !baseline.update && !earlier && !staged ? await marked(finish(staleEntries(settled.stale))) : [];
  const all = [...withoutKnown(settled?.findings ?? everything, known, store), ...stale].filter(finding => scope.has(finding.at.path) && isNamed(finding.ruleId, config) && levels(finding.at.path).rules[finding.ruleId] !== 'off');
  const leftOut = scope.named.filter(path => !store.has(path));
  const confident = all.filter(finding => CONFIDENCES.indexOf(finding.confidence) <= CONFIDENCES.indexOf(levels(finding.at.path).minConfidence));
  const next = settled && baseline.update ? updated(baseline, settled, confident.filter(({ ruleId }) => mayHide(ruleId))) : undefined;
  const shown = next ? [...next.findings, ...confident.filter(({ ruleId }) => !mayHide(ruleId))] : confident;
  return {
    tool: { name: 'drainlint', version: VERSION }, findings: withOwners([...shown].sort(byPlace), store, config), hidden: all.length - shown.length, model, rules,
    scannedFiles: store.paths.length, readFiles: store.read().length, exitMarginSeconds: config.thresholds.exitMarginSeconds, ...(leftOut.length > 0 && { leftOut }), ...(next && { baseline: next.entries }), lines: path => store.lines(path),
  };
}

/** Formats that say what ought to run: beside services that do run they say nothing. */
const INFRASTRUCTURE: ReadonlySet<string> = new Set(['ecs-json', 'cloudformation', 'terraform', 'terraform-plan', 'cdk', 'copilot', 'compose'] satisfies readonly Format[]);

/** What is said of a service stands where its name does. */
function placed(evidence: LiveEvidence, { services, queues, brokers }: Model): LiveEvidence {
  const byPath = new Map([...services, ...queues, ...brokers].map(({ at }) => [at.path, at]));
  const place = <T extends { readonly at: SourceLocation }>(one: T): T => ({ ...one, at: byPath.get(one.at.path) ?? one.at });
  return { ...evidence, services: evidence.services.map(place), queues: evidence.queues.map(place), caches: evidence.caches.map(place) };
}

interface Found { readonly ruleId: string; readonly problem: Problem }

const NOTHING: Model = { workers: [], schedulers: [], services: [], containers: [], caches: [], queues: [], brokers: [], sentInTransactions: [], apps: [], consumers: [], processors: [], jobQueues: { queues: [], ownAttempts: [] }, unaudited: [], unresolved: [], assumptions: [] };

interface Scope {
  readonly folders: readonly string[]; readonly files?: readonly string[];
  /** Every file that was named. */
  readonly named: readonly string[];
  has(path: string): boolean;
  /** All is read that an entry of a baseline may rest on: where a folder alone is read, only if the baseline lies in it, too. */
  reads(path: string, baseline: string): boolean;
  /** And findings there are reported. */
  looksAt(path: string, baseline: string): boolean;
}

function scopeOf(root: string, paths: readonly string[]): Scope {
  const given = paths.map(path => {
    const full = resolve(path);
    const stats = statSync(full, { throwIfNoEntry: false });
    if (!stats) throw new AuditError(`${path} does not exist`);
    if (!isInside(root, full)) throw new AuditError(`${path} lies outside ${root}`);
    return { path: relative(root, full).split(sep).join('/'), isFolder: stats.isDirectory() };
  });
  const files = given.filter(({ isFolder }) => !isFolder).map(({ path }) => path);
  const folders = given.filter(({ isFolder }) => isFolder).map(({ path }) => path);
  // a folder named beside all of the root is there, though git may ignore it
  if (given.length === 0 || folders.includes('')) return { folders: given.length > 1 ? folders : [], named: files, has: () => true, reads: isOurs, looksAt: isOurs };
  const below = (path: string): boolean => folders.some(folder => path.startsWith(`${folder}/`));
  const inBoth = (path: string, baseline: string): boolean => below(path) && below(baseline);
  if (files.length === 0) return { folders, named: [], has: () => true, reads: inBoth, looksAt: inBoth };
  const has = (path: string): boolean => files.includes(path) || below(path);
  return { folders: [], named: files, ...(folders.length === 0 && { files }), has, reads: isOurs, looksAt: (path, baseline) => has(path) && isOurs(path, baseline) };
}

const isOurs = (_path: string, baseline: string): boolean => !isAbsolute(baseline);

/** How files are read: from what earlier runs found out, all of them. */
const readingOf = ({ cache, readAll }: AuditOptions, { folders }: Scope): Pick<FileStoreOptions, 'cache' | 'readAll'> => ({ ...(cache && { cache: () => cache(folders) }), ...(readAll && { readAll }) });

/** The model of a tree: as it was joined before where no file that was asked for then has changed. */
async function join(store: FileStore, { config = DEFAULT_CONFIG, onProgress = () => {} }: AuditOptions): Promise<Model> {
  if (store.candidates.length === 0) return NOTHING;
  const options: LinkOptions = { workers: config.workers, assume: config.assume, durations: config.durations };
  const name = JSON.stringify(options);
  const before = store.recall(name);
  if (before) return before;
  const { link } = await import('./link/index.js');
  const read = async (paths?: readonly string[]): Promise<Model> => {
    onProgress('reading files');
    await store.load(paths);
    for (const path of store.candidates) store.facts(path);
    onProgress('joining');
    return link(store, options);
  };
  const last = store.lastFiles();
  const first = await read(last && [...store.candidates, ...last]);
  const model = store.lacks() ? await read() : first; // it was led to a file that no run was led to before
  store.keep(name, model);
  return model;
}

interface Earlier { readonly revision: string; readonly store: FileStore; readonly model: Model }

/** The tree as it was, joined; what has not changed since is not read again. */
async function joinEarlier({ name, paths, texts }: EarlierTree, like: FileStore, root: string, scope: Scope, options: AuditOptions): Promise<Earlier> {
  const store = await createFileStore({ root, analyzers, folders: scope.folders, overlay: texts, tree: { paths, like }, ...readingOf(options, scope) });
  return { revision: name, store, model: await join(store, options) };
}

/** What was not said of the earlier tree, or is worse now. */
function withoutKnown(findings: readonly Finding[], known: readonly Finding[], store: FileStore): readonly Finding[] {
  const before = matchKnown(findings, known.map(({ fingerprint, severity, at }) => ({ fingerprint, severity, path: at.path })), store, store.has);
  return findings.filter(finding => isWorse(finding.severity, before.get(finding)?.severity));
}

/** Where overrides set thresholds, each rule judges once by each set of them, and what it says counts where that set holds. `paths`: of all files. */
function* judge(rules: readonly Rule[], model: Model, config: Config, levels: Levels, paths: readonly string[]): Generator<Found> {
  const keyOf = (path: string): string => JSON.stringify(levels(path).thresholds);
  const sets = config.overrides.some(({ thresholds }) => Object.keys(thresholds).length > 0) ? new Map(paths.map(path => [keyOf(path), levels(path).thresholds])) : undefined;
  for (const rule of rules) {
    if (!sets) for (const problem of timed(rule.id, () => [...rule.check(model, config.thresholds)])) yield { ruleId: rule.id, problem };
    for (const [key, thresholds] of sets ?? []) for (const problem of timed(rule.id, () => [...rule.check(model, thresholds)])) if (keyOf(problem.at.path) === key) yield { ruleId: rule.id, problem };
  }
}

/** What a fault was seen to do stands for what it may do. */
function withoutAbsorbed(found: readonly Found[]): readonly Found[] {
  const absorbing = found.filter(({ problem }) => problem.absorbs);
  return absorbing.length === 0 ? found : found.filter(({ ruleId, problem }) => !absorbing.some(other => other.problem.absorbs!.includes(ruleId) && samePlace(other.problem.at, problem.at)));
}

const isNamed = (id: string, { only }: Config): boolean => only.length === 0 || only.includes(id);
/** Whether a rule speaks anywhere. */
const mayRun = (id: string, config: Config): boolean => isNamed(id, config) && (config.rules[id] !== 'off' || config.overrides.some(({ rules }) => (rules[id] ?? 'off') !== 'off'));

type Levels = (path: string) => Pick<Config, 'rules' | 'minConfidence' | 'thresholds'>;

/** What holds at a path: the configuration, with every override that speaks of the path laid over it. */
function levelsOf(config: Config): Levels {
  const overrides = config.overrides.map(override => ({ override, globs: override.paths.map(readGlob) }));
  const known = new Map<string, ReturnType<Levels>>();
  return path => {
    const before = known.get(path);
    if (before) return before;
    const here = overrides.filter(({ globs }) => globs.some(glob => glob.test(path))).map(({ override }) => override);
    const { rules, minConfidence, thresholds } = here.reduce((sum, override) => ({ rules: { ...sum.rules, ...override.rules }, minConfidence: override.minConfidence ?? sum.minConfidence, thresholds: { ...sum.thresholds, ...override.thresholds } }), config as ReturnType<Levels>);
    known.set(path, { rules, minConfidence, thresholds });
    return { rules, minConfidence, thresholds };
  };
}

/** What a broken file must speak of to matter in a tree where nothing was joined. */
const MATTERS = /celery|containerDefinitions|taskDefinition/i;

/** One per file: at its first problem, with the other places. */
function unreadable(store: FileStore, model: Model): readonly Found[] {
  const byPath = new Map<string, ReadProblem[]>();
  for (const problem of [...store.problems, ...store.read().flatMap(facts => facts.problems)]) {
    const before = byPath.get(problem.at.path);
    if (before) before.push(problem); else byPath.set(problem.at.path, [problem]);
  }
  const isJoined = model.workers.length + model.apps.length + model.schedulers.length + model.services.length > 0;
  return [...byPath].filter(([path]) => isJoined || MATTERS.test(store.lines(path).join('\n')) || store.lines(path).length === 0).map(([, [first, ...others]]) => ({
    ruleId: 'audit/unreadable-input',
    problem: {
      message: others.length === 0 ? first!.message : `${first!.message} (and ${others.length} more such places)`, suggestion: 'mend this place; until then what stands there is not judged', confidence: 'high', at: first!.at, order: 9,
      ...(others.length > 0 && { related: others.map(({ at, message }) => ({ at, message })) }),
    },
  }));
}

function unknownRules(rules: readonly Rule[], config: Config): readonly Found[] {
  const known = rules.map(rule => rule.id);
  return config.ruleNames.filter(({ value }) => !known.includes(value)).map(({ value, at }) => {
    const near = nearest(value, known);
    return { ruleId: 'audit/unknown-rule', problem: { message: `there is no rule ${value}`, suggestion: near === undefined ? 'write a rule that `drainlint rules` lists' : `write ${near}`, confidence: 'high', at, order: 9 } };
  });
}

/** Entries of `durations` that no task function bears out. A file that others extend may speak of functions of other trees. */
function unusedDurations({ apps }: Model, { durations }: Config): readonly Found[] {
  const names = apps.flatMap(app => app.functions.map(fn => fn.name));
  return Object.entries(durations).filter(([pattern, { isShared }]) => !isShared && !names.some(name => fitsPattern(name, pattern))).map(([pattern, { at }]) => {
    const near = nearest(pattern, names);
    return { ruleId: 'audit/unused-duration', problem: {
      message: `none of the ${names.length} task functions found is called ${pattern}, so this duration is not used`, suggestion: near === undefined ? 'write the name under which Celery knows the task function (module.function, or its name= option), or remove this entry' : `write ${near}`, confidence: 'high', at, order: 9,
    } };
  });
}

/** Severities that had no effect, because `neverIgnore` names the rule. */
function overruled({ forbidden }: Config): readonly Found[] {
  return forbidden.map(({ rule, what, at, by }) => ({ ruleId: 'audit/forbidden-suppression', problem: {
    message: `${rule} may not be ${what} (neverIgnore in ${by.path}:${by.startLine}), so this has no effect`, suggestion: at === by ? `leave --ignore-rule ${rule} out` : `remove ${rule} from here`, confidence: 'high', at, order: 9,
  } }));
}

function toFinding({ ruleId, problem }: Found, rules: readonly Rule[], levels: Levels): Finding {
  const chosen = levels(problem.at.path).rules[ruleId];
  const usual: Severity = problem.severity ?? rules.find(rule => rule.id === ruleId)?.severity ?? 'warning';
  // an answer of AWS is no file that can be mended
  const { fix, ...said } = problem;
  return { ...said, ...(fix && !isRunning(problem.at) && { fix }), ruleId, severity: chosen && chosen !== 'off' ? chosen : usual, environments: problem.environments ?? [], fingerprint: '', docsUrl: `${DOCS}/${ruleId}.md` };
}

/** What is said of one place in the same words, for several environments or apps, is one finding. */
function merge(findings: readonly Finding[]): readonly Finding[] {
  const merged = new Map<string, Finding>();
  for (const finding of findings) {
    const { path, startLine, startColumn, logical } = finding.at;
    const key = JSON.stringify([finding.ruleId, path, startLine, startColumn, logical, finding.message]);
    const before = merged.get(key);
    merged.set(key, before ? { ...before, environments: union(before.environments, finding.environments), ...((before.workers ?? finding.workers) && { workers: union(before.workers, finding.workers) }), related: relatedOf(before, finding) } : finding);
  }
  return [...merged.values()];
}

const union = (a: readonly string[] = [], b: readonly string[] = []): readonly string[] => [...new Set([...a, ...b])];

function relatedOf(a: Finding, b: Finding): NonNullable<Finding['related']> {
  const first = a.related ?? [];
  return [...first, ...(b.related ?? []).filter(other => !first.some(known => known.message === other.message && samePlace(known.at, other.at)))];
}

/** Loaded late: it costs 3 ms, and a run that finds nothing to judge needs none. */
async function hasher(): Promise<(text: string) => string> {
  const { createHash } = await import('node:crypto');
  return text => createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function applySuppressions(findings: readonly Finding[], store: FileStore, model: Model, { config = DEFAULT_CONFIG, today }: AuditOptions, rules: readonly Rule[]): { readonly findings: readonly Finding[]; readonly problems: readonly Found[] } {
  if (!config.honourIgnores) return { findings, problems: [] };
  const apps = new Set(model.apps.map(app => app.id));
  return suppress(findings, {
    comments: store.read().flatMap(facts => readComments(facts.comments)), entries: config.ignore,
    today: today ?? new Date().toISOString().slice(0, 10),
    known: rules.map(rule => rule.id), silent: new Set(rules.map(rule => rule.id).filter(id => !mayRun(id, config))), neverIgnore: config.neverIgnore,
    isAppWide: finding => !finding.workers?.length || (finding.resource !== undefined && apps.has(finding.resource)),
  });
}

/** Who mends it: the configuration's owner of its path, else that of CODEOWNERS. What runs in AWS says its own. */
function withOwners(findings: readonly Finding[], store: FileStore, config: Config): readonly Finding[] {
  if (findings.length === 0) return findings;
  const declared = Object.entries(config.owners).map(([glob, owner]) => ({ glob: readGlob(glob), owner })).reverse();
  const ofFile = CODEOWNERS.map(store.text).find(text => text !== undefined);
  const inFile = ofFile === undefined ? () => undefined : readCodeowners(ofFile);
  return findings.map(finding => {
    const owner = finding.owner ?? (isRunning(finding.at) ? undefined : declared.find(({ glob }) => glob.test(finding.at.path))?.owner ?? inFile(finding.at.path));
    return owner === undefined ? finding : { ...finding, owner };
  });
}

/** The order of findings in a report. */
export function byPlace(a: Finding, b: Finding): number {
  return comparePlaces(a.at, b.at) || a.order - b.order || (a.ruleId < b.ruleId ? -1 : a.ruleId > b.ruleId ? 1 : 0);
}
