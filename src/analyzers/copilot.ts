import type { Facts } from '../model/index.js';
import { textOf, valueOf, type DataNode, type MapNode } from '../parsers/nodes.js';
import { parseYaml } from '../parsers/yaml.js';
import { variantsOf } from './copilot/manifest.js';
import { serviceOf } from './copilot/services.js';
import { taskDefinitionOf } from './copilot/task-definitions.js';

/** The kinds Copilot runs as ECS services; a Scheduled Job is a task definition alone. */
const SERVICES: readonly string[] = ['Worker Service', 'Backend Service', 'Load Balanced Web Service'];
const JOB = 'Scheduled Job';
/** Request-Driven Web Services run on App Runner: known, and nothing of ECS. */
const TYPE = /^\uFEFF?type[ \t]*:[ \t]*['"]?(?:Worker Service|Backend Service|Load Balanced Web Service|Request-Driven Web Service|Scheduled Job)\b/m;

/** A Copilot manifest of a service or job, by its type. */
export function recognises(path: string, text: string): boolean {
  return /\.ya?ml$/i.test(path) && TYPE.test(text);
}

/** A manifest is a task definition and its service at once, one of each per environment. */
export function facts(text: string, path: string): Facts {
  const { roots, source, comments, problems } = parseYaml(text, path);
  const root = roots.find(isManifest);
  const variants = root ? variantsOf(root, source) : [];
  return {
    path, format: 'copilot', comments, problems,
    ...(variants.length > 0 && { taskDefinitions: variants.map(taskDefinitionOf) }),
    ...(variants.some(({ type }) => SERVICES.includes(type)) && { services: variants.map(serviceOf) }),
  };
}

function isManifest(node: DataNode): node is MapNode {
  const type = textOf(valueOf(node, 'type'));
  return node.is === 'map' && type !== undefined && (SERVICES.includes(type) || type === JOB);
}
