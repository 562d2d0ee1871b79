import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { rules } from '../src/rules/index.js';
import { project } from './run-cli.js';

/** From a container's command to a loop in Python that takes messages, through the modules that it imports. */

type Files = Readonly<Record<string, string>>;
const folders: string[] = [];
afterAll(() => { for (const folder of folders) rmSync(folder, { recursive: true }); });

/** Each worker, and whether it is said to be deaf. */
async function startedBy(command: readonly string[], files: Files): Promise<readonly string[]> {
  const root = project({ Dockerfile: `FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD ${JSON.stringify(command)}\n`, ...files });
  folders.push(root);
  const { model, findings } = await audit({ root, rules });
  const deaf = findings.some(({ ruleId }) => ruleId === 'container/no-signal-handler');
  return model.workers.map(worker => `${worker.command.app}: ${worker.command.text}${deaf ? ', deaf' : ''}`);
}

const SERVICE = 'class Poller:\n    def run(self):\n        while True:\n            self.poll()\n\n    def poll(self):\n        for message in self.queue.receive_messages():\n            handle(message)\n\n    def send(self, body):\n        self.queue.send_message(MessageBody=body)\n';
const COMMAND = 'from django.core.management import BaseCommand\nfrom jobs.service import Poller\n\n\nclass Command(BaseCommand):\n    def handle(self, *args, **options):\n        Poller().run()\n';

describe('a command of Django', () => {
  const files = { 'jobs/management/commands/process_queue.py': COMMAND, 'jobs/service.py': SERVICE };
  const take = ['python', 'manage.py', 'process_queue', '--all'];
  test('that takes messages in a class that it imports', async () => {
    expect(await startedBy(take, files)).toEqual(['sqs: manage.py process_queue --all, deaf']);
    expect(await startedBy(['./manage.py', 'process_queue'], files)).toEqual(['sqs: ./manage.py process_queue, deaf']);
    expect(await startedBy(take, { 'jobs/management/commands/process_queue.py': COMMAND.replace('from jobs.service', 'from ...service'), 'jobs/service.py': SERVICE })).toEqual(['sqs: manage.py process_queue --all, deaf']);
    expect(await startedBy(take, { 'backend/jobs/management/commands/process_queue.py': COMMAND, 'backend/jobs/service.py': SERVICE })).toEqual(['sqs: manage.py process_queue --all, deaf']);
  });
  test('that hears the signal, there or in what it imports', async () => {
    expect(await startedBy(take, { ...files, 'jobs/service.py': SERVICE.replace('        while True', '        signal.signal(signal.SIGTERM, self.stop)\n        while True') })).toEqual(['sqs: manage.py process_queue --all']);
    expect(await startedBy(take, { ...files, 'jobs/service.py': `from .stop import install\n${SERVICE}`, 'jobs/stop.py': 'import signal\n\ndef install(stop):\n    signal.signal(signal.SIGTERM, stop)\n' })).toEqual(['sqs: manage.py process_queue --all']);
  });
  test('that only sends with that class takes nothing', async () => expect(await startedBy(take, { ...files, 'jobs/management/commands/process_queue.py': COMMAND.replace('.run()', '.send("x")') })).toEqual([]));
  test('of which there are two is not known', async () => expect(await startedBy(take, { ...files, 'other/management/commands/process_queue.py': COMMAND })).toEqual([]));
});

describe('a script', () => {
  test('that hands its loop to a thread, or calls one two modules away', async () => {
    expect(await startedBy(['python', 'queue_worker.py'], { 'queue_worker.py': 'from threading import Thread\nfrom jobs.service import Poller\nThread(target=Poller().run).start()\n', 'jobs/service.py': SERVICE })).toEqual(['sqs: python queue_worker.py, deaf']);
    expect(await startedBy(['python', '-m', 'jobs.worker'], { 'jobs/worker.py': 'from . import app\napp.start()\n', 'jobs/app.py': 'from jobs.service import Poller\n\ndef start():\n    Poller().run()\n', 'jobs/service.py': SERVICE })).toEqual(['sqs: jobs.worker, deaf']);
  });
  test('that imports the class alone takes nothing of SQS: its name says that it is a worker', async () => expect(await startedBy(['python', 'queue_worker.py'], { 'queue_worker.py': 'from jobs.service import Poller\nserve()\n', 'jobs/service.py': SERVICE })).toEqual(['python: python queue_worker.py']));
});
