import type { ComposeFacts, Facts } from '../model/index.js';
import { startOf } from '../model/index.js';
import { entriesOf, entryOf, mergedInto, textOf, valueOf, type DataEntry, type DataNode, type DataSource } from '../parsers/nodes.js';
import { parseYaml } from '../parsers/yaml.js';
import { serviceOf } from './compose/services.js';

/** Keys of a Compose service, also in `web: { build: . }`; lists of services in other formats (Symfony, GitLab) have none of them below `services:`. */
const SERVICE_KEYS = /^[ \t]{1,500}(?:(?:image|build|extends|<<|deploy|command|stop_grace_period)|["']?[\w.-]+["']?[ \t]*:[ \t]*\{(?:[^\n\r]{0,500}[ \t,])?(?:image|build|extends))[ \t]*:/m;

/** A Compose file by its text: a map of services, at least one with an image or a build. */
export function recognises(path: string, text: string): boolean {
  if (!/\.ya?ml$/i.test(path)) return false;
  const start = /^\uFEFF?services[ \t]*:/m.exec(text);
  if (!start) return false;
  const below = text.slice(start.index + start[0].length);
  const first = /\S/.exec(below.replace(/^[ \t]*#.*$/gm, '').replace(/[ \t]#.*$/gm, ''))?.[0];
  if (first === '{') return /\b(?:image|build)\b/.test(below);
  return first !== '-' && first !== '[' && SERVICE_KEYS.test(below);
}

/** Services as written: not merged with other files, and without Compose's defaults. */
export function facts(text: string, path: string): Facts {
  const { roots, comments, ...parsed } = parseYaml(text, path);
  const problems = [...parsed.problems];
  const source: DataSource = { ...parsed.source, report: problem => problems.push(problem) };
  const root = roots.find(document => entryOf(document, 'services') !== undefined);
  const compose = root && composeOf(root, source);
  return { path, format: 'compose', comments, problems, ...(compose && { compose }) };
}

function composeOf(root: DataNode, source: DataSource): ComposeFacts {
  const services = entryOf(root, 'services')!;
  const all = entriesOf(services.value).filter(({ key, value }) => value.is === 'map' && !key.startsWith('x-'));
  return {
    services: all.map(entry => ({ ...serviceOf(entry, source), ...inheritsOf(entry.value, all) })),
    at: services.keyEnd > services.keyStart ? source.lines.at(services.keyStart, services.keyEnd) : startOf(source.lines.path),
  };
}

/** The services whose map it merges in, or extends in the same file. */
function inheritsOf(node: DataNode, all: readonly DataEntry[]): { readonly inherits?: readonly string[] } {
  const merged = node.is === 'map' ? mergedInto(node) : [];
  const from = valueOf(node, 'extends'), extended = textOf(from) ?? (valueOf(from, 'file') ? undefined : textOf(valueOf(from, 'service')));
  const names = all.filter(({ key, value }) => value !== node && (key === extended || merged.some(map => map.start === value.start && map.end === value.end))).map(({ key }) => key);
  return names.length > 0 ? { inherits: names } : {};
}
