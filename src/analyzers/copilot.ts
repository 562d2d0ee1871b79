import type { Facts, ReadProblem } from '../model/index.js';
import { samePlace } from '../model/index.js';
import { textOf, valueOf, type DataNode, type DataSource, type MapNode } from '../parsers/nodes.js';
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
  const { roots, comments, ...parsed } = parseYaml(text, path);
  const problems = [...parsed.problems];
  const source: DataSource = { ...parsed.source, report: problem => problems.push(problem) };
  const root = roots.find(isManifest);
  const variants = root ? variantsOf(root, source) : [];
  const taskDefinitions = variants.map(taskDefinitionOf);
  const services = variants.some(({ type }) => SERVICES.includes(type)) ? variants.map(serviceOf) : [];
  return { path, format: 'copilot', comments, problems: unique(problems), ...(taskDefinitions.length > 0 && { taskDefinitions }), ...(services.length > 0 && { services }) };
}

/** Each environment reports what stands in the manifest's base again. */
function unique(problems: readonly ReadProblem[]): readonly ReadProblem[] {
  return problems.filter((problem, i) => problems.findIndex(other => other.message === problem.message && samePlace(other.at, problem.at)) === i);
}

function isManifest(node: DataNode): node is MapNode {
  const type = textOf(valueOf(node, 'type'));
  return node.is === 'map' && type !== undefined && (SERVICES.includes(type) || type === JOB);
}
