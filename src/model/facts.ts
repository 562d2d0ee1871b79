import type { Expr, Field } from './expression.js';
import type { Statement } from './code.js';
import type { SourceLocation, Slot } from './location.js';

/** The format a file was recognised as. */
export type Format = 'ecs-json' | 'aws-answer' | 'cloudformation' | 'terraform' | 'terraform-plan' | 'cdk' | 'compose' | 'copilot' | 'dockerfile' | 'entry-script' | 'process-manager' | 'python' | 'typescript' | 'node-package' | 'lockfile';

/** What one file says, as plain data: survives structuredClone and JSON, holds no syntax trees. */
export interface Facts {
  readonly path: string;
  readonly format: Format;
  /** Comments that speak to drainlint ("drainlint: ignore …"), without the comment sign. */
  readonly comments: readonly Comment[];
  /** What could not be read; the rest of the file still counts. */
  readonly problems: readonly ReadProblem[];
  /** Words and signs of the text. Set by the store that read it. */
  readonly weight?: number;
  readonly code?: readonly Statement[];
  readonly taskDefinitions?: readonly TaskDefinitionFacts[];
  readonly services?: readonly EcsServiceFacts[];
  readonly compose?: ComposeFacts;
  readonly dockerfile?: DockerfileFacts;
  readonly script?: ScriptFacts;
  readonly processes?: ProcessManagerFacts;
  readonly package?: PackageFacts;
  readonly versions?: readonly InstalledVersion[];
  readonly terraform?: TerraformFacts;
  readonly caches?: readonly CacheFacts[];
  readonly queues?: readonly QueueFacts[];
  readonly redrives?: readonly RedriveFacts[];
  readonly patches?: readonly PatchFacts[];
  readonly stacks?: readonly StackFacts[];
  readonly outputs?: readonly NamedExpr[];
  readonly brokers?: readonly BrokerFacts[];
}

/** What Redis or Valkey does when its memory is full, where a parameter group of ElastiCache says so. */
export interface CacheFacts { readonly name: string; readonly policy: Field }

/** A template that this one deploys as a stack of its own. `path`: from the root of the repository. */
export interface StackFacts { readonly name: string; readonly path: string; readonly parameters: readonly NamedExpr[]; readonly at: SourceLocation }

/** One change that Copilot makes to the template of the manifest beside it (`overrides/cfn.patches.yml`): a JSON pointer into the template. `value` is absent where it takes something out. */
export interface PatchFacts { readonly pointer: string; readonly value?: Field; readonly at: SourceLocation }

/** A resource that containers are told of: what their variables hold refers to its address (`aws_sqs_queue.jobs`, `resource.Jobs`). */
export interface ResourceFacts {
  /** Set by link: the instance of a module it belongs to. */
  readonly scope?: string;
  readonly address: string;
  readonly at: SourceLocation;
  readonly name?: string;
  /** The name, where it is computed. */
  readonly nameFrom?: Expr;
  readonly repeat?: RepeatFacts;
}

/** A redrive policy: its maxReceiveCount, absent where none is written, and the queue it names. */
export interface RedrivePolicy { readonly maxReceiveCount: Field; readonly deadLetters?: Expr }
/** One that is a resource of its own, for the queue that `of` refers to. */
export interface RedriveFacts extends RedrivePolicy { readonly scope?: string; readonly of: Expr }

/** An SQS queue. `visibilityTimeout`: s. */
export interface QueueFacts extends ResourceFacts, RedrivePolicy { readonly visibilityTimeout: Field }

/** A broker that AWS runs. `redundant`: another node takes over. `consumerTimeout`: s, of a configuration of RabbitMQ. */
export interface BrokerFacts extends ResourceFacts { readonly kind: 'redis' | 'rabbitmq'; readonly redundant?: Field; readonly consumerTimeout?: Field }

export interface Comment {
  readonly text: string;
  readonly at: SourceLocation;
  /** Nothing but the comment stands on its line: it speaks of the next line. */
  readonly ownLine: boolean;
}

/** A package.json, or the `compilerOptions` of a tsconfig: how modules of a package are named. */
export interface PackageFacts {
  readonly name?: string;
  readonly main?: string;
  /** `yarn@4.9.1`, as corepack reads it. */
  readonly packageManager?: string;
  /** Packages it depends on, of every kind. */
  readonly dependencies: readonly string[];
  /** `paths` of a tsconfig: a pattern, and where it leads from the folder of the file (`baseUrl` included). */
  readonly paths: readonly (readonly [string, readonly string[]])[];
  readonly baseUrl?: string;
  /** `scripts`: each a program of a shell, by its name. */
  readonly scripts: readonly { readonly name: string; readonly text: string; readonly at: SourceLocation }[];
}

export interface ReadProblem { readonly message: string; readonly at: SourceLocation }

/** `celery==5.4.0` in a lock or requirements file. `range` is what was written; `version` only where it is pinned. */
export interface InstalledVersion { readonly name: string; readonly version?: string; readonly range?: string; readonly at: SourceLocation }

/** `secret`: a value kept elsewhere (Secrets Manager, SSM). */
export interface EnvironmentEntry { readonly name: string; readonly value: Expr | 'secret'; readonly at: SourceLocation }

/** argv as an exec form, or a program text as a shell form. */
export interface CommandFacts {
  /** exec: an argv. string: one text that the format splits into an argv, without a shell (Compose, Copilot, supervisord). shell: run by `/bin/sh -c`. */
  readonly form: 'exec' | 'string' | 'shell';
  /** exec and string: the argv, already split. shell: the one text. */
  readonly words: readonly Expr[];
  /** The parsed program: of a shell form, or of the text behind `sh -c` / `bash -lc` in an exec or string form. */
  readonly program?: readonly ShellCommand[];
  /** exec and string: the first word read as a program, where it holds more than a name: what runs if the entry point is `sh -c`. */
  readonly asProgram?: readonly ShellCommand[];
  readonly at: SourceLocation;
  /** The text as written, on one line, for messages. */
  readonly text: string;
  /** Where `exec ` can be written in front of the program's last command, or the form be replaced. */
  readonly slots: readonly Slot[];
}

/** Paths are from the root of the repository; one that is absent lies outside of it, or is decided elsewhere. A context alone comes with its usual Dockerfile. */
export interface BuildFacts { readonly context?: string; readonly dockerfile?: string; readonly target?: string; readonly arguments: readonly EnvironmentEntry[]; readonly at: SourceLocation }

/** One container of a task definition, a Compose service or a Copilot manifest. Absent fields still carry their owner's place. */
export interface ContainerFacts {
  readonly name: string;
  /** The name, where it is computed; `name` then counts the containers. */
  readonly nameFrom?: Expr;
  readonly at: SourceLocation;
  readonly image?: Expr;
  readonly build?: BuildFacts;
  readonly entryPoint?: CommandFacts;
  readonly command?: CommandFacts;
  readonly workingDirectory?: Expr;
  readonly essential: Field;
  /** s. ECS `stopTimeout`, Compose `stop_grace_period`. */
  readonly stopTimeout: Field;
  /** s. What a wrapper (terraform-aws-modules) writes where nothing is written. */
  readonly stopTimeoutDefault?: number;
  readonly stopSignal?: Expr;
  /** linuxParameters.initProcessEnabled, Compose `init`. */
  readonly initProcess: Field;
  readonly environment: readonly EnvironmentEntry[];
  /** Files or S3 objects with further variables; `path` where it lies in the repository. */
  readonly environmentFiles: readonly { readonly path?: string; readonly at: SourceLocation }[];
  readonly logConfiguration: Field;
  /** FireLens: it takes what the other containers log. */
  readonly isLogRouter?: true;
  readonly healthCheck?: HealthCheckFacts;
  readonly dependsOn: readonly { readonly container: string; readonly condition: string; readonly at: SourceLocation }[];
  /** Where a dependency on a container's start can be written: a slot for its name. */
  readonly dependsOnSlots?: readonly Slot[];
  /** Services of Compose that it has its keys from, where it has none of its own: `<<: *worker`, `extends`. */
  readonly inherits?: readonly string[];
  /** A volume is mounted in it. */
  readonly mounts?: boolean;
  /** Options of the log driver, where they are literal. */
  readonly logOptions?: readonly EnvironmentEntry[];
  /** MiB. */
  readonly memory?: Expr;
  readonly memoryReservation?: Expr;
}

/** Durations in seconds. */
export interface HealthCheckFacts { readonly command: CommandFacts; readonly interval?: Expr; readonly timeout?: Expr; readonly retries?: Expr; readonly startPeriod?: Expr; readonly at: SourceLocation }

export interface TaskDefinitionFacts {
  /** Set by link: the instance of a module it belongs to. */
  readonly scope?: string;
  /** Set by link: the key (or number) of the copy that `repeat` made. */
  readonly copy?: string;
  readonly repeat?: RepeatFacts;
  /** What a service of the same module refers to: `aws_ecs_task_definition.worker`. */
  readonly address?: string;
  /** Its containers are written elsewhere: a local, a template file, a module's argument. `containers` is then empty until link puts them there. */
  readonly containersFrom?: Expr;
  readonly family?: string;
  /** The family, where it is computed. */
  readonly familyFrom?: Expr;
  readonly at: SourceLocation;
  /** The deployment environment this variant is for (a Copilot overlay); undefined where the file does not say. */
  readonly environment?: string;
  readonly requiresCompatibilities: readonly Expr[];
  readonly pidMode?: string;
  /** MiB. */
  readonly memory?: Expr;
  readonly containers: readonly ContainerFacts[];
}

export interface EcsServiceFacts {
  /** Whose defaults hold where it is silent, if not those of the ECS API. */
  readonly defaultsOf?: 'cdk' | 'terraform-aws-modules';
  /** Set by link: the instance of a module it belongs to. */
  readonly scope?: string;
  readonly repeat?: RepeatFacts;
  /** Set by link: the key (or number) of the copy that `repeat` made. */
  readonly copy?: string;
  /** `aws_ecs_service.worker`, for what refers to it. */
  readonly address?: string;
  readonly name?: string;
  /** The name, where it is computed; `name` is then what the resource is called. */
  readonly nameFrom?: Expr;
  readonly at: SourceLocation;
  readonly environment?: string;
  /** Family, family:revision, ARN or reference; in a manifest that is both, undefined. */
  readonly taskDefinition?: Expr;
  /** The task definition in the same document that this service runs (Copilot). */
  readonly ownTaskDefinition?: number;
  /** Where it says that it keeps its task definition: a pipeline registers another. */
  readonly keepsTaskDefinition?: SourceLocation;
  readonly launchType?: Expr;
  readonly capacityProviders: readonly CapacityProviderFacts[];
  readonly desiredCount: Field;
  readonly minimumHealthyPercent: Field;
  readonly maximumPercent: Field;
  readonly circuitBreaker: { readonly enable: Field; readonly rollback: Field };
  /** ECS, CODE_DEPLOY or EXTERNAL. */
  readonly deploymentController?: string;
  readonly schedulingStrategy?: string;
  readonly availabilityZoneRebalancing: Field;
  readonly autoscaling?: { readonly minimum?: Expr; readonly maximum?: Expr; readonly metrics: readonly string[]; readonly at: SourceLocation };
}

/** One item of a capacity provider strategy; weight and base are 0 where absent. */
export interface CapacityProviderFacts { readonly name: Expr; readonly weight?: Expr; readonly base?: Expr; readonly at: SourceLocation }

/** How often a block of Terraform stands for a resource: `count`, or once for each key. */
export interface RepeatFacts { readonly count?: Expr; readonly forEach?: Expr }

/** What one file of Terraform names, for the other files of its folder (its module) and for the modules it calls. */
export interface TerraformFacts {
  /** `default` absent: it has to be given. */
  readonly variables: readonly { readonly name: string; readonly default?: Expr; readonly at: SourceLocation }[];
  readonly locals: readonly NamedExpr[];
  readonly outputs: readonly NamedExpr[];
  /** What a .tfvars file gives to variables. */
  readonly values: readonly NamedExpr[];
  /** `source`: the called folder, from the root of the repository; absent: a module of a registry, or of another repository. `from`: as written. */
  readonly modules: readonly { readonly name: string; readonly from: string; readonly source?: string; readonly arguments: readonly NamedExpr[]; readonly repeat?: RepeatFacts; readonly at: SourceLocation }[];
  /** Lists of containers under the name they are referred to by: `local.containers`, `var.containers`, `module.worker.container_definitions`. */
  readonly containers: readonly { readonly name: string; readonly containers: readonly ContainerFacts[] }[];
  /** `data "template_file"`: the file and the variables it is filled with. */
  readonly templates: readonly { readonly name: string; readonly file: Expr; readonly variables: Expr }[];
  /** aws_appautoscaling_target; `resource` holds a reference to the service. */
  readonly scaling: readonly { readonly address: string; readonly resource: Expr; readonly minimum?: Expr; readonly maximum?: Expr; readonly at: SourceLocation }[];
  /** aws_appautoscaling_policy; `target` and `resource` refer to what it scales. */
  readonly policies: readonly { readonly resource: Expr; readonly metrics: readonly string[] }[];
}
export interface NamedExpr { readonly name: string; readonly value: Expr; readonly at: SourceLocation }

export interface ComposeFacts { readonly services: readonly ComposeServiceFacts[]; readonly at: SourceLocation }
export interface ComposeServiceFacts extends ContainerFacts {
  readonly replicas: Field;
  readonly profiles: readonly string[];
  /** The folder of the file itself is mounted over the image's code. */
  readonly mountsSource?: boolean;
  /** `extends:` of this or another file, not yet merged. */
  readonly extends?: { readonly file?: string; readonly service: string };
}

export interface DockerfileFacts {
  readonly stages: readonly StageFacts[];
  /** ARG before the first FROM. */
  readonly arguments: readonly EnvironmentEntry[];
}
export interface StageFacts {
  readonly name?: string;
  readonly at: SourceLocation;
  /** The image or the name of an earlier stage. */
  readonly base: Expr;
  readonly environment: readonly EnvironmentEntry[];
  readonly arguments: readonly EnvironmentEntry[];
  /** Absolute, or relative to the base image's; undefined where unset or not literal. */
  readonly workingDirectory?: string;
  readonly copies: readonly { readonly from?: string; readonly sources: readonly string[]; readonly target: string; readonly workingDirectory?: string; readonly at: SourceLocation }[];
  readonly entryPoint?: CommandFacts;
  readonly command?: CommandFacts;
  readonly stopSignal?: Expr;
  /** The SHELL instruction's argv. */
  readonly shell?: readonly string[];
}

/** What follows in a pipe, as written (`tee -a log`). `withErrors`: it is given what goes to stderr, too (`|&`). */
export interface PipedInto { readonly text: string; readonly withErrors: boolean }

/** A parsed shell program: an entry script, a shell form, the text behind `sh -c`. */
export type ShellCommand = { readonly at: SourceLocation } & (
  | {
    /** A simple command. `words` holds the command name first; `exec x` is x with exec: true. */
    readonly do: 'run'; readonly words: readonly Expr[]; readonly text: string;
    readonly assignments: readonly { readonly name: string; readonly value: Expr }[];
    readonly exec: boolean; readonly background: boolean;
    /** Position in `a | b | c`: a worker in a pipe is a child of the shell. */
    readonly piped?: 'first' | 'middle' | 'last';
    readonly into?: PipedInto;
    /** Where `exec ` can be inserted. */
    readonly slots: readonly Slot[];
    /** The parsed program of a shell among the words (`sh -c "…"`, `su app -c "…"`). */
    readonly program?: readonly ShellCommand[];
  }
  | { readonly do: 'assign'; readonly name: string; readonly value: Expr; readonly exported: boolean }
  /** `trap 'kill $PID' TERM INT`: `handler` is the parsed action, or the called function's name as a run. */
  | { readonly do: 'trap'; readonly handler: readonly ShellCommand[]; readonly signals: readonly string[] }
  /** a && b, a || b, in order. */
  | { readonly do: 'chain'; readonly operator: '&&' | '||'; readonly parts: readonly ShellCommand[]; readonly background: boolean }
  | { readonly do: 'if'; readonly branches: readonly { readonly test: readonly ShellCommand[]; readonly body: readonly ShellCommand[] }[]; readonly otherwise: readonly ShellCommand[] }
  | { readonly do: 'case'; readonly subject: Expr; readonly branches: readonly { readonly patterns: readonly string[]; readonly body: readonly ShellCommand[] }[] }
  | { readonly do: 'loop'; readonly body: readonly ShellCommand[] }
  /** `piped`, `into`: as of a simple command. */
  | { readonly do: 'group'; readonly body: readonly ShellCommand[]; readonly subshell: boolean; readonly background: boolean; readonly piped?: 'first' | 'middle' | 'last'; readonly into?: PipedInto }
  | { readonly do: 'function'; readonly name: string; readonly body: readonly ShellCommand[] }
);

export interface ScriptFacts {
  /** The interpreter of the shebang: 'sh', 'bash', 'ash', …; undefined without one. */
  readonly interpreter?: string;
  readonly commands: readonly ShellCommand[];
}

/** supervisord.conf, a Procfile, pm2's ecosystem file, a unit of systemd. */
export interface ProcessManagerFacts {
  readonly manager: 'supervisord' | 'procfile' | 'pm2' | 'systemd';
  readonly programs: readonly ProgramFacts[];
}
export interface ProgramFacts {
  readonly name: string;
  readonly at: SourceLocation;
  readonly command: CommandFacts;
  readonly directory?: string;
  readonly environment: readonly EnvironmentEntry[];
  /** Its process gets the variables written here and no others. */
  readonly ownEnvironment?: boolean;
  /** Its command leaves a daemon behind on purpose, which the manager then watches (`Type=forking`). */
  readonly forks?: boolean;
  /** s until SIGKILL (supervisord `stopwaitsecs`, default 10). */
  readonly stopWait: Field;
  readonly stopSignal: Field;
  readonly stopAsGroup: Field;
  readonly killAsGroup: Field;
  readonly processCount: Field;
  readonly autostart: Field;
}
