import type { Facts } from '../model/index.js';
import { parseTypeScript } from '../parsers/typescript.js';

/** Declarations say nothing about what runs; what is bundled is somebody else's text, on few and long lines. */
const FOREIGN = /\.d\.[cm]?ts$|\.min\.[cm]?js$|(?:^|\/)(?:dist|build|out|\.next|coverage|vendor)\//;
/** Characters of a line that a person writes at most. */
const LONGEST_LINE = 5000;

export function recognises(path: string, text: string): boolean {
  return /\.[cm]?[jt]sx?$/i.test(path) && !FOREIGN.test(path) && !(text.length > LONGEST_LINE && text.split('\n', 50).some(line => line.length > LONGEST_LINE));
}

export function facts(text: string, path: string): Facts {
  const { statements, comments, problems } = parseTypeScript(text, path);
  return { path, format: 'typescript', comments, problems, code: statements };
}
