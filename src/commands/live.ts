import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { audit, byPlace } from '../audit.js';
import { AuditError, DEFAULT_CONFIG, type Config } from '../config.js';
import type { Drift, Finding, Model, Report } from '../model/index.js';
import { isRunning, startOf } from '../model/index.js';
import type { Access } from '../sources/aws/caller.js';
import type { Recording } from '../sources/aws/recording.js';
import { checkNames, exitCode, loadRules, parseFormat, print, withFlags, type JudgeFlags } from './judging.js';
import { driftOf } from './drift.js';
import { masked, masker } from './mask.js';
import { configFor, rootOf } from './run.js';
import { stopwatch, type Stopwatch } from './stopwatch.js';
import { withWay } from './ways.js';

/** Flags of `live`, as commander hands them over. */
export interface LiveFlags extends JudgeFlags {
  readonly cluster: readonly string[];
  readonly service: readonly string[];
  readonly region: readonly string[];
  readonly profile: readonly string[];
  readonly roleArn: readonly string[];
  readonly endpointUrl?: string;
  readonly record?: string;
  readonly replay?: string;
  readonly events?: string;
  readonly repo?: string;
  readonly compare?: string;
  readonly afterDeploy?: string;
  readonly wait: string;
  readonly mask?: boolean;
  readonly printIamPolicy?: boolean;
}

/**
 * The heap grows by a tenth and not to several times what is in use: a fleet is read in minutes, at the rates of AWS, and collecting more often costs seconds
 * (2,000 services judged from a recording, Node 20: 147 MiB instead of 245, 4.5 s of processor time instead of 2.6).
 */
const SMALL_HEAP = ['--heap-growing-percent=10', '--semi-space-growth-factor=1'];

/** ms between two looks at a deployment that is under way. */
const LOOK_EVERY = 10_000;

/** `drainlint live`: reads what runs, judges it, prints. Resolves to the exit code. */
export async function live(flags: LiveFlags): Promise<number> {
  if (flags.printIamPolicy) {
    process.stdout.write((await import('../sources/aws/operations.js')).iamPolicy());
    return 0;
  }
  SMALL_HEAP.forEach(flag => setFlagsFromString(flag));
  const outputs = (flags.format.length > 0 ? flags.format : ['text']).map(parseFormat);
  const [repo, compare] = [folderOf(flags.repo), folderOf(flags.compare)];
  const watch = stopwatch(flags.timings);
  const recording = flags.replay === undefined ? await read(flags, watch) : await replay(flags.replay);
  const mask = flags.mask ? masker() : undefined;
  for (const { message } of recording.failures) process.stderr.write(`drainlint: ${mask ? mask(message) : message}\n`);
  if (flags.record !== undefined) await record(flags.record, recording);
  if (recording.services.length === 0 && recording.failures.length > 0) throw new AuditError('nothing could be audited');
  if (recording.services.length === 0) process.stderr.write('drainlint: there is no such service\n');

  const config = withFlags(await configOf(flags), flags);
  if (flags.rule.length + flags.ignoreRule.length > 0) checkNames([...flags.rule, ...flags.ignoreRule], await loadRules());
  const judged = await auditRecording(recording, { config, watch, ...(repo !== undefined && { repo }), ...(compare !== undefined && { compare: { root: rootOf([compare]), paths: [compare] } }), ...(flags.events !== undefined && { archive: await archive(flags.events) }) });
  const report = mask ? masked(judged, mask) : judged;
  watch.begin('printing');
  for (const output of outputs) await print(report, output, flags);
  watch.end();
  return exitCode(report, flags.failOn);
}

/** What a recording is judged with. */
export interface ReplayOptions {
  readonly config: Config;
  /** The folder whose Dockerfiles, settings and task code belong to what runs. */
  readonly repo?: string;
  /** What the running values are compared with: paths are told from `root`. */
  readonly compare?: { readonly root: string; readonly paths?: readonly string[] };
  readonly archive?: readonly Readonly<Record<string, unknown>>[];
  readonly watch?: Pick<Stopwatch, 'begin'>;
  /** Services that are judged at once, where there is no repository; as many as take little memory where absent. */
  readonly atOnce?: number;
}

/** The report on what was read of AWS. Without a repository the services are judged in parts, and of each part only what it found is kept. */
export async function auditRecording(recording: Recording, options: ReplayOptions): Promise<Report> {
  const { partsOf, writersOf } = await import('../sources/aws/documents.js');
  const { compare, config, repo, atOnce } = options;
  const written = compare && await audit({ ...compare, config, rules: [] });
  const parts: Report[] = [];
  for (const part of repo === undefined ? partsOf(recording, atOnce) : [recording]) {
    const { lines, model: { live: evidence, ...model }, ...report } = await auditPart(part, recording, written?.model, options);
    // no report reads its containers, nor more of the evidence than that it is there; its lines would keep all of its texts
    parts.push({ ...report, model: { ...model, containers: [], ...(evidence && { live: { ...evidence, services: [], drift: [] } }) }, lines: parts.length === 0 ? lines : parts[0]!.lines });
  }
  const [first] = parts;
  const report = parts.length === 1 ? first! : together(parts, recording);
  const missing = [...recording.failures.map(({ message }) => ({ at: startOf('aws:'), reason: message })), ...recording.services.filter(({ taskDefinition }) => !taskDefinition).map(({ arn }) => ({ at: startOf(`aws:${arn}`), reason: 'its task definition is not known' }))];
  const writers = writersOf(recording);
  return {
    ...report, model: { ...report.model, unresolved: [...report.model.unresolved, ...missing] },
    lines: path => writers.get(path)?.().split('\n') ?? (written ?? report).lines(path),
  };
}

/** The report on some of its services. `written`: what they are compared with. */
async function auditPart(part: Recording, whole: Recording, written: Model | undefined, { config, repo, archive = [], watch }: ReplayOptions): Promise<Report> {
  const { documentsOf } = await import('../sources/aws/documents.js');
  const { texts, evidence } = documentsOf(part, archive, whole.services);
  const root = repo ?? process.cwd();
  const run = (drift: readonly Drift[] = []): Promise<Report> => audit({ root, config, rules: loadRules, ...(watch && { onProgress: watch.begin }), live: { texts, evidence: { ...evidence, drift }, filesToo: repo !== undefined } });
  const first = await run();
  const report = written ? await run(driftOf(first.model, written)) : first;
  const owners = new Map(evidence.services.map(service => [service.path, service.owner]));
  return { ...report, findings: report.findings.map(finding => owned(withWay(finding), owners)) };
}

/** Reports on parts as one. All of them speak of the resources and of the configuration: of the latter holds what no part contradicts (an entry that hides nothing in any). */
function together(parts: readonly Report[], { queues, caches, brokers }: Recording): Report {
  const [first] = parts;
  const all = <T>(of: (report: Report) => readonly T[]): readonly T[] => parts.flatMap(of);
  const times = new Map<string, number>();
  const kept = all(({ findings }) => findings).filter(({ ruleId, at, message }) => {
    const key = JSON.stringify([ruleId, at, message]);
    const before = times.get(key) ?? 0;
    times.set(key, before + 1);
    return isRunning(at) ? before === 0 : before + 1 === parts.length;
  });
  const shared = (parts.length - 1) * (queues.length + caches.length + brokers.length);
  const sum = (of: (report: Report) => number): number => parts.reduce((total, report) => total + of(report), 0);
  const { model } = first!;
  return {
    ...first!, findings: [...kept].sort(byPlace), hidden: sum(({ hidden }) => hidden), scannedFiles: sum(({ scannedFiles }) => scannedFiles) - shared, readFiles: sum(({ readFiles }) => readFiles) - shared,
    model: {
      ...model, workers: [...all(report => report.model.workers)].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)), schedulers: all(report => report.model.schedulers), services: all(report => report.model.services), containers: [], unaudited: all(report => report.model.unaudited), unresolved: all(report => report.model.unresolved),
    },
  };
}

function owned(finding: Finding, owners: ReadonlyMap<string, string | undefined>): Finding {
  const owner = owners.get(finding.at.path);
  return owner === undefined ? finding : { ...finding, owner };
}

function folderOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new AuditError(`${path} is no folder`);
  return path;
}

async function configOf({ config, repo, compare }: LiveFlags): Promise<Config> {
  const start = repo ?? compare ?? process.cwd();
  return config === undefined && repo === undefined && compare === undefined ? DEFAULT_CONFIG : configFor(rootOf([start]), [start], config);
}

/** Every account and region that the flags name; one whose region is not named asks the SDK. */
function accessesOf({ region, profile, roleArn, endpointUrl }: LiveFlags): readonly Access[] {
  const any = <T>(list: readonly T[]): readonly (T | undefined)[] => (list.length > 0 ? list : [undefined]);
  return any(profile).flatMap(ofProfile => any(roleArn).flatMap(role => any(region).map((ofRegion): Access => ({
    ...(ofRegion !== undefined && { region: ofRegion }), ...(ofProfile !== undefined && { profile: ofProfile }), ...(role !== undefined && { roleArn: role }), ...(endpointUrl !== undefined && { endpoint: endpointUrl }),
  }))));
}

async function read(flags: LiveFlags, watch: Stopwatch): Promise<Recording> {
  const { collect } = await import('../sources/aws/collect.js');
  const stop = new AbortController();
  const leave = (): void => { stop.abort(new AuditError('interrupted: nothing was written')); };
  process.once('SIGINT', leave);
  try {
    watch.begin('reading AWS');
    const { called: _, ...recording } = await collect({
      accesses: accessesOf(flags), clusters: flags.cluster, services: flags.afterDeploy === undefined ? flags.service : [flags.afterDeploy, ...flags.service], onProgress: watch.show, signal: stop.signal,
      ...(flags.afterDeploy !== undefined && { settle: { every: LOOK_EVERY, atMost: seconds(flags.wait) * 1000 } }),
    });
    return recording;
  } finally {
    process.removeListener('SIGINT', leave);
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new AuditError(`--wait ${text} is no number of seconds`);
  return value;
}

async function replay(file: string): Promise<Recording> {
  const { readRecording } = await import('../sources/aws/recording.js');
  try { return readRecording(file); } catch (error) { throw new AuditError((error as Error).message); }
}

async function record(file: string, recording: Recording): Promise<void> {
  const { writeRecording } = await import('../sources/aws/recording.js');
  try { writeRecording(file, recording); } catch (error) { throw new AuditError(`${file} cannot be written (${(error as NodeJS.ErrnoException).code})`); }
}

async function archive(file: string): Promise<ReturnType<typeof import('../sources/aws/events.js').readEvents>['tasks']> {
  const { readEvents } = await import('../sources/aws/events.js');
  try {
    const { tasks, problems } = readEvents(file);
    for (const problem of problems) process.stderr.write(`drainlint: ${problem.at.path}:${problem.at.startLine}: ${problem.message}\n`);
    return tasks;
  } catch (error) { throw new AuditError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`); }
}
