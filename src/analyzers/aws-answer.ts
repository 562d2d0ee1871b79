import type { EcsServiceFacts, Expr, Facts, SourceLocation, TaskDefinitionFacts } from '../model/index.js';
import { literal, literalText } from '../model/index.js';
import { parseJson } from '../parsers/json.js';
import { itemsOf, textOf, valueOf, type DataNode, type DataSource } from '../parsers/nodes.js';
import { fixedField, mapLiteral, placeOf, textExprOf, toNumber, exprOf } from './node-values.js';
import { brokerOf, cacheOf, queueOf } from './ecs-objects/resources.js';
import { serviceOf } from './ecs-objects/services.js';
import { ownPlace, taskDefinitionOf } from './ecs-objects/task-definitions.js';

/** An answer of AWS about one running thing, as `drainlint live` hands it over. */
export function recognises(path: string): boolean {
  return path.startsWith('aws:');
}

export function facts(text: string, path: string): Facts {
  const { root, ...parsed } = parseJson(text, path);
  const problems = [...parsed.problems];
  const source: DataSource = { ...parsed.source, report: problem => problems.push(problem) };
  const [service, taskDefinition, queue, cache, broker] = ['service', 'taskDefinition', 'queue', 'cache', 'broker'].map(key => root && valueOf(root, key));
  const resource = (node: DataNode): { readonly address: string; readonly at: SourceLocation; readonly node: DataNode; readonly source: DataSource } => ({ address: addressOf(textOf(valueOf(node, 'arn')) ?? path), at: ownPlace(node, ['name'], source), node, source });
  const policy = cache && valueOf(cache, 'policy');
  const name = cache && textOf(valueOf(cache, 'parameterGroup'));
  const ownCache = cache && cacheOf(resource(cache), { engine: 'engine', failover: 'automaticFailover', mode: 'mode', name: 'name' });
  const ownBroker = broker && brokerOf(resource(broker), { engine: 'engine', failover: 'failover', mode: 'deploymentMode', name: 'name' });
  return {
    path, format: 'aws-answer', comments: [], problems,
    ...(service && { services: [{ ...serviceOf(service, source), ...(taskDefinition && { ownTaskDefinition: 0 }), ...scalingOf(root && valueOf(root, 'scaling'), source) }] }),
    ...(taskDefinition && { taskDefinitions: [named(taskDefinitionOf(taskDefinition, source))] }),
    ...(queue && { queues: [queueOf(resource(queue), { name: 'name', visibilityTimeout: 'visibilityTimeout', redrive: 'redrivePolicy' })] }),
    ...((ownCache ?? ownBroker) && { brokers: [(ownCache ?? ownBroker)!] }),
    ...(policy && name !== undefined && { caches: [{ name, policy: fixedField(placeOf(policy, source), textExprOf(policy, source)) }] }),
  };
}

/** How what runs is named where something refers to it. */
const addressOf = (arn: string): string => `aws.${arn}`;

/** What stands where a value was that may be a secret (sources/aws/redact.ts). */
const REDACTED = 'redacted';
const CREDENTIAL = /(?:^|_)(?:PASSWORD|PASSWD|SECRET|SECRET_KEY|TOKEN|API_?KEY|PRIVATE_KEY|SECRET_ACCESS_KEY)$/i;

/** A value that is the address of a queue or names a broker by its ARN refers to it; one that was not kept is as unknown as a secret, but that it is written there counts where its name says credential. */
function named(definition: TaskDefinitionFacts): TaskDefinitionFacts {
  return { ...definition, containers: definition.containers.map(container => ({ ...container, environment: container.environment.map(entry => {
    if (entry.value === 'secret') return entry;
    return { ...entry, value: literalText(entry.value) === REDACTED && !CREDENTIAL.test(entry.name) ? 'secret' : withReference(entry.value) };
  }) })) };
}

function withReference(value: Expr): Expr {
  const text = literalText(value);
  const [, scheme, arn] = /^(\w+:\/\/)(arn:.+)$/.exec(text ?? '') ?? [];
  if (scheme !== undefined && arn !== undefined) return { is: 'operation', operator: 'concat', operands: [literal(scheme, value.at), { ...reference(arn, value.at), fallback: literal(REDACTED, value.at) }], at: value.at };
  const [, region, account, queue] = /^https:\/\/sqs\.([\w-]+)\.amazonaws\.com[.\w]*\/(\d{12})\/([\w-]+(?:\.fifo)?)$/.exec(text ?? '') ?? [];
  // its partition is not in its address
  return queue === undefined ? value : { ...reference(`arn:aws${region!.startsWith('cn-') ? '-cn' : region!.startsWith('us-gov-') ? '-us-gov' : ''}:sqs:${region!}:${account!}:${queue}`, value.at), fallback: value };
}

const reference = (arn: string, at: SourceLocation): Expr & { readonly is: 'reference' } => ({ is: 'reference', module: 'aws', name: arn, at });

function scalingOf(node: DataNode | undefined, source: DataSource): Pick<EcsServiceFacts, 'autoscaling'> {
  if (!node) return {};
  const number = (key: string): Expr => { const value = valueOf(node, key); return value ? mapLiteral(exprOf(value, source), toNumber) : literal(null, placeOf(node, source)); };
  return { autoscaling: { minimum: number('minimum'), maximum: number('maximum'), metrics: itemsOf(valueOf(node, 'metrics')).flatMap(item => textOf(item) ?? []), at: ownPlace(node, ['minimum'], source) } };
}
