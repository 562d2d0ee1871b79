import type { Broker, CeleryApp, Rule } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { appConfidence, weakest } from '../shared.js';
import { ofApp } from '../celery-shared.js';

export const brokerNotDurable: Rule = {
  id: 'celery/broker-not-durable',
  severity: 'note',
  title: 'The messages are lost with one node',
  rationale:
    'A single node of ElastiCache, or a SINGLE_INSTANCE broker of Amazon MQ, is the only place where queued messages are. When it is replaced (maintenance, failure, a change of its size) Redis starts empty and RabbitMQ is ' +
    'away for minutes; with a replica and automatic failover another node goes on.',
  remedy: 'Run a replication group with automatic failover, or a CLUSTER_MULTI_AZ broker.',
  references: [
    'https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoFailover.html', 'https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-broker-architecture.html',
  ],
  documentedBy: 'AWS documents what a single node keeps',

  *check({ apps, brokers }) {
    for (const broker of brokers) {
      if (!broker.redundant || agreed(broker.redundant) !== false) continue;
      const app = apps.find(one => one.broker === broker.kind && usesIt(one, broker, brokers));
      if (!app) continue;
      const isGiven = isNamedBy(app, broker);
      yield {
        order: 9, at: broker.redundant.at, confidence: weakest(appConfidence(app, broker.redundant), isGiven ? 'high' : 'low'), ...ofApp(app, broker.redundant.at),
        message: broker.kind === 'redis' ? `${broker.name} is one Redis node without failover: when it is replaced, everything that is queued is gone` : `${broker.name} is a single RabbitMQ instance: no message goes in or out while it is replaced`,
        label: 'one node',
        suggestion: broker.kind === 'redis' ? 'run a replication group with a replica and automatic failover' : 'set the deployment mode to CLUSTER_MULTI_AZ',
        fate: broker.kind === 'redis' ? 'node is replaced → Redis starts empty: queued messages are lost' : 'instance is replaced → no messages in or out for minutes',
      };
    }
  },
};

/** A worker of the app is given its address; else it is the only broker of the tree that is of this kind, and no worker is given another. */
function usesIt(app: CeleryApp, broker: Broker, all: readonly Broker[]): boolean {
  const same = all.filter(other => other.kind === broker.kind && other.redundant);
  return isNamedBy(app, broker) || (same.length === 1 && !same.some(other => isNamedBy(app, other)));
}

const isNamedBy = (app: CeleryApp, { address }: Broker): boolean => app.workers.some(({ container }) => container?.refersTo.some(other => `${other}.`.startsWith(`${address}.`)));
