import type { SourceLocation, Slot } from './location.js';
import type { Broker, Cache, Container, DeployedContainer, EcsService, Platform, Queue, StartChain } from './deployment.js';
import type { BodyFacts, CallStep, Publish, PublishInTransaction } from './body.js';
import type { JobAttempts, JobQueue, MessageConsumer } from './consumer.js';
import type { Setting } from './setting.js';
import type { LiveEvidence } from './live.js';
import type { VersionFact } from './version.js';

/** Effective Celery settings by their new names (`task_acks_late`). Every name of the knowledge table is there. */
export type EffectiveSettings = ReadonlyMap<string, Setting<unknown>>;

/** How sure a join is: written in the files, the only candidate, declared in the configuration, or nothing but a name says so. */
export interface Join {
  readonly step: 'service' | 'build' | 'command' | 'app' | 'settings' | 'functions';
  readonly how: 'written' | 'only-candidate' | 'declared' | 'by-name';
  readonly at: readonly SourceLocation[];
}

export type Confidence = 'high' | 'medium' | 'low';
/** fallback: the URL that stands where the environment has none. name: the name of the variable that holds it. */
export type BrokerBasis = 'written' | 'fallback' | 'name';
export type BrokerKind = 'redis' | 'sqs' | 'rabbitmq' | 'memory' | 'other' | 'unknown';
export type PoolKind = 'prefork' | 'solo' | 'threads' | 'gevent' | 'eventlet' | 'other' | 'unknown';

export interface Model {
  readonly workers: readonly Worker[];
  /** Beat and other schedulers: how they start and stop, never what they run. */
  readonly schedulers: readonly Scheduler[];
  readonly services: readonly EcsService[];
  /** Every container of an ECS task definition, whatever runs in it. */
  readonly containers: readonly DeployedContainer[];
  /** The Celery apps that may be judged (see `reach`). */
  readonly apps: readonly CeleryApp[];
  /** Redis and Valkey servers whose eviction policy is written. */
  readonly caches: readonly Cache[];
  readonly queues: readonly Queue[];
  readonly brokers: readonly Broker[];
  /** Messages that the code sends while a transaction is open. */
  readonly sentInTransactions: readonly PublishInTransaction[];
  /** Consumers in TypeScript and JavaScript. */
  readonly consumers: readonly MessageConsumer[];
  /** Queues that jobs are added to, and where jobs are given attempts of their own. */
  readonly jobQueues: { readonly queues: readonly JobQueue[]; readonly ownAttempts: readonly JobAttempts[] };
  /** Their handlers, by package. */
  readonly processors: readonly WorkUnit[];
  readonly unaudited: readonly UnauditedConsumer[];
  readonly unresolved: readonly Unresolved[];
  /** What the findings rest on besides the files, e.g. "celery is not pinned: judged as 5.6.3". */
  readonly assumptions: readonly string[];
  /** `drainlint live`: what running services say besides their configuration. */
  readonly live?: LiveEvidence;
  /** With `--since`: what was there at that revision. Its places lie in its files, not in those on disk. */
  readonly earlier?: { readonly revision: string; readonly apps: readonly CeleryApp[]; readonly workers: readonly Worker[]; readonly consumers: readonly MessageConsumer[] };
}

/** One deployable consumer in one environment: how it starts, stops, is configured, and what it runs. */
export interface Worker {
  /** Unique and readable: `infra/worker.json: worker`, `docker-compose.yml: worker`. */
  readonly id: string;
  readonly name: string;
  readonly environment?: string;
  readonly platform: Platform;
  /** Deployed: reached from a deployed start. development: a copy for developers (Compose beside ECS, names that say so): findings are low. */
  readonly role: 'deployed' | 'development';
  /** It is started again whenever its code changes: on a developer's machine. */
  readonly reloads?: true;
  readonly service?: EcsService;
  readonly container?: Container;
  /** The consumer command, program and arguments. */
  readonly command: ConsumerCommand;
  readonly start: StartChain;
  readonly app?: CeleryApp;
  readonly settings: EffectiveSettings;
  readonly broker: BrokerKind;
  /** Where its URL is not written: what the kind rests on. */
  readonly brokerBy?: BrokerBasis;
  readonly pool: PoolKind;
  /** s between SIGTERM and SIGKILL, the format's default included. */
  readonly stopTime: Setting<number>;
  readonly drainNeed: DrainNeed;
  readonly functions: readonly TaskFunction[];
  /** The value of REMAP_SIGTERM in the process's environment. */
  readonly sigtermRemap: Setting<string>;
  /** What was written, is read by Celery, and changes nothing for this worker; absent: not looked at. */
  readonly noEffect?: readonly NoEffect[];
  /** Consumers in Node.js that its process makes. */
  readonly consumers?: readonly MessageConsumer[];
  /** Their code turns ECS task protection on. */
  readonly taskProtection?: SourceLocation;
  /** Environment variables that look like it but are not read by anything. */
  readonly strayVariables: readonly { readonly name: string; readonly value: string | undefined; readonly at: SourceLocation; readonly slot?: Slot }[];
  readonly joins: readonly Join[];
}

/** Why a written setting changes nothing. */
export type NoEffectKind = 'version' | 'soft-shutdown' | 'broker' | 'acknowledgement' | 'pool' | 'zero';

/** A setting, environment variable or option that changes nothing; `text`: why, for a message. */
export interface NoEffect { readonly setting: string; readonly at: SourceLocation; readonly kind: NoEffectKind; readonly text: string }

export interface Scheduler {
  readonly id: string;
  readonly name: string;
  readonly environment?: string;
  readonly platform: Platform;
  readonly role: 'deployed' | 'development';
  /** It is started again whenever its code changes: on a developer's machine. */
  readonly reloads?: true;
  readonly service?: EcsService;
  readonly container?: Container;
  readonly command: ConsumerCommand;
  readonly start: StartChain;
  readonly app?: CeleryApp;
  readonly joins: readonly Join[];
}

export interface ConsumerCommand {
  readonly kind: 'celery-worker' | 'celery-beat' | 'celery-other' | 'unaudited';
  /** The arguments as they run, unknown ones as written. */
  readonly text: string;
  readonly at: SourceLocation;
  /** `-A` as written. */
  readonly app?: string;
  /** Options by their long name: `--concurrency` → '4'; flags → true. */
  readonly options: ReadonlyMap<string, string | true>;
  /** Options whose value could not be read, by long name: as written. */
  readonly unknownOptions: ReadonlyMap<string, string>;
  /** Trailing key=value. */
  readonly overrides: ReadonlyMap<string, string>;
  /** A loop of the repository's own: does anything in it or in what it imports handle SIGTERM? */
  readonly handlesStop?: boolean;
  /** The queues of -Q, if given. */
  readonly queues?: readonly string[];
}

/** What was observed of a task function: the most seconds it took, and the entry of `durations` in the configuration that says so. */
export interface Observed { readonly seconds: number; readonly at: SourceLocation }

/** How long a worker needs to leave, in seconds. */
export type DrainNeed =
  | { readonly is: 'bounded'; readonly seconds: number; readonly from: readonly SourceLocation[]; readonly confidence: Confidence; /** The entry of `durations` that says so. */ readonly declared?: SourceLocation }
  | { readonly is: 'unbounded'; readonly confidence: Confidence; /** The visibility timeout of its queue: longer than any stop. */ readonly hint?: Setting<number> }
  | { readonly is: 'unknown' };

/** One Celery application object and its configuration, merged over its workers: a value is set only where all agree. */
export interface CeleryApp {
  /** `pkg.module:name` */
  readonly id: string;
  readonly name: string;
  /** The `Celery(...)` call; without one (decorators alone) the first decorated function. */
  readonly at: SourceLocation;
  /** `config_from_object`, `conf.update` …: where its configuration is loaded. */
  readonly configuredAt?: SourceLocation;
  /** written: a worker command names it. only-candidate: nothing does. implicit: decorators alone, no app was found. */
  readonly reach: 'written' | 'only-candidate' | 'implicit';
  readonly namespace?: string;
  readonly settings: EffectiveSettings;
  readonly broker: BrokerKind;
  /** Where its URL is not written: what the kind rests on. */
  readonly brokerBy?: BrokerBasis;
  readonly pool: PoolKind;
  readonly functions: readonly TaskFunction[];
  readonly workers: readonly Worker[];
  /** Written names that Celery does not read here. */
  readonly ineffective: readonly IneffectiveSetting[];
  /** `-B` or beat for this app somewhere: its periodic functions are sent again. */
  readonly versions: Versions;
  /** Settings files that other apps of the tree load too, with the ids of those: what is written there concerns them as well. */
  readonly sharedFiles?: ReadonlyMap<string, readonly string[]>;
  /** A cap on redeliveries that holds for every function that can come back: a quorum delivery limit, maxReceiveCount, a delivery counter that all of them use. */
  readonly redeliveryCap?: SourceLocation;
  /** Messages sent with a countdown or an eta outside of the task functions: views, models, commands. */
  readonly sends?: readonly Publish[];
  /** Where a queue is declared a quorum queue (`x-queue-type`): since celery 5.5 a delay then passes in the broker, not in a worker. */
  readonly quorumQueue?: SourceLocation;
  /** s. How long a message may stay unacknowledged on RabbitMQ, where a queue argument says so (`x-consumer-timeout`). */
  readonly consumerTimeout?: Setting<number>;
  /** Where the code turns on ECS task protection (`/task-protection/v1/state`, update_task_protection): deployments and scale-in then wait. */
  readonly taskProtection?: SourceLocation;
}

export interface IneffectiveSetting {
  readonly name: string;
  readonly at: SourceLocation;
  readonly reason: 'old-name-under-namespace' | 'prefixed-without-namespace' | 'wrong-case' | 'module-variable' | 'unknown-name' | 'mixed-names' | 'replaced-by-second-config' | 'unprefixed-under-namespace';
  /** The name that would be read, if there is one. */
  readonly wanted?: string;
  /** Edit distance to `wanted`, for unknown names. */
  readonly distance?: number;
  /** The value as written, for the message. */
  readonly value: string;
  readonly slot?: Slot;
}

export interface Versions {
  readonly celery: VersionFact;
  readonly billiard: VersionFact;
}

/** Functions that are judged together, and what is known of all of them: a Celery app, or the handlers of a package of Node.js. */
export type WorkUnit = Pick<CeleryApp, 'id' | 'reach' | 'settings' | 'broker' | 'pool' | 'functions' | 'workers'>;

/** A function decorated as a Celery task (or turned into one), with its effective options in its app. */
export interface TaskFunction {
  /** The registered name where known, else `module.function`. */
  readonly name: string;
  readonly functionName: string;
  readonly at: SourceLocation;
  readonly decoratorAt: SourceLocation;
  /** What registers it, without its options: `app.task`, `shared_task`. */
  readonly decorator?: string;
  readonly acksLate: Setting<boolean>;
  readonly rejectOnWorkerLost: Setting<boolean>;
  readonly acksOnFailureOrTimeout: Setting<boolean>;
  /** s; unset: none. */
  readonly timeLimit: Setting<number>;
  readonly softTimeLimit: Setting<number>;
  readonly retry: RetryPolicy;
  /** How its messages are written: json, pickle, yaml, msgpack. */
  readonly serializer: Setting<string>;
  /** Written options that no Celery version reads, with the nearest real one. */
  readonly unknownOptions: readonly { readonly name: string; readonly wanted: string; readonly at: SourceLocation }[];
  readonly body: BodyFacts;
  /** How long it is known to need at most. */
  readonly observed?: Observed;
  /** A timeout decorator of the repository's own, or of a library, around the body; s where its value is known. */
  readonly ownTimeout?: { readonly seconds?: number; readonly at: SourceLocation };
  /** Where an option can be added: to the decorator, or in the body of the class. */
  readonly optionSlot?: Slot;
  /** What a message may give it. */
  readonly signature: Signature;
  /** Where its messages are made, with what they give it; tests are left out. */
  readonly messages: readonly Message[];
  /** Sent by beat's schedule. */
  readonly periodic: boolean;
  /** `rate_limit`: its messages, those that are retried too, start one after the other. */
  readonly rateLimited?: true;
  /** Why a run that is cut is done again, where it is no Celery task: for a message, and the place that says so. */
  readonly again?: { readonly text: string; /** What becomes of a run that is cut, as a clause. */ readonly anew: string; readonly label: string; readonly at: SourceLocation; /** Attempts that its queue gives a job that fails, where that is more than one. */ readonly retried?: { readonly text: string; readonly at: SourceLocation } };
  /** A delivery counter that it, its task class or a decorator around it uses: a message that kills its process does not come back for ever. */
  readonly redeliveryCap?: SourceLocation;
}

/** The parameters of a function without a bound `self`. `morePositional`: `*args`, or an argument list that a decorator may change; `moreKeywords`: `**kwargs`. */
export interface Signature { /** Its first parameter is the task itself. */ readonly isBound: boolean; readonly parameters: readonly { readonly name: string; readonly required: boolean; readonly keywordOnly: boolean }[]; readonly morePositional: boolean; readonly moreKeywords: boolean }

/** `work.delay(1, mode="x")`, `work.s(1)`, `send_task("work", [1])`. `complete`: nothing else is given, by a spread or by the result of the step before. */
export interface Message {
  readonly at: SourceLocation;
  readonly text: string;
  readonly positional: number;
  readonly keywords: readonly string[];
  readonly complete: boolean;
  /** An argument that is a row of an object mapper, not its key. `text`: as written; `key`: the attribute that finds it again; none: it is not stored yet. */
  readonly row?: { readonly at: SourceLocation; readonly text: string; readonly key?: 'pk' | 'id' };
  /** It chooses a serializer of its own. */
  readonly ownSerializer?: boolean;
}

export interface RetryPolicy {
  /** Something retries: autoretry_for, or self.retry in the body. */
  readonly retries: boolean;
  readonly autoretryFor: readonly string[];
  readonly autoretryAt?: SourceLocation;
  /** unset: Celery's 3. null: for ever. */
  readonly maxRetries: Setting<number | null>;
  readonly backoff: Setting<number | boolean>;
  readonly backoffMax: Setting<number>;
  /** A random part of the backoff. */
  readonly jitter: Setting<boolean>;
  /** An option of the backoff that is written where none is set: Celery does not look at it (celery/app/autoretry.py). */
  readonly idleOption?: { readonly name: string; readonly at: SourceLocation };
  /** s. */
  readonly defaultRetryDelay: Setting<number>;
  readonly calls: readonly RetryCall[];
}
/** What a module calls a thing of a library. `slot`: where its import goes, as a line; none: it is imported already. */
export interface Importable { readonly name: string; readonly slot?: Slot }
/** What a growing delay is made of where a bound task retries itself. `task`: its own name there; `written`: the name its delay goes by now, none: a number; `interval`: `celery.utils.time.get_exponential_backoff_interval`. */
export interface GrowthParts { readonly task: string; readonly written?: string; readonly interval: Importable }
/** `self.retry(countdown=…)`. `countdown` has the slot of its value, which may span several lines. `grows`: the countdown depends on request.retries or another changing value. */
export interface RetryCall { readonly at: SourceLocation; readonly countdown: Setting<number>; readonly grows: boolean; readonly maxRetries: Setting<number | null>; readonly via: readonly CallStep[]; /** It stands where an exception is handled. */ readonly afterFailure?: boolean; /** The errors that are handled there, as written; none: any, or not known. */ readonly after?: readonly string[]; /** `throw=False`: it raises nothing. */ readonly returns?: boolean; readonly growth?: GrowthParts }

/** Recognised, not audited: said in the inventory, never silence. */
export interface UnauditedConsumer { readonly kind: string; readonly at: SourceLocation; readonly text: string }
export interface Unresolved { readonly at: SourceLocation; readonly reason: string }
