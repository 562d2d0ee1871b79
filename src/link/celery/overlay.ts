import type { ConsumerCommand, EffectiveSettings, OriginStep, Setting } from '../../model/index.js';
import { BY_NAME, OPTION_SETTINGS, ZERO_IGNORED } from '../../knowledge/celery-settings.js';
import type { Lookup } from '../evaluate.js';

/** Command-line options, their CELERY_WORKER_* variables and trailing key=value over the written configuration (facts 5.2, 5.4). `prefixed`: settings that a trailing key=value does not reach. */
export function withCommand(settings: EffectiveSettings, command: ConsumerCommand, lookup: Lookup, prefixed: ReadonlySet<string> = new Set()): EffectiveSettings {
  const result = new Map(settings);
  for (const [name, value] of command.overrides) {
    const setting = name.toLowerCase().replaceAll('.', '_');
    const row = BY_NAME.get(setting);
    const before = result.get(setting);
    if (row && EARLY.has(setting) && before?.state === 'set' && Boolean(before.value)) continue;
    if (row && !prefixed.has(setting)) override(result, setting, typed(value, row[2]), { text: `command line ${name}=${value}`, at: command.at });
  }
  for (const [option, setting] of Object.entries(OPTION_SETTINGS)) {
    const written = command.options.get(option);
    const unread = command.unknownOptions.get(option);
    const variable = lookup(OPTION_VARIABLES[option] ?? `CELERY_WORKER_${option.slice(2).replaceAll('-', '_').toUpperCase()}`);
    if (unread !== undefined) result.set(setting, { state: 'unknown', at: command.at, expression: `${option} ${unread}`, candidates: [] });
    else if (written !== undefined) fromOption(result, option, setting, written, { text: `CLI ${option}`, at: command.at });
    else if (variable.state === 'set') fromOption(result, option, setting, variable.value, variable.step);
  }
  if (command.options.has('--pool') && command.options.get('--pool') === 'prefork' && settings.get('worker_pool')?.state === 'set') result.set('worker_pool', settings.get('worker_pool')!);
  return result;
}

/** Options whose default is the configuration as it was before the trailing key=value (celery bin/worker.py:158-299): those come too late. */
const EARLY: ReadonlySet<string> = new Set(['worker_prefetch_multiplier', 'worker_concurrency', 'worker_state_db', 'beat_schedule_filename']);

/** Options in front of the subcommand have variables without a prefix (celery bin/celery.py:55-110, run: a plain BROKER_URL overrides the app's broker). */
const OPTION_VARIABLES: Readonly<Record<string, string>> = { '--broker': 'BROKER_URL', '--result-backend': 'RESULT_BACKEND' };

/** The environment as the loader sees it: `--config` (or CONFIG_MODULE) is written to CELERY_CONFIG_MODULE before the app is imported (celery bin/celery.py). */
export function loaderLookup(command: ConsumerCommand, lookup: Lookup): Lookup {
  return name => {
    if (name !== 'CELERY_CONFIG_MODULE') return lookup(name);
    const option = command.options.get('--config');
    if (typeof option === 'string') return { state: 'set', value: option, step: { text: 'CLI --config', at: command.at } };
    const plain = lookup('CONFIG_MODULE');
    return plain.state === 'set' || plain.state === 'secret' ? plain : lookup(name);
  };
}

function fromOption(result: Map<string, Setting<unknown>>, option: string, setting: string, written: string | true, step: OriginStep): void {
  const value = written === true ? true : typed(written, BY_NAME.get(setting)?.[2]);
  if (value === 0 && ZERO_IGNORED.has(option)) return;
  override(result, setting, value, step);
}

function override(result: Map<string, Setting<unknown>>, name: string, value: unknown, step: OriginStep): void {
  const before = result.get(name);
  const overridden = before?.state === 'set' ? before.origin : [];
  const at = step.at ?? before?.at;
  if (at) result.set(name, { state: 'set', value, at, certainty: 'written', origin: [step], overridden, slots: [] });
}

/** A text as the type of its setting makes it (celery app/defaults.py Option.typemap, utils/serialization.py strtobool). */
function typed(text: string, type: string | undefined): unknown {
  if (type === 'bool') return /^(1|true|yes|on)$/i.test(text);
  return type !== 'string' && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** Settings of one app over several processes: set only where all agree. */
export function mergeSettings(all: readonly EffectiveSettings[]): EffectiveSettings {
  const [first, ...rest] = all;
  if (!first || rest.length === 0) return first ?? new Map();
  const merged = new Map<string, Setting<unknown>>();
  const names = new Set(all.flatMap(settings => [...settings.keys()]));
  for (const name of names) {
    const values = all.map(settings => settings.get(name) ?? { state: 'unset' as const, at: first.values().next().value!.at, slots: [] });
    merged.set(name, mergeSetting(values));
  }
  return merged;
}

/** Set only where all agree; `why` says between what they may differ. */
export function mergeSetting<T>(values: readonly Setting<T>[], why = 'differs between processes'): Setting<T> {
  const [first] = values;
  if (values.every(value => value.state === 'set' && first!.state === 'set' && JSON.stringify(value.value) === JSON.stringify(first!.value)))
    return values.find(value => value.state === 'set' && value.certainty !== 'written') ?? first!;
  if (values.every(value => value.state === 'unset')) return first!;
  const candidates = values.flatMap((value): readonly T[] => (value.state === 'set' ? [value.value] : value.state === 'unknown' ? value.candidates : [undefined as T]));
  const open = values.some(value => value.state === 'unknown' && value.candidates.length === 0);
  const written = values.find(value => value.state === 'set' && value.certainty === 'written') ?? first!;
  return { state: 'unknown', at: written.at, expression: why, candidates: open ? [] : candidates };
}
