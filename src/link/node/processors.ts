import type { BodyFacts, MessageConsumer, Setting, SourceLocation, TaskFunction, WorkUnit } from '../../model/index.js';

/**
 * What brings back a message whose handler was cut, by kind of consumer; measured for BullMQ, AMQP and SQS. KafkaJS commits the offset behind the handler
 * (kafka.js.org/docs/consuming#autocommit), graphile-worker unlocks what was locked for 4 hours (worker.graphile.org/docs/error-handling).
 */
const AGAIN: Readonly<Partial<Record<MessageConsumer['kind'], string>>> = {
  bullmq: 'is started again by the stall check when its process is killed', bull: 'is started again by the stall check when its process is killed', amqp: 'is delivered again when its process is killed',
  'sqs-consumer': 'is delivered again when its process is killed', 'pg-boss': 'is started again when its process is killed',
  kafka: 'is read again from the last committed offset when its process is killed', 'graphile-worker': 'is run again 4 hours after its process was killed',
};

/** The handlers of consumers as functions that the rules for task code judge, one unit for each package. */
export function processorsOf(consumers: readonly MessageConsumer[]): readonly WorkUnit[] {
  const units = new Map<string, TaskFunction[]>();
  for (const consumer of consumers) {
    const own = processorsFor(consumer);
    if (own.length > 0) units.set(consumer.process.folder, [...(units.get(consumer.process.folder) ?? []), ...own]);
  }
  return [...units].map(([folder, functions]) => ({ id: folder === '.' ? 'package.json' : folder, reach: 'written', settings: new Map(), broker: 'other', pool: 'other', functions, workers: [] }));
}

/** The handler itself, and each function that it hands messages to. */
function processorsFor({ kind, at, queue, handler, isPeriodic = false }: MessageConsumer): readonly TaskFunction[] {
  const text = AGAIN[kind];
  if (!handler || text === undefined) return [];
  const own = handler.name ?? (queue === undefined ? 'this handler' : `the handler of ${queue}`);
  return [{ name: own, at: handler.at, body: handler.body }, ...(handler.cases ?? []).map(one => ({ ...one, name: one.name ?? own }))].map(part => processorOf(part, { kind, at, text, isPeriodic }));
}

function processorOf({ name, at: place, body }: { readonly name: string; readonly at: SourceLocation; readonly body: BodyFacts }, { kind, at, text, isPeriodic }: { readonly kind: MessageConsumer['kind']; readonly at: SourceLocation; readonly text: string; readonly isPeriodic: boolean }): TaskFunction {
  const unset: Setting<never> = { state: 'unset', at, slots: [] };
  const kept: Setting<boolean> = { state: 'set', value: true, at, certainty: 'written', origin: [{ text: `${kind} keeps it until it is done` }], overridden: [], slots: [] };
  return {
    name, functionName: name, at: place, decoratorAt: at, acksLate: kept, rejectOnWorkerLost: unset, acksOnFailureOrTimeout: unset, timeLimit: unset, softTimeLimit: unset, serializer: unset,
    retry: { retries: false, autoretryFor: [], maxRetries: unset, backoff: unset, backoffMax: unset, defaultRetryDelay: unset, calls: [] },
    unknownOptions: [], body, signature: { isBound: false, parameters: [], morePositional: true, moreKeywords: true }, messages: [], periodic: isPeriodic, again: { text, label: 'kept until it is done', at },
  };
}
