import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { rules } from '../src/rules/index.js';
import { project } from './run-cli.js';

/** Containers of a task definition whose command leads out of the repository: which of them are consumers, by what names them. */

const folders: string[] = [];
afterAll(() => { for (const folder of folders) rmSync(folder, { recursive: true }); });

interface Definition { readonly family: string; readonly containers: readonly object[] }
async function workersOf({ family, containers }: Definition): Promise<readonly string[]> {
  const root = project({ 'task.json': JSON.stringify({ family, requiresCompatibilities: ['FARGATE'], containerDefinitions: containers }, null, 2) });
  folders.push(root);
  return (await audit({ root, rules })).model.workers.map(({ name }) => name);
}
const ROUTER = { name: 'log_router', image: 'registry.example/router:3', essential: true, firelensConfiguration: { type: 'fluentbit' } };
const app = (name: string, command?: readonly string[]) => ({ name, image: 'registry.example/app:1', essential: true, ...(command && { command }) });

test('the name of a family is that of what nobody says anything else of', async () => {
  expect(await workersOf({ family: 'mail-worker', containers: [app('main')] })).toEqual(['main']);
  expect(await workersOf({ family: 'mail-worker', containers: [app('main', ['serve'])] })).toEqual([]);
});
test('a router of FireLens takes logs, whatever the family is called', async () => expect(await workersOf({ family: 'mail-worker', containers: [ROUTER, app('main')] })).toEqual(['main']));
test('a container that is named as a consumer leaves the name of the family to itself', async () => expect(await workersOf({ family: 'mail-worker', containers: [app('proxy'), app('worker')] })).toEqual(['worker']));
test('the folder of a script says what it is, as its name does', async () => {
  expect(await workersOf({ family: 'mail', containers: [app('main', ['bash', '/opt/start.sh', 'bin/worker/send-email', '-v']), app('web', ['bash', '/opt/start.sh', 'bin/web/serve'])] })).toEqual(['main']);
  expect(await workersOf({ family: 'mail', containers: [app('one', ['./bin/docker-worker']), app('web', ['./bin/docker-server'])] })).toEqual(['one']);
  expect(await workersOf({ family: 'mail', containers: [app('web', ['gunicorn', '--worker-class=gthread', '--workers', '4'])] })).toEqual([]);
});

describe('of Terraform', () => {
  const service = (name: string, definition: string): string => `resource "aws_ecs_service" "${name}" {\n  name = var.name\n  task_definition = aws_ecs_task_definition.${definition}.arn\n  launch_type = "FARGATE"\n}\n`;
  const definition = (address: string, containers: string): string => `resource "aws_ecs_task_definition" "${address}" {\n  family = var.family\n  requires_compatibilities = ["FARGATE"]\n  container_definitions = ${containers}\n}\n`;
  const workersIn = async (files: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    const root = project(files);
    folders.push(root);
    return (await audit({ root, rules })).model.workers.map(({ name, command }) => `${name}: ${command.text}`);
  };

  test('the address of a task definition names it, where its family is not known', async () => {
    const files = (address: string) => ({ 'main.tf': definition(address, 'jsonencode([{ name = "main", image = var.image, essential = true }])') + service('scans', address) });
    expect(await workersIn(files('scan_worker'))).toEqual(['main: main']);
    expect(await workersIn(files('scan_web'))).toEqual([]);
  });

  test('a template lies where Terraform is run, and functions fill it', async () => {
    const template = '[{ "name": "code", "image": "${IMAGE}", "stopTimeout": null, "essential": true, "command": ${jsonencode(split(",", CMD))} }]\n';
    const files = (command: string) => ({
      'dev/main.tf': 'module "jobs" {\n  source = "../modules/jobs"\n}\n', 'modules/jobs/task.json.tpl': template,
      'modules/jobs/main.tf': `locals {\n  common = {\n    IMAGE = "jobs"\n    CMD = ""\n  }\n}\ndata "template_file" "task" {\n  template = file("../modules/jobs/task.json.tpl")\n  vars = merge(local.common, { CMD = join(",", ${command}) })\n}\n${definition('jobs', 'data.template_file.task.rendered')}${service('jobs', 'jobs')}`,
    });
    expect(await workersIn(files('["celery", "-A", "shop", "worker"]'))).toEqual(['code: celery -A shop worker']);
    expect(await workersIn(files('["gunicorn", "shop.wsgi"]'))).toEqual([]);
  });
});

describe('Compose beside ECS', () => {
  const compose = 'services:\n  worker:\n    image: shop\n    command: celery -A shop worker\n';
  const rolesOf = async (files: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    const root = project({ 'task.json': JSON.stringify({ family: 'shop', requiresCompatibilities: ['FARGATE'], containerDefinitions: [app('worker', ['celery', '-A', 'shop', 'worker'])] }, null, 2), ...files });
    folders.push(root);
    return (await audit({ root, rules })).model.workers.map(({ id, role }) => `${id.replace(/:.*/, '')} ${role}`);
  };
  test('is a copy for developers, unless its file is named for production', async () => {
    expect(await rolesOf({ 'docker-compose.yml': compose })).toEqual(['docker-compose.yml development', 'task.json deployed']);
    expect(await rolesOf({ 'docker-compose.prod.yml': compose })).toEqual(['docker-compose.prod.yml deployed', 'task.json deployed']);
  });
  test('its pool says nothing of what is deployed', async () => {
    const root = project({ 'task.json': JSON.stringify({ family: 'shop', requiresCompatibilities: ['FARGATE'], containerDefinitions: [app('worker', ['celery', '-A', 'shop', 'worker'])] }), 'docker-compose.yml': compose.replace('worker\n', 'worker --pool solo\n'), 'shop.py': "from celery import Celery\napp = Celery('shop')\napp.conf.task_time_limit = 60\n\n\n@app.task\ndef work():\n    pass\n" });
    folders.push(root);
    const said = async (): Promise<readonly string[]> => (await audit({ root, rules })).findings.filter(({ ruleId }) => ruleId === 'celery/time-limit-ignored').map(({ message }) => message);
    expect(await said()).toEqual([]);
  });
});
