import type { Facts } from '../model/index.js';
import { parsePython, type Written } from '../parsers/python.js';

const SHEBANG = /^#!.*\bpython[\d.]*\b/;

/** A Python file: by its name, or by the interpreter in its first line. */
export function recognises(path: string, text: string): boolean {
  return path.endsWith('.py') || SHEBANG.test(text.slice(0, 200));
}

/** What rules write: the delay of `self.retry(countdown=…)`, and options of a task class. */
const WRITTEN: Written = { keywords: new Map([['retry', 'countdown']]), attributesBeside: 'run' };

/** What the code of one Python file says. `loadPython` of the parser must have been awaited. */
export function facts(text: string, path: string): Facts {
  const { statements, comments, problems } = parsePython(text, path, WRITTEN);
  return { path, format: 'python', comments, problems, code: statements };
}
