import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { DEFAULT_CONFIG } from '../src/config.js';
import type { Finding, Report } from '../src/model/index.js';
import { rules } from '../src/rules/index.js';

/** The code that a finding suggests, put where it belongs: it is Python, and the finding is gone. */
const ROOT = fileURLToPath(new URL('../fixtures/projects/sketches/tree', import.meta.url));
const PATH = 'shop/tasks.py';
const text = readFileSync(`${ROOT}/${PATH}`, 'utf8');
const lines = text.split('\n');
const on = (overlay?: ReadonlyMap<string, string>): Promise<Report> => audit({ root: ROOT, rules, config: { ...DEFAULT_CONFIG, minConfidence: 'low' }, ...(overlay && { overlay }) });
const python = spawnSync('python3', ['--version']).status === 0;

const indentOf = (line: string): number => line.length - line.trimStart().length;
const shifted = (block: readonly string[], by: number): readonly string[] => block.map(line => (line.trim() === '' ? '' : ' '.repeat(Math.max(0, indentOf(line) + by)) + line.trimStart()));

/** From the line of the loop to its last line; from the line of the decorator to the function's last line. Both 0-based, the end excluded. */
function ends({ at }: Finding): { readonly loop: readonly [number, number]; readonly fn: readonly [number, number] } {
  const from = at.startLine - 1;
  const behind = (start: number, indent: number): number => { let i = start + 1; while (i < lines.length && (lines[i]!.trim() === '' ? lines[i + 1]?.trim() !== '' || indentOf(lines[i + 1]!) > indent : indentOf(lines[i]!) > indent)) i++; return i; };
  let decorator = from;
  while (!lines[decorator]!.startsWith('@')) decorator--;
  return { loop: [from, behind(from, indentOf(lines[from]!))], fn: [decorator, behind(decorator + 1, 0)] };
}

/** The sketch with the body of the loop in place of its dots. */
function filled(code: string, body: readonly string[]): readonly string[] {
  return code.split('\n').flatMap(line => (line.includes('...') ? shifted(body, indentOf(line) - indentOf(body[0]!)) : [line]));
}

/** `last_id=0` behind the last parameter of the function below this decorator. */
const withParameter = (all: readonly string[], decorator: number): readonly string[] => all.map((line, i) => (i > decorator && line.startsWith('def ') && !all.slice(decorator, i).some(other => other.startsWith('def ')) ? line.replace(/\((.*)\):$/, (_, own: string) => `(${own === '' ? '' : `${own}, `}last_id=0):`) : line));
const WAYS = ['one task per row', '500 rows per run'] as const;

function applied(finding: Finding, title: string): string {
  const { loop, fn } = ends(finding);
  const body = lines.slice(loop[0] + 1, loop[1]).filter(line => line.trim() !== '');
  const code = filled(finding.sketches!.find(sketch => sketch.title.startsWith(title))!.code, body);
  const split = title === WAYS[0] ? code.findIndex(line => line === '') : code.length;
  if (title === WAYS[1]) return withParameter([...lines.slice(0, loop[0]), ...shifted(code, indentOf(lines[loop[0]]!)), ...lines.slice(loop[1])], fn[0]).join('\n');
  return [...lines.slice(0, loop[0]), ...shifted(code.slice(0, split), indentOf(lines[loop[0]]!)), ...lines.slice(loop[1], fn[1]), '', '', ...code.slice(split + 2), ...lines.slice(fn[1])].join('\n');
}

let before: Report;
let walks: readonly Finding[];
beforeAll(async () => {
  before = await on();
  walks = before.findings.filter(finding => finding.ruleId === 'tasks/unbatched-loop');
});

test('every loop of the project has both sketches', () => {
  expect(walks.map(({ message, sketches }) => [message.split(' ')[0], sketches?.map(({ title }) => title.split(':')[0])])).toEqual(['send_reminders', 'send_offers', 'sync_accounts'].map(name => [name, WAYS]));
});

describe.each([0, 1, 2])('the sketches of finding %i', i => {
  test.each(WAYS)('%s: is valid, and the finding is gone', async title => {
    const code = applied(walks[i]!, title);
    await expect(code).toMatchFileSnapshot(`${ROOT}/../expected/${i}-${title.replaceAll(' ', '-')}.py`);
    if (python) expect(spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: code, encoding: 'utf8' }).stderr).toBe('');
    const after = await on(new Map([[PATH, code]]));
    const known = new Set(before.findings.map(({ ruleId }) => ruleId));
    expect(after.findings.filter(({ ruleId }) => ruleId === 'tasks/unbatched-loop')).toHaveLength(2);
    expect(after.findings.map(({ ruleId }) => ruleId).filter(id => !known.has(id))).toEqual([]);
  });
});
