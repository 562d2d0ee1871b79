import type { ContainerFacts, Expr } from '../../model/index.js';
import { heredocSpan, unescaped } from '../../parsers/hcl.js';
import { parseJson } from '../../parsers/json.js';
import { entryOf, itemsOf, type DataEntry, type DataNode, type DataSource } from '../../parsers/nodes.js';
import { replaceAll, through } from '../../parsers/spliced.js';
import { containerOf } from '../ecs-objects/task-definitions.js';
import { exprOf } from '../node-values.js';

/** The containers that stand in a value, and what else it refers to for them. */
export interface FoundContainers { readonly containers: readonly ContainerFacts[]; readonly from?: Expr }

/**
 * `container_definitions`: a list (jsonencode), JSON in a heredoc or in quotes, or an expression that names one. Items that are expressions themselves
 * are what `from` lists.
 */
export function containersIn(node: DataNode | undefined, source: DataSource): FoundContainers {
  if (!node) return { containers: [] };
  if (node.is === 'list' || node.is === 'choice') {
    const items = itemsOf(node);
    const others = items.filter(item => item.is === 'expr').map(item => exprOf(item, source));
    const containers = items.filter(item => item.is === 'map' || item.is === 'choice').map((item, i) => containerOf(asApi(item), i, source));
    return { containers, ...(others.length > 0 && { from: { is: 'list', items: others, at: source.lines.at(node.start, node.end) } }) };
  }
  if (node.is === 'map') return { containers: [containerOf(asApi(node), 0, source)] };
  const json = jsonIn(node, source);
  if (json) return { containers: json.items.map((item, i) => containerOf(item, i, json.source)) };
  return { containers: [], from: exprOf(node, source) };
}

/** Looks like a list of containers, or like one. */
export function looksLikeContainers(node: DataNode): boolean {
  const items = node.is === 'map' ? [node] : itemsOf(node).filter(item => item.is === 'map');
  return items.length > 0 && items.every(item => entryOf(item, 'image') !== undefined && ['name', 'essential', 'logConfiguration', 'log_configuration', 'portMappings', 'command'].some(key => entryOf(item, key) !== undefined));
}

interface Inner { readonly items: readonly DataNode[]; readonly source: DataSource }

const jsonIn = (node: DataNode, source: DataSource): Inner | undefined => inHeredoc(node, source) ?? inQuotes(node, source);

/** JSON in a quoted text, `"[{\"name\": …}]"`: read without the escapes; its places are those of the file, and what is added is escaped. */
function inQuotes(node: DataNode, { lines }: DataSource): Inner | undefined {
  const written = lines.text.slice(node.start, node.end);
  if (!/^"(?:\s|\\[nrt])*[[{]/.test(written) || !written.endsWith('"')) return undefined;
  const plain = replaceAll(written.slice(1, -1), /\\(?:[nrt"\\]|u[0-9a-fA-F]{4})/g, ([escape]) => unescaped(escape));
  const parsed = parseJson(plain.text, lines.path);
  const first = node.start + 1;
  const at = through(plain, (start, end) => lines.at(first + start, first + end));
  // quotes inside `${…}` have no escapes: nothing is read then
  return parsed.problems.length > 0 || !parsed.root ? undefined : { items: itemsIn(parsed.root), source: { ...parsed.source, around: ['hcl'], escape: text => JSON.stringify(text).slice(1, -1), lines: { ...parsed.source.lines, at } } };
}

const itemsIn = (root: DataNode): readonly DataNode[] => (root.is === 'list' ? root.items : [root]);

/** JSON in a heredoc: read where it stands, everything around it blanked, so that its places are those of the file. */
function inHeredoc(node: DataNode, source: DataSource): Inner | undefined {
  const { text, path } = source.lines;
  const span = heredocSpan(node, text);
  if (!span || !/^\s*[[{]/.test(text.slice(span.start, span.end))) return undefined;
  const blank = (part: string): string => part.replace(/[^\n\r]/g, ' ');
  const parsed = parseJson(blank(text.slice(0, span.start)) + text.slice(span.start, span.end), path);
  const root = parsed.root;
  if (!root) return undefined;
  return { items: itemsIn(root), source: { ...parsed.source, lines: source.lines } };
}

/** snake_case, as modules name the same fields, in the words of the API. */
const RENAMED: Readonly<Record<string, string>> = { container_name: 'name', container_image: 'image', container_memory: 'memory', container_memory_reservation: 'memoryReservation', container_cpu: 'cpu', entrypoint: 'entryPoint', container_depends_on: 'dependsOn' };

/** The keys of a map as the API spells them: modules take snake_case. */
export function asApi(node: DataNode): DataNode {
  if (node.is === 'choice') return { ...node, branches: node.branches.map(branch => branch && asApi(branch)) };
  if (node.is === 'list') return { ...node, items: node.items.map(asApi) };
  if (node.is !== 'map') return node;
  return { ...node, entries: node.entries.map((entry): DataEntry => ({ ...entry, key: RENAMED[entry.key] ?? camel(entry.key), value: entry.key === 'options' || entry.key === 'environment' && entry.value.is === 'map' ? entry.value : asApi(entry.value) })) };
}

const camel = (key: string): string => (/^[a-z]+(?:_[a-z]+)+$/.test(key) ? key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : key);
