import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { DEFAULT_CONFIG } from '../src/config.js';
import type { Confidence, Report } from '../src/model/index.js';
import { rules } from '../src/rules/index.js';

/** What cannot be read is named with its place, nothing is guessed, and the rest is audited; what is no worker is left alone. */
const root = mkdtempSync(join(tmpdir(), 'drainlint-infrastructure-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let n = 0;
async function on(files: Readonly<Record<string, string>>, minConfidence: Confidence = 'low'): Promise<Report> {
  const folder = join(root, String(n++));
  for (const [path, text] of Object.entries(files)) { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), text); }
  return audit({ root: folder, rules, config: { ...DEFAULT_CONFIG, minConfidence } });
}
const APP = { 'requirements.txt': 'celery==5.6.3\n', 'shop/__init__.py': '', 'shop/celery.py': 'from celery import Celery\n\napp = Celery("shop", broker="redis://cache:6379/0")\napp.conf.update(task_time_limit=100, task_soft_time_limit=90)\n\n\n@app.task\ndef release(sku):\n    print(sku)\n' };
/** A worker in a file of its own: it is judged whatever stands in the others. */
const FAULTY = { ...APP, 'infra/task.json': JSON.stringify({ family: 'shop', requiresCompatibilities: ['FARGATE'], containerDefinitions: [{ name: 'worker', image: 'shop', essential: true, command: ['celery', '-A', 'shop', 'worker'] }] }) };

const worker = (stop: string): string => `Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      RequiresCompatibilities: [FARGATE]\n      ContainerDefinitions:\n        - Name: second\n          Image: shop\n          Command: [celery, -A, shop, worker]\n          StopTimeout: ${stop}\n  Service:\n    Type: AWS::ECS::Service\n    Properties:\n      TaskDefinition: !Ref Task\n      DesiredCount: !Cell count\n`;
const task = (containers: string): string => `resource "aws_ecs_task_definition" "second" {\n  family = "second"\n  requires_compatibilities = ["FARGATE"]\n  container_definitions = ${containers}\n}\n`;

describe('what cannot be read', () => {
  const said = ({ model }: Report): readonly string[] => model.unresolved.map(({ reason, at }) => `${at.path}:${at.startLine} ${reason}`);
  const problems = ({ findings }: Report): readonly string[] => findings.filter(({ ruleId }) => ruleId === 'audit/unreadable-input').map(({ at }) => at.path);

  test.each<[string, Record<string, string>, RegExp]>([
    ['an unknown intrinsic', { 'infra/second.yaml': worker('!Rot13 x') }, /second\.yaml:10 stopTimeout of container second: Fn::Rot13/],
    ['a value of another stack', { 'infra/second.yaml': worker('!ImportValue Stop') }, /second\.yaml:10 stopTimeout of container second: import\.Stop/],
    ['a parameter without a default', { 'infra/second.yaml': `Parameters:\n  Stop:\n    Type: Number\n${worker('!Ref Stop')}` }, /stopTimeout of container second: parameter\.Stop/],
    ['references in a circle', { 'infra/main.tf': `locals {\n  a = local.b\n  b = local.a\n}\n${task('local.a')}` }, /main\.tf:5 the containers of task definition second could not be read/],
    ['modules in a circle', { 'infra/a/main.tf': `module "b" {\n  source = "../b"\n}\n${task('var.containers')}`, 'infra/b/main.tf': 'module "a" {\n  source = "../a"\n}\n' }, /the containers of task definition second could not be read/],
    ['a module that is missing', { 'infra/main.tf': `module "worker" {\n  source = "./modules/worker"\n}\n${task('module.worker.containers')}` }, /main\.tf:1 module\.worker: \.\/modules\/worker is not in the repository/],
    ['a module from elsewhere', { 'infra/main.tf': 'module "worker" {\n  source = "git::https://example.com/terraform-ecs-service.git"\n  container_image = "shop"\n}\n' }, /main\.tf:1 module\.worker: git::https:\/\/example\.com\/terraform-ecs-service\.git is not in the repository/],
    ['a template that is missing', { 'infra/main.tf': task('templatefile("${path.module}/gone.json.tpl", {})') }, /main\.tf:1 the containers of task definition second could not be read/],
    ['a variable nobody gives', { 'infra/main.tf': `variable "stop" {}\n${task('jsonencode([{ name = "second", image = "shop", essential = true, command = ["celery", "-A", "shop", "worker"], stopTimeout = var.stop }])')}` }, /stopTimeout of container second: var\.stop/],
  ])('%s is named, and guessed at nowhere', async (_, files, expected) => {
    const report = await on({ ...FAULTY, ...files });
    expect(said(report).join('\n')).toMatch(expected);
    const stops = report.findings.filter(({ ruleId }) => ruleId === 'ecs/stop-timeout-too-short').map(({ at }) => at.path);
    expect(stops).toEqual(['infra/task.json']);
  });

  test.each<[string, Record<string, string>, string]>([
    ['unbalanced HCL', { 'infra/main.tf': `${task('jsonencode([{ name = "x"')}\nresource "aws_ecs_service" "x" {\n` }, 'infra/main.tf'],
    ['a program of the CDK that does not compile', { 'infra/stack.ts': "import * as ecs from 'aws-cdk-lib/aws-ecs';\nconst definition = new ecs.FargateTaskDefinition(this, 'Task', { memoryLimitMiB: ;\ndefinition.addContainer('x', {\n" }, 'infra/stack.ts'],
    ['a program of the CDK in Python that does not compile', { 'infra/stack.py': 'from aws_cdk import aws_ecs as ecs\n\ndef f(:\n    ecs.FargateTaskDefinition((\n' }, 'infra/stack.py'],
    ['YAML with tabs', { 'infra/second.yaml': 'Resources:\n\tTask:\n\t\tType: AWS::ECS::TaskDefinition\n' }, 'infra/second.yaml'],
    ['a truncated plan', { 'infra/plan.json': '{"format_version": "1.2", "planned_values": {"root_module": {"resources": [{"type": "aws_ecs_service", ' }, 'infra/plan.json'],
    ['patches that are no list', { 'copilot/x/overrides/cfn.patches.yml': '- op: add\n  path: [/Resources/\n' }, 'copilot/x/overrides/cfn.patches.yml'],
  ])('%s is a finding, and the rest is audited', async (_, files, path) => {
    const report = await on({ ...FAULTY, ...files });
    expect(problems(report)).toContain(path);
    expect(report.findings.map(finding => `${finding.ruleId} ${finding.at.path}`)).toContain('ecs/stop-timeout-too-short infra/task.json');
  });
});

describe('what is no worker', () => {
  const silent = async (files: Readonly<Record<string, string>>, minConfidence: Confidence = 'low'): Promise<readonly string[]> => (await on(files, minConfidence)).findings.map(({ ruleId }) => ruleId);
  const service = (name: string, containers: string, more = ''): string => `Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      RequiresCompatibilities: [FARGATE]\n      ContainerDefinitions:\n${containers}  Service:\n    Type: AWS::ECS::Service\n    Properties:\n      ServiceName: ${name}\n      TaskDefinition: !Ref Task\n      DesiredCount: 2\n      LaunchType: FARGATE\n      DeploymentConfiguration: { MinimumHealthyPercent: 0, MaximumPercent: 200 }\n${more}`;
  const container = (image: string, command = ''): string => `        - Name: worker\n          Image: ${image}\n${command === '' ? '' : `          Command: ${command}\n`}`;

  test('a Lambda with its queue', async () => {
    expect(await silent({ 'template.yaml': 'Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n  Worker:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: worker.handler\n      Events:\n        Job:\n          Type: SQS\n          Properties:\n            Queue: !GetAtt Jobs.Arn\n', 'worker.py': 'def handler(event, context):\n    print(event)\n' })).toEqual([]);
  });
  test('a Redis that is deployed as a service', async () => {
    expect(await silent({ 'infra/redis.yaml': service('queue', container('redis:7-alpine', '[redis-server, --appendonly, "yes"]')) })).toEqual([]);
  });
  test('gunicorn\'s workers, Airflow\'s webserver, and a web server with a worker class', async () => {
    for (const command of ['[gunicorn, --workers, "4", "shop.wsgi"]', '[airflow, webserver]', '[uvicorn, shop.asgi, --workers, "2"]']) expect(await silent({ ...APP, 'infra/web.yaml': service('web', container('shop', command)) }, 'medium')).not.toContainEqual(expect.stringMatching(/^(?:ecs|container|sqs)\//));
  });
  test('a web service of Node whose code has worker_threads', async () => {
    expect(await silent({ Dockerfile: 'FROM node:20-slim\nCOPY . .\nCMD ["node", "server.js"]\n', 'server.js': "const { Worker } = require('node:worker_threads');\nnew Worker('./resize.js');\nrequire('node:http').createServer().listen(80);\n", 'infra/web.yaml': service('web', container('shop')) })).toEqual([]);
  });
  test('a worker whose settings are not in the tree says nothing of the others', async () => {
    const task = (name: string, settings: string): string => JSON.stringify({ family: name, requiresCompatibilities: ['FARGATE'], containerDefinitions: [{ name, image: 'shop', essential: true, command: ['celery', '-A', 'shop', 'worker'], environment: [{ name: 'DJANGO_SETTINGS_MODULE', value: settings }] }] });
    const app = { 'requirements.txt': 'celery==5.6.3\n', 'shop/__init__.py': '', 'shop/settings.py': 'CELERY_TASK_TIME_LIMIT = 60\n', 'shop/production_settings.py': 'CELERY_TASK_SERIALIZER = "json"\n', 'shop/celery.py': 'from celery import Celery\n\napp = Celery("shop")\napp.config_from_object("django.conf:settings", namespace="CELERY")\n\n\n@app.task\ndef release(sku):\n    send(sku)\n' };
    const rulesOf = async (files: Readonly<Record<string, string>>): Promise<readonly string[]> => (await silent({ ...app, ...files })).filter(id => /^celery\/(?:early-ack|no-time-limit)$/.test(id));
    expect(await rulesOf({ 'infra/a.json': task('mails', 'shop.settings'), 'infra/b.json': task('images', 'shop.vault') })).toEqual(['celery/early-ack']);
    expect(await rulesOf({ 'infra/b.json': task('images', 'shop.vault') })).toEqual([]);
  });
  test('a Compose file for developers beside what is deployed', async () => {
    const good = JSON.stringify({ family: 'shop', requiresCompatibilities: ['FARGATE'], containerDefinitions: [{ name: 'worker', image: 'shop', essential: true, stopTimeout: 120, command: ['celery', '-A', 'shop', 'worker', '--concurrency', '2'], logConfiguration: { logDriver: 'awslogs' } }] });
    const report = await on({ ...APP, 'infra/task.json': good, 'docker-compose.dev.yml': 'services:\n  worker:\n    build: .\n    command: sh -c "celery -A shop worker"\n', 'docker-compose.override.yml': 'services:\n  worker:\n    command: celery -A shop worker -B\n' }, 'medium');
    expect(report.findings.filter(({ at }) => at.path.startsWith('docker-compose')).map(({ ruleId }) => ruleId)).toEqual([]);
  });
});
