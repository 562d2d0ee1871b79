import { posix } from 'node:path';
import type { ChainLink, CommandFacts, Field, ProgramFacts, Setting, SourceLocation } from '../../model/index.js';
import { literalText } from '../../model/index.js';
import { S6_SERVICES_GRACETIME, type PROCESS_MANAGERS } from '../../knowledge/start-commands.js';
import { behind, follow, locate, next, textOf, type Journey, type Process, type Reached } from '../command.js';
import { expand, joined, knownWord, likely, withEntries, withProgram, type Environment, type Word } from '../process-environment.js';
import { settingOf } from './field-settings.js';

type Manager = (typeof PROCESS_MANAGERS)[number];

/** The consumers of a process manager: of the file its argv names, else of the first file at its usual places. */
export function runManager(manager: Manager, process: Process, journey: Journey): readonly Reached[] {
  const words = process.argv.slice(1);
  if (manager.name === 'pm2') return runPm2(manager, words, process, journey);
  const option = words.findIndex(word => manager.file.includes(word.text) || manager.file.some(name => name.startsWith('--') && word.text.startsWith(`${name}=`)));
  const named = option < 0 ? undefined : words[option]!.text.includes('=') ? words[option]!.text.slice(words[option]!.text.indexOf('=') + 1) : likely(words[option + 1]);
  const files = (named === undefined ? manager.places : [named]).flatMap(path => locate(path.includes('/') ? path : `./${path}`, process, journey) ?? []).slice(0, 1);
  const included = manager.name === 'supervisord' && files.every(file => (journey.store.facts(file.path)?.processes?.programs.length ?? 0) === 0)
    ? ['/etc/supervisor/conf.d', '/etc/supervisor.d', '/etc/supervisord.d'].flatMap(folder => journey.image.filesBelow(folder)).map(path => ({ path, how: 'written' as const })) : [];
  const chosen = manager.name === 'supervisord' ? undefined : processNames(words, option, named);
  return [...files, ...included].flatMap(file => {
    const programs = journey.store.facts(file.path)?.processes?.programs;
    if (!programs) return [];
    const reached = programs.filter(program => !chosen || chosen.length === 0 || chosen.includes(program.name)).flatMap(program => runProgram(program, manager, process, journey));
    if (reached.length > 0) journey.visited.add(file.path);
    return reached.map(one => ({ ...one, guessed: one.guessed || file.how === 'guess' }));
  });
}

/** `honcho start -f Procfile web worker`: the processes it is to run. */
function processNames(words: readonly Word[], option: number, file: string | undefined): readonly string[] {
  return words.slice(1).filter((word, i) => !word.text.startsWith('-') && i + 1 !== option + 1 && word.text !== file).map(word => word.text);
}

/** `pm2-runtime start ecosystem.config.js`, `pm2-runtime worker.js`: the apps of a file, or one program. */
function runPm2(manager: Manager, words: readonly Word[], process: Process, journey: Journey): readonly Reached[] {
  const operands = words.filter((word, i) => !word.text.startsWith('-') && !/^--(?:name|only|env|instances|max-memory-restart)$|^-[ien]$/.test(words[i - 1]?.text ?? '') && !(i === 0 && /^(?:start|startOrRestart|startOrReload)$/.test(word.text)));
  const [first] = operands;
  const named = likely(first);
  const files = (named === undefined ? manager.places : [named]).flatMap(path => locate(path.includes('/') ? path : `./${path}`, process, journey) ?? []).slice(0, 1);
  const programs = files.flatMap(file => journey.store.facts(file.path)?.processes?.programs ?? []);
  if (programs.length > 0) {
    const reached = programs.flatMap(program => runProgram(program, manager, process, journey));
    if (reached.length > 0) for (const file of files) journey.visited.add(file.path);
    return reached.map(one => ({ ...one, guessed: one.guessed || files.some(file => file.how === 'guess') }));
  }
  if (!first || named === undefined) return [];
  const limit = words.find((_, i) => words[i - 1]?.text === '--kill-timeout');
  const wait = limit && likely(limit);
  const { at } = first;
  const stopWait = settingOf({ at, slots: [], ...(wait !== undefined && { value: { is: 'literal', value: Number(wait) / 1000, at: limit!.at } }) }, numberOf, { value: manager.stopWait, text: 'default of pm2' });
  const link: ChainLink = { kind: 'process-manager', program: 'pm2', programName: posix.basename(named), at, text: textOf(process.argv), stopWait, stopSignal: manager.signal ?? 'TERM', toGroup: false };
  const interpreter = /\.[cm]?js$/.test(named) ? [knownWord('node', at)] : /\.py$/.test(named) ? [knownWord('python3', at)] : /\.sh$/.test(named) ? [knownWord('bash', at)] : [];
  return behind(link, follow(next(process, [...interpreter, ...operands]), journey));
}

/** One program of a process manager, with the manager as first link. */
export function runProgram(program: ProgramFacts, manager: Manager, process: Process, journey: Journey): readonly Reached[] {
  if (literalText(program.autostart.value)?.toLowerCase() === 'false' || (program.autostart.value?.is === 'literal' && program.autostart.value.value === false)) return [];
  const written = withEntries(process.environment, program.environment, `environment of ${program.name}`, 'itself');
  const environment = program.ownEnvironment ? { ...written, open: false } : written;
  const directory = program.directory === undefined ? process.directory ?? journey.image.workingDirectory : posix.resolve(process.directory ?? journey.image.workingDirectory, program.directory);
  const link: ChainLink = {
    kind: 'process-manager', program: manager.name, programName: program.name, at: program.at, text: program.command.text,
    stopWait: settingOf(program.stopWait, numberOf, { value: manager.stopWait, text: `default of ${manager.name}` }), stopSignal: program.stopSignal.value ? signalOf(program.stopSignal) : manager.signal ?? 'TERM', toGroup: isTrue(program.stopAsGroup) ?? manager.toGroup,
  };
  const reached = behind(link, follow(next(process, argvOf(program.command, environment), { environment, directory }), journey)).map(one => ({ ...one, program: one.program ?? program.name }));
  // a daemon that the manager expects is watched by it
  return program.forks ? reached.map(one => ({ ...one, links: one.links.filter(({ kind }) => kind !== 'detached') })) : reached;
}

/** A command as the argv that is run: a shell form is a program of /bin/sh. `environment`: what its words may refer to. */
export function argvOf(command: CommandFacts, environment: Environment, shell: readonly string[] = ['/bin/sh', '-c']): readonly Word[] {
  const { at, program, slots, words } = command;
  if (command.form === 'shell') {
    const text = words[0] ? joined(words[0], { environment }) : knownWord(command.text, at);
    // The first word carries the slots: that is how a shell form is told from a written `sh -c`.
    return [...shell.map((word, i) => ({ ...knownWord(word, at), ...(i === 0 && { slots }) })), { ...text, ...(program && { program }), slots }];
  }
  const argv = words.flatMap(word => (command.form === 'string' ? expand(word, { environment }) : [joined(word, { environment })]));
  const [first, ...rest] = argv;
  // An entry point `sh -c` runs the first word of the command as its program.
  return first && command.asProgram ? [{ ...first, program: command.asProgram, slots }, ...rest] : withProgram(argv, program, slots);
}

/** s6-overlay's `/init`: a run script for every service below its folders. */
export function runServices(process: Process, journey: Journey, at: SourceLocation): readonly Reached[] {
  const scripts = ['/etc/s6-overlay/s6-rc.d', '/etc/services.d'].flatMap(folder => journey.image.filesBelow(folder).filter(path => posix.basename(path) === 'run').map(path => ({ folder, name: posix.basename(posix.dirname(path)) })));
  return scripts.flatMap(({ folder, name }) => {
    // s6-rc waits for a service without a limit unless a timeout-kill file says otherwise (s6-rc-compile documentation).
    const stopWait = folder === '/etc/services.d' ? graceTime(process, at) : { state: 'unset' as const, at, slots: [] };
    const link: ChainLink = { kind: 'process-manager', program: 's6', programName: name, at, text: textOf(process.argv), stopWait, stopSignal: 'TERM', toGroup: false };
    return behind(link, follow(next(process, [knownWord(`${folder}/${name}/run`, at)]), journey)).map(one => ({ ...one, program: name }));
  });
}

/** s. What s6-overlay's variable says, else its default; with 0 it waits for ever. */
function graceTime({ environment }: Process, at: SourceLocation): Setting<number> {
  const variable = environment.variables.get('S6_SERVICES_GRACETIME');
  if (!variable) return environment.open ? { state: 'unknown', at, expression: 'S6_SERVICES_GRACETIME', candidates: [] } : { state: 'set', value: S6_SERVICES_GRACETIME / 1000, at, certainty: 'format-default', origin: [{ text: 'default of s6-overlay' }], overridden: [], slots: [] };
  const milliseconds = numberOf(variable.value);
  if (milliseconds === undefined) return { state: 'unknown', at: variable.at, expression: 'S6_SERVICES_GRACETIME', candidates: [] };
  const slots = variable.slot ? [{ ...variable.slot, after: `000${variable.slot.after ?? ''}` }] : [];
  return milliseconds === 0 ? { state: 'unset', at: variable.at, slots } : { state: 'set', value: milliseconds / 1000, at: variable.at, certainty: 'written', origin: [{ text: 'S6_SERVICES_GRACETIME', at: variable.at }], overridden: [], slots };
}

export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

export function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return typeof value === 'string' && /^(true|yes|on|1)$/i.test(value) ? true : typeof value === 'string' && /^(false|no|off|0)$/i.test(value) ? false : undefined;
}

function isTrue(field: Field): boolean | undefined {
  return field.value?.is === 'literal' ? booleanOf(field.value.value) : undefined;
}

function signalOf(field: Field): string {
  return (literalText(field.value) ?? 'TERM').toUpperCase().replace(/^SIG/, '');
}
