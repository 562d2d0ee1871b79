import type { Broker, Expr, Facts, Queue, ResourceFacts } from '../model/index.js';
import { literalText, refersTo } from '../model/index.js';
import { settingOf } from './start/field-settings.js';
import { booleanOf, numberOf } from './start/managed.js';

/** s. Amazon SQS, CreateQueue. */
const VISIBILITY_TIMEOUT = 30;

/** Every SQS queue of a tree; a redrive policy that is a resource of its own belongs to the queue it names. */
export function queuesIn(all: readonly Facts[]): readonly Queue[] {
  // addresses are of a module, or of a file
  const placed = <T extends { readonly scope?: string }>(of: (facts: Facts) => readonly T[] | undefined): readonly { readonly facts: T; readonly place: string }[] => all.flatMap(file => (of(file) ?? []).map(facts => ({ facts, place: facts.scope ?? file.path })));
  const queues = placed(({ queues: found }) => found), redrives = placed(({ redrives: found }) => found);
  return queues.map(({ facts, place }) => {
    const name = nameOf(facts);
    const own = redrives.find(redrive => redrive.place === place && refersTo(redrive.facts.of, facts.address));
    const isTarget = (expr: Expr | undefined): boolean => refersTo(expr, facts.address) || (literalText(expr)?.endsWith(`:${name}`) ?? false);
    return {
      name, address: facts.address, at: facts.at, visibilityTimeout: settingOf(facts.visibilityTimeout, numberOf, { value: VISIBILITY_TIMEOUT, text: 'default of SQS' }),
      maxReceiveCount: settingOf((own?.facts ?? facts).maxReceiveCount, numberOf), isDeadLetters: [...queues, ...redrives].some(other => other.facts !== facts && other.place === place && isTarget(other.facts.deadLetters)),
    };
  });
}

/** Brokers that AWS runs, and configurations of them. */
export function brokersIn(all: readonly Facts[]): readonly Broker[] {
  return all.flatMap(({ brokers = [] }) => brokers.map((facts): Broker => ({
    name: nameOf(facts), address: facts.address, at: facts.at, kind: facts.kind,
    ...(facts.redundant && { redundant: settingOf(facts.redundant, booleanOf) }), ...(facts.consumerTimeout && { consumerTimeout: settingOf(facts.consumerTimeout, numberOf) }),
  })));
}

const nameOf = ({ address, name, nameFrom }: ResourceFacts): string => literalText(nameFrom) ?? name ?? address.slice(address.lastIndexOf('.') + 1);
