import { BUCKETS, OPERATIONS, type BucketName, type ClientName, type Operation, type OperationName } from './operations.js';

/** Who asks, and where. */
export interface Access {
  readonly region?: string;
  readonly profile?: string;
  readonly roleArn?: string;
  /** Another address than AWS's: a test, a local stand-in. */
  readonly endpoint?: string;
  readonly signal?: AbortSignal;
}

/** A call that gave no answer. `permission`: what the caller lacks. */
export interface CallFailure { readonly call: string; readonly region: string; readonly about?: string; readonly message: string; readonly permission?: string; readonly kind: 'permission' | 'credentials' | 'missing' | 'unreachable' | 'throttled' | 'other' }

export class CallError extends Error {
  constructor(readonly failure: CallFailure) { super(failure.message); }
}

/** One account and region. */
export interface Caller {
  readonly region: string;
  /** The answer. Throws CallError, and whatever aborts it. */
  call(operation: OperationName, input: object, about?: string): Promise<Record<string, unknown>>;
  /** The operations that were called. */
  readonly called: ReadonlySet<OperationName>;
  close(): void;
}

interface Client { send(command: object, options: object): Promise<Record<string, unknown>>; destroy(): void }
type Module = Readonly<Record<string, new (input: object) => object>>;

/** Loaded when the first call needs one: a replay needs none. */
const MODULES: Readonly<Record<ClientName, readonly [load: () => Promise<unknown>, client: string]>> = {
  ecs: [() => import('@aws-sdk/client-ecs'), 'ECSClient'],
  'application-auto-scaling': [() => import('@aws-sdk/client-application-auto-scaling'), 'ApplicationAutoScalingClient'],
  sqs: [() => import('@aws-sdk/client-sqs'), 'SQSClient'],
  elasticache: [() => import('@aws-sdk/client-elasticache'), 'ElastiCacheClient'],
  mq: [() => import('@aws-sdk/client-mq'), 'MqClient'],
  cloudwatch: [() => import('@aws-sdk/client-cloudwatch'), 'CloudWatchClient'],
};

/** ms */
const CONNECT = 5_000, ANSWER = 30_000;
/** The SDK waits longer after each attempt, and slows down for all calls of a client once it is throttled. */
const ATTEMPTS = 10;

/** That the SDK will leave this Node.js behind one day is no news for who audits services. */
const NO_NOTICE = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';

/** Calls AWS for one region. Throws CallError where no region is known. */
export async function createCaller(access: Access): Promise<Caller> {
  process.env[NO_NOTICE] ??= 'true';
  const shared = await configOf(access);
  const ecs = await clientOf('ecs', shared);
  const region = await regionOf(ecs.client, access);
  const clients = new Map<ClientName, Promise<{ readonly client: Client; readonly module: Module }>>([['ecs', Promise.resolve(ecs)]]);
  const buckets = new Map(Object.entries(BUCKETS).map(([name, limit]) => [name as BucketName, createBucket(limit)]));
  const called = new Set<OperationName>();

  return {
    region, called,
    async call(name, input, about) {
      const operation: Operation = OPERATIONS[name];
      let loading = clients.get(operation.client);
      if (!loading) clients.set(operation.client, loading = clientOf(operation.client, { ...shared, region }));
      const { client, module } = await loading;
      await buckets.get(operation.bucket)!.take(access.signal);
      called.add(name);
      try {
        return await client.send(new module[operation.command]!(input), { ...(access.signal && { abortSignal: access.signal }) });
      } catch (error) {
        access.signal?.throwIfAborted();
        throw new CallError(failureOf(error, operation, region, about));
      }
    },
    close() { for (const loading of clients.values()) void loading.then(({ client }) => client.destroy()); },
  };
}

async function configOf({ region, profile, roleArn, endpoint }: Access): Promise<object> {
  const credentials = roleArn === undefined ? undefined : (await import('@aws-sdk/credential-providers')).fromTemporaryCredentials({
    params: { RoleArn: roleArn, RoleSessionName: 'drainlint' }, ...(region !== undefined && { clientConfig: { region, ...(endpoint !== undefined && { endpoint }) } }), ...(profile !== undefined && { masterCredentials: (await import('@aws-sdk/credential-providers')).fromIni({ profile }) }),
  });
  return {
    ...(region !== undefined && { region }), ...(profile !== undefined && { profile }), ...(endpoint !== undefined && { endpoint }), ...(credentials && { credentials }),
    retryMode: 'adaptive', maxAttempts: ATTEMPTS, requestHandler: { connectionTimeout: CONNECT, requestTimeout: ANSWER },
  };
}

async function clientOf(name: ClientName, config: object): Promise<{ readonly client: Client; readonly module: Module }> {
  const [load, className] = MODULES[name];
  const module = await load() as Module;
  return { module, client: new module[className]!(config) as Client };
}

async function regionOf(client: Client, { region }: Access): Promise<string> {
  if (region !== undefined) return region;
  try {
    return await (client as unknown as { readonly config: { region(): Promise<string> } }).config.region();
  } catch {
    throw new CallError({ call: '', region: '', kind: 'credentials', message: 'no region is set: give --region, or set AWS_REGION' });
  }
}

interface Bucket { take(signal?: AbortSignal): Promise<void> }

/** As many tokens as the burst, which come back at a steady rate. One after the other, in the order they are asked for. */
function createBucket({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }): Bucket {
  // what the clocks of both sides differ by
  const rate = perSecond * 0.95;
  let tokens = burst - 1, since = performance.now();
  let queue: Promise<void> = Promise.resolve();
  const refill = (): void => {
    const now = performance.now();
    tokens = Math.min(burst - 1, tokens + (now - since) / 1000 * rate);
    since = now;
  };
  return {
    take(signal) {
      return queue = queue.catch(() => {}).then(async () => {
        signal?.throwIfAborted();
        refill();
        if (tokens < 1) await new Promise(resolve => { setTimeout(resolve, (1 - tokens) / rate * 1000); });
        refill();
        tokens -= 1;
      });
    },
  };
}

const CREDENTIALS = /^(?:CredentialsProviderError|ExpiredToken(?:Exception)?|UnrecognizedClientException|InvalidClientTokenId|InvalidSignatureException|SignatureDoesNotMatch|AuthFailure|MissingAuthenticationToken(?:Exception)?|IncompleteSignature(?:Exception)?|ForbiddenException|TokenProviderError)$/;
const THROTTLED = /^(?:Throttl\w*|TooManyRequests(?:Exception)?|RequestLimitExceeded|SlowDown)$/;
const UNREACHABLE = /^(?:TimeoutError|AbortError)$|ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/;

/** What went wrong, in a sentence that says what to do. No part of an answer's body is repeated but the message of AWS. */
function failureOf(error: unknown, { action }: Operation, region: string, about: string | undefined): CallFailure {
  const { name = 'Error', message = '', code } = error as { readonly name?: string; readonly message?: string; readonly code?: string };
  const base = { call: action, region, ...(about !== undefined && { about }) };
  const words = firstLine(message);
  if (/^AccessDenied|NotAuthorized|UnauthorizedOperation/.test(name)) return { ...base, kind: 'permission', permission: action, message: `the caller may not ${action}${about === undefined ? '' : ` for ${about}`}: add it to the policy (drainlint live --print-iam-policy)` };
  if (CREDENTIALS.test(name)) return { ...base, kind: 'credentials', message: `AWS does not accept the credentials (${name}: ${words}): log in again, or name another --profile` };
  if (THROTTLED.test(name)) return { ...base, kind: 'throttled', message: `${action} was throttled ${ATTEMPTS} times` };
  if (name === 'ClusterNotFoundException') return { ...base, kind: 'missing', message: `there is no cluster ${about ?? ''} in ${region}` };
  if (UNREACHABLE.test(name) || UNREACHABLE.test(code ?? '')) return { ...base, kind: 'unreachable', message: `${region} did not answer ${action} (${code ?? name})` };
  // a body that is no answer of AWS: a proxy's page, a stand-in that knows no such call
  if (name === 'SyntaxError') return { ...base, kind: 'other', message: `the answer to ${action} is none of AWS` };
  return { ...base, kind: 'other', message: `${action}${about === undefined ? '' : ` for ${about}`} failed (${name}: ${words})` };
}

const firstLine = (message: string): string => message.split('\n')[0]!.slice(0, 300);
