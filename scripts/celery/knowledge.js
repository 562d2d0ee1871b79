// Asks the pinned Celery versions what they know and writes src/knowledge/celery/tables.ts.
// `--check` writes nothing: it ends with 1, and the lines that differ, where the file is not what the packages say.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = join(root, 'scripts/celery');
const target = 'src/knowledge/celery/tables.ts';

const byNumber = (a, b) => a.localeCompare(b, 'en', { numeric: true });
const versions = readdirSync(here).flatMap(file => /^requirements-(.+)\.txt$/.exec(file)?.[1] ?? []).sort(byNumber);
const newest = versions.at(-1);

/** What print-knowledge.py prints under one version. */
function ask(version) {
  const python = join(root, `.venvs/celery-${version}/bin/python`);
  if (!existsSync(python)) throw new Error(`there is no .venvs/celery-${version}: run bash scripts/celery/venvs.sh`);
  const known = JSON.parse(execFileSync(python, ['-W', 'ignore', join(here, 'print-knowledge.py')], { encoding: 'utf8', env: { PATH: process.env.PATH ?? '' }, maxBuffer: 1 << 26 }));
  if (known.versions.celery !== version) throw new Error(`.venvs/celery-${version} holds celery ${known.versions.celery}`);
  return known;
}

/** The versions something is in, as `since` and `until`; both are left out at the ends. It may not vanish and come back. */
function lifetime(what, present) {
  const first = versions.indexOf(present[0]), last = versions.indexOf(present.at(-1));
  if (last - first + 1 !== present.length) throw new Error(`${what} vanishes and comes back: ${present.join(', ')}`);
  return { ...(first > 0 && { since: present[0] }), ...(last < versions.length - 1 && { until: present.at(-1) }) };
}

/** Each entry once, in the order of the newest version, with its state in every version that has it. */
function merged(lists) {
  const names = new Set([...lists].reverse().flatMap(([, list]) => list.map(entry => entry.name)));
  return [...names].map(name => {
    const states = lists.flatMap(([version, list]) => { const entry = list.find(candidate => candidate.name === name); return entry ? [{ version, entry }] : []; });
    return { name, states, entry: states.at(-1).entry, life: lifetime(name, states.map(({ version }) => version)) };
  });
}

/** `{ '5.2.7': old, '5.6.3': new }`: each value with the first of the versions that has it; undefined where it never changed. */
function changes(states, valueOf) {
  const steps = states.filter(({ entry }, i) => i === 0 || !same(valueOf(entry), valueOf(states[i - 1].entry))).map(({ version, entry }) => [version, valueOf(entry)]);
  return steps.length > 1 ? Object.fromEntries(steps) : undefined;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The one value of all versions; a table that cannot say more must not guess. */
function constant(what, values) {
  if (!values.every(value => same(value, values[0]))) throw new Error(`${what} differs between the versions, which the table cannot say yet: ${values.map(value => JSON.stringify(value)).join(', ')}`);
  return values[0];
}

/** A value as TypeScript. */
function code(value) {
  if (typeof value === 'string') return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(code).join(', ')}]`;
  if (value === null || typeof value !== 'object') return String(value);
  if (value.infinite === true) return 'Infinity';
  if (typeof value.text === 'string') return code(value.text);
  const entries = Object.entries(value).map(([key, entry]) => `${/^[a-z_]\w*$/i.test(key) ? key : code(key)}: ${code(entry)}`);
  return entries.length > 0 ? `{ ${entries.join(', ')} }` : '{}';
}

const tuple = (fields, more) => `  [${[...fields.map(code), ...(Object.keys(more).length > 0 ? [code(more)] : [])].join(', ')}],`;

function settingRow({ name, states, entry, life }) {
  const old = constant(`the old name of ${name}`, states.map(state => state.entry.old));
  if (old.length !== 1) throw new Error(`${name} has several old names, which the table cannot say yet: ${old.join(', ')}`);
  // 5.7 checks worker_concurrency later, to let "auto" pass, and calls its type `any`: a number stays one
  const type = constant(`the type of ${name}`, states.map(state => state.entry.type).filter((one, i, all) => i === 0 || one !== 'any' || all[0] === 'any'));
  const defaults = changes(states, state => state.default);
  return tuple([name, old[0], type, entry.default], { ...life, ...(defaults && { defaults }) });
}

function optionRow({ name, states, entry, life }) {
  const all = merged(states.map(state => [state.version, state.entry.spellings.map(spelling => ({ name: spelling }))]).filter(([, list]) => list.length > 0));
  const own = all.filter(spelling => spelling.life.since !== life.since).map(spelling => [spelling.name, spelling.life.since]);
  const gone = all.filter(spelling => spelling.life.until !== life.until).map(spelling => spelling.name);
  if (gone.length > 0) throw new Error(`${gone.join(', ')} went before ${name}, which the table cannot say yet`);
  const spellings = all.map(spelling => spelling.name).sort((a, b) => entry.spellings.indexOf(a) - entry.spellings.indexOf(b));
  const [long, ...also] = spellings.filter(spelling => spelling.startsWith('--'));
  // the variables of options are made of their long names (ENVVAR_PREFIX); click names its own --help otherwise, and 5.7 a switch of beat, whose
  // variable nothing asks for
  if (!['--help', '--enable-remote-control'].includes(long) && long !== `--${name.replaceAll('_', '-')}`) throw new Error(`the option ${spellings.join(', ')} is named ${name}, which the table cannot say yet`);
  const short = spellings.filter(spelling => !spelling.startsWith('--'));
  const value = constant(`whether ${long} takes a value`, states.map(state => state.entry.value));
  const envvar = constant(`the variable of ${long}`, states.map(state => state.entry.envvar));
  return `  ${code({ long, ...(short.length > 0 && { short }), ...(also.length > 0 && { also }), value, ...(envvar !== null && { envvar }), ...life, ...(own.length > 0 && { spelled: Object.fromEntries(own) }) })},`;
}

function taskOptionRow({ name, states, entry, life }) {
  // 5.7 fills the limits from settings that the pool kept by itself before: the effect is the same
  const setting = constant(`what fills ${name}`, states.filter(state => !/time_limit$/.test(name) || state === states[0]).map(state => state.entry.setting));
  constant(`the place of ${name}`, states.map(state => state.entry.of));
  const defaults = changes(states, state => state.default);
  return tuple([name, entry.of, entry.default], { ...(setting !== null && { setting }), ...life, ...(defaults && { defaults }) });
}

function generate() {
  const known = versions.map(version => [version, ask(version)]);
  const lists = pick => merged(known.map(([version, says]) => [version, pick(says)]));
  const options = command => lists(says => says.options[command]).map(optionRow).join('\n');
  return `// Generated by scripts/celery/knowledge.js (npm run knowledge) from the packages pinned in scripts/celery/requirements-*.txt.
// Do not edit: npm run knowledge:check compares this file with what the packages say.
import type { OptionRow, SettingRow, TaskOptionRow } from './rows.js';

/** The releases that were asked, oldest first, and the kombu beside each. */
export const MEASURED = ${code(Object.fromEntries(known.map(([version, says]) => [version, { kombu: says.versions.kombu }])))} as const;

/** Every setting: name, name before 4.0, type, default in ${newest}, and what differs between the releases (celery.app.defaults). */
export const SETTING_ROWS: readonly SettingRow[] = [
${lists(says => says.settings).map(settingRow).join('\n')}
];

/** Options of \`celery\` itself, in front of the subcommand. */
export const GLOBAL_ROWS: readonly OptionRow[] = [
${options('global')}
];

/** Options of \`celery worker\`. */
export const WORKER_ROWS: readonly OptionRow[] = [
${options('worker')}
];

/** Options of \`celery beat\`. */
export const BEAT_ROWS: readonly OptionRow[] = [
${options('beat')}
];

/** The variable of an option without an \`envvar\` is this, the subcommand and the option: CELERY_WORKER_CONCURRENCY. */
export const ENVVAR_PREFIX = ${code(constant('the prefix of variables', known.map(([, says]) => says.envvar_prefix)))};

/** Every task option: name, where Celery takes it from, default in ${newest}, the setting that fills it where it is None, and what differs between the releases. */
export const TASK_OPTION_ROWS: readonly TaskOptionRow[] = [
${lists(says => says.task_options).map(taskOptionRow).join('\n')}
];

/** s. kombu's own \`visibility_timeout\` for each transport. */
export const VISIBILITY_TIMEOUTS = ${code(constant('the visibility timeout', known.map(([, says]) => says.visibility_timeout)))} as const;
`;
}

/** The lines that one text has and the other lacks. */
function difference(written, generated) {
  const [before, after] = [written, generated].map(text => text.split('\n'));
  const only = (lines, others, sign) => { const there = new Set(others); return lines.filter(line => !there.has(line)).map(line => `${sign} ${line}`); };
  const lines = [...only(before, after, '-'), ...only(after, before, '+')];
  return lines.length > 0 ? lines.join('\n') : 'the same lines in another order';
}

try {
  const path = join(root, target);
  const generated = generate();
  const written = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (!process.argv.includes('--check')) writeFileSync(path, generated);
  else if (written !== generated) throw new Error(`${target} is not what Celery ${versions.join(', ')} say; npm run knowledge writes it anew\n${difference(written, generated)}`);
  else console.log(`knowledge: ${target} is what Celery ${versions.join(', ')} say`);
} catch (error) {
  console.error(`knowledge: ${error.message}`);
  process.exitCode = 1;
}
