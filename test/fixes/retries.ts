import fc from 'fast-check';
import { APP, DOCKERFILE, ended, ends, type Variant } from './projects.js';

/** What stands in front of the first function, in the ways people sort it. */
const HEADS = [
  'import requests\nfrom app.celery import app', 'from __future__ import annotations\n\nimport os\nimport time\n\nimport requests\n\nfrom app.celery import app', '"""Calls out."""\nimport os, requests\nfrom .celery import app',
  'import logging\n\nfrom app.celery import app', 'from celery.exceptions import Retry\nfrom celery.utils.time import get_exponential_backoff_interval as interval\nimport requests\nfrom app.celery import app',
  'import os\nfrom celery import (\n@@chain,\n@@group,  # ours\n)\n\nfrom .celery import app',
];

/** `self.retry(…)`, in the ways it is written; `@@`: the indentation of its arguments, `##`: that of its end. */
const RETRIES = [
  'self.retry()', 'self.retry(exc=error)', "self.retry(exc=error, queue='slow', max_retries=5)", 'self.retry(countdown=7)', 'self.retry(exc=error, countdown=DELAY, max_retries=9)', 'self.retry([user], {}, error)',
  'self.retry(\n@@exc=error,\n@@countdown=(7),  # s\n##)', 'self.retry(\n@@exc=error,\n@@queue="a"\n##)', 'self.retry(\n@@exc=error, queue="a",\n##)', 'self.retry(exc=error,\n           countdown=7)', 'self.retry(exc=wrap(\n@@error,\n##))',
];

/** Retries at a fixed delay, in functions, methods and classes: an argument is added or replaced, and what it calls is imported. */
export const pythonRetries: fc.Arbitrary<Variant> = fc.record({ head: fc.constantFrom(...HEADS), retry: fc.constantFrom(...RETRIES), second: fc.constantFrom('', ...RETRIES), task: fc.constantFrom('self', 'task'), form: fc.constantFrom('function', 'class', 'method'), indent: fc.constantFrom('    ', '\t', '  '), isRaised: fc.boolean(), ends })
  .map(({ head, retry, second, task, form, indent, isRaised, ends }) => {
    const written = (call: string, lead: string): string => call.replace(/\bself\b/g, task).replaceAll('@@', lead + indent).replaceAll('##', lead);
    const body = (call: string, lead: string): string => `${/\brequests\b/.test(head) ? '' : `${lead}import requests\n\n`}${lead}try:\n${lead}${indent}requests.post("https://example.com", timeout=5)\n${lead}except OSError as error:\n${lead}${indent}${isRaised ? 'raise ' : ''}${written(call, lead + indent)}\n`;
    const options = 'bind=True, default_retry_delay=10, max_retries=9';
    const taskOf = (name: string, call: string): string => (form === 'function' ? `\n\n@app.task(${options})\ndef ${name}(${task}, user):\n${body(call, indent)}`
      : form === 'method' ? `\n\nclass Calls_${name}:\n${indent}@app.task(${options})\n${indent}def ${name}(${task}, user):\n${body(call, indent + indent)}`
        : `\n\nclass Task_${name}(app.Task):\n${indent}name = "${name}"\n${indent}default_retry_delay = 10\n${indent}max_retries = 9\n\n${indent}def run(${task}, user):\n${body(call, indent + indent)}\n\napp.register_task(Task_${name}())\n`);
    const text = `${head.replaceAll('@@', indent)}\n\nDELAY = 20\n${taskOf('call', retry)}${second && taskOf('again', second)}`;
    return { rule: 'tasks/retry-without-backoff', path: 'app/tasks.py', written: /countdown=\(?(?:get_exponential_backoff_)?interval\(\s+factor=/, files: { ...APP, 'app/celery.py': "from celery import Celery\n\napp = Celery('app', broker='redis://cache:6379/0', include=['app.tasks'])\n", 'Dockerfile': DOCKERFILE, 'app/tasks.py': ended(text, ends) } };
  });
