// `npm run ecosystem -- --trees DIR [--update]`: what drainlint finds in real repositories, against what it found before.
// DIR holds one folder OWNER+NAME for each line of test/ecosystem/repositories.tsv, with the files of that commit, as git stores them.
// Exit codes: 0 as before · 1 findings differ, or a tree is missing or not the pinned one · 2 could not run.
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { build } from './build.js';

const bin = fileURLToPath(new URL('../bin/drainlint.js', import.meta.url));
const LIST = fileURLToPath(new URL('../test/ecosystem', import.meta.url));
/** Bytes. Larger files, and links, are no part of what tells a commit: not every copy of a repository has them. */
const LARGE = 1 << 20;
const AT_ONCE = 2;

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** One hash of the paths and contents of a tree, without `.git`. */
export function contentOf(tree) {
  const hash = createHash('sha256');
  const paths = readdirSync(tree, { recursive: true }).filter(path => !/^\.git(?:\/|$)/.test(path)).sort(compare);
  for (const path of paths) {
    const stats = lstatSync(join(tree, path));
    if (stats.isFile() && stats.size <= LARGE) hash.update(`${path}\0${stats.size}\0`).update(readFileSync(join(tree, path)));
  }
  return hash.digest('hex');
}

/** The strict findings of a tree, a line each, in the order of their places: `path:line rule severity message`. */
async function findingsOf(tree) {
  const args = [bin, 'check', '--no-cache', '--preset', 'strict', '--fail-on', 'never', '--format', 'json', '.'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: tree, maxBuffer: 1 << 29 });
  return JSON.parse(stdout).findings.filter(({ suppressed }) => !suppressed)
    .map(({ path, startLine, ruleId, severity, message }) => ({ path, startLine, line: `${path}:${startLine} ${ruleId} ${severity} ${message}`.replace(/\s+/g, ' ') }))
    .sort((a, b) => compare(a.path, b.path) || a.startLine - b.startLine || compare(a.line, b.line))
    .map(({ line }) => `${line}\n`).join('');
}

/** The lines that are new (`+`) and gone (`-`) in a text against a file that need not be there. */
function changes(file, text) {
  const { status, stdout, stderr } = spawnSync('git', ['diff', '--no-index', '--no-color', '--no-ext-diff', '-U0', existsSync(file) ? file : '/dev/null', '-'], { input: text, encoding: 'utf8', maxBuffer: 1 << 29 });
  if (status > 1) throw new Error(stderr);
  const lines = stdout.split('\n');
  const first = lines.findIndex(line => line.startsWith('@@')); // behind the names
  return first < 0 ? [] : lines.slice(first).filter(line => /^[+-]/.test(line));
}

/** Compares every pinned repository; `say` is handed the report line by line. Whether all is as it was, or with `update` is now. */
export async function ecosystem({ trees, update = false, list = LIST, say = console.log }) {
  const repositories = readFileSync(join(list, 'repositories.tsv'), 'utf8').trim().split('\n').slice(1).map(row => row.split('\t'));
  mkdirSync(join(list, 'findings'), { recursive: true });
  let same = 0, changed = 0;
  const one = async ([repository, commit, content]) => {
    const name = repository.replace('/', '+');
    const [tree, file] = [join(trees, name), join(list, 'findings', `${name}.txt`)];
    if (!existsSync(tree)) return say(`${repository}: not compared, there is no ${tree}`);
    const is = contentOf(tree);
    if (is !== content) return say(`${repository}: not compared, ${tree} is not ${commit}: its content is ${is}, pinned is ${content}`);
    const found = await findingsOf(tree);
    const differing = changes(file, found);
    if (differing.length === 0 && existsSync(file)) { same++; return; }
    changed++;
    say([`${repository}: ${differing.length === 0 ? 'no findings, and no list yet' : `${differing.filter(line => line[0] === '+').length} new, ${differing.filter(line => line[0] === '-').length} gone`}`, ...differing.map(line => `  ${line[0]} ${line.slice(1)}`)].join('\n'));
    if (update) writeFileSync(file, found);
  };
  const waiting = repositories.values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => { for (const repository of waiting) await one(repository); }));
  say(`${repositories.length} repositories: ${same} as before, ${changed} ${update ? 'written' : 'changed'}, ${repositories.length - same - changed} not compared`);
  return same + (update ? changed : 0) === repositories.length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { values } = parseArgs({ options: { trees: { type: 'string' }, update: { type: 'boolean' } } });
    if (!values.trees) throw new Error('usage: npm run ecosystem -- --trees DIR [--update]');
    build();
    process.exitCode = await ecosystem(values) ? 0 : 1;
  } catch (error) {
    console.error(error.message);
    process.exitCode = 2;
  }
}
