import fc from 'fast-check';
import { APP, DOCKERFILE, ended, ends, type Variant } from './projects.js';

/** A service that rolls nothing back, beside the task definition of a worker. */
const rolls = (path: string, files: Readonly<Record<string, string>>, written: RegExp): Variant => ({ rule: 'ecs/no-deployment-rollback', path, written, files: { ...APP, Dockerfile: DOCKERFILE, ...files } });
const COMMAND = '["celery", "-A", "app.celery", "worker"]';
const some = <T>(...parts: readonly T[]): fc.Arbitrary<T[]> => fc.shuffledSubarray([...parts]);

/** Blocks of Terraform: an argument is missing in one, or has another value. */
export const terraformBlocks: fc.Arbitrary<Variant> = fc.record({
  before: some('desired_count = 2', 'launch_type = "FARGATE" # ours', 'network_configuration {\n@@subnets = ["a"]\n@}', '// a word', 'tags = {\n@@A = "b"\n@}'),
  form: fc.constantFrom('block', 'comment', 'one-line', 'short'), indent: fc.constantFrom('  ', '    ', '\t'), gap: fc.constantFrom(' = ', '   = ', '='), ends,
}).map(({ before, form, indent, gap, ends }) => {
  const breaker = form === 'block' ? `deployment_circuit_breaker {\n@@enable${gap}true\n@@rollback${gap}false\n@}` : form === 'comment' ? `deployment_circuit_breaker {\n@@# ours\n@@enable${gap}true // yes\n@@rollback${gap}false // for now\n@}`
    : form === 'one-line' ? `deployment_circuit_breaker {\n@@rollback${gap}false\n@@enable${gap}true\n@}` : `deployment_circuit_breaker {\n@@enable${gap}false\n@@rollback${gap}true\n@}`;
  const own = [...before, 'name = "worker"', 'task_definition = aws_ecs_task_definition.worker.arn', breaker].map(line => `@${line}`.replaceAll('@', indent)).join('\n');
  const text = `resource "aws_ecs_task_definition" "worker" {\n${indent}family = "w"\n${indent}requires_compatibilities = ["FARGATE"]\n${indent}container_definitions = jsonencode([{ name = "worker", image = "worker", stopTimeout = 120, command = ${COMMAND} }])\n}\n\nresource "aws_ecs_service" "worker" {\n${own}\n}\n`;
  return rolls('infra/main.tf', { 'infra/main.tf': ended(text, ends) }, form === 'short' ? /enable *= *true/ : /rollback *= *true/);
});

/** CloudFormation in YAML: nested maps as blocks and in braces, one of them behind an anchor. */
export const cloudformationServices: fc.Arbitrary<Variant> = fc.record({ form: fc.constantFrom('block', 'flow', 'quoted'), lacks: fc.boolean(), indent: fc.integer({ min: 1, max: 5 }), keys: some('DesiredCount: 2 # ours', 'LaunchType: FARGATE', 'Tags:\n@- { Key: a, Value: b }', '# a word'), at: fc.nat(), ends })
  .map(({ form, lacks, indent, keys, at, ends }) => {
    const pad = (level: number): string => ' '.repeat(level * indent);
    const configuration = form === 'flow' ? `DeploymentConfiguration: { DeploymentCircuitBreaker: { Enable: true${lacks ? '' : ', Rollback: false'} } }`
      : `DeploymentConfiguration:\n@${form === 'quoted' ? '"DeploymentCircuitBreaker"' : 'DeploymentCircuitBreaker'}:\n@@Enable: true  # on${lacks ? '' : `\n@@Rollback: false`}`;
    const own = [...keys, 'TaskDefinition: !Ref Worker'];
    own.splice(at % (own.length + 1), 0, configuration);
    const text = `Resources:\n${pad(1)}Worker:\n${pad(2)}Type: AWS::ECS::TaskDefinition\n${pad(2)}Properties:\n${pad(3)}RequiresCompatibilities: [FARGATE]\n${pad(3)}ContainerDefinitions:\n${pad(3)}- { Name: worker, Image: worker, StopTimeout: 120, Command: ${COMMAND} }\n${pad(1)}Service:\n${pad(2)}Type: AWS::ECS::Service\n${pad(2)}Properties:\n${own.map(line => `${pad(3)}${line.replaceAll('@', pad(1)).replaceAll('\n', `\n${pad(3)}`)}`).join('\n')}\n`;
    return rolls('template.yml', { 'template.yml': ended(text, ends) }, /Rollback"?: "?true/);
  });
