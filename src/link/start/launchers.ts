import { posix } from 'node:path';
import type { SourceLocation } from '../../model/index.js';
import type { LauncherRow } from '../../knowledge/start-commands.js';
import { behind, follow, next, textOf, type Journey, type Process, type Reached } from '../command.js';
import { knownWord, likely } from '../process-environment.js';
import { textWord } from './shell.js';

/** A program whose arguments hold the next command: inits, wrappers, package managers, what detaches or restarts it. */
export function launch(row: LauncherRow, program: string, process: Process, journey: Journey, at: SourceLocation): readonly Reached[] {
  const inner = behindOptions(row, process);
  if (!inner) return [];
  const name = posix.basename(program);
  const text = textOf(process.argv);
  const reached = follow(inner, journey).map(one => (row.as === 'development' ? { ...one, reload: true } : one));
  if (row.as === 'detach') return behind({ kind: 'detached', how: name, at, text }, reached);
  if (row.as === 'init') return behind({ kind: 'init', program: name, toGroup: sendsToGroup(row, process), at, text }, reached);
  if (row.as === 'wrapper') return behind({ kind: 'wrapper', program: name, at, text }, reached);
  const words = row.subcommand && inner.argv.length < process.argv.length ? `${name} ${row.subcommand[0]!}` : name;
  return behind({ kind: 'package-manager', program: row.subcommand ? words : name, forwards: row.forwards ?? 'unknown', at, text }, reached);
}

/** The command a launcher's arguments hold, past its subcommand, options and operands. */
function behindOptions(row: LauncherRow, process: Process): Process | undefined {
  const words = process.argv.slice(1);
  const separator = words.findIndex(word => word.text === '--');
  if (row.needsSeparator) return separator < 0 ? undefined : next(process, words.slice(separator + 1));
  let operands = row.operands ?? 0;
  let wantsSubcommand = row.subcommand !== undefined;
  const variables = new Map(process.environment.variables);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!, text = word.text;
    if (text === '--') continue;
    if (text.startsWith('-')) { if (row.values?.includes(text)) i++; continue; }
    if (wantsSubcommand) { if (!row.subcommand!.includes(likely(word) ?? '')) return undefined; wantsSubcommand = false; continue; }
    const pair = row.assignments ? /^([A-Za-z_]\w*)=(.*)$/s.exec(text) : null;
    if (pair) { variables.set(pair[1]!, { name: pair[1]!, at: word.at, exported: true, origin: `set in ${word.at.path}`, ...(word.known && { value: pair[2]! }) }); continue; }
    if (operands > 0) { operands--; continue; }
    const rest = words.slice(i);
    // `watchfiles 'celery …'`, `su -c 'celery …'`: the command as one text.
    const program = rest.length >= 1 && /\s/.test(likely(word) ?? '') && row.as === 'development' ? [knownWord('/bin/sh', word.at), knownWord('-c', word.at), textWord(word)] : rest;
    return next(process, program, { environment: { ...process.environment, variables } });
  }
  return undefined;
}

function sendsToGroup(row: LauncherRow, process: Process): boolean {
  const { usually, unless } = row.toGroup!;
  const own = process.argv.slice(1).map(word => word.text);
  const end = own.findIndex(text => text === '--' || !text.startsWith('-'));
  const options = end < 0 ? own : own.slice(0, end);
  const turned = options.some(text => unless.some(option => text === option || (option.length === 2 && /^-[a-z]+$/i.test(text) && text.includes(option[1]!))));
  const variable = (name: string): string | undefined => process.environment.variables.get(name)?.value;
  if (usually && variable('DUMB_INIT_SETSID') === '0') return false;
  if (!usually && variable('TINI_KILL_PROCESS_GROUP')) return true;
  return turned ? !usually : usually;
}

/** GNU parallel, concurrently: every text behind `:::` is a program of its own; they wait, and pass no signal on. */
export function parallel(process: Process, journey: Journey, at: SourceLocation): readonly Reached[] {
  const words = process.argv.slice(1);
  const start = words.findIndex(word => word.text === ':::');
  const texts = (start < 0 ? words.filter(word => /\s/.test(word.text)) : words.slice(start + 1)).filter(word => !word.text.startsWith('-'));
  const reached = texts.flatMap(word => follow(next(process, [knownWord('/bin/sh', at), knownWord('-c', at), { ...word, ...textWord(word) }]), journey));
  return behind({ kind: 'package-manager', program: posix.basename(likely(process.argv[0]) ?? 'parallel'), forwards: 'no', at, text: textOf(process.argv) }, reached);
}
