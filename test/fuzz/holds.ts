import type { ValidateFunction } from 'ajv';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { analyzers } from '../../src/analyzers/index.js';
import { audit } from '../../src/audit.js';
import { auditRecording } from '../../src/commands/live.js';
import { AuditError, CONFIG_NAMES, DEFAULT_CONFIG, parseConfig, type Config } from '../../src/config.js';
import { fatedOf, timelineOf } from '../../src/fate/index.js';
import { diff, selectEdits, untilFixed } from '../../src/fix.js';
import type { Analyzer, Facts, Report, SourceLocation } from '../../src/model/index.js';
import { jsonText } from '../../src/reporters/clean.js';
import { fateJson, fateMarkdown, fateText } from '../../src/reporters/fate/index.js';
import { reporters } from '../../src/reporters/index.js';
import { inventory } from '../../src/reporters/inventory.js';
import { settings } from '../../src/reporters/settings.js';
import { rules } from '../../src/rules/index.js';
import { readRecording, type Recording } from '../../src/sources/aws/recording.js';
import type { Cache } from '../../src/sources/cache.js';
import { decode } from '../../src/sources/read-file.js';
import { validFate, validGitlab, validRdjson, validReport, validSarif } from '../schemas.js';
import { parseXml } from '../xml.js';
import type { Input } from './mutate.js';
import type { Tree } from './trees.js';

/** What does not hold. `what`: the same for inputs that fail alike. */
export class Failure extends Error {
  constructor(readonly what: string, detail = '') { super(detail === '' ? what : `${what}: ${detail}`); }
}

/** Nothing is on disk: a tree is all in memory. */
const ROOT = mkdtempSync(join(tmpdir(), 'fuzz-'));

/**
 * What must be true of every tree, whatever it holds. Throws a `Failure`, or what a part of drainlint threw, where it is not.
 * `before`: the tree as it was once, which the audit of a commit compares with.
 */
export async function holds({ before, tree: written, order }: Input): Promise<void> {
  const tree = new Map([...written].flatMap(([path, text]) => { const read = decode(Buffer.from(text)); return read === undefined ? [] : [[path, read] as const]; }));
  for (const [path, text] of written) if (text !== before.get(path)) {
    await readAlone(path, text); // as it is in memory, where no decoder has looked at it: standard input
    if (tree.get(path) !== text && tree.has(path)) await readAlone(path, tree.get(path)!);
  }
  const config = await configOf(tree);
  const run = (texts: Tree, paths: readonly string[] = [...texts.keys()].sort()): Promise<Report> => auditTree(texts, paths, config);
  const report = await run(tree);
  placesHold(report, tree);
  await documentsHold(report);

  const shuffled = await run(tree, shuffle([...tree.keys()], order));
  same('the order of the files changes what is found', found(report), found(shuffled));

  await fixesHold(tree, run);
  const recording = tree.get('recording.json');
  if (recording !== undefined) await replayHolds(recording, config);
  if (order % 4 === 0) placesHold(await auditTree(tree, [...tree.keys()].sort(), config, before), tree, before);
}

/** A file by itself: its facts are plain data whose places lie in it. Resolves to what could not be read of it, undefined where no analyzer knows the file. */
async function readAlone(path: string, text: string): Promise<Facts['problems'] | undefined> {
  let problems: Facts['problems'] | undefined;
  for (const [i, { name }] of analyzers.entries()) {
    if (!name.test(path)) continue;
    const analyzer = await (loaded[i] ??= analyzers[i]!.load({ shortRun: false }));
    if (!analyzer.recognises(path, text)) continue;
    const facts = analyzer.facts(text, path);
    placesHold(structuredClone(facts), new Map([[path, text]]));
    problems ??= facts.problems;
  }
  return problems;
}
const loaded: Promise<Analyzer>[] = [];

/** A configuration that cannot be read ends the run with a message; the tree is audited without it. */
async function configOf(tree: Tree): Promise<Config> {
  const text = tree.get(CONFIG_NAMES[0]!);
  try {
    return { ...text === undefined ? DEFAULT_CONFIG : await parseConfig(text, CONFIG_NAMES[0]!), minConfidence: 'low' };
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return { ...DEFAULT_CONFIG, minConfidence: 'low' };
  }
}

/** As a commit that adds all of it, or that follows `before`. */
async function auditTree(texts: Tree, paths: readonly string[], config: Config, before?: Tree): Promise<Report> {
  const changed = paths.filter(path => texts.get(path) !== before?.get(path));
  const report = await audit({ root: ROOT, rules, config, today: '2026-01-01', cache: async () => cache, staged: { paths, texts, changed, unmerged: [], ...(before && { before: { name: 'HEAD', paths: [...before.keys()].sort(), texts: before } }) } });
  for (const { message } of report.findings) if (message.includes('a fault of drainlint')) throw new Failure('an analyzer throws', message);
  return report;
}

/** A recording of AWS that is refused says why; any other is a report on what runs. */
async function replayHolds(text: string, config: Config): Promise<void> {
  const file = join(ROOT, 'recording.json');
  writeFileSync(file, text);
  let recording: Recording;
  try {
    recording = readRecording(file);
  } catch (error) {
    if (!(error as Error).message.startsWith(file)) throw error;
    return;
  } finally {
    rmSync(file);
  }
  const report = await auditRecording(recording, { config });
  placesHold({ ...report, model: { ...report.model, unresolved: [] } }, new Map(report.findings.map(({ at: { path } }) => [path, report.lines(path).join('\n')])));
  await documentsHold(report);
}

/** Facts of files that did not change, as long as there is room. */
const facts = new Map<string, Facts | null>();
const nothing = (): undefined => undefined;
const cache: Cache = {
  hash: text => text, stamp: nothing, tells: nothing, noteTells: nothing, id: nothing, noteId: nothing, joined: nothing, noteJoined: nothing, lastFiles: nothing, save: nothing,
  facts: key => facts.get(key),
  noteFacts(key, _path, found) { if (facts.size > 3000) facts.clear(); facts.set(key, found); },
};

/** Every place in what is reported lies in a file that is there: no line and no column beyond its end. */
function placesHold({ lines: _, rules: _rules, ...told }: Report | (Facts & { readonly lines?: never; readonly rules?: never }), tree: Tree, before?: Tree): void {
  const rows = new Map<string, readonly number[]>();
  const rowsOf = (path: string): readonly number[] => {
    if (!rows.has(path)) rows.set(path, [tree, before].flatMap(texts => texts?.get(path)?.split('\n').map(row => row.length + 1) ?? []));
    return rows.get(path)!;
  };
  const seen = new Set<unknown>(), open: unknown[] = [told];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (isPlace(value)) {
      const { path, startLine, startColumn, endLine, endColumn } = value;
      const say = (what: string): never => { throw new Failure(`a place ${what}`, JSON.stringify(value)); };
      if (!tree.has(path) && !before?.has(path) && !path.startsWith('aws:')) say('in a file that is not there');
      if (![startLine, startColumn, endLine, endColumn].every(number => Number.isSafeInteger(number) && number >= 1)) say('that is no number of a line or column');
      if (endLine < startLine || (endLine === startLine && endColumn < startColumn)) say('that ends before it begins');
      const fits = (line: number, column: number): boolean => column <= (rowsOf(path)[line - 1] ?? 0);
      if (before === undefined && tree.has(path) && (!fits(startLine, startColumn) || !fits(endLine, endColumn))) say('beyond the end of its file or line');
    }
    open.push(...(value instanceof Map ? [...value].flat() : value instanceof Set ? value : Object.values(value)));
  }
}

const isPlace = (value: object): value is SourceLocation => 'path' in value && typeof value.path === 'string' && 'startLine' in value;

const PLAIN = { color: false, verbose: true } as const;
/** Signs that change a terminal, hide text or end a line where none is meant to end. */
const UNSAFE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Every format is a document of its kind, and nothing of the tree reaches the terminal as it is. */
async function documentsHold(report: Report): Promise<void> {
  const { model, exitMarginSeconds: margin } = report;
  const fate = { report, fated: fatedOf(model.workers, model.consumers, margin), empty: [], explain: true, timelines: model.workers.map(worker => timelineOf(worker, margin)) };
  const texts: Record<string, string> = {
    settings: settings(report, PLAIN), inventory: jsonText(inventory(model)),
    'fate json': fateJson(fate), 'fate markdown': fateMarkdown(fate), 'fate text': fateText(fate, { color: false, width: 80, unicode: true, verbose: true }),
  };
  for (const [format, load] of Object.entries(reporters)) texts[format] = (await load())(report, format === 'text' ? { ...PLAIN, width: 80 } : PLAIN);
  for (const [format, text] of Object.entries(texts)) {
    if (/\p{Surrogate}/u.test(text)) throw new Failure(`${format} holds half of a character`);
    const unsafe = UNSAFE.exec(text);
    if (unsafe) throw new Failure(`${format} holds an unsafe character`, JSON.stringify(text.slice(Math.max(0, unsafe.index - 80), unsafe.index + 40)));
  }
  keeps('json', texts.json!, validReport);
  keeps('sarif', texts.sarif!, validSarif);
  keeps('gitlab', texts.gitlab!, validGitlab);
  keeps('rdjson', texts.rdjson!, validRdjson);
  keeps('fate json', texts['fate json']!, validFate);
  try {
    parseXml(texts.junit!);
  } catch (error) {
    throw new Failure('junit is no XML', (error as Error).message);
  }
  htmlHolds(texts.html!);
  for (const line of texts.github!.split('\n')) if (line !== '' && !/^::(?:error|warning|notice) [^\n]*::/.test(line)) throw new Failure('github holds a line that is no command', line);
  const shown = report.findings.filter(({ suppressed }) => !suppressed).length;
  if (texts.concise!.split('\n').length - 1 !== shown) throw new Failure('concise has another number of lines than there are findings');
}

function keeps(format: string, text: string, valid: ValidateFunction): void {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new Failure(`${format} is no JSON`, (error as Error).message);
  }
  if (!valid(read)) throw new Failure(`${format} does not keep to its schema, ${valid.errors![0]!.schemaPath}`, `${JSON.stringify(valid.errors!.slice(0, 3))}`);
}

const VOID = /^(?:meta|br|hr|input|link|img)$/;

/** Every element is closed in its order, no name stands twice, and no `<` or `&` is left that could begin something else. */
function htmlHolds(page: string): void {
  const plain = page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '').replace(/^<!doctype html>/i, '');
  const open: string[] = [];
  const rest = plain.replace(/<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z][\w:-]*(?:="[^"<]*")?)*)\s*(\/?)>/gi, (_, end: string, name: string, _attributes, closed: string) => {
    if (end === '') { if (closed === '' && !VOID.test(name)) open.push(name); } else if (open.pop() !== name) throw new Failure('html closes what is not open', name);
    return '';
  });
  if (open.length > 0 || /[<>]|&(?!(?:amp|lt|gt|quot|#\d+);)/.test(rest)) throw new Failure('html is not well-formed', /.{0,60}(?:[<>]|&(?!(?:amp|lt|gt|quot|#\d+);)).{0,40}/.exec(rest)?.[0] ?? open.join(' '));
  const ids = [...plain.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  if (new Set(ids).size !== ids.length) throw new Failure('html has a name twice', ids.find((id, i) => ids.indexOf(id) !== i));
}

/** A fix ends its finding, breaks no file, and is made once. */
async function fixesHold(tree: Tree, run: (texts: Tree) => Promise<Report>): Promise<void> {
  const over = (overlay: ReadonlyMap<string, string>): Promise<Report> => run(new Map([...tree, ...overlay]));
  const { before, report, changed } = await untilFixed(over, 'all', path => tree.get(path));
  const broken = new Set<string>();
  for (const [path, text] of changed) {
    diff(path, tree.get(path)!, text);
    const [old, now] = [await readAlone(path, tree.get(path)!), await readAlone(path, text)];
    if (old?.length !== 0) broken.add(path);
    else if (now?.length !== 0) throw new Failure('a fix breaks a file', `${path}:${now?.[0]?.at.startLine ?? '?'} ${now?.[0]?.message ?? 'not recognised'}\n${text}`);
  }
  placesHold(report, new Map([...tree, ...changed]));
  for (const edits of selectEdits(report.findings, 'all').values()) {
    const { ruleId, fix } = report.findings.find(({ fix }) => fix?.edits.some(edit => edits.includes(edit)))!;
    // where a file was not understood whole, neither is what a fix does to it
    if (fix!.edits.some(({ at }) => broken.has(at.path))) continue;
    throw new Failure(`a fix of ${ruleId} does not end its finding`, JSON.stringify({ had: before.findings.filter(finding => finding.ruleId === ruleId).map(({ fix }) => fix), left: edits }));
  }
}

/** All that is said, whatever comes first. */
const found = ({ findings }: Report): readonly string[] => findings.map(({ related = [], environments, workers = [], flow: _, ...finding }) => JSON.stringify([finding, related.map(one => JSON.stringify(one)).sort(), [...environments].sort(), [...workers].sort()])).sort();

function same(what: string, a: readonly string[], b: readonly string[]): void {
  const [one, other] = [a.find(text => !b.includes(text)), b.find(text => !a.includes(text))];
  if (one !== undefined || other !== undefined) throw new Failure(`${what}, ${/"ruleId":"([^"]+)/.exec(one ?? other!)![1]}`, `\n${one}\n--- and ---\n${other}`);
}

/** The same for the same number. */
function shuffle<T>(items: readonly T[], number: number): readonly T[] {
  const left = [...items];
  let state = number;
  return items.map(() => left.splice((state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff) % left.length, 1)[0]!);
}
