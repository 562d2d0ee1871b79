/**
 * What is kept of AWS's answers. Everything is left out that no rule reads, and every value of a variable that is not known to be harmless:
 * what is not kept can be neither printed nor recorded.
 */
export type Answer = Readonly<Record<string, unknown>>;

/** Settings whose values are numbers, switches or modules, never secrets. */
const HARMLESS_NAME = /^(?:REMAP_SIGTERM|C_FORCE_ROOT|DJANGO_SETTINGS_MODULE|DJANGO_CONFIGURATION|FLASK_APP|CELERY_APP|CELERY_CONFIG_MODULE|NODE_ENV|PYTHONUNBUFFERED|TZ|PREFECT_LOGGING_LEVEL|LOG_LEVEL|(?:[A-Z0-9]+_)*(?:ACKS?_LATE|REJECT_ON_WORKER_LOST|PREFETCH(?:_MULTIPLIER|_COUNT)?|CONCURRENCY|(?:SOFT_)?TIME_?LIMIT|VISIBILITY_TIMEOUT|SHUTDOWN_TIMEOUT|SHUTDOWN_TIME|GRACE(?:FUL)?_(?:PERIOD|TIMEOUT)|MAX_TASKS_PER_CHILD|MAX_RETRIES|LOCK_DURATION|STALLED_INTERVAL|MAX_STALLED_COUNT|WAIT_TIME_SECONDS|STOP_TIMEOUT|WORKER_POOL|QUEUES?))$/i;
const HARMLESS_VALUE = /^(?:\d{1,9}(?:\.\d{1,6})?|true|false|yes|no|on|off|none|null|prefork|solo|threads|gevent|eventlet|SIG[A-Z]{2,5}|development|production|staging|test|debug|info|warning|error|UTC)$/i;
/** A dotted path of Python, or names of queues: words without what tokens have, digits in a row or many capitals. */
const DOTTED = /^(?!.*[0-9]{3})(?!.*[A-Z0-9]{10})(?!.*[A-Za-z0-9]{25})[A-Za-z_][\w.-]{0,60}(?:[:,][A-Za-z_][\w.-]{0,60}){0,8}$/;
const MODULE_NAME = /(?:MODULE|CONFIGURATION|FLASK_APP|CELERY_APP|QUEUES?)$/i;
/** The address of an SQS queue has no secret in it. */
const QUEUE_URL = /^https:\/\/sqs\.[\w-]+\.amazonaws\.com(?:\.cn)?\/\d{12}\/[\w-]{1,80}(?:\.fifo)?$/;
/** Only what kind of broker it is. */
const SCHEME = /^(rediss?|amqps?|pyamqp|sqs|sentinel|valkeys?|memory|kafka|mongodb):\/\//i;

/** What stands where a value was. */
export const REDACTED = 'redacted';

/** Told of a variable with the address of a broker, so that its value can name the broker that AWS runs there. Its host is not kept. */
export type OnAddress = (variable: { value: string }, host: string) => void;

/** Where a broker of AWS listens. */
const AWS_HOST = /^[a-z]+:\/\/(?:[^@/]*@)?([\w-][\w.-]*\.(?:amazonaws\.com(?:\.cn)?|on\.aws))(?=[:/?]|$)/i;

function variableOf({ name, value }: Answer, onAddress: OnAddress | undefined): Answer {
  const kept = { name: String(name), value: harmless(String(name), String(value ?? '')) };
  const host = kept.value.endsWith(`://${REDACTED}`) ? AWS_HOST.exec(String(value))?.[1] : undefined;
  if (host !== undefined) onAddress?.(kept, host.toLowerCase());
  return kept;
}

/** The value of a variable as far as it is harmless. */
export function harmless(name: string, value: string): string {
  if (value === '' || /^(?:true|false|none|null)$/i.test(value)) return value;
  const reference = /^(?:arn|ssm):/.exec(value)?.[0];
  if (reference !== undefined) return `${reference}${REDACTED}`;
  if (QUEUE_URL.test(value)) return value;
  if (HARMLESS_NAME.test(name) && (HARMLESS_VALUE.test(value) || (MODULE_NAME.test(name) && DOTTED.test(value)))) return value;
  const scheme = SCHEME.exec(value)?.[1];
  return scheme !== undefined && /BROKER|CELERY|REDIS|RABBIT|AMQP|QUEUE/i.test(name) ? `${scheme.toLowerCase()}://${REDACTED}` : REDACTED;
}

/** Names of options and variables whose values are credentials. */
const SECRET = String.raw`[-\w]{0,40}(?:pass(?:word|wd)?|secret|token|api[-_]?key|access[-_]?key|credential|auth)[-\w]{0,20}`;
/** A word of a text or of a list (BETWEEN), with its quotes. */
const WORD = String.raw`("[^"]*"|'[^']*'|[^\s'"&;\u0001]+)`;
const BETWEEN = '\u0001';
/** The same in front of what is starred out, each in its own way; a client that takes a password in a short option counts to the end of its command. */
const BEFORE_SECRETS: readonly RegExp[] = [
  new RegExp(String.raw`((?:^|[\s\u0001'"?&;])${SECRET}=)${WORD}`, 'gi'), new RegExp(String.raw`((?:^|[\s\u0001'"])--?${SECRET}[\s\u0001]+)${WORD}`, 'gi'),
  new RegExp(String.raw`(\b(?:redis|valkey)-cli\b[^|;&]{0,200}?[\s\u0001]-a[\s\u0001]+)${WORD}`, 'g'), new RegExp(String.raw`(\b(?:curl|wget)\b[^|;&]{0,200}?[\s\u0001](?:-u|--user)[\s\u0001=]+)${WORD}`, 'g'),
  new RegExp(String.raw`(\b(?:mysql|mariadb|mongo)\w*(?:-\w+)?\b[^|;&]{0,200}?[\s\u0001]-p[\s\u0001]*)${WORD}`, 'g'), new RegExp(String.raw`(\b(?:Bearer|Basic)[\s\u0001]+)([\w.~+/=-]{6,})`, 'gi'),
];
/** Tokens that say themselves what they are. */
const TOKENS = /\b(?:(?:AKIA|ASIA)[A-Z0-9]{12,}|gh[pousr]_\w{16,}|xox[abpr]-[\w-]+|glpat-[\w-]+|sk-[\w-]{16,}|eyJ[\w-]+\.[\w-]+\.[\w-]*)/g;

/** A command with what looks like a credential left out: passwords of URLs, the values of options and variables that are named so, and tokens. */
export function harmlessText(text: string): string {
  const withoutUrls = text.replace(/(\b[\w+.-]{1,30}:\/\/)[^\s/'"@\u0001]{0,300}@/g, `$1${REDACTED}@`);
  return BEFORE_SECRETS.reduce((rest, pattern) => rest.replace(pattern, `$1${REDACTED}`), withoutUrls).replace(TOKENS, REDACTED);
}

/** The words of a command: an option and its value may be two of them. */
const texts = (list: unknown): readonly string[] | undefined => (Array.isArray(list) ? list.length === 0 ? [] : harmlessText(list.map(word => String(word).replaceAll(BETWEEN, ' ')).join(BETWEEN)).split(BETWEEN) : undefined);

const objects = (list: unknown): readonly Answer[] => (Array.isArray(list) ? list.filter((one): one is Answer => typeof one === 'object' && one !== null) : []);

function pick(of: Answer, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.flatMap(key => (of[key] === undefined || of[key] === null ? [] : [[key, of[key]]])));
}

/** A sentence of AWS, which may repeat what the user wrote. */
const said = (of: Answer, key: string): Answer => (typeof of[key] === 'string' ? { [key]: harmlessText(of[key]) } : {});

/** The options of a log driver that say how it behaves; others may hold a token. */
const LOG_OPTION = /^(?:mode|max-buffer-size|awslogs-(?:group|region|stream-prefix|create-group)|Name)$/;

function containerOf(container: Answer, onAddress: OnAddress | undefined): Answer {
  const log = container.logConfiguration as Answer | undefined;
  const health = container.healthCheck as Answer | undefined;
  const linux = container.linuxParameters as Answer | undefined;
  const [command, entryPoint, check] = [texts(container.command), texts(container.entryPoint), texts(health?.command)];
  return {
    ...pick(container, ['name', 'image', 'essential', 'cpu', 'memory', 'memoryReservation', 'stopTimeout', 'workingDirectory']),
    ...(entryPoint && entryPoint.length > 0 && { entryPoint }), ...(command && command.length > 0 && { command }),
    ...(linux?.initProcessEnabled !== undefined && { linuxParameters: pick(linux, ['initProcessEnabled']) }),
    ...(objects(container.environment).length > 0 && { environment: objects(container.environment).map(entry => variableOf(entry, onAddress)) }),
    ...(objects(container.secrets).length > 0 && { secrets: objects(container.secrets).map(({ name }) => ({ name: String(name), valueFrom: REDACTED })) }),
    ...(objects(container.environmentFiles).length > 0 && { environmentFiles: objects(container.environmentFiles).map(({ type }) => ({ type, value: REDACTED })) }),
    ...(objects(container.dependsOn).length > 0 && { dependsOn: objects(container.dependsOn).map(one => pick(one, ['containerName', 'condition'])) }),
    ...(objects(container.mountPoints).length > 0 && { mountPoints: objects(container.mountPoints).map(one => pick(one, ['sourceVolume', 'readOnly'])) }),
    ...(health && check && { healthCheck: { ...pick(health, ['interval', 'timeout', 'retries', 'startPeriod']), command: check } }),
    ...(log && { logConfiguration: { ...pick(log, ['logDriver']), options: Object.fromEntries(Object.entries((log.options ?? {}) as Answer).filter(([key]) => LOG_OPTION.test(key))) } }),
  };
}

export function taskDefinitionOf(answer: Answer, onAddress?: OnAddress): Answer {
  return { ...pick(answer, ['taskDefinitionArn', 'family', 'revision', 'requiresCompatibilities', 'cpu', 'memory', 'pidMode', 'registeredAt']), containerDefinitions: objects(answer.containerDefinitions).map(container => containerOf(container, onAddress)) };
}

/** Events and deployments an answer may have of it: more than any rule reads. */
const EVENTS = 100;

export function serviceOf(answer: Answer): Answer {
  const rollout = answer.deploymentConfiguration as Answer | undefined;
  return {
    ...pick(answer, ['serviceArn', 'serviceName', 'clusterArn', 'status', 'desiredCount', 'runningCount', 'pendingCount', 'launchType', 'capacityProviderStrategy', 'platformVersion', 'taskDefinition', 'deploymentController', 'schedulingStrategy', 'availabilityZoneRebalancing', 'healthCheckGracePeriodSeconds']),
    ...(rollout && { deploymentConfiguration: pick(rollout, ['minimumHealthyPercent', 'maximumPercent', 'deploymentCircuitBreaker', 'strategy']) }),
    ...(objects(answer.loadBalancers).length > 0 && { loadBalancers: objects(answer.loadBalancers).map(one => pick(one, ['containerName', 'containerPort'])) }),
    deployments: objects(answer.deployments).map(one => ({ ...pick(one, ['id', 'status', 'taskDefinition', 'desiredCount', 'runningCount', 'pendingCount', 'failedTasks', 'createdAt', 'updatedAt', 'rolloutState']), ...said(one, 'rolloutStateReason') })),
    events: objects(answer.events).slice(0, EVENTS).map(one => ({ createdAt: one.createdAt, message: harmlessText(String(one.message ?? '')) })),
  };
}

export function stoppedTaskOf(answer: Answer): Answer {
  return {
    ...pick(answer, ['taskArn', 'taskDefinitionArn', 'group', 'stopCode', 'startedAt', 'stoppingAt', 'stoppedAt', 'executionStoppedAt']), ...said(answer, 'stoppedReason'),
    containers: objects(answer.containers).map(one => ({ ...pick(one, ['name', 'exitCode']), ...said(one, 'reason') })),
  };
}
