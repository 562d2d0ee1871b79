/**
 * Every call that an audit may make. All of them read. `bucket`: which of the account's request buckets it takes from; `action`: the permission
 * that it needs.
 */
export interface Operation { readonly client: ClientName; readonly command: string; readonly bucket: BucketName; readonly action: string; /** The audit goes on without it. */ readonly optional?: true }

export type ClientName = 'ecs' | 'application-auto-scaling' | 'sqs' | 'elasticache' | 'mq' | 'cloudwatch';
export type BucketName = keyof typeof BUCKETS;

/**
 * Requests that an account may make in a region: at once, and for each second after that ("Request throttling for the Amazon ECS API", developer
 * guide). The other services document no such table: their numbers are chosen low.
 */
export const BUCKETS = {
  cluster: { burst: 50, perSecond: 20 }, service: { burst: 100, perSecond: 20 }, 'task definition': { burst: 50, perSecond: 20 }, 'cluster resource': { burst: 100, perSecond: 20 },
  'task protection': { burst: 200, perSecond: 80 }, queue: { burst: 50, perSecond: 20 }, other: { burst: 10, perSecond: 5 },
} as const;

export const OPERATIONS = {
  listClusters: { client: 'ecs', command: 'ListClustersCommand', bucket: 'cluster', action: 'ecs:ListClusters' },
  listServices: { client: 'ecs', command: 'ListServicesCommand', bucket: 'service', action: 'ecs:ListServices' },
  describeServices: { client: 'ecs', command: 'DescribeServicesCommand', bucket: 'service', action: 'ecs:DescribeServices' },
  describeTaskDefinition: { client: 'ecs', command: 'DescribeTaskDefinitionCommand', bucket: 'task definition', action: 'ecs:DescribeTaskDefinition' },
  listTasks: { client: 'ecs', command: 'ListTasksCommand', bucket: 'cluster resource', action: 'ecs:ListTasks' },
  describeTasks: { client: 'ecs', command: 'DescribeTasksCommand', bucket: 'cluster resource', action: 'ecs:DescribeTasks' },
  getTaskProtection: { client: 'ecs', command: 'GetTaskProtectionCommand', bucket: 'task protection', action: 'ecs:GetTaskProtection', optional: true },
  describeScalableTargets: { client: 'application-auto-scaling', command: 'DescribeScalableTargetsCommand', bucket: 'other', action: 'application-autoscaling:DescribeScalableTargets', optional: true },
  describeScalingPolicies: { client: 'application-auto-scaling', command: 'DescribeScalingPoliciesCommand', bucket: 'other', action: 'application-autoscaling:DescribeScalingPolicies', optional: true },
  listQueues: { client: 'sqs', command: 'ListQueuesCommand', bucket: 'other', action: 'sqs:ListQueues', optional: true },
  getQueueAttributes: { client: 'sqs', command: 'GetQueueAttributesCommand', bucket: 'queue', action: 'sqs:GetQueueAttributes', optional: true },
  describeReplicationGroups: { client: 'elasticache', command: 'DescribeReplicationGroupsCommand', bucket: 'other', action: 'elasticache:DescribeReplicationGroups', optional: true },
  describeCacheClusters: { client: 'elasticache', command: 'DescribeCacheClustersCommand', bucket: 'other', action: 'elasticache:DescribeCacheClusters', optional: true },
  describeCacheParameters: { client: 'elasticache', command: 'DescribeCacheParametersCommand', bucket: 'other', action: 'elasticache:DescribeCacheParameters', optional: true },
  listBrokers: { client: 'mq', command: 'ListBrokersCommand', bucket: 'other', action: 'mq:ListBrokers', optional: true },
  getMetricData: { client: 'cloudwatch', command: 'GetMetricDataCommand', bucket: 'other', action: 'cloudwatch:GetMetricData', optional: true },
} as const satisfies Readonly<Record<string, Operation>>;

/** How each of them spells the token of the next page. */
export const TOKENS: Readonly<Record<ClientName, string>> = { ecs: 'nextToken', 'application-auto-scaling': 'NextToken', sqs: 'NextToken', elasticache: 'Marker', mq: 'NextToken', cloudwatch: 'NextToken' };

export type OperationName = keyof typeof OPERATIONS;

/** The least-privilege policy for all of them, as IAM takes it. */
export function iamPolicy(): string {
  const all: readonly Operation[] = Object.values(OPERATIONS);
  const statement = (Sid: string, chosen: readonly Operation[]): object => ({ Sid, Effect: 'Allow', Action: chosen.map(({ action }) => action), Resource: '*' });
  return `${JSON.stringify({ Version: '2012-10-17', Statement: [statement('DrainlintRead', all.filter(({ optional }) => !optional)), statement('DrainlintOptional', all.filter(({ optional }) => optional))] }, null, 2)}\n`;
}
