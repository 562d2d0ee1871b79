import { posix } from 'node:path';
import type { FactStore, ProcessManagerFacts, ProgramFacts } from '../../model/index.js';
import { startOf } from '../../model/index.js';
import { PROCESS_MANAGERS } from '../../knowledge/start-commands.js';
import type { Builds } from '../builds.js';
import { follow, STEPS, type Journey, type Reached, type Steps } from '../command.js';
import { startArgv } from './container.js';
import { folderOf, foldersAbove, unknownImage } from './image.js';
import type { StartedBy } from '../node/started.js';
import { argvOf, runProgram } from './managed.js';
import { knownWord, OPEN_ENVIRONMENT } from '../process-environment.js';
import { isDevelopmentName, isReload } from '../roles.js';
import type { Origin } from '../starts.js';

interface Unreached { readonly origin: Origin; readonly reached: readonly Reached[] }
export interface UnreachedOptions { readonly store: FactStore; readonly startedBy: StartedBy; readonly builds: Builds; readonly visited: Set<string>; readonly steps: Steps; /** A task definition starts a consumer: only images count beside it. */ readonly isEcs: boolean }

/**
 * Consumers of files that no container was seen to start: images by their own CMD, then process files, then scripts. Where they run
 * is not known. What is for developers by its name or its options is walked, so that its scripts are not taken for starts of their
 * own, and then left out: nobody loses work there.
 */
export function unreachedStarts(options: UnreachedOptions): readonly Unreached[] {
  const images = options.builds.dockerfiles.filter(({ path }) => !options.visited.has(path)).map(dockerfile => ofImage(dockerfile, options));
  const processes = options.store.candidates.filter(path => !options.visited.has(path)).flatMap(path => ofProcessFile(path, options));
  return [...images, ...processes, ...scriptsOf(options)].filter(({ origin }) => !isDevelopmentName(origin.path) && !isDevelopmentName(origin.name))
    .map(({ origin, reached }) => ({ origin, reached: reached.filter(one => !one.reload && !isReload(one.command.text)) })).filter(({ reached }) => reached.length > 0);
}

/** Scripts that no other one starts; of those that start each other, the first. */
function scriptsOf(options: UnreachedOptions): readonly Unreached[] {
  const all = options.store.candidates.filter(path => !options.visited.has(path)).flatMap(path => {
    const visited = new Set<string>();
    return ofScript(path, { ...options, visited }).filter(({ reached }) => reached.length > 0).map(found => ({ ...found, path, visited }));
  });
  return all.filter(({ path }, i) => !all.some((other, j) => other.path !== path && other.visited.has(path) && (j < i || !all[i]!.visited.has(other.path))));
}

function ofImage(dockerfile: Builds['dockerfiles'][number], { store, builds, visited, steps, startedBy }: UnreachedOptions): Unreached {
  const image = builds.alone(dockerfile);
  const at = startOf(dockerfile.path);
  const environment = { ...image.environment, open: true };
  const start = startArgv({ at }, { image }, environment);
  const own = new Set<string>();
  const journey: Journey = { store, image, visited: own, steps: STEPS, all: steps, startedBy };
  // An entry point without CMD: whoever runs the image gives the arguments.
  const isOpen = image.stages.some(stage => stage.entryPoint) && !image.stages.some(stage => stage.command);
  const argv = start && isOpen ? [...start.argv, { text: '$@', known: false, at }] : start?.argv;
  const all = argv ? follow({ argv, environment, directory: image.workingDirectory, depth: 0, scripts: [] }, journey) : [];
  const reached = isOpen && [...own].some(path => visited.has(path)) ? [] : all;
  for (const path of own) visited.add(path);
  const name = posix.basename(dockerfile.path);
  return { reached, origin: { path: dockerfile.path, name, platform: 'unknown', role: 'deployed', sure: start?.sure ?? false, image, joins: start ? [{ step: 'command', how: 'only-candidate', at: [start.at] }] : [] } };
}

function ofProcessFile(path: string, options: UnreachedOptions): readonly Unreached[] {
  const facts = options.store.facts(path)?.processes;
  return (facts?.programs ?? []).map(program => (facts!.manager === 'procfile' ? ofProcfileLine(program, path, options) : ofProgram(program, facts!.manager, path, options)));
}

/**
 * The platform that reads a Procfile runs each line by itself, with `bash -c` (Heroku, Cloud Foundry's and the Cloud Native
 * Buildpacks' launchers): there is no manager whose limits count.
 */
function ofProcfileLine(program: ProgramFacts, path: string, options: UnreachedOptions): Unreached {
  const { origin, journey } = lonely(path, program.name, options);
  const argv = argvOf(program.command, OPEN_ENVIRONMENT, ['/bin/bash', '-c']);
  const reached = follow({ argv, environment: OPEN_ENVIRONMENT, directory: `/${folderOf(path)}`, depth: 0, scripts: [] }, journey);
  return { reached, origin: { ...origin, joins: [{ step: 'command', how: 'only-candidate', at: [program.at] }] } };
}

function ofProgram(program: ProgramFacts, manager: ProcessManagerFacts['manager'], path: string, options: UnreachedOptions): Unreached {
  const { origin, journey } = lonely(path, program.name, options);
  const process = { argv: [], environment: OPEN_ENVIRONMENT, directory: `/${folderOf(path)}`, depth: 0, scripts: [] };
  return { reached: runProgram(program, PROCESS_MANAGERS.find(({ name }) => name === manager)!, process, journey), origin: { ...origin, joins: [{ step: 'command', how: 'only-candidate', at: [program.at] }] } };
}

function ofScript(path: string, options: UnreachedOptions): readonly Unreached[] {
  if (!options.store.facts(path)?.script) return [];
  const { origin, journey } = lonely(path, posix.basename(path), options);
  const at = startOf(path);
  const reached = follow({ argv: [knownWord(`/${path}`, at)], environment: OPEN_ENVIRONMENT, directory: '/', depth: 0, scripts: [], argsKnown: false }, journey);
  return [{ reached, origin: { ...origin, joins: [{ step: 'command', how: 'only-candidate', at: [at] }] } }];
}

function lonely(path: string, name: string, { store, builds, visited, steps, isEcs, startedBy }: UnreachedOptions): { readonly origin: Origin; readonly journey: Journey } {
  const image = unknownImage(foldersAbove(path), builds.tree);
  return { origin: { path, name, platform: 'unknown', role: isEcs ? 'development' : 'deployed', sure: false, image, joins: [] }, journey: { store, image, visited, steps: STEPS, all: steps, startedBy } };
}
