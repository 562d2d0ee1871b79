import { posix } from 'node:path';
import type { BuildFacts, ContainerFacts, EnvironmentEntry, SourceLocation, TaskDefinitionFacts } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { entriesOf, entryOf, isNull, textOf, valueAt, valueOf, type DataNode } from '../../parsers/nodes.js';
import { commandOf } from '../node-commands.js';
import { environmentOf, healthCheckOf, secretsOf } from '../node-containers.js';
import { exprOf, fieldAt, fixedField, mapLiteral, placeOf, placeOfEntry, textExprOf, toBoolean } from '../node-values.js';
import { toMebibytes, toSeconds } from '../units.js';
import { fromWorkspace, overrideField, type Variant } from './manifest.js';

/** The task definition Copilot makes of one variant: the manifest's container, then its sidecars. Always on Fargate. */
export function taskDefinitionOf(variant: Variant): TaskDefinitionFacts {
  const { root, environment, owner, source, read } = variant;
  const memory = valueOf(root, 'memory');
  return {
    at: owner,
    ...(environment !== undefined && { environment }),
    requiresCompatibilities: [literal('FARGATE', owner)],
    ...(memory && !isNull(memory) && { memory: mapLiteral(exprOf(memory, source, read), toMebibytes('m')) }),
    containers: [mainContainer(variant), ...entriesOf(valueOf(root, 'sidecars')).filter(({ value }) => value.is === 'map').map(entry => sidecar(entry.key, source.lines.at(entry.keyStart, entry.keyEnd), entry.value, variant))],
  };
}

function mainContainer(variant: Variant): ContainerFacts {
  const { root, name, owner, environment, source } = variant;
  const logging = entryOf(root, 'logging');
  return {
    ...containerParts(root, valueOf(root, 'image'), variant),
    name,
    at: owner,
    essential: fixedField(owner, literal(true, owner)),
    stopTimeout: overrideField('StopTimeout', variant),
    initProcess: overrideField('LinuxParameters.InitProcessEnabled', variant),
    environment: [...injected(name, environment, owner), ...environmentIn(root, variant)],
    // Copilot writes a log configuration by itself: awslogs, or FireLens where `logging` asks for it.
    logConfiguration: logging ? fixedField(owner, literal('awsfirelens', placeOfEntry(logging, source))) : fixedField(owner, literal('awslogs', owner)),
    dependsOn: dependsOn(valueAt(root, 'image', 'depends_on'), variant), mounts: entriesOf(valueAt(root, 'storage', 'volumes')).length > 0,
    ...healthCheckIn(valueAt(root, 'image', 'healthcheck'), variant),
  };
}

function sidecar(name: string, owner: SourceLocation, node: DataNode, variant: Variant): ContainerFacts {
  const { source, read } = variant;
  return {
    ...containerParts(node, valueOf(node, 'image'), variant),
    name,
    at: owner,
    essential: fieldAt(node, ['essential'], { source, owner, read, turn: toBoolean }),
    stopTimeout: fixedField(owner),
    initProcess: fixedField(owner),
    environment: environmentIn(node, variant),
    logConfiguration: fixedField(owner, literal('awslogs', owner)),
    dependsOn: dependsOn(valueOf(node, 'depends_on'), variant),
    ...healthCheckIn(valueOf(node, 'healthcheck'), variant),
  };
}

/** What the manifest and a sidecar write in the same way. */
function containerParts(node: DataNode, image: DataNode | undefined, variant: Variant): Pick<ContainerFacts, 'image' | 'build' | 'entryPoint' | 'command' | 'environmentFiles'> {
  const { source, read } = variant;
  const location = image?.is === 'scalar' ? image : valueOf(image, 'location');
  const build = buildOf(valueOf(image, 'build'), variant);
  const [entryPoint, command] = ['entrypoint', 'command'].map(key => commandOf(valueOf(node, key), { source, text: 'string', read }));
  const file = valueOf(node, 'env_file');
  const path = fromWorkspace(textOf(file) ?? '', variant);
  return {
    ...(location && !isNull(location) && { image: textExprOf(location, source, read) }),
    ...(build && { build }), ...(entryPoint && { entryPoint }), ...(command && { command }),
    environmentFiles: file && !isNull(file) ? [{ ...(path && { path }), at: placeOf(file, source) }] : [],
  };
}

/** A Dockerfile's path, or its parts. Without a context, that is the Dockerfile's folder. */
function buildOf(node: DataNode | undefined, variant: Variant): BuildFacts | undefined {
  if (!node || isNull(node) || node.is === 'list') return undefined;
  const { source, read } = variant;
  const text = (key: string): string | undefined => textOf(valueOf(node, key));
  const writtenContext = text('context');
  const file = textOf(node) ?? text('dockerfile') ?? posix.join(writtenContext ?? '.', 'Dockerfile');
  const [dockerfile, context, target] = [fromWorkspace(file, variant), fromWorkspace(writtenContext ?? posix.dirname(file), variant), text('target')];
  const first = node.is === 'map' ? node.entries[0] : undefined;
  return {
    ...(context !== undefined && { context }), ...(dockerfile !== undefined && { dockerfile }), ...(target !== undefined && { target }),
    arguments: environmentOf(valueOf(node, 'args'), source, read), at: first ? placeOfEntry(first, source) : placeOf(node, source),
  };
}

/** Variables Copilot gives every container of its own. */
function injected(name: string, environment: string | undefined, at: SourceLocation): readonly EnvironmentEntry[] {
  const entry = (key: string, value: string): EnvironmentEntry => ({ name: key, value: literal(value, at), at });
  return [...(environment === undefined ? [] : [entry('COPILOT_ENVIRONMENT_NAME', environment)]), entry('COPILOT_SERVICE_NAME', name)];
}

function environmentIn(node: DataNode, { source, read }: Variant): readonly EnvironmentEntry[] {
  return [...environmentOf(valueOf(node, 'variables'), source, read), ...secretsOf(valueOf(node, 'secrets'), source)];
}

/** Copilot's `start`, `healthy`, `complete`, `success`, as ECS calls them. */
function dependsOn(node: DataNode | undefined, { source }: Variant): ContainerFacts['dependsOn'] {
  return entriesOf(node).map(entry => ({ container: entry.key, condition: (textOf(entry.value) ?? 'start').toUpperCase(), at: placeOfEntry(entry, source) }));
}

function healthCheckIn(node: DataNode | undefined, { source, read }: Variant): Pick<ContainerFacts, 'healthCheck'> {
  const healthCheck = healthCheckOf(node, { command: 'command', startPeriod: 'start_period', unit: 's', turn: toSeconds }, { source, text: 'shell', read });
  return healthCheck ? { healthCheck } : {};
}

