import type { Facts } from './facts.js';
import type { Observed } from './model.js';

/**
 * The files of a scanned tree and what they say. Facts are read on demand and remembered: a helper file is parsed only when
 * something reaches it. `link/` pulls through this and never reads by itself.
 */
export interface FactStore {
  /** Every file of the tree, relative to its root, with `/`, sorted. */
  readonly paths: readonly string[];
  /** The files whose text may matter by itself (survived the prefilter), sorted. */
  readonly candidates: readonly string[];
  has(path: string): boolean;
  /** undefined: no such file, or no analyzer knows it. Never throws. */
  facts(path: string): Facts | undefined;
}

/** What a team declares because the files cannot show it (drainlint.config.yaml). */
export interface LinkOptions {
  readonly workers: readonly { readonly service: string; readonly app: string }[];
  /** celery: "5.6", billiard: "4.2.4" */
  readonly assume: Readonly<Record<string, string>>;
  /** Observed maxima of task functions, by a pattern of their names; the first that fits counts. */
  readonly durations: Readonly<Record<string, Observed>>;
}

/** The reader of one format: pure functions of one file's text. */
export interface Analyzer {
  recognises(path: string, text: string): boolean;
  facts(text: string, path: string): Facts;
}

/** One line of the list of analyzers: which files it may concern, and how to load it when one is there. */
export interface AnalyzerEntry {
  readonly format: Facts['format'];
  /** The paths a file of this format can have. */
  readonly name: RegExp;
  /** Without one of these words a text says nothing by itself. Absent: every file of that name counts. Tried on Latin-1 text. */
  readonly words?: RegExp;
  /** Files without its words may be asked for by what other files say (an entry script, a module); `beside`: where one of that name has words. */
  readonly onDemand: boolean | 'beside';
  /**
   * Other files lead to files of this kind, so that a change in one without the words can matter: true, to what is reported elsewhere (a module); an
   * expression that its beginning matches, to what is reported there, too (a start script).
   */
  readonly reached?: true | RegExp;
  load(options: { readonly shortRun: boolean }): Promise<Analyzer>;
}
