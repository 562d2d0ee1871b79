import { posix } from 'node:path';
import type { BuildFacts, ContainerFacts, EnvironmentEntry, Field, SourceLocation } from '../../model/index.js';
import { literal, valueIn } from '../../model/index.js';
import { entriesOf, itemsOf, textOf, valueOf, type DataNode, type DataSource } from '../../parsers/nodes.js';
import type { ConstructCall } from '../../parsers/constructs.js';
import { commandOf } from '../node-commands.js';
import { healthCheckOf } from '../node-containers.js';
import { exprOf, fieldAt, mapLiteral, placeOf, placeOfEntry, textExprOf, toBoolean, toNumber } from '../node-values.js';
import { toMebibytes } from '../units.js';
import { withResources, type Program } from './program.js';

/** A container as `addContainer` takes it: its id, its props and the call that makes it. */
export interface Made { readonly id: string | undefined; readonly props: DataNode | undefined; readonly call: ConstructCall }

export function containerOf({ id, props, call }: Made, program: Program): ContainerFacts {
  const { duration, path, source } = program;
  const owner: SourceLocation = call.at;
  const options = { source, text: 'shell' } as const;
  const [image, workingDirectory, memory, reservation] = ['image', 'workingDirectory', 'memoryLimitMiB', 'memoryReservationMiB'].map(key => valueOf(props, key));
  const [entryPoint, command] = ['entryPoint', 'command'].map(key => commandOf(valueOf(props, key), options));
  const healthCheck = healthCheckOf(valueOf(props, 'healthCheck'), { command: 'command', startPeriod: 'startPeriod', turn: toNumber }, options);
  const build = buildOf(image, source, path);
  const literalImage = imageOf(image, source);
  return {
    name: textOf(valueOf(props, 'containerName')) ?? id ?? 'container', at: owner,
    ...(literalImage && { image: literalImage }), ...(build && { build }), ...(entryPoint && { entryPoint }), ...(command && { command }), ...(workingDirectory && { workingDirectory: textExprOf(workingDirectory, source) }),
    essential: fieldAt(props, ['essential'], { source, owner, turn: toBoolean }),
    stopTimeout: durationSlots(fieldAt(props, ['stopTimeout'], { source, owner, turn: toNumber }), duration),
    initProcess: initProcessOf(valueOf(props, 'linuxParameters'), owner, source),
    environment: [...entriesOf(valueOf(props, 'environment')).map((entry): EnvironmentEntry => ({ name: entry.key, value: withResources(textExprOf(entry.value, source), program), at: placeOfEntry(entry, source) })), ...entriesOf(valueOf(props, 'secrets')).map((entry): EnvironmentEntry => ({ name: entry.key, value: 'secret', at: placeOfEntry(entry, source) }))],
    environmentFiles: itemsOf(valueOf(props, 'environmentFiles')).map(file => ({ at: placeOf(file, source) })),
    logConfiguration: logOf(valueOf(props, 'logging'), owner, source),
    ...(healthCheck && { healthCheck }), dependsOn: [],
    ...(memory && { memory: mapLiteral(exprOf(memory, source), toMebibytes('m')) }), ...(reservation && { memoryReservation: mapLiteral(exprOf(reservation, source), toMebibytes('m')) }),
  };
}

/** A number that is written new stands in a Duration. Where the file imports none, nothing is written. */
export function durationSlots(field: Field, duration: string | undefined): Field {
  return { ...field, slots: field.slots.flatMap(slot => (slot.kind !== 'insert' ? [slot] : duration === undefined ? [] : [{ ...slot, before: `${slot.before ?? ''}${duration}.seconds(`, after: `)${slot.after ?? ''}` }])) };
}

type Call = Extract<Parameters<typeof textExprOf>[0], { is: 'expr' }>['expr'] & { readonly is: 'call' };
const calledAs = (node: DataNode | undefined): Call | undefined => (node?.is === 'expr' && node.expr.is === 'call' ? node.expr as Call : undefined);
const nameOf = (call: Call | undefined): string => (call?.callee.is === 'name' ? call.callee.name : '');

/** `ContainerImage.fromRegistry("…")`: the image's name. */
function imageOf(node: DataNode | undefined, source: DataSource): ContainerFacts['image'] {
  if (node?.is === 'choice') { const first = node.branches.map(branch => imageOf(branch, source)).filter(image => image !== undefined); return first[0]; }
  const call = calledAs(node);
  if (/\.?fromRegistry$/.test(nameOf(call))) return call!.positional[0];
  return node && !/fromAsset|DockerImageAsset/.test(nameOf(call)) ? { is: 'opaque', text: nameOf(call) || 'image', at: placeOf(node, source) } : undefined;
}

/** `ContainerImage.fromAsset("./worker", { file: "Dockerfile.worker" })`: relative to where the CDK runs, the folder above lib/ or bin/. */
function buildOf(node: DataNode | undefined, source: DataSource, path: string): BuildFacts | undefined {
  const call = calledAs(node);
  if (!/fromAsset$/.test(nameOf(call))) return undefined;
  const [folder, options] = call!.positional;
  const written = folder?.is === 'literal' && typeof folder.value === 'string' ? folder.value : folder?.is === 'call' ? joinedPath(folder) : undefined;
  if (written === undefined) return undefined;
  const here = posix.dirname(path);
  const base = folder?.is === 'call' ? here : /(^|\/)(lib|bin|src|stacks|constructs)(\/|$)/.test(here) ? here.replace(/(^|\/)(lib|bin|src|stacks|constructs)(\/.*)?$/, '') : here;
  const context = posix.normalize(posix.join(base === '' ? '.' : base, written)).replace(/\/$/, '');
  const [file, target] = [valueIn(options, 'file'), valueIn(options, 'target')];
  const inside = context.startsWith('..') ? context.replace(/^(\.\.\/)+/, '') : context;
  return {
    context: inside === '.' ? '' : inside, dockerfile: posix.join(inside, file?.is === 'literal' ? String(file.value) : 'Dockerfile'), arguments: [], at: placeOf(node!, source),
    ...(target?.is === 'literal' && { target: String(target.value) }),
  };
}

/** `path.join(__dirname, "../worker")`. */
function joinedPath(call: Extract<NonNullable<ReturnType<typeof calledAs>>['positional'][number], { is: 'call' }>): string | undefined {
  if (!/(^|\.)(join|resolve)$/.test(call.callee.is === 'name' ? call.callee.name : '')) return undefined;
  const parts = call.positional.map(part => (part.is === 'literal' ? String(part.value) : part.is === 'name' && part.name === '__dirname' ? '.' : undefined));
  return parts.some(part => part === undefined) ? undefined : posix.join(...(parts as string[]));
}

/** `new LinuxParameters(this, "id", { initProcessEnabled: true })`. */
function initProcessOf(node: DataNode | undefined, owner: SourceLocation, source: DataSource): Field {
  const props = calledAs(node)?.positional[2];
  const value = valueIn(props, 'initProcessEnabled');
  return value ? { value, at: value.at, slots: [] } : node && !props ? { value: exprOf(node, source), at: placeOf(node, source), slots: [] } : { at: owner, slots: [] };
}

/** Any log driver is one: the method's name says which. */
function logOf(node: DataNode | undefined, owner: SourceLocation, source: DataSource): Field {
  if (!node) return { at: owner, slots: [] };
  const at = placeOf(node, source);
  const name = nameOf(calledAs(node));
  return { value: /awsLogs|AwsLogDriver/i.test(name) ? literal('awslogs', at) : name ? literal(name.slice(name.lastIndexOf('.') + 1), at) : exprOf(node, source), at, slots: [] };
}
