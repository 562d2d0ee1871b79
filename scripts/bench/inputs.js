// What `npm run bench` reads besides the folder it is given: small files as people write them, and trees that grow.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** 55 KB of task functions. */
const large = name => `from celery import Celery\n\napp = Celery('${name}', broker='redis://localhost')\n` + Array.from({ length: 260 }, (_, i) =>
  `\n\n@app.task(bind=True, max_retries=3)\ndef step_${i}(self, address, retries=${i}):\n    """Sends part ${i}."""\n    for part in range(${i}):\n        print(address, part, retries)\n`).join('');
const small = "from celery import Celery\n\napp = Celery('app', broker='redis://localhost')\n\n\n@app.task\ndef send(address):\n    print(address)\n";

/** A stack of 20 services. */
const stack = `import * as cdk from 'aws-cdk-lib';\nimport * as ecs from 'aws-cdk-lib/aws-ecs';\n\nexport class Stack extends cdk.Stack {\n  constructor(scope: cdk.App, id: string, props: { cluster: ecs.ICluster }) {\n    super(scope, id);\n${Array.from({ length: 20 }, (_, i) => `    const definition${i} = new ecs.FargateTaskDefinition(this, 'Definition${i}');\n    definition${i}.addContainer('worker', {\n      image: ecs.ContainerImage.fromRegistry('shop:${i}'),\n      command: ['celery', '-A', 'shop', 'worker', '-Q', 'q${i}'],\n      stopTimeout: cdk.Duration.seconds(120),\n    });\n    new ecs.FargateService(this, 'Service${i}', { cluster: props.cluster, taskDefinition: definition${i}, desiredCount: 2 });\n`).join('')}  }\n}\n`;
/** 20 consumers. */
const consumers = `import { Worker } from 'bullmq';\nimport { send } from './mail';\n${Array.from({ length: 20 }, (_, i) => `\nexport const worker${i} = new Worker('queue-${i}', async job => {\n  const users = await prisma.user.findMany({ where: { group: job.data.group } });\n  for (const user of users) {\n    try {\n      await send(user.email, { subject: \`News \${job.id}\`, retries: ${i} });\n    } catch (error) {\n      console.error(error);\n    }\n  }\n}, { connection, concurrency: ${i} });\n`).join('')}\nprocess.once('SIGTERM', async () => {\n  await Promise.all([${Array.from({ length: 20 }, (_, i) => `worker${i}`).join(', ')}].map(worker => worker.close()));\n  process.exit(0);\n});\n`;
/** A template of 20 services. */
const template = `AWSTemplateFormatVersion: '2010-09-09'\nResources:\n${Array.from({ length: 20 }, (_, i) => `  Definition${i}:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: shop-${i}\n      Cpu: '256'\n      Memory: '512'\n      NetworkMode: awsvpc\n      RequiresCompatibilities: [FARGATE]\n      ContainerDefinitions:\n        - Name: worker\n          Image: shop:${i}\n          Command: [celery, -A, shop, worker, -Q, q${i}]\n          StopTimeout: 120\n  Service${i}:\n    Type: AWS::ECS::Service\n    Properties:\n      TaskDefinition: !Ref Definition${i}\n      DesiredCount: 2\n`).join('')}`;

/** Writes all of them below a folder; tells where. */
export function writeInputs(root) {
  const write = (path, text) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
    return join(root, path);
  };
  for (const name of ['first', 'second']) write(`three/${name}.py`, large(name));
  write('three/tasks.py', small);
  write('small/README.txt', 'nothing\n');
  const terraform = join(root, 'terraform');
  // 400 files in 40 modules, every tenth with a service
  for (let i = 0; i < 400; i++) {
    const module = join(terraform, `modules/m${i % 40}`);
    mkdirSync(module, { recursive: true });
    writeFileSync(join(module, `f${i}.tf`), i % 10 === 0
      ? `resource "aws_ecs_task_definition" "t${i}" {\n  family = "t${i}"\n  container_definitions = jsonencode([{ name = "worker", image = "shop:1", command = ["celery", "-A", "shop", "worker"], stopTimeout = var.stop_${i % 40} }])\n}\n\nresource "aws_ecs_service" "s${i}" {\n  name = "s${i}"\n  task_definition = aws_ecs_task_definition.t${i}.arn\n  desired_count = 2\n}\n`
      : `variable "stop_${i % 40}" {\n  default = 120\n}\n\n${Array.from({ length: 10 }, (_, n) => `resource "aws_sns_topic" "topic_${i}_${n}" {\n  name = "topic-${i}-${n}"\n  tags = { Name = "topic" }\n}\n`).join('\n')}`);
  }
  return {
    plain: write('small/plain.py', 'print("hello")\n'), tasks: write('small/app/tasks.py', small), three: ['tasks', 'first', 'second'].map(name => join(root, `three/${name}.py`)),
    stack: write('cdk/stack.ts', stack), consumers: write('node/worker.ts', consumers), template: write('cloudformation/template.yaml', template), terraform,
  };
}

/** A tree beside itself `times` times, in one work tree of git. */
export function writeCopies(from, to, times) {
  for (let i = 0; i < times; i++) cpSync(from, join(to, `copy-${i}`), { recursive: true, filter: path => !/[\\/](?:\.git|node_modules)$/.test(path) });
  spawnSync('git', ['init', '-q'], { cwd: to });
  spawnSync('git', ['add', '-A'], { cwd: to });
  return to;
}
