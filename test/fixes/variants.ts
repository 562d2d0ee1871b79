import fc from 'fast-check';
import { APP, DOCKERFILE, ended, ends, type Variant } from './projects.js';
import { pythonRetries } from './retries.js';
import { cloudformationServices, terraformBlocks } from './services.js';

/** Some of them, in any order. */
const some = <T>(...parts: readonly T[]): fc.Arbitrary<T[]> => fc.shuffledSubarray([...parts]);
/** The one that must be there at any place among the others. */
const among = <T>(must: T, others: fc.Arbitrary<readonly T[]>): fc.Arbitrary<readonly T[]> => fc.tuple(others, fc.nat()).map(([list, at]) => { const place = at % (list.length + 1); return [...list.slice(0, place), must, ...list.slice(place)]; });

const COMMAND = ['celery', '-A', 'app.celery', 'worker'];
const SHELL = ['sh', '-c', 'celery -A app.celery worker'];
const json = (value: unknown): string => JSON.stringify(value);

const stopTimeout = (path: string, files: Readonly<Record<string, string>>, written: RegExp): Variant => ({ rule: 'ecs/stop-timeout-too-short', path, written, files: { ...APP, ...files } });

/** A task definition in JSON: a key is missing, or an argument of a shell is mended inside its string. */
const taskDefinition: fc.Arbitrary<Variant> = fc.record({
  container: among<readonly [string, unknown]>(['name', 'worker'], some<readonly [string, unknown]>(['essential', true], ['memory', 512], ['linuxParameters', {}], ['environment', [{ name: 'A', value: '"ü"\\ \t' }]], ['dockerLabels', { a: 'b' }])),
  space: fc.constantFrom('', '  ', '    ', '\t', ' '), gap: fc.constantFrom('', ' '), isShell: fc.boolean(), hasShort: fc.boolean(), ends,
}).map(({ container, space, gap, isShell, hasShort, ends }) => {
  const definition = { family: 'w', requiresCompatibilities: ['FARGATE'], containerDefinitions: [Object.fromEntries([...container, ['image', 'worker'], ['command', isShell ? SHELL : COMMAND], ...(hasShort ? [['stopTimeout', 20]] : [])])] };
  const text = JSON.stringify(definition, null, space).replace(/":/g, `"${gap}:`);
  const variant = stopTimeout('infra/task.json', { 'infra/task.json': ended(text, ends), 'Dockerfile': DOCKERFILE }, /"stopTimeout" *: *120/);
  return isShell ? { ...variant, rule: 'container/shell-swallows-signal', written: /"exec celery/ } : variant;
});

const composeKeys = (anchored: boolean): fc.Arbitrary<readonly string[]> => some('restart: always', 'image: worker # ours', 'environment:\n@@- A=b', 'environment: { A: b }', 'labels: |\n@@a: b\n@@\n@@c', 'deploy:\n@@resources: {}', '# a word', ...(anchored ? ['<<: *base'] : []));
/** One of each key. */
const unique = (parts: readonly string[]): readonly string[] => parts.filter((part, i) => parts.findIndex(other => other.split(':')[0] === part.split(':')[0]) === i);

const compose: fc.Arbitrary<Variant> = fc.record({ keys: composeKeys(true), form: fc.constantFrom('block', 'flow', 'shared'), command: fc.constantFrom('celery -A app.celery worker', json(COMMAND), '>-\n@@celery -A app.celery\n@@worker'), period: fc.constantFrom('', 'stop_grace_period: 30s', 'stop_grace_period: "20s"', "stop_grace_period: '0m30s' # short"), indent: fc.integer({ min: 1, max: 6 }), at: fc.nat(), isMerged: fc.boolean(), ends })
  .map(({ keys, form, command, period, indent, at, isMerged, ends }) => {
    const [one, two, three] = [1, 2, 3].map(level => ' '.repeat(level * indent)) as [string, string, string];
    const own = [...unique(keys)];
    own.splice(at % (own.length + 1), 0, `command: ${command}`, 'build: .', ...(period && form !== 'flow' ? [period] : []));
    const service = own.map(line => `${two}${line.replaceAll('@@', three)}`).join('\n');
    const text = form === 'flow' ? `x-base: &base { init: false }\nservices:\n${one}worker: { build: ., command: ${json(COMMAND)}${period && ', stop_grace_period: 30s'} }`
      : `x-base: &base\n${one}user: app\n${isMerged ? `${one}stop_grace_period: 5s\n` : ''}services:\n${form === 'shared' ? `${one}cache:\n${two}image: redis\n` : ''}${one}worker:\n${service}\n${form === 'shared' ? `${one}db:\n${two}image: postgres:16` : ''}`;
    return { rule: 'container/stop-grace-period-too-short', path: 'docker-compose.yml', written: /stop_grace_period: ['"]?103s/, ...(isMerged && form !== 'flow' && { kept: /^ +stop_grace_period: 5s\r?$/m }), files: { ...APP, 'Dockerfile': DOCKERFILE, 'docker-compose.yml': ended(text, ends) } };
  });

const cloudformation: fc.Arbitrary<Variant> = fc.record({ keys: among('Name: worker', some('Essential: true', 'Memory: 512 # MiB', 'Environment:\n@@- { Name: A, Value: !Ref Name }', 'Environment: []', 'DockerLabels:\n@@a: "b"')), flow: fc.boolean(), dash: fc.constantFrom('- ', '-   ', '-\n'), indent: fc.integer({ min: 2, max: 4 }), short: fc.boolean(), ends })
  .map(({ keys, flow, dash, indent, short, ends }) => {
    const pad = ' '.repeat(indent);
    const [list, inner] = [pad.repeat(4), pad.repeat(4) + ' '.repeat(dash === '-\n' ? 2 : dash.length)];
    const own = [...unique(keys), 'Image: worker', `Command: ${json(COMMAND)}`, ...(short ? ['StopTimeout: 30'] : [])].map(line => line.replaceAll('@@', `${inner}${pad}`));
    const container = flow ? `${list}- { Name: worker, Image: worker, Command: ${json(COMMAND)}${short ? ', StopTimeout: 30' : ''} }` : `${list}${dash === '-\n' ? `-\n${inner}` : dash}${own.join(`\n${inner}`)}`;
    const text = `Parameters:\n${pad}Name:\n${pad}${pad}Type: String\nResources:\n${pad}Worker:\n${pad.repeat(2)}Type: AWS::ECS::TaskDefinition\n${pad.repeat(2)}Properties:\n${pad.repeat(3)}RequiresCompatibilities: [FARGATE]\n${pad.repeat(3)}ContainerDefinitions:\n${container}\nOutputs: {}\n`;
    return stopTimeout('template.yaml', { 'template.yaml': ended(text, ends), 'Dockerfile': DOCKERFILE }, /StopTimeout: 120/);
  });

const copilot: fc.Arbitrary<Variant> = fc.record({ keys: some('count: 2', 'cpu: 256 # units', 'exec: true', 'variables:\n  A: "b"', 'network:\n  vpc:\n    placement: private', 'taskdef_overrides:\n- path: PidMode\n  value: task', 'taskdef_overrides:\n  - path: PidMode\n    value: task', '# the end'), ends })
  .map(({ keys, ends }) => stopTimeout('copilot/worker/manifest.yml', {
    'copilot/worker/manifest.yml': ended(`name: worker\ntype: Backend Service\nimage:\n  build: Dockerfile\n${unique(keys).join('\n')}\ncommand: celery -A app.celery worker\n`, ends), 'Dockerfile': DOCKERFILE,
  }, /ContainerDefinitions\[0\]\.StopTimeout\r?\n +value: 120/));

const terraform: fc.Arbitrary<Variant> = fc.record({
  keys: among('name@= "worker"', some('essential@= true', 'memory@= 512 # MiB', 'environment@= []', 'environment@= [{ name = "A", value = "${var.a}" }]', 'dockerLabels@= {}', '// a word')), form: fc.constantFrom('jsonencode', 'heredoc', 'indented', 'one-line'),
  align: fc.boolean(), comma: fc.constantFrom('', ','), indent: fc.constantFrom('  ', '    ', '\t'), short: fc.boolean(), ends,
}).map(({ keys, form, align, comma, indent, short, ends }) => {
  const own = [...unique(keys), 'image@= "worker"', `command@= ${json(COMMAND)}`, ...(short ? ['stopTimeout@= 30'] : [])];
  const object = own.map(line => { const [key, value] = line.split('@'); const isComma = comma && value && !line.includes('#'); return `${indent.repeat(3)}${value === undefined ? key : `${align ? key!.padEnd(12) : key} ${value}`}${isComma ? ',' : ''}`; }).join('\n');
  const list = { name: 'worker', image: 'worker', essential: true, command: COMMAND, ...(short && { stopTimeout: 30 }) };
  const written = JSON.stringify([list], null, indent).replace('"worker"', '"${var.name}"');
  const value = form === 'jsonencode' ? `jsonencode([\n${indent.repeat(2)}{\n${object}\n${indent.repeat(2)}}\n${indent}])` : form === 'one-line' ? `jsonencode([{ name = "worker", image = "worker", command = ${json(COMMAND)}${short ? ', stopTimeout = 30' : ''} }])`
    : form === 'heredoc' ? `<<EOF\n${written}\nEOF` : `<<-EOF\n${written.replace(/^/gm, indent)}\n${indent}EOF`;
  const text = `variable "a" {}\nvariable "name" { default = "worker" }\n\nresource "aws_ecs_task_definition" "worker" {\n${indent}family = "w" # ours\n${indent}requires_compatibilities = ["FARGATE"]\n${indent}container_definitions = ${value}\n}\n`;
  return stopTimeout('infra/main.tf', { 'infra/main.tf': ended(text, ends), 'Dockerfile': DOCKERFILE }, /stopTimeout(?:\\?" *: *| *= *)120/);
});

const cdk: fc.Arbitrary<Variant> = fc.record({ keys: some("containerName: 'worker'", 'essential: true, // it is', "environment: { 'A': `b${1}` }", 'environment: {}', 'memoryLimitMiB: 512'), quote: fc.constantFrom("'", '"'), indent: fc.constantFrom('  ', '    ', '\t'), oneLine: fc.boolean(), comma: fc.boolean(), short: fc.boolean(), semicolon: fc.constantFrom(';', ''), ends })
  .map(({ keys, quote, indent, oneLine, comma, short, semicolon, ends }) => {
    const command = `command: [${COMMAND.map(word => `${quote}${word}${quote}`).join(', ')}]`;
    const own = [...unique(keys), `image: ecs.ContainerImage.fromAsset(${quote}.${quote})`, command, ...(short ? ['stopTimeout: cdk.Duration.seconds(30)'] : [])].map((line, i, all) => (line.includes('//') ? line : `${line}${i < all.length - 1 || comma ? ',' : ''}`));
    const props = oneLine ? `{ ${own.map(line => line.replace(/ \/\/.*/, '')).join(' ')} }` : `{\n${own.map(line => indent + line).join('\n')}\n}`;
    const text = `import * as cdk from ${quote}aws-cdk-lib${quote}${semicolon}\nimport * as ecs from ${quote}aws-cdk-lib/aws-ecs${quote}${semicolon}\n\nconst app = new cdk.App()${semicolon}\nconst stack = new cdk.Stack(app, ${quote}S${quote})${semicolon}\nconst definition = new ecs.FargateTaskDefinition(stack, ${quote}D${quote})${semicolon}\ndefinition.addContainer(${quote}worker${quote}, ${props})${semicolon}\n`;
    return stopTimeout('infra.ts', { 'infra.ts': ended(text, ends), 'Dockerfile': DOCKERFILE, 'package.json': '{}' }, /stopTimeout: cdk\.Duration\.seconds\(120\)/);
  });

/** Settings of an app, in all the ways they are written. */
const pythonSettings: fc.Arbitrary<Variant> = fc.record({ form: fc.constantFrom('attribute', 'update', 'dict', 'class', 'module', 'django', 'call'), others: some('result_expires = 3600', 'task_time_limit = 100', 'worker_max_tasks_per_child = (\n@@50\n)', 'timezone = "UTC"  # ours'), value: fc.constantFrom('4', '8', '(16)', '2 * 2', "'False'"), quote: fc.constantFrom("'", '"'), indent: fc.constantFrom('    ', '  ', '\t'), oneLine: fc.boolean(), ends })
  .map(({ form, others, value, quote, indent, oneLine, ends }) => {
    const isBoolean = value === "'False'";
    const [name, given] = isBoolean ? ['worker_enable_remote_control', `${quote}False${quote}`] : ['worker_prefetch_multiplier', value];
    const pairs = [...others, `${name} = ${given}`].map(line => line.split(' = ') as [string, string]).filter(([, text]) => !(oneLine && /\n|#/.test(text)));
    const entries = pairs.map(([key, text]) => [key, text.replace(/ +#.*/, '').replaceAll('@@', indent)] as const);
    const dict = oneLine ? `{${entries.map(([key, text]) => `${quote}${key}${quote}: ${text}`).join(', ')}}` : `{\n${entries.map(([key, text]) => `${indent}${quote}${key}${quote}: ${text},`).join('\n')}\n}`;
    const statements = (prefix: string, lead: string): string => pairs.map(([key, text]) => `${lead}${prefix}${prefix.endsWith('CELERY_') ? key.toUpperCase() : key} = ${text.replaceAll('@@', lead + indent)}`).join('\n');
    const lead = 'from celery import Celery\n\n';
    const tail = '\n\n\n@app.task(acks_late=True)\ndef export(user):\n    work(user)\n';
    const made = `app = Celery('app', broker='redis://cache:6379/0')`;
    const texts: Readonly<Record<string, readonly [string, string, string?]>> = {
      attribute: ['app/celery.py', `${lead}${made}\n${statements('app.conf.', '')}${tail}`],
      update: ['app/celery.py', `${lead}${made}\napp.conf.update(${oneLine ? entries.map(([key, text]) => `${key}=${text}`).join(', ') : `\n${entries.map(([key, text]) => `${indent}${key}=${text},`).join('\n')}\n`})${tail}`],
      dict: ['app/celery.py', `${lead}${made}\nSETTINGS = ${dict}\napp.conf.update(SETTINGS)${tail}`],
      class: ['app/celery.py', `${lead}class Config:\n${statements('', indent)}\n\n\n${made}\napp.config_from_object(Config)${tail}`],
      module: ['app/celeryconfig.py', `${statements('', '')}\n`, `${lead}${made}\napp.config_from_object('app.celeryconfig')${tail}`],
      django: ['app/settings.py', `${statements('CELERY_', '')}\n`, `import os\n\n${lead}os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'app.settings')\n${made}\napp.config_from_object('django.conf:settings', namespace='CELERY')${tail}`],
      call: ['app/celery.py', `${lead}app = Celery('app', broker='redis://cache:6379/0', ${entries.map(([key, text]) => `${key}=${text}`).join(', ')})${tail}`],
    };
    const [path, text, app] = texts[form]!;
    return { rule: isBoolean ? 'celery/string-boolean' : 'celery/prefetch-above-one', path, written: isBoolean ? /remote_control['"]?[ :=]+False/i : /prefetch_multiplier['"]?[ :=]+\(?1\b/i, files: { ...APP, 'Dockerfile': DOCKERFILE, ...(app && { 'app/celery.py': app }), [path]: ended(text, ends) } };
  });

/** Options of a decorator, which are added to it. */
const pythonDecorators: fc.Arbitrary<Variant> = fc.record({ options: some('bind=True', 'name="app.export"', 'max_retries=3', 'queue=("a" if DEBUG else "b")', '**OPTIONS'), form: fc.constantFrom('bare', 'one-line', 'lines', 'hanging'), comma: fc.constantFrom('', ','), comment: fc.boolean(), indent: fc.constantFrom('    ', '\t', '  '), ends })
  .map(({ options, form, comma, comment, indent, ends }) => {
    const sorted = [...options].sort((a, b) => Number(a.startsWith('**')) - Number(b.startsWith('**')));
    const given = form === 'bare' || sorted.length === 0 ? '' : form === 'one-line' ? `(${sorted.join(', ')}${comma})`
      : form === 'lines' ? `(\n${sorted.map((option, i) => `${indent}${option}${i < sorted.length - 1 ? ',' : comma}${comment && i === sorted.length - 1 ? '  # ours' : ''}`).join('\n')}\n)` : `(${sorted.join(`,\n${' '.repeat(10)}`)}${comma})`;
    const text = `import time\n\nfrom celery import Celery\n\nDEBUG = False\nOPTIONS = {}\napp = Celery('app', broker='redis://cache:6379/0')\napp.conf.task_time_limit = 100\n\n\n@app.task${given || (comma ? '()' : '')}\ndef export(*arguments):\n    time.sleep(9)\n`;
    return { rule: 'celery/early-ack', path: 'app/celery.py', written: /acks_late=True/, files: { ...APP, 'Dockerfile': DOCKERFILE, 'app/celery.py': ended(text, ends) } };
  });

const dockerfile: fc.Arbitrary<Variant> = fc.record({ before: some('ENV A="b c"', 'RUN apt-get update && \\\n    apt-get install -y curl', '# a word', 'EXPOSE 80', 'RUN <<EOF\necho celery\nEOF'), word: fc.constantFrom('CMD', 'cmd', 'Cmd'), command: fc.constantFrom('celery -A app.celery worker', 'celery \\\n    -A app.celery \\\n    worker', '["sh", "-c", "celery -A app.celery worker"]', '[ "/bin/sh","-c",  "celery -A \\"app.celery\\" worker" ]', 'cd /srv && celery -A app.celery worker', 'A=b celery -A app.celery worker'), isEntrypoint: fc.boolean(), ends })
  .map(({ before, word, command, isEntrypoint, ends }) => ({ rule: 'container/shell-swallows-signal', path: 'Dockerfile', written: /exec (?:A=b )?celery/, files: { ...APP, Dockerfile: ended(`FROM python:3.12-slim\nWORKDIR /srv\nCOPY . .\n${before.join('\n')}\n${isEntrypoint ? 'ENTRYPOINT' : word} ${command}\n`, ends) } }));

const shell: fc.Arbitrary<Variant> = fc.record({ before: some('set -e', 'export A="b c"', 'if [ -n "$B" ]; then\n\techo "$B"\nfi', 'cat <<EOF\ncelery -A app worker\nEOF', 'python manage.py migrate --noinput', '# celery'), command: fc.constantFrom('celery -A app.celery worker', 'celery -A app.celery \\\n  worker -Q "a,b"', 'A=b celery -A app.celery worker  # ours', 'if true; then\n    celery -A app.celery worker\nfi', 'case "$1" in\n  *) celery -A app.celery worker ;;\nesac', 'run() {\n\tcelery -A app.celery worker\n}\nrun'), end: fc.constantFrom('', '\n', '\n\n') })
  .map(({ before, command, end }) => ({ rule: 'container/entrypoint-without-exec', path: 'start.sh', written: /exec celery|exec env A=b celery|A=b exec celery/, files: { ...APP, 'start.sh': ended(`#!/bin/bash\n${before.join('\n')}\n${command}`, { lineBreak: '\n', end }), 'Dockerfile': 'FROM python:3.12-slim\nWORKDIR /srv\nCOPY . .\nENTRYPOINT ["/srv/start.sh"]\n' } }));

const ini: fc.Arbitrary<Variant> = fc.record({ keys: some('autostart=true', 'environment=A="%%b",\n  C="d"', '; a word', 'stdout_logfile = /dev/stdout', 'directory=/srv'), sign: fc.constantFrom('=', ' = ', ': '), wait: fc.constantFrom('', '20', '30 ; s'), follows: fc.boolean(), ends })
  .map(({ keys, sign, wait, follows, ends }) => ({
    rule: 'container/process-manager-kills-early', path: 'supervisord.conf', written: /stopwaitsecs\s*[=:]\s*103/,
    files: { ...APP, 'Dockerfile': `${DOCKERFILE.split('CMD')[0]}CMD ["supervisord", "-n", "-c", "/srv/supervisord.conf"]\n`, 'supervisord.conf': ended(`[supervisord]\nnodaemon=true\n\n[program:worker]\ncommand${sign}celery -A app.celery worker\n${wait && `stopwaitsecs${sign}${wait}\n`}${keys.join('\n')}\n${follows ? '\n[program:web]\ncommand=gunicorn app\n' : ''}`, ends) },
  }));

const systemd: fc.Arbitrary<Variant> = fc.record({ keys: some('User=app', 'Environment="A=b c"', '# a word', 'WorkingDirectory=/srv'), wait: fc.constantFrom('', '20', '30s', '1min'), ends: fc.record({ lineBreak: fc.constant('\n'), end: fc.constantFrom('', '\n') }) })
  .map(({ keys, wait, ends }) => ({ rule: 'container/process-manager-kills-early', path: 'worker.service', written: /TimeoutStopSec=103/, files: { ...APP, 'worker.service': ended(`[Unit]\nDescription=Worker\n\n[Service]\n${keys.join('\n')}\nKillMode=mixed\nExecStart=/usr/bin/celery -A app.celery worker\n${wait && `TimeoutStopSec=${wait}\n`}\n[Install]\nWantedBy=multi-user.target\n`, ends) } }));

/** Every format that a value can be written in. */
export const variants: Readonly<Record<string, fc.Arbitrary<Variant>>> = { taskDefinition, compose, cloudformation, copilot, terraform, cdk, pythonSettings, pythonDecorators, pythonRetries, dockerfile, shell, ini, systemd, terraformBlocks, cloudformationServices };
