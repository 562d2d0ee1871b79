import { posix } from 'node:path';
import type { Expr, Field, SourceLocation } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { entriesOf, entryOf, itemsOf, textOf, valueOf, type DataEntry, type DataNode, type DataSource, type MapNode } from '../../parsers/nodes.js';
import { insertSlots, lineBreakOf, replaceSlot } from '../insertion.js';
import { exprOf, mapLiteral, placeOf, placeOfEntry, toNumber, type TextReader } from '../node-values.js';

/** One manifest as it is deployed to one environment: the overlay of `environments:` merged over the rest. */
export interface Variant {
  readonly root: MapNode;
  /** The manifest as written, where what is missing for every environment is added. */
  readonly base: MapNode;
  readonly environment?: string;
  readonly name: string;
  readonly type: string;
  readonly source: DataSource;
  /** The manifest's name: where a rule points when something is missing. */
  readonly owner: SourceLocation;
  /** The workspace, where paths of the manifest start: the folder of `copilot/`. From the repository's root. */
  readonly folder: string;
  readonly read: TextReader;
}

/** The variants of a manifest, one per environment; the manifest itself where it names none. */
export function variantsOf(root: MapNode, source: DataSource): readonly Variant[] {
  const name = textOf(valueOf(root, 'name')) ?? posix.basename(posix.dirname(source.lines.path));
  const named = entryOf(root, 'name') ?? entryOf(root, 'type')!;
  const common = { base: root, name, type: textOf(valueOf(root, 'type')) ?? '', source, owner: placeOfEntry(named, source), folder: workspaceOf(source.lines.path) };
  const environments = entriesOf(valueOf(root, 'environments'));
  if (environments.length === 0) return [{ ...common, root, read: variablesOf(undefined) }];
  return environments.map(({ key, value }) => ({ ...common, root: value.is === 'map' ? overlaid(root, value) : root, environment: key, read: variablesOf(key) }));
}

/** `a/copilot/api/manifest.yml` → `a`; a manifest elsewhere starts its paths beside it. */
function workspaceOf(path: string): string {
  const folders = posix.dirname(path).split('/');
  const copilot = folders.lastIndexOf('copilot');
  return (copilot < 0 ? folders : folders.slice(0, copilot)).join('/').replace(/^\.$/, '');
}

/** Of these an overlay's takes the place of the other: an image is built or fetched, a count is of Spot tasks or a range. */
const INSTEAD: Readonly<Record<string, string>> = { build: 'location', location: 'build', spot: 'range', range: 'spot' };

/** Maps merge key by key, anything else is replaced. */
function overlaid(base: MapNode, over: MapNode): MapNode {
  const kept = entriesOf(base).filter(({ key }) => !Object.hasOwn(INSTEAD, key) || !entryOf(over, INSTEAD[key]!));
  const entries = new Map<string, DataEntry>(kept.map(entry => [entry.key, entry]));
  for (const entry of entriesOf(over)) {
    const below = entries.get(entry.key)?.value;
    entries.set(entry.key, below?.is === 'map' && entry.value.is === 'map' ? { ...entry, value: overlaid(below, entry.value) } : entry);
  }
  return { ...base, entries: [...entries.values()] };
}

/** `${NAME}`: a variable of the shell that deploys. The environment's name is known. */
function variablesOf(environment: string | undefined): TextReader {
  return (text, at) => {
    const parts = text.split(/\$\{([A-Za-z_]\w*)\}/).flatMap((part, i): Expr[] => {
      if (i % 2 === 0) return part === '' ? [] : [literal(part, at)];
      return [part === 'COPILOT_ENVIRONMENT_NAME' && environment !== undefined ? literal(environment, at) : { is: 'environment', name: part, at }];
    });
    if (parts.every(part => part.is === 'literal')) return literal(parts.map(part => String(part.value)).join(''), at);
    return parts.length === 1 ? parts[0]! : { is: 'operation', operator: 'concat', operands: parts, at };
  };
}

/** A path of the manifest from the repository's root; undefined outside of it. */
export function fromWorkspace(written: string, { folder }: Pick<Variant, 'folder'>): string | undefined {
  const path = posix.normalize(posix.join(folder || '.', written)).replace(/\/$/, '');
  return path === '..' || path.startsWith('../') || posix.isAbsolute(written) ? undefined : path === '.' ? '' : path;
}

/** A property of the first container that only `taskdef_overrides` can set, e.g. `StopTimeout`. */
export function overrideField(property: string, variant: Variant): Field {
  const { root, base, source, owner, read } = variant;
  const path = `ContainerDefinitions[0].${property}`;
  const list = valueOf(root, 'taskdef_overrides');
  const value = itemsOf(list).filter(item => textOf(valueOf(item, 'path')) === path).map(item => valueOf(item, 'value')).findLast(node => node !== undefined);
  if (value) return { value: mapLiteral(exprOf(value, source, read), toNumber), at: placeOf(value, source), slots: [replaceSlot(value, source)] };
  return { at: owner, slots: list ? intoList(list, path, source) : intoManifest(base, path, source) };
}

function intoManifest(root: MapNode, path: string, source: DataSource): Field['slots'] {
  if (root.flow) return [];
  const lineBreak = lineBreakOf(source.lines.text);
  const item = `${lineBreak}  - path: ${path}${lineBreak}    value: `;
  return insertSlots(root, ['taskdef_overrides'], source, { below: ['exec', 'count', 'memory', 'cpu', 'type', 'name'] })
    .map(slot => ({ ...slot, before: slot.before!.trimEnd() + item }));
}

/** In front of the first item of a block list. */
function intoList(list: DataNode, path: string, source: DataSource): Field['slots'] {
  const [first] = itemsOf(list);
  if (list.is !== 'list' || list.flow || first?.is !== 'map' || first.flow) return [];
  const { text } = source.lines;
  const lineStart = text.lastIndexOf('\n', first.start - 1) + 1;
  const head = /^( *)-( +)$/.exec(text.slice(lineStart, first.start));
  if (!head) return [];
  const [lineBreak, dash, gap] = [lineBreakOf(text), head[1]!, head[2]!];
  const at = source.lines.at(first.start, first.start);
  return [{ kind: 'insert', at, encoding: ['yaml'], before: `path: ${path}${lineBreak}${dash} ${gap}value: `, after: `${lineBreak}${dash}-${gap}` }];
}
