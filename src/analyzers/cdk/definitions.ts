import type { ContainerFacts, TaskDefinitionFacts } from '../../model/index.js';
import { literal } from '../../model/index.js';
import type { ConstructCall } from '../../parsers/constructs.js';
import { itemsOf, textOf, valueOf, type DataNode } from '../../parsers/nodes.js';
import { exprOf, mapLiteral, placeOf, toNumber } from '../node-values.js';
import { toMebibytes } from '../units.js';
import { containerOf } from './containers.js';
import { idOf, isPattern, lastOf, methodsOf, nameIn, objectOf, propsOf, type Program } from './program.js';

const DEFINITIONS = new Set(['FargateTaskDefinition', 'Ec2TaskDefinition', 'TaskDefinition', 'ExternalTaskDefinition']);

/** A task definition and the variable that holds it. */
export interface Defined { readonly name: string | undefined; readonly facts: TaskDefinitionFacts }

/** The task definitions that a file makes, then those it is given and adds containers to: one for each name. */
export function definitionsIn(program: Program): readonly Defined[] {
  const made = program.calls.filter(call => call.isNew && DEFINITIONS.has(lastOf(call.callee)));
  return [...made.map(call => definitionOf(call, program)), ...passedDefinitions(made, program)];
}

function definitionOf(call: ConstructCall, program: Program): Defined {
  const { source } = program;
  const props = propsOf(call);
  const [memory, family, pidMode] = [valueOf(props, 'memoryLimitMiB'), textOf(valueOf(props, 'family')), textOf(valueOf(props, 'pidMode'))];
  const compatible = compatibilitiesOf(call, valueOf(props, 'compatibility'));
  const own = containerCalls(program).filter(one => (call.name !== undefined && one.definition === call.name) || one.call.objectStart === call.start);
  return {
    name: call.name,
    facts: {
      address: `cdk.${call.name ?? call.start}`, at: call.at, family: family ?? idOf(call) ?? 'task definition', requiresCompatibilities: compatible.map(name => literal(name, call.at)),
      ...(pidMode !== undefined && { pidMode: pidMode.toLowerCase() }), containers: withOverrides(call.name, own.map(one => containerAt(one, own, program)), program),
      // FargateTaskDefinition has 512 MiB where nothing is written (facts/ecs.md 3.3)
      memory: memory ? mapLiteral(exprOf(memory, source), toMebibytes('m')) : literal(compatible.length === 1 && compatible[0] === 'FARGATE' ? 512 : null, call.at),
    },
  };
}

function compatibilitiesOf({ callee }: ConstructCall, compatibility: DataNode | undefined): readonly string[] {
  const kind = lastOf(callee);
  if (kind === 'FargateTaskDefinition') return ['FARGATE'];
  if (kind === 'Ec2TaskDefinition') return ['EC2'];
  const name = nameIn(compatibility) ?? '';
  return ['EC2', 'FARGATE'].filter(platform => new RegExp(`(?:^|[._]|AND_)${platform}(?:$|_AND)`).test(name));
}

interface ContainerCall { readonly call: ConstructCall; readonly definition: string; readonly id: string | undefined; readonly props: DataNode | undefined }

/** `definition.addContainer("id", props)` and `new ecs.ContainerDefinition(this, "id", { taskDefinition, … })`; found once for each file. */
function containerCalls({ calls }: Program): readonly ContainerCall[] {
  const known = containers.get(calls);
  if (known) return known;
  const found = calls.flatMap((call): readonly ContainerCall[] => {
    if (!call.isNew && lastOf(call.callee) === 'addContainer') return [{ call, definition: heldBy(objectOf(call.callee), calls), id: textOf(call.arguments[0]), props: call.arguments[1] }];
    if (!call.isNew || lastOf(call.callee) !== 'ContainerDefinition') return [];
    return [{ call, definition: nameIn(valueOf(propsOf(call), 'taskDefinition')) ?? '', id: idOf(call), props: propsOf(call) }];
  });
  containers.set(calls, found);
  return found;
}
const containers = new WeakMap<Program['calls'], readonly ContainerCall[]>();

/** `service.taskDefinition`: the definition that the service was given, where it was. */
function heldBy(name: string, calls: readonly ConstructCall[]): string {
  const service = /\.taskDefinition$/.test(name) ? calls.find(call => call.isNew && call.name === objectOf(name)) : undefined;
  return (service && nameIn(valueOf(propsOf(service), 'taskDefinition'))) ?? name;
}

/** Containers that are added to the task definition of a pattern: `service.taskDefinition.addContainer(…)`. */
export function addedTo(call: ConstructCall, program: Program): readonly ContainerFacts[] {
  const own = call.name === undefined ? [] : containerCalls(program).filter(({ definition }) => definition === `${call.name}.taskDefinition`);
  return own.map(one => containerAt(one, own, program));
}

/** A container with what is called on its variable: mount points, dependencies. */
function containerAt({ call, id, props }: ContainerCall, all: readonly ContainerCall[], program: Program): ContainerFacts {
  const nameOf = (variable: string | undefined): string | undefined => { const one = all.find(other => other.call.name !== undefined && other.call.name === variable); return one && (textOf(valueOf(one.props, 'containerName')) ?? one.id); };
  const dependsOn = methodsOf(call, 'addContainerDependencies', program).flatMap(({ arguments: given }) => given.flatMap(node => (node.is === 'list' ? itemsOf(node) : [node]))).flatMap(node => {
    const container = nameOf(nameIn(valueOf(node, 'container')));
    return container === undefined ? [] : [{ container, condition: lastOf(nameIn(valueOf(node, 'condition')) ?? 'HEALTHY'), at: placeOf(node, program.source) }];
  });
  return { ...containerOf({ id, props, call }, program), dependsOn, mounts: methodsOf(call, 'addMountPoints', program).length > 0 };
}

function passedDefinitions(made: readonly ConstructCall[], program: Program): readonly Defined[] {
  const patterns = program.calls.filter(call => call.isNew && call.name !== undefined && isPattern(call)).map(({ name }) => `${name}.taskDefinition`);
  const known = new Set([...made.map(({ name }) => name), ...patterns]), starts = new Set(made.map(({ start }) => start));
  const passed = containerCalls(program).filter(one => !known.has(one.definition) && !(one.call.objectStart !== undefined && starts.has(one.call.objectStart)) && one.props?.is === 'map');
  return [...new Set(passed.map(one => one.definition))].map(name => {
    const own = passed.filter(one => one.definition === name);
    return { name, facts: { address: `cdk.${name}`, at: own[0]!.call.at, requiresCompatibilities: [], containers: own.map(one => containerAt(one, own, program)) } };
  });
}

/** `cfn.addPropertyOverride("ContainerDefinitions.0.StopTimeout", 120)` on the definition's default child, by the container's number. */
function withOverrides(name: string | undefined, containers: readonly ContainerFacts[], { calls, source }: Program): readonly ContainerFacts[] {
  const overrides = calls.filter(call => name !== undefined && !call.isNew && call.callee === `${name}.node.defaultChild.addPropertyOverride`);
  return containers.map((container, i) => {
    const value = overrides.findLast(({ arguments: [path] }) => textOf(path) === `ContainerDefinitions.${i}.StopTimeout`)?.arguments[1];
    return value ? { ...container, stopTimeout: { value: mapLiteral(exprOf(value, source), toNumber), at: placeOf(value, source), slots: [] } } : container;
  });
}
