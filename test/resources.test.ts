import { beforeAll, describe, expect, test } from 'vitest';
import * as cloudformation from '../src/analyzers/cloudformation.js';
import * as terraform from '../src/analyzers/terraform.js';
import { findStarts, type Starts } from '../src/link/starts.js';
import type { Facts, FactStore, Queue, Rule } from '../src/model/index.js';
import { agreed } from '../src/model/index.js';
import { loadHcl } from '../src/parsers/hcl.js';
import { rules } from '../src/rules/index.js';
import { at, container, model, scheduler, service, set, thresholds, unset, worker } from './model-builders.js';

/** Queues and brokers that a tree declares, and what rules make of them. */
beforeAll(() => loadHcl());

const linked = (all: readonly Facts[]): Starts => {
  const byPath = new Map(all.map(facts => [facts.path, facts]));
  const paths = [...byPath.keys()];
  const store: FactStore = { paths, candidates: paths, has: path => byPath.has(path), facts: path => byPath.get(path) };
  return findStarts(store, { workers: [], assume: {}, durations: {} });
};
const tf = (text: string, path = 'main.tf'): Facts => terraform.facts(text, path);
const queues = ({ queues: all }: Starts): readonly unknown[] => all.map(queue => [queue.name, agreed(queue.visibilityTimeout), queue.maxReceiveCount.state === 'unknown' ? 'unknown' : agreed(queue.maxReceiveCount), queue.isDeadLetters]);

describe('queues', () => {
  const DLQ = 'resource "aws_sqs_queue" "failed" {\n  name = "failed"\n}\n';
  test.each([
    ['without a policy', 'resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\n', [['jobs', 30, undefined, false]]],
    ['with jsonencode', `resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n  visibility_timeout_seconds = 900\n  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failed.arn, maxReceiveCount = 5 })\n}\n${DLQ}`, [['jobs', 900, 5, false], ['failed', 30, undefined, true]]],
    ['with a heredoc', `resource "aws_sqs_queue" "jobs" {\n  redrive_policy = <<EOF\n{"deadLetterTargetArn": "\${aws_sqs_queue.failed.arn}", "maxReceiveCount": 4}\nEOF\n}\n${DLQ}`, [['jobs', 30, 'unknown', false], ['failed', 30, undefined, true]]],
    ['with a policy of its own', `resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\nresource "aws_sqs_queue_redrive_policy" "jobs" {\n  queue_url = aws_sqs_queue.jobs.id\n  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failed.arn, maxReceiveCount = 3 })\n}\n${DLQ}`, [['jobs', 30, 3, false], ['failed', 30, undefined, true]]],
    ['for each name', 'resource "aws_sqs_queue" "all" {\n  for_each = toset(["a", "b"])\n  name = each.value\n}\n', [['a', 30, undefined, false], ['b', 30, undefined, false]]],
  ])('of Terraform %s', (_, text, expected) => {
    expect(queues(linked([tf(text)]))).toEqual(expected);
  });
  test('of CloudFormation', () => {
    const text = 'Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibilityTimeout: 900\n      RedrivePolicy:\n        deadLetterTargetArn: !GetAtt Failed.Arn\n        maxReceiveCount: 5\n  Failed:\n    Type: AWS::SQS::Queue\n';
    expect(queues(linked([cloudformation.facts(text, 'a.yaml')]))).toEqual([['Jobs', 900, 5, false]].concat([['Failed', 30, undefined as never, true]]));
  });
});

describe('brokers', () => {
  const found = (facts: Facts): readonly unknown[] => linked([facts]).brokers.map(({ kind, redundant, consumerTimeout }) => [kind, redundant && agreed(redundant), consumerTimeout && agreed(consumerTimeout)]);
  test.each([
    ['resource "aws_elasticache_cluster" "b" {\n  engine = "redis"\n}\n', [['redis', false, undefined]]],
    ['resource "aws_elasticache_cluster" "b" {\n  engine = "memcached"\n}\n', []],
    ['resource "aws_elasticache_replication_group" "b" {\n  automatic_failover_enabled = var.failover\n}\n', [['redis', undefined, undefined]]],
    ['resource "aws_elasticache_replication_group" "b" {\n  automatic_failover_enabled = true\n}\n', [['redis', true, undefined]]],
    ['resource "aws_mq_broker" "b" {\n  engine_type = "RabbitMQ"\n}\n', [['rabbitmq', false, undefined]]],
    ['resource "aws_mq_broker" "b" {\n  engine_type = "RabbitMQ"\n  deployment_mode = "CLUSTER_MULTI_AZ"\n}\n', [['rabbitmq', true, undefined]]],
    ['resource "aws_mq_broker" "b" {\n  engine_type = "ActiveMQ"\n}\n', []],
    ['resource "aws_mq_configuration" "b" {\n  data = <<DATA\nconsumer_timeout = 7200000\nDATA\n}\n', [['rabbitmq', undefined, 7200]]],
  ])('of Terraform: %s', (text, expected) => {
    expect(found(tf(text))).toEqual(expected);
  });
  test('of CloudFormation', () => {
    const text = 'Resources:\n  A:\n    Type: AWS::ElastiCache::ReplicationGroup\n    Properties:\n      AutomaticFailoverEnabled: true\n  B:\n    Type: AWS::AmazonMQ::Broker\n    Properties:\n      EngineType: RABBITMQ\n      DeploymentMode: SINGLE_INSTANCE\n  C:\n    Type: AWS::AmazonMQ::Configuration\n    Properties:\n      Data:\n        Fn::Base64: |\n          consumer_timeout = 3600000\n';
    expect(found(cloudformation.facts(text, 'a.yaml'))).toEqual([['redis', true, undefined], ['rabbitmq', false, undefined], ['rabbitmq', undefined, 3600]]);
  });
});

describe('which queue has nowhere to put what fails', () => {
  const [rule] = rules.filter(({ id }) => id === 'sqs/no-dead-letter-queue') as [Rule];
  const queue = (more: Partial<Queue> = {}): Queue => ({ name: 'jobs', address: 'aws_sqs_queue.jobs', at: at('main.tf'), visibilityTimeout: set(30), maxReceiveCount: unset, isDeadLetters: false, ...more });
  const reads = (address: string): ReturnType<typeof worker> => worker({ broker: 'sqs', container: container({ refersTo: [address] }) });
  const told = (all: readonly Queue[], workers = [reads('aws_sqs_queue.jobs.url')]): readonly unknown[] => [...rule.check(model({ queues: all, workers }), thresholds)].map(({ resource, confidence }) => [resource, confidence]);

  test('the one that a worker is given', () => { expect(told([queue(), queue({ name: 'other', address: 'aws_sqs_queue.other' })])).toEqual([['jobs', 'high']]); });
  test('not one with a policy, not one that nobody can read', () => { expect(told([queue({ maxReceiveCount: set(3) }), queue({ maxReceiveCount: { state: 'unknown', at: at('main.tf'), expression: 'x', candidates: [] } })])).toEqual([]); });
  test('not the queue of what failed, by its use or its name', () => { expect(told([queue({ isDeadLetters: true }), queue({ name: 'jobs-dlq' })])).toEqual([]); });
  test('not one whose name begins like another', () => { expect(told([queue()], [reads('aws_sqs_queue.jobs_old.url')])).toEqual([['jobs', 'low']]); });
  test('not where no worker reads SQS: a Lambda has its own retries', () => { expect(told([queue()], [worker({ broker: 'redis' })])).toEqual([]); });
  test('of several none, where no worker is given one', () => { expect(told([queue(), queue({ name: 'b', address: 'aws_sqs_queue.b' })], [worker({ broker: 'sqs' })])).toEqual([]); });
});

describe('what stops before the worker', () => {
  const [rule] = rules.filter(({ id }) => id === 'ecs/sidecar-stops-first') as [Rule];
  const told = (image: string, more: object = {}, own: object = {}): readonly unknown[] => {
    const sibling = { name: 'side', image, essential: true, at: at('infra/worker.json', 9), stopTimeout: set(30), dependsOn: [], ...more };
    return [...rule.check(model({ workers: [worker({ container: container({ siblings: [sibling], ...own }) })] }), thresholds)].map(({ severity }) => severity);
  };
  test.each([['envoyproxy/envoy:v1.30', ['warning']], ['edoburu/pgbouncer:1', ['warning']], ['public.ecr.aws/datadog/agent:7', ['note']], ['amazon/aws-xray-daemon', ['note']], ['amazon/aws-for-fluent-bit:stable', []], ['example.com/shop/web:1', []]])('%s: %j', (image, expected) => {
    expect(told(image)).toEqual(expected);
  });
  test('not what is not essential, what the worker depends on, what waits for the worker', () => {
    expect([told('envoyproxy/envoy', { essential: false }), told('envoyproxy/envoy', {}, { dependsOn: [{ container: 'side', condition: 'START' }] }), told('envoyproxy/envoy', { dependsOn: ['worker'] })]).toEqual([[], [], []]);
  });
});

describe('what only a running beat remembers', () => {
  const [rule] = rules.filter(({ id }) => id === 'ecs/scheduler-state-lost') as [Rule];
  const told = (schedule: unknown, more: object = {}): number => {
    const process = scheduler({ container: container(), app: { ...worker().app!, settings: new Map([['beat_schedule', set(schedule)]]) } as never, ...more });
    return [...rule.check(model({ schedulers: [process], services: [service()] }), thresholds)].length;
  };
  test('is a long interval, not a crontab, not a short one, not what lies on a volume', () => {
    expect([told({ a: { schedule: 86_400 } }), told({ a: { schedule: { seconds: 86_400 } } }), told({ a: { schedule: '⟨crontab(hour=3)⟩' } }), told({ a: { schedule: 60 } }), told({ a: { schedule: 86_400 } }, { container: container({ mounts: true }) })]).toEqual([1, 1, 0, 0, 0]);
  });
});

describe('what nobody could read', () => {
  const starts = (more: string, name = 'worker', service = true): readonly unknown[] => linked([cloudformation.facts(`Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - Name: ${name}\n          Image: !Ref Image\n${more}${service ? '  Service:\n    Type: AWS::ECS::Service\n    Properties:\n      TaskDefinition: !Ref Task\n' : ''}`, 'a.yaml')]).starts.map(({ command, joins }) => [command.text, joins.at(-1)?.how]);
  test('is a consumer where its name says so, at low confidence', () => { expect(starts('')).toEqual([['worker', 'by-name']]); });
  test('is none by any other name, or where its command says something else', () => { expect([starts('', 'web'), starts('          Command: [gunicorn, shop.wsgi]\n'), starts('          Command: [run-web]\n')]).toEqual([[], [], []]); });
  test('is one where its command names a consumer', () => { expect(starts('          Command: [run-task-processor]\n')).toEqual([['worker', 'by-name']]); });
  test('is none where no service runs it', () => { expect(starts('', 'worker', false)).toEqual([]); });
});
