import type { Facts, Field, ProgramFacts, ReadProblem } from '../../model/index.js';
import { lineComments } from '../../parsers/line-comments.js';
import { lineTable, type LineTable } from '../../parsers/lines.js';
import { shellCommand } from '../command.js';

const LINE = /^[ \t\uFEFF]*([A-Za-z0-9_-]+):[ \t]*(\S[^\r\n]*)$/gm;

/** At least one line is `name: command`. */
export function looksLikeProcfile(text: string): boolean {
  return /^[ \t\uFEFF]*[A-Za-z0-9_-]+:[ \t]*\S/m.test(text);
}

/** A Procfile: each line is run by a shell (honcho, foreman, Heroku). */
export function procfileFacts(text: string, path: string): Facts {
  const lines = lineTable(text, path);
  const problems: ReadProblem[] = [];
  const programs = [...text.replace(/\r(?=\n)/g, ' ').matchAll(LINE)].map(match => programOf(match, lines, problem => { if (problems.length < 20) problems.push(problem); }));
  return { path, format: 'process-manager', comments: lineComments(lines), problems, processes: { manager: 'procfile', programs } };
}

function programOf(match: RegExpExecArray | RegExpMatchArray, lines: LineTable, report: (problem: ReadProblem) => void): ProgramFacts {
  const command = match[2]!.trimEnd();
  const start = match.index! + match[0].length - match[2]!.length;
  const place = lines.at(start, start + command.length);
  const at = lines.at(match.index! + match[0].indexOf(match[1]!), start + command.length);
  const absent: Field = { at, slots: [] };
  return {
    name: match[1]!, at, environment: [],
    command: shellCommand(command, place, (from, to) => lines.at(start + from, start + to), [{ kind: 'replace', at: place, encoding: [] }], { report }),
    stopWait: absent, stopSignal: absent, stopAsGroup: absent, killAsGroup: absent, processCount: absent, autostart: absent,
  };
}
