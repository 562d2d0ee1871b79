import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { auditRecording } from '../src/commands/live.js';
import { audit } from '../src/audit.js';
import { DEFAULT_CONFIG, type Config } from '../src/config.js';
import type { Report } from '../src/model/index.js';
import { reporters } from '../src/reporters/index.js';
import { rules } from '../src/rules/index.js';
import { collect, type CollectOptions } from '../src/sources/aws/collect.js';
import { iamPolicy, OPERATIONS } from '../src/sources/aws/operations.js';
import { harmlessText, taskDefinitionOf } from '../src/sources/aws/redact.js';
import type { Recording } from '../src/sources/aws/recording.js';
import { fakeAws, type Fake, type FakeCluster, type FakeOptions, type Meddling } from './fake-aws.js';
import { BASE } from './metamorphic/formats.js';
import { appOf, specOf, type Spec } from './metamorphic/spec.js';
import { drainlint, drainlintBeside, FAULTY, project, type Run } from './run-cli.js';

/** The real SDK over HTTP, against a stand-in on loopback that pages, throttles, refuses, drops and hangs. */
const STRICT: Config = { ...DEFAULT_CONFIG, minConfidence: 'low' };
const AWS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret-key-of-the-caller', AWS_REGION: 'eu-central-1', AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' } as const;

const SERVICES = Number(process.env.DRAINLINT_SERVICES ?? 100);
const fakes: Fake[] = [], folders: string[] = [];
beforeAll(() => { Object.assign(process.env, AWS); });
afterEach(async () => { await Promise.all(fakes.splice(0).map(fake => fake.close())); });
afterAll(() => folders.forEach(folder => rmSync(folder, { recursive: true, force: true })));
const fake = async (options: FakeOptions): Promise<Fake> => { const one = await fakeAws(options); fakes.push(one); return one; };
const folder = (files: Readonly<Record<string, string>> = {}): string => { const one = project(files); folders.push(one); return one; };

async function read({ url }: Fake, options: Partial<CollectOptions> & { readonly answerWithin?: number } = {}): Promise<Recording> {
  const { answerWithin, ...rest } = options;
  const { called: _, ...recording } = await collect({ accesses: [{ endpoint: url, region: 'eu-central-1', ...(answerWithin !== undefined && { answerWithin }) }], clusters: [], services: [], ...rest });
  return recording;
}
const live = ({ url }: Fake, args: readonly string[], where = folder(), env: Readonly<Record<string, string>> = {}): Promise<Run> => drainlintBeside(where, ['live', '--endpoint-url', url, ...args], { ...AWS, ...env });
const idsOf = (run: Run): readonly string[] => (JSON.parse(run.out) as { readonly findings: readonly { readonly ruleId: string }[] }).findings.map(({ ruleId }) => ruleId);
const findingsOf = async (recording: Recording): Promise<readonly string[]> => (await auditRecording(recording, { config: STRICT })).findings.map(({ ruleId, at, message }) => `${ruleId} ${at.path}:${at.startLine} ${message}`);

const container = (more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({ name: 'worker', image: 'shop:1', essential: true, command: ['celery', '-A', 'shop', 'worker'], environment: [{ name: 'CELERY_BROKER_URL', value: 'redis://:hunter2@cache:6379/0' }], ...more });
const worker = (name: string, more: Readonly<Record<string, unknown>> = {}): FakeCluster['services'][number] => ({ name, taskDefinition: { containerDefinitions: [container(more)] } });
const stopped = (exitCode: number, seconds: number, n = 0): Readonly<Record<string, unknown>> => ({
  stopCode: 'ServiceSchedulerInitiated', stoppedReason: 'Scaling activity initiated by (deployment ecs-svc/1)', stoppingAt: 1_795_600_000 + n, executionStoppedAt: 1_795_600_000 + n + seconds, containers: [{ name: 'worker', exitCode }],
});
const many = (clusters: number, services: number): readonly FakeCluster[] => Array.from({ length: clusters }, (_, c) => ({ name: `c${c}`, services: Array.from({ length: services }, (_one, s) => worker(`c${c}-s${s}`)) }));

describe('what is read', () => {
  test('every page of every list, ten services a call', async () => {
    const one = await fake({ clusters: [...many(1, 125), ...many(13, 1).slice(1)], queues: [] });
    const { services, failures } = await read(one);
    expect(failures).toEqual([]);
    expect(services.map(({ arn }) => arn.split('/').pop()).sort()).toEqual([...Array.from({ length: 125 }, (_, s) => `c0-s${s}`), ...Array.from({ length: 12 }, (_, c) => `c${c + 1}-s0`)].sort());
    expect(services.every(({ taskDefinition }) => taskDefinition !== undefined)).toBe(true);
    expect(one.log.filter(({ operation, input }) => operation === 'ListServices' && input.nextToken !== undefined)).toHaveLength(1);
    expect(one.log.filter(({ operation }) => operation === 'DescribeTaskDefinition')).toHaveLength(137);
  }, 30_000);

  test('--cluster and --service leave out the rest, a shared task definition is asked for once', async () => {
    const shared = 'arn:aws:ecs:eu-central-1:123456789012:task-definition/shared:3';
    const one = await fake({ clusters: [{ name: 'prod', services: [{ ...worker('billing-mail'), taskDefinitionArn: shared }, { ...worker('billing-export'), taskDefinitionArn: shared }, worker('shop')] }, { name: 'stage', services: [worker('billing-stage')] }] });
    const { services } = await read(one, { clusters: ['prod'], services: ['billing-*'] });
    expect(services.map(({ arn }) => arn.split('/').pop())).toEqual(['billing-export', 'billing-mail']);
    expect(one.log.filter(({ operation }) => operation === 'DescribeTaskDefinition')).toHaveLength(1);
    expect(one.log.some(({ operation }) => operation === 'ListClusters')).toBe(false);
  });

  test('a call in ten that is throttled changes nothing', async () => {
    const clusters = many(4, 25);
    const calm = await read(await fake({ clusters }));
    const throttled = await fake({ clusters, meddle: ({ operation, count }) => (count % 10 === 4 ? { status: 400, type: 'ThrottlingException', message: 'Rate exceeded' } : operation === 'ListClusters' && count === 0 ? { status: 400, type: 'ThrottlingException', message: 'Rate exceeded' } : undefined) });
    const { recordedAt: _a, ...expected } = calm;
    const { recordedAt: _b, ...found } = await read(throttled);
    expect(found).toEqual(expected);
  }, 60_000);

  test('what is asked for again: a dropped connection, an answer that does not come, the page of a proxy', async () => {
    const once = (operation: string, meddling: Meddling) => (request: { readonly operation: string; readonly count: number }): Meddling | undefined => (request.operation === operation && request.count === 0 ? meddling : undefined);
    for (const meddle of [once('ListServices', 'drop'), once('DescribeServices', 'hang'), once('DescribeTaskDefinition', { status: 500, type: 'ServerException', message: 'Service unavailable' })]) {
      const { services, failures } = await read(await fake({ clusters: many(1, 3), meddle }), { answerWithin: 300 });
      expect(failures).toEqual([]);
      expect(services.map(({ taskDefinition }) => taskDefinition !== undefined)).toEqual([true, true, true]);
    }
  }, 30_000);

  test('a role is assumed, and its credentials sign the calls', async () => {
    const one = await fake({ clusters: many(1, 1) });
    const run = await live(one, ['--role-arn', 'arn:aws:iam::123456789012:role/auditor', '--format', 'json', '--fail-on', 'never']);
    expect(run.err).toBe('');
    expect(one.log.find(({ operation }) => operation === 'AssumeRole')?.authorization).toContain('AKIDEXAMPLE');
    expect(one.log.find(({ operation }) => operation === 'ListClusters')?.authorization).toContain('Credential=ASSUMED');
  });

  test('a role that may not be assumed is named as such', async () => {
    const one = await fake({ clusters: many(1, 1), meddle: ({ operation }) => (operation === 'AssumeRole' ? { status: 403, type: 'AccessDenied', message: 'User: arn:aws:iam::123456789012:user/x is not authorized to perform: sts:AssumeRole on resource: y' } : undefined) });
    const run = await live(one, ['--role-arn', 'arn:aws:iam::123456789012:role/auditor']);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain('the caller may not sts:AssumeRole, which comes before ecs:ListClusters');
  });

  test('two regions are two callers', async () => {
    const one = await fake({ clusters: many(1, 2) });
    const run = await live(one, ['--region', 'eu-central-1', '--region', 'eu-west-1', '--format', 'json', '--fail-on', 'never']);
    expect(run.code).toBe(0);
    expect(new Set(one.log.map(({ authorization }) => /\/(eu-[\w-]+)\//.exec(authorization)?.[1]))).toEqual(new Set(['eu-central-1', 'eu-west-1']));
  });
});

describe('what goes wrong is named, and the rest goes on', () => {
  const refuse = (operation: string, type: string, message = 'no'): FakeOptions['meddle'] => request => (request.operation === operation ? { status: 400, type, message } : undefined);

  test.each([
    ['GetTaskProtection', 'ecs:GetTaskProtection'], ['DescribeTaskDefinition', 'ecs:DescribeTaskDefinition'], ['DescribeScalableTargets', 'application-autoscaling:DescribeScalableTargets'], ['ListTasks', 'ecs:ListTasks'],
  ])('%s is not allowed: the permission is named once', async (operation, permission) => {
    const one = await fake({ clusters: [{ name: 'prod', services: [{ ...worker('a'), running: 2 }, worker('b')] }], meddle: refuse(operation, 'AccessDeniedException', 'User: arn:aws:iam::123456789012:user/x is not authorized') });
    const run = await live(one, ['--fail-on', 'never', '--format', 'json']);
    expect(run.err.split(permission)).toHaveLength(2);
    expect(run.err).toContain('--print-iam-policy');
    expect(run.code).toBe(0);
    expect((JSON.parse(run.out) as { inventory: { services: readonly unknown[] } }).inventory.services).toHaveLength(2);
  });
  test('no cluster may be listed: nothing could be audited, exit 2', async () => {
    const run = await live(await fake({ clusters: many(1, 1), meddle: refuse('ListClusters', 'AccessDeniedException') }), []);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain('ecs:ListClusters');
    expect(run.err).toContain('nothing could be audited');
  });
  test('credentials that have expired', async () => {
    const run = await live(await fake({ clusters: many(1, 1), meddle: () => ({ status: 400, type: 'ExpiredTokenException', message: 'The security token included in the request is expired' }) }), []);
    expect(run.code).toBe(2);
    expect(run.err).toMatch(/does not accept the credentials.*expired.*log in again/);
    expect(run.err).not.toContain('    at ');
  });
  test('no credentials at all', async () => {
    const run = await live(await fake({ clusters: many(1, 1) }), [], folder(), { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
    expect(run.code).toBe(2);
    expect(run.err).toContain('credentials');
  });
  test('one of two clusters is unknown', async () => {
    const run = await live(await fake({ clusters: many(1, 1) }), ['--cluster', 'c0', '--cluster', 'nowhere', '--format', 'json', '--fail-on', 'never']);
    expect(run.err).toContain('there is no cluster nowhere in eu-central-1');
    expect(idsOf(run)).toContain('ecs/stop-timeout-too-short');
    expect(run.code).toBe(0);
  });
  test('a service that goes away between two calls', async () => {
    const clusters = [{ name: 'prod', services: [worker('stays'), worker('goes')] }];
    const one = await fake({ clusters, meddle: ({ operation }) => { if (operation === 'DescribeServices') clusters[0]!.services.splice(1, 1); return undefined; } });
    const { services, failures } = await read(one);
    expect(services).toHaveLength(1);
    expect(failures.map(({ message }) => message)).toEqual(['ECS does not describe goes (MISSING)']);
  });
  test('a region that does not answer, beside one that does', async () => {
    const [good, bad] = [await fake({ clusters: many(1, 1) }), await fake({ clusters: [], meddle: () => 'drop' })];
    const both = await collect({ accesses: [{ endpoint: good.url, region: 'eu-central-1' }, { endpoint: bad.url, region: 'us-east-1' }], clusters: [], services: [] });
    expect(both.services).toHaveLength(1);
    expect(both.failures.map(({ message }) => message)).toEqual([expect.stringMatching(/^us-east-1 did not answer ecs:ListClusters \(/)]);
  }, 30_000);
  test('a page instead of an answer', async () => {
    const { failures } = await read(await fake({ clusters: many(1, 1), meddle: ({ operation }) => (operation === 'ListClusters' ? { html: '<html>proxy</html>' } : undefined) }));
    expect(failures.map(({ message }) => message)).toEqual(['the answer to ecs:ListClusters is none of AWS']);
  }, 30_000);
  test('Ctrl-C: exit 2, and no file', async () => {
    const where = folder();
    const one = await fake({ clusters: many(1, 1), meddle: ({ operation }) => (operation === 'DescribeTaskDefinition' ? 'hang' : undefined) });
    const run = await drainlintBeside(where, ['live', '--endpoint-url', one.url, '--record', 'all.json', '--format', 'json:report.json'], AWS, child => {
      const wait = setInterval(() => { if (one.log.some(({ operation }) => operation === 'DescribeTaskDefinition')) { clearInterval(wait); child.kill('SIGINT'); } }, 20);
    });
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain('interrupted');
    expect(readdirSync(where)).toEqual([]);
  });
});

describe('only what may be read is read', () => {
  const EVERYTHING: FakeOptions = {
    clusters: [{
      name: 'prod', services: [{
        ...worker('worker', { command: ['celery', '-A', 'shop', 'worker', '--time-limit', '900'], environment: [{ name: 'CELERY_BROKER_URL', value: 'rediss://:hunter2@master.shop.abc.euc1.cache.amazonaws.com:6379/0' }, { name: 'OTHER_BROKER', value: 'amqps://u:hunter2@b-1234.mq.eu-central-1.amazonaws.com:5671' }, { name: 'MAIL_QUEUE_URL', value: 'https://sqs.eu-central-1.amazonaws.com/123456789012/mail' }, { name: 'THIRD_BROKER', value: 'sqs://' }] }),
        running: 1, isProtected: true, stopped: [stopped(137, 30.5)],
      }],
    }],
    queues: [{ name: 'mail', attributes: { RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:123456789012:dead","maxReceiveCount":3}' } }, { name: 'dead', attributes: {} }],
    caches: [{ name: 'shop', host: 'master.shop.abc.euc1.cache.amazonaws.com', parameterGroup: 'default.redis7', policy: 'volatile-lru' }], brokers: [{ name: 'mq', id: 'b-1234', mode: 'SINGLE_INSTANCE' }],
    metrics: { shop: [7], dead: [2, 9] },
    scaling: { targets: [{ ResourceId: 'service/prod/worker', ScalableDimension: 'ecs:service:DesiredCount', MinCapacity: 1, MaxCapacity: 4 }], policies: [{ ResourceId: 'service/prod/worker', TargetTrackingScalingPolicyConfiguration: { PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' } } }] },
  };

  test('the policy holds the calls that are made, and no other', async () => {
    const one = await fake(EVERYTHING);
    const { failures } = await read(one);
    expect(failures).toEqual([]);
    const prefix: Readonly<Record<string, string>> = { AmazonEC2ContainerServiceV20141113: 'ecs', AnyScaleFrontendService: 'application-autoscaling', AmazonSQS: 'sqs', GraniteServiceVersion20100801: 'cloudwatch', '': 'elasticache' };
    const made = one.log.map(({ operation, target }) => (operation === 'GET /v1/brokers' ? 'mq:ListBrokers' : `${prefix[target.split('.')[0]!]}:${operation}`));
    const { Statement } = JSON.parse(iamPolicy()) as { readonly Statement: readonly { readonly Effect: string; readonly Action: readonly string[] }[] };
    expect([...new Set(made)].sort()).toEqual(Statement.flatMap(({ Action }) => Action).sort());
    expect(drainlint(folder(), ['live', '--print-iam-policy'])).toEqual({ code: 0, out: iamPolicy(), err: '' });
  });

  test('every call reads, and no other command can be made', () => {
    for (const { command, action } of Object.values(OPERATIONS)) { expect(command).toMatch(/^(?:List|Describe|Get)\w+Command$/); expect(command).toBe(`${action.split(':')[1]}Command`); }
    const sources = (path: string): readonly string[] => readdirSync(path, { withFileTypes: true }).flatMap(entry => (entry.isDirectory() ? sources(join(path, entry.name)) : [join(path, entry.name)]));
    const using = sources('src').filter(path => readFileSync(path, 'utf8').includes('@aws-sdk/'));
    expect(using.filter(path => !path.endsWith('aws-answer.ts') && !path.includes('knowledge')).filter(path => /import\('@aws-sdk|from '@aws-sdk/.test(readFileSync(path, 'utf8')))).toEqual([join('src', 'sources', 'aws', 'caller.ts')]);
    const caller = readFileSync('src/sources/aws/caller.ts', 'utf8');
    expect([...caller.matchAll(/new module\[(.*?)\]!/g)].map(([, what]) => what)).toEqual(['operation.command', 'className']);
    expect(caller).not.toMatch(/\w+Command\b(?!s)/);
  });

  test('what runs is joined: brokers, queues, dead letters, evictions, protection', async () => {
    const recording = await read(await fake(EVERYTHING));
    expect(recording.queues.map(({ name, visible }) => [name, visible])).toEqual([['dead', [2, 9]], ['mail', undefined]]);
    expect(recording.caches).toMatchObject([{ name: 'shop', policy: 'volatile-lru', evictions: 7, automaticFailover: true }]);
    expect(recording.services[0]).toMatchObject({ protectedCount: 1, scaling: { minimum: 1, maximum: 4, metrics: ['ECSServiceAverageCPUUtilization'] } });
    const found = await findingsOf(recording);
    for (const id of ['live/broker-evictions', 'live/dead-letters', 'live/killed-after-stop-timeout', 'ecs/scale-in-unprotected']) expect(found.map(text => text.split(' ')[0]), id).toContain(id);
    expect(found.find(text => text.startsWith('live/broker-evictions'))).toContain('it is the broker of worker');
  });

  test.each([
    [['celery', '-A', 'auth', 'worker', '-Q', 'tokens,password-mails']], [['sh', '-c', 'exec celery -A token_service worker --concurrency 4 -P prefork']], [['celery', '-A', 'shop', 'worker', '-n', 'basic@%h']], [['mysqldump-to-s3', '--max', '3', 'basic auth']], [['python', 'manage.py', 'process_passwords', 'all']],
  ])('%j is kept as it is', command => {
    expect((taskDefinitionOf({ containerDefinitions: [{ name: 'a', command }] }).containerDefinitions as readonly { command: readonly string[] }[])[0]!.command).toEqual(command);
  });
  test.each([
    ['redis-cli -h cache -a planted ping', 'redis-cli -h cache -a redacted ping'], ['mysqladmin ping -uroot -pplanted', 'mysqladmin ping -uroot -predacted'], ['curl -sf -u me:planted http://x', 'curl -sf -u redacted http://x'], ['curl -H "Authorization: Bearer planted.token" http://x', 'curl -H "Authorization: Bearer redacted" http://x'],
    ["PGPASSWORD='a planted one' psql", 'PGPASSWORD=redacted psql'], ['worker --api-key planted --verbose', 'worker --api-key redacted --verbose'], ['worker --broker redis://:planted@cache/0', 'worker --broker redis://redacted@cache/0'], ['echo xoxb-1-planted', 'echo redacted'],
  ])('of %s no secret is kept', (text, kept) => {
    expect(harmlessText(text)).toBe(kept);
    const words = text.split(' ');
    const command = (taskDefinitionOf({ containerDefinitions: [{ name: 'a', command: words }] }).containerDefinitions as readonly { command: readonly string[] }[])[0]!.command;
    expect(command.join(' ')).not.toContain(text.includes("'") ? 'nothing' : 'planted');
  });

  const SECRETS = ['hunter2', 'AKIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI/K7MDENG', 'ghp_0123456789abcdef0123456789abcdef0123', 'xoxb-12345-planted', 'planted-in-a-command', 'planted-in-a-check', 'planted-in-a-log-option', 'planted-in-a-label', 'planted-in-a-reason', '-----BEGIN RSA PRIVATE KEY-----', 'planted-tag', 'planted-in-an-event', 'planted-number-4111111111111111', 'arn:aws:secretsmanager:planted', 's3-planted.env', 'planted-parent', 'planted-for-a-client'];
  test('planted secrets are in no recording and in no output', async () => {
    const values: Readonly<Record<string, string>> = {
      CELERY_BROKER_URL: 'redis://:hunter2@cache:6379/0', DATABASE_URL: 'postgres://shop:hunter2@db/shop', AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG', GITHUB: 'ghp_0123456789abcdef0123456789abcdef0123', SLACK: 'xoxb-12345-planted',
      PRIVATE: '-----BEGIN RSA PRIVATE KEY-----\nabc', CARD: 'planted-number-4111111111111111', CELERY_TASK_ACKS_LATE: 'hunter2', DJANGO_SETTINGS_MODULE: 'ghp_0123456789abcdef0123456789abcdef0123', CELERY_QUEUES: 'xoxb-12345-planted', REDIS_PASSWORD: 'hunter2', LOG_LEVEL: 'hunter2', QUEUES: 'AKIAIOSFODNN7EXAMPLE', WORKER_POOL: 'hunter2', TZ: 'hunter2',
    };
    const one = await fake({
      clusters: [{
        name: 'prod', services: [{
          ...worker('worker', {
            environment: Object.entries(values).map(([name, value]) => ({ name, value })), secrets: [{ name: 'TOKEN', valueFrom: 'arn:aws:secretsmanager:planted' }], environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::s3-planted.env' }],
            command: ['sh', '-c', 'API_KEY=planted-in-a-command celery -A shop worker --broker redis://:hunter2@cache/0'], healthCheck: { command: ['CMD-SHELL', 'curl -H "Authorization: Bearer" --password planted-in-a-check http://x; redis-cli -a planted-for-a-client ping || exit 1'] },
            logConfiguration: { logDriver: 'splunk', options: { 'splunk-token': 'planted-in-a-log-option', 'splunk-url': 'https://u:hunter2@x' } }, dockerLabels: { key: 'planted-in-a-label' }, entryPoint: ['env', 'SECRET_TOKEN=planted-parent'],
          }),
          tags: [{ key: 'owner', value: '@shop' }, { key: 'secret', value: 'planted-tag' }], service: { events: [{ id: '1', createdAt: 1_795_600_000, message: 'unable to place a task: --password planted-in-an-event' }] },
          stopped: [{ ...stopped(137, 30), overrides: { containerOverrides: [{ name: 'worker', environment: [{ name: 'X', value: 'hunter2' }], command: ['planted-in-a-command'] }] }, containers: [{ name: 'worker', exitCode: 137, reason: 'failed: password=planted-in-a-reason' }] }],
        }],
      }],
    });
    const where = folder();
    const outputs = await Promise.all(['text', 'json', 'markdown', 'github', 'concise'].map(format => live(one, ['--format', format, '--verbose', '--preset', 'strict', '--record', `${format}.json`], where)));
    const everything = [...outputs.flatMap(({ out, err }) => [out, err]), ...readdirSync(where).map(file => readFileSync(join(where, file), 'utf8'))];
    expect(outputs.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1]);
    for (const secret of SECRETS) for (const text of everything) expect(text.includes(secret), `${secret} in ${text.slice(0, 80)}`).toBe(false);
    expect(everything.join('')).toContain('@shop');
  }, 60_000);
});

describe('what is done with it', () => {
  const KILLED: FakeOptions = { clusters: [{ name: 'prod', services: [{ ...worker('worker'), stopped: [stopped(0, 4), stopped(137, 30.4, 1), stopped(137, 30.2, 2)] }] }] };

  test('a recording gives the same report again, without AWS', async () => {
    const where = folder();
    const one = await fake(KILLED);
    const first = await live(one, ['--record', 'prod.json', '--format', 'json'], where);
    const again = drainlint(where, ['live', '--replay', 'prod.json', '--format', 'json'], { AWS_REGION: '', AWS_ACCESS_KEY_ID: '' });
    expect(first.code).toBe(1);
    expect(again).toEqual(first);
    expect(readdirSync(where)).toEqual(['prod.json']);
  });
  test.each([
    ['absent.json', undefined, 'cannot be read (ENOENT)'], ['text.json', 'hello', 'is no JSON'], ['list.json', '[]', 'is no recording of drainlint live --record'], ['new.json', '{"drainlintRecording": 9}', 'is a recording of version 9, and this drainlint reads 1'],
    ['odd.json', '{"drainlintRecording": 1, "services": 3}', 'has services that are no list'], ['bare.json', '{"drainlintRecording": 1, "services": [{}]}', 'has no arn in services[0] as --record writes it'],
    ['thin.json', '{"drainlintRecording": 1, "services": [{"arn": "arn:aws:ecs:eu-central-1:1:service/a/b", "service": {}, "stoppedTasks": [], "protectedCount": 0}]}', 'has no tags in services[0] as --record writes it'],
    ['mixed.json', '{"drainlintRecording": 1, "queues": [7]}', 'has queues that are no list'],
  ])('%s is no recording', (name, text, message) => {
    const run = drainlint(folder(text === undefined ? {} : { [name]: text }), ['live', '--replay', name]);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain(`${name} ${message}`);
  });
  test('a fault that was seen stands for the one that may happen', async () => {
    const found = await findingsOf(await read(await fake(KILLED)));
    expect(found.filter(text => /stop-timeout/.test(text))).toEqual([expect.stringMatching(/^live\/killed-after-stop-timeout .* 2 of the last 3 stops of worker ended with SIGKILL, the last at .*, 30\.2 s after/)]);
  });
  test('the ways to change it, and the owner', async () => {
    const one = await fake({ clusters: [{ name: 'prod', services: [{ ...worker('worker'), tags: [{ key: 'team', value: '@billing' }] }] }] });
    const run = await live(one, []);
    expect(run.out).toContain('--> aws:arn:aws:ecs:eu-central-1:123456789012:service/prod/worker:');
    expect(run.out).toContain('owner: @billing');
    expect(run.out).toMatch(/where: console: .*Stop timeout · CLI: aws ecs register-task-definition.* · CloudFormation: .*StopTimeout · Terraform: .*stopTimeout/);
  });
  test('--mask hides whose account it is, everywhere, and changes nothing else', async () => {
    const SECRETS = ['123456789012', '210987654321', 'planted-role', 'planted-user', 'planted-balancer', '0a1b2c3d4e5f60718293a4b5c6d7e8f9', 'eni-0123456789abcdef0'];
    const reason = 'unable to assume the role arn:aws:iam::210987654321:role/planted-role: task 0a1b2c3d4e5f60718293a4b5c6d7e8f9 (interface eni-0123456789abcdef0) in arn:aws:elasticloadbalancing:eu-central-1:210987654321:targetgroup/planted-balancer/6d0ecf831eec9f09';
    const one = await fake({
      clusters: [{ name: 'prod', services: [{ ...worker('worker', { image: '210987654321.dkr.ecr.eu-central-1.amazonaws.com/shop:latest' }), stopped: [stopped(137, 30.4)], service: { deployments: [{ id: 'ecs-svc/2', status: 'PRIMARY', rolloutState: 'FAILED', rolloutStateReason: reason }] } }] }],
      scaling: { targets: [], policies: [] }, meddle: ({ operation }) => (operation === 'DescribeScalableTargets' ? { status: 400, type: 'ValidationException', message: 'for arn:aws:iam::123456789012:user/planted-user' } : undefined),
    });
    const where = folder(FAULTY);
    await live(one, ['--record', 'prod.json'], where);
    const run = (args: readonly string[]): Run => drainlint(where, ['live', '--replay', 'prod.json', '--verbose', '--preset', 'strict', ...args]);
    for (const format of Object.keys(reporters)) for (const repo of format === 'text' || format === 'json' ? [[], ['--repo', '.']] : [[]]) {
      const hidden = run(['--mask', '--format', format, ...repo]), plain = run(['--format', format, ...repo]);
      expect(hidden.code, hidden.err).toBe(1);
      for (const secret of SECRETS) expect(`${hidden.out}${hidden.err}`.includes(secret), `${secret} in ${format}`).toBe(false);
      expect(SECRETS.some(secret => plain.out.includes(secret)), format).toBe(true);
      expect(hidden.out).toContain('worker');
      if (format === 'text') expect(hidden.out.match(/^(?:worker|app|service) .* — /gm)).toEqual(plain.out.match(/^(?:worker|app|service) .* — /gm));
      if (format === 'json') expect(idsOf(hidden)).toEqual(idsOf(plain));
    }
    expect(SECRETS.filter(secret => !`${run([]).out}${run([]).err}${run(['--format', 'json']).out}`.includes(secret))).toEqual([]);
  }, 120_000);
  test('--events: an archive of EventBridge, with lines that are none', async () => {
    const event = (n: number, more: object): string => JSON.stringify({ 'detail-type': 'ECS Task State Change', detail: {
      taskArn: `arn:aws:ecs:eu-central-1:123456789012:task/prod/${n}`, clusterArn: 'arn:aws:ecs:eu-central-1:123456789012:cluster/prod', group: 'service:worker', lastStatus: 'STOPPED', stopCode: 'ServiceSchedulerInitiated', stoppedReason: 'Scaling activity initiated by (deployment ecs-svc/1)',
      stoppingAt: '2026-11-20T10:00:00Z', executionStoppedAt: '2026-11-20T10:00:30.5Z', containers: [{ name: 'worker', exitCode: 137 }], ...more } });
    const where = folder({ 'events.jsonl': [event(1, {}), 'broken {', event(2, {}), event(2, {}), event(3, { lastStatus: 'RUNNING' }), event(4, { clusterArn: 'arn:aws:ecs:eu-central-1:123456789012:cluster/stage' }), ''].join('\n') });
    const run = await live(await fake({ clusters: [{ name: 'prod', services: [worker('worker')] }] }), ['--events', 'events.jsonl'], where);
    expect(run.err).toBe('drainlint: events.jsonl:2: this line is no JSON\n');
    expect(run.out).toContain('2 of the last 2 stops of worker ended with SIGKILL');
    expect((await live(await fake(KILLED), ['--events', 'absent'], where)).err).toContain('absent cannot be read (ENOENT)');
  });
  test('--after-deploy waits until the deployment has settled', async () => {
    const deployments = [{ id: 'ecs-svc/2', status: 'PRIMARY', rolloutState: 'IN_PROGRESS' }, { id: 'ecs-svc/1', status: 'ACTIVE', rolloutState: 'COMPLETED' }];
    const service = { ...worker('worker'), service: { deployments }, stopped: [] as Readonly<Record<string, unknown>>[] };
    const one = await fake({ clusters: [{ name: 'prod', services: [service] }], meddle: ({ operation, count }) => { if (operation === 'DescribeServices' && count === 2) { deployments.splice(0, 2, { id: 'ecs-svc/2', status: 'PRIMARY', rolloutState: 'COMPLETED' }); service.stopped.push(stopped(137, 30.1)); } return undefined; } });
    const shown: string[] = [];
    const { services } = await read(one, { services: ['worker'], settle: { every: 50, atMost: 20_000 }, onProgress: text => shown.push(text) });
    expect(one.log.filter(({ operation }) => operation === 'DescribeServices')).toHaveLength(3);
    expect(shown).toContain('eu-central-1: waiting for 1 deployment to settle');
    expect(services[0]!.stoppedTasks).toHaveLength(1);
    const never = await read(await fake({ clusters: [{ name: 'prod', services: [{ ...worker('worker'), service: { deployments: [{ rolloutState: 'IN_PROGRESS' }] } }] }] }), { settle: { every: 50, atMost: 120 } });
    expect(never.failures.map(({ message }) => message)).toEqual(['worker has not settled: what is read of it is a deployment under way']);
    expect((await live(one, ['--after-deploy', 'worker', '--wait', 'long'])).err).toContain('--wait long is no number of seconds');
  });
  test('--repo joins settings and task code, --compare tells what differs', async () => {
    const where = folder({ ...FAULTY, 'infra/service.json': JSON.stringify({ serviceName: 'worker', taskDefinition: 'worker', desiredCount: 2, deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 200 } }) });
    const one = await fake({ clusters: [{ name: 'prod', services: [worker('worker', { command: undefined, stopTimeout: 90 })] }] });
    const alone = await live(one, ['--format', 'json'], where), joined = await live(one, ['--repo', '.', '--format', 'json'], where), compared = await live(one, ['--compare', 'infra', '--format', 'json'], where);
    expect(idsOf(alone).filter(id => id.startsWith('celery/'))).toEqual([]);
    expect(idsOf(joined)).toContain('celery/early-ack');
    expect(idsOf(joined).filter(id => id === 'live/drift')).toEqual([]);
    expect((JSON.parse(compared.out) as { findings: readonly { ruleId: string; message: string }[] }).findings.filter(({ ruleId }) => ruleId === 'live/drift').map(({ message }) => message)).toEqual([
      'worker: minimumHealthyPercent is 100 % where it runs, and 50 % in the repository', 'worker: stopTimeout of container worker is 90 s where it runs, and 30 s in the repository',
    ]);
    expect((await live(one, ['--compare', 'nowhere'], where)).err).toContain('nowhere is no folder');
  });
  test('the README shows a recording, word for word', () => {
    const run = drainlint('.', ['live', '--replay', 'examples/live/prod.json']);
    const section = /^## What runs.*\n(?:.*\n)*?\n((?: {4}(?:error|warning)\[.*\n)(?: {4}.*\n|\n)+)/m.exec(readFileSync('README.md', 'utf8'))![1]!;
    expect(run.code).toBe(1);
    expect(run.out).toContain(`\n${section.trimEnd().split('\n').map(line => line.slice(4)).join('\n')}\n\n`);
  });
  test('no such service', async () => {
    const run = await live(await fake(KILLED), ['--service', 'wroker']);
    expect(run.code).toBe(0);
    expect(run.err).toContain('there is no such service');
  });
});

describe('a service says the same as a file and where it runs', () => {
  /** Services of the generator; AWS fills in what a service does not say of its rollout. */
  const specs: readonly Spec[] = Array.from({ length: SERVICES }, (_, n) => specOf(6, n)).map((spec, n) => ({ ...spec, name: `${spec.name}-${n}`, minimum: spec.minimum ?? 100, maximum: spec.maximum ?? 200 }));
  const ENDPOINT = 'master.shop.abc.euc1.cache.amazonaws.com';
  const asRunning = (spec: Spec): FakeCluster['services'][number] => ({
    name: spec.name,
    taskDefinition: {
      requiresCompatibilities: [spec.platform],
      containerDefinitions: [{
        name: 'worker', image: 'registry.example.com/shop:1', essential: true, command: spec.command, ...(spec.stopTimeout !== undefined && { stopTimeout: spec.stopTimeout }), ...(spec.init && { linuxParameters: { initProcessEnabled: true } }),
        // some of the brokers are found in the account, and their variables name them
        environment: Object.entries(spec.environment).map(([name, value]) => ({ name, value: spec.desired % 2 === 0 ? value.replace('cache.example.com', ENDPOINT) : value })), ...(spec.logs && { logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': '/ecs/shop' } } }),
      }, ...(spec.sidecar ? [{ name: 'agent', image: 'public.ecr.aws/datadog/agent:latest', essential: false }] : [])],
    },
    service: {
      desiredCount: spec.desired, launchType: spec.capacity ? undefined : spec.platform, ...(spec.capacity && { capacityProviderStrategy: spec.capacity.map(({ provider, weight, base }) => ({ capacityProvider: provider, weight, base })) }),
      deploymentConfiguration: { minimumHealthyPercent: spec.minimum, maximumPercent: spec.maximum, ...(spec.breaker && { deploymentCircuitBreaker: spec.breaker }) },
    },
  });

  test(`${SERVICES} generated services`, async () => {
    const recording = await read(await fake({
      caches: [{ name: 'shop', host: ENDPOINT, parameterGroup: 'default.redis7', policy: 'volatile-lru' }],
      clusters: [{ name: 'main', services: specs.map(asRunning) }],
      scaling: { targets: specs.flatMap(({ name, scaling }) => (scaling ? [{ ResourceId: `service/main/${name}`, ScalableDimension: 'ecs:service:DesiredCount', MinCapacity: scaling.minimum, MaxCapacity: scaling.maximum }] : [])), policies: [] },
    }));
    expect(recording.failures).toEqual([]);
    expect(JSON.stringify(recording.services).split('redis://arn:aws:elasticache:').length).toBeGreaterThan(10);
    const differences: string[] = [], seen = new Set<string>();
    const rulesOf = (findings: Report['findings']): readonly string[] => [...new Set(findings.map(({ ruleId, severity }) => `${ruleId} ${severity}`))].sort();
    for (const spec of specs) {
      const [code, whole] = [folder(appOf(spec)), folder({ ...appOf(spec), ...BASE.files(spec) })];
      const services = recording.services.filter(({ arn }) => arn.endsWith(`/${spec.name}`));
      const running = rulesOf((await auditRecording({ ...recording, services }, { config: STRICT, repo: code })).findings), written = rulesOf((await audit({ root: whole, rules, config: STRICT })).findings);
      for (const id of written) seen.add(id);
      if (JSON.stringify(running) !== JSON.stringify(written)) differences.push(`${JSON.stringify(spec)}\n  missing ${written.filter(id => !running.includes(id)).join(', ') || 'nothing'}; too much ${running.filter(id => !written.includes(id)).join(', ') || 'nothing'}`);
    }
    expect(differences).toEqual([]);
    expect(seen.size).toBeGreaterThan(12);
  }, 120_000);

  test('services that are judged in parts are judged as all at once', async () => {
    const queue = (name: string, more = {}): NonNullable<FakeOptions['queues']>[number] => ({ name, attributes: more });
    const killed = (n: number): readonly Readonly<Record<string, unknown>>[] => (n % 3 === 0 ? [stopped(137, 30.4, n), stopped(0, 4, n)] : []);
    const recording = await read(await fake({
      caches: [{ name: 'shop', host: ENDPOINT, parameterGroup: 'default.redis7', policy: 'volatile-lru' }], metrics: { shop: [3, 4], letters: [1, 5] },
      queues: [queue('mails', { RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:123456789012:letters","maxReceiveCount":"3"}' }), queue('letters'), queue('exports')],
      // the same names in two clusters, one that names queues, and one whose task definition is not described
      clusters: ['blue', 'green'].map((name, c) => ({ name, services: [
        ...specs.slice(0, 30).map((spec, n) => ({ ...asRunning(spec), stopped: killed(n + c) })),
        worker('mailer', { environment: [{ name: 'QUEUE_URL', value: 'https://sqs.eu-central-1.amazonaws.com/123456789012/mails' }, { name: 'OTHER_URL', value: 'https://sqs.eu-central-1.amazonaws.com/123456789012/exports' }] }),
        { name: 'lost', taskDefinitionArn: 'arn:aws:ecs:eu-central-1:123456789012:task-definition/mailer:9' },
      ] })),
    }));
    expect(recording.failures.map(({ call }) => call)).toEqual(['ecs:DescribeTaskDefinition']);
    const compare = { root: folder({ 'infra/service.json': JSON.stringify({ serviceName: specs[0]!.name, taskDefinition: 'worker', desiredCount: 2, deploymentConfiguration: { minimumHealthyPercent: 1, maximumPercent: 299 } }) }) };
    const entry = (rule: string, path: string, startLine: number): Config['ignore'][number] => ({ rule, path, reason: 'known', at: { path: 'drainlint.config.yaml', startLine, startColumn: 1, endLine: startLine, endColumn: 2, logical: path } });
    const config: Config = { ...STRICT, ignore: [entry('ecs/no-log-configuration', 'aws:*/green/*', 1), entry('ecs/no-log-configuration', 'aws:*/yellow/*', 2)], ruleNames: [{ value: 'ecs/no-such-rule', at: { path: 'drainlint.config.yaml', startLine: 3, startColumn: 1, endLine: 3, endColumn: 2 } }] };
    const inParts = async (atOnce: number, minConfidence: Config['minConfidence']): Promise<unknown> => {
      const report = await auditRecording(recording, { config: { ...config, minConfidence }, compare, atOnce });
      const { unresolved, ...rest } = JSON.parse((await reporters.json!())(report, { color: false, verbose: true })) as { readonly unresolved: readonly object[] };
      return { ...rest, unresolved: unresolved.map(one => JSON.stringify(one)).sort(), text: (await reporters.sarif!())(report, { color: false, verbose: true }) };
    };
    const whole = await inParts(Infinity, 'low') as { readonly findings: readonly { readonly ruleId: string; readonly message: string }[] };
    expect(await inParts(1, 'low')).toEqual(whole);
    expect(await inParts(7, 'low')).toEqual(whole);
    expect(await inParts(7, 'high')).toEqual(await inParts(Infinity, 'high'));
    const found = new Set(whole.findings.map(({ ruleId }) => ruleId));
    for (const id of ['live/killed-after-stop-timeout', 'live/drift', 'live/dead-letters', 'live/broker-evictions', 'audit/unused-suppression', 'audit/unknown-rule']) expect([...found]).toContain(id);
    expect(whole.findings.find(({ ruleId }) => ruleId === 'live/broker-evictions')?.message).toContain('it is the broker of');
  }, 60_000);
});
