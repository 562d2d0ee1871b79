import { posix } from 'node:path';
import type { Facts, PackageFacts } from '../model/index.js';
import { parseJson } from '../parsers/json.js';
import { textOf, type DataNode } from '../parsers/nodes.js';

export function recognises(path: string): boolean {
  return /(?:^|\/)(?:package|tsconfig[\w.-]*)\.json$/i.test(path);
}

/** How the modules of a package are named: its own name, what it depends on, and the `paths` of a tsconfig. */
export function facts(text: string, path: string): Facts {
  const { root, comments } = parseJson(text, path);
  const field = (node: DataNode | undefined, key: string): DataNode | undefined => (node?.is === 'map' ? node.entries.find(entry => entry.key === key)?.value : undefined);
  const options = field(root, 'compilerOptions');
  const written = (node: DataNode | undefined): string | undefined => node && textOf(node);
  const name = written(field(root, 'name')), main = written(field(root, 'main')) ?? written(field(root, 'module'));
  const baseUrl = written(field(options, 'baseUrl'));
  const dependencies = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'].flatMap(key => { const list = field(root, key); return list?.is === 'map' ? list.entries.map(entry => entry.key) : []; });
  const paths = field(options, 'paths');
  const found: PackageFacts = {
    ...(name !== undefined && { name }), ...(main !== undefined && { main }), dependencies, ...(baseUrl !== undefined && { baseUrl }),
    paths: paths?.is === 'map' ? paths.entries.map(({ key, value }) => [key, value.is === 'list' ? value.items.flatMap(item => { const target = textOf(item); return target === undefined ? [] : [posix.join(baseUrl ?? '.', target)]; }) : []] as const) : [],
  };
  return { path, format: 'node-package', comments, problems: [], package: found };
}
