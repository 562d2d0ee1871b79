import type { CapacityProviderFacts, EcsService, EcsServiceFacts, Expr, Facts, Platform, Setting, TaskDefinitionFacts } from '../model/index.js';
import { agreed, literalText } from '../model/index.js';
import { settingOf } from './start/field-settings.js';
import { booleanOf, numberOf } from './start/managed.js';

/** What a format says where a service is silent (facts/ecs.md 2.1). */
interface ServiceDefaults { readonly minimum: number; readonly maximum: number; readonly breaker: boolean; readonly count?: number; readonly by: string }

const API: ServiceDefaults = { minimum: 100, maximum: 200, breaker: false, by: 'ECS' };
const DAEMON: ServiceDefaults = { minimum: 0, maximum: 100, breaker: false, by: 'ECS for daemons' };
const CLOUDFORMATION: ServiceDefaults = { ...API, count: 1, by: 'CloudFormation' };
const CDK: ServiceDefaults = { minimum: 50, maximum: 200, breaker: false, count: 1, by: 'the CDK' };
/** Its autoscaling is on, from 1 to 10. */
const TERRAFORM_MODULE: ServiceDefaults = { minimum: 66, maximum: 200, breaker: false, count: 1, by: 'terraform-aws-modules/ecs' };
const COPILOT: ServiceDefaults = { minimum: 100, maximum: 200, breaker: true, count: 1, by: 'Copilot' };

/** A service with its format's defaults. `runs` is filled in once its containers are followed. */
export function serviceOf(service: EcsServiceFacts, format: Facts['format'], taskDefinition: TaskDefinitionFacts | undefined, environment: string | undefined): EcsService {
  const isDaemon = service.schedulingStrategy?.toUpperCase() === 'DAEMON';
  const defaults = format === 'copilot' ? COPILOT : isDaemon ? DAEMON : service.defaultsOf === 'cdk' ? CDK : service.defaultsOf === 'terraform-aws-modules' ? TERRAFORM_MODULE : format === 'cloudformation' ? CLOUDFORMATION : API;
  const text = `default of ${defaults.by}`;
  const desiredCount = settingOf(service.desiredCount, numberOf, defaults.count === undefined ? undefined : { value: defaults.count, text });
  const flag = (field: EcsServiceFacts['desiredCount']): Setting<boolean> => settingOf(field, booleanOf, { value: defaults.breaker, text });
  const autoscaling = autoscalingOf(service);
  return {
    name: service.name ?? taskDefinition?.family ?? 'service', format, at: service.at, ...(environment !== undefined && { environment }), platform: platformOf(taskDefinition, service, format),
    desiredCount, maximumCount: maximumOf(service, desiredCount),
    minimumHealthyPercent: settingOf(service.minimumHealthyPercent, numberOf, { value: defaults.minimum, text }), maximumPercent: settingOf(service.maximumPercent, numberOf, { value: defaults.maximum, text }),
    zoneRebalancing: settingOf(service.availabilityZoneRebalancing, value => (typeof value === 'string' ? value.toUpperCase() : undefined)),
    circuitBreaker: { enable: flag(service.circuitBreaker.enable), rollback: flag(service.circuitBreaker.rollback) },
    deploymentController: service.deploymentController ?? 'ECS', schedulingStrategy: service.schedulingStrategy ?? 'REPLICA', capacityProviders: service.capacityProviders.map(capacityProviderOf),
    ...(service.keepsTaskDefinition && { keepsTaskDefinition: service.keepsTaskDefinition }), ...(autoscaling && { autoscaling }), runs: 'unknown',
  };
}

/** Where containers run: what the service says, else what the task definition is compatible with. */
export function platformOf(taskDefinition: TaskDefinitionFacts | undefined, service: EcsServiceFacts | undefined, format: Facts['format']): Platform {
  if (format === 'copilot') return 'fargate';
  const launchType = textOf(service?.launchType)?.toUpperCase();
  if (launchType === 'FARGATE') return 'fargate';
  if (launchType === 'EC2') return 'ec2';
  const providers = (service?.capacityProviders ?? []).map(({ name }) => textOf(name) ?? '');
  if (providers.length > 0 && !providers.includes('')) return providers.every(name => /^FARGATE(_SPOT)?$/.test(name)) ? 'fargate' : 'ec2';
  const [only, ...rest] = [...new Set((taskDefinition?.requiresCompatibilities ?? []).map(expr => textOf(expr)?.toUpperCase() ?? ''))];
  return rest.length > 0 || only === undefined ? 'ecs' : only === 'FARGATE' ? 'fargate' : only === 'EC2' ? 'ec2' : 'ecs';
}

/** What a text is, where all that it can be is the same. */
function textOf(expr: Expr | undefined): string | undefined {
  return expr && agreed(settingOf({ value: expr, at: expr.at, slots: [] }, value => (typeof value === 'string' ? value : undefined)));
}

/** A weight that is not known may start tasks; a base that is not known promises none. */
function capacityProviderOf({ name, weight, base, at }: CapacityProviderFacts): EcsService['capacityProviders'][number] {
  const number = (expr: Expr | undefined, unknown: number): number => (expr ? agreed(settingOf({ value: expr, at, slots: [] }, numberOf)) ?? unknown : 0);
  return { name: textOf(name) ?? '', weight: number(weight, 1), base: number(base, 0), at };
}

/** The autoscaling maximum, else the desired count. */
function maximumOf({ autoscaling, desiredCount }: EcsServiceFacts, desired: Setting<number>): Setting<number> {
  return autoscaling?.maximum ? settingOf({ value: autoscaling.maximum, at: autoscaling.at, slots: desiredCount.slots }, numberOf) : desired;
}

function autoscalingOf({ autoscaling }: EcsServiceFacts): EcsService['autoscaling'] {
  if (!autoscaling) return undefined;
  const number = (expr: Expr | undefined): number | undefined => (expr?.is === 'literal' ? numberOf(expr.value) : undefined);
  const minimum = number(autoscaling.minimum), maximum = number(autoscaling.maximum);
  return { at: autoscaling.at, metrics: autoscaling.metrics, ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) };
}

/** The family a service names: as family, family:revision or ARN. undefined: a placeholder or a reference. */
export function familyOf(expr: Expr | undefined): string | undefined {
  const text = literalText(expr);
  if (text === undefined || /[<>{}$]/.test(text)) return undefined;
  return text.replace(/^arn:[^/]*task-definition\//, '').replace(/:\d+$/, '') || undefined;
}
