import type { EnvironmentEntry, Expr, HealthCheckFacts, Scalar, SourceLocation } from '../model/index.js';
import { literal } from '../model/index.js';
import { entriesOf, itemsOf, textOf, valueOf, type DataNode, type DataSource } from '../parsers/nodes.js';
import { commandOf, execOf, type CommandOptions } from './node-commands.js';
import { exprOf, mapLiteral, placeOf, placeOfEntry, textExprOf, withUnit, type TextReader } from './node-values.js';

/** `KEY: value` pairs. Maps and tagged values (`from_cfn: …`, `!Ref x`) are opaque; `absent` is the value of a key without one. */
export function environmentOf(map: DataNode | undefined, source: DataSource, read?: TextReader, absent?: (key: string, at: SourceLocation) => Expr): readonly EnvironmentEntry[] {
  return entriesOf(map).map(entry => {
    const at = placeOfEntry(entry, source);
    const isEmpty = entry.value.is === 'scalar' && entry.value.value === null;
    const value = isEmpty ? absent?.(entry.key, at) ?? literal('', at) : textExprOf(entry.value, source, read);
    return { name: entry.key, value, at };
  });
}

/** The keys of a map whose values are kept elsewhere. */
export function secretsOf(map: DataNode | undefined, source: DataSource): readonly EnvironmentEntry[] {
  return entriesOf(map).map(entry => ({ name: entry.key, value: 'secret', at: placeOfEntry(entry, source) }));
}

/** The names a format gives to the parts of a health check, and how it writes durations. `unit`: what a written number needs behind it. */
export interface HealthCheckNames { readonly command: string; readonly startPeriod: string; readonly unit?: string; readonly turn: (value: Scalar) => Scalar | undefined }

/** `["CMD-SHELL", "…"]`, `["CMD", …]`, a list without either, or one text for a shell. `["NONE"]` is none. */
export function healthCheckOf(map: DataNode | undefined, names: HealthCheckNames, options: CommandOptions): HealthCheckFacts | undefined {
  const command = healthCommand(valueOf(map, names.command), options);
  if (!map || !command) return undefined;
  const { source, read } = options;
  const part = (name: string, key: string, unit: string | undefined): object => {
    const node = valueOf(map, key);
    return node ? { [name]: withUnit(mapLiteral(exprOf(node, source, read), names.turn), unit) } : {};
  };
  const duration = (name: string, key: string): object => part(name, key, names.unit);
  return { command, ...duration('interval', 'interval'), ...duration('timeout', 'timeout'), ...part('retries', 'retries', undefined), ...duration('startPeriod', names.startPeriod), at: placeOf(map, source) };
}

function healthCommand(node: DataNode | undefined, options: CommandOptions): HealthCheckFacts['command'] | undefined {
  if (node?.is !== 'list') return commandOf(node, { ...options, text: 'shell' });
  const [kind, ...rest] = itemsOf(node);
  switch (textOf(kind)) {
    case undefined: case 'NONE': return undefined;
    case 'CMD-SHELL': return rest[0] && commandOf(rest[0], { ...options, text: 'shell' });
    case 'CMD': return execOf(node, rest, options);
    default: return execOf(node, itemsOf(node), options);
  }
}
