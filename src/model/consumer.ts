import type { SourceLocation, Slot } from './location.js';
import type { BodyFacts } from './body.js';
import type { Setting } from './setting.js';

/** What takes messages. sqs: a loop of the repository's own over ReceiveMessage. */
export type ConsumerKind = 'bullmq' | 'bull' | 'amqp' | 'sqs' | 'sqs-consumer' | 'kafka' | 'pg-boss' | 'graphile-worker';

/** A consumer of messages in TypeScript or JavaScript: what makes it, what it does with a message, and how it is left. */
export interface MessageConsumer {
  /** BullMQ: it has no processor (`new Worker(name, null)`), a loop takes its jobs. */
  readonly byHand?: true;
  /** `src/worker.ts:12` */
  readonly id: string;
  readonly kind: ConsumerKind;
  readonly at: SourceLocation;
  /** As written, shortened: `new Worker("mail", …)`. */
  readonly text: string;
  /** The name of the queue or topic, or the end of its address, where it is written. */
  readonly queue?: string;
  /** The variable or field that holds it. */
  readonly name?: string;
  /** Options by their names, of those that were written; values as in the library (BullMQ: ms, SQS: s). */
  readonly options: ReadonlyMap<string, Setting<unknown>>;
  /** Options are spread from what could not be read: one that is not seen may be set. */
  readonly openOptions: boolean;
  /** Where an option can be added. */
  readonly optionSlot?: Slot;
  readonly handler?: MessageHandler;
  /** sqs: it is asked for again and again here, so this process lives for it; the others always do. */
  readonly polls: boolean;
  /** Its messages are sent by a clock: the next one does what a failed one left. */
  readonly isPeriodic?: boolean;
  /** What its handler returns or throws goes back to who sent the message (@MessagePattern, @RabbitRPC). */
  readonly replies?: true;
  /** sqs: where the function with the loop is called. */
  readonly startedAt?: SourceLocation;
  /** Made by NestJS, which closes it in its own shutdown hooks. */
  readonly isNest: boolean;
  /** Where it is closed, stopped or drained. */
  readonly closes: readonly SourceLocation[];
  /** What is ended in front of it where it is closed: its own connection, or a database. */
  readonly closedFirst?: ClosedFirst;
  /** amqp: NestJS acknowledges as it receives unless noAck is false (docs.nestjs.com/microservices/rabbitmq). */
  readonly noAckByDefault?: boolean;
  /** amqp: how many messages it holds at once, where that is written or a library's default. */
  readonly prefetch?: Setting<number>;
  readonly process: NodeProcess;
}

/** `await redis.quit()` in front of `await worker.close()`. `closedAt`: where the consumer is closed. */
export interface ClosedFirst { readonly at: SourceLocation; readonly text: string; readonly closedAt: SourceLocation }

/** The function that is given a message. */
export interface MessageHandler {
  readonly at: SourceLocation;
  /** The function's name, where it has one. */
  readonly name?: string;
  readonly body: BodyFacts;
  /** What it hands the message to, where that is looked up by what the message says. */
  readonly cases?: readonly HandlerCase[];
  /** Where the message is acknowledged or deleted, in the order of the code. */
  readonly acks: readonly Acknowledgement[];
  /** Nothing in it is waited for, and this is started: the message counts as done while its work runs. */
  readonly detached?: { readonly at: SourceLocation; readonly text: string };
  /** amqp: it answers who sent the message, and waits for that: `channel.sendToQueue(message.properties.replyTo, …)`. */
  readonly replies?: SourceLocation;
  /** A call that blocks the event loop: `execFileSync(…)`. */
  readonly blocks?: { readonly at: SourceLocation; readonly text: string };
}

/** One of the functions that a handler hands messages to by a table: `handlers[job.name](job)`. `name`: what the table calls it, or the function itself. */
export interface HandlerCase { readonly at: SourceLocation; readonly name?: string; readonly body: BodyFacts }

/** `ch.ack(msg)`, DeleteMessage. `before`: work that is waited for stands only behind it; `during`: work was started before it, and nothing waits for any; `whatever`: it is reached although the work failed, and how. */
export interface Acknowledgement {
  readonly at: SourceLocation;
  readonly text: string;
  readonly before?: { readonly at: SourceLocation; readonly text: string };
  readonly during?: { readonly at: SourceLocation; readonly text: string };
  readonly whatever?: { readonly how: 'finally' | 'catch' | 'swallowed'; readonly at: SourceLocation };
}

/** What a package does when it is told to stop. */
export interface NodeProcess {
  /** The folder of its package.json. */
  readonly folder: string;
  /** Of several processes of the package: the module that hears SIGTERM for itself. */
  readonly module?: string;
  readonly signals: readonly SignalHandler[];
  /** `enableShutdownHooks()`. */
  readonly hooks: readonly SourceLocation[];
  /** `NestFactory.create…(…)`. */
  readonly bootstraps: readonly SourceLocation[];
  /** What runs by the clock in every copy of the process: `@Cron(…)`, `cron.schedule(…)`. */
  readonly schedules: readonly { readonly at: SourceLocation; readonly text: string }[];
  /** ECS task protection is turned on: scale-in and deployments wait. */
  readonly taskProtection?: SourceLocation;
  /** A library that handles the signal. */
  readonly library?: string;
}

/** `process.on('SIGTERM', …)`. */
export interface SignalHandler {
  readonly at: SourceLocation;
  /** `process.exit()` that is reached before anything was waited for. */
  readonly exitsAtOnce?: SourceLocation;
  /** The function that is called, where it has a name. */
  readonly handler?: SourceLocation;
  /** It only notes that the process is to stop: `stopping = true`. */
  readonly notes?: true;
}

/** A queue of BullMQ as the code makes it. `attempts`: of a job, by its defaultJobOptions; unset: BullMQ's 1. */
export interface JobQueue {
  readonly at: SourceLocation;
  readonly name?: string;
  /** The folder of its package.json. */
  readonly folder: string;
  readonly attempts: Setting<number>;
  /** defaultJobOptions have a backoff. */
  readonly backoff: boolean;
  /** Options are given that could not be read. */
  readonly isOpen: boolean;
  /** Where jobs are seen to be added to it without attempts of their own; not those that are repeated. */
  readonly adds: readonly SourceLocation[];
  /** Jobs are seen to be added to it with attempts of their own. */
  readonly hasOwnAttempts?: boolean;
}

/** A job that is added with attempts of its own. `backoff`: with a delay between them, or options that could not be read. */
export interface JobAttempts { readonly at: SourceLocation; readonly attempts: Setting<number>; readonly backoff: boolean }
