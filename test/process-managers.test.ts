import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secondsIn } from '../src/analyzers/process-manager/systemd.js';
import * as ecosystem from '../src/analyzers/ecosystem.js';
import * as processManager from '../src/analyzers/process-manager.js';
import { audit } from '../src/audit.js';
import { DEFAULT_CONFIG } from '../src/config.js';
import { applyEdits } from '../src/model/index.js';
import type { Analyzer, Facts } from '../src/model/index.js';
import { loadTypeScript } from '../src/parsers/typescript/read.js';
import { rules } from '../src/rules/index.js';
import { editAt } from '../src/rules/shared.js';

/** Every process manager between ECS and the worker has a timer of its own, and one that is shorter than stopTimeout decides. */
beforeAll(() => loadTypeScript());
const root = mkdtempSync(join(tmpdir(), 'drainlint-managers-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const APP = {
  'requirements.txt': 'celery==5.6.3\nbilliard==4.2.4\n', 'shop/__init__.py': '', 'shop/celery.py': 'from celery import Celery\n\napp = Celery("shop", broker="redis://cache:6379/0")\napp.conf.update(task_acks_late=True, task_time_limit=100, task_soft_time_limit=90)\n\n\n@app.task\ndef release(sku):\n    print(sku)\n',
  'infra/task.json': JSON.stringify({ family: 'shop', requiresCompatibilities: ['FARGATE'], containerDefinitions: [{ name: 'worker', image: 'shop', essential: true, stopTimeout: 120 }] }),
};
let n = 0;
async function told(files: Readonly<Record<string, string>>, family = 'container/'): Promise<readonly string[]> {
  const folder = join(root, String(n++));
  for (const [path, text] of Object.entries({ ...APP, ...files })) { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), text); }
  const { findings } = await audit({ root: folder, rules, config: { ...DEFAULT_CONFIG, minConfidence: 'low' } });
  return findings.filter(({ ruleId }) => ruleId.startsWith(family)).map(({ ruleId, message }) => `${ruleId} ${message}`);
}
const image = (lines: string): string => `FROM python:3.12-slim\nWORKDIR /srv\nCOPY . .\n${lines}\n`;

describe('pm2', () => {
  const file = (more: string): string => `module.exports = {\n  apps: [\n    {\n      name: 'worker',\n      script: 'celery',\n      args: '-A shop worker',\n      interpreter: 'none',${more}\n    },\n  ],\n};\n`;
  const CMD = image('CMD ["pm2-runtime", "start", "ecosystem.config.js"]');
  const EARLY = 'container/process-manager-kills-early pm2 kills worker 1.6 s after the stop signal, but its tasks may run 100 s';

  test('kills after 1.6 s unless its file says otherwise', async () => {
    expect(await told({ Dockerfile: CMD, 'ecosystem.config.js': file('') })).toEqual([EARLY]);
    expect(await told({ Dockerfile: CMD, 'ecosystem.config.js': file('\n      kill_timeout: 5000,') })).toEqual([EARLY.replace('1.6 s', '5 s')]);
    expect(await told({ Dockerfile: CMD, 'ecosystem.config.js': file('\n      kill_timeout: 110000,') })).toEqual([]);
  });
  test('in JSON, and with a script on the command line', async () => {
    expect(await told({ Dockerfile: image('CMD ["pm2-runtime", "pm2.json"]'), 'pm2.json': '{"apps": [{"name": "worker", "script": "./run.sh"}]}', 'run.sh': '#!/bin/bash\nexec celery -A shop worker\n' })).toEqual([EARLY]);
    expect(await told({ Dockerfile: image('CMD ["pm2-runtime", "start", "./run.sh", "--kill-timeout", "110000"]'), 'run.sh': '#!/bin/bash\nexec celery -A shop worker\n' })).toEqual([]);
  });
  test('takes what is written in milliseconds', () => {
    const text = file('\n      kill_timeout: 5000,');
    const field = ecosystem.facts(text, 'ecosystem.config.js').processes!.programs[0]!.stopWait;
    const changed = applyEdits(text, [editAt(field.slots[0]!, 110)]);
    expect(changed).toContain('kill_timeout: 110000,');
    const absent = ecosystem.facts(file(''), 'ecosystem.config.js').processes!.programs[0]!.stopWait;
    expect(ecosystem.facts(applyEdits(file(''), [editAt(absent.slots[0]!, 110)]), 'ecosystem.config.js').processes!.programs[0]!.stopWait.value).toMatchObject({ value: 110 });
  });
  test('that does not parse is named, and the rest is audited', async () => {
    expect(await told({ Dockerfile: CMD, 'ecosystem.config.js': 'module.exports = { apps: [{ script: "x", }\n' }, 'audit/')).toEqual([expect.stringContaining('audit/unreadable-input')]);
  });
});

describe('systemd', () => {
  const { 'infra/task.json': _, ...withoutEcs } = APP;
  const unit = (lines: string): string => `[Unit]\nDescription=Celery\n\n[Service]\nExecStart=/srv/venv/bin/celery -A shop worker\n${lines}\n[Install]\nWantedBy=multi-user.target\n`;
  const onHost = async (lines: string): Promise<readonly string[]> => {
    const folder = join(root, String(n++));
    for (const [path, text] of Object.entries({ ...withoutEcs, 'deploy/celery.service': unit(lines) })) { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), text); }
    const { findings } = await audit({ root: folder, rules, config: { ...DEFAULT_CONFIG, minConfidence: 'low' } });
    return findings.filter(({ ruleId }) => ruleId.startsWith('container/')).map(({ ruleId, severity }) => `${ruleId} ${severity}`).sort();
  };
  test('signals every process of the group and kills after 90 s unless the unit says otherwise', async () => {
    expect(await onHost('')).toEqual(['container/process-manager-kills-early error', 'container/signal-sent-to-group error']);
    expect(await onHost('KillMode=mixed\nTimeoutStopSec=2min\n')).toEqual([]);
    expect(await onHost('KillMode=process\nTimeoutStopSec=30\n')).toEqual(['container/process-manager-kills-early error']);
    expect(await onHost('KillMode=mixed\nTimeoutStopSec=infinity\n')).toEqual([]);
  });
  test('expects the daemon of Type=forking, as Celery documents it', async () => {
    const folder = join(root, String(n++));
    const forking = '[Service]\nType=forking\nExecStart=/bin/sh -c "celery multi start w1 -A shop"\nExecStop=/bin/sh -c "celery multi stopwait w1"\nTimeoutStopSec=600\n';
    for (const [path, text] of Object.entries({ ...withoutEcs, 'deploy/celery.service': forking })) { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), text); }
    const { findings } = await audit({ root: folder, rules, config: { ...DEFAULT_CONFIG, minConfidence: 'low' } });
    expect(findings.map(({ ruleId }) => ruleId).filter(id => id.startsWith('container/detached'))).toEqual([]);
  });
  test.each([['90', 90], ['2min', 120], ['1min 30s', 90], ['5m', 300], ['infinity', undefined], ['0', undefined], ['1 fortnight', undefined], ['', undefined]])('TimeoutStopSec=%s is %s s', (text, seconds) => { expect(secondsIn(text)).toBe(seconds); });
  test('has slots that write what is read', () => {
    const stop = (facts: Facts) => facts.processes!.programs[0]!.stopWait;
    for (const text of [unit(''), unit('TimeoutStopSec=30\n')]) {
      const changed = applyEdits(text, [editAt(stop((processManager as Analyzer).facts(text, 'celery.service')).slots[0]!, 77)]);
      expect(stop((processManager as Analyzer).facts(changed, 'celery.service')).value).toMatchObject({ value: 77 });
    }
  });
});

describe('s6-overlay', () => {
  const tree = (more: string): Readonly<Record<string, string>> => ({ Dockerfile: image(`${more}COPY services /etc/services.d\nENTRYPOINT ["/init"]`), 'services/worker/run': '#!/bin/sh\nexec celery -A shop worker\n' });
  test('waits 3 s for what stands in services.d unless the image says otherwise', async () => {
    expect(await told(tree(''))).toEqual(['container/process-manager-kills-early s6 kills worker 3 s after the stop signal, but its tasks may run 100 s']);
    expect(await told(tree('ENV S6_SERVICES_GRACETIME=110000\n'))).toEqual([]);
    expect(await told(tree('ENV S6_SERVICES_GRACETIME=0\n'))).toEqual([]);
  });
});
