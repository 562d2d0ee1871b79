import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = Readonly<Record<string, unknown>>;

export interface FakeService {
  readonly name: string;
  readonly service?: Answer;
  readonly taskDefinition?: Answer;
  /** Shared with others: a family and revision that is described elsewhere. */
  readonly taskDefinitionArn?: string;
  readonly tags?: readonly Answer[];
  readonly stopped?: readonly Answer[];
  /** Tasks that run, and whether the first of them is protected. */
  readonly running?: number;
  readonly isProtected?: boolean;
}
export interface FakeCluster { readonly name: string; readonly services: readonly FakeService[] }

export interface FakeOptions {
  readonly clusters: readonly FakeCluster[];
  readonly region?: string;
  readonly account?: string;
  readonly queues?: readonly { readonly name: string; readonly attributes: Answer }[];
  readonly scaling?: { readonly targets: readonly Answer[]; readonly policies: readonly Answer[] };
  readonly caches?: readonly { readonly name: string; readonly host: string; readonly parameterGroup: string; readonly policy: string }[];
  readonly brokers?: readonly { readonly name: string; readonly id: string; readonly mode: string }[];
  /** CloudWatch's values, by the name of a queue or a cache. */
  readonly metrics?: Readonly<Record<string, readonly number[]>>;
  /** Called for each request; what it returns is answered instead. */
  readonly meddle?: (request: Logged) => Meddling | undefined;
}
export type Meddling = { readonly status: number; readonly type: string; readonly message: string } | 'drop' | 'hang' | { readonly html: string };

/** One request as it came. `at`: ms. */
export interface Logged { readonly operation: string; readonly target: string; readonly at: number; readonly input: Answer; readonly count: number; readonly authorization: string }
export interface Fake { readonly url: string; readonly log: readonly Logged[]; readonly close: () => Promise<void> }

/** AWS's wire protocols (AWS JSON, query with XML, REST with JSON) on loopback, with its limits: pages of 100, 10 services a call, failures that are no errors. */
export async function fakeAws(options: FakeOptions): Promise<Fake> {
  const { region = 'eu-central-1', account = '123456789012' } = options;
  const log: Logged[] = [];
  const open = new Set<ServerResponse>();
  const arn = (what: string): string => `arn:aws:ecs:${region}:${account}:${what}`;
  const clusterOf = (name: unknown): FakeCluster => {
    const found = options.clusters.find(cluster => cluster.name === String(name).split('/').pop());
    if (!found) throw { status: 400, type: 'ClusterNotFoundException', message: 'Cluster not found.' } satisfies Meddling;
    return found;
  };
  const invalid = (message: string): Meddling => ({ status: 400, type: 'InvalidParameterException', message });
  const page = (list: readonly string[], input: Answer, key: string): Answer => {
    const size = Number(input.maxResults ?? 10);
    if (size > 100) throw invalid('maxResults must be at most 100');
    const from = Number(input.nextToken ?? 0);
    return { [key]: list.slice(from, from + size), ...(from + size < list.length && { nextToken: String(from + size) }) };
  };
  const definitions = new Map(options.clusters.flatMap(cluster => cluster.services.flatMap(service => (service.taskDefinition ? [[definitionArn(service), service.taskDefinition] as const] : []))));
  function definitionArn(service: FakeService): string { return service.taskDefinitionArn ?? arn(`task-definition/${service.name}:1`); }
  const serviceArn = (cluster: FakeCluster, service: FakeService): string => arn(`service/${cluster.name}/${service.name}`);
  const tasksOf = (cluster: FakeCluster): readonly Answer[] => cluster.services.flatMap(service => (service.stopped ?? []).map((task, i) => ({ taskArn: arn(`task/${cluster.name}/${service.name}-${i}`), group: `service:${service.name}`, lastStatus: 'STOPPED', clusterArn: arn(`cluster/${cluster.name}`), ...task })));
  const runningIn = (cluster: FakeCluster): readonly Answer[] => cluster.services.flatMap(service => Array.from({ length: service.running ?? 0 }, (_, i) => ({ taskArn: arn(`task/${cluster.name}/${service.name}-up-${i}`), group: `service:${service.name}`, lastStatus: 'RUNNING', isProtected: i === 0 && service.isProtected === true })));

  const handlers: Readonly<Record<string, (input: Answer) => Answer>> = {
    ListClusters: input => page(options.clusters.map(({ name }) => arn(`cluster/${name}`)), input, 'clusterArns'),
    ListServices: input => { const cluster = clusterOf(input.cluster); return page(cluster.services.map(service => serviceArn(cluster, service)), input, 'serviceArns'); },
    DescribeServices(input) {
      const cluster = clusterOf(input.cluster);
      const wanted = input.services as readonly string[];
      if (wanted.length > 10) throw invalid('services can have at most 10 items');
      const found = wanted.map(name => ({ name, service: cluster.services.find(service => service.name === name.split('/').pop()) }));
      return {
        services: found.flatMap(({ service }) => (service ? [{
          serviceArn: serviceArn(cluster, service), serviceName: service.name, clusterArn: arn(`cluster/${cluster.name}`), status: 'ACTIVE', desiredCount: 2, runningCount: 2, pendingCount: 0, launchType: 'FARGATE',
          taskDefinition: definitionArn(service), deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200, deploymentCircuitBreaker: { enable: false, rollback: false } }, deployments: [], events: [], schedulingStrategy: 'REPLICA', tags: service.tags ?? [], ...service.service,
        }] : [])),
        failures: found.filter(({ service }) => !service).map(({ name }) => ({ arn: name, reason: 'MISSING' })),
      };
    },
    DescribeTaskDefinition(input) {
      const found = definitions.get(String(input.taskDefinition));
      if (!found) throw { status: 400, type: 'ClientException', message: 'Unable to describe task definition.' } satisfies Meddling;
      return { taskDefinition: { taskDefinitionArn: input.taskDefinition, family: String(input.taskDefinition).split('/').pop()!.split(':')[0], requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '512', ...found } };
    },
    ListTasks: input => page((input.desiredStatus === 'STOPPED' ? tasksOf : runningIn)(clusterOf(input.cluster)).map(task => String(task.taskArn)), input, 'taskArns'),
    DescribeTasks(input) {
      const tasks = input.tasks as readonly string[];
      if (tasks.length > 100) throw invalid('tasks can have at most 100 items');
      const cluster = clusterOf(input.cluster);
      return { tasks: [...tasksOf(cluster), ...runningIn(cluster)].filter(task => tasks.includes(String(task.taskArn))), failures: [] };
    },
    GetTaskProtection(input) {
      const tasks = input.tasks as readonly string[];
      return { protectedTasks: runningIn(clusterOf(input.cluster)).filter(task => tasks.includes(String(task.taskArn))).map(({ taskArn, isProtected }) => ({ taskArn, protectionEnabled: isProtected })), failures: [] };
    },
    DescribeScalableTargets(input) {
      const ids = input.ResourceIds as readonly string[] | undefined;
      if (ids && ids.length > 50) throw invalid('ResourceIds can have at most 50 items');
      return { ScalableTargets: (options.scaling?.targets ?? []).filter(({ ResourceId }) => ids?.includes(String(ResourceId)) ?? true) };
    },
    DescribeScalingPolicies: input => ({ ScalingPolicies: (options.scaling?.policies ?? []).filter(({ ResourceId }) => input.ResourceId === undefined || input.ResourceId === ResourceId) }),
    ListQueues: () => ({ QueueUrls: (options.queues ?? []).map(({ name }) => `https://sqs.${region}.amazonaws.com/${account}/${name}`) }),
    GetMetricData: input => ({
      MetricDataResults: (input.MetricDataQueries as readonly { readonly Id: string; readonly MetricStat: { readonly Metric: { readonly Dimensions: readonly { readonly Value: string }[] } } }[]).map(({ Id, MetricStat }) => {
        const values = options.metrics?.[MetricStat.Metric.Dimensions[0]!.Value] ?? [];
        return { Id, Timestamps: values.map((_, i) => 1_795_600_000 + i * 3_600), Values: values, StatusCode: 'Complete' };
      }),
    }),
    'GET /v1/brokers': () => ({ brokerSummaries: (options.brokers ?? []).map(({ name, id, mode }) => ({ brokerArn: `arn:aws:mq:${region}:${account}:broker:${name}:${id}`, brokerId: id, brokerName: name, engineType: 'RABBITMQ', deploymentMode: mode })) }),
    GetQueueAttributes(input) {
      const queue = options.queues?.find(({ name }) => String(input.QueueUrl).endsWith(`/${name}`));
      if (!queue) throw { status: 400, type: 'QueueDoesNotExist', message: 'The specified queue does not exist.' } satisfies Meddling;
      return { Attributes: { QueueArn: `arn:aws:sqs:${region}:${account}:${queue.name}`, VisibilityTimeout: '30', ...queue.attributes } };
    },
  };

  const xml = (operation: string, inner: string): string => `<${operation}Response><${operation}Result>${inner}</${operation}Result></${operation}Response>`;
  const queries: Readonly<Record<string, () => string>> = {
    DescribeReplicationGroups: () => `<ReplicationGroups>${(options.caches ?? []).map(({ name, host }) => `<ReplicationGroup><ReplicationGroupId>${name}</ReplicationGroupId><ARN>arn:aws:elasticache:${region}:${account}:replicationgroup:${name}</ARN><AutomaticFailover>enabled</AutomaticFailover><NodeGroups><NodeGroup><PrimaryEndpoint><Address>${host}</Address><Port>6379</Port></PrimaryEndpoint></NodeGroup></NodeGroups></ReplicationGroup>`).join('')}</ReplicationGroups>`,
    DescribeCacheClusters: () => `<CacheClusters>${(options.caches ?? []).map(({ name, parameterGroup }) => `<CacheCluster><CacheClusterId>${name}-001</CacheClusterId><ReplicationGroupId>${name}</ReplicationGroupId><Engine>redis</Engine><CacheParameterGroup><CacheParameterGroupName>${parameterGroup}</CacheParameterGroupName></CacheParameterGroup></CacheCluster>`).join('')}</CacheClusters>`,
    DescribeCacheParameters: () => `<Parameters><Parameter><ParameterName>maxmemory-policy</ParameterName><ParameterValue>${options.caches?.[0]?.policy ?? ''}</ParameterValue></Parameter></Parameters>`,
    AssumeRole: () => `<Credentials><AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>assumed</SecretAccessKey><SessionToken>assumed</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials>`,
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    open.add(response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const target = String(request.headers['x-amz-target'] ?? '');
    const form = target === '' ? new URLSearchParams(text).get('Action') : null;
    const operation = target === '' ? form ?? `${request.method} ${(request.url ?? '').split('?')[0]}` : target.split('.').pop()!;
    const input = (text.startsWith('{') ? JSON.parse(text) : {}) as Answer;
    const entry: Logged = { operation, target, at: performance.now(), input, count: log.filter(one => one.operation === operation).length, authorization: String(request.headers.authorization ?? '') };
    log.push(entry);
    const reply = (status: number, body: Answer): void => { response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...(status >= 400 && { 'x-amzn-errortype': String(body.__type) }) }); response.end(JSON.stringify(body)); };
    const fail = (meddling: Meddling): void => {
      if (meddling === 'drop') request.socket.destroy();
      else if (meddling === 'hang') return;
      else if ('html' in meddling) { response.writeHead(500, { 'content-type': 'text/html' }); response.end(meddling.html); } else if (form !== null) { response.writeHead(meddling.status, { 'content-type': 'text/xml' }); response.end(`<ErrorResponse><Error><Type>Sender</Type><Code>${meddling.type}</Code><Message>${meddling.message}</Message></Error></ErrorResponse>`); } else reply(meddling.status, { __type: meddling.type, message: meddling.message });
    };
    const meddling = options.meddle?.(entry);
    if (meddling) { fail(meddling); return; }
    const query = form === null ? undefined : queries[form];
    if (query) { response.writeHead(200, { 'content-type': 'text/xml' }); response.end(xml(operation, query())); return; }
    const handler = handlers[operation];
    if (!handler) { fail({ status: 400, type: 'UnknownOperationException', message: operation }); return; }
    try { reply(200, handler(input)); } catch (error) { fail(error as Meddling); }
  }

  const server: Server = createServer((request, response) => { void serve(request, response); });
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, log, close: () => new Promise(resolve => { server.closeAllConnections(); server.close(() => resolve()); }) };
}
