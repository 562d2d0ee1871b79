import type { ComposeFacts, Facts } from '../model/index.js';
import { startOf } from '../model/index.js';
import { entriesOf, entryOf, type DataNode, type DataSource } from '../parsers/nodes.js';
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
  return {
    services: entriesOf(services.value).filter(({ key, value }) => value.is === 'map' && !key.startsWith('x-')).map(entry => serviceOf(entry, source)),
    at: services.keyEnd > services.keyStart ? source.lines.at(services.keyStart, services.keyEnd) : startOf(source.lines.path),
  };
}
