import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationAutoScalingClient, RegisterScalableTargetCommand } from '@aws-sdk/client-application-auto-scaling';
import { CreateClusterCommand, CreateServiceCommand, ECSClient, RegisterTaskDefinitionCommand, UpdateServiceCommand, type ContainerDefinition } from '@aws-sdk/client-ecs';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drainlintBeside } from '../run-cli.js';

/** Services that the real SDK makes in moto, a stand-in for AWS that others wrote. Needs .venvs/moto: `npm run live` makes it. */
const CALLER = { AWS_ACCESS_KEY_ID: 'testing', AWS_SECRET_ACCESS_KEY: 'testing', AWS_REGION: 'eu-central-1', AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' };
const where = mkdtempSync(join(tmpdir(), 'drainlint-moto-'));
let moto: ChildProcess, endpoint: string;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => { server.close(resolve); });
  return port;
}

async function answers(url: string): Promise<boolean> {
  try { return (await fetch(`${url}/moto-api/`)).ok; } catch { return false; }
}

beforeAll(async () => {
  const port = await freePort();
  endpoint = `http://127.0.0.1:${port}`;
  moto = spawn('.venvs/moto/bin/moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  for (let i = 0; i < 300 && !await answers(endpoint); i++) await new Promise(resolve => { setTimeout(resolve, 100); });
  const config = { endpoint, region: CALLER.AWS_REGION, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };
  const ecs = new ECSClient(config);
  const register = (family: string, containerDefinitions: ContainerDefinition[]): Promise<unknown> => ecs.send(new RegisterTaskDefinitionCommand({ family, requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '512', containerDefinitions }));
  // moto keeps of a new service neither its rollout nor its capacity providers: what is updated it keeps
  const serve = async (name: string, rest: object): Promise<void> => { await ecs.send(new CreateServiceCommand({ cluster: 'prod', serviceName: name, taskDefinition: name, desiredCount: 2, launchType: 'FARGATE', tags: [{ key: 'owner', value: '@shop' }] })); await ecs.send(new UpdateServiceCommand({ cluster: 'prod', service: name, ...rest })); };
  await ecs.send(new CreateClusterCommand({ clusterName: 'prod' }));
  await ecs.send(new CreateClusterCommand({ clusterName: 'empty' }));
  await register('faulty', [{ name: 'worker', image: 'shop:1', entryPoint: ['sh', '-c'], command: ['celery -A shop worker; echo done'], environment: [{ name: 'CELERY_BROKER_URL', value: 'redis://:planted@cache/0' }, { name: 'PASSWORD', value: 'planted' }] }]);
  await register('sound', [{ name: 'worker', image: 'shop@sha256:4f1c', stopTimeout: 120, linuxParameters: { initProcessEnabled: true }, command: ['celery', '-A', 'shop', 'worker', '--concurrency', '4', '--time-limit', '90'], logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': '/shop', mode: 'non-blocking', 'max-buffer-size': '25m' } }, environment: [{ name: 'QUEUE_URL', value: 'https://sqs.eu-central-1.amazonaws.com/123456789012/mail' }] }]);
  await serve('faulty', { deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 } });
  await serve('sound', { deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 200, deploymentCircuitBreaker: { enable: true, rollback: true } }, availabilityZoneRebalancing: 'DISABLED' });
  await new ApplicationAutoScalingClient(config).send(new RegisterScalableTargetCommand({ ServiceNamespace: 'ecs', ResourceId: 'service/prod/sound', ScalableDimension: 'ecs:service:DesiredCount', MinCapacity: 1, MaxCapacity: 6 }));
  await new SQSClient(config).send(new CreateQueueCommand({ QueueName: 'mail' }));
}, 120_000);
afterAll(() => { moto.kill(); rmSync(where, { recursive: true, force: true }); });

interface Finding { readonly ruleId: string; readonly path: string; readonly owner?: string; readonly resource?: string }

describe('services in moto', () => {
  test('are found faulty and sound, each by what AWS says of it', async () => {
    const run = await drainlintBeside(where, ['live', '--endpoint-url', endpoint, '--format', 'json', '--preset', 'strict', '--fail-on', 'warning', '--record', 'moto.json'], CALLER);
    const { findings } = JSON.parse(run.out) as { readonly findings: readonly Finding[] };
    const of = (name: string): readonly string[] => findings.filter(({ path }) => path.endsWith(`service/prod/${name}`)).map(({ ruleId }) => ruleId);
    expect(run.code).toBe(1);
    expect(of('faulty')).toEqual(expect.arrayContaining(['container/shell-swallows-signal', 'ecs/stop-timeout-too-short', 'ecs/minimum-healthy-percent', 'ecs/no-log-configuration', 'ecs/no-deployment-rollback', 'ecs/plaintext-credentials']));
    expect(of('sound').filter(id => !id.startsWith('ecs/scale-in'))).toEqual([]);
    expect(findings.find(({ path }) => path.endsWith('/faulty'))?.owner).toBe('@shop');
    const recorded = readFileSync(join(where, 'moto.json'), 'utf8');
    expect(recorded).not.toContain('planted');
    expect(JSON.parse(recorded)).toMatchObject({ services: [{}, { scaling: { minimum: 1, maximum: 6 } }], queues: [{ name: 'mail', visibilityTimeout: 30 }] });
    expect(run.err).toBe('');
  }, 60_000);
  test('a cluster that it does not have', async () => {
    const run = await drainlintBeside(where, ['live', '--endpoint-url', endpoint, '--cluster', 'nowhere'], CALLER);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain('there is no cluster nowhere in eu-central-1');
  }, 60_000);
  test('a cluster without services', async () => {
    const run = await drainlintBeside(where, ['live', '--endpoint-url', endpoint, '--cluster', 'empty'], CALLER);
    expect(run.code).toBe(0);
    expect(run.err).toContain('there is no such service');
  }, 60_000);
});
