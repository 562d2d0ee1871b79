import type { Spec } from './spec.js';

/** A format: the files that say what a Spec says, and the Spec with the format's own defaults written out (facts/ecs.md 2.1). */
export interface Format { readonly name: string; /** The styles of the corpus (corpus/README.md) that it is written in. */ readonly styles?: readonly number[]; readonly files: (spec: Spec) => Readonly<Record<string, string>>; readonly defaults?: (spec: Spec) => Spec; readonly expresses?: (spec: Spec) => boolean; /** What is compared, where a format has other rules for the same faults. */ readonly said?: (ids: readonly string[]) => readonly string[] }

const SIDECAR = { name: 'agent', image: 'public.ecr.aws/datadog/agent:latest', essential: false };
const pairs = (spec: Spec): readonly { readonly name: string; readonly value: string }[] => Object.entries(spec.environment).map(([name, value]) => ({ name, value }));

/** The container definitions of the ECS API. */
function containers(spec: Spec): readonly object[] {
  return [{
    name: 'worker', image: 'registry.example.com/shop:1', essential: true, command: spec.command, ...(spec.stopTimeout !== undefined && { stopTimeout: spec.stopTimeout }), ...(spec.init && { linuxParameters: { initProcessEnabled: true } }),
    environment: pairs(spec), ...(spec.logs && { logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': '/ecs/shop' } } }),
  }, ...(spec.sidecar ? [SIDECAR] : [])];
}

const definition = (spec: Spec): object => ({ family: spec.name, requiresCompatibilities: [spec.platform], containerDefinitions: containers(spec) });
const rollout = (spec: Spec): object | undefined => {
  const found = { ...(spec.minimum !== undefined && { minimumHealthyPercent: spec.minimum }), ...(spec.maximum !== undefined && { maximumPercent: spec.maximum }), ...(spec.breaker && { deploymentCircuitBreaker: spec.breaker }) };
  return Object.keys(found).length > 0 ? found : undefined;
};
const service = (spec: Spec): object => ({
  serviceName: spec.name, taskDefinition: spec.name, desiredCount: spec.desired, ...(spec.capacity ? { capacityProviderStrategy: spec.capacity.map(({ provider, weight, base }) => ({ capacityProvider: provider, weight, base })) } : { launchType: spec.platform }),
  ...(rollout(spec) && { deploymentConfiguration: rollout(spec) }),
});
/** Half of the services: for two ways to write the same in one format. */
const isEven = (spec: Spec): boolean => spec.desired % 2 === 0;
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The API's own keys with capitals; what users name (log options) stays. */
function capitals(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitals);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.startsWith('awslogs-') ? key : key[0]!.toUpperCase() + key.slice(1), capitals(inner)]));
}

function template(spec: Spec): object {
  return {
    Resources: {
      Task: { Type: 'AWS::ECS::TaskDefinition', Properties: capitals(definition(spec)) },
      Service: { Type: 'AWS::ECS::Service', Properties: { ...(capitals(service(spec)) as object), TaskDefinition: { Ref: 'Task' } } },
      ...(spec.scaling && { Target: { Type: 'AWS::ApplicationAutoScaling::ScalableTarget', Properties: { MinCapacity: spec.scaling.minimum, MaxCapacity: spec.scaling.maximum, ResourceId: { 'Fn::Join': ['/', ['service', 'main', { 'Fn::GetAtt': ['Service', 'Name'] }]] } } } }),
    },
  };
}

/** YAML in block style with `!Ref` and a parameter, as people write it. */
function yaml(value: unknown, indent = ''): string {
  if (Array.isArray(value)) return value.length === 0 ? ' []\n' : `\n${value.map(item => `${indent}- ${yaml(item, `${indent}  `).replace(/^\n\s*/, '').replace(/^ /, '')}`).join('')}`;
  if (typeof value !== 'object' || value === null) return ` ${typeof value === 'string' ? JSON.stringify(value) : String(value)}\n`;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only![0] === 'Ref') return ` !Ref ${String(only![1])}\n`;
  return `\n${entries.map(([key, inner]) => `${indent}${/^[\w:-]+$/.test(key) && !key.includes('::') ? key : JSON.stringify(key)}:${yaml(inner, `${indent}  `)}`).join('')}`;
}

/** Parameters with defaults, mappings, conditions, `!Sub` with an import inside. */
function intrinsics(spec: Spec): string {
  const text = yaml(template(spec)).replace(/^\n/, '');
  const head = `Parameters:\n  Count:\n    Type: Number\n    Default: ${spec.desired}\nMappings:\n  Stops:\n    all:\n      worker: ${spec.stopTimeout ?? 30}\nConditions:\n  IsProduction: !Equals [!Ref AWS::Region, eu-central-1]\n`;
  return head + text.replace(/DesiredCount: \d+/, 'DesiredCount: !Ref Count').replace(/StopTimeout: (\d+)/, isEven(spec) ? 'StopTimeout: !FindInMap [Stops, all, worker]' : 'StopTimeout: !If [IsProduction, $1, $1]')
    .replace('"registry.example.com/shop:1"', "\n            Fn::Sub:\n              - '${Registry}/shop:1'\n              - Registry:\n                  Fn::ImportValue: !Sub '${AWS::StackName}-registry'");
}

// Terraform

const hcl = (value: unknown, indent: string): string => {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[\n${value.map(item => `${indent}  ${hcl(item, `${indent}  `)},\n`).join('')}${indent}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{\n${Object.entries(value).map(([key, inner]) => `${indent}  ${/^[a-zA-Z_]+$/.test(key) ? key : JSON.stringify(key)} = ${hcl(inner, `${indent}  `)}\n`).join('')}${indent}}`;
};

function terraformService(spec: Spec, desired: string): string {
  const lines = [
    `  name            = ${JSON.stringify(spec.name)}`, '  task_definition = aws_ecs_task_definition.worker.arn', `  desired_count   = ${desired}`, ...(spec.capacity ? [] : [`  launch_type     = "${spec.platform}"`]),
    ...(spec.minimum !== undefined ? [`  deployment_minimum_healthy_percent = ${spec.minimum}`] : []), ...(spec.maximum !== undefined ? [`  deployment_maximum_percent = ${spec.maximum}`] : []),
    ...(spec.breaker ? ['  deployment_circuit_breaker {', `    enable   = ${spec.breaker.enable}`, `    rollback = ${spec.breaker.rollback}`, '  }'] : []),
    ...(spec.capacity ?? []).flatMap(({ provider, weight, base }) => ['  capacity_provider_strategy {', `    capacity_provider = "${provider}"`, `    weight            = ${weight}`, `    base              = ${base}`, '  }']),
  ];
  const scaling = spec.scaling ? `\nresource "aws_appautoscaling_target" "worker" {\n  min_capacity = ${spec.scaling.minimum}\n  max_capacity = ${spec.scaling.maximum}\n  resource_id  = "service/main/\${aws_ecs_service.worker.name}"\n}\n` : '';
  return `resource "aws_ecs_service" "worker" {\n${lines.join('\n')}\n}\n${scaling}`;
}

const terraformTask = (spec: Spec, definitions: string): string => `resource "aws_ecs_task_definition" "worker" {\n  family                   = "${spec.name}"\n  requires_compatibilities = ["${spec.platform}"]\n  container_definitions    = ${definitions}\n}\n\n`;

/** A module that takes the definitions and the command, with conditionals and `name : value`. */
function inModule(spec: Spec): Readonly<Record<string, string>> {
  const [worker, ...others] = containers(spec) as readonly Record<string, unknown>[];
  const { command: _, ...rest } = worker!;
  return {
    'infra/main.tf': `locals {\n  is_worker = true\n}\n\nmodule "worker" {\n  source = "./modules/service"\n  name = "${spec.name}"\n  command = local.is_worker ? ${hcl(spec.command, '  ')} : []\n  sidecars = ${hcl(others, '  ')}\n  desired = ${spec.desired}\n}\n`,
    'infra/modules/service/main.tf': `variable "name" {}\nvariable "command" {\n  type = list(string)\n}\nvariable "sidecars" {\n  default = []\n}\nvariable "desired" {\n  default = 1\n}\n\n${terraformTask({ ...spec, name: '${var.name}' }, `jsonencode(concat([${hcl(rest, '    ').replace(/\}$/, '  command : var.command\n    }')}], var.sidecars))`)}${terraformService({ ...spec, name: '${var.name}' }, 'var.desired')}`,
  };
}

/** One entry of a map for each service, and blocks that are written out. */
function forEach(spec: Spec): Readonly<Record<string, string>> {
  const task = terraformTask({ ...spec, name: '${each.key}' }, `jsonencode(${hcl(containers(spec), '  ').replace(hcl(spec.command, '      '), 'each.value.command')})`).replace('{\n', '{\n  for_each = local.services\n');
  const service = terraformService({ ...spec, name: '${each.key}' }, 'each.value.desired').replace('{\n', '{\n  for_each = local.services\n').replace('task_definition.worker.arn', 'task_definition.worker[each.key].arn')
    .replace(/ {2}deployment_circuit_breaker \{\n {4}enable {3}= (\w+)\n {4}rollback = (\w+)\n {2}\}/, '  dynamic "deployment_circuit_breaker" {\n    for_each = [{ enable = $1, rollback = $2 }]\n    content {\n      enable   = deployment_circuit_breaker.value.enable\n      rollback = deployment_circuit_breaker.value.rollback\n    }\n  }');
  return { 'infra/main.tf': `locals {\n  services = {\n    "${spec.name}" = { command = ${hcl(spec.command, '    ')}, desired = ${spec.desired} }\n  }\n}\n\n${task}${service}` };
}

/** terraform-aws-modules/ecs, with its own defaults. */
function registryModule(spec: Spec): Readonly<Record<string, string>> {
  const definitions = Object.fromEntries((containers(spec) as readonly { readonly name: string }[]).map(({ name, ...rest }) => [name, rest]));
  const lines = [
    '  source        = "terraform-aws-modules/ecs/aws//modules/service"', '  version       = "~> 6.0"', `  name          = "${spec.name}"`, `  desired_count = ${spec.desired}`, '  enable_autoscaling = false', ...(spec.capacity ? [] : [`  launch_type   = "${spec.platform}"`]), `  container_definitions = ${hcl(definitions, '  ')}`,
    ...(spec.minimum !== undefined ? [`  deployment_minimum_healthy_percent = ${spec.minimum}`] : []), ...(spec.maximum !== undefined ? [`  deployment_maximum_percent = ${spec.maximum}`] : []), ...(spec.breaker ? [`  deployment_circuit_breaker = { enable = ${spec.breaker.enable}, rollback = ${spec.breaker.rollback} }`] : []),
    ...(spec.capacity ? [`  capacity_provider_strategy = {\n${spec.capacity.map(({ provider, weight, base }, i) => `    p${i} = { capacity_provider = "${provider}", weight = ${weight}, base = ${base} }\n`).join('')}  }`] : []),
  ];
  return { 'infra/main.tf': `module "worker" {\n${lines.join('\n')}\n}\n` };
}

function withVariables(spec: Spec): Readonly<Record<string, string>> {
  const [worker, ...others] = containers(spec) as readonly Record<string, unknown>[];
  const { command: _command, stopTimeout: _stop, ...rest } = worker!;
  const body = hcl(rest, '    ').replace(/\}$/, `  command = var.command\n${spec.stopTimeout === undefined ? '' : '      stopTimeout = local.stop\n'}    }`);
  return {
    'infra/main.tf': `${terraformTask(spec, `jsonencode(concat([\n    ${body}\n  ], local.sidecars))`)}${terraformService(spec, 'var.desired')}`,
    'infra/variables.tf': `variable "command" {\n  type = list(string)\n}\n\nvariable "desired" {\n  type = number\n}\n\nvariable "stop" {\n  default = 1\n}\n\nlocals {\n  stop     = var.stop * 1\n  sidecars = ${hcl(others, '  ')}\n}\n`,
    'infra/terraform.tfvars': `command = ${hcl(spec.command, '')}\ndesired = ${spec.desired}\nstop    = ${spec.stopTimeout ?? 1}\n`,
  };
}

/** `terraform show -json` of the same, in a module: blocks are lists, what AWS decides is left out, references stand in the configuration. */
function plan(spec: Spec): object {
  const resource = (type: string, values: object): object => ({ address: `module.shop.${type}.worker`, mode: 'managed', type, name: 'worker', provider_name: 'registry.terraform.io/hashicorp/aws', schema_version: 1, values });
  const resources = [
    resource('aws_ecs_task_definition', { container_definitions: JSON.stringify(containers(spec)), family: spec.name, requires_compatibilities: [spec.platform], pid_mode: null }),
    resource('aws_ecs_service', {
      name: spec.name, desired_count: spec.desired, deployment_minimum_healthy_percent: spec.minimum ?? 100, deployment_maximum_percent: spec.maximum ?? 200, deployment_controller: [], scheduling_strategy: 'REPLICA', launch_type: spec.capacity ? null : spec.platform,
      deployment_circuit_breaker: spec.breaker ? [spec.breaker] : [], capacity_provider_strategy: (spec.capacity ?? []).map(({ provider, weight, base }) => ({ capacity_provider: provider, weight, base })),
    }),
    ...(spec.scaling ? [resource('aws_appautoscaling_target', { min_capacity: spec.scaling.minimum, max_capacity: spec.scaling.maximum, resource_id: `service/main/${spec.name}`, service_namespace: 'ecs' })] : []),
  ];
  const service = { address: 'aws_ecs_service.worker', mode: 'managed', type: 'aws_ecs_service', name: 'worker', expressions: { task_definition: { references: ['aws_ecs_task_definition.worker.arn', 'aws_ecs_task_definition.worker'] } } };
  return { format_version: '1.2', terraform_version: '1.9.5', planned_values: { root_module: { child_modules: [{ address: 'module.shop', resources }] } }, configuration: { root_module: { module_calls: { shop: { source: './shop', module: { resources: [service] } } } } } };
}

// CDK

function cdk(spec: Spec): string {
  const isFargate = spec.platform === 'FARGATE';
  const container = [
    "      image: ecs.ContainerImage.fromRegistry('registry.example.com/shop:1'),", `      command: ${JSON.stringify(spec.command)},`, ...(spec.stopTimeout === undefined ? [] : [`      stopTimeout: cdk.Duration.seconds(${spec.stopTimeout}),`]),
    `      environment: ${JSON.stringify(spec.environment)},`, '      memoryLimitMiB: 256,', ...(spec.logs ? ["      logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'shop' }),"] : []), ...(spec.init ? ["      linuxParameters: new ecs.LinuxParameters(this, 'Linux', { initProcessEnabled: true }),"] : []),
  ];
  const props = [
    '      cluster,', '      taskDefinition: definition,', `      serviceName: '${spec.name}',`, `      desiredCount: ${spec.desired},`, ...(spec.minimum === undefined ? [] : [`      minHealthyPercent: ${spec.minimum},`]), ...(spec.maximum === undefined ? [] : [`      maxHealthyPercent: ${spec.maximum},`]),
    ...(spec.breaker ? [`      circuitBreaker: { enable: ${spec.breaker.enable}, rollback: ${spec.breaker.rollback} },`] : []),
    ...(spec.capacity ? [`      capacityProviderStrategies: ${JSON.stringify(spec.capacity.map(({ provider, weight, base }) => ({ capacityProvider: provider, weight, base })))},`] : []),
  ];
  return `import * as cdk from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

const shared = { essential: true };

export class ShopStack extends cdk.Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = new ec2.Vpc(this, 'Vpc');
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc, enableFargateCapacityProviders: true });
${isFargate ? '' : "    cluster.addCapacity('Capacity', { instanceType: new ec2.InstanceType('t3.small') });\n"}    const definition = new ecs.${isFargate ? 'Fargate' : 'Ec2'}TaskDefinition(this, 'Task', { family: '${spec.name}' });
    ${isEven(spec) ? "new ecs.ContainerDefinition(this, 'worker', {\n      taskDefinition: definition,\n      ...shared," : "definition.addContainer('worker', {"}
${container.join('\n')}
    });
${spec.sidecar ? "    definition.addContainer('agent', { image: ecs.ContainerImage.fromRegistry('public.ecr.aws/datadog/agent:latest'), essential: false, memoryLimitMiB: 128 });\n" : ''}    const service = new ecs.${isFargate ? 'Fargate' : 'Ec2'}Service(this, 'Service', {
${props.join('\n')}
    });
${spec.scaling ? `    service.autoScaleTaskCount({ minCapacity: ${spec.scaling.minimum}, maxCapacity: ${spec.scaling.maximum} });\n` : ''}  }
}
`;
}

/** The same program in Python. */
function cdkPython(spec: Spec): string {
  const isFargate = spec.platform === 'FARGATE';
  const list = (words: readonly string[]): string => `[${words.map(word => JSON.stringify(word)).join(', ')}]`;
  const truth = (value: boolean): string => (value ? 'True' : 'False');
  const container = [
    'image=ecs.ContainerImage.from_registry("registry.example.com/shop:1")', `command=${list(spec.command)}`, ...(spec.stopTimeout === undefined ? [] : [`stop_timeout=Duration.seconds(${spec.stopTimeout})`]), `environment={**shared, ${pairs(spec).map(({ name, value }) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(', ')}}`,
    'memory_limit_mib=256', ...(spec.logs ? ['logging=ecs.LogDrivers.aws_logs(stream_prefix="shop")'] : []), ...(spec.init ? ['linux_parameters=ecs.LinuxParameters(self, "Linux", init_process_enabled=True)'] : []),
  ];
  const props = [
    'cluster=cluster', 'task_definition=self.definition', `service_name="${spec.name}"`, `desired_count=${spec.desired}`, ...(spec.minimum === undefined ? [] : [`min_healthy_percent=${spec.minimum}`]), ...(spec.maximum === undefined ? [] : [`max_healthy_percent=${spec.maximum}`]),
    ...(spec.breaker ? [`circuit_breaker=ecs.DeploymentCircuitBreaker(enable=${truth(spec.breaker.enable)}, rollback=${truth(spec.breaker.rollback)})`] : []),
    ...(spec.capacity ? [`capacity_provider_strategies=[${spec.capacity.map(({ provider, weight, base }) => `ecs.CapacityProviderStrategy(capacity_provider="${provider}", weight=${weight}, base=${base})`).join(', ')}]`] : []),
  ];
  return `from aws_cdk import Duration, Stack, aws_ec2 as ec2, aws_ecs as ecs
from constructs import Construct

shared = {"TZ": "UTC"}


class ShopStack(Stack):
    def __init__(self, scope: Construct, id: str, **kwargs) -> None:
        super().__init__(scope, id, **kwargs)
        vpc = ec2.Vpc(self, "Vpc")
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)
${isFargate ? '' : '        cluster.add_capacity("Capacity", instance_type=ec2.InstanceType("t3.small"))\n'}        self.definition = ecs.${isFargate ? 'Fargate' : 'Ec2'}TaskDefinition(self, "Task", family="${spec.name}")
        self.definition.add_container(
            "worker",
${container.map(line => `            ${line},\n`).join('')}        )
${spec.sidecar ? '        self.definition.add_container("agent", image=ecs.ContainerImage.from_registry("public.ecr.aws/datadog/agent:latest"), essential=False, memory_limit_mib=128)\n' : ''}        service = ecs.${isFargate ? 'Fargate' : 'Ec2'}Service(
            self,
            "Service",
${props.map(line => `            ${line},\n`).join('')}        )
${spec.scaling ? `        service.auto_scale_task_count(min_capacity=${spec.scaling.minimum}, max_capacity=${spec.scaling.maximum})\n` : ''}`;
}

/** troposphere: the template's own words as Python objects. */
function troposphere(spec: Spec): string {
  const literal = (value: unknown): string => (typeof value === 'boolean' ? (value ? 'True' : 'False') : Array.isArray(value) ? `[${value.map(literal).join(', ')}]` : JSON.stringify(value));
  const object = (name: string, fields: Readonly<Record<string, unknown>>): string => `${name}(${Object.entries(fields).map(([key, value]) => `${key}=${value instanceof String ? String(value) : literal(value)}`).join(', ')})`;
  const code = (text: string): String => new String(text); // eslint-disable-line no-new-wrappers
  const worker = object('ContainerDefinition', {
    Name: 'worker', Image: 'registry.example.com/shop:1', Essential: true, Command: spec.command, ...(spec.stopTimeout !== undefined && { StopTimeout: spec.stopTimeout }), ...(spec.init && { LinuxParameters: code('LinuxParameters(InitProcessEnabled=True)') }),
    Environment: code(`[${pairs(spec).map(({ name, value }) => object('Environment', { Name: name, Value: value })).join(', ')}]`), ...(spec.logs && { LogConfiguration: code('LogConfiguration(LogDriver="awslogs", Options={"awslogs-group": "/ecs/shop"})') }),
  });
  const agent = object('ContainerDefinition', { Name: SIDECAR.name, Image: SIDECAR.image, Essential: false });
  const rolling = { ...(spec.minimum !== undefined && { MinimumHealthyPercent: spec.minimum }), ...(spec.maximum !== undefined && { MaximumPercent: spec.maximum }), ...(spec.breaker && { DeploymentCircuitBreaker: code(object('DeploymentCircuitBreaker', { Enable: spec.breaker.enable, Rollback: spec.breaker.rollback })) }) };
  const fields = {
    ServiceName: spec.name, TaskDefinition: code('Ref(task_definition)'), DesiredCount: spec.desired, ...(spec.capacity ? { CapacityProviderStrategy: code(`[${spec.capacity.map(({ provider, weight, base }) => object('CapacityProviderStrategyItem', { CapacityProvider: provider, Weight: weight, Base: base })).join(', ')}]`) } : { LaunchType: spec.platform }),
    ...(Object.keys(rolling).length > 0 && { DeploymentConfiguration: code(object('DeploymentConfiguration', rolling)) }),
  };
  return `from troposphere import Ref, Template\nfrom troposphere.ecs import ContainerDefinition, DeploymentConfiguration, Environment, LogConfiguration, Service, TaskDefinition\n\ntemplate = Template()\ntask_definition = template.add_resource(\n    TaskDefinition(\n        "Task",\n        Family="${spec.name}",\n        RequiresCompatibilities=["${spec.platform}"],\n        ContainerDefinitions=[${[worker, ...(spec.sidecar ? [agent] : [])].join(', ')}],\n    )\n)\ntemplate.add_resource(${object('Service', fields).replace('Service(', 'Service("Worker", ')})\n`;
}

/** What the others are compared with: it says all there is. */
export const BASE: Format = { name: 'CloudFormation, YAML', files: spec => ({ 'infra/worker.yaml': yaml(template(spec)).replace(/^\n/, '') }) };

/** Every other format. CDK writes minimumHealthyPercent 50 where nothing is written. */
export const FORMATS: readonly Format[] = [
  // the API has autoscaling of its own, which no file of ECS JSON holds
  { name: 'ECS JSON', styles: [16], files: spec => ({ 'infra/task-definition.json': json(isEven(spec) ? { taskDefinition: { taskDefinitionArn: `arn:aws:ecs:eu-central-1:123456789012:task-definition/${spec.name}:7`, ...definition(spec), revision: 7, status: 'ACTIVE', requiresAttributes: [{ name: 'com.amazonaws.ecs.capability.docker-remote-api.1.19' }], compatibilities: ['EC2', 'FARGATE'], registeredAt: '2026-11-01T10:00:00Z' }, tags: [] } : definition(spec)), 'infra/service.json': json(service(spec)) }), expresses: spec => !spec.scaling },
  { name: 'CloudFormation, intrinsics', styles: [13], files: spec => ({ 'infra/worker.yaml': intrinsics(spec) }) },
  { name: 'CloudFormation, JSON', styles: [13], files: spec => ({ 'infra/worker.template.json': json(template(spec)) }) },
  { name: 'Terraform, jsonencode', files: spec => ({ 'infra/main.tf': `${terraformTask(spec, `jsonencode(${hcl(containers(spec), '  ')})`)}${terraformService(spec, String(spec.desired))}` }) },
  { name: 'Terraform, heredoc', styles: [12], files: spec => ({ 'infra/main.tf': `${terraformTask(spec, `<<EOF\n${JSON.stringify(containers(spec), null, 2)}\nEOF`)}${terraformService(spec, String(spec.desired))}` }) },
  { name: 'Terraform, quoted JSON', styles: [12], files: spec => ({ 'infra/main.tf': `${terraformTask(spec, JSON.stringify(JSON.stringify(containers(spec), null, isEven(spec) ? 2 : 0)))}${terraformService(spec, String(spec.desired))}` }) },
  {
    name: 'Terraform, template file', styles: [12],
    files: spec => ({
      'infra/main.tf': isEven(spec)
        ? `data "template_file" "worker" {\n  template = file("\${path.module}/worker.json.tpl")\n  vars = {\n    image = "registry.example.com/shop:1"\n    stop  = ${spec.stopTimeout ?? 1}\n  }\n}\n\n${terraformTask(spec, 'data.template_file.worker.rendered')}${terraformService(spec, String(spec.desired))}`
        : `${terraformTask(spec, `templatefile("\${path.module}/worker.json.tpl", { image = "registry.example.com/shop:1", stop = ${spec.stopTimeout ?? 1} })`)}${terraformService(spec, String(spec.desired))}`,
      'infra/worker.json.tpl': JSON.stringify(containers(spec), null, 2).replace('"registry.example.com/shop:1"', '"${image}"').replace(/"stopTimeout": \d+/, '"stopTimeout": ${stop}'),
    }),
  },
  { name: 'Terraform, variables', styles: [12], files: withVariables },
  { name: 'Terraform, module', styles: [12], files: inModule },
  { name: 'Terraform, for_each', styles: [12], files: forEach },
  { name: 'Terraform, registry module', styles: [12], files: registryModule, expresses: spec => !spec.scaling, defaults: spec => ({ ...spec, stopTimeout: spec.stopTimeout ?? 120, minimum: spec.minimum ?? 66, maximum: spec.maximum ?? 200 }) },
  // a plan holds every default of the provider: nobody can say that 100 was meant
  { name: 'Terraform, plan', files: spec => ({ 'infra/plan.json': json(plan(spec)) }), defaults: spec => ({ ...spec, minimum: spec.minimum ?? 100, maximum: spec.maximum ?? 200 }) },
  {
    name: 'Copilot', styles: [15], files: spec => ({ [`copilot/${spec.name}/manifest.yml`]: copilot(spec) }), expresses: spec => spec.platform === 'FARGATE' && spec.logs && !spec.init && !spec.capacity && !spec.scaling && !spec.sidecar,
    defaults: spec => ({ ...spec, ...(spec.minimum === 0 && spec.maximum === 100 ? {} : { minimum: 100, maximum: 200 }), breaker: { enable: true, rollback: true } }),
  },
  // 10 s that nobody chose are judged where nothing is known of the tasks; 10 s that somebody wrote are a choice
  { name: 'Compose', files: compose, said: asInCompose, expresses: spec => !(spec.stopTimeout === undefined && spec.command.includes('run_worker.py')) && spec.platform === 'EC2' && !spec.sidecar && !spec.command.includes('beat') && !spec.command.includes('-B') && (spec.stopTimeout ?? 0) <= 120, defaults: spec => ({ ...spec, stopTimeout: spec.stopTimeout ?? 10 }) },
  { name: 'CDK, source', styles: [14], files: spec => ({ 'infra/lib/shop-stack.ts': cdk(spec) }), defaults: withCdkDefaults },
  { name: 'CDK, Python source', styles: [14], files: spec => ({ 'infra/shop_stack.py': cdkPython(spec) }), defaults: withCdkDefaults },
  { name: 'troposphere', styles: [17], files: spec => ({ 'infra/worker.py': troposphere(spec) }), expresses: spec => !spec.scaling },
];

function withCdkDefaults(spec: Spec): Spec {
  return { ...spec, minimum: spec.minimum ?? 50, maximum: spec.maximum ?? 200 };
}

/** Compose is no ECS: the container's and Celery's faults are the same, the stop time has a rule of its own, no deployment is rolled, and the number of processes is asked for only where the container has a memory limit. */
function asInCompose(ids: readonly string[]): readonly string[] {
  const names = ids.map(id => id.split(' ')[0]!).map(id => (id === 'ecs/stop-timeout-too-short' ? 'container/stop-grace-period-too-short' : id)).filter(id => !id.startsWith('ecs/') && id !== 'celery/concurrency-unset');
  return [...new Set(names)].sort();
}

/** With an anchor, a merge and a file that extends another, as people write them. */
function compose(spec: Spec): Readonly<Record<string, string>> {
  const list = (words: readonly string[]): string => JSON.stringify(words);
  const stop = spec.stopTimeout === undefined ? '' : `    stop_grace_period: ${spec.stopTimeout % 60 === 0 ? `${spec.stopTimeout / 60}m` : `${spec.stopTimeout}s`}\n`;
  return {
    'compose.yaml': `x-variables: &variables\n${pairs(spec).map(({ name, value }) => `  ${name}: ${JSON.stringify(value)}\n`).join('')}\nservices:\n  worker:\n    extends:\n      file: base.yaml\n      service: worker\n    environment:\n      <<: *variables\n      TZ: UTC\n    command: ${list(spec.command)}\n${spec.init ? '    init: true\n' : ''}`,
    'base.yaml': `services:\n  worker:\n    image: registry.example.com/shop:1\n    restart: always\n${stop}`,
  };
}

/** A manifest: what Copilot makes of it is fixed, apart from count, command, variables and the override of the stop timeout; half of them by environment. */
function copilot(spec: Spec): string {
  const own = (indent: string): readonly string[] => [`${indent}command: ${isEven(spec) ? JSON.stringify(spec.command.map(word => (/\s/.test(word) ? `'${word}'` : word)).join(' ')) : JSON.stringify(spec.command)}`, `${indent}count: ${spec.desired}`];
  return [`name: ${spec.name}`, 'type: Backend Service', 'image:', '  location: registry.example.com/shop:1', 'cpu: 256', 'memory: 512', ...(isEven(spec) ? [] : own('')), 'variables:',
    ...Object.entries(spec.environment).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`), ...(spec.stopTimeout === undefined ? [] : ['taskdef_overrides:', '  - path: ContainerDefinitions[0].StopTimeout', `    value: ${spec.stopTimeout}`]),
    ...(spec.minimum === 0 && spec.maximum === 100 ? ['deployment:', '  rolling: recreate'] : []), ...(isEven(spec) ? ['environments:', '  production:', ...own('    ')] : []), ''].join('\n');
}

export { cdk as cdkSource, cdkPython as cdkPythonSource };
