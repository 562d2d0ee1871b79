import type { Comment, Facts, InstalledVersion, SourceLocation } from '../model/index.js';

/**
 * Which versions of the packages that decide a worker's behaviour are installed.
 *
 * Lock files, requirements and manifests are read line by line. Tools write the lock files, always in the same shape; and in the
 * files that people write, the few lines wanted here (a table's head, a key, a requirement) stand on lines of their own.
 * TOML libraries keep no positions. What is written otherwise (`project.dependencies = […]`, inline tables of tables) is not seen.
 */

/** Names kept: the others do not change what happens to a task. */
const PACKAGES = new Set(['celery', 'kombu', 'billiard', 'redis', 'gevent', 'eventlet', 'django', 'flask']);

/** Characters of a line that is read; requirements are far shorter. */
const MAX_LINE = 4000;

const NAME = /(?:^|\/)(?:[\w.-]*(?:requirements|constraints)[\w.-]*\.(?:txt|in)|requirements\/[\w.-]+\.(?:txt|in)|(?:poetry|uv|pdm)\.lock|pipfile(?:\.lock)?|pyproject\.toml|setup\.(?:cfg|py))$/i;

/** A lock file, requirements file or manifest of a Python project, by its name. */
export function recognises(path: string): boolean {
  return NAME.test(path);
}

/** The versions one such file names; a file in another shape names none. */
export function facts(text: string, path: string): Facts {
  const lines = text.split(/\r?\n/).map((content, index): Line => ({ text: content.length > MAX_LINE ? '' : content, number: index + 1, path }));
  return { path, format: 'lockfile', comments: lines.flatMap(commentOf), problems: [], versions: readerOf(path)(lines) };
}

interface Line { readonly text: string; readonly number: number; readonly path: string }
type Reader = (lines: readonly Line[]) => InstalledVersion[];

function readerOf(path: string): Reader {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  if (name === 'pipfile.lock') return pipfileLock;
  if (name.endsWith('.lock')) return packageTables;
  if (name === 'pyproject.toml' || name === 'pipfile') return manifest;
  if (name === 'setup.py') return lines => lines.flatMap(listed);
  return name === 'setup.cfg' ? setupConfig : requirements;
}

const normal = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

function found(name: string, written: string | undefined, at: SourceLocation, bareIsExact = false): InstalledVersion[] {
  const known = normal(name);
  if (!PACKAGES.has(known)) return [];
  const range = written?.trim() || undefined;
  const pin = range && (/^={2,3}\s*([\w.+!-]+)$/.exec(range)?.[1] ?? (bareIsExact ? /^=?\s*(\d[\w.+!-]*)$/.exec(range)?.[1] : undefined));
  return [{ name: known, ...(pin && { version: pin }), ...(range && { range }), at }];
}

function placeOf(line: Line, start: number, length: number): SourceLocation {
  return { path: line.path, startLine: line.number, startColumn: start + 1, endLine: line.number, endColumn: start + length + 1 };
}

/** The place of `part` in a line. */
const within = (line: Line, part: string): SourceLocation => placeOf(line, Math.max(0, line.text.indexOf(part)), part.length);

function commentOf(line: Line): Comment[] {
  const match = /(^|\s)#\s{0,100}(drainlint:[^]*)$/.exec(line.text);
  if (!match) return [];
  const start = match.index + match[1]!.length;
  return [{ text: match[2]!.trim(), at: placeOf(line, start, line.text.length - start), ownLine: line.text.slice(0, start).trim() === '' }];
}

/** poetry.lock, uv.lock, pdm.lock: tables `[[package]]` that begin with `name = "…"` and `version = "…"`. */
function packageTables(lines: readonly Line[]): InstalledVersion[] {
  const versions: InstalledVersion[] = [];
  let inside = false;
  let name: string | undefined;
  for (const line of lines) {
    if (line.text.startsWith('[')) { inside = /^\[\[packages?\]\]/.test(line.text); name = undefined; }
    const match = inside ? /^(name|version)\s*=\s*"([^"]*)"/.exec(line.text) : null;
    if (match?.[1] === 'name') name = match[2];
    else if (match && name !== undefined && PACKAGES.has(normal(name))) versions.push({ name: normal(name), version: match[2]!, at: placeOf(line, 0, match[0].length) });
  }
  return versions;
}

/** Pipfile.lock: `"celery": {` … `"version": "==5.4.0"` … `}`. */
function pipfileLock(lines: readonly Line[]): InstalledVersion[] {
  const versions: InstalledVersion[] = [];
  let name = '';
  for (const line of lines) {
    name = /^\s*"([\w.-]+)"\s*:\s*\{/.exec(line.text)?.[1] ?? name;
    const written = /^\s*"version"\s*:\s*"([^"]*)"/.exec(line.text)?.[1];
    if (written !== undefined) versions.push(...found(name, written, within(line, `"${written}"`)));
  }
  return versions;
}

/** One requirement (PEP 508): its name and version range, without extras, marker, options and comment. Prose and addresses name no range. */
function requirement(written: string, line: Line, start: number): InstalledVersion[] {
  const code = written.split(/;|\s#|\s--|\\$/, 1)[0]!.trimEnd();
  const match = /^([A-Za-z0-9][\w.-]*)\s{0,100}(?:\[[^\]]*\])?([^]*)/.exec(code);
  if (!match) return [];
  const rest = match[2]!.trim().replace(/^\((.*)\)$/, '$1');
  if (rest !== '' && !/^[=<>!~@]/.test(rest)) return [];
  return found(match[1]!, rest.startsWith('@') ? undefined : rest, placeOf(line, start, code.length));
}

/** requirements.txt: one requirement a line. Options (`-r`, `--hash`), addresses and paths are no requirements. */
function requirements(lines: readonly Line[]): InstalledVersion[] {
  return lines.flatMap(line => {
    const start = line.text.length - line.text.trimStart().length;
    return requirement(line.text.slice(start), line, start);
  });
}

/** setup.cfg: requirements on indented lines under `install_requires` or in `[options.extras_require]`. */
function setupConfig(lines: readonly Line[]): InstalledVersion[] {
  let section = '', key = '';
  return lines.flatMap(line => {
    section = /^\[([^\]]+)\]/.exec(line.text)?.[1] ?? section;
    const option = /^(\w[\w.-]*)\s*[=:]/.exec(line.text);
    if (option) key = option[1]!;
    const wanted = (section === 'options' && key === 'install_requires') || section === 'options.extras_require';
    return wanted && /^\s+\S/.test(line.text) ? requirements([line]) : [];
  });
}

/** Tables whose keys are package names: Poetry's and Pipenv's. */
const NAMED = /^(?:tool\.poetry\.(?:dev-)?dependencies|tool\.poetry\.group\.[^.]+\.dependencies|packages|dev-packages)$/;
/** Arrays of requirements: PEP 621, PEP 735, uv and PDM. */
const LISTED = /^(?:project\.dependencies|project\.optional-dependencies\..+|dependency-groups\..+|tool\.uv\.(?:dev|constraint|override)-dependencies|tool\.pdm\.dev-dependencies\..+)$/;

/** pyproject.toml and Pipfile: ranges, as people write them. */
function manifest(lines: readonly Line[]): InstalledVersion[] {
  const versions: InstalledVersion[] = [];
  let table = '', array = '';
  for (const line of lines) {
    const head = array ? null : /^\s*\[\[?([^\]]+)\]/.exec(line.text);
    if (head) { table = head[1]!.trim().replaceAll('"', ''); continue; }
    const key = array ? null : /^\s*("?)([\w.-]+)\1\s*=([^]*)/.exec(line.text);
    if (key) {
      const value = key[3]!.trimStart();
      versions.push(...named(table, key[2]!, value, line));
      if (value.startsWith('[')) array = `${table}.${key[2]}`;
    }
    if (!array) continue;
    if (LISTED.test(array)) versions.push(...listed(line));
    if (/\],?$/.test(line.text.replace(/(["'])(?:(?!\1).)*\1/g, '').replace(/#[^]*/, '').trim())) array = '';
  }
  return versions;
}

/** `celery = "^5.4"`, `celery = { version = "^5.4", … }`, and `version = "^5.4"` in a table of celery's own. */
function named(table: string, key: string, value: string, line: Line): InstalledVersion[] {
  const own = key === 'version' ? /^(.*)\.([\w-]+)$/.exec(table) : null;
  const [parent, name] = own ? [own[1]!, own[2]!] : [table, key];
  if (!NAMED.test(parent) || !PACKAGES.has(normal(name))) return [];
  const written = /^(["'])(.*?)\1/.exec(value)?.[2] ?? /^\{.*?\bversion\s*=\s*(["'])(.*?)\1/.exec(value)?.[2];
  const range = written === '*' ? undefined : written;
  return found(name, range, within(line, line.text.replace(/\s#[^]*$/, '').trim()), parent.startsWith('tool.poetry'));
}

/** The requirements among the texts of a line: of an array, or of a call of setup(…). */
function listed(line: Line): InstalledVersion[] {
  const code = /^(?:[^"'#]|"[^"]*"|'[^']*')*/.exec(line.text)![0];
  return [...code.matchAll(/"([^"]*)"|'([^']*)'/g)].flatMap(match => requirement((match[1] ?? match[2])!, line, match.index + 1));
}
