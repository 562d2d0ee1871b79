import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { audit } from '../audit.js';
import { AuditError, CONFIG_NAMES, DEFAULT_CONFIG, DEFAULT_THRESHOLDS } from '../config.js';
import { found } from '../reporters/found.js';
import { openToEdit, readText, replaceTogether, type LeftAlone } from '../sources/edit-file.js';
import { gitRoot } from '../sources/files.js';
import { git } from '../sources/git.js';
import { GUIDES } from '../version.js';
import { writing } from './judging.js';
import { configFor, rootOf } from './run.js';
import { HAS_HOOK, UNKNOWN_ORIGIN, hookFile, withHook, workflow, type Origin } from './snippets.js';

/** Flags of `init`, as commander hands them over. */
export interface InitFlags { readonly force?: boolean; readonly preCommit?: boolean; readonly github?: boolean; readonly from?: string }

const HOOKS = '.pre-commit-config.yaml';
const WORKFLOW = '.github/workflows/drainlint.yml';

const CONFIG = `# yaml-language-server: $schema=./node_modules/drainlint/schema/config.schema.json

# Every value below is the default or an example. Take the # away to set it.

# recommended shows findings of high and medium confidence, strict shows all. Also ./file.yaml, or a package of your own.
# extends: recommended

# rules:
#   celery/early-ack: error
#   ecs/mutable-image-tag: off

# overrides:
#   - paths: [scripts/**]
#     rules: { tasks/long-sleep: off }

# thresholds:
${Object.entries(DEFAULT_THRESHOLDS).map(([name, value]) => `#   ${name}: ${value}`).join('\n')}

# The longest observed seconds of tasks without a limit, by name.
# durations:
#   billing.tasks.export_*: 420

# Which app a service runs, where the files cannot show it.
# workers:
#   - { service: billing-worker, app: billing/celery.py }

# Findings that are known: drainlint --baseline known.jsonl --update-baseline writes them.
# baseline: known.jsonl

# ignore:
#   - { rule: tasks/unbatched-loop, path: scripts/**, reason: one-off jobs, until: 2027-03-31 }
`;

/** `drainlint init`: names what was found, writes a commented configuration at the root of the repository, and on request the hook and the workflow. Resolves to the exit code. */
export async function init({ force, preCommit, github, from }: InitFlags): Promise<number> {
  const root = rootOf([]);
  const origin = from === undefined ? installedFrom(fileURLToPath(new URL('..', import.meta.url))) : originOf(from);
  if (from !== undefined && !origin) throw new AuditError(`--from ${from} is no address with a whole commit: write https://github.com/OWNER/drainlint#COMMIT, as \`git rev-parse HEAD\` prints it`);
  if ((preCommit || github) && !origin) throw new AuditError(`${preCommit ? '--pre-commit' : '--github'}: it is not known which repository this drainlint comes from; add --from ADDRESS#COMMIT`);

  const report = await audit({ root, paths: [root], config: force ? DEFAULT_CONFIG : await configFor(root, [root], undefined), rules: [] });
  say(found(report));
  const { workers, consumers, unaudited, unresolved } = report.model;
  if (workers.length + consumers.length === 0) say(`why a worker is not recognised: ${GUIDES}/not-recognised.md${unaudited.length + unresolved.length === 0 ? '' : '; drainlint --verbose lists what could not be followed'}\n`);

  const there = CONFIG_NAMES.find(name => existsSync(join(root, name)));
  const name = there ?? CONFIG_NAMES[0];
  if (there === undefined || force) write(root, name, CONFIG);
  else say(`left as it is: ${name} (--force writes it anew)\n`);

  if (preCommit) addHook(root, origin!);
  else say(`\nBefore each commit: drainlint init --pre-commit, or in ${HOOKS}\n\n${indented(hookFile(origin ?? UNKNOWN_ORIGIN))}`);
  const flow = workflow(origin ?? UNKNOWN_ORIGIN, defaultBranch(root));
  if (!github) say(`\nFor each pull request: drainlint init --github, or in ${WORKFLOW}\n\n${indented(flow)}`);
  else if (existsSync(join(root, WORKFLOW))) say(`left as it is: ${WORKFLOW} (it is there already)\n`);
  else write(root, WORKFLOW, flow);
  return 0;
}

const say = (text: string): void => void process.stdout.write(text);
const indented = (text: string): string => text.replace(/^(?=.)/gm, '  ');

function write(root: string, path: string, text: string): undefined {
  writing(path, () => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  });
  say(`wrote ${path}\n`);
}

function addHook(root: string, origin: Origin): void {
  const isNew = !existsSync(join(root, HOOKS));
  const failed = isNew ? write(root, HOOKS, hookFile(origin)) : spliceHook(root, origin);
  if (failed) return say(`left as it is: ${HOOKS} (${failed.reason})${failed.reason === HAS_HOOK ? '' : `; the hook is\n\n${indented(hookFile(origin))}`}\n`);
  say(`${isNew ? '' : `added the hook to ${HOOKS}\n`}git runs it once \`pre-commit install\` has been run\n`);
}

function spliceHook(root: string, origin: Origin): LeftAlone | undefined {
  const file = openToEdit(root, HOOKS);
  if ('reason' in file) return file;
  const changed = withHook(file.text, origin);
  return 'reason' in changed ? changed : replaceTogether([{ file, text: changed.text }]);
}

/** The branch that others are merged into, as the clone knows it. */
const defaultBranch = (root: string): string => git(root, ['symbolic-ref', '--short', 'refs/remotes/origin/HEAD'])?.toString().trim().replace(/^origin\//, '') ?? 'main';

/** `git+https://host/path.git#commit`, as npm writes where it fetched a package from. Credentials in it are left out. */
function originOf(text: string): Origin | undefined {
  const [, address, commit] = /^(?:git\+)?([^\s#]+)#([0-9a-f]{40}|[0-9a-f]{64})$/.exec(text) ?? [];
  if (address === undefined || commit === undefined) return undefined;
  // npm turns the address of a repository on GitHub into that of its ssh
  return { address: address.replace(/^(https?:\/\/)[^/@]*@/, '$1').replace(/^ssh:\/\/git@(github\.com|gitlab\.com|bitbucket\.org)\//, 'https://$1/'), commit };
}

/** Where npm fetched this package from, or the remote and commit of the checkout it runs in. `folder`: the package's. */
function installedFrom(folder: string): Origin | undefined {
  const lock = readText(join(folder, '../.package-lock.json'));
  const packages = lock === undefined ? undefined : (JSON.parse(lock) as { readonly packages?: Readonly<Record<string, { readonly resolved?: string }>> }).packages;
  const resolved = packages?.['node_modules/drainlint']?.resolved;
  if (resolved !== undefined) return originOf(resolved);
  if (gitRoot(folder) !== resolve(folder)) return undefined;
  const [remote, commit] = [['remote', 'get-url', 'origin'], ['rev-parse', 'HEAD']].map(args => git(folder, args)?.toString().trim());
  return originOf(`${remote ?? ''}#${commit ?? ''}`);
}
