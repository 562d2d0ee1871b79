import { posix } from 'node:path';
import type { BuildFacts, ComposeServiceFacts, EnvironmentEntry, Expr, SourceLocation } from '../../model/index.js';
import { entriesOf, isNull, itemsOf, textOf, valueAt, valueOf, type DataEntry, type DataNode, type DataSource } from '../../parsers/nodes.js';
import { commandOf } from '../node-commands.js';
import { environmentOf, healthCheckOf } from '../node-containers.js';
import { exprOf, fieldAt, fixedField, mapLiteral, placeOf, placeOfEntry, textExprOf, toBoolean, toNumber, withUnit } from '../node-values.js';
import { toMebibytes, toSeconds } from '../units.js';
import { interpolate, textWithoutVariables, unescapeDollars } from './interpolation.js';

/** One entry of `services:`. Paths are from the repository's root; `path` is the Compose file's. */
export function serviceOf({ key, keyStart, keyEnd, value: node }: DataEntry, source: DataSource): ComposeServiceFacts {
  const owner = source.lines.at(keyStart, keyEnd);
  const options = { source, owner, read: interpolate };
  const commands = { source, text: 'string', read: interpolate, unescape: unescapeDollars } as const;
  const [entryPoint, command] = ['entrypoint', 'command'].map(name => commandOf(valueOf(node, name), commands));
  const build = buildOf(valueOf(node, 'build'), source);
  const healthCheck = isDisabled(node) ? undefined : healthCheckOf(valueOf(node, 'healthcheck'), { command: 'test', startPeriod: 'start_period', unit: 's', turn: toSeconds }, commands);
  const parts = { image: textPart(node, 'image', source), workingDirectory: textPart(node, 'working_dir', source), stopSignal: textPart(node, 'stop_signal', source), memory: memoryOf(node, 'limits', 'mem_limit', source), memoryReservation: memoryOf(node, 'reservations', 'mem_reservation', source) };
  const from = extendsOf(valueOf(node, 'extends'), source);
  const driver = valueAt(node, 'logging', 'driver');
  return {
    name: key,
    at: owner,
    ...present(parts),
    ...(build && { build }),
    ...(entryPoint && { entryPoint }),
    ...(command && { command }),
    essential: fixedField(owner),
    stopTimeout: fieldAt(node, ['stop_grace_period'], { ...options, turn: toSeconds, unit: 's', below: ['command', 'image'] }),
    initProcess: fieldAt(node, ['init'], { ...options, turn: toBoolean, below: ['command', 'image'] }),
    environment: environment(valueOf(node, 'environment'), source),
    environmentFiles: filesOf(valueOf(node, 'env_file'), source),
    logConfiguration: fixedField(owner, driver && textExprOf(driver, source, interpolate)),
    ...(healthCheck && { healthCheck }),
    dependsOn: dependsOn(valueOf(node, 'depends_on'), source),
    replicas: fieldAt(node, valueOf(node, 'scale') ? ['scale'] : ['deploy', 'replicas'], { ...options, turn: toNumber }),
    ...(mountsSource(node) && { mountsSource: true }),
    profiles: itemsOf(valueOf(node, 'profiles')).map(textOf).filter(text => text !== undefined),
    ...(from && { extends: from }),
  };
}

/** The entries that are there. */
function present<T extends object>(parts: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };
}

function textPart(node: DataNode, key: string, source: DataSource): Expr | undefined {
  const value = valueOf(node, key);
  return value && !isNull(value) ? textExprOf(value, source, interpolate) : undefined;
}

function isDisabled(node: DataNode): boolean {
  return textOf(valueAt(node, 'healthcheck', 'disable')) === 'true';
}

function memoryOf(node: DataNode, resource: string, old: string, source: DataSource): Expr | undefined {
  const value = valueAt(node, 'deploy', 'resources', resource, 'memory') ?? valueOf(node, old);
  return value && !isNull(value) ? withUnit(mapLiteral(exprOf(value, source, interpolate), toMebibytes('b')), 'M') : undefined;
}

/** A path as written, from the root of the repository; undefined for URLs and what variables decide. */
function fromRoot(written: string | undefined, source: DataSource, folder = posix.dirname(source.lines.path)): string | undefined {
  if (written === undefined || written.includes('://') || written.startsWith('git@') || written.startsWith('/')) return undefined;
  const path = posix.normalize(posix.join(folder, written)).replace(/\/$/, '');
  return path === '..' || path.startsWith('../') ? undefined : path === '.' ? '' : path;
}

function plainText(node: DataNode | undefined, source: DataSource): string | undefined {
  const text = textOf(node);
  return text === undefined ? undefined : textWithoutVariables(interpolate(text, placeOf(node!, source)));
}

function buildOf(node: DataNode | undefined, source: DataSource): BuildFacts | undefined {
  if (!node || isNull(node)) return undefined;
  const isText = node.is === 'scalar';
  const context = fromRoot(plainText(isText ? node : valueOf(node, 'context'), source) ?? (isText ? undefined : valueOf(node, 'context') ? undefined : '.'), source);
  const file = isText ? undefined : valueOf(node, 'dockerfile');
  const isInline = !isText && valueOf(node, 'dockerfile_inline') !== undefined;
  const dockerfile = context === undefined || isInline ? undefined : fromRoot(file ? plainText(file, source) : 'Dockerfile', source, context === '' ? '.' : context);
  const target = isText ? undefined : plainText(valueOf(node, 'target'), source);
  return {
    ...(context !== undefined && { context }), ...(dockerfile !== undefined && { dockerfile }), ...(target !== undefined && { target }),
    arguments: isText ? [] : environment(valueOf(node, 'args'), source), at: placeOfBuild(node, source),
  };
}

const placeOfBuild = (node: DataNode, source: DataSource): SourceLocation => (node.is === 'map' && node.entries[0] ? placeOfEntry(node.entries[0], source) : placeOf(node, source));

/** Variables as a map or a list of `KEY=value`; a key alone is handed on from where Compose runs. */
function environment(node: DataNode | undefined, source: DataSource): readonly EnvironmentEntry[] {
  if (node?.is === 'map') return environmentOf(node, source, interpolate, (name, at) => ({ is: 'environment', name, at }));
  return itemsOf(node).flatMap(item => {
    const text = textOf(item);
    if (text === undefined) return [];
    const at = placeOf(item, source);
    const sign = text.indexOf('=');
    const name = sign < 0 ? text : text.slice(0, sign);
    return [{ name: name.trim(), value: sign < 0 ? { is: 'environment', name, at } : valueInItem(item, text.slice(sign + 1), source), at }];
  });
}

/** The value of `- KEY=value`, with a slot where it stands on one line as it reads: for words that need no quotes. */
function valueInItem(item: DataNode, value: string, source: DataSource): Expr {
  const closes = item.is === 'scalar' && item.style !== 'plain' ? 1 : 0;
  const end = item.end - closes;
  const isPlain = value !== '' && source.lines.text.slice(end - value.length, end) === value;
  const at = isPlain ? source.lines.at(end - value.length, end) : placeOf(item, source);
  const expr = interpolate(value, at);
  return isPlain ? { ...expr, slot: { kind: 'replace', at, encoding: [] } } : expr;
}

function filesOf(node: DataNode | undefined, source: DataSource): ComposeServiceFacts['environmentFiles'] {
  const items = node?.is === 'list' ? node.items : node && !isNull(node) ? [node] : [];
  return items.map(item => {
    const path = fromRoot(plainText(item.is === 'map' ? valueOf(item, 'path') : item, source), source);
    return { ...(path !== undefined && { path }), at: placeOf(item, source) };
  });
}

function dependsOn(node: DataNode | undefined, source: DataSource): ComposeServiceFacts['dependsOn'] {
  if (node?.is === 'map') return entriesOf(node).map(entry => ({ container: entry.key, condition: textOf(valueOf(entry.value, 'condition')) ?? 'service_started', at: placeOfEntry(entry, source) }));
  return itemsOf(node).flatMap(item => {
    const container = textOf(item);
    return container === undefined ? [] : [{ container, condition: 'service_started', at: placeOf(item, source) }];
  });
}

function extendsOf(node: DataNode | undefined, source: DataSource): ComposeServiceFacts['extends'] {
  const service = textOf(node) ?? textOf(valueOf(node, 'service'));
  if (service === undefined) return undefined;
  const file = node?.is === 'map' ? fromRoot(plainText(valueOf(node, 'file'), source), source) : undefined;
  return { ...(file !== undefined && { file }), service };
}

/** `.:/app`, `${PWD}:/app`, or the long form of it. */
function mountsSource(node: DataNode): boolean {
  return itemsOf(valueOf(node, 'volumes')).some(volume => /^(?:\.\/?|\$\{?PWD\}?):\//.test(textOf(volume) ?? '') || /^\.\/?$/.test(textOf(valueOf(volume, 'source')) ?? ''));
}
