import type { CommandFacts, Container, ContainerFacts, EnvironmentEntry, Expr, Setting, SourceLocation, StageFacts } from '../../model/index.js';
import { literalText, walk } from '../../model/index.js';
import { STOP_SECONDS } from '../../knowledge/start-commands.js';
import type { Build } from '../builds.js';
import { settingOf } from './field-settings.js';
import type { Image } from './image.js';
import { argvOf, booleanOf, numberOf } from './managed.js';
import { joined, OPEN_ENVIRONMENT, withEntries, type Environment, type Word } from '../process-environment.js';
import { render } from '../render.js';

/** What a container runs first: its argv, and whether an entry point that was not read may stand in front of it. */
export interface StartArgv { readonly argv: readonly Word[]; readonly sure: boolean; readonly own: boolean; readonly at: SourceLocation }

/**
 * ECS's, Compose's and Docker's precedence: the container's entry point replaces the image's and drops its CMD; its command
 * replaces CMD only; a shell-form ENTRYPOINT takes no arguments.
 */
export function startArgv(container: Pick<ContainerFacts, 'entryPoint' | 'command' | 'at'>, { image }: Pick<Build, 'image'>, environment: Environment): StartArgv | undefined {
  const fromImage = imageCommands(image.stages);
  // one empty text takes the image's away, too (Docker Engine API, ContainerCreate: Entrypoint)
  const isEmpty = (facts: CommandFacts | undefined): boolean => facts !== undefined && facts.words.every(word => literalText(word) === '') && facts.words.length < 2 && facts.form !== 'shell';
  const ownEntry = isEmpty(container.entryPoint) ? undefined : container.entryPoint;
  const entry = container.entryPoint ? ownEntry : fromImage.entryPoint;
  const ownCommand = isEmpty(container.command) ? undefined : container.command;
  const command = container.command ? ownCommand : container.entryPoint ? undefined : fromImage.command;
  const shell = image.stages.find(stage => stage.shell)?.shell;
  const words = (facts: CommandFacts | undefined, isImage: boolean): readonly Word[] => (facts ? argvOf(facts, isImage ? environment : OPEN_ENVIRONMENT, isImage ? shell : undefined) : []);
  const first = words(entry, !ownEntry);
  const argv = entry?.form === 'shell' ? first : [...first, ...words(command, !ownCommand)];
  if (argv.length === 0) return undefined;
  const at = (container.command && command?.at) ?? (container.entryPoint && entry?.at) ?? (command ?? entry)!.at;
  return { argv, sure: entry !== undefined || image.baseIsPlain, own: ownEntry !== undefined || ownCommand !== undefined, at };
}

/** The stage's ENTRYPOINT and CMD; a stage that sets ENTRYPOINT drops the CMD it inherits (Dockerfile reference, ENTRYPOINT). */
function imageCommands(stages: readonly StageFacts[]): Pick<StageFacts, 'entryPoint' | 'command'> {
  return [...stages].reverse().reduce<Pick<StageFacts, 'entryPoint' | 'command'>>((inherited, stage) => ({
    ...(stage.entryPoint ?? inherited.entryPoint ? { entryPoint: stage.entryPoint ?? inherited.entryPoint } : {}),
    ...(stage.command ?? (stage.entryPoint ? undefined : inherited.command) ? { command: stage.command ?? inherited.command } : {}),
  }), {});
}

/** The environment a container's first process gets: the image's ENV, then what the container sets. `isOpen`: some of it could not be read. */
export function containerEnvironment(container: ContainerFacts, image: Image, isOpen: boolean): Environment {
  const environment = withEntries(image.environment, container.environment, `environment of ${container.name}`, 'nothing');
  return { ...environment, open: environment.open || isOpen };
}

/** s between SIGTERM and SIGKILL: as written, else the format's default (facts/ecs.md 1.2). */
export function stopTimeOf(container: ContainerFacts, format: 'ecs' | 'compose'): Setting<number> {
  const value = container.stopTimeoutDefault ?? STOP_SECONDS[format];
  return settingOf(container.stopTimeout, numberOf, { value, text: container.stopTimeoutDefault !== undefined ? `default of the module ${value} s` : format === 'ecs' ? `ECS default ${value} s` : `Compose default ${value} s` });
}

/** Where a container stands. `siblings`: all containers of the task definition, itself included. `memory`: MiB for all of them together. */
export interface ContainerPlace { readonly format: 'ecs' | 'compose'; readonly siblings: readonly ContainerFacts[]; readonly pidMode?: string; readonly memory?: Expr }

/** ECS takes 10 containers in a task definition (AWS General Reference, Amazon ECS endpoints and quotas): of a list that long and much longer each is not put beside each. */
const MOST_SIBLINGS = 100;

/** A container as rules see it. */
export function containerOf(container: ContainerFacts, { format, siblings, pidMode, memory: taskMemory }: ContainerPlace, { image }: Pick<Build, 'image'>, environment: Environment): Container {
  const text = (expr: Expr | undefined): string | undefined => (expr ? joined(expr, { environment: OPEN_ENVIRONMENT }).text : undefined);
  const imageText = text(container.image);
  const limits = [container.memory, taskMemory].map(numericOf).filter(limit => limit !== undefined);
  const memory = limits.length > 0 ? Math.min(...limits) : undefined;
  const healthCheck = healthCheckOf(container);
  return {
    name: container.name, at: container.at, essential: isOn(container.essential.value, true), stopTimeout: stopTimeOf(container, format),
    stopSignal: stopSignalOf(container, image, environment), initProcess: isOn(container.initProcess.value, false), logConfiguration: logOf(container),
    refersTo: [...new Set(container.environment.flatMap(({ value }) => (value === 'secret' ? [] : walk(value))).flatMap(part => (part.is === 'reference' ? [`${part.module}.${part.name}`] : [])))],
    dependsOn: container.dependsOn.map(({ container: name, condition }) => ({ container: name, condition })), dependsOnSlots: container.dependsOnSlots ?? [], inherits: container.inherits ?? [], mounts: container.mounts ?? false,
    logOptions: new Map((container.logOptions ?? []).flatMap(({ name, value, at }) => { const written = value === 'secret' ? undefined : literalText(value); return written === undefined ? [] : [[name, { value: written, at }] as const]; })),
    plaintextCredentials: container.environment.filter(isPlainCredential).map(({ name }) => name),
    siblings: siblings.slice(0, MOST_SIBLINGS).filter(other => other !== container).map(other => {
      const otherImage = text(other.image);
      return { name: other.name, at: other.at, essential: isOn(other.essential.value, true), stopTimeout: stopTimeOf(other, format), dependsOn: other.dependsOn.map(one => one.container), ...(otherImage !== undefined && { image: otherImage }) };
    }),
    ...(imageText !== undefined && { image: imageText }), ...(image.dockerfile !== undefined && { dockerfile: image.dockerfile }),
    ...(pidMode !== undefined && { pidMode }), ...(memory !== undefined && { memoryMiB: memory }), ...(healthCheck && { healthCheck }),
  };
}

/** A name that says credential, or an address with a password in it, with a value that stands there. Placeholders are none. */
function isPlainCredential({ name, value }: EnvironmentEntry): boolean {
  const text = value === 'secret' ? undefined : literalText(value);
  if (text === undefined || text === '' || /^[<{$]|\$\{|^(?:arn:|ssm:|change[-_ ]?me|x{3,}|\*+$)|^(?:true|false|none|null|\d{1,5})$/i.test(text)) return false;
  return (/(?:^|_)(?:PASSWORD|PASSWD|SECRET|SECRET_KEY|TOKEN|API_?KEY|PRIVATE_KEY|SECRET_ACCESS_KEY)$/i.test(name) && !/^(?:https?|s3|file):/.test(text)) || /^\w[\w+]*:\/\/[^/\s:@]*:[^/\s@]+@/.test(text);
}

const isOn = (expr: Expr | undefined, usually: boolean): boolean => (expr?.is === 'literal' ? booleanOf(expr.value) ?? usually : usually);
const numericOf = (expr: Expr | undefined): number | undefined => (expr?.is === 'literal' ? numberOf(expr.value) : undefined);

/** stop_signal of Compose, else STOPSIGNAL of the image's last stage that sets one; ECS has no field of its own. */
function stopSignalOf(container: ContainerFacts, image: Image, environment: Environment): Setting<string> {
  const expr = container.stopSignal ?? image.stages.find(stage => stage.stopSignal)?.stopSignal;
  if (!expr) return { state: 'unset', at: container.at, slots: [] };
  const word = joined(expr, { environment });
  const slots = expr.slot ? [expr.slot] : [];
  if (!word.known) return { state: 'unknown', at: expr.at, expression: render(expr), candidates: [] };
  return { state: 'set', value: word.text.toUpperCase(), at: expr.at, certainty: 'written', origin: [{ text: container.stopSignal ? 'stop_signal' : 'STOPSIGNAL of the image', at: expr.at }], overridden: [], slots };
}

function logOf(container: ContainerFacts): Setting<string> {
  const { value } = container.logConfiguration;
  if (value?.is !== 'map') return settingOf(container.logConfiguration, text => (typeof text === 'string' ? text : undefined));
  const driver = value.entries.find(([key]) => /^(logDriver|driver|destination)$/.test(literalText(key ?? undefined) ?? ''))?.[1];
  return settingOf({ ...container.logConfiguration, value: driver ?? { is: 'literal', value: 'awslogs', at: value.at } }, text => (typeof text === 'string' ? text : undefined));
}

/** Defaults: interval 30 s, timeout 5 s, 3 retries (API HealthCheck). undefined: none, or a number of it is not known. */
function healthCheckOf({ healthCheck }: ContainerFacts): Container['healthCheck'] {
  if (!healthCheck) return undefined;
  const { command, interval, timeout, retries, at } = healthCheck;
  const [intervalSeconds, timeoutSeconds, tries] = ([[interval, 30], [timeout, 5], [retries, 3]] as const).map(([written, usual]) => (written ? numericOf(written) : usual));
  return intervalSeconds === undefined || timeoutSeconds === undefined || tries === undefined ? undefined : { text: command.text, intervalSeconds, timeoutSeconds, retries: tries, at };
}

/** The container asks for an init in front of everything. */
export const hasInit = (container: ContainerFacts): boolean => isOn(container.initProcess.value, false);
