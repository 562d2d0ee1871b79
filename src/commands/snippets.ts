import { entryOf, type DataNode } from '../parsers/nodes.js';
import { parseYaml } from '../parsers/yaml.js';

/** Where drainlint is fetched from: the address of its git repository, and a commit. */
export interface Origin { readonly address: string; readonly commit: string }

/** Why a file with the hook is left as it is. */
export const HAS_HOOK = 'the hook is there already';

/** What stands for an origin that is not known: to be read, not to be written into a file. */
export const UNKNOWN_ORIGIN: Origin = { address: '<the address of drainlint\'s repository>', commit: '<a commit>' };

/** drainlint's entry in the list `repos` of .pre-commit-config.yaml, its dash in this column. */
const hookLines = ({ address, commit }: Origin, column: number): readonly string[] =>
  [`- repo: ${address}`, `  rev: ${commit}`, '  hooks:', '    - id: drainlint'].map(line => ' '.repeat(column) + line);

/** A .pre-commit-config.yaml with nothing but the hook. */
export const hookFile = (origin: Origin): string => ['repos:', ...hookLines(origin, 2), ''].join('\n');

/** The text with the hook behind the last entry of `repos`, every other byte as before; or why it is left as it is. */
export function withHook(text: string, origin: Origin): { readonly text: string } | { readonly reason: string } {
  const { roots, problems } = parseYaml(text, '');
  const [root] = roots;
  if (problems.length > 0 || roots.length > 1) return { reason: 'its YAML could not be read' };
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  if (!root) return { text: `${text}${text === '' || text.endsWith('\n') ? '' : lineBreak}${hookFile(origin).replaceAll('\n', lineBreak)}` };
  const repos = entryOf(root, 'repos')?.value;
  const last = repos?.is === 'list' && !repos.flow ? repos.items.at(-1) : undefined;
  if (repos?.is !== 'list' || !last) return { reason: 'its `repos` is no list with an entry on lines of its own' };
  if (repos.items.some(hasHook)) return { reason: HAS_HOOK };
  const indent = /^ *(?=- )/.exec(text.slice(text.lastIndexOf('\n', repos.start - 1) + 1))?.[0];
  if (indent === undefined || last.end > repos.end) return { reason: 'the end of its `repos` was not found' };
  const behind = text.indexOf('\n', last.end);
  const lineEnd = behind < 0 ? text.length : text[behind - 1] === '\r' ? behind - 1 : behind;
  return { text: text.slice(0, lineEnd) + hookLines(origin, indent.length).map(line => lineBreak + line).join('') + text.slice(lineEnd) };
}

function hasHook(entry: DataNode): boolean {
  const hooks = entryOf(entry, 'hooks')?.value;
  return hooks?.is === 'list' && hooks.items.some(hook => { const id = entryOf(hook, 'id')?.value; return id?.is === 'scalar' && /^drainlint(?:-|$)/.test(String(id.value)); });
}

/** A workflow for GitHub: the action where drainlint comes from GitHub, else its command line. `branch`: the one that is judged as a whole. */
export function workflow({ address, commit }: Origin, branch: string): string {
  const [, name] = /^(?:https:\/\/|(?:ssh:\/\/)?git@)github\.com[/:](.+?)(?:\.git)?\/?$/.exec(address) ?? [];
  const steps = name !== undefined
    ? [`      - uses: ${name}@${commit}`]
    : ['      - uses: actions/setup-node@48b55a011bda9f5d6aeb4c2d9c7362e8dae4041e # v6.4.0', '        with:', '          node-version: 22', `      - run: npx --yes git+${address}#${commit} --format github`];
  return `name: drainlint
on:
  pull_request:
  push:
    branches: [${branch}]
permissions:
  contents: read
${name === undefined ? '' : '  security-events: write # findings go to code scanning where that is to be had, else they are annotations\n'}jobs:
  drainlint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          fetch-depth: 0 # a pull request is compared with its base
${steps.join('\n')}
`;
}
