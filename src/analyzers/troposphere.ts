import type { EcsServiceFacts, Expr, Facts, TaskDefinitionFacts } from '../model/index.js';
import type { ConstructCall } from '../parsers/constructs.js';
import type { DataNode, DataSource } from '../parsers/nodes.js';
import { parsePythonConstructs } from '../parsers/python-constructs.js';
import { capitalised, decapitalised } from './cloudformation/intrinsics.js';
import { serviceOf } from './ecs-objects/services.js';
import { taskDefinitionOf } from './ecs-objects/task-definitions.js';
import { lastOf } from './cdk/program.js';

/** A program of troposphere, which writes CloudFormation templates from Python objects of the same names. */
export function recognises(path: string, text: string): boolean {
  return /\.py$/i.test(path) && /^[ \t]*(?:from[ \t]+troposphere(?:\.ecs)?|import[ \t]+troposphere)\b/m.test(text) && /\bTaskDefinition\b/.test(text);
}

/** Task definitions and services of a program; what it computes or refers to is a reference. */
export function facts(text: string, path: string): Facts {
  const { calls, comments, problems, source: written } = parsePythonConstructs(text, path);
  const source: DataSource = { ...written, spell: capitalised };
  const of = (type: string): readonly ConstructCall[] => calls.filter(call => call.isNew && lastOf(call.callee) === type && call.arguments.length === 2);
  const address = ({ name, start }: ConstructCall): string => `troposphere.${name ?? start}`;
  const taskDefinitions = of('TaskDefinition').map((call): TaskDefinitionFacts => ({ ...taskDefinitionOf(asApi(call.arguments[1]!), source), address: address(call) }));
  const services = of('Service').map((call): EcsServiceFacts => {
    const service = serviceOf(asApi(call.arguments[1]!), source);
    const id = call.arguments[0];
    return { ...service, address: address(call), at: call.at, ...(service.name === undefined && id?.is === 'scalar' && { name: String(id.value) }), ...(service.taskDefinition && { taskDefinition: referred(service.taskDefinition) }) };
  });
  return { path, format: 'cloudformation', comments, problems, ...(taskDefinitions.length > 0 && { taskDefinitions }), ...(services.length > 0 && { services }) };
}

/** `Ref(task)`, `task.ref()`: what the variable holds. */
function referred(expr: Expr): Expr {
  const [of] = expr.is === 'call' ? expr.positional : [];
  const name = of?.is === 'name' ? of.name : expr.is === 'call' && expr.callee.is === 'name' ? expr.callee.name.replace(/\.(?:ref|Ref)$/, '') : undefined;
  return name === undefined ? expr : { is: 'reference', module: 'troposphere', name, at: expr.at };
}

/** The properties in the words of the API. */
function asApi(node: DataNode): DataNode {
  switch (node.is) {
    case 'map': return { ...node, entries: node.entries.map(entry => ({ ...entry, key: decapitalised(entry.key), value: asApi(entry.value) })) };
    case 'list': return { ...node, items: node.items.map(asApi) };
    case 'choice': return { ...node, branches: node.branches.map(branch => branch && asApi(branch)) };
    default: return node;
  }
}
