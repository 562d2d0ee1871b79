import type { ContainerFacts, EnvironmentEntry, Slot, SourceLocation, TaskDefinitionFacts } from '../../model/index.js';
import { entriesOf, entryOf, itemsOf, textOf, valueAt, valueOf, type DataNode, type DataSource } from '../../parsers/nodes.js';
import { insertSlots } from '../insertion.js';
import { commandOf } from '../node-commands.js';
import { healthCheckOf } from '../node-containers.js';
import { exprOf, fieldAt, fixedField, mapLiteral, placeOf, placeOfEntry, textExprOf, textsOf, toBoolean, toNumber } from '../node-values.js';
import { toMebibytes } from '../units.js';

/** `node`: a task definition, or a list of containers alone (as Terraform's `container_definitions` takes it). */
export function taskDefinitionOf(node: DataNode, source: DataSource): TaskDefinitionFacts {
  const family = textOf(valueOf(node, 'family'));
  const memory = valueOf(node, 'memory');
  const pidMode = textOf(valueOf(node, 'pidMode'));
  const containers = node.is === 'list' ? node.items : itemsOf(valueOf(node, 'containerDefinitions'));
  return {
    ...(family !== undefined && { family }),
    at: ownPlace(node, ['family', 'containerDefinitions'], source),
    requiresCompatibilities: textsOf(valueOf(node, 'requiresCompatibilities'), source),
    ...(pidMode !== undefined && { pidMode }),
    ...(memory && { memory: mapLiteral(exprOf(memory, source), toMebibytes('m')) }),
    containers: containers.filter(container => container.is === 'map' || container.is === 'choice').map((container, i) => containerOf(container, i, source)),
  };
}

/** The first of these properties, else the brace: a place that names its owner and fits on a line. */
export function ownPlace(node: DataNode, keys: readonly string[], source: DataSource): SourceLocation {
  const entry = keys.map(key => entryOf(node, key)).find(found => found !== undefined);
  return entry ? placeOfEntry(entry, source) : source.lines.at(node.start, Math.min(node.end, node.start + 1));
}

/** One container definition; `index` names one that has no name of its own. */
export function containerOf(node: DataNode, index: number, source: DataSource): ContainerFacts {
  const owner = ownPlace(node, ['name', 'image'], source);
  const options = { source, text: 'shell' } as const;
  const name = valueOf(node, 'name');
  const text = textOf(name);
  const boolean = { source, owner, turn: toBoolean };
  const [image, workingDirectory, memory, memoryReservation] = ['image', 'workingDirectory', 'memory', 'memoryReservation'].map(key => valueOf(node, key));
  const [entryPoint, command] = ['entryPoint', 'command'].map(key => commandOf(valueOf(node, key), options));
  const healthCheck = healthCheckOf(valueOf(node, 'healthCheck'), { command: 'command', startPeriod: 'startPeriod', turn: toNumber }, options);
  return {
    name: text ?? `container ${index + 1}`,
    ...(text === undefined && name && { nameFrom: textExprOf(name, source) }),
    at: owner,
    ...(image && { image: textExprOf(image, source) }),
    ...(entryPoint && { entryPoint }),
    ...(command && { command }),
    ...(workingDirectory && { workingDirectory: textExprOf(workingDirectory, source) }),
    essential: fieldAt(node, ['essential'], boolean),
    stopTimeout: fieldAt(node, ['stopTimeout'], { source, owner, turn: toNumber }),
    initProcess: fieldAt(node, ['linuxParameters', 'initProcessEnabled'], boolean),
    environment: [...environmentOf(node, source), ...secretsOf(node, source)],
    environmentFiles: itemsOf(valueOf(node, 'environmentFiles')).map(file => ({ at: placeOf(file, source) })),
    logConfiguration: logConfigurationOf(node, owner, source), ...(valueOf(node, 'firelensConfiguration') && { isLogRouter: true as const }),
    ...(healthCheck && { healthCheck }),
    dependsOn: itemsOf(valueOf(node, 'dependsOn')).map(item => ({ container: textOf(valueOf(item, 'containerName')) ?? '', condition: textOf(valueOf(item, 'condition')) ?? 'START', at: placeOf(item, source) })),
    dependsOnSlots: entryOf(node, 'dependsOn') ? [] : dependsOnSlots(node, source), mounts: itemsOf(valueOf(node, 'mountPoints')).length > 0,
    logOptions: environmentPairs(valueAt(node, 'logConfiguration', 'options'), source),
    ...(memory && { memory: mapLiteral(exprOf(memory, source), toMebibytes('m')) }),
    ...(memoryReservation && { memoryReservation: mapLiteral(exprOf(memoryReservation, source), toMebibytes('m')) }),
  };
}

function environmentOf(node: DataNode, source: DataSource): readonly EnvironmentEntry[] {
  return itemsOf(valueOf(node, 'environment')).flatMap(item => {
    const [name, value] = [textOf(valueOf(item, 'name')), valueOf(item, 'value')];
    return name === undefined ? [] : [{ name, value: value ? textExprOf(value, source) : { is: 'literal', value: '', at: placeOf(item, source) }, at: placeOf(item, source) }];
  });
}

function secretsOf(node: DataNode, source: DataSource): readonly EnvironmentEntry[] {
  return itemsOf(valueOf(node, 'secrets')).flatMap(item => {
    const name = textOf(valueOf(item, 'name'));
    return name === undefined ? [] : [{ name, value: 'secret', at: placeOf(item, source) }];
  });
}

function environmentPairs(node: DataNode | undefined, source: DataSource): readonly EnvironmentEntry[] {
  return entriesOf(node).map(entry => ({ name: entry.key, value: textExprOf(entry.value, source), at: placeOfEntry(entry, source) }));
}

/** Where a dependency on the start of one container can be written; the slot takes its name. */
function dependsOnSlots(node: DataNode, source: DataSource): readonly Slot[] {
  const [open, close] = source.encoding === 'yaml' ? ['[{ ContainerName: ', ', Condition: START }]'] : source.encoding === 'hcl' ? ['[{ containerName = ', ', condition = "START" }]'] : ['[{ "containerName": ', ', "condition": "START" }]'];
  const isCapital = source.spell?.('containerName') === 'ContainerName';
  const { escape = (text: string) => text } = source;
  const spelled = (text: string): string => escape(isCapital ? text.replace('containerName', 'ContainerName').replace('condition', 'Condition') : text);
  return insertSlots(node, ['dependsOn'], source).map(slot => ({ ...slot, before: `${slot.before ?? ''}${spelled(open!)}`, after: `${spelled(close!)}${slot.after ?? ''}` }));
}

/** The driver stands for the whole configuration. No slot: one word is not enough to write one. */
function logConfigurationOf(node: DataNode, owner: SourceLocation, source: DataSource): ContainerFacts['logConfiguration'] {
  const driver = valueAt(node, 'logConfiguration', 'logDriver');
  return fixedField(owner, driver && textExprOf(driver, source));
}
