import type { SourceLocation } from './location.js';

/** What was read of running services besides their configuration. */
export interface LiveEvidence {
  readonly services: readonly LiveService[];
  /** Queues of dead letters: messages a day before, and when it was read. */
  readonly queues: readonly { readonly name: string; readonly at: SourceLocation; readonly before: number; readonly now: number }[];
  /** Caches whose evictions within a day are known. `users`: the containers whose variables name it; `policy`: maxmemory-policy. */
  readonly caches: readonly { readonly name: string; readonly users: readonly { readonly service: string; readonly container: string }[]; readonly at: SourceLocation; readonly evictions: number; readonly policy?: string }[];
  /** When it was read, as ISO 8601. */
  readonly readAt: string;
  /** Values that differ from those of the repository. */
  readonly drift?: readonly Drift[];
}

/** A value of a running service that is another one in the repository. */
export interface Drift { readonly service: string; readonly what: string; readonly running: string; readonly written: string; readonly at: SourceLocation; readonly writtenAt: SourceLocation }

/** A running ECS service. */
export interface LiveService {
  readonly arn: string;
  readonly name: string;
  readonly cluster: string;
  readonly region: string;
  /** The document that stands for it: `aws:<arn>`. */
  readonly path: string;
  readonly at: SourceLocation;
  /** By its tags. */
  readonly owner?: string;
  /** The task definition that it runs now, as ARN. */
  readonly taskDefinition?: string;
  readonly stops: readonly TaskStop[];
  /** What the service says of itself, newest first. */
  readonly events: readonly { readonly at: string; readonly message: string }[];
  /** When deployments were completed, newest first, as ISO 8601. */
  readonly deployments: readonly string[];
  /** Why the newest deployment failed, where it did. */
  readonly failedDeployment?: string;
  readonly runningCount?: number;
  /** ECS tasks that are protected from scale-in and deployments. */
  readonly protectedCount: number;
}

/** How one container of an ECS task ended. */
export interface TaskStop {
  readonly taskArn: string;
  readonly container: string;
  readonly exitCode?: number;
  /** The task definition it ran, as ARN. */
  readonly taskDefinition?: string;
  /** Who asked for it. */
  readonly cause: 'deployment' | 'scale-in' | 'spot' | 'health-check' | 'user' | 'exited' | 'other';
  readonly outOfMemory: boolean;
  /** ISO 8601: when it was done. */
  readonly stoppedAt?: string;
  /** s from the decision to stop it to its end; with a load balancer that includes the time of deregistration. */
  readonly drainSeconds?: number;
}
