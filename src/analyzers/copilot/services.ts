import type { EcsServiceFacts, Field } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { entriesOf, isNull, textOf, valueAt, valueOf, type DataNode } from '../../parsers/nodes.js';
import { fieldAt, fixedField, placeOf, placeOfEntry, toNumber } from '../node-values.js';
import type { Variant } from './manifest.js';

/** Keys of `count` that scale, and the metrics they stand for. Source: copilot-cli, internal/pkg/manifest and its service templates. */
const METRICS: Readonly<Record<string, string>> = {
  cpu_percentage: 'ECSServiceAverageCPUUtilization', memory_percentage: 'ECSServiceAverageMemoryUtilization',
  requests: 'ALBRequestCountPerTarget', response_time: 'TargetResponseTime', queue_delay: 'BacklogPerTask',
};

/** The ECS service Copilot makes of one variant. `ownTaskDefinition`: its place among the file's task definitions. */
export function serviceOf(variant: Variant, ownTaskDefinition: number): EcsServiceFacts {
  const { root, name, environment, owner } = variant;
  const count = valueOf(root, 'count');
  const isRecreate = textOf(valueAt(root, 'deployment', 'rolling')) === 'recreate';
  const capacityProviders = capacityOf(count, variant);
  const autoscaling = autoscalingOf(count, variant);
  const always = fixedField(owner, literal(true, owner)); // not a choice in a manifest
  return {
    name,
    at: owner,
    ...(environment !== undefined && { environment }),
    ownTaskDefinition,
    ...(capacityProviders.length === 0 && { launchType: literal('FARGATE', owner) }),
    capacityProviders,
    desiredCount: desiredCount(count, variant),
    minimumHealthyPercent: isRecreate ? rolling(0, variant) : fixedField(owner),
    maximumPercent: isRecreate ? rolling(100, variant) : fixedField(owner),
    circuitBreaker: { enable: always, rollback: always },
    availabilityZoneRebalancing: fixedField(owner),
    ...(autoscaling && { autoscaling }),
  };
}

/** What `rolling: recreate` stands for. */
function rolling(percent: number, { root, owner, source }: Variant): Field {
  return fixedField(owner, literal(percent, placeOf(valueAt(root, 'deployment', 'rolling')!, source)));
}

/** A number, a spot count, or the lower end of a range. */
function desiredCount(count: DataNode | undefined, { root, base, source, owner, read }: Variant): Field {
  if (count?.is !== 'map') return fieldAt(count ? root : base, ['count'], { source, owner, read, turn: toNumber, below: ['memory', 'cpu', 'type', 'name'] });
  if (valueOf(count, 'spot')) return fieldAt(count, ['spot'], { source, owner, read, turn: toNumber });
  const range = rangeOf(count);
  return range?.minimum === undefined ? fixedField(owner) : fixedField(owner, literal(range.minimum, placeOf(range.node, source)));
}

interface Range { readonly node: DataNode; readonly minimum?: number; readonly maximum?: number; readonly spotFrom?: number }

/** `1-10`, or min, max and the first one on Spot. */
function rangeOf(count: DataNode | undefined): Range | undefined {
  const node = valueOf(count, 'range');
  if (!node || isNull(node)) return undefined;
  const [, least, most] = /^\s*(\d+)\s*-\s*(\d+)\s*$/.exec(textOf(node) ?? '') ?? [];
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : toNumber(text));
  const [minimum, maximum, spotFrom] = [number(least ?? textOf(valueOf(node, 'min'))), number(most ?? textOf(valueOf(node, 'max'))), number(textOf(valueOf(node, 'spot_from')))];
  return { node, ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }), ...(spotFrom !== undefined && { spotFrom }) };
}

/** Source: copilot-cli, convertCapacityProviders. */
function capacityOf(count: DataNode | undefined, { source }: Variant): EcsServiceFacts['capacityProviders'] {
  const range = rangeOf(count);
  const node = valueOf(count, 'spot') ?? (range && valueOf(range.node, 'spot_from'));
  if (!node || isNull(node)) return [];
  const at = placeOf(node, source);
  const spot = { name: literal('FARGATE_SPOT', at), weight: literal(1, at), at };
  const { spotFrom, minimum = 0 } = range ?? {};
  return spotFrom !== undefined && spotFrom >= minimum ? [spot, { name: literal('FARGATE', at), base: literal(Math.max(0, spotFrom - 1), at), at }] : [spot];
}

function autoscalingOf(count: DataNode | undefined, { source }: Variant): EcsServiceFacts['autoscaling'] {
  const range = rangeOf(count);
  if (!range) return undefined;
  const entry = entriesOf(count).find(({ key }) => key === 'range')!;
  const place = placeOf(range.node, source);
  return {
    ...(range.minimum !== undefined && { minimum: literal(range.minimum, place) }), ...(range.maximum !== undefined && { maximum: literal(range.maximum, place) }),
    metrics: entriesOf(count).map(({ key }) => METRICS[key]).filter(metric => metric !== undefined), at: placeOfEntry(entry, source),
  };
}
