/** In which of the measured releases something is; left out where it is in the oldest, or still in the newest. */
export interface Lifetime {
  /** The lowest measured release that has it. */
  readonly since?: string;
  /** The highest release that has it. */
  readonly until?: string;
}

/** What changed between releases: each default with the lowest measured release that has it. */
export interface Differences extends Lifetime { readonly defaults?: Readonly<Record<string, unknown>> }

/**
 * One row of Celery's settings: new name, name before 4.0, type, default of the newest measured release (null: none; `{ seconds }`: a
 * timedelta; Infinity: no limit), and what differs between the releases.
 */
export type SettingRow = readonly [name: string, oldName: string, type: string, fallback: unknown, differs?: Differences];

/** One command-line option: its long name, short names, other long names, and whether a value follows. */
export interface CliOption { readonly long: string; readonly short?: readonly string[]; readonly also?: readonly string[]; readonly value: boolean }

/** A command-line option with its history. */
export interface OptionRow extends CliOption, Lifetime {
  /** The environment variable that Celery names for it, besides the one made of the prefix, the subcommand and the option. */
  readonly envvar?: string;
  /** Names that came later than the option, with the lowest measured release that has them. */
  readonly spelled?: Readonly<Record<string, string>>;
}

/** Where Celery takes a task option from: the decorator's own arguments, attributes of Task, autoretry, or what each message carries. */
export type TaskOptionPlace = 'decorator' | 'class' | 'autoretry' | 'message';

/** One task option: name, place, default, and the setting that fills it where it is None. */
export type TaskOptionRow = readonly [name: string, of: TaskOptionPlace, fallback: unknown, more?: Differences & { readonly setting?: string }];
