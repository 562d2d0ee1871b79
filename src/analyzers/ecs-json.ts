import type { Facts } from '../model/index.js';
import { parseJson } from '../parsers/json.js';
import type { DataNode, DataSource } from '../parsers/nodes.js';
import { entryOf, itemsOf, valueOf } from '../parsers/nodes.js';
import { serviceOf } from './ecs-objects/services.js';
import { taskDefinitionOf } from './ecs-objects/task-definitions.js';

/** Without one of these a JSON file is not ours, and is not parsed to find out. */
const WORDS = /"(?:containerDefinitions|taskDefinition|desiredCount|deploymentConfiguration|stopTimeout|logConfiguration|portMappings|essential)"/;

/** Characters of a text that is parsed to tell whether it is ours; a longer one says so itself, or is other data. ECS takes no task definition of more than 64 KiB. */
const LONGEST = 1_000_000;
const SURELY = /"containerDefinitions"\s{0,50}:\s{0,50}\[/;

/**
 * JSON for the ECS API: a task definition, service or list of containers, bare or as the AWS CLI prints and takes them, one or a
 * list. Terraform templates of such JSON too. CloudFormation (`ContainerDefinitions`) and API models are not.
 */
export function recognises(path: string, text: string): boolean {
  return WORDS.test(text) && (text.length > LONGEST ? SURELY.test(text) : parts(parseJson(text, path).root).length > 0);
}

/** Task definitions and services of one file, in its order. */
export function facts(text: string, path: string): Facts {
  const { root, comments, ...parsed } = parseJson(text, path);
  const problems = [...parsed.problems];
  const source: DataSource = { ...parsed.source, report: problem => problems.push(problem) };
  const found = parts(root);
  const taskDefinitions = found.filter(part => part.kind === 'task definition').map(({ node }) => taskDefinitionOf(node, source));
  const services = found.filter(part => part.kind === 'service').map(({ node }) => serviceOf(node, source));
  return { path, format: 'ecs-json', comments, problems, ...(taskDefinitions.length > 0 && { taskDefinitions }), ...(services.length > 0 && { services }) };
}

interface Part { readonly kind: 'task definition' | 'service'; readonly node: DataNode }

function parts(root: DataNode | undefined): readonly Part[] {
  if (root?.is === 'list' && root.items.length > 0 && root.items.every(looksLikeContainer)) return [{ kind: 'task definition', node: root }];
  return (root?.is === 'list' ? root.items : root ? [root] : []).flatMap(partsOfObject);
}

function partsOfObject(node: DataNode): readonly Part[] {
  if (valueOf(node, 'containerDefinitions')?.is === 'list') return [{ kind: 'task definition', node }];
  const inner = valueOf(node, 'taskDefinition');
  const wrapped: readonly Part[] = inner && valueOf(inner, 'containerDefinitions')?.is === 'list' ? [{ kind: 'task definition', node: inner }] : [];
  if (isService(node)) return [...wrapped, { kind: 'service', node }];
  const services = [...itemsOf(valueOf(node, 'services')), ...[valueOf(node, 'service')].filter(one => one !== undefined)].filter(isService);
  return [...wrapped, ...services.map((service): Part => ({ kind: 'service', node: service }))];
}

const has = (node: DataNode, ...keys: readonly string[]): boolean => keys.some(key => entryOf(node, key) !== undefined);

function looksLikeContainer(node: DataNode): boolean {
  return has(node, 'name') && has(node, 'image') && has(node, 'essential', 'logConfiguration', 'portMappings', 'mountPoints', 'stopTimeout', 'cpu', 'memory', 'memoryReservation');
}

/** What `create-service`, `update-service` and `describe-services` have in common. */
function isService(node: DataNode): boolean {
  const isNamed = ['serviceName', 'service'].some(key => valueOf(node, key)?.is === 'scalar');
  return has(node, 'taskDefinition') && (isNamed || has(node, 'cluster')) ? has(node, 'desiredCount', 'deploymentConfiguration', 'launchType', 'capacityProviderStrategy', 'networkConfiguration')
    : isNamed && has(node, 'desiredCount', 'deploymentConfiguration');
}
