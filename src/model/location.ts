/** A place in a file. Lines and columns are 1-based, the end is exclusive (SARIF's region). */
export interface SourceLocation {
  readonly path: string;
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** Where the place has no line of its own: an ARN and field, a construct path, a resource address. */
  readonly logical?: string;
}

/** The languages a value can be written in at a slot, outermost first (JSON inside an HCL heredoc inside …). */
export type Encoding = 'json' | 'yaml' | 'python' | 'shell' | 'dockerfile' | 'ini' | 'hcl' | 'typescript';

/** Where and in which language a value can be written, so that a rule can mend it without knowing the format. */
export interface Slot {
  readonly kind: 'replace' | 'insert' | 'remove';
  /** replace, remove: the text to go. insert: an empty range where the new text goes. */
  readonly at: SourceLocation;
  readonly encoding: readonly Encoding[];
  /** The text around the encoded value: what an insert adds with it (`\n      "stopTimeout": ` and `,`), or a unit (`s`). */
  readonly before?: string;
  readonly after?: string;
  /** What stands between two values that are written here together, where the others have one a line; none: `, `. */
  readonly between?: string;
  /** Where names are written with their values: what stands between them; none: `=`. */
  readonly sign?: string;
  /** Where the value may span several lines: what begins each item of a list in its brackets, and the closing bracket. A line break and the indentation there. */
  readonly items?: readonly [string, string];
}

/** Does it stand in a running resource instead of a file? Its path is `aws:` and an ARN or address then. */
export const isRunning = ({ path }: SourceLocation): boolean => path.startsWith('aws:');

/** `path:line`, as people paste it into an editor. */
export function place(at: SourceLocation): string {
  return `${at.path}:${at.startLine}`;
}

/** Where something begins, as a key: `samePlace` of two is equality of theirs. */
export const spotOf = (at: SourceLocation): string => `${place(at)}:${at.startColumn}`;

/** The first line of a file, for what concerns the file as a whole. */
export function startOf(path: string): SourceLocation {
  return { path, startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 };
}

/** Order of two places: by path, then by position. */
export function comparePlaces(a: SourceLocation, b: SourceLocation): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.startLine - b.startLine || a.startColumn - b.startColumn;
}

export function samePlace(a: SourceLocation, b: SourceLocation): boolean {
  return a.path === b.path && a.startLine === b.startLine && a.startColumn === b.startColumn;
}
