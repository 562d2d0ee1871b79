import { rmSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
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
