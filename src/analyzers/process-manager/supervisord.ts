import type { EnvironmentEntry, Facts, Field, ProgramFacts, ReadProblem, Slot, SourceLocation } from '../../model/index.js';
import { literal, literalText } from '../../model/index.js';
import { lastEntry, parseIni, type IniEntry, type IniSection, type IniSyntax } from '../../parsers/ini.js';
import { replaceAll, through } from '../../parsers/spliced.js';
import { stringCommand } from '../command.js';
import { environmentPairs, percentExpr } from './values.js';

/** The programs of a supervisord configuration. Source: supervisord.org/configuration.html. */
export function supervisordFacts(text: string, path: string): Facts {
  const syntax = parseIni(text, path);
  const problems: ReadProblem[] = [...syntax.problems];
  const shared = syntax.sections.filter(({ name }) => name === 'supervisord').flatMap(section => environmentOf(section, syntax));
  const programs = syntax.sections.filter(({ name }) => name.startsWith('program:')).flatMap(section => {
    const program = programOf(section, shared, syntax, problem => { if (problems.length < 20) problems.push(problem); });
    if (!program) problems.push({ message: `[${section.name}] has no command`, at: syntax.lines.at(section.start, section.end) });
    return program ?? [];
  });
  return { path, format: 'process-manager', comments: syntax.comments, problems, processes: { manager: 'supervisord', programs } };
}

function programOf(section: IniSection, shared: readonly EnvironmentEntry[], syntax: IniSyntax, report: (problem: ReadProblem) => void): ProgramFacts | undefined {
  const command = lastEntry(section, 'command');
  if (!command || command.value.text.trim() === '') return undefined;
  const name = section.name.slice('program:'.length).trim();
  const field = (key: string, read: (text: string) => string | number | boolean): Field => fieldOf(section, key, syntax, read);
  const directory = lastEntry(section, 'directory');
  const folder = directory && literalText(percentExpr(directory.value.text, placeOf(directory, syntax)));
  const at = syntax.lines.at(section.start, section.end);
  return {
    name, at, command: commandOf(command, name, syntax, report),
    ...(folder !== undefined && folder !== '' && { directory: folder }),
    environment: [...shared, ...environmentOf(section, syntax)],
    stopWait: field('stopwaitsecs', number), stopSignal: field('stopsignal', text => text), stopAsGroup: field('stopasgroup', boolean),
    killAsGroup: field('killasgroup', boolean), processCount: field('numprocs', number), autostart: field('autostart', boolean),
  };
}

const placeOf = ({ value }: IniEntry, { lines }: IniSyntax): SourceLocation => lines.at(...value.range(0, value.text.length));

/** `%(ENV_X)s` is read as `${X}`: what stands there is put in before the text is split. */
function commandOf(entry: IniEntry, name: string, syntax: IniSyntax, report: (problem: ReadProblem) => void): ReturnType<typeof stringCommand> {
  const plain = replaceAll(entry.value.text, /%\(ENV_(\w+)\)s|%\(program_name\)s|%%/g, ([all, variable]) => (variable ? `\${${variable}}` : all === '%%' ? '%' : name));
  const at = placeOf(entry, syntax);
  const command = stringCommand(plain.text, at, through(plain, through(entry.value, syntax.lines.at)), [{ kind: 'replace', at, encoding: ['ini'] }], { report });
  return { ...command, text: entry.value.text.replace(/\s+/g, ' ').trim() };
}

function environmentOf(section: IniSection, syntax: IniSyntax): readonly EnvironmentEntry[] {
  const entry = lastEntry(section, 'environment');
  if (!entry) return [];
  const place = (start: number, end: number): SourceLocation => syntax.lines.at(...entry.value.range(start, end));
  return environmentPairs(entry.value.text).map(pair => {
    const at = place(pair.valueStart, pair.valueEnd);
    const value = percentExpr(pair.value, at);
    return { name: pair.name, value: value.is === 'literal' ? literal(value.value, at, { kind: 'replace', at, encoding: ['ini'] }) : value, at: place(pair.start, pair.valueEnd) };
  });
}

/** A key of a program; an absent one can be written on a line of its own behind the last key. */
function fieldOf(section: IniSection, key: string, syntax: IniSyntax, read: (text: string) => string | number | boolean): Field {
  const entry = lastEntry(section, key);
  if (!entry || entry.value.text === '') return { at: syntax.lines.at(section.start, section.end), slots: entry ? [] : [insertSlot(section, key, syntax)] };
  const at = placeOf(entry, syntax);
  const slot: Slot = { kind: 'replace', at, encoding: ['ini'] };
  const expr = percentExpr(entry.value.text, at);
  const text = literalText(expr);
  return { value: text === undefined ? expr : literal(read(text), at, slot), at, slots: [slot] };
}

function insertSlot(section: IniSection, key: string, { lines, lineBreak }: IniSyntax): Slot {
  const last = section.entries.reduce((a, b) => (b.lineEnd > a.lineEnd ? b : a));
  const sign = /(?<!\s)\s*[=:]\s*$/.exec(last.head)?.[0].replace(/\n/g, '') ?? '=';
  return { kind: 'insert', at: lines.at(last.lineEnd, last.lineEnd), encoding: ['ini'], before: `${lineBreak}${lines.indentAt(last.start)}${key}${sign === '' ? '=' : sign}`, after: '' };
}

const number = (text: string): string | number => (/^-?\d+$/.test(text) ? Number(text) : text);
const TRUE = /^(?:yes|true|on|1)$/i;
const FALSE = /^(?:no|false|off|0)$/i;
const boolean = (text: string): string | boolean => (TRUE.test(text) ? true : FALSE.test(text) ? false : text);
