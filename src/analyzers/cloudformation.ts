import { posix } from 'node:path';
import type { BrokerFacts, CacheFacts, EcsServiceFacts, Expr, Facts, ReadProblem, StackFacts, TaskDefinitionFacts } from '../model/index.js';
import { refersTo, walk } from '../model/index.js';
import { parseJson } from '../parsers/json.js';
import { entriesOf, itemsOf, textOf, valueAt, valueOf, type DataEntry, type DataNode, type DataSource } from '../parsers/nodes.js';
import { parseYaml } from '../parsers/yaml.js';
import { capitalised, MAX_VALUES, resolved, resourcesOf, type Template } from './cloudformation/intrinsics.js';
import { brokerOf, cacheOf, consumerTimeoutOf, queueOf, type BrokerKeys, type QueueKeys, type Resource } from './ecs-objects/resources.js';
import { serviceOf } from './ecs-objects/services.js';
import { taskDefinitionOf } from './ecs-objects/task-definitions.js';
import { exprOf, fixedField, mapLiteral, placeOf, placeOfEntry, toNumber } from './node-values.js';

/** Resources that say something about a worker. */
const WORDS = /AWS::(?:ECS::(?:TaskDefinition|Service)|ElastiCache::(?:ParameterGroup|ReplicationGroup|CacheCluster)|SQS::Queue|AmazonMQ::(?:Broker|Configuration)|CloudFormation::Stack|Serverless::Application)\b/;

/** The key of the resources; looked at from its name, which few texts have often: millions of blank lines have none. */
const RESOURCES = /Resources(?<=(?:^[ \t]{0,500}|[{,]\s{0,500})["']?Resources)["']?\s{0,500}:/m;

/** A template of CloudFormation or SAM, in YAML or JSON, as written or as `cdk synth` wrote it. A template of such a template (Go, Jinja) is none. */
export function recognises(path: string, text: string): boolean {
  return WORDS.test(text) && !/\{\{(?!resolve:)/.test(text) && RESOURCES.test(text) && !/\.(?:tf|ts|js|py|md)$/i.test(path);
}

/** Task definitions and services of one template. Names a deployment gives are references; parameters have their defaults as fallback. */
export function facts(text: string, path: string): Facts {
  const isJson = /^\s*\{/.test(text.replace(/^\uFEFF/, ''));
  const parsed = isJson ? parseJson(text, path) : parseYaml(text, path);
  const problems: ReadProblem[] = [...parsed.problems];
  const root = 'roots' in parsed ? parsed.roots.find(document => valueOf(document, 'Resources')) : parsed.root;
  const source: DataSource = { ...parsed.source, spell: capitalised, report: problem => problems.push(problem) };
  if (!root) return { path, format: 'cloudformation', comments: parsed.comments, problems };
  const all = resourcesOf(root);
  const template: Template = { root, source, resources: new Set(all.map(({ id }) => id)), left: MAX_VALUES };
  const of = (type: string): Found => all.flatMap(resource => {
    const node = resource.type === type ? resolved(resource.properties ?? { is: 'map', entries: [], flow: true, start: resource.end, end: resource.end }, template) : undefined;
    return node ? [{ id: resource.id, node, start: resource.start, end: resource.end, ...(resource.construct !== undefined && { construct: resource.construct }) }] : [];
  });
  const definitions = of('AWS::ECS::TaskDefinition');
  const taskDefinitions = definitions.map(({ id, node, construct }): TaskDefinitionFacts => { const definition = taskDefinitionOf(node, source); return { ...definition, ...(definition.family === undefined && construct !== undefined && { family: construct }), address: `resource.${id}` }; });
  const scaling = scalingOf(of('AWS::ApplicationAutoScaling::ScalableTarget'), of('AWS::ApplicationAutoScaling::ScalingPolicy'), source);
  const caches = of('AWS::ElastiCache::ParameterGroup').flatMap(({ id, node }): readonly CacheFacts[] => { const policy = valueAt(node, 'properties', 'maxmemory-policy'); return policy ? [{ name: id, policy: fixedField(placeOf(policy, source), exprOf(policy, source)) }] : []; });
  const resource = ({ id, node, start, end }: Found[number]): Resource => ({ address: `resource.${id}`, at: source.lines.at(start, end), node, source });
  const queues = of('AWS::SQS::Queue').map(found => queueOf(resource(found), QUEUE));
  const brokers = [
    ...['ReplicationGroup', 'CacheCluster'].flatMap(kind => of(`AWS::ElastiCache::${kind}`)).flatMap(found => cacheOf(resource(found), BROKER) ?? []),
    ...of('AWS::AmazonMQ::Broker').flatMap(found => brokerOf(resource(found), { ...BROKER, engine: 'engineType' }) ?? []),
    ...of('AWS::AmazonMQ::Configuration').flatMap((found): readonly BrokerFacts[] => { const consumerTimeout = consumerTimeoutOf(valueOf(found.node, 'data'), source); return consumerTimeout ? [{ address: `resource.${found.id}`, at: source.lines.at(found.start, found.end), kind: 'rabbitmq', consumerTimeout }] : []; }),
  ];
  const stacks = [...stacksOf(of('AWS::CloudFormation::Stack'), 'templateURL', path, source), ...stacksOf(of('AWS::Serverless::Application'), 'location', path, source)];
  const outputs = entriesOf(valueOf(root, 'Outputs')).flatMap(entry => { const value = valueOf(entry.value, 'Value'); const found = value && resolved(value, template); return found ? [{ name: entry.key, value: exprOf(found, source), at: placeOfEntry(entry, source) }] : []; });
  const services = of('AWS::ECS::Service').map(({ id, node, start, end, construct }): EcsServiceFacts => {
    const service = serviceOf(node, source);
    const own = definitions.findIndex(definition => refersTo(service.taskDefinition, `resource.${definition.id}`));
    const autoscaling = scaling.find(target => target.services.includes(id))?.autoscaling;
    return { ...service, name: service.name ?? construct ?? id, at: service.name === undefined ? source.lines.at(start, end) : service.at, address: `resource.${id}`, ...(own >= 0 && { ownTaskDefinition: own }), ...(autoscaling && { autoscaling }) };
  });
  return { path, format: 'cloudformation', comments: parsed.comments, problems, ...(caches.length > 0 && { caches }), ...(queues.length > 0 && { queues }), ...(brokers.length > 0 && { brokers }), ...(stacks.length > 0 && { stacks }), ...(outputs.length > 0 && (stacks.length > 0 || services.length + taskDefinitions.length > 0) && { outputs }), ...(taskDefinitions.length > 0 && { taskDefinitions }), ...(services.length > 0 && { services }) };
}

/** Stacks whose template is a file of the repository; one in a bucket is found by its name where the path ends so. */
function stacksOf(found: Found, key: string, path: string, source: DataSource): readonly StackFacts[] {
  return found.flatMap(({ id, node, start, end }): readonly StackFacts[] => {
    const url = textOf(valueOf(node, key));
    if (url === undefined || /^(?:https?|s3):/.test(url)) return [];
    const parameters = entriesOf(valueOf(node, 'parameters')).map(entry => ({ name: capitalisedKey(entry, source), value: exprOf(entry.value, source), at: placeOfEntry(entry, source) }));
    return [{ name: id, path: posix.join(posix.dirname(path), url.replace(/^file:\/\//, '')), parameters, at: source.lines.at(start, end) }];
  });
}

/** The key as written: parameters have names of their own. */
const capitalisedKey = ({ keyStart, keyEnd }: DataEntry, { lines }: DataSource): string => lines.text.slice(keyStart, keyEnd).replace(/^["']|["']$/g, '');

const QUEUE: QueueKeys = { name: 'queueName', visibilityTimeout: 'visibilityTimeout', redrive: 'redrivePolicy' };
const BROKER: BrokerKeys = { engine: 'engine', failover: 'automaticFailoverEnabled', mode: 'deploymentMode', name: 'brokerName' };

interface Scaling { readonly services: readonly string[]; readonly autoscaling: NonNullable<EcsServiceFacts['autoscaling']> }
/** `construct`: the path of the CDK construct it was synthesised from. */
type Found = readonly { readonly id: string; readonly node: DataNode; readonly start: number; readonly end: number; readonly construct?: string }[];

/** What scales which services: the target's `ResourceId` names them, the policies name the target. */
function scalingOf(targets: Found, policies: Found, source: DataSource): readonly Scaling[] {
  return targets.map(({ id, node, start, end }) => {
    const resource = valueOf(node, 'resourceId');
    const named = resource ? walk(exprOf(resource, source)).flatMap(part => (part.is === 'reference' && part.module === 'resource' ? [part.name.split('.')[0]!] : [])) : [];
    const number = (key: string): Expr | undefined => { const value = valueOf(node, key); return value && mapLiteral(exprOf(value, source), toNumber); };
    const [minimum, maximum] = [number('minCapacity'), number('maxCapacity')];
    const metrics = policies.filter(policy => refersTo(targetOf(policy.node, source), `resource.${id}`)).flatMap(policy => metricsOf(policy.node));
    return { services: named, autoscaling: { metrics: [...new Set(metrics)], at: source.lines.at(start, end), ...(minimum && { minimum }), ...(maximum && { maximum }) } };
  });
}

function targetOf(policy: DataNode, source: DataSource): Expr | undefined {
  const target = valueOf(policy, 'scalingTargetId') ?? valueOf(policy, 'resourceId');
  return target && exprOf(target, source);
}

function metricsOf(policy: DataNode): readonly string[] {
  const tracking = valueOf(policy, 'targetTrackingScalingPolicyConfiguration');
  const named = [valueAt(tracking, 'predefinedMetricSpecification', 'predefinedMetricType'), valueAt(tracking, 'customizedMetricSpecification', 'metricName'), ...itemsOf(valueAt(tracking, 'customizedMetricSpecification', 'metrics')).map(metric => valueAt(metric, 'metricStat', 'metric', 'metricName'))];
  const found = named.map(textOf).filter(text => text !== undefined);
  return found.length > 0 ? found : entriesOf(policy).some(({ key }) => key === 'stepScalingPolicyConfiguration') ? ['step scaling'] : [];
}
