import fc from 'fast-check';
import { rangesOf, type Range } from './nodes.js';
import type { Tree } from './trees.js';

/** One change. Its numbers choose among the files, nodes and places that are there, so that every number is a change. */
export interface Mutation { readonly how: keyof typeof HOW; readonly file: number; readonly a: number; readonly b: number }
/** What an input is made of: trees beside each other, changes in turn, and the order in which the files are listed. */
export interface Recipe { readonly trees: readonly number[]; readonly mutations: readonly Mutation[]; readonly order: number }
/** A tree before its changes and with them. */
export interface Input { readonly before: Tree; readonly tree: Tree; readonly order: number }

/** Characters of the longest text that is made. */
const LONGEST = 200_000;

/** Values that are something else than what a reader of their place wants. */
const VALUES = [
  '0', '-1', '1e309', '99999999999999999999', '0.5', 'null', 'None', 'true', '""', "''", '[]', '{}', '[[]]', '{"a": 1}', '"\\ud800"', '"\\u0000"', '"\\u001b[31m"', '"a\\nb"', '"__proto__"', '"constructor"', '__proto__',
  '"<script>alert(1)</script>"', '"]]>&amp;"', '"::error::x%0A"', '"`|*_[x](y)"', '"${x}"', '${var.x}', '$(x)', '"%s"', '"redis://u:p@h"', '"\u202e\u200b"', '"漢字😀"', '"*"', '*a', '&a b', '<<', '!Ref X', '!Sub "${A}"', 'x()', 'x[0]', 'lambda: 0', '-', '- -', '#', '...', '1 if x else 2', 'x ? 1 : 2', 'celery', 'celery -A app worker', '-A', '@', '"a b"',
];
/** What may stand anywhere in a file. */
const BYTES = [
  '\0', '\r', '\n', '\r\n', '\uFEFF', '\ud800', '\udc00', '\u2028', '\t', '\f', '\x1b[31m', '\x85', '\xa0', '"', "'", '"""', '`', '\\', '\\\n', '{', '}', '[', ']', '(', ')', ',', ':', ';', '#', '//', '/*', '*/', '<<EOF\n', '<<-EOT\n', '${', '%{', '$(', '---\n', ' ', '\n\n\n', '=', '->', '*', '&x ', '|', '>', '# drainlint: ignore celery/early-ack -- x\n', '# drainlint: ignore',
  'x'.repeat(20_000), ' '.repeat(5000), '('.repeat(600), '['.repeat(600), '{"a":'.repeat(600), '\n'.repeat(2000), '- '.repeat(600), 'a.'.repeat(2000), 'not '.repeat(2000), '!'.repeat(2000), '$('.repeat(300), '${a:-'.repeat(300), 'if x:\n'.repeat(300), '1+'.repeat(3000), '"a" '.repeat(2000),
];

interface Place { readonly files: Map<string, string>; readonly path: string; readonly text: string; readonly a: number; readonly b: number; readonly pool: readonly Tree[] }
const pick = <T>(from: readonly T[], number: number): T | undefined => from[number % from.length];
const splice = (text: string, start: number, end: number, by: string): string => text.slice(0, start) + by + text.slice(end);

/** A node with what separates it from the next one: a comma, or its line. */
function widened(text: string, { start, end }: Range): readonly [number, number] {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const after = /^[ \t]*,?[ \t]*/.exec(text.slice(end))![0].length;
  const isAlone = text.slice(lineStart, start).trim() === '' && /^(?:\r?\n|$)/.test(text.slice(end + after));
  return isAlone ? [lineStart, text.indexOf('\n', end) + 1 || text.length] : [start, end + after];
}

/** Changes a node of the file; `change` sees all of its kind. */
const onNode = (change: (text: string, node: Range, like: readonly Range[], place: Place) => string) => (place: Place): string => {
  const ranges = rangesOf(place.path, place.text);
  // a kind first: else nearly all nodes are names
  const kind = pick([...new Set(ranges.map(range => range.kind))], place.a);
  const like = ranges.filter(range => range.kind === kind);
  const node = pick(like, place.a >>> 8);
  return node ? change(place.text, node, like, place) : place.text;
};

const extension = (path: string): string => /[^/.]*$/.exec(path)![0].toLowerCase();

type Files = (readonly [path: string, text: string])[];
const grouped = new WeakMap<readonly Tree[], ReadonlyMap<string, Files>>();
/** All files of the trees, by the ends of their names. */
function byExtension(pool: readonly Tree[]): ReadonlyMap<string, Files> {
  const before = grouped.get(pool);
  if (before) return before;
  const groups = new Map<string, Files>();
  for (const file of pool.flatMap(tree => [...tree])) {
    const end = extension(file[0]);
    groups.get(end)?.push(file) ?? groups.set(end, [file]);
  }
  grouped.set(pool, groups);
  return groups;
}

/** Each gives the new text of the file, or changes the files. */
const HOW = {
  delete: onNode((text, node) => splice(text, ...widened(text, node), '')),
  duplicate: onNode((text, node) => {
    const [start, end] = widened(text, node);
    return splice(text, end, end, text.slice(start, end));
  }),
  swap: onNode((text, node, like, { b }) => {
    const other = pick(like.filter(({ start, end }) => end <= node.start || start >= node.end), b);
    if (!other) return text;
    const [first, second] = other.start < node.start ? [other, node] : [node, other];
    return text.slice(0, first.start) + text.slice(second.start, second.end) + text.slice(first.end, second.start) + text.slice(first.start, first.end) + text.slice(second.end);
  }),
  transplant: onNode((text, node, _like, { path, b, pool }) => {
    const donor = pick(byExtension(pool).get(extension(path)) ?? [], b);
    const by = donor && pick(rangesOf(...donor).filter(({ kind }) => kind === node.kind), b >>> 8);
    return by ? splice(text, node.start, node.end, donor[1].slice(by.start, by.end)) : text;
  }),
  value: onNode((text, node, _like, { b }) => splice(text, node.start, node.end, pick(VALUES, b)!)),
  insert: ({ text, a, b }: Place) => splice(text, a % (text.length + 1), a % (text.length + 1), pick(BYTES, b)!),
  replace: ({ text, a, b }: Place) => splice(text, a % (text.length + 1), (a % (text.length + 1)) + 1, pick(BYTES, b)!),
  cut: ({ text, a, b }: Place) => splice(text, a % (text.length + 1), (a % (text.length + 1)) + (b % 80), ''),
  truncate: ({ text, a }: Place) => text.slice(0, a % (text.length + 1)),
  crlf: ({ text }: Place) => text.replace(/\r?\n/g, '\r\n'),
  cr: ({ text }: Place) => text.replace(/\r?\n/g, '\r'),
  noEnd: ({ text }: Place) => text.trimEnd(),
  tabs: ({ text }: Place) => text.replace(/^(?: {2})+/gm, spaces => '\t'.repeat(spaces.length / 2)),
  remove: ({ files, path }: Place) => { files.delete(path); },
  copy: ({ files, path, text, b }: Place) => { files.set(pick([`copy/${path}`, path.replace(/[^/]*$/, name => `other-${name}`), path.replace(/^(?:.*\/)?/, '')], b)!, text); },
  rename: ({ files, path, text, b }: Place) => { files.delete(path); files.set(pick([...files.keys(), `dev/${path}`, `${path}.py`, 'Dockerfile', 'docker-compose.yml', 'copilot/w/manifest.yml', 'task.json', 'setup.cfg', 'pyproject.toml', 'w.service', 'supervisord.conf', 'Procfile', 'ecosystem.config.js', 'run.sh', 'package.json', 'main.tf', 'a b/ü\n.py'], b)!, text); },
} satisfies Record<string, (place: Place) => string | void>;

/** The tree a recipe makes of these. */
export function make({ trees, mutations, order }: Recipe, pool: readonly Tree[]): Input {
  const chosen = trees.map(number => pick(pool, number)!);
  const before = chosen.length === 1 ? chosen[0]! : new Map(chosen.flatMap((tree, i) => [...tree].map(([path, text]) => [i === 0 ? path : `beside/${path}`, text] as const)));
  const files = new Map(before);
  for (const { how, file, a, b } of mutations) {
    const entry = pick([...files], file);
    if (!entry) break;
    const [path, text] = entry;
    const changed = HOW[how]({ files, path, text, a, b, pool });
    if (typeof changed === 'string') files.set(path, changed.slice(0, LONGEST));
  }
  return { before, tree: files, order };
}

const number = fc.noBias(fc.nat());
const USUAL = ['delete', 'duplicate', 'swap', 'transplant', 'value', 'insert'] as const;
export const recipes: fc.Arbitrary<Recipe> = fc.record({
  trees: fc.oneof({ weight: 4, arbitrary: fc.tuple(number) }, { weight: 1, arbitrary: fc.tuple(number, number) }),
  mutations: fc.array(fc.record({ how: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...USUAL) }, { weight: 1, arbitrary: fc.constantFrom(...Object.keys(HOW) as (keyof typeof HOW)[]) }), file: number, a: number, b: number }), { minLength: 1, maxLength: 6 }),
  order: number,
});
