import type { Format, PipedInto } from './facts.js';
import type { Setting } from './setting.js';
import type { SourceLocation, Slot } from './location.js';

export type Platform = 'fargate' | 'ec2' | 'ecs' | 'compose' | 'unknown';

/** `host`: the name by which a broker URL reaches it (a service of Compose); absent: a parameter group, whose cache is not known. */
export interface Cache { readonly name: string; readonly host?: string; readonly policy: Setting<string> }

/** From PID 1 to the worker. */
export interface StartChain {
  readonly links: readonly ChainLink[];
  /** Every file from the task definition to the last script was read. */
  readonly complete: boolean;
}

/**
 * One step on the way of the stop signal. PID 1 is the first link.
 * shell: a shell runs what follows. exec: it replaces itself. script: the shell's program stands in a file.
 */
export type ChainLink = { readonly at: SourceLocation; readonly text: string } & (
  | {
    readonly kind: 'shell';
    readonly from: 'shell-form' | 'shell -c' | 'script';
    /** The shell that runs: 'dash', 'bash', 'busybox', or unknown (base image not known). */
    readonly shell: 'dash' | 'bash' | 'busybox' | 'zsh' | 'unknown';
    /** The next link replaces the shell: written as `exec`, or a single simple command in a shell that execs it. */
    readonly replaces: boolean;
    /** Only one simple command is run (bash and busybox then exec it with -c). */
    readonly singleCommand: boolean;
    readonly background: boolean;
    /** After `&`: does the shell wait, and does a trap pass the signal on? */
    readonly waits: boolean;
    readonly forwards: boolean;
    /** It runs in a pipe, and its output goes `into` what follows there. */
    readonly piped: boolean;
    readonly into?: PipedInto;
    /** It runs in a subshell of its own, `( … )`: an `exec` there replaces the subshell alone. */
    readonly subshell: boolean;
    readonly slots: readonly Slot[];
    readonly interpreter?: string;
  }
  /** tini, dumb-init, docker --init, initProcessEnabled. `toGroup`: sends the signal to all processes, not only to its child. */
  | { readonly kind: 'init'; readonly program: string; readonly toGroup: boolean }
  /** newrelic-admin run-program, ddtrace-run, python -m, gosu, env …: replaces itself by, or is, the next. */
  | { readonly kind: 'wrapper'; readonly program: string }
  /** npm, poetry run, pipenv run, make, honcho run …: stays, `forwards` the signal and waits, or not; ends: it ends at the signal, whatever runs; unknown: not established. */
  | { readonly kind: 'package-manager'; readonly program: string; readonly forwards: 'yes' | 'no' | 'ends' | 'unknown' }
  | {
    readonly kind: 'process-manager'; readonly program: 'supervisord' | 'honcho' | 'foreman' | 'circus' | 's6' | 'pm2' | 'systemd' | 'runit';
    readonly programName: string;
    /** s until the manager sends SIGKILL. */
    readonly stopWait: Setting<number>;
    readonly stopSignal: string;
    readonly toGroup: boolean;
    /** Where `stopasgroup` stands or can be added. */
    readonly groupSlots?: readonly Slot[];
  }
  /** -D, celery multi, nohup: the worker leaves the chain. */
  | { readonly kind: 'detached'; readonly how: string }
  | { readonly kind: 'worker' }
);

export interface Container {
  readonly name: string;
  readonly at: SourceLocation;
  readonly image?: string;
  readonly dockerfile?: string;
  readonly essential: boolean;
  readonly stopTimeout: Setting<number>;
  readonly stopSignal: Setting<string>;
  readonly initProcess: boolean;
  readonly pidMode?: string;
  readonly logConfiguration: Setting<string>;
  readonly healthCheck?: { readonly text: string; readonly intervalSeconds: number; readonly timeoutSeconds: number; readonly retries: number; readonly at: SourceLocation };
  /** Its own hard limit or that of its task, whichever is lower; absent: neither is known. */
  readonly memoryMiB?: number;
  /** The other containers of the task definition. */
  readonly siblings: readonly { readonly name: string; readonly image?: string; readonly essential: boolean; readonly at: SourceLocation; readonly stopTimeout: Setting<number>; readonly dependsOn: readonly string[] }[];
  readonly dependsOn: readonly { readonly container: string; readonly condition: string }[];
  /** Where a dependency on a container's start can be written: a slot for its name. */
  readonly dependsOnSlots: readonly Slot[];
  /** Services of the same file that it has its keys from, where it has none of its own. */
  readonly inherits: readonly string[];
  /** A volume is mounted in it: what it writes may outlive it. */
  readonly mounts: boolean;
  /** Options of the log driver, as far as they are known. */
  readonly logOptions: ReadonlyMap<string, { readonly value: string; readonly at: SourceLocation }>;
  /** Names of variables whose value is a credential in plain text: neither the value nor its place is here, so that nobody shows it. */
  readonly plaintextCredentials: readonly string[];
  /** The addresses of other resources that its variables name. */
  readonly refersTo: readonly string[];
}

/** An SQS queue. `isDeadLetters`: another queue sends what failed there. */
export interface Queue { readonly name: string; readonly address: string; readonly at: SourceLocation; readonly visibilityTimeout: Setting<number>; readonly maxReceiveCount: Setting<number>; readonly isDeadLetters: boolean }

/** A broker that AWS runs. `redundant`: another node takes over; absent: not its matter. */
export interface Broker { readonly name: string; readonly address: string; readonly at: SourceLocation; readonly kind: 'redis' | 'rabbitmq'; readonly redundant?: Setting<boolean>; readonly consumerTimeout?: Setting<number> }

/** A container and where it runs. */
export interface DeployedContainer { readonly container: Container; readonly platform: Platform; readonly environment?: string }

export interface EcsService {
  readonly name: string;
  readonly format: Format;
  readonly at: SourceLocation;
  readonly environment?: string;
  readonly platform: Platform;
  readonly desiredCount: Setting<number>;
  /** The autoscaling maximum, else the desired count. */
  readonly maximumCount: Setting<number>;
  readonly minimumHealthyPercent: Setting<number>;
  readonly maximumPercent: Setting<number>;
  readonly zoneRebalancing: Setting<string>;
  readonly circuitBreaker: { readonly enable: Setting<boolean>; readonly rollback: Setting<boolean> };
  readonly deploymentController: string;
  readonly schedulingStrategy: string;
  /** `name`: '' where it is not known. */
  readonly capacityProviders: readonly { readonly name: string; readonly weight: number; readonly base: number; readonly at: SourceLocation }[];
  readonly autoscaling?: { readonly minimum?: number; readonly maximum?: number; readonly metrics: readonly string[]; readonly at: SourceLocation };
  /** Where it says that it keeps its task definition (`ignore_changes`): a pipeline registers another. */
  readonly keepsTaskDefinition?: SourceLocation;
  /** What runs in it: any worker (`work`), nothing but a scheduler, or something else. named-work: nobody knows, and its name says that it works. */
  readonly runs: 'work' | 'named-work' | 'scheduler' | 'other' | 'unknown';
}
