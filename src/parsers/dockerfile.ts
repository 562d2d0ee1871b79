import type { Comment, ReadProblem } from '../model/index.js';
import { timed } from '../model/index.js';
import { heredocsOf, heredocEnd } from './dockerfile/heredocs.js';
import { lineComments } from './line-comments.js';
import { lineTable, type LineTable } from './lines.js';
import { splice, type Piece, type Spliced } from './spliced.js';

/** One instruction of a Dockerfile. Offsets are those of the file's text, end exclusive. */
export interface Instruction {
  /** Upper case. */
  readonly keyword: string;
  readonly start: number;
  /** Behind the last argument; bodies of heredocs are not included. */
  readonly end: number;
  /** `--from=build` as ['from', 'build']; a flag without value has ''. */
  readonly flags: readonly (readonly [string, string])[];
  /** The arguments on one line: continuations joined, comments between them left out, flags taken off. */
  readonly arguments: Spliced;
}

export interface DockerfileSyntax {
  readonly lines: LineTable;
  readonly instructions: readonly Instruction[];
  /** The escape character: a backslash, or what `# escape=` says. */
  readonly escape: string;
  readonly comments: readonly Comment[];
  readonly problems: readonly ReadProblem[];
}

const KEYWORDS: ReadonlySet<string> = new Set(['ADD', 'ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'HEALTHCHECK', 'LABEL', 'MAINTAINER', 'ONBUILD', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR']);
const WITH_FLAGS: ReadonlySet<string> = new Set(['ADD', 'COPY', 'FROM', 'HEALTHCHECK', 'RUN']);
const MAX_PROBLEMS = 5;
/** Heredocs without an end that are searched for one. */
const MAX_UNCLOSED = 20;

/** Splits a Dockerfile into its instructions as BuildKit's parser does. Never throws. Source: moby/buildkit, frontend/dockerfile/parser. */
export function parseDockerfile(text: string, path: string): DockerfileSyntax {
  return timed('Dockerfile parser', () => readDockerfile(text, path));
}

function readDockerfile(text: string, path: string): DockerfileSyntax {
  const lines = lineTable(text, path);
  const escape = escapeOf(text);
  const instructions: Instruction[] = [];
  const problems: ReadProblem[] = [];
  const say = (message: string, from: number, to: number): void => { if (problems.length < MAX_PROBLEMS) problems.push({ message, at: lines.at(from, to) }); };
  let unclosed = 0;
  for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length;) {
    const { pieces, next } = logicalLine(text, at, escape);
    at = next;
    const instruction = pieces.length > 0 ? instructionOf(splice(pieces)) : undefined;
    if (!instruction) { if (pieces.length > 0) say('this line is no instruction', pieces[0]!.from, pieces[0]!.to); continue; }
    if (!KEYWORDS.has(instruction.keyword)) { say(`${instruction.keyword} is no instruction`, instruction.start, instruction.start + instruction.keyword.length); continue; }
    instructions.push(instruction);
    for (const heredoc of heredocsOf(instruction)) {
      const end = unclosed < MAX_UNCLOSED ? heredocEnd(text, at, heredoc) : undefined;
      if (end !== undefined) { at = end; continue; }
      unclosed++;
      say(`the heredoc ${heredoc.name} has no end`, instruction.start, instruction.end);
      break;
    }
  }
  return { lines, instructions, escape, comments: lineComments(lines).filter(({ ownLine }) => ownLine), problems };
}

/** `# escape=` counts among the directives at the very top only. */
function escapeOf(text: string): string {
  for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length;) {
    const end = endOfLine(text, at);
    const directive = /^#[ \t]*([A-Za-z][\w-]*)[ \t]*=[ \t]*(\S+)/.exec(text.slice(at, Math.min(end, at + 500)));
    if (!directive) return '\\';
    if (directive[1]!.toLowerCase() === 'escape') return directive[2] === '`' ? '`' : '\\';
    at = end + 1;
  }
  return '\\';
}

function endOfLine(text: string, at: number): number {
  const found = text.indexOf('\n', at);
  return found < 0 ? text.length : found;
}

/** One line with those it continues on; comments and empty lines between them are skipped. No pieces: a comment or an empty line. */
function logicalLine(text: string, start: number, escape: string): { readonly pieces: readonly Piece[]; readonly next: number } {
  const pieces: Piece[] = [];
  let at = start;
  while (at < text.length) {
    const lineEnd = endOfLine(text, at);
    const end = text[lineEnd - 1] === '\r' && lineEnd > at ? lineEnd - 1 : lineEnd;
    const from = firstNonBlank(text, at, end);
    const isEmpty = from === end;
    const isComment = text[from] === '#' && !isEmpty;
    if ((isEmpty || isComment) && pieces.length === 0) return { pieces, next: lineEnd + 1 };
    if (!isEmpty && !isComment) {
      const last = lastNonBlank(text, from, end);
      const continued = text[last] === escape && (last === at || text[last - 1] !== escape);
      const to = continued ? last : last + 1;
      pieces.push({ text: text.slice(pieces.length === 0 ? from : at, to), from: pieces.length === 0 ? from : at, to });
      if (!continued) return { pieces, next: lineEnd + 1 };
    }
    at = lineEnd + 1;
  }
  return { pieces, next: text.length };
}

const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t';

function firstNonBlank(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(text[at])) at++;
  return at;
}

function lastNonBlank(text: string, from: number, end: number): number {
  let at = end - 1;
  while (at > from && isBlank(text[at])) at--;
  return at;
}

function instructionOf(line: Spliced): Instruction | undefined {
  const keyword = /^[A-Za-z]+(?=\s|$)/.exec(line.text)?.[0];
  if (keyword === undefined) return undefined;
  const flags: (readonly [string, string])[] = [];
  let from = keyword.length;
  const skip = (): void => { while (from < line.text.length && /\s/.test(line.text[from]!)) from++; };
  skip();
  while (WITH_FLAGS.has(keyword.toUpperCase()) && line.text.startsWith('--', from)) {
    const to = wordEnd(line.text, from);
    const [name = '', ...value] = line.text.slice(from + 2, to).split('=');
    flags.push([name, value.join('=')]);
    from = to;
    skip();
  }
  const to = line.text.trimEnd().length;
  const [start, end] = line.range(0, Math.max(to, keyword.length));
  return { keyword: keyword.toUpperCase(), start, end, flags, arguments: part(line, from, Math.max(from, to)) };
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/\s/.test(text[at]!)) at++;
  return at;
}

/** A part of a spliced text that keeps its places. */
function part(whole: Spliced, from: number, to: number): Spliced {
  return { text: whole.text.slice(from, to), range: (start, end) => whole.range(from + start, from + end) };
}
