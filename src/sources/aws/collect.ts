import { createCaller, CallError, pause, type Access, type Caller, type CallFailure } from './caller.js';
import { OPERATIONS, TOKENS, type OperationName } from './operations.js';
import type { RecordedBroker, RecordedCache, RecordedQueue, RecordedService, Recording } from './recording.js';
import { REDACTED, serviceOf, stoppedTaskOf, taskDefinitionOf, type Answer } from './redact.js';

export interface CollectOptions {
  /** One for each account and region. */
  readonly accesses: readonly Access[];
  /** Names or ARNs; none: all. */
  readonly clusters: readonly string[];
  /** Names with `*`; none: all. */
  readonly services: readonly string[];
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
  /** Wait until the newest deployment of these has settled: ms between two looks, and at most. */
  readonly settle?: { readonly every: number; readonly atMost: number };
}

/** Requests of one region under way at once. */
const CONCURRENCY = 10;
const PAGES = 1_000;

/** Reads what runs. A call that fails is named in `failures`, and the rest is read. Throws only what `signal` aborts with. */
export async function collect(options: CollectOptions): Promise<Recording & { readonly called: ReadonlySet<OperationName> }> {
  const regions = await Promise.all(options.accesses.map(access => readRegion(access, options)));
  const all = <T>(of: (region: Region) => readonly T[]): readonly T[] => regions.flatMap(of);
  const byArn = <T extends { readonly arn: string }>(list: readonly T[]): readonly T[] => [...new Map(list.map(one => [one.arn, one])).values()].sort((a, b) => (a.arn < b.arn ? -1 : a.arn > b.arn ? 1 : 0));
  return {
    drainlintRecording: 1, recordedAt: new Date().toISOString(), services: byArn(all(region => region.services)), queues: byArn(all(region => region.queues)), caches: byArn(all(region => region.caches)),
    brokers: byArn(all(region => region.brokers)), failures: distinct(all(region => region.failures)), called: new Set(all(region => [...region.called])),
  };
}

interface Region { readonly services: readonly RecordedService[]; readonly queues: readonly RecordedQueue[]; readonly caches: readonly RecordedCache[]; readonly brokers: readonly RecordedBroker[]; readonly failures: CallFailure[]; readonly called: ReadonlySet<OperationName> }

const distinct = (failures: readonly CallFailure[]): readonly CallFailure[] => [...new Map(failures.map(one => [JSON.stringify(one), one])).values()];

/** Variables with an address of AWS, and its host: in memory only, until the broker there is known. */
type Variables = Map<{ value: string }, string>;

async function readRegion(access: Access, options: CollectOptions): Promise<Region> {
  const failures: CallFailure[] = [];
  let caller: Caller;
  try {
    caller = await createCaller({ ...access, ...(options.signal && { signal: options.signal }) });
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return { services: [], queues: [], caches: [], brokers: [], failures: [error.failure], called: new Set() };
  }
  try {
    const reader = createReader(caller, failures);
    const variables: Variables = new Map();
    const services = await readServices(reader, options, variables);
    const found = services.length === 0 ? { queues: [], caches: [], brokers: [] } : await readResources(reader, services, variables);
    return { services, ...found, failures, called: caller.called };
  } finally {
    caller.close();
  }
}

/** Calls that do not throw: what fails is noted, and is undefined. */
interface Reader {
  readonly region: string;
  ask(operation: OperationName, input: object, about?: string): Promise<Answer | undefined>;
  /** Every item of all pages. */
  list<T>(operation: OperationName, input: object, items: (answer: Answer) => readonly T[], about?: string): Promise<readonly T[]>;
  /** Each of them, some at a time, in their order. */
  each<T, R>(list: readonly T[], read: (one: T) => Promise<R>): Promise<readonly R[]>;
  fail(failure: Omit<CallFailure, 'region'>): void;
}

function createReader(caller: Caller, failures: CallFailure[]): Reader {
  const refused = new Set<OperationName>();
  const ask: Reader['ask'] = async (operation, input, about) => {
    if (refused.has(operation)) return undefined;
    try {
      return await caller.call(operation, input, about);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      // what is refused once is refused for all: said once, however many calls are under way
      if (refused.has(operation)) return undefined;
      if (error.failure.kind === 'permission' || error.failure.kind === 'credentials' || error.failure.kind === 'unreachable') refused.add(operation);
      failures.push(error.failure);
      return undefined;
    }
  };
  return {
    region: caller.region, ask, fail: failure => { failures.push({ ...failure, region: caller.region }); },
    async list(operation, input, items, about) {
      const found = [];
      let token: unknown;
      for (let page = 0; page < PAGES; page++) {
        const answer = await ask(operation, { ...input, ...(token !== undefined && { [tokenName(operation)]: token }) }, about);
        if (!answer) break;
        found.push(...items(answer));
        token = answer[tokenName(operation)];
        if (token === undefined || token === null || token === '') break;
      }
      return found;
    },
    async each(list, read) {
      const results: Awaited<ReturnType<typeof read>>[] = [];
      let next = 0;
      await Promise.all(Array.from({ length: Math.min(CONCURRENCY, list.length) }, async () => { for (let i = next++; i < list.length; i = next++) results[i] = await read(list[i]!); }));
      return results;
    },
  };
}

const tokenName = (operation: OperationName): string => TOKENS[OPERATIONS[operation].client];

const texts = (list: unknown): readonly string[] => (Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : []);
const objects = (list: unknown): readonly Answer[] => (Array.isArray(list) ? list.filter((one): one is Answer => typeof one === 'object' && one !== null) : []);
const chunks = <T>(list: readonly T[], size: number): readonly (readonly T[])[] => Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
const lastPart = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

async function readServices(reader: Reader, options: CollectOptions, variables: Variables): Promise<readonly RecordedService[]> {
  const { onProgress = () => {} } = options;
  const clusters = options.clusters.length > 0 ? options.clusters : await reader.list('listClusters', { maxResults: 100 }, answer => texts(answer.clusterArns));
  const wanted = matcher(options.services);
  const listed = (await reader.each(clusters, async cluster => {
    const arns = await reader.list('listServices', { cluster, maxResults: 100 }, answer => texts(answer.serviceArns), lastPart(cluster));
    return arns.filter(arn => wanted(lastPart(arn))).map(arn => ({ cluster, arn }));
  })).flat();
  const perCluster = clusters.flatMap(cluster => chunks(listed.filter(one => one.cluster === cluster), 10).map(part => ({ cluster, arns: part.map(({ arn }) => arn) })));
  let described = 0;
  const read = async (): Promise<readonly Answer[]> => (await reader.each(perCluster, async ({ cluster, arns }) => {
    const answer = await reader.ask('describeServices', { cluster, services: arns, include: ['TAGS'] }, lastPart(cluster));
    for (const { arn, reason } of objects(answer?.failures)) reader.fail({ call: 'ecs:DescribeServices', kind: 'missing', about: lastPart(String(arn)), message: `ECS does not describe ${lastPart(String(arn))} (${String(reason)})` });
    onProgress(`${reader.region}: ${described += arns.length} of ${listed.length} services`);
    return objects(answer?.services);
  })).flat();
  let services = await read();
  if (options.settle) {
    services = await settled(services, read, options.settle, options.signal, count => onProgress(`${reader.region}: waiting for ${count} deployment${count === 1 ? '' : 's'} to settle`));
    for (const { serviceName } of services.filter(isUnderWay)) reader.fail({ call: '', kind: 'other', about: String(serviceName), message: `${String(serviceName)} has not settled: what is read of it is a deployment under way` });
  }
  const running = services.filter(({ status }) => status !== 'INACTIVE');

  let defined = 0;
  const names = [...new Set(running.flatMap(({ taskDefinition }) => (typeof taskDefinition === 'string' ? [taskDefinition] : [])))];
  const definitionList = await reader.each(names, async name => {
    const answer = await reader.ask('describeTaskDefinition', { taskDefinition: name }, lastPart(name));
    onProgress(`${reader.region}: ${++defined} of ${names.length} task definitions`);
    return answer && taskDefinitionOf((answer.taskDefinition ?? {}) as Answer, (variable, host) => variables.set(variable, host));
  });
  const redacted = new Map(names.map((name, i) => [name, definitionList[i]]));

  const own = new Set(running.map(({ clusterArn }) => String(clusterArn)));
  const tasks = new Map((await reader.each([...own], async cluster => [cluster, await readTasks(reader, cluster)] as const)));
  const scaling = running.length === 0 ? new Map<string, NonNullable<RecordedService['scaling']>>() : await readScaling(reader, running.map(({ clusterArn, serviceName }) => `service/${lastPart(String(clusterArn))}/${String(serviceName)}`));
  return running.map((answer): RecordedService => {
    const arn = String(answer.serviceArn);
    const [cluster, name] = [String(answer.clusterArn), String(answer.serviceName)];
    const { stopped, isProtected } = tasks.get(cluster) ?? { stopped: [], isProtected: [] };
    const group = `service:${name}`;
    const target = scaling.get(`service/${lastPart(cluster)}/${name}`);
    const definition = redacted.get(String(answer.taskDefinition));
    return {
      arn, service: serviceOf(answer), ...(definition && { taskDefinition: definition }), tags: tagsOf(answer.tags), stoppedTasks: stopped.filter(task => task.group === group),
      protectedCount: isProtected.filter(task => task === group).length, ...(target && { scaling: target }),
    };
  });
}

/** `billing-*`; none: everything. */
function matcher(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.map(glob => new RegExp(`^${glob.split('*').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`));
  return name => patterns.length === 0 || patterns.some(pattern => pattern.test(name));
}

/** Keys that name an owner, a team or an environment: other tags are nobody's business. */
const OWNER = /^(?:[\w-]+:)?(?:owner|team|squad|environment|env|stage)$/i;

function tagsOf(tags: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(objects(tags).filter(({ key }) => OWNER.test(String(key))).map(({ key, value }) => [String(key), String(value ?? '')]));
}

/** The tasks of a cluster that were stopped (ECS remembers them for about an hour), and the groups of those that are protected. */
async function readTasks(reader: Reader, cluster: string): Promise<{ readonly stopped: readonly Answer[]; readonly isProtected: readonly string[] }> {
  const about = lastPart(cluster);
  const arnsOf = (desiredStatus: string): Promise<readonly string[]> => reader.list('listTasks', { cluster, desiredStatus, maxResults: 100 }, answer => texts(answer.taskArns), about);
  const describe = async (arns: readonly string[]): Promise<readonly Answer[]> => (await reader.each(chunks(arns, 100), async tasks => objects((await reader.ask('describeTasks', { cluster, tasks }, about))?.tasks))).flat();
  const stopped = (await describe(await arnsOf('STOPPED'))).map(stoppedTaskOf);
  const arns = await arnsOf('RUNNING');
  const guarded = (await reader.each(chunks(arns, 100), async tasks => objects((await reader.ask('getTaskProtection', { cluster, tasks }, about))?.protectedTasks))).flat().filter(task => task.protectionEnabled === true).map(task => String(task.taskArn));
  const groups = guarded.length === 0 ? [] : (await describe(guarded)).map(task => String(task.group));
  return { stopped, isProtected: groups };
}

/** A page of policies holds ten: of fewer services than that each is asked for alone. */
const POLICIES = 10;

/** By `service/CLUSTER/NAME`. */
async function readScaling(reader: Reader, ids: readonly string[]): Promise<ReadonlyMap<string, NonNullable<RecordedService['scaling']>>> {
  const input = { ServiceNamespace: 'ecs' };
  const targets = (await reader.each(chunks(ids, 50), ResourceIds => reader.list('describeScalableTargets', { ...input, ResourceIds }, answer => objects(answer.ScalableTargets)))).flat();
  const policiesOf = (of: object): Promise<readonly Answer[]> => reader.list('describeScalingPolicies', { ...input, ...of }, answer => objects(answer.ScalingPolicies));
  const policies = targets.length === 0 ? [] : targets.length > POLICIES ? await policiesOf({}) : (await reader.each(targets, ({ ResourceId }) => policiesOf({ ResourceId }))).flat();
  return new Map(targets.filter(target => target.ScalableDimension === 'ecs:service:DesiredCount').map(target => {
    const id = String(target.ResourceId);
    return [id, { minimum: Number(target.MinCapacity), maximum: Number(target.MaxCapacity), metrics: [...new Set(policies.filter(policy => policy.ResourceId === id).flatMap(metricsOf))] }];
  }));
}

function metricsOf(policy: Answer): readonly string[] {
  const tracking = policy.TargetTrackingScalingPolicyConfiguration as Answer | undefined;
  const predefined = (tracking?.PredefinedMetricSpecification as Answer | undefined)?.PredefinedMetricType;
  const custom = tracking?.CustomizedMetricSpecification as Answer | undefined;
  if (predefined !== undefined) return [String(predefined)];
  return custom?.MetricName === undefined ? [] : [[custom.Namespace, custom.MetricName].filter(one => one !== undefined).join('/')];
}

const isUnderWay = ({ deployments }: Answer): boolean => objects(deployments).length > 1 || objects(deployments).some(({ rolloutState }) => rolloutState === 'IN_PROGRESS');

/** Looks again until no deployment is under way, or for as long as is allowed. */
async function settled(first: readonly Answer[], read: () => Promise<readonly Answer[]>, { every, atMost }: NonNullable<CollectOptions['settle']>, signal: AbortSignal | undefined, waiting: (count: number) => void): Promise<readonly Answer[]> {
  const end = performance.now() + atMost;
  let services = first;
  for (let open = services.filter(isUnderWay); open.length > 0 && performance.now() < end; open = services.filter(isUnderWay)) {
    waiting(open.length);
    await pause(every, signal);
    services = await read();
  }
  return services;
}

/** Queues that variables name, and the brokers of the account; a variable with the address of one of them names it from now on. */
async function readResources(reader: Reader, services: readonly RecordedService[], variables: Variables): Promise<Pick<Region, 'queues' | 'caches' | 'brokers'>> {
  const definitions = JSON.stringify(services.map(({ taskDefinition }) => taskDefinition ?? null));
  const hosts: Host[] = [];
  const [queues, caches, brokers] = await Promise.all([readQueues(reader, definitions), readCaches(reader, definitions, hosts), readBrokers(reader, definitions, hosts)]);
  for (const [variable, host] of variables) {
    const arn = hosts.find(({ listens }) => listens(host))?.arn;
    if (arn !== undefined) variable.value = variable.value.replace(REDACTED, arn);
  }
  await readMetrics(reader, queues, caches);
  return { queues, caches, brokers };
}

/** Where a broker can be reached. */
interface Host { readonly arn: string; readonly listens: (host: string) => boolean }

async function readQueues(reader: Reader, text: string): Promise<RecordedQueue[]> {
  const named = new Set(text.match(/https:\/\/sqs\.[\w.-]+\/\d{12}\/[\w-]+(?:\.fifo)?/g) ?? []);
  // Celery names its queues when it runs
  if (/sqs:\/\//.test(text)) for (const url of await reader.list('listQueues', { MaxResults: 1000 }, answer => texts(answer.QueueUrls))) named.add(url);
  const read = async (urls: readonly string[]): Promise<readonly RecordedQueue[]> => (await reader.each(urls, async (url): Promise<RecordedQueue | undefined> => {
    const found = (await reader.ask('getQueueAttributes', { QueueUrl: url, AttributeNames: ['QueueArn', 'VisibilityTimeout', 'RedrivePolicy'] }, lastPart(url)))?.Attributes as Answer | undefined;
    return found && { arn: String(found.QueueArn), url, name: lastPart(url), visibilityTimeout: Number(found.VisibilityTimeout), ...(found.RedrivePolicy !== undefined && { redrivePolicy: String(found.RedrivePolicy) }) };
  })).filter(queue => queue !== undefined);
  const queues = await read([...named]);
  const letters = [...targetsOf(queues)].filter(arn => !queues.some(queue => queue.arn === arn)).flatMap(arn => urlBeside(arn, queues));
  return [...queues, ...await read(letters)];
}

/** The queues that dead letters of these go to, as ARNs. */
function targetsOf(queues: readonly RecordedQueue[]): ReadonlySet<string> {
  return new Set(queues.flatMap(({ redrivePolicy }) => /"deadLetterTargetArn"\s*:\s*"([^"]+)"/.exec(redrivePolicy ?? '')?.[1] ?? []));
}

/** The URL of a queue: like that of another one of its account and region, where dead letters always are. */
function urlBeside(arn: string, queues: readonly RecordedQueue[]): readonly string[] {
  const own = arn.slice(0, arn.lastIndexOf(':'));
  const beside = queues.find(queue => queue.arn.startsWith(`${own}:`));
  return beside ? [`${beside.url.slice(0, beside.url.lastIndexOf('/'))}/${arn.slice(own.length + 1)}`] : [];
}

async function readCaches(reader: Reader, text: string, hosts: Host[]): Promise<RecordedCache[]> {
  if (!/rediss?:\/\/|valkeys?:\/\//.test(text)) return [];
  const groups = await reader.list('describeReplicationGroups', {}, answer => objects(answer.ReplicationGroups));
  const clusters = groups.length === 0 ? [] : await reader.list('describeCacheClusters', {}, answer => objects(answer.CacheClusters));
  return [...await reader.each(groups, async (group): Promise<RecordedCache> => {
    const endpoints = endpointsOf(group);
    hosts.push({ arn: String(group.ARN), listens: host => endpoints.has(host) });
    const [member] = clusters.filter(cluster => cluster.ReplicationGroupId === group.ReplicationGroupId);
    const parameterGroup = (member?.CacheParameterGroup as Answer | undefined)?.CacheParameterGroupName as string | undefined;
    const parameters = parameterGroup === undefined ? [] : await reader.list('describeCacheParameters', { CacheParameterGroupName: parameterGroup }, answer => objects(answer.Parameters), parameterGroup);
    const policy = parameters.find(({ ParameterName }) => ParameterName === 'maxmemory-policy')?.ParameterValue;
    return {
      arn: String(group.ARN), name: String(group.ReplicationGroupId), engine: String(member?.Engine ?? group.Engine ?? 'redis'), automaticFailover: group.AutomaticFailover === 'enabled',
      ...(parameterGroup !== undefined && { parameterGroup }), ...(policy !== undefined && { policy: String(policy) }),
    };
  })];
}

function endpointsOf(group: Answer): ReadonlySet<string> {
  const all = [group.ConfigurationEndpoint, ...objects(group.NodeGroups).flatMap(node => [node.PrimaryEndpoint, node.ReaderEndpoint, ...objects(node.NodeGroupMembers).map(member => member.ReadEndpoint)])];
  return new Set(objects(all).map(({ Address }) => String(Address).toLowerCase()));
}

async function readBrokers(reader: Reader, text: string, hosts: Host[]): Promise<readonly RecordedBroker[]> {
  if (!/(?:py)?amqps?:\/\//.test(text)) return [];
  const brokers = await reader.list('listBrokers', {}, answer => objects(answer.BrokerSummaries));
  // the host of a broker begins with its id
  for (const { BrokerArn, BrokerId } of brokers) hosts.push({ arn: String(BrokerArn), listens: host => host.startsWith(`${String(BrokerId)}.`) || host.startsWith(`${String(BrokerId)}-`) });
  return brokers.map((broker): RecordedBroker => ({ arn: String(broker.BrokerArn), name: String(broker.BrokerName), engine: String(broker.EngineType), deploymentMode: String(broker.DeploymentMode) }));
}

/** Fills in what CloudWatch says of the last day. */
async function readMetrics(reader: Reader, queues: RecordedQueue[], caches: RecordedCache[]): Promise<void> {
  const day = 86_400;
  const end = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000);
  const targets = targetsOf(queues);
  const dead = queues.map((queue, i) => ({ queue, i })).filter(({ queue }) => targets.has(queue.arn));
  const query = (Id: string, Namespace: string, MetricName: string, dimension: string, value: string, Stat: string, Period: number): object => ({ Id, MetricStat: { Metric: { Namespace, MetricName, Dimensions: [{ Name: dimension, Value: value }] }, Stat, Period } });
  const queries = [
    ...dead.map(({ queue, i }) => query(`q${i}`, 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName', queue.name, 'Maximum', 3_600)),
    ...caches.map((cache, i) => query(`c${i}`, 'AWS/ElastiCache', 'Evictions', 'ReplicationGroupId', cache.name, 'Sum', day)),
  ];
  for (const part of chunks(queries, 500)) {
    const results = await reader.list('getMetricData', { MetricDataQueries: part, StartTime: new Date(end.getTime() - day * 1000), EndTime: end, ScanBy: 'TimestampAscending' }, answer => objects(answer.MetricDataResults));
    for (const { Id, Values } of results) {
      const values = Array.isArray(Values) ? Values.map(Number) : [];
      const i = Number(String(Id).slice(1));
      if (values.length === 0) continue;
      if (String(Id).startsWith('q')) queues[i] = { ...queues[i]!, visible: [values[0]!, values.at(-1)!] };
      else caches[i] = { ...caches[i]!, evictions: values.reduce((sum, value) => sum + value, 0) };
    }
  }
}
