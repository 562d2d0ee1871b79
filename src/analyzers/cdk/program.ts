import type { Expr } from '../../model/index.js';
import type { ConstructCall, ParsedConstructs } from '../../parsers/constructs.js';
import { textOf, type DataNode, type DataSource } from '../../parsers/nodes.js';

/** One file of the CDK as its analyzers need it. */
export interface Program {
  readonly path: string;
  readonly source: DataSource;
  /** Callees are written out: `cfn.addPropertyOverride` is `definition.node.defaultChild.addPropertyOverride`. */
  readonly calls: readonly ConstructCall[];
  /** Those that make nothing new, by the last name of their callee. */
  readonly methods: ReadonlyMap<string, readonly ConstructCall[]>;
  /** How this file writes a Duration; undefined where it imports none. */
  readonly duration: string | undefined;
  /** Variables that hold queues: what is read of them is a reference. */
  readonly resources: ReadonlySet<string>;
}

/** The calls of a file with aliases put in, and what else its analyzers look up. */
export function programOf({ calls: written, aliases, imports, source }: ParsedConstructs, path: string): Program {
  const calls = written.map(call => ({ ...call, callee: unaliased(call.callee, aliases) }));
  const isQueue = (callee: string): boolean => lastOf(callee) === 'Queue' && /sqs/.test(imports.get(callee.split('.')[0]!) ?? '');
  const resources = new Set(calls.flatMap(call => (call.isNew && isQueue(call.callee) && call.name !== undefined ? [call.name] : [])));
  const methods = new Map<string, ConstructCall[]>();
  for (const call of calls) if (!call.isNew) {
    const method = lastOf(call.callee), same = methods.get(method);
    if (same) same.push(call);
    else methods.set(method, [call]);
  }
  return { path, source, calls, methods, duration: durationName(imports), resources };
}

function unaliased(callee: string, aliases: ReadonlyMap<string, string>): string {
  const [first = '', ...rest] = callee.split('.');
  const of = aliases.get(first);
  return of === undefined || rest.length === 0 ? callee : [of, ...rest].join('.');
}

function durationName(imports: ReadonlyMap<string, string>): string | undefined {
  if (imports.has('Duration')) return 'Duration';
  const namespace = [...imports].find(([local, module]) => (module === 'aws-cdk-lib' || module === '@aws-cdk/core' || module === 'aws_cdk' || module === 'aws_cdk.core') && /^(?:cdk|core|aws_cdk)$/.test(local))?.[0];
  return namespace === undefined ? undefined : `${namespace}.Duration`;
}

export const lastOf = (callee: string): string => callee.slice(callee.lastIndexOf('.') + 1);
export const objectOf = (callee: string): string => callee.slice(0, Math.max(0, callee.lastIndexOf('.')));
const PATTERN = /^(QueueProcessing|Scheduled|(?:Application|Network)(?:MultipleTargetGroups|LoadBalanced))(Fargate|Ec2)(?:Service|Task)$/;
/** The kind and the platform of a construct of aws-ecs-patterns. */
export const patternIn = ({ callee }: ConstructCall): readonly [kind: string, platform: string] | undefined => { const found = PATTERN.exec(lastOf(callee)); return found ? [found[1]!, found[2]!] : undefined; };
export const isPattern = (call: ConstructCall): boolean => patternIn(call) !== undefined;

/** The props of a construct: its third argument. */
export const propsOf = (call: ConstructCall): DataNode | undefined => call.arguments[2];
export const idOf = (call: ConstructCall): string | undefined => textOf(call.arguments[1]);

/** The variable that a value is: `definition`, `this.definition`, `props.definition`. */
export function nameIn(node: DataNode | undefined): string | undefined {
  if (node?.is !== 'expr') return undefined;
  return node.expr.is === 'name' ? node.expr.name : node.expr.is === 'reference' && node.expr.module === 'props' ? `props.${node.expr.name}` : undefined;
}

/** Calls of a method of a variable, or of the call itself: `definition.addContainer(…)`, `new X(…).addContainer(…)`. */
export function methodsOf(call: ConstructCall, method: string, { methods }: Program): readonly ConstructCall[] {
  return (methods.get(method) ?? []).filter(other => (call.name !== undefined && objectOf(other.callee) === call.name) || other.objectStart === call.start);
}

/** A value with the queues it names as references to them: `cdk.queue.queueUrl`. */
export function withResources(expr: Expr, program: Pick<Program, 'resources'>): Expr {
  switch (expr.is) {
    case 'name': return [...program.resources].some(name => expr.name.startsWith(`${name}.`)) ? { is: 'reference', module: 'cdk', name: expr.name, at: expr.at } : expr;
    case 'operation': return { ...expr, operands: expr.operands.map(operand => withResources(operand, program)) };
    default: return expr;
  }
}
