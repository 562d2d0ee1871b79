import { posix } from 'node:path';
import type { Facts, PackageFacts } from '../model/index.js';
import { parseJson } from '../parsers/json.js';
import { textOf, type DataNode } from '../parsers/nodes.js';
import { placeOf } from './node-values.js';

export function recognises(path: string): boolean {
  return /(?:^|\/)(?:package|tsconfig[\w.-]*)\.json$/i.test(path);
}

/** How the modules of a package are named (its own name, what it depends on, the `paths` of a tsconfig), and what its scripts run. */
export function facts(text: string, path: string): Facts {
  const { root, comments, source } = parseJson(text, path);
  const field = (node: DataNode | undefined, key: string): DataNode | undefined => (node?.is === 'map' ? node.entries.find(entry => entry.key === key)?.value : undefined);
  const options = field(root, 'compilerOptions');
  const written = (node: DataNode | undefined): string | undefined => node && textOf(node);
  /** `"exports": { ".": "./src/main.ts" }`, or what one of its conditions gives. */
  const exported = (node: DataNode | undefined): string | undefined => (node?.is === 'map' ? ['import', 'node', 'require', 'default'].map(key => exported(field(node, key))).find(found => found !== undefined) : written(node));
  const name = written(field(root, 'name')), main = written(field(root, 'main')) ?? written(field(root, 'module')) ?? exported(field(field(root, 'exports'), '.') ?? field(root, 'exports'));
  const packageManager = written(field(root, 'packageManager'));
  const baseUrl = written(field(options, 'baseUrl'));
  const dependencies = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'].flatMap(key => { const list = field(root, key); return list?.is === 'map' ? list.entries.map(entry => entry.key) : []; });
  const paths = field(options, 'paths'), scripts = field(root, 'scripts');
  const found: PackageFacts = {
    ...(name !== undefined && { name }), ...(main !== undefined && { main }), dependencies, ...(packageManager !== undefined && { packageManager }), ...(baseUrl !== undefined && { baseUrl }),
    scripts: scripts?.is === 'map' ? scripts.entries.flatMap(({ key, value }) => { const program = textOf(value); return program === undefined ? [] : [{ name: key, text: program, at: placeOf(value, source) }]; }) : [],
    paths: paths?.is === 'map' ? paths.entries.map(({ key, value }) => [key, value.is === 'list' ? value.items.flatMap(item => { const target = textOf(item); return target === undefined ? [] : [posix.join(baseUrl ?? '.', target)]; }) : []] as const) : [],
  };
  return { path, format: 'node-package', comments, problems: [], package: found };
}
