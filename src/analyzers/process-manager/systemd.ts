import type { EnvironmentEntry, Facts, Field, ProgramFacts, ReadProblem, Slot } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { lastEntry, parseIni, type IniEntry, type IniSection, type IniSyntax } from '../../parsers/ini.js';
import { stringCommand } from '../command.js';
import { environmentPairs } from './values.js';

/** A service unit of systemd. Sources: systemd.service(5), systemd.kill(5). */
export function systemdFacts(text: string, path: string): Facts {
  // a line that ends in a backslash goes on: the break becomes white space, so that offsets stay
  const syntax = parseIni(text.replace(/\\(\r?\n)[ \t]*/g, joined => ' '.repeat(joined.length)), path);
  const problems: ReadProblem[] = [...syntax.problems];
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/@?\.service[^]*$/, '');
  const programs = syntax.sections.filter(section => section.name === 'Service').flatMap(section => programOf(section, name, syntax, problem => { if (problems.length < 20) problems.push(problem); }) ?? []);
  return { path, format: 'process-manager', comments: syntax.comments, problems, processes: { manager: 'systemd', programs } };
}

function programOf(section: IniSection, name: string, syntax: IniSyntax, report: (problem: ReadProblem) => void): ProgramFacts | undefined {
  const start = lastEntry(section, 'execstart');
  if (!start) return undefined;
  const { lines } = syntax;
  const owner = lines.at(section.start, section.end);
  // @ - : + ! in front of the path change how it is run, not what
  const prefix = /^[-@:+!|]*/.exec(start.value.text)![0].length;
  const place = (from: number, to: number): ReturnType<typeof lines.at> => lines.at(...start.value.range(from + prefix, to + prefix));
  const at = place(0, start.value.text.length - prefix);
  const text = (key: string): string | undefined => lastEntry(section, key)?.value.text.trim();
  const absent: Field = { at: owner, slots: [] };
  const forks = text('type') === 'forking';
  const kills = text('killmode') ?? 'control-group';
  const field = (key: string, value: string | boolean | undefined): Field => { const entry = lastEntry(section, key); return value === undefined ? absent : { value: literal(value, entry ? lines.at(...entry.value.range(0, entry.value.text.length)) : owner), at: owner, slots: [] }; };
  const directory = text('workingdirectory')?.replace(/^-/, '');
  return {
    name, at: owner, forks, ownEnvironment: !section.entries.some(({ key }) => key === 'environmentfile' || key === 'passenvironment'), command: stringCommand(start.value.text.slice(prefix), at, place, [{ kind: 'replace', at, encoding: ['ini'] }], { report }), ...(directory !== undefined && directory.startsWith('/') && { directory }),
    environment: section.entries.filter(({ key }) => key === 'environment').flatMap(entry => environmentOf(entry, syntax)),
    stopWait: stopWait(section, syntax), stopSignal: field('killsignal', text('killsignal')),
    // what ExecStop runs asks the main process alone, and waits for it
    stopAsGroup: kills === 'control-group' && text('execstop') === undefined ? field('killmode', true) : field('killmode', false), killAsGroup: absent, processCount: absent, autostart: absent,
  };
}

function environmentOf(entry: IniEntry, { lines }: IniSyntax): readonly EnvironmentEntry[] {
  const place = (from: number, to: number): ReturnType<typeof lines.at> => lines.at(...entry.value.range(from, to));
  // `Environment="A=1" B=2`: quotes may stand around the whole pair
  return environmentPairs(entry.value.text.replace(/(^|\s)"(\w+)=([^"]*)"/g, '$1$2="$3"')).map(pair => ({ name: pair.name, value: literal(pair.value, place(0, entry.value.text.length)), at: place(0, entry.value.text.length) }));
}

/** `TimeoutStopSec`: a number is seconds; `TimeoutSec` sets it too. An absent one can be written behind the last key. */
function stopWait(section: IniSection, { lines, lineBreak }: IniSyntax): Field {
  const entry = lastEntry(section, 'timeoutstopsec') ?? lastEntry(section, 'timeoutsec');
  if (!entry) {
    const last = section.entries.reduce((a, b) => (b.lineEnd > a.lineEnd ? b : a));
    return { at: lines.at(section.start, section.end), slots: [{ kind: 'insert', at: lines.at(last.lineEnd, last.lineEnd), encoding: ['ini'], before: `${lineBreak}TimeoutStopSec=` }] };
  }
  const at = lines.at(...entry.value.range(0, entry.value.text.length));
  const seconds = secondsIn(entry.value.text);
  const slot: Slot = { kind: 'replace', at, encoding: ['ini'] };
  return { value: seconds === undefined ? { is: 'opaque', text: entry.value.text, at } : literal(seconds, at, slot), at, slots: [slot] };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, sec: 1, second: 1, seconds: 1, m: 60, min: 60, minute: 60, minutes: 60, h: 3600, hr: 3600, hour: 3600, hours: 3600, ms: 1e-3, msec: 1e-3 };

/** `90`, `2min 30s`; infinity (or 0) is no limit: undefined. */
export function secondsIn(text: string): number | undefined {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/gi)];
  if (parts.length === 0 || parts.map(part => part[0]).join('') !== text.trim()) return undefined;
  const seconds = parts.map(([, number, unit]) => Number(number) * (UNITS[unit!.toLowerCase()] ?? NaN)).reduce((sum, part) => sum + part, 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
