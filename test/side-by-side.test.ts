import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { DEFAULT_CONFIG, type Config } from '../src/config.js';
import { rules } from '../src/rules/index.js';

/** Several projects in one repository say what each of them says alone, though they name their modules, images, task functions and packages alike. */
const STRICT: Config = { ...DEFAULT_CONFIG, minConfidence: 'low' };
const ROOT = new URL('..', import.meta.url).pathname;
const root = mkdtempSync(join(tmpdir(), 'drainlint-side-by-side-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const projects = [
  'examples/newsletter', 'examples/newsletter-fixed',
  ...readdirSync(join(ROOT, 'fixtures/projects')).flatMap(name => (name.startsWith('clean-') ? [`fixtures/projects/${name}/tree`] : [])),
  ...['01-entrypoint-child-not-waited', '07-loop-of-mails-over-visibility', '08-missing-exec'].flatMap(incident => ['form', 'split'].map(variant => `fixtures/incidents/${incident}/${variant}/bad`)),
  ...['bullmq', 'amqp', 'sqs', 'kafka', 'node', 'tasks'].flatMap(family => readdirSync(join(ROOT, 'fixtures/rules', family)).map(rule => `fixtures/rules/${family}/${rule}/bad`)),
].filter(project => !project.includes('sqs/visibility-timeout-too-short/')); // its URL names one queue, whoever declares it

let made = 0;
/** What is said of the projects of a tree, by their folder in it. */
async function said(folders: Readonly<Record<string, string>>): Promise<Readonly<Record<string, readonly string[]>>> {
  const tree = join(root, String(made++));
  for (const [folder, project] of Object.entries(folders)) {
    cpSync(join(ROOT, project), join(tree, folder), { recursive: true });
    // a project starts where its package manager's file stands; what was reduced for the incidents has none
    if (!['requirements.txt', 'package.json'].some(name => existsSync(join(tree, folder, name)))) writeFileSync(join(tree, folder, 'requirements.txt'), '');
  }
  const { findings } = await audit({ root: tree, rules, config: STRICT });
  rmSync(tree, { recursive: true });
  return Object.fromEntries(Object.keys(folders).map(folder => [folder, findings.filter(({ at }) => at.path.startsWith(`${folder}/`)).map(({ ruleId, severity, at, message }) => `${ruleId} ${severity} ${at.path.slice(folder.length)}:${at.startLine} ${message.replaceAll(`${folder}/`, '')}`).sort()]));
}

describe('projects side by side', () => {
  test.each(projects)('%s beside its copy', async project => {
    const { left: alone } = await said({ left: project });
    expect(await said({ left: project, right: project })).toEqual({ left: alone, right: alone });
  }, 30_000);

  test.each(projects.map((project, i) => [project, projects[(i + 1) % projects.length]!]))('%s beside %s', async (one, other) => {
    const [{ left }, { right }] = [await said({ left: one }), await said({ right: other })];
    expect(await said({ left: one, right: other })).toEqual({ left, right });
  }, 30_000);

  test('all of them', async () => {
    const folders = Object.fromEntries(projects.map((project, i) => [`services/p${String(i).padStart(2, '0')}`, project]));
    const alone: Record<string, readonly string[]> = {};
    for (const [folder, project] of Object.entries(folders)) alone[folder] = (await said({ [folder]: project }))[folder]!;
    expect(await said(folders)).toEqual(alone);
  }, 60_000);
});
