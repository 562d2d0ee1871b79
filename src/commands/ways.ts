import type { Finding } from '../model/index.js';
import { isRunning } from '../model/index.js';

/** Where one field of ECS is changed, in each of the ways people change it. */
interface Way { readonly console: string; readonly cli: string; readonly cloudformation: string; readonly terraform: string }

const inContainer = (console: string, cloudformation: string, terraform: string): Way => ({
  console: `Task definitions → Create new revision → the container → ${console}`, cli: 'aws ecs register-task-definition, then aws ecs update-service --task-definition',
  cloudformation: `AWS::ECS::TaskDefinition ContainerDefinitions ${cloudformation}`, terraform: `aws_ecs_task_definition container_definitions ${terraform}`,
});
const inService = (console: string, option: string, cloudformation: string, terraform: string): Way => ({
  console: `the service → Update → ${console}`, cli: `aws ecs update-service ${option}`, cloudformation: `AWS::ECS::Service ${cloudformation}`, terraform: `aws_ecs_service ${terraform}`,
});

const STOP_TIMEOUT = inContainer('Container timeouts, Stop timeout', 'StopTimeout', 'stopTimeout');
const COMMAND = inContainer('Docker configuration', 'EntryPoint, Command', 'entryPoint, command');
const ENVIRONMENT = inContainer('Environment variables', 'Environment', 'environment');
const ROLLOUT = inService('Deployment options', '--deployment-configuration', 'DeploymentConfiguration', 'deployment_minimum_healthy_percent, deployment_maximum_percent');
const LOGS = inContainer('Log collection', 'LogConfiguration', 'logConfiguration');
const MEMORY = inContainer('Resource allocation limits', 'Memory', 'memory');

const BY_RULE: Readonly<Record<string, Way>> = {
  'live/killed-after-stop-timeout': STOP_TIMEOUT, 'ecs/stop-timeout-too-short': STOP_TIMEOUT, 'ecs/stop-timeout-above-fargate-limit': STOP_TIMEOUT, 'ecs/stop-timeout-on-wrong-container': STOP_TIMEOUT,
  'ecs/minimum-healthy-percent': ROLLOUT, 'ecs/deployment-deadlock': ROLLOUT, 'ecs/scheduler-overlap': ROLLOUT, 'ecs/no-deployment-rollback': { ...ROLLOUT, terraform: 'aws_ecs_service deployment_circuit_breaker' },
  'ecs/az-rebalancing-interrupts': inService('Availability Zone rebalancing', '--availability-zone-rebalancing', 'AvailabilityZoneRebalancing', 'availability_zone_rebalancing'),
  'ecs/spot-interrupts-tasks': inService('Compute configuration', '--capacity-provider-strategy', 'CapacityProviderStrategy', 'capacity_provider_strategy'),
  'ecs/no-log-configuration': LOGS, 'ecs/log-loss': LOGS, 'ecs/memory-overcommitted': MEMORY, 'live/out-of-memory-kills': MEMORY,
  'ecs/health-check-kills-busy-worker': inContainer('Health check', 'HealthCheck', 'healthCheck'), 'ecs/mutable-image-tag': inContainer('Image URI', 'Image', 'image'),
  'ecs/sidecar-stops-first': inContainer('Startup dependency ordering', 'DependsOn', 'dependsOn'),
};

/** Where what a finding about a running service asks for is changed; undefined: the finding says it already. */
function wayOf({ ruleId, at }: Finding): Way | undefined {
  if (!isRunning(at)) return undefined;
  return BY_RULE[ruleId] ?? (ruleId.startsWith('container/') ? COMMAND : ruleId.startsWith('celery/') ? ENVIRONMENT : undefined);
}

/** The finding, with where in AWS its suggestion is done. */
export function withWay(finding: Finding): Finding {
  const way = wayOf(finding);
  return way ? { ...finding, where: `console: ${way.console} · CLI: ${way.cli} · CloudFormation: ${way.cloudformation} · Terraform: ${way.terraform}` } : finding;
}
