import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { expect } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { audit } from '../../src/audit.js';
import { DEFAULT_CONFIG } from '../../src/config.js';
import { selectEdits, untilFixed } from '../../src/fix.js';
import type { Report } from '../../src/model/index.js';
import { rules } from '../../src/rules/index.js';
import type { Variant } from './projects.js';

/** All fixes of a project, made in memory, and what must be true of them whatever the format. Resolves to the texts that changed. */
export async function mended({ files, rule, path, written, kept }: Variant): Promise<ReadonlyMap<string, string>> {
  const root = mkdtempSync(join(tmpdir(), 'variant-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    const run = (overlay: ReadonlyMap<string, string>): Promise<Report> => audit({ root, rules, config: { ...DEFAULT_CONFIG, minConfidence: 'low' }, overlay });
    const made: string[] = [];
    const { before, report, changed } = await untilFixed(async overlay => {
      const found = await run(overlay);
      made.push(...found.findings.filter(finding => finding.fix).map(finding => finding.ruleId));
      return found;
    }, 'all', name => files[name]);
    expect(before.findings.find(finding => finding.ruleId === rule)?.fix, `${rule} has a fix`).toBeDefined();
    expect(report.findings.map(finding => finding.ruleId), 'the finding is gone').not.toContain(rule);
    expect(changed.get(path)).toMatch(written);
    if (kept) expect(changed.get(path)).toMatch(kept);
    expect([...selectEdits(report.findings, 'all')], 'a second run changes nothing').toEqual([]);
    const old = new Set([...before.findings.map(finding => finding.ruleId), ...madeToSpeak(made)]);
    expect(report.findings.map(finding => finding.ruleId).filter(id => !old.has(id)), 'nothing new').toEqual([]);
    for (const [name, text] of changed) keepsTheRest(files[name]!, text);
    for (const [name, text] of changed) parses(name, text, files[name]!);
    return changed;
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** What these rules name as what may come next. */
export const madeToSpeak = (made: readonly string[]): readonly string[] => rules.filter(rule => made.includes(rule.id)).flatMap(rule => rule.leadsTo ?? []);

/** A fix writes a few words: what is left of the old text around them is the old text, and no line end is another one. */
export function keepsTheRest(before: string, after: string): void {
  const kinds = (text: string): readonly string[] => [...new Set(text.match(/\r?\n/g) ?? [])];
  expect(kinds(after)).toEqual(kinds(before));
  expect(/\n$/.test(after), 'the end of the file').toBe(/\n$/.test(before));
  const [old, now] = [before.split(/\r?\n/), after.split(/\r?\n/)];
  // line by line: each old line is there still, or one with a few words more, less or other, which may be laid out on several lines then
  let at = 0;
  for (const line of old) {
    const same = now.indexOf(line, at);
    const [next, lines] = same >= 0 && same - at <= (line.trim() === '' ? LINES : 4) ? [same, 1] : mendedAt(line, now, at);
    expect(next, `${JSON.stringify(line)} is there still in\n${after}`).toBeGreaterThanOrEqual(0);
    expectFull(now.slice(at, next));
    at = next + lines;
  }
  expectFull(now.slice(at));
}

/** No empty line is added, but to part an import or a line of HCL from other groups. */
function expectFull(added: readonly string[]): void {
  const isImport = added.some(line => /^from celery\.|^\s*\w+ = /.test(line));
  expect(added.filter(line => line.trim() === '').length, 'no empty line is added').toBeLessThanOrEqual(isImport ? 1 : 0);
}

/** Lines that the arguments of one call may get. */
const LINES = 14;

/** Where a line stands that is another one now, and how many it takes. */
function mendedAt(line: string, now: readonly string[], at: number): readonly [number, number] {
  for (let lines = 1; lines <= LINES; lines++) {
    for (let i = at; i - at <= 4 && i + lines <= now.length; i++) if (isMended(line.trim(), now.slice(i, i + lines).map(part => part.trim()).join(' '))) return [i, lines];
  }
  return [-1, 0];
}

/** All but a few characters are the same, in the same order. */
function isMended(old: string, now: string): boolean {
  const common = subsequence(old, now);
  return old.length - common <= 20 && now.length - common <= 180 && common >= old.length / 2;
}

/** The length of the longest common subsequence. */
function subsequence(a: string, b: string): number {
  let row = new Uint16Array(b.length + 1);
  for (const one of a) {
    const next = new Uint16Array(b.length + 1);
    for (let j = 0; j < b.length; j++) next[j + 1] = one === b[j] ? row[j]! + 1 : Math.max(row[j + 1]!, next[j]!);
    row = next;
  }
  return row[b.length]!;
}

/** By a parser that is not ours: the file is valid, and where it is data all of the old data is still there but for values that were replaced. */
function parses(path: string, text: string, before: string): void {
  const read = readers.find(([name]) => name.test(path))?.[1];
  if (!read) return;
  const [old, now] = [read(before), read(text)];
  keepsKeys(old, now, '');
}

const readers: readonly (readonly [RegExp, (text: string) => unknown])[] = [
  [/\.json$/, text => JSON.parse(text) as unknown],
  [/\.ya?ml$/, text => parseAllDocuments(text, { strict: true, merge: true, uniqueKeys: true, customTags: [{ tag: '!Ref', resolve: (name: string) => name }] }).map(document => { expect(document.errors).toEqual([]); return document.toJS() as unknown; })],
  [/\.ts$/, text => { expect(ts.transpileModule(text, { reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ES2022 } }).diagnostics?.map(({ messageText }) => messageText)).toEqual([]); return undefined; }],
];

function keepsKeys(before: unknown, after: unknown, path: string): void {
  if (typeof before !== 'object' || before === null) {
    if (typeof before === 'string' || typeof before === 'number') expect(typeof after, path).toBe(typeof before);
    return;
  }
  if (Array.isArray(before)) expect((after as readonly unknown[]).length, path).toBeGreaterThanOrEqual(before.length);
  const added = Object.keys(after as object).filter(key => !(key in before));
  if (!Array.isArray(before)) expect(added.filter(key => !ADDED.has(key)), path).toEqual([]);
  // an override is put in front of the others
  for (const [key, value] of Object.entries(before)) if (!Array.isArray(before) || added.length === 0) keepsKeys(value, (after as Record<string, unknown>)[key], `${path}.${key}`);
}

const ADDED: ReadonlySet<string> = new Set(['stopTimeout', 'StopTimeout', 'stop_grace_period', 'Rollback', 'taskdef_overrides', 'path', 'value']);
