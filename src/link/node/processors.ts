import type { BodyFacts, JobQueue, MessageConsumer, Setting, SourceLocation, TaskFunction, WorkUnit } from '../../model/index.js';
import type { JobQueues } from './queues.js';

/**
 * What brings back a message whose handler was cut, by kind of consumer; measured for BullMQ, AMQP and SQS. KafkaJS commits the offset behind the handler
 * (kafka.js.org/docs/consuming#autocommit), graphile-worker unlocks what was locked for 4 hours (worker.graphile.org/docs/error-handling).
 */
const AGAIN: Readonly<Partial<Record<MessageConsumer['kind'], { readonly text: string; readonly anew: string }>>> = {
  bullmq: { text: 'is started again by the stall check when its process is killed', anew: 'the stall check starts the job again from its beginning' },
  bull: { text: 'is started again by the stall check when its process is killed', anew: 'the stall check starts the job again from its beginning' },
  amqp: { text: 'is delivered again when its process is killed', anew: 'the message is delivered again and handled from the beginning' },
  'sqs-consumer': { text: 'is delivered again when its process is killed', anew: 'the message is delivered again and handled from the beginning' },
  'pg-boss': { text: 'is started again when its process is killed', anew: 'the job is started again from its beginning' },
  kafka: { text: 'is read again from the last committed offset when its process is killed', anew: 'the message is read again and handled from the beginning' },
  'graphile-worker': { text: 'is run again 4 hours after its process was killed', anew: 'the job is run again from its beginning 4 hours later' },
};

/** The handlers of consumers as functions that the rules for task code judge, one unit for each package. `queues`: what gives their jobs attempts; `repeated`: those that a clock sends jobs to. */
export function processorsOf(consumers: readonly MessageConsumer[], { queues, repeated }: Pick<JobQueues, 'queues' | 'repeated'>): readonly WorkUnit[] {
  const units = new Map<string, TaskFunction[]>();
  for (const consumer of consumers) {
    const isRepeated = consumer.kind === 'bullmq' && consumer.queue !== undefined && repeated.has(consumer.queue);
    const own = processorsFor(isRepeated ? { ...consumer, isPeriodic: true } : consumer, attemptsOf(consumer, queues));
    if (own.length > 0) units.set(consumer.process.folder, [...(units.get(consumer.process.folder) ?? []), ...own]);
  }
  return [...units].map(([folder, functions]) => ({ id: folder === '.' ? 'package.json' : folder, reach: 'written', settings: new Map(), broker: 'other', pool: 'other', functions, workers: [] }));
}

/** The attempts of the only queue that has the name of a consumer's. */
function attemptsOf({ kind, queue }: MessageConsumer, queues: readonly JobQueue[]): Retried | undefined {
  const [only, ...others] = kind !== 'bullmq' || queue === undefined ? [] : queues.filter(({ name }) => name === queue);
  return only && others.length === 0 && only.attempts.state === 'set' && only.attempts.value > 1 ? { text: `${only.attempts.value} attempts`, at: only.attempts.at } : undefined;
}
type Retried = NonNullable<NonNullable<TaskFunction['again']>['retried']>;

/** The handler itself, and each function that it hands messages to. */
function processorsFor({ kind, at, queue, handler, isPeriodic = false }: MessageConsumer, retried: Retried | undefined): readonly TaskFunction[] {
  const known = AGAIN[kind];
  const again = known && { ...known, ...(retried && { retried }) };
  // what is acknowledged before its work does not come back
  if (!handler || !again || handler.acks.some(({ before, during }) => before ?? during)) return [];
  const own = handler.name ?? (queue === undefined ? 'this handler' : `the handler of ${queue}`);
  return [{ name: own, at: handler.at, body: handler.body }, ...(handler.cases ?? []).map(one => ({ ...one, name: one.name ?? own }))].map(part => processorOf(part, { kind, at, again, isPeriodic }));
}

function processorOf({ name, at: place, body }: { readonly name: string; readonly at: SourceLocation; readonly body: BodyFacts }, { kind, at, again, isPeriodic }: { readonly kind: MessageConsumer['kind']; readonly at: SourceLocation; readonly again: { readonly text: string; readonly anew: string; readonly retried?: Retried }; readonly isPeriodic: boolean }): TaskFunction {
  const unset: Setting<never> = { state: 'unset', at, slots: [] };
  const kept: Setting<boolean> = { state: 'set', value: true, at, certainty: 'written', origin: [{ text: `${kind} keeps it until it is done` }], overridden: [], slots: [] };
  return {
    name, functionName: name, at: place, decoratorAt: at, acksLate: kept, rejectOnWorkerLost: unset, acksOnFailureOrTimeout: unset, timeLimit: unset, softTimeLimit: unset, serializer: unset,
    retry: { retries: false, autoretryFor: [], maxRetries: unset, backoff: unset, backoffMax: unset, jitter: unset, defaultRetryDelay: unset, calls: [] },
    unknownOptions: [], body, signature: { isBound: false, parameters: [], morePositional: true, moreKeywords: true }, messages: [], periodic: isPeriodic, again: { ...again, label: 'kept until it is done', at },
  };
}
