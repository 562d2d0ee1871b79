import type { ContainerFacts, EcsServiceFacts, Expr, TaskDefinitionFacts } from '../../model/index.js';
import { literal } from '../../model/index.js';
import type { ConstructCall } from '../../parsers/constructs.js';
import { valueOf } from '../../parsers/nodes.js';
import { exprOf, fixedField, mapLiteral, toNumber } from '../node-values.js';
import { toMebibytes } from '../units.js';
import { containerOf, type Made } from './containers.js';
import { addedTo } from './definitions.js';
import { idOf, nameIn, patternIn, propsOf, type Program } from './program.js';
import { commonService } from './services.js';

/** What a construct of aws-ecs-patterns makes: a task definition, and a service unless the task is scheduled. */
export interface Pattern { readonly definition: TaskDefinitionFacts; readonly service?: EcsServiceFacts }

/** QueueProcessing, Scheduled, and those behind a load balancer, which serve the web whatever they are called. */
export function patternsIn(program: Program): readonly Pattern[] {
  return program.calls.filter(({ isNew }) => isNew).flatMap((call): readonly Pattern[] => {
    const [kind, platform] = patternIn(call) ?? [];
    const isFargate = platform === 'Fargate';
    switch (kind) {
      case undefined: return [];
      case 'QueueProcessing': return [queuePattern(call, isFargate, program)];
      case 'Scheduled': return scheduledPattern(call, isFargate, program);
      default: return [balancedPattern(call, isFargate, program)];
    }
  });
}

const compatibilities = (isFargate: boolean, { at }: ConstructCall): TaskDefinitionFacts['requiresCompatibilities'] => [literal(isFargate ? 'FARGATE' : 'EC2', at)];
/** The patterns write a log configuration by themselves, and have no property for the stop timeout. */
const asMade = (container: ContainerFacts, { at }: ConstructCall): ContainerFacts => ({ ...container, stopTimeout: fixedField(at), logConfiguration: fixedField(at, literal('awslogs', at)) });

/** One container, a queue, and scaling on visible messages and CPU (facts/ecs.md 3.3). A task definition of its own may be given instead of an image. */
function queuePattern(call: ConstructCall, isFargate: boolean, program: Program): Pattern {
  const props = propsOf(call);
  const number = (key: string, usual: number): Expr => { const value = valueOf(props, key); return value ? mapLiteral(exprOf(value, program.source), toNumber) : literal(usual, call.at); };
  const made = withService({ call, isFargate, container: { id: 'QueueProcessingContainer', props, call } }, program);
  return {
    ...made,
    service: {
      ...made.service,
      autoscaling: { minimum: number('minScalingCapacity', 1), maximum: number('maxScalingCapacity', 2), metrics: ['ApproximateNumberOfMessagesVisible', 'ECSServiceAverageCPUUtilization'], at: call.at },
    },
  };
}

/** One container behind a load balancer. */
function balancedPattern(call: ConstructCall, isFargate: boolean, program: Program): Pattern {
  const image = valueOf(propsOf(call), 'taskImageOptions');
  return withService({ call, isFargate, container: { id: 'web', props: image, call } }, program);
}

interface Served { readonly call: ConstructCall; readonly isFargate: boolean; readonly container: Made }

/** A task definition of one container, unless one is given, and the service that runs it. */
function withService({ call, isFargate, container }: Served, program: Program): Required<Pattern> {
  const props = propsOf(call);
  const given = nameIn(valueOf(props, 'taskDefinition'));
  const common = commonService(props, call, program);
  return {
    definition: { address: `cdk.pattern.${call.start}`, at: call.at, family: idOf(call) ?? 'service', requiresCompatibilities: compatibilities(isFargate, call), containers: given === undefined ? [asMade(containerOf(container, program), call), ...addedTo(call, program)] : [] },
    service: { ...common, ...(common.capacityProviders.length === 0 && { launchType: literal(isFargate ? 'FARGATE' : 'EC2', call.at) }), taskDefinition: { is: 'reference', module: 'cdk', name: given ?? `pattern.${call.start}`, at: call.at } },
  };
}

/** RunTask on a schedule: a task definition without a service, so nothing replaces or protects it. */
function scheduledPattern(call: ConstructCall, isFargate: boolean, program: Program): readonly Pattern[] {
  const props = propsOf(call);
  const image = valueOf(props, isFargate ? 'scheduledFargateTaskImageOptions' : 'scheduledEc2TaskImageOptions');
  const memory = valueOf(image, 'memoryLimitMiB');
  if (image?.is !== 'map') return [];
  return [{
    definition: {
      address: `cdk.pattern.${call.start}`, at: call.at, family: idOf(call) ?? 'scheduled task', requiresCompatibilities: compatibilities(isFargate, call), containers: [asMade(containerOf({ id: 'ScheduledContainer', props: image, call }, program), call)],
      ...(isFargate && { memory: memory ? mapLiteral(exprOf(memory, program.source), toMebibytes('m')) : literal(512, call.at) }),
    },
  }];
}
