import type { BrokerFacts, Expr, Field, QueueFacts, RedrivePolicy, SourceLocation } from '../../model/index.js';
import { literal, valueIn } from '../../model/index.js';
import { parseJson } from '../../parsers/json.js';
import { isNull, textOf, valueOf, type DataNode, type DataSource } from '../../parsers/nodes.js';
import { exprOf, fieldAt, fixedField, mapLiteral, placeOf, textExprOf, toBoolean, toNumber } from '../node-values.js';

/** A resource in whatever format: its properties in the words that `keys` names, and where it stands. */
export interface Resource { readonly address: string; readonly at: SourceLocation; readonly node: DataNode; readonly source: DataSource }

/** How a format spells what is read of a queue. */
export interface QueueKeys { readonly name: string; readonly visibilityTimeout: string; readonly redrive: string }

/** An SQS queue. Its redrive policy is a map, or the JSON of one. */
export function queueOf({ address, at, node, source }: Resource, keys: QueueKeys): QueueFacts {
  const policy = redriveOf(valueOf(node, keys.redrive), at, source);
  return { address, at, ...nameOf(valueOf(node, keys.name), source), visibilityTimeout: fieldAt(node, [keys.visibilityTimeout], { source, owner: at, turn: toNumber }), ...policy };
}

/** The maxReceiveCount of a redrive policy and the queue it names; a policy that is computed is one. */
export function redriveOf(node: DataNode | undefined, owner: SourceLocation, source: DataSource): RedrivePolicy {
  if (!node || isNull(node)) return { maxReceiveCount: fixedField(owner) };
  const text = node.is === 'scalar' ? textOf(node) : undefined;
  const policy = text !== undefined && /^\s*\{/.test(text) ? parseJson(text, source.lines.path).root ?? node : node;
  const [count, target] = ['maxReceiveCount', 'deadLetterTargetArn'].map(key => valueOf(policy, key));
  const at = placeOf(node, source);
  const isOwn = policy === node;
  const value = count ? mapLiteral(isOwn ? exprOf(count, source) : literal(textOf(count) ?? null, at), toNumber) : inExpr(exprOf(node, source));
  const deadLetters = target ? (isOwn ? textExprOf(target, source) : literal(textOf(target) ?? null, at)) : node.is === 'expr' ? node.expr : undefined;
  return { maxReceiveCount: fixedField(owner, value), ...(deadLetters && { deadLetters }) };
}

/** Of a policy that is an expression: its count, where it can be seen. */
function inExpr(expr: Expr): Expr {
  return valueIn(expr, 'maxReceiveCount') ?? { is: 'opaque', text: 'redrive policy', at: expr.at };
}

function nameOf(node: DataNode | undefined, source: DataSource): Pick<QueueFacts, 'name' | 'nameFrom'> {
  const text = textOf(node);
  return text !== undefined ? { name: text } : node ? { nameFrom: exprOf(node, source) } : {};
}

/** How a format spells what is read of a broker. */
export interface BrokerKeys { readonly engine: string; readonly failover: string; readonly mode: string; readonly name: string }

/** A cluster or replication group of ElastiCache: redundant where a replica takes over by itself. undefined: Memcached. */
export function cacheOf({ address, at, node, source }: Resource, keys: BrokerKeys): BrokerFacts | undefined {
  const engine = textOf(valueOf(node, keys.engine));
  if (engine !== undefined && !/^(redis|valkey)$/i.test(engine)) return undefined;
  const failover = fieldAt(node, [keys.failover], { source, owner: at, turn: toBoolean });
  return { address, at, kind: 'redis', ...nameOf(valueOf(node, keys.name), source), redundant: fixedField(failover.at, failover.value ?? literal(false, at)) };
}

/** A broker of Amazon MQ. undefined: ActiveMQ. */
export function brokerOf({ address, at, node, source }: Resource, keys: BrokerKeys): BrokerFacts | undefined {
  if (!/^rabbitmq$/i.test(textOf(valueOf(node, keys.engine)) ?? '')) return undefined;
  const mode = valueOf(node, keys.mode);
  const redundant = mode ? mapLiteral(textExprOf(mode, source), value => (typeof value === 'string' ? /^CLUSTER/i.test(value) : undefined)) : literal(false, at);
  return { address, at, kind: 'rabbitmq', ...nameOf(valueOf(node, keys.name), source), redundant: fixedField(mode ? placeOf(mode, source) : at, redundant) };
}

/** `consumer_timeout = 7200000` (ms) in a configuration of RabbitMQ; undefined: it does not say. */
export function consumerTimeoutOf(node: DataNode | undefined, source: DataSource): Field | undefined {
  const text = textOf(node);
  const found = text === undefined ? undefined : /^[ \t]*consumer_timeout[ \t]*=[ \t]*(\d+)/m.exec(text)?.[1];
  return node && found !== undefined ? fixedField(placeOf(node, source), literal(Number(found) / 1000, placeOf(node, source))) : undefined;
}
