/** Inputs that were made to take long or to fill the memory: 50 MB each (in files as large as are read, and as one), or few bytes that stand for much. */

export type Files = Iterable<readonly [path: string, text: string]>;
export interface Input {
  files(): Files;
  /** What is said of it, as `<path>:<line> <message>`; undefined: nothing need be. */
  readonly says?: RegExp;
  /** It takes the place of a file of the project beside it. */
  readonly replaces?: true;
}

const MB = 1_000_000;
/** 50 MB together. */
const TOTAL = 50 * MB;

/** Text repeated until it is as long as that. `line`: told the number of each. */
function upTo(size: number, line: (i: number) => string, head = '', tail = ''): string {
  const parts = [head];
  for (let i = 0, length = head.length + tail.length; length < size; i++) {
    const next = line(i);
    parts.push(next);
    length += next.length;
  }
  return [...parts, tail].join('');
}
/** The same text in as many files as make 50 MB. */
function* copies(path: (i: number) => string, text: string): Files {
  for (let i = 0; i * text.length < TOTAL; i++) yield [path(i), text];
}
const range = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));
const lines = (count: number, line: (i: number) => string): string => range(count, line).join('\n');
const one = (path: string, text: string): Files => [[path, text]];

const CELERY = "from celery import Celery, shared_task\nimport requests\n\napp = Celery('a', broker='redis://cache:6379/0')\n";
const py = (i: number): string => `big/m${i}.py`;
/** Just below what is read of one file, if each character were a sign; and the largest files that are looked at. */
const CODE = 0.29 * MB, DATA = CODE / 4, TEMPLATE = CODE / 2, LARGE = 9.9 * MB;

const python: Record<string, Input> = {
  'large files': { files: () => copies(py, `${CELERY}${'# celery\n'.repeat(LARGE / 9 - 20)}`), says: /words and signs are more than the 300,000/ },
  'large files of one line': { files: () => copies(py, `${CELERY}x = '${'a'.repeat(LARGE - 200)}'\n`), says: /words and signs are more than the 300,000/ },
  'long words': { files: () => copies(py, upTo(1.99 * MB, i => `@app.task\ndef ${'f'.repeat(200)}${i}(x):\n    '${'a'.repeat(2000)}'\n`, CELERY)) },
  'one line of 50 MB': { files: () => one('big/a.py', `import celery\nx = '${'a'.repeat(TOTAL)}'\n`), says: /big\/a\.py:1 48 MB are more than the 10 MB that are read/ },
  'files of one line': { files: () => copies(py, `import celery\nx = [${'1, '.repeat(CODE / 3 - 20)}]\n`) },
  'brackets, nested': { files: () => copies(py, `import celery\nx = ${'('.repeat(CODE / 2 - 20)}${')'.repeat(CODE / 2 - 20)}\n`) },
  'brackets, not closed': { files: () => copies(py, `import celery\nx = ${'[('.repeat(CODE / 2 - 20)}\n`) },
  'blocks, nested': { files: () => copies(py, `${CELERY}${lines(1900, i => `${' '.repeat(i)}if x:`)}\n`) },
  'continued lines': { files: () => copies(py, `import celery\nx = 1 \\\n${'\\\n'.repeat(CODE / 2 - 20)}`) },
  'no Python': { files: () => copies(py, upTo(CODE, i => `) def ] class ${i} ( celery } = ' """ \n`)) },
  'strings, not closed': { files: () => copies(py, upTo(CODE, () => 'x = f"{a!r:{b:{"celery\n')) },
  'a million functions': { files: () => copies(py, upTo(CODE, i => `def f${i}(): pass\n`, CELERY)) },
  'a million task functions': { files: () => copies(py, upTo(CODE, i => `@app.task\ndef f${i}(): pass\n`, CELERY)) },
  'a million decorators': { files: () => copies(py, upTo(CODE, () => '@app.task\n', CELERY, 'def f(): pass\n')) },
  'a million calls': { files: () => copies(py, upTo(CODE, i => `    f(${i})\n`, `${CELERY}@app.task\ndef f(x):\n`)) },
  'a complete call graph': { files: () => copies(py, upTo(CODE, i => `@app.task\ndef f${i}():\n${range(300, j => `    f${j}()\n`).join('')}`, CELERY)) },
  'a call graph that doubles': { files: () => one('big/a.py', `${CELERY}${lines(6_000, i => `def f${i}(a, b):\n    f${i + 1}(a, b)\n    f${i + 1}(b, a)\n    f${i + 2}((a, b), f${i + 3})`)}\ndef f6000(a, b):\n    a.save()\n@app.task\ndef go():\n    f0(1, 2)\n`) },
  'a complete graph of imports': { files: () => range(300, i => [`m${i}.py`, `${CELERY}${lines(300, j => `from m${j} import *`)}\nx${i} = x${i + 1}\n@app.task\ndef f${i}():\n    f${i + 1}()\n`] as const) },
  'a chain of imports': { files: () => range(20_000, i => [`m${i}.py`, `import celery\nfrom m${(i + 1) % 20_000} import *\nfrom m${(i + 1) % 20_000} import x\n`] as const) },
  'values that double': { files: () => one('big/a.py', `${CELERY}a0 = ['x']\nb0 = 'x'\nc0 = {'x': 1}\n${lines(7_000, i => `a${i + 1} = [*a${i}, *a${i}]\nb${i + 1} = b${i} + b${i}\nc${i + 1} = {**c${i}, 'y${i}': c${i}}\nd${i + 1} = a${i} + a${i} * 9`)}\napp.conf.imports = a7000\napp.conf.broker_url = b7000\napp.conf.update(**c7000)\napp.conf.task_routes = c7000\n`) },
  'values that double, in functions': { files: () => one('big/a.py', `${CELERY}${lines(5_000, i => `def g${i}(x): return g${i + 1}(x) + g${i + 1}(x)`)}\napp.conf.broker_url = g0('x')\napp.conf.task_time_limit = g0(1)\n`) },
  'a million settings': { files: () => copies(py, upTo(CODE, i => `app.conf.task_time_limit = ${i}\n`, CELERY)) },
  'classes that double': { files: () => one('big/a.py', `${CELERY}class C0: task_time_limit = 1\nclass D0: pass\n${lines(10_000, i => `class C${i + 1}(C${i}, D${i}): pass\nclass D${i + 1}(D${i}, C${i}): pass`)}\napp.config_from_object(C10000)\n@app.task(base=C10000)\ndef f(): pass\n`) },
  'a sum of 300,000 parts': { files: () => copies(py, `${CELERY}x = ${'1+'.repeat(140_000)}1\napp.conf.task_time_limit = x\n`) },
  'a chain of 100,000 elif': { files: () => copies(py, `${CELERY}if x == 0: pass\n${lines(60_000, i => `elif x: y${i}`)}\n`) },
  'a chain of 100,000 members': { files: () => copies(py, `${CELERY}x = a${'.b()'.repeat(70_000)}\n`) },
  'a tasks with many effects': { files: () => copies(py, upTo(CODE, i => `    requests.post('https://a.example/${i}')\n    order.save()\n`, `${CELERY}@app.task\ndef f(order):\n`)) },
  'many small files': { files: () => range(50_000, i => [`big/d${i % 500}/m${i}.py`, upTo(1000, j => `\n@shared_task\ndef f${i}_${j}(x):\n    x.save()\n`, 'from celery import shared_task\n')] as const) },
  'a million comments that ignore': { files: () => copies(py, upTo(CODE, i => `# drainlint: ignore celery/early-ack -- reason ${i}\n`, CELERY, '@app.task\ndef f(): pass\n')) },
};

const bomb = (depth: number, width: number, item: (name: string) => string, open = '[', close = ']'): string => lines(depth, i => `x${i + 1}: &a${i + 1} ${open}${range(width, () => item(`*a${i}`)).join(', ')}${close}`);
const yml = (i: number): string => `big/c${i}.yml`;
const yaml: Record<string, Input> = {
  'large files': { files: () => copies(yml, upTo(LARGE, i => `  w${i}: { image: x, command: celery -A a worker }\n`, 'services:\n')), says: /words and signs are more than the 75,000/ },
  'an alias bomb': { files: () => one('big/c.yml', `services:\n  worker: &a0\n    image: x\n    command: celery worker\n${bomb(200, 10, a => a)}\n`), says: /big\/c\.yml:\d+ YAML alias not followed/ },
  'a merge bomb': { files: () => one('big/c.yml', `services:\n  worker: &a0\n    image: x\n    command: celery worker\n${lines(60, i => `  w${i}: &a${i + 1}\n    <<: [*a${i}, *a${i}, *a${i}]\n    k${i}: 1`)}\n`), says: /big\/c\.yml:\d+ YAML alias not followed/ },
  'a million aliases': { files: () => copies(yml, upTo(DATA, i => `  w${i}: *a\n`, 'x: &a { image: x, command: celery worker }\nservices:\n')) },
  'deep': { files: () => copies(yml, `services:\n  a: ${'['.repeat(DATA / 2 - 100)}${']'.repeat(DATA / 2 - 100)}\n`) },
  'deep blocks': { files: () => copies(yml, `services:\n${lines(4000, i => `${' '.repeat(i + 1)}a:`)}\n`) },
  'brackets, not closed': { files: () => copies(yml, `services:\n  a: ${'{a: ['.repeat(DATA / 6)}`) },
  'a million services': { files: () => copies(yml, upTo(DATA, i => `  w${i}: { image: x, command: celery -A a worker }\n`, 'services:\n')) },
  'a million documents': { files: () => copies(yml, upTo(DATA, () => '---\nservices:\n  a: {}\n')) },
  'one text': { files: () => copies(yml, `services:\n  a:\n    command: "${'celery '.repeat(DATA / 7 - 20)}"\n`) },
  'one block of text': { files: () => copies(yml, `services:\n  a:\n    command: |\n${'      celery -A a worker\n'.repeat(DATA / 24 - 20)}\n`) },
  'no YAML': { files: () => copies(yml, upTo(DATA, i => `services:\n\t- }{ ]: & * ! | > ${i}\n`)) },
  'many keys': { files: () => copies(yml, upTo(DATA, i => `    k${i}: v\n`, 'services:\n  w:\n    command: celery worker\n    environment:\n')) },
};

const service = (name: string, more = ''): string => `  ${name}:\n    image: shop\n    command: celery -A a worker\n${more}`;
const compose: Record<string, Input> = {
  'a chain of extends': { files: () => one('compose.yml', `services:\n${range(12_000, i => service(`w${i}`, `    extends: { service: w${i + 1} }\n`)).join('')}${service('w12000')}`) },
  'a chain of extends through files': { files: () => range(5_000, i => [`c${i}/compose.yml`, `services:\n${service('w', `    extends: { file: ../c${i + 1}/compose.yml, service: w }\n`)}`] as const) },
  'extends in a circle': { files: () => one('compose.yml', `services:\n${range(1000, i => service(`w${i}`, `    extends: { service: w${(i + 1) % 1000} }\n`)).join('')}`) },
  'includes in a circle': { files: () => range(500, i => [`c${i}/compose.yml`, `include:\n${range(500, j => `  - ../c${j}/compose.yml\n`).join('')}services:\n${service(`w${i}`)}`] as const) },
  'interpolation, nested': { files: () => one('compose.yml', `services:\n  w:\n    command: celery -A a worker ${'${A:-'.repeat(45_000)}x${'}'.repeat(45_000)}\n`) },
  'a million interpolations': { files: () => copies(yml, `services:\n  w:\n    command: celery -A a worker ${'${A:-b} '.repeat(DATA / 8 - 20)}\n`) },
  'many files of environment': { files: () => [['compose.yml', `services:\n  w:\n    command: celery -A a worker\n    env_file:\n${range(50_000, () => '      - .env\n').join('')}`], ['.env', upTo(MB, i => `A${i}=$A${i - 1}$A${i - 1}\n`)]] },
};

const CFN = 'AWSTemplateFormatVersion: "2010-09-09"\n';
const task = (name: string, value: string): string => `  ${name}:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - Name: w\n          Image: shop\n          Command: [celery, -A, a, worker]\n          StopTimeout: ${value}\n`;
const nestedIn = (depth: number, wrap: (inner: string) => string, inner: string): string => { let text = inner; for (let i = 0; i < depth; i++) text = wrap(text); return text; };
const cfn: Record<string, Input> = {
  'large files of blank lines': { files: () => copies(yml, `# AWS::ECS::Service\nservices:\n${'\n'.repeat(LARGE)}`) },
  'If, nested': { files: () => one('big/t.yml', `${CFN}Conditions:\n  A: !Equals [a, b]\nResources:\n${task('T', nestedIn(120, inner => `!If [A, 1, ${inner}]`, '2'))}`) },
  'If that doubles': { files: () => one('big/t.yml', `${CFN}Conditions:\n  A: !Equals [a, b]\n  B: !Equals [c, d]\nResources:\n${task('T', nestedIn(14, inner => `!If [A, ${inner}, ${inner}]`, '2'))}`) },
  'conditions that double': { files: () => one('big/t.yml', `${CFN}Conditions:\n  C0: !Equals [!Ref P, b]\n${lines(12_000, i => `  C${i + 1}: !Or [!Condition C${i}, !Not [!Condition C${i}]]`)}\nParameters:\n  P: { Type: String, Default: a }\nResources:\n${task('T', '!If [C12000, 1, 2]')}`) },
  'Ifs by aliases that double': { files: () => one('big/t.yml', `${CFN}Conditions:\n  A: !Equals [a, b]\nx0: &a0 1\n${lines(60, i => `x${i + 1}: &a${i + 1} !If [A, *a${i}, *a${i}]`)}\nResources:\n${task('T', '*a60')}`) },
  'Sub of a million references': { files: () => copies(yml, `${CFN}Resources:\n${task('T', `!Sub "${'${A}'.repeat(TEMPLATE / 4 - 200)}"`)}`) },
  'Sub, nested': { files: () => one('big/t.yml', `${CFN}Resources:\n${task('T', nestedIn(100, inner => `!Sub ["\${A}\${A}", {A: ${inner}}]`, '2'))}`) },
  'Join and Split that double': { files: () => one('big/t.yml', `${CFN}Resources:\n${task('T', nestedIn(60, inner => `!Join ["", !Split ["", !Join ["", [${inner}, x]]]]`, '2'))}`) },
  'huge Mappings': { files: () => copies(yml, upTo(TEMPLATE, i => `    k${i}: { stop: ${i} }\n`, `${CFN}Resources:\n${task('T', '!FindInMap [M, !Ref "AWS::Region", stop]')}Mappings:\n  M:\n`)) },
  'a million task definitions': { files: () => copies(yml, upTo(TEMPLATE, i => task(`T${i}`, '30'), `${CFN}Resources:\n`)) },
  'a million services of one task definition': { files: () => copies(yml, upTo(TEMPLATE, i => `  S${i}: { Type: AWS::ECS::Service, Properties: { TaskDefinition: !Ref T } }\n`, `${CFN}Resources:\n${task('T', '30')}`)) },
  'parameters in a circle': { files: () => one('big/t.yml', `${CFN}Parameters:\n${lines(18_000, i => `  P${i}: { Type: String, Default: !Ref P${(i + 1) % 18_000} }`)}\nResources:\n${task('T', '!Ref P0')}`) },
  'stacks that double': { files: () => range(60, i => [`t${i}.yml`, `${CFN}Parameters:\n  P: { Type: String }\nResources:\n${range(3, j => `  S${j}:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: ./t${i + 1}.yml\n      Parameters: { P: !Sub "\${P}${j}" }\n`).join('')}${task('T', '!Ref P')}`] as const) },
  'stacks in a circle': { files: () => range(50, i => [`t${i}.yml`, `${CFN}Resources:\n${range(50, j => `  S${j}:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: ./t${j}.yml\n`).join('')}${task('T', '30')}`] as const) },
};

const tfTask = (value: string): string => `resource "aws_ecs_task_definition" "t" {\n  family = "t"\n  container_definitions = ${value}\n}\nresource "aws_ecs_service" "s" {\n  name = "s"\n  task_definition = aws_ecs_task_definition.t.arn\n}\n`;
const CONTAINER = '{ name = "w", image = "shop", command = ["celery", "-A", "a", "worker"] }';
const tf = (i: number): string => `big/m${i}/main.tf`;
const terraform: Record<string, Input> = {
  'locals that double': { files: () => one('main.tf', `locals {\n  a0 = "x"\n  b0 = [${CONTAINER}]\n  c0 = { x = 1 }\n${lines(4_000, i => `  a${i + 1} = "\${local.a${i}}\${local.a${i}}"\n  b${i + 1} = concat(local.b${i}, local.b${i})\n  c${i + 1} = merge(local.c${i}, { y${i} = local.c${i} })`)}\n}\n${tfTask('jsonencode(local.b4000)')}resource "aws_sqs_queue" "q" { name = local.a4000 }\n`) },
  'locals that double, 30 deep': { files: () => one('main.tf', `locals {\n  a0 = "x"\n  b0 = [${CONTAINER}]\n${lines(30, i => `  a${i + 1} = "\${local.a${i}}\${local.a${i}}"\n  b${i + 1} = concat(local.b${i}, local.b${i})`)}\n}\n${tfTask('jsonencode([for b in local.b30 : merge(b, { name = local.a30 })])')}`) },
  'conditionals that double': { files: () => one('main.tf', `locals {\n  a0 = 30\n${lines(60, i => `  a${i + 1} = var.x${i} ? local.a${i} : local.a${i} + 1`)}\n}\n${tfTask(`jsonencode([merge(${CONTAINER}, { stopTimeout = local.a60 })])`)}`) },
  'modules in a circle': { files: () => range(200, i => [`m${i}/main.tf`, `${range(200, j => `module "m${j}" {\n  source = "../m${j}"\n  x = var.x\n}\n`).join('')}${tfTask(`jsonencode([${CONTAINER}])`)}`] as const) },
  'modules that double': { files: () => range(40, i => [`m${i}/main.tf`, `${range(3, j => `module "n${j}" {\n  source = "../m${i + 1}"\n  x = "\${var.x}${j}"\n}\n`).join('')}variable "x" {}\n${tfTask(`jsonencode([merge(${CONTAINER}, { name = var.x })])`)}`] as const) },
  'for_each over a product of sets': { files: () => one('main.tf', `locals {\n  s = toset([${range(20_000, i => `"a${i}"`).join(', ')}])\n}\nresource "aws_ecs_service" "s" {\n  for_each = setproduct(local.s, local.s, local.s)\n  name = each.key\n  task_definition = aws_ecs_task_definition.t[each.key].arn\n}\nresource "aws_ecs_task_definition" "t" {\n  for_each = local.s\n  family = each.key\n  container_definitions = jsonencode([for a in local.s : [for b in local.s : merge(${CONTAINER}, { name = "\${a}\${b}" })]])\n}\n`) },
  'count of a billion': { files: () => one('main.tf', `resource "aws_ecs_service" "s" {\n  count = 1000000000\n  name = "s\${count.index}"\n  task_definition = aws_ecs_task_definition.t[count.index].arn\n}\nresource "aws_ecs_task_definition" "t" {\n  count = 1e9\n  family = "t"\n  container_definitions = jsonencode([for i in range(1000000000) : merge(${CONTAINER}, { name = format("%01000000000d", i) })])\n}\n`) },
  'deep': { files: () => copies(tf, `${tfTask(`${'['.repeat(TEMPLATE / 2 - 200)}${']'.repeat(TEMPLATE / 2 - 200)}`)}`) },
  'brackets, not closed': { files: () => copies(tf, tfTask('{ a = ['.repeat(TEMPLATE / 7 - 200))) },
  'blocks, nested': { files: () => copies(tf, `${tfTask('"[]"')}${'a {\n'.repeat(TEMPLATE / 6 - 200)}${'}\n'.repeat(TEMPLATE / 6 - 200)}`) },
  'no HCL': { files: () => copies(tf, upTo(TEMPLATE, i => `resource "x${i}" { ]= \${ "%{ <<EOF aws_ecs_service\n`)) },
  'a million resources': { files: () => copies(tf, upTo(TEMPLATE, i => `resource "aws_ecs_service" "s${i}" {\n  name = "s"\n}\n`)) },
  'a million task definitions': { files: () => copies(tf, upTo(TEMPLATE, i => tfTask(`jsonencode([${CONTAINER}])`).replaceAll('"t"', `"t${i}"`).replace('"s"', `"s${i}"`))) },
  'a million locals': { files: () => copies(tf, upTo(TEMPLATE, i => `  a${i} = local.a${i + 1}\n`, `${tfTask('jsonencode(local.a0)')}locals {\n`, '}\n')) },
  'one heredoc': { files: () => copies(tf, tfTask(`<<EOF\n[{"name": "w", "command": ["celery", "worker"], "environment": [${'{"name": "${var.a}"},\n'.repeat(TEMPLATE / 21 - 200)}{}]}]\nEOF`)) },
  'one template': { files: () => copies(tf, tfTask(`"${'${var.a}'.repeat(TEMPLATE / 8 - 200)}"`)) },
};

const docker = (i: number): string => `big/d${i}/Dockerfile`;
const dockerfile: Record<string, Input> = {
  'a million ARG': { files: () => copies(docker, upTo(DATA, i => `ARG A${i}=b\n`, 'FROM python\n', 'CMD celery -A a worker\n')) },
  'ENV that doubles': { files: () => [['Dockerfile', `FROM python\nENV A=celery\n${'ENV A=$A$A\n'.repeat(40_000)}CMD $A worker\n`], ['infra/second.json', JSON.stringify({ containerDefinitions: [{ name: 'w', image: 'second', essential: true }] })]], replaces: true },
  'ENV that refers': { files: () => one('Dockerfile', `FROM python\nENV A0=x\n${lines(35_000, i => `ENV A${i + 1}=$A${i}$A${i}`)}\nCMD celery -A $A35000 worker\n`), replaces: true },
  'a chain of stages': { files: () => one('Dockerfile', `FROM python AS s0\n${lines(13_000, i => `FROM s${i} AS s${i + 1}\nCOPY --from=s${i} /a /a\nENV A=$A$A`)}\nCMD celery -A a worker\n`), replaces: true },
  'stages in a circle': { files: () => one('Dockerfile', `${lines(50_000, i => `FROM s${(i + 1) % 50_000} AS s${i}`)}\nCMD celery -A a worker\n`), replaces: true },
  'one RUN of continued lines': { files: () => copies(docker, `FROM python\nRUN true \\\n${'  && celery \\\n'.repeat(DATA / 13 - 20)}  true\nCMD celery -A a worker\n`) },
  'heredocs without an end': { files: () => copies(docker, upTo(DATA, i => `RUN <<E${i}\n`, 'FROM python\n', 'CMD celery -A a worker\n')) },
  'a million COPY': { files: () => copies(docker, upTo(DATA, i => `COPY a${i} b${i}\n`, 'FROM python\n', 'CMD celery -A a worker\n')) },
  'a million CMD': { files: () => copies(docker, upTo(DATA, () => 'CMD celery -A a worker\n', 'FROM python\n')) },
  'nested substitutions': { files: () => one('Dockerfile', `FROM python\nENV A=${'${B:-'.repeat(45_000)}x${'}'.repeat(45_000)}\nCMD celery -A $A worker\n`), replaces: true },
  'many Dockerfiles': { files: () => range(50_000, i => [`d${i}/Dockerfile`, `FROM python AS s${i}\nENV A=$A$A\nCMD celery -A a worker\n`] as const) },
};

const sh = (i: number): string => `big/r${i}.sh`;
const START: readonly (readonly [string, string])[] = [['start/Dockerfile', 'FROM python\nWORKDIR /srv\nCOPY . .\nCMD ["sh", "run.sh"]\n'], ['start/app.py', CELERY]];
const started = (text: string): Files => [...START, ['start/run.sh', text]];
const shell: Record<string, Input> = {
  'scripts that source each other': { files: () => [...START, ['start/run.sh', '. ./s0.sh\ncelery -A app worker\n'], ...range(500, i => [`start/s${i}.sh`, `${range(500, j => `. ./s${j}.sh\nsh s${(i + j) % 500}.sh\n`).join('')}celery -A app worker\n`] as const)] },
  'scripts that double': { files: () => [...START, ['start/run.sh', '. ./s0.sh\n'], ...range(200, i => [`start/s${i}.sh`, `. ./s${i + 1}.sh\n. ./s${i + 1}.sh\nsh s${i + 1}.sh &\nsh s${i + 1}.sh\ncelery -A app worker\n`] as const)] },
  'variables that double': { files: () => started(`A=celery\n${'A=$A$A\n'.repeat(45_000)}$A worker\nB="$A $A"\n$B worker\ncelery -A app worker\n`) },
  'variables that refer': { files: () => started(`A0=x\n${lines(35_000, i => `A${i + 1}="$A${i}$A${i}"`)}\ncelery -A $A35000 worker\n`) },
  'substitutions, nested': { files: () => started(`celery -A ${'$('.repeat(100_000)}x${')'.repeat(100_000)} worker\n`) },
  'functions that double': { files: () => started(`${lines(10_000, i => `f${i}() { f${i + 1}; f${i + 1} "$@"; }`)}\nf10000() { exec celery -A app worker; }\nf0\n`) },
  'a million starts': { files: () => started(upTo(DATA, () => 'celery -A app worker &\n')) },
  'a million starts in other files': { files: () => copies(sh, upTo(DATA, () => 'celery -A app worker &\n')) },
  'conditions that double': { files: () => started(`${lines(12_000, i => `if [ "$A${i}" = x ]; then B="$B a"; else B="$B b"; fi`)}\ncelery -A app worker $B\n`) },
  'ifs, nested': { files: () => copies(sh, `${'if a; then\n'.repeat(100_000)}celery -A app worker\n${'fi\n'.repeat(100_000)}`) },
  'not closed': { files: () => copies(sh, `celery worker ${'"$(`${ '.repeat(DATA / 7)}`) },
  'one line': { files: () => copies(sh, `celery worker ${'a '.repeat(DATA / 2 - 20)}\n`) },
  'one pipe': { files: () => copies(sh, `celery worker ${'| a && b || c '.repeat(DATA / 15)}\n`) },
  'heredocs': { files: () => copies(sh, upTo(DATA, i => `cat <<E${i}\n`, 'celery worker\n')) },
  'scripts in scripts': { files: () => started(`${nestedIn(60, inner => `sh -c ${JSON.stringify(inner)}`.slice(0, 200_000), 'celery -A app worker')}\n`) },
  'case of many patterns': { files: () => started(`case "$1" in\n${lines(35_000, i => `a${i}) celery -A app worker ;;`)}\nesac\n`) },
};

const ts = (i: number): string => `big/m${i}.ts`;
const BULL = "import { Worker, Queue } from 'bullmq';\n";
const typescript: Record<string, Input> = {
  'deep': { files: () => copies(ts, `${BULL}const x = ${'['.repeat(CODE / 2 - 40)}${']'.repeat(CODE / 2 - 40)};\n`) },
  'deep without brackets': { files: () => copies(ts, `${BULL}const x = ${'!'.repeat(CODE - 100)}y;\n`) },
  'arrows, nested': { files: () => copies(ts, `${BULL}const x = ${'a => '.repeat(CODE / 5 - 40)}1;\n`) },
  'a huge union': { files: () => copies(ts, upTo(CODE, i => ` | 'a${i}'`, `${BULL}type X =`, ';\n')) },
  'a sum of parts': { files: () => copies(ts, `${BULL}const x = ${'1 + '.repeat(CODE / 4 - 40)}1;\nnew Worker('q', async () => {}, { concurrency: x });\n`) },
  'a chain of members': { files: () => copies(ts, `${BULL}x${'.a()'.repeat(CODE / 4 - 40)};\n`) },
  'else if': { files: () => copies(ts, upTo(CODE, i => `else if (a${i}) b();\n`, `${BULL}if (a) b();\n`)) },
  'nested types': { files: () => copies(ts, `${BULL}type X = ${'A<'.repeat(CODE / 3)}B${'>'.repeat(CODE / 3 - 200)};\n`) },
  'less than': { files: () => copies(ts, `${BULL}const x = ${'a<b<'.repeat(CODE / 4 - 40)}1;\n`) },
  'arrow or parenthesis': { files: () => copies(ts, `${BULL}const x = ${'(a = '.repeat(380)}1${')'.repeat(380)};\n`.repeat(400)) },
  'templates, nested': { files: () => copies(ts, `${BULL}const x = ${'`${'.repeat(390)}1${'}`'.repeat(390)};\n`) },
  'not closed': { files: () => copies(ts, upTo(CODE, () => "const x = `${ ( /[a-z ' \n", BULL)) },
  'a million consumers': { files: () => copies(ts, upTo(CODE, i => `new Worker('q${i}', async job => { await job.save(); });\n`, BULL)) },
  'a million functions': { files: () => copies(ts, upTo(CODE, i => `function f${i}() { f${i + 1}(); }\n`, BULL)) },
  'a call graph that doubles': { files: () => one('big/a.ts', `${BULL}${lines(7_000, i => `async function f${i}(a: any, b: any) { await f${i + 1}(a, b); await f${i + 1}(b, a); }`)}\nasync function f7000(a: any) { await prisma.user.create(a); }\nnew Worker('q', async job => { await f0(job, job); });\n`) },
  'a complete call graph': { files: () => copies(ts, upTo(CODE, i => `async function f${i}(a) {\n${range(300, j => `  await f${j}(a);\n`).join('')}}\nnew Worker('q${i}', f${i});\n`, BULL)) },
  'a complete graph of exports': { files: () => range(300, i => [`m${i}.ts`, `${BULL}${lines(300, j => `export * from './m${j}';`)}\nimport { f${(i + 1) % 300} } from './m${(i * 7) % 300}';\nexport const f${i}x = f${(i + 1) % 300};\nnew Worker('q', f${(i + 1) % 300});\n`] as const) },
  'a chain of imports': { files: () => range(20_000, i => [`m${i}.ts`, `${i === 0 ? BULL : ''}export * from './m${i + 1}';\nexport { f as g } from './m${i + 1}';\n${i === 0 ? "import { f } from './m1';\nnew Worker('q', f);\n" : ''}`] as const) },
  'values that double': { files: () => one('big/a.ts', `${BULL}const a0 = 'x', b0 = ['x'], c0 = { x: 1 };\n${lines(4_500, i => `const a${i + 1} = a${i} + a${i}; const b${i + 1} = [...b${i}, ...b${i}]; const c${i + 1} = { ...c${i}, y${i}: c${i} };`)}\nnew Worker(a4500, async () => {}, c4500);\n`) },
  'classes that double': { files: () => one('big/a.ts', `${BULL}class C0 { go() {} }\n${lines(6_000, i => `class C${i + 1} extends mix(C${i}, C${i}) { a = new C${i}(); go() { this.a.go(); super.go(); } }`)}\nnew Worker('q', async () => new C6000().go());\n`) },
  'a stack of a million services': { files: () => copies(ts, upTo(CODE, i => `const t${i} = new ecs.FargateTaskDefinition(this, 'T${i}'); t${i}.addContainer('w', { image, command: ['celery', '-A', 'a', 'worker'] });\n`, "import * as ecs from 'aws-cdk-lib/aws-ecs';\n")) },
  'many small files': { files: () => range(30_000, i => [`big/d${i % 300}/m${i}.ts`, upTo(1600, j => `\nexport const w${j} = new Worker('q${i}', async job => { await job.save(${j}); });\n`, BULL)] as const) },
};

const json: Record<string, Input> = {
  'large files': { files: () => copies(i => `big/t${i}.json`, upTo(LARGE, () => '{"name": "w"},\n', '{"containerDefinitions": [\n', '{}]}')), says: /words and signs are more than the 150,000/ },
  'deep': { files: () => copies(i => `big/t${i}.json`, `{"containerDefinitions": ${'['.repeat(TEMPLATE / 2 - 40)}${']'.repeat(TEMPLATE / 2 - 40)}}`) },
  'one file of 50 MB': { files: () => one('big/t.json', upTo(TOTAL, () => '{"name": "w"},\n', '{"containerDefinitions": [\n', '{}]}')), says: /big\/t\.json:1 48 MB are more than the 10 MB that are read/ },
  'a million containers': { files: () => copies(i => `big/t${i}.json`, upTo(TEMPLATE, i => `{"name": "w${i}", "image": "shop", "command": ["celery", "worker"]},\n`, '{"family": "t", "containerDefinitions": [\n', '{}]}')) },
  'a million numbers': { files: () => copies(i => `big/t${i}.json`, `{"containerDefinitions": [{"name": "w", "environment": [${'1,'.repeat(TEMPLATE / 2 - 100)}1]}]}`) },
  'a million keys': { files: () => copies(i => `big/t${i}.json`, upTo(TEMPLATE, i => `"k${i}": 1,\n`, '{"containerDefinitions": [{"name": "w", "command": ["celery"], "dockerLabels": {', '"z": 1}}]}')) },
  'a plan, modules nested': { files: () => one('big/plan.json', `{"planned_values": {"root_module": ${'{"child_modules": [{"resources": []}, '.repeat(190)}{}${']}'.repeat(190)}}}`) },
  'a plan of a million resources': { files: () => copies(i => `big/plan${i}.json`, upTo(TEMPLATE, i => `{"address": "a.${i}", "type": "aws_ecs_service", "name": "s${i}", "values": {"name": "s"}},\n`, '{"planned_values": {"root_module": {"resources": [\n', '{}]}}}')) },
  'CloudFormation of a million resources': { files: () => copies(i => `big/t${i}.json`, upTo(TEMPLATE, i => `"T${i}": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Name": "w", "Command": ["celery", "worker"]}]}},\n`, '{"Resources": {\n', '"Z": {}}}')) },
  'Fn::If that doubles': { files: () => one('big/t.json', `{"Resources": {"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": ${nestedIn(16, inner => `{"Fn::If": ["A", ${inner}, ${inner}]}`, '[{"Name": "w", "Command": ["celery", "worker"]}]')}}}}}`) },
  'scripts of package.json in a circle': { files: () => [['start/Dockerfile', 'FROM node\nCOPY . .\nCMD ["npm", "run", "s0"]\n'], ['start/package.json', JSON.stringify({ scripts: Object.fromEntries(range(12_000, i => [`s${i}`, `npm run s${(i + 1) % 12_000} && npm run s${(i * 7) % 12_000}; npm run s${(i + 1) % 12_000} & celery worker`])) })], ['start/a.ts', BULL]] },
};

const managers: Record<string, Input> = {
  'supervisord that includes itself': { files: () => [['start/Dockerfile', 'FROM python\nCOPY . .\nCMD ["supervisord", "-c", "supervisord.conf"]\n'], ...range(300, i => [`start/${i === 0 ? 'supervisord' : `s${i}`}.conf`, `[supervisord]\nnodaemon=true\n[include]\nfiles = *.conf supervisord.conf\n[program:w${i}]\ncommand=celery -A a worker\n`] as const)] },
  'a million programs': { files: () => copies(i => `big/s${i}/supervisord.conf`, upTo(DATA, i => `[program:w${i}]\ncommand=celery -A a worker\n`)) },
  'one value of many lines': { files: () => copies(i => `big/s${i}/supervisord.conf`, `[program:w]\ncommand=celery\n${' worker\n'.repeat(DATA / 8 - 20)}`) },
  'no sections': { files: () => copies(i => `big/s${i}/supervisord.conf`, upTo(DATA, i => `celery ${i}\n`)) },
  'a million lines of a Procfile': { files: () => copies(i => `big/p${i}/Procfile`, upTo(DATA, i => `w${i}: celery -A a worker\n`)) },
  'a million units': { files: () => copies(i => `big/u${i}/celery.service`, upTo(DATA, () => '[Service]\nExecStart=celery -A a worker\n')) },
  'an ecosystem of a million apps': { files: () => copies(i => `big/e${i}/ecosystem.config.js`, upTo(CODE, i => `{ name: 'w${i}', script: 'celery', args: 'worker' },\n`, 'module.exports = { apps: [\n', '] };\n')) },
  'requirements of a million lines': { files: () => copies(i => `big/r${i}/requirements.txt`, upTo(DATA, i => `celery==5.${i}\n`)) },
  'one line of requirements': { files: () => copies(i => `big/r${i}/requirements.txt`, `celery${' '.repeat(DATA - 20)}==5\n`) },
  'a lock file': { files: () => copies(i => `big/l${i}/poetry.lock`, upTo(DATA, i => `[[package]]\nname = "celery"\nversion = "5.${i}"\n`)) },
  'a manifest': { files: () => copies(i => `copilot/s${i}/manifest.yml`, upTo(DATA, i => `  e${i}:\n    count: 1\n`, 'name: s\ntype: Worker Service\nimage: { build: Dockerfile }\ncommand: celery -A a worker\nenvironments:\n')) },
};

const around: Record<string, Input> = {
  'a huge CODEOWNERS': { files: () => one('CODEOWNERS', upTo(TOTAL, i => `/app/**/*a*b*c*${i}*.py @a\n`)), says: /CODEOWNERS:1 / },
  'CODEOWNERS of stars': { files: () => one('CODEOWNERS', lines(2000, () => `${'*a'.repeat(200)} @a\n${'**/'.repeat(100)}x @a`)) },
  'a huge .gitignore': { files: () => one('.gitignore', upTo(TOTAL, i => `/a/**/b${i}*\n`)) },
  'a huge configuration': { files: () => one('drainlint.config.yaml', upTo(TOTAL, i => `  - { rule: celery/early-ack, path: "a/**/*${i}", reason: x }\n`, 'ignore:\n')), says: /drainlint\.config\.yaml/ },
  'a configuration of 1 MB': { files: () => one('drainlint.config.yaml', upTo(MB, i => `  - { rule: celery/early-ack, path: "a/**/*${i}", reason: x }\n`, 'ignore:\n')) },
  'a configuration with an alias bomb': { files: () => one('drainlint.config.yaml', `x0: &a0 [x]\n${bomb(30, 10, a => a)}\n`), says: /drainlint\.config\.yaml/ },
  'a huge baseline': { files: () => [['drainlint.config.yaml', 'baseline: known.jsonl\n'], ['known.jsonl', upTo(TOTAL, i => `{"rule":"celery/early-ack","fingerprint":"${i.toString(16).padStart(32, '0')}","severity":"error","path":"a${i}.py","line":1,"message":"x","resource":"x"}\n`)]], says: /known\.jsonl/ },
  'deep folders': { files: () => [[`${'d/'.repeat(1500)}tasks.py`, CELERY]] },
  'many folders': { files: () => range(30_000, i => [`d${i}/e/f/tasks.txt`, ''] as const) },
};

const named = (format: string, inputs: Readonly<Record<string, Input>>): [string, Input][] => Object.entries(inputs).map(([name, input]) => [`${format}: ${name}`, input]);
export const inputs: readonly (readonly [name: string, input: Input])[] = [
  ...named('Python', python), ...named('YAML', yaml), ...named('Compose', compose), ...named('CloudFormation', cfn), ...named('Terraform', terraform), ...named('Dockerfile', dockerfile),
  ...named('shell', shell), ...named('TypeScript', typescript), ...named('JSON', json), ...named('managers and packages', managers), ...named('beside the code', around),
];
