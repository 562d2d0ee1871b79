import { BUCKETS, OPERATIONS, type BucketName, type ClientName, type Operation, type OperationName } from './operations.js';

/** Who asks, and where. */
export interface Access {
  readonly region?: string;
  readonly profile?: string;
  readonly roleArn?: string;
  /** Another address than AWS's: a test, a local stand-in. */
  readonly endpoint?: string;
  /** ms that an answer may take; 15,000 where absent. */
  readonly answerWithin?: number;
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
const CONNECT = 5_000, ANSWER = 15_000;
/**
 * How often a call is made at most: one that AWS throttles, one that gets no answer or an error of the server, any other. Not the SDK's own retries: those take
 * nothing from the buckets, and its adaptive mode slows all calls of a client down where one bucket is empty.
 */
const ATTEMPTS = { throttled: 15, unanswered: 3, refused: 1 } as const;

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
      called.add(name);
      const bucket = buckets.get(operation.bucket)!;
      for (let attempt = 1; ; attempt++) {
        await bucket.take(access.signal);
        try {
          return await client.send(new module[operation.command]!(input), { ...(access.signal && { abortSignal: access.signal }) });
        } catch (error) {
          access.signal?.throwIfAborted();
          const failure = failureOf(error, operation, region, about);
          if (failure.kind === 'throttled') bucket.slow();
          if (attempt >= ATTEMPTS[failure.kind === 'throttled' ? 'throttled' : failure.kind === 'unreachable' || isOfServer(error) ? 'unanswered' : 'refused']) throw new CallError(failure);
          await pause(pauseAfter(attempt), access.signal);
        }
      }
    },
    close() { for (const loading of clients.values()) void loading.then(({ client }) => client.destroy()); },
  };
}

async function configOf({ region, profile, roleArn, endpoint, answerWithin = ANSWER }: Access): Promise<object> {
  const credentials = roleArn === undefined ? undefined : (await import('@aws-sdk/credential-providers')).fromTemporaryCredentials({
    params: { RoleArn: roleArn, RoleSessionName: 'drainlint' }, clientConfig: { ...(region !== undefined && { region }), ...(endpoint !== undefined && { endpoint }) }, ...(profile !== undefined && { masterCredentials: (await import('@aws-sdk/credential-providers')).fromIni({ profile }) }),
  });
  return {
    ...(region !== undefined && { region }), ...(profile !== undefined && { profile }), ...(endpoint !== undefined && { endpoint }), ...(credentials && { credentials }),
    maxAttempts: 1, requestHandler: { connectionTimeout: CONNECT, requestTimeout: answerWithin, throwOnRequestTimeout: true },
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

/** ms: longer after each attempt, and never the same for two that failed together. */
const pauseAfter = (attempt: number): number => Math.min(5_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2);

/** Waits for so many ms. Throws what the signal aborts with. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => { clearTimeout(timer); reject(signal!.reason as Error); };
    const timer = setTimeout(() => { signal?.removeEventListener('abort', leave); resolve(); }, ms);
    signal?.addEventListener('abort', leave, { once: true });
  });
}

interface Bucket {
  take(signal?: AbortSignal): Promise<void>;
  /** Someone else uses the same bucket: fewer requests for a while. */
  slow(): void;
}

/** The rate after a request was throttled, what it regains in a second, and the least (requests a second). */
const SLOWER = 0.85, REGAINED = 2, SLOWEST = 2;

/** As many tokens as the burst, which come back at a steady rate. One after the other, in the order they are asked for. */
function createBucket({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }): Bucket {
  // what the clocks of both sides differ by
  const full = perSecond * 0.95;
  let rate = full, tokens = burst - 1, since = performance.now();
  let queue: Promise<void> = Promise.resolve();
  const refill = (): void => {
    const now = performance.now();
    const seconds = (now - since) / 1000;
    tokens = Math.min(burst - 1, tokens + seconds * rate);
    rate = Math.min(full, rate + seconds * REGAINED);
    since = now;
  };
  return {
    take(signal) {
      return queue = queue.catch(() => {}).then(async () => {
        signal?.throwIfAborted();
        refill();
        if (tokens < 1) await pause((1 - tokens) / rate * 1000, signal);
        refill();
        tokens -= 1;
      });
    },
    slow() {
      refill();
      rate = Math.max(SLOWEST, rate * SLOWER);
      tokens = Math.min(tokens, 1);
    },
  };
}

const CREDENTIALS = /^(?:CredentialsProviderError|ExpiredToken(?:Exception)?|UnrecognizedClientException|InvalidClientTokenId|InvalidSignatureException|SignatureDoesNotMatch|AuthFailure|MissingAuthenticationToken(?:Exception)?|IncompleteSignature(?:Exception)?|ForbiddenException|TokenProviderError)$/;
const THROTTLED = /^(?:Throttl\w*|TooManyRequests(?:Exception)?|RequestLimitExceeded|SlowDown)$/;
const UNREACHABLE = /^(?:TimeoutError|AbortError)$|ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/;

/** An error of AWS itself, which may be over at the next attempt. */
function isOfServer(error: unknown): boolean {
  const { $metadata, $response } = error as { readonly $metadata?: { readonly httpStatusCode?: number }; readonly $response?: { readonly statusCode?: number } };
  return ($metadata?.httpStatusCode ?? $response?.statusCode ?? 0) >= 500;
}

/** What went wrong, in a sentence that says what to do. No part of an answer's body is repeated but the message of AWS. */
function failureOf(error: unknown, { action }: Operation, region: string, about: string | undefined): CallFailure {
  const { name = 'Error', message = '', code } = error as { readonly name?: string; readonly message?: string; readonly code?: string };
  const base = { call: action, region, ...(about !== undefined && { about }) };
  const words = firstLine(message);
  if (/^AccessDenied|NotAuthorized|UnauthorizedOperation/.test(name)) {
    // assuming a role comes before the first call, and may be what is refused
    const permission = /to perform: ([\w-]+:\w+)/.exec(message)?.[1] ?? action;
    return permission === action
      ? { ...base, kind: 'permission', permission, message: `the caller may not ${action}${about === undefined ? '' : ` for ${about}`}: add it to the policy (drainlint live --print-iam-policy)` }
      : { ...base, kind: 'credentials', permission, message: `the caller may not ${permission}, which comes before ${action}: allow it, and let the role trust the caller` };
  }
  if (CREDENTIALS.test(name)) return { ...base, kind: 'credentials', message: `AWS does not accept the credentials (${name}: ${words}): log in again, or name another --profile` };
  if (THROTTLED.test(name)) return { ...base, kind: 'throttled', message: `${action} was throttled ${ATTEMPTS.throttled} times` };
  if (name === 'ClusterNotFoundException') return { ...base, kind: 'missing', message: `there is no cluster ${about ?? ''} in ${region}` };
  if (UNREACHABLE.test(name) || UNREACHABLE.test(code ?? '')) return { ...base, kind: 'unreachable', message: `${region} did not answer ${action} (${code ?? name})` };
  // a body that is no answer of AWS: a proxy's page, a stand-in that knows no such call
  if (name === 'SyntaxError') return { ...base, kind: 'other', message: `the answer to ${action} is none of AWS` };
  return { ...base, kind: 'other', message: `${action}${about === undefined ? '' : ` for ${about}`} failed (${name}: ${words})` };
}

const firstLine = (message: string): string => message.split('\n')[0]!.slice(0, 300);
