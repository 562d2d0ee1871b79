import type { Cell, Change, Comparison, Fated, Timeline, Unit } from '../../fate/index.js';
import { isAlone, percent, signalOf, stopOf, type Cuts, type Event, type Outcome } from '../../fate/index.js';
import type { BrokerBasis, MessageConsumer, Report, Worker } from '../../model/index.js';
import { workerHeading } from '../groups.js';
import { plural } from '../options.js';

/** What `drainlint fate` prints. */
export interface FateReport {
  readonly report: Report;
  readonly fated: readonly Fated[];
  /** Workers of which no task function is known. */
  readonly empty: readonly Worker[];
  /** Of the workers that are shown one by one. */
  readonly timelines: readonly Timeline[];
  /** Instead of the table: what is better or worse than before. `title`: with what, or since when. */
  readonly comparison?: { readonly title: string; readonly result: Comparison };
  /** How each fate comes about. */
  readonly explain: boolean;
}

/** An event in a heading, above a narrow column, and what it is. */
interface EventWords { readonly title: string; readonly head: readonly string[]; readonly about: string }
export const EVENT: Readonly<Record<Event, EventWords>> = {
  'stop': { title: 'deployment, scale-in', head: ['deploy,', 'scale-in'], about: 'SIGTERM, and SIGKILL when the stop time is over; Fargate Spot and a failed health check do the same' },
  'container-killed': { title: 'container killed', head: ['container', 'killed'], about: 'SIGKILL without a warning: its memory is used up' },
  'host-lost': { title: 'host lost', head: ['host', 'lost'], about: 'the instance fails, or EC2 Spot takes it without draining' },
  'child-killed': { title: 'child process killed', head: ['child', 'killed'], about: 'one process of the pool, by running out of memory' },
  'connection-lost': { title: 'broker connection lost', head: ['broker', 'lost'], about: 'a failover, a restart or the network' },
  'hard-limit': { title: 'hard time limit', head: ['hard', 'limit'], about: 'task_time_limit ends the run' },
  'exception': { title: 'exception', head: ['raises'], about: 'the task raises' },
  'visibility-timeout': { title: 'visibility timeout', head: ['visibility', 'timeout'], about: 'the run takes longer than the broker hides its message (BullMQ: than its lock lives)' },
  'consumer-timeout': { title: 'consumer timeout', head: ['consumer', 'timeout'], about: 'the run takes longer than RabbitMQ waits for an acknowledgement' },
  'second-stop': { title: 'second stop', head: ['second', 'stop'], about: 'the next deployment comes while the task runs again' },
  'recycled': { title: 'child recycled', head: ['child', 'recycled'], about: 'max_tasks_per_child' },
  'long-task-ahead': { title: 'long task ahead', head: ['long task', 'ahead'], about: 'another task occupies the process' },
};

/** What every cell speaks of. */
export const RUN = 'Each cell is about a run that needs as long as its time limit or `durations` allow; without a limit it outlasts every stop.';

/** Of Kafka, pg-boss and graphile-worker. */
export const UNMEASURED = 'what becomes of it is not known: nobody has measured it';

/** Why nothing is said of these workers' fates, and which they are. */
export function withoutFates(empty: readonly Worker[]): readonly { readonly why: string; readonly workers: readonly Worker[] }[] {
  const [other, celery] = [empty.filter(({ command }) => command.kind === 'unaudited'), empty.filter(({ command }) => command.kind !== 'unaudited')];
  return [{ why: 'no task function is known of these, so neither is its fate', workers: celery }, { why: 'these consume with a library that is not judged', workers: other }].filter(({ workers }) => workers.length > 0);
}

/** An outcome in a cell, and what it means. */
export const OUTCOME: Readonly<Record<Outcome['is'], { readonly word: string; readonly about: string }>> = {
  lost: { word: 'lost', about: 'nobody does it' },
  stuck: { word: 'stuck', about: 'the broker keeps it, no running worker takes it' },
  loops: { word: 'loops', about: 'started over and over' },
  twice: { word: 'twice', about: 'done by two workers' },
  restarts: { word: 'again', about: 'starts again from the beginning' },
  fails: { word: 'fails', about: 'ends as failed' },
  completes: { word: 'done', about: 'done once' },
};

/** `lost`; `lost?` where it is not certain; nothing where it cannot occur. */
export function word(cell: Cell | undefined): string {
  if (!cell) return '';
  const words = [...new Set(cell.ways.map(({ is }) => OUTCOME[is].word))];
  return words.length > 1 ? `${words[0]}?` : words[0] ?? '';
}

/** The share of cut runs in a cell: `90 %`, `≤ 90 %` where a limit is all that is known; nothing where none is cut or it is not known. Of several: the worst. */
export function share(members: readonly { readonly cuts?: Cuts }[]): string {
  const known = members.map(({ cuts }) => cuts);
  if (known.length > 0 && known.every(cuts => cuts?.is === 'every')) return '100 %';
  if (known.some(cuts => cuts?.is !== 'share')) return '';
  const worst = [...known].sort((a, b) => shareOf(b) - shareOf(a))[0];
  if (worst?.is !== 'share' || worst.share === 0) return '';
  const isBound = (worst.basis === 'limit' && worst.share < 1) || known.some(cuts => shareOf(cuts) !== worst.share);
  return `${isBound ? '≤ ' : ''}${percent(worst.share)}`;
}
const shareOf = (cuts: Cuts | undefined): number => (cuts?.is === 'share' ? cuts.share : 0);

const LATE: Readonly<Record<string, string>> = { 'at-once': ' at once', 'restored': ' after some 10 s', 'retried': ' after its retry countdown', 'noticed': ' once missed', 'visibility-timeout': ' after the visibility timeout', 'stall-check': ' after the stall check' };

/** All that may become of it: `lost or again after the visibility timeout`. */
export function words(cell: Cell | undefined): string {
  if (!cell) return 'cannot occur';
  return [...new Set(cell.ways.map(({ is, key }) => OUTCOME[is].word + (LATE[/ (.*)/.exec(key)?.[1] ?? ''] ?? '')))].join(' or ');
}

/** All cells in one line: `lost: deployment, scale-in; host lost · done: broker connection lost`. */
export function inShort(cells: readonly Cell[]): string {
  const byWord = new Map<string, string[]>();
  for (const cell of cells) byWord.set(word(cell), [...(byWord.get(word(cell)) ?? []), EVENT[cell.event].title]);
  return [...byWord].map(([name, titles]) => `${name}: ${titles.join('; ')}`).join(' · ') || UNMEASURED;
}

/** A share of cut runs in a sentence. */
export function cutsWord(cuts: Cuts): string {
  if (cuts.is === 'share') return cuts.share === 0 ? 'none cut' : `${cuts.basis === 'limit' && cuts.share < 1 ? 'up to ' : ''}${percent(cuts.share)} of the runs in progress cut`;
  if (cuts.is === 'every') return 'every run in progress cut';
  return cuts.is === 'protected' ? 'none cut: task protection' : cuts.is === 'whatever-runs' ? 'whatever runs is cut' : 'share of cut runs not known';
}

/** `worker infra/worker.json: worker (prod)`; of several that are alike their number and names. */
export function unitsHeading(units: readonly Unit[], limit: number): string {
  const [first] = units;
  if (units.length === 1 && first) return unitHeading(first);
  if (first?.consumer) return `${units.length} consumers in ${packageOf(first.consumer)} (${first.consumer.kind})`;
  const names = units.map(unit => unitHeading(unit).replace(/^worker /, '').replace(/, no worker command found$/, ''));
  return `${units.length} ${first?.worker && isAlone(first.worker) ? 'apps without a worker command,' : 'workers'} with the same fates: ${names.slice(0, limit).join(', ')}${names.length > limit ? ` and ${names.length - limit} more` : ''}`;
}

const unitHeading = ({ worker, consumer }: Unit): string => (worker ? isAlone(worker) ? `app ${worker.id}, no worker command found` : workerHeading(worker) : `consumer ${consumer.id} (${consumer.kind})`);

const BASIS: Readonly<Record<BrokerBasis, string>> = { written: '', fallback: ' by its fallback', name: ' by its variable\'s name' };

/** `stop time 30 s · redis · prefork · SIGTERM does not reach it` */
export function unitFacts(unit: Unit): string {
  if (unit.consumer) {
    const { consumer, startedBy } = unit;
    const starts = startedBy.map(worker => `started by ${worker.id}: ${stopFacts(worker).join(' · ')}`);
    return [packageOf(consumer), ...(consumer.handler ? [] : ['what it does with a message is not known']), ...(starts.length === 0 ? ['what starts it is not known'] : starts.length <= 2 ? starts : [`started by ${startedBy.length} containers`])].join(' · ');
  }
  const { worker } = unit, [stop, signal] = stopFacts(worker);
  return [stop, worker.broker === 'unknown' ? 'broker not known' : `${worker.broker}${BASIS[worker.brokerBy ?? 'written']}`, worker.pool === 'unknown' ? 'pool not known' : worker.pool, signal].join(' · ');
}

const HEARS = { arrives: 'SIGTERM reaches it', ignored: 'SIGTERM does not reach it', kills: 'SIGTERM kills it at once', group: 'SIGTERM hits its children too' } as const;
function stopFacts(worker: Worker): readonly [string, string] {
  const stop = stopOf(worker), signal = signalOf(worker);
  return [`stop time ${stop === undefined ? 'not known' : `${stop} s`}`, signal ? HEARS[signal] : 'whether SIGTERM reaches it is not known'];
}

const packageOf = ({ process: { folder } }: MessageConsumer): string => (folder === '' || folder === '.' ? 'the top package' : `package ${folder}`);

/** What a row is of: a name, or a number of names. */
export function rowTitle(members: readonly Fated[]): string {
  return members.length === 1 ? members[0]!.name : plural(members.length, members[0]!.fn ? 'task function' : 'consumer');
}

/** `14 task functions on 2 workers, 3 consumers: 2 worse, 3 better, 12 unchanged`. */
export function summaryOf({ changed, unchanged, compared: { workers, consumers }, added, removed }: Comparison): string {
  // members of a section stand for each of its workers
  const rows = changed.flatMap(({ units, rows: all }) => all.map(({ members, changes }) => ({ size: members.length * (members[0]!.fn ? units.length : 1), kind: kindOf(changes) })));
  const count = (kind: string): number => rows.filter(row => row.kind === kind).reduce((sum, { size }) => sum + size, 0);
  const parts = KINDS.filter(kind => count(kind) > 0).map(kind => `${count(kind)} ${kind}`);
  const functions = unchanged + rows.reduce((sum, { size }) => sum + size, 0) - consumers;
  if (functions + consumers + added.length + removed.length === 0) return 'no task function and no consumer is concerned';
  const subjects = [...(functions > 0 || consumers === 0 ? [`${plural(functions, 'task function')}${workers > 1 ? ` on ${workers} workers` : ''}`] : []), ...(consumers > 0 ? [plural(consumers, 'consumer')] : [])];
  return `${subjects.join(', ')}: ${[...parts, `${unchanged} unchanged`].join(', ')}${added.length > 0 ? `; ${added.length} new` : ''}${removed.length > 0 ? `; ${removed.length} gone` : ''}`;
}

const KINDS = ['worse', 'worse at one event and better at another', 'better', 'changed'] as const;
function kindOf(changes: readonly Change[]): (typeof KINDS)[number] {
  const has = (is: Change['is']): boolean => changes.some(change => change.is === is);
  return has('worse') ? KINDS[has('better') ? 1 : 0] : has('better') ? 'better' : 'changed';
}

/** Is any fate worse? */
export const isWorse = ({ changed }: Comparison): boolean => changed.some(({ rows }) => rows.some(({ changes }) => changes.some(({ is }) => is === 'worse')));
