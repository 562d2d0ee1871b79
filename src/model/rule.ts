import type { CallStep } from './body.js';
import type { Confidence, Model } from './model.js';
import type { SourceLocation } from './location.js';

/** SARIF's levels. */
export type Severity = 'error' | 'warning' | 'note';
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];
export const CONFIDENCES: readonly Confidence[] = ['high', 'medium', 'low'];

/** Limits a team may set (drainlint.config.yaml `thresholds`). */
export interface Thresholds {
  /** 900: the talk's 15 minutes. */
  readonly maxTaskSeconds: number;
  /** 120: Fargate's maximum. */
  readonly stopTimeoutSeconds: number;
  /** 900 */
  readonly visibilityTimeoutSeconds: number;
  /** 3: a prefork worker was measured to need 2-2.7 s beyond its last task. */
  readonly exitMarginSeconds: number;
  /** 50: half of the workers stay while the others are replaced. Percent. */
  readonly minimumHealthyPercent: number;
  /** 1: a worker holds back one message for each process. */
  readonly prefetchMultiplier: number;
}

/** One judgement about the model. Pure: model in, problems out. */
export interface Rule {
  /** family/fault; names the fault; equals folder/file name. */
  readonly id: string;
  /** The usual severity; a problem may carry another. */
  readonly severity: Severity;
  /** How safe its fix is, where its example is of a form that gets none. */
  readonly mends?: Fix['safety'];
  /** One line. */
  readonly title: string;
  /** What breaks in production. */
  readonly rationale: string;
  /** What to write instead. */
  readonly remedy: string;
  /** A primary source for every number used. */
  readonly references: readonly string[];
  /** The experiments (test/experiments) that show harm and cure. */
  readonly provenBy?: readonly string[];
  /** Why there can be no experiment. */
  readonly documentedBy?: string;
  /** Rules that may speak once this one is obeyed. */
  readonly leadsTo?: readonly string[];
  check(model: Model, thresholds: Thresholds): Iterable<Problem>;
}

export interface Problem {
  /** Value found, value wanted, consequence. One sentence, no full stop. */
  readonly message: string;
  /** The exact change, in the user's own names. */
  readonly suggestion: string;
  readonly confidence: Confidence;
  readonly severity?: Severity;
  readonly at: SourceLocation;
  /** Code that follows the suggestion, in the user's own names: what each piece is, and its lines. */
  readonly sketches?: readonly { readonly title: string; readonly code: string }[];
  /** What the excerpt at `at` shows, under the carets. */
  readonly label?: string;
  readonly related?: readonly { readonly at: SourceLocation; readonly message: string }[];
  readonly flow?: readonly CallStep[];
  /** What happens to the running task, as a chain: "SIGTERM → 30 s → SIGKILL; the task is lost". */
  readonly fate?: string;
  /** Place in the order of cure, 1 to 9 (design: 1 signal, 2 stopTimeout, 3 limits, 4 guards, 5 late ack, 6 visibility timeout, 7 prefetch, 8 worker lost, 9 remap). */
  readonly order: number;
  /** Rules whose findings at the same place say less of the same fault: this one stands for them. */
  readonly absorbs?: readonly string[];
  /** Rules that must be obeyed first. */
  readonly blockedBy?: readonly string[];
  /** The workers it is about, by id; none: app-wide or file-wide. */
  readonly workers?: readonly string[];
  readonly environments?: readonly string[];
  /** What it is about, for grouping in reports: app id, service name. */
  readonly resource?: string;
  readonly fix?: Fix;
}

export interface Fix {
  readonly title: string;
  /** safe: cannot change behaviour beyond the fault. delivery: changes when or how often tasks run. */
  readonly safety: 'safe' | 'delivery';
  readonly edits: readonly TextEdit[];
}
/** Replaces the text at `at` (empty range: inserts). */
export interface TextEdit { readonly at: SourceLocation; readonly text: string }

export interface Suppression { readonly kind: 'inline' | 'config' | 'baseline'; readonly reason: string; readonly at?: SourceLocation }

/** A problem with its rule, as reporters print it. */
export interface Finding extends Problem {
  readonly ruleId: string;
  readonly severity: Severity;
  readonly fingerprint: string;
  readonly suppressed?: Suppression;
  readonly docsUrl: string;
  readonly owner?: string;
  /** Where in AWS the suggestion is done, in each of the ways people do it. */
  readonly where?: string;
  readonly environments: readonly string[];
}

/** A finding that a team knows of and lives with for now: one line of its baseline. */
export interface BaselineEntry { readonly path: string; readonly rule: string; readonly severity: Severity; readonly fingerprint: string; readonly reason?: string }

/** Everything a reporter may print. Reporters read no files: `lines` serves the excerpts. */
export interface Report {
  readonly tool: { readonly name: 'drainlint'; readonly version: string };
  readonly findings: readonly Finding[];
  /** Findings below the confidence or preset shown, counted only. */
  readonly hidden: number;
  readonly model: Model;
  readonly rules: readonly Rule[];
  readonly scannedFiles: number;
  readonly readFiles: number;
  /** s a worker needs beyond its last task, as it was judged (the threshold of that name). */
  readonly exitMarginSeconds: number;
  /** Files that were named and are not audited, as the tree does not list them. */
  readonly leftOut?: readonly string[];
  /** What the baseline is to hold after this run, where it was asked for. */
  readonly baseline?: readonly BaselineEntry[];
  lines(path: string): readonly string[];
}
