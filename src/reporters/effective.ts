import type { CeleryApp, EffectiveSettings, IneffectiveSetting, OriginStep, Setting, SourceLocation, TaskFunction, Versions, Worker } from '../model/index.js';
import { assumptionOf, isAtLeast, isWritten, place, samePlace, shorten } from '../model/index.js';
import { VISIBILITY_TIMEOUT, visibilityOf } from '../fate/index.js';
import { isSecret, withoutPasswords } from './credentials.js';
import { hidden } from './inventory.js';

/** The effective settings of a worker, or of an app without one, in words. Passwords are starred out; control characters are not. */
export interface Effective {
  /** `worker infra/worker.json: worker` */
  readonly heading: string;
  /** What it is and how it stops: name and value. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly rows: readonly EffectiveRow[];
  /** Task functions with options of their own, where they differ from the app's setting. */
  readonly ownOptions: readonly { readonly text: string; readonly origin: string }[];
  /** Written, but never read by Celery, and why. */
  readonly neverRead: readonly { readonly text: string; readonly origin: string }[];
  /** Written and read, but without effect for this worker. */
  readonly noEffect: readonly string[];
}

/** One setting. `isWritten`: somebody wrote it. */
export interface EffectiveRow { readonly name: string; readonly value: string; readonly isWritten: boolean; readonly origin: string; readonly overridden: readonly string[] }

/** What decides whether a task is lost, run twice or kept waiting: shown even where nobody wrote it, where broker, pool and version have it. */
interface Deciding { readonly name: string; readonly broker?: readonly Worker['broker'][]; readonly pool?: readonly Worker['pool'][]; readonly since?: string }
const PREFORK = ['prefork', 'unknown'] as const;
const DECIDING: readonly Deciding[] = [
  { name: 'task_acks_late' }, { name: 'task_reject_on_worker_lost', pool: PREFORK }, { name: 'task_acks_on_failure_or_timeout' }, { name: 'task_time_limit' }, { name: 'task_soft_time_limit' },
  { name: 'worker_prefetch_multiplier' }, { name: 'worker_disable_prefetch', broker: ['redis'], since: '5.6.0' }, { name: 'worker_concurrency' }, { name: 'worker_pool' },
  { name: 'worker_max_tasks_per_child', pool: PREFORK }, { name: 'worker_max_memory_per_child', pool: PREFORK }, { name: 'worker_cancel_long_running_tasks_on_connection_loss', since: '5.1.0' },
  { name: 'worker_soft_shutdown_timeout', since: '5.5.0' }, { name: 'worker_enable_soft_shutdown_on_idle', since: '5.5.0' }, { name: 'broker_url' }, { name: 'broker_transport_options' },
  { name: 'broker_transport_options.visibility_timeout', broker: ['redis', 'sqs'] }, { name: 'broker_heartbeat', broker: ['rabbitmq'] }, { name: 'broker_connection_max_retries' }, { name: 'task_publish_retry' },
  { name: 'task_default_delivery_mode', broker: ['rabbitmq'] }, { name: 'task_default_queue_type', broker: ['rabbitmq'], since: '5.5.0' }, { name: 'result_expires' },
];
/** The options of a task function that decide the same, and the settings they inherit. */
const OPTIONS: readonly (readonly [option: string, setting: string, of: (fn: TaskFunction) => Setting<unknown>])[] = [
  ['acks_late', 'task_acks_late', fn => fn.acksLate], ['reject_on_worker_lost', 'task_reject_on_worker_lost', fn => fn.rejectOnWorkerLost], ['acks_on_failure_or_timeout', 'task_acks_on_failure_or_timeout', fn => fn.acksOnFailureOrTimeout],
  ['time_limit', 'task_time_limit', fn => fn.timeLimit], ['soft_time_limit', 'task_soft_time_limit', fn => fn.softTimeLimit],
];

const REASONS: Readonly<Record<IneffectiveSetting['reason'], string>> = {
  'old-name-under-namespace': 'Celery reads no old names under a namespace',
  'prefixed-without-namespace': 'Celery reads a prefixed name only under a namespace',
  'wrong-case': 'Celery does not read this case here',
  'module-variable': 'a variable of the module, never given to the app',
  'unknown-name': 'no setting of this name exists',
  'mixed-names': 'old and new names together: the worker does not start',
  'replaced-by-second-config': 'a later configuration replaces it',
  'unprefixed-under-namespace': 'Celery reads only names with the prefix here',
};

/** `all`: also the settings that nobody wrote and that decide nothing. */
export function effectiveOfWorker(worker: Worker, all: boolean): Effective {
  const { app } = worker;
  const environment = worker.environment === undefined ? '' : ` (${worker.environment})`;
  return {
    heading: `worker ${worker.id}${environment}`, facts: factsOf(worker),
    rows: rowsOf(withVisibility(worker.settings, worker.broker), app ? decidingFor(worker.broker, worker.pool, app.versions) : new Set(), all),
    ownOptions: ownOptions(worker.functions, worker.settings), neverRead: (app?.ineffective ?? []).map(neverRead),
    noEffect: (worker.noEffect ?? []).map(({ setting, at, text }) => `${setting} (${place(at)}): ${text}`),
  };
}

export function effectiveOfApp(app: CeleryApp, all: boolean): Effective {
  return {
    heading: `app ${app.id} (${place(app.at)}), no worker command found`, facts: [['versions', versionsText(app.versions)]],
    rows: rowsOf(withVisibility(app.settings, app.broker), decidingFor(app.broker, app.pool, app.versions), all),
    ownOptions: ownOptions(app.functions, app.settings), neverRead: app.ineffective.map(neverRead), noEffect: [],
  };
}

function factsOf({ command, app, broker, pool, stopTime, sigtermRemap: remap, drainNeed }: Worker): Effective['facts'] {
  const need = drainNeed.is === 'bounded' ? `${drainNeed.seconds} s (${drainNeed.from.map(place).join(', ') || 'no place'})` : drainNeed.is;
  return [
    ['command', `${shorten(command.text, 90)} (${place(command.at)})`],
    ['app', app ? `${app.id} (${place(app.at)})` : 'not joined'],
    ...(app ? [['versions', versionsText(app.versions)] as const] : []),
    ['broker, pool', `${broker}, ${pool}`],
    ['stop time', stopTime.state === 'set' ? `${String(stopTime.value)} s (${originOf(stopTime)})` : stopTime.state === 'unset' ? 'not known: no container or service says' : valueOf('', stopTime)],
    ['SIGTERM', remap.state === 'set' ? `REMAP_SIGTERM is ${String(remap.value)} (${originOf(remap)})` : remap.state === 'unset' ? 'REMAP_SIGTERM is not set: a warm shutdown' : 'whether REMAP_SIGTERM is set is not known'],
    ['drain need', need],
  ];
}

function versionsText({ celery, billiard }: Versions): string {
  return ([['celery', celery], ['billiard', billiard]] as const).map(([name, fact]) => assumptionOf(name, fact) ?? `${name} ${fact.assumed}`).join('; ');
}

/** The settings that decide for this broker, pool and version. */
function decidingFor(broker: Worker['broker'], pool: Worker['pool'], versions: Versions | undefined): ReadonlySet<string> {
  return new Set(DECIDING.filter(row => (row.broker === undefined || row.broker.includes(broker)) && (row.pool === undefined || row.pool.includes(pool)) && (row.since === undefined || !versions || isAtLeast(versions.celery, row.since))).map(({ name }) => name));
}

/** Decorator, annotation or base class of a task function, where they differ from the app's setting. */
function ownOptions(all: readonly TaskFunction[], settings: EffectiveSettings): Effective['ownOptions'] {
  return all.flatMap(fn => OPTIONS.flatMap(([option, setting, of]) => {
    const own = of(fn), inherited = settings.get(setting);
    const isOwn = own.state !== 'unset' && !(own.state === 'set' && own.certainty === 'format-default') && !(inherited && samePlace(own.at, inherited.at));
    return isOwn ? [{ text: `${fn.functionName}: ${option} ${valueOf(option, own)}`, origin: own.state === 'set' && own.origin.length === 0 ? place(own.at) : originOf(own) }] : [];
  }));
}

function neverRead({ name, value, at, reason, wanted }: IneffectiveSetting): Effective['neverRead'][number] {
  return { text: `${name} = ${isSecret(name) ? '***' : withoutPasswords(shorten(value, 40))}`, origin: `${place(at)}: ${REASONS[reason]}${wanted === undefined ? '' : `; it would read ${wanted}`}` };
}

function rowsOf(settings: EffectiveSettings, deciding: ReadonlySet<string>, all: boolean): readonly EffectiveRow[] {
  const shown = [...settings].filter(([name, setting]) => isWritten(setting) || setting.state === 'unknown' || deciding.has(name) || (all && setting.state === 'set'));
  return shown.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, setting]) => ({
    name, value: valueOf(name, setting), isWritten: isWritten(setting), origin: originOf(setting),
    overridden: setting.state === 'set' ? setting.overridden.map(stepText) : [],
  }));
}

/** The settings with kombu's visibility timeout, where nobody sets it and the broker has one. */
function withVisibility(settings: EffectiveSettings, broker: Worker['broker']): EffectiveSettings {
  const visibility = settings.has(VISIBILITY_TIMEOUT) ? undefined : visibilityOf({ settings, broker });
  return visibility ? new Map([...settings, [VISIBILITY_TIMEOUT, visibility.setting]]) : settings;
}

function valueOf(name: string, setting: Setting<unknown>): string {
  if (setting.state === 'unset') return 'unset';
  if (setting.state === 'unknown') return `? ${isSecret(name) ? '***' : shorten(withoutPasswords(setting.expression), 40)}`;
  const value = hidden(name, setting.value);
  if (isDuration(value)) return `${value.seconds} s`;
  return shorten(typeof value === 'string' ? value : JSON.stringify(value) ?? 'unset');
}

const isDuration = (value: unknown): value is { readonly seconds: number } => typeof value === 'object' && value !== null && 'seconds' in value && typeof value.seconds === 'number' && Object.keys(value).length === 1;

/** Where a number comes from, in words: of a setting its origin, else the place. */
export const originText = (origin: Setting<unknown> | SourceLocation): string => ('state' in origin ? originOf(origin) : place(origin));

/** Where a value comes from, in words. */
export function originOf(setting: Setting<unknown>): string {
  if (setting.state === 'unset') return 'no default';
  if (setting.state === 'unknown') return `${place(setting.at)}, could not be resolved`;
  const origin = setting.origin.map(stepText).join(' ← ') || place(setting.at);
  return setting.certainty === 'unless-environment' ? `${origin}, unless the environment says otherwise` : origin;
}

/** The step's text, with its place where the text does not name it already. */
const stepText = ({ text, at }: OriginStep): string => withoutPasswords(at && !text.includes(place(at)) ? `${text} (${place(at)})` : text);
