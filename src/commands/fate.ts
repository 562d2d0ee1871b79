import { audit } from '../audit.js';
import { AuditError, didYouMean } from '../config.js';
import { compare, fatedOf, isAlone, timelineOf, whatIf, workerOf, type Comparison } from '../fate/index.js';
import type { MessageConsumer, Model, Worker } from '../model/index.js';
import { fateJson, fateMarkdown, fateText, isWorse, type FateReport } from '../reporters/fate/index.js';
import { configFor, pathsOf, readingFor, revision, rootOf, stagedTree, wantsColor, wantsUnicode, widthOf } from './run.js';

/** Flags of `fate`, as commander hands them over. */
export interface FateFlags {
  readonly format: string;
  readonly worker?: string;
  readonly whatIf?: string;
  readonly since?: string;
  readonly staged?: boolean;
  readonly failOn: string;
  readonly explain?: boolean;
  readonly config?: string;
  readonly cache?: boolean;
  readonly readAll?: boolean;
  readonly verbose?: boolean;
  readonly color?: string | boolean;
}

/** `drainlint fate`: what becomes of every task at every event. Resolves to the exit code. */
export async function fate(given: readonly string[], flags: FateFlags): Promise<number> {
  refuse(flags);
  const places = pathsOf(given);
  const root = rootOf(places);
  const staged = flags.staged ? await stagedTree(root) : undefined;
  const paths = staged && given.length === 0 ? [root] : places;
  const earlier = flags.since === undefined ? undefined : await revision(root, flags.since);
  const kept = readingFor(root, flags);
  const report = await audit({ root, paths, config: await configFor(root, places, flags.config, staged), rules: [], ...kept, ...(earlier && { earlier }), ...(staged && { staged }) });
  kept.save();
  const { model, exitMarginSeconds: margin } = report;
  const { workers, consumers } = named(model, flags.worker, flags.verbose === true);
  const fated = fatedOf(workers, consumers, margin);
  const drawn = flags.worker !== undefined ? workers : workers.length + consumers.length === 1 ? workers.filter(worker => !isAlone(worker) && worker.functions.length > 0) : [];
  const against = earlier ? `since ${earlier.name}` : staged && 'staged, against HEAD';
  const tried = flags.whatIf === undefined ? undefined : tryOut(flags.whatIf, workers);
  const comparison = tried ? { title: `with ${flags.whatIf!}`, result: compare(fated, fatedOf(tried, consumers, margin)) } : against ? { title: against, result: since(model, workers, consumers, flags.worker, margin) } : undefined;
  const shown: FateReport = {
    report, fated, empty: workers.filter(({ functions, command, consumers: own }) => functions.length === 0 && !own && (command.kind !== 'unaudited' || consumers.length === 0)), explain: flags.explain === true || flags.worker !== undefined, ...(comparison && { comparison }),
    timelines: against ? [] : (tried ?? workers).filter((_, i) => drawn.includes(workers[i]!)).map(worker => timelineOf(worker, margin)),
  };
  process.stdout.write(printed(shown, flags));
  return flags.failOn === 'worse-fate' && comparison && isWorse(comparison.result) ? 1 : 0;
}

function refuse({ whatIf: changes, since: revisionName, staged, failOn }: FateFlags): void {
  if (staged && revisionName !== undefined) throw new AuditError('--staged with --since: what is staged is compared with HEAD; leave one of them out');
  if (staged && changes !== undefined) throw new AuditError('--what-if with --staged: both compare with another state; leave one of them out');
  if (changes !== undefined && revisionName !== undefined) throw new AuditError('--what-if with --since: both compare with another state; leave one of them out');
  if (failOn === 'worse-fate' && changes === undefined && revisionName === undefined && !staged) throw new AuditError('--fail-on worse-fate compares with nothing: add --since REVISION, --staged or --what-if');
}

function printed(fate: FateReport, flags: FateFlags): string {
  if (flags.format === 'json') return fateJson(fate);
  return flags.format === 'markdown' ? fateMarkdown(fate) : fateText(fate, { color: wantsColor(flags.color), width: widthOf(), unicode: wantsUnicode(), verbose: flags.verbose === true });
}

/** The workers and consumers that are shown: those of a name; else what is deployed, where anything is. */
function named({ consumers, ...model }: Shown, name: string | undefined, all: boolean): { readonly workers: readonly Worker[]; readonly consumers: readonly MessageConsumer[] } {
  const workers = withApps(model);
  if (name === undefined) return { workers: all ? workers : deployed(workers), consumers };
  const found = { workers: workers.filter(worker => namesOf(worker).includes(name)), consumers: consumers.filter(consumer => [consumer.id, consumer.queue].includes(name) || workers.some(worker => namesOf(worker).includes(name) && startsIt(worker, consumer))) };
  if (found.workers.length + found.consumers.length > 0) return found;
  const known = [...new Set([...workers.flatMap(namesOf), ...consumers.flatMap(({ id, queue }) => [id, ...(queue === undefined ? [] : [queue])])])];
  throw new AuditError(`there is no worker ${name}${didYouMean(name, known) || (known.length === 0 ? '' : ` (there are ${[...new Set(workers.map(worker => worker.name)), ...consumers.map(({ id }) => id)].slice(0, 12).join(', ')})`)}`);
}

type Shown = Pick<Model, 'workers' | 'consumers' | 'apps'>;
/** The workers, and what is known of those whose command is nowhere. */
const withApps = ({ workers, apps }: Pick<Model, 'workers' | 'apps'>): readonly Worker[] => [...workers, ...apps.filter(app => app.workers.length === 0).map(workerOf)];

const startsIt = (worker: Worker, { id }: MessageConsumer): boolean => worker.consumers?.some(consumer => consumer.id === id) ?? false;

const namesOf = ({ id, name, service }: Worker): readonly string[] => [id, name, ...(service ? [service.name] : [])];

function deployed(workers: readonly Worker[]): readonly Worker[] {
  const real = workers.filter(({ role }) => role === 'deployed');
  return real.length > 0 ? real : workers;
}

function tryOut(text: string, workers: readonly Worker[]): readonly Worker[] {
  const changes = whatIf(text, workers);
  if ('wrong' in changes) throw new AuditError(`--what-if: ${changes.wrong}`);
  return workers.map(changes.apply);
}

function since({ earlier }: Model, workers: readonly Worker[], consumers: readonly MessageConsumer[], name: string | undefined, margin: number): Comparison {
  const had = { workers: deployed(earlier ? withApps(earlier) : []), consumers: earlier?.consumers ?? [] };
  const before = name === undefined ? had : { workers: had.workers.filter(worker => namesOf(worker).includes(name)), consumers: had.consumers.filter(({ id, queue }) => id === name || queue === name) };
  return compare(fatedOf(before.workers, before.consumers, margin), fatedOf(workers, consumers, margin));
}
