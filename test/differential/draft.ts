import type { Random } from './random.js';

/** One setting the main configuration writes: under `key`, as the Python expression `code`. */
export interface Entry { readonly setting: string; readonly key: string; readonly code: string }

/** What a project runs, and what its files exercise. */
export interface Project {
  readonly id: string;
  readonly celery: string;
  readonly files: Readonly<Record<string, string>>;
  /** What the container runs, in which folder of it, with which variables: what the files say, worked out by the generator. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly forms: Forms;
  /** Rows of facts/celery.md (`4.1-03`) and configuration styles of the corpus (`style-07`). */
  readonly rows: readonly string[];
  /** Settings by their new names that the project writes in any way. */
  readonly written: readonly string[];
  /** Settings that cannot be read from the files: a value there is a guess. */
  readonly unreadable: readonly string[];
}

/** One form of every dimension. */
export type Forms = Readonly<Record<string, string>>;

/** A project in the making. */
export interface Draft {
  readonly forms: Forms;
  readonly celery: string;
  readonly files: Map<string, string>;
  readonly rows: Set<string>;
  readonly written: Set<string>;
  readonly unreadable: Set<string>;
  readonly env: Map<string, string>;
  readonly requirements: Set<string>;
  namespace: string | undefined;
  entries: Entry[];
  /** Lines in front of the configuration, in its file. */
  readonly prelude: string[];
  /** Lines after the configuration's entries (module-level configurations only): `keys` inside a condition. */
  readonly guarded: string[];
  readonly appImports: string[];
  readonly appPrelude: string[];
  readonly constructor: string[];
  /** Lines around the loading of the configuration. */
  readonly before: string[];
  readonly load: string[];
  readonly after: string[];
  readonly taskLines: string[];
  readonly taskImports: Set<string>;
  readonly globals: string[];
  readonly options: string[];
  readonly trailing: string[];
  misplacedApp: boolean;
  /** The Celery class in the app's module. */
  appClass: string;
  random(part: string): Random;
}

export const block = (lines: readonly string[], indent: string): string[] => lines.map(line => (line === '' ? '' : indent + line));
