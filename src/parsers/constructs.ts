import type { Comment, ReadProblem, SourceLocation } from '../model/index.js';
import type { DataNode, DataSource } from './nodes.js';

/**
 * `new ecs.FargateService(this, "Worker", { … })` or `definition.addContainer("worker", { … })`, with what its value is called. A program in
 * another language comes in the same words: Python's `self` as `this`, its names in camel case, its keyword arguments as the last map.
 */
export interface ConstructCall {
  readonly isNew: boolean;
  /** Dotted: `ecs.FargateService`, `this.definition.addContainer`. */
  readonly callee: string;
  readonly arguments: readonly DataNode[];
  /** `definition`, `this.definition`: the variable or property it is assigned to. */
  readonly name?: string;
  /** Where the object of a method stands, if it is a call itself: `new X(…).addContainer(…)`. */
  readonly objectStart?: number;
  readonly start: number;
  readonly at: SourceLocation;
}

/** One file of a program as the calls in it, in order. Constants of the file are put in where they are used. */
export interface ParsedConstructs {
  readonly calls: readonly ConstructCall[];
  /** Variables that are another name of something: `cfn` of `const cfn = service.node.defaultChild as CfnService`. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Local name → module, of everything imported. */
  readonly imports: ReadonlyMap<string, string>;
  /** What `module.exports` or `export default` is, where it is data. */
  readonly exported?: DataNode;
  readonly source: DataSource;
  readonly comments: readonly Comment[];
  readonly problems: readonly ReadProblem[];
}

/** s of one unit of the CDK's `Duration`. */
export const DURATION_UNITS: Readonly<Record<string, number>> = { millis: 1e-3, seconds: 1, minutes: 60, hours: 3600, days: 86_400 };
