import type { CeleryApp, EffectiveSettings, IneffectiveSetting, OriginStep, Report, Setting, Worker } from '../model/index.js';
import { place, shorten } from '../model/index.js';
import { clean, columns } from './clean.js';
import { plain } from './inventory.js';
import type { ReportOptions } from './options.js';
import { painter, type Paint } from './paint.js';

/** Shown even where nobody wrote them: what most findings rest on. */
const TELLING = new Set(['task_acks_late', 'task_reject_on_worker_lost', 'task_time_limit', 'task_soft_time_limit', 'worker_prefetch_multiplier', 'worker_concurrency', 'worker_pool', 'broker_transport_options', 'worker_soft_shutdown_timeout']);

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

/** The effective settings of every worker: value, where it comes from, what it overrides, and what is written but never read. */
export function settings(report: Report, { color, verbose }: ReportOptions): string {
  const paint = painter(color);
  const { workers, apps } = report.model;
  const alone = apps.filter(app => app.workers.length === 0);
  if (workers.length === 0 && alone.length === 0) return `no Celery worker or app found in ${report.scannedFiles} files\n`;
  return [...workers.map(worker => workerTable(worker, paint, verbose)), ...alone.map(app => appTable(app, paint, verbose))].join('\n');
}

function workerTable(worker: Worker, paint: Paint, verbose: boolean): string {
  const { drainNeed, app } = worker;
  const need = drainNeed.is === 'bounded' ? `${drainNeed.seconds} s (${drainNeed.from.map(place).join(', ') || 'no place'})` : drainNeed.is;
  const head = [
    ['command', `${shorten(worker.command.text, 90)} (${place(worker.command.at)})`],
    ['app', app ? `${app.id} (${place(app.at)})` : 'not joined'],
    ['broker, pool', `${worker.broker}, ${worker.pool}`],
    ['stop time', worker.stopTime.state === 'set' ? `${String(worker.stopTime.value)} s (${originOf(worker.stopTime)})` : valueOf(worker.stopTime)],
    ['drain need', need],
  ].map(([name, value]) => `  ${paint('dim', name!.padEnd(12))}  ${clean(value!)}`);
  const environment = worker.environment === undefined ? '' : ` (${worker.environment})`;
  return [paint('bold', clean(`worker ${worker.id}${environment}`)), ...head, '', ...table(worker.settings, paint, verbose), ...ineffective(app?.ineffective ?? [], paint), ...noEffect(worker, paint), ''].join('\n');
}

function noEffect(worker: Worker, paint: Paint): readonly string[] {
  const rows = worker.noEffect ?? [];
  return rows.length === 0 ? [] : ['', `  ${paint('bold', 'written without effect here')}`, ...rows.map(({ setting, at, text }) => `  ${clean(`${setting} (${place(at)}): ${text}`)}`)];
}

function appTable(app: CeleryApp, paint: Paint, verbose: boolean): string {
  return [paint('bold', clean(`app ${app.id} (${place(app.at)}), no worker command found`)), '', ...table(app.settings, paint, verbose), ...ineffective(app.ineffective, paint), ''].join('\n');
}

function table(all: EffectiveSettings, paint: Paint, verbose: boolean): readonly string[] {
  const shown = [...all].filter(([name, setting]) => (setting.state === 'set' && setting.certainty !== 'format-default') || setting.state === 'unknown' || TELLING.has(name) || (verbose && setting.state === 'set'));
  const rows = shown.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, setting]) => ({ name: clean(name), value: clean(valueOf(setting)), setting }));
  const wide = (texts: readonly string[]): number => Math.max(0, ...texts.map(columns));
  const [nameWidth, valueWidth] = [wide(rows.map(row => row.name)), wide(rows.map(row => row.value))];
  return rows.flatMap(({ name, value, setting }) => [
    `  ${pad(name, nameWidth)}  ${paint(setting.state === 'set' && setting.certainty !== 'format-default' ? 'bold' : 'dim', pad(value, valueWidth))}  ${clean(originOf(setting))}`,
    ...(setting.state === 'set' ? setting.overridden : []).map(step => `  ${' '.repeat(nameWidth + valueWidth + 2)}  ${paint('dim', clean(`overrides ${stepText(step)}`))}`),
  ]);
}

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)));

function valueOf(setting: Setting<unknown>): string {
  if (setting.state === 'unset') return 'unset';
  if (setting.state === 'unknown') return `? ${shorten(setting.expression, 40)}`;
  return shorten(typeof setting.value === 'string' ? String(plain(setting.value)) : JSON.stringify(plain(setting.value)) ?? 'unset');
}

function originOf(setting: Setting<unknown>): string {
  if (setting.state === 'unset') return 'no default';
  if (setting.state === 'unknown') return `${place(setting.at)}, could not be resolved`;
  const origin = setting.origin.map(stepText).join(' ← ') || place(setting.at);
  return setting.certainty === 'unless-environment' ? `${origin}, unless the environment says otherwise` : origin;
}

/** The step's text, with its place where the text does not name it already. */
const stepText = ({ text, at }: OriginStep): string => (at && !text.includes(place(at)) ? `${text} (${place(at)})` : text);

function ineffective(entries: readonly IneffectiveSetting[], paint: Paint): readonly string[] {
  if (entries.length === 0) return [];
  return ['', '  written, but never read by Celery:', ...entries.map(({ name, value, at, reason, wanted }) =>
    `    ${clean(`${name} = ${shorten(value, 40)}`)}  ${paint('dim', clean(`${place(at)}: ${REASONS[reason]}${wanted === undefined ? '' : `; it would read ${wanted}`}`))}`)];
}
