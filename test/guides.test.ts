import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.js';
import { reporters } from '../src/reporters/index.js';
import { docsOf } from '../src/version.js';
import { blocksOf } from './markdown-blocks.js';
import { drainlint } from './run-cli.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGES = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.md')).map(path => `docs/${path}`).sort()];
const GUIDES = PAGES.filter(path => /^docs\/[^/]+$/.test(path));

/** Markdown without its blocks and spans of code. */
const prose = (page: string): string => page.replace(/^(`{3,}).*\n[\s\S]*?^\1$/gm, '').replace(/`[^`\n]*`/g, 'code');
/** The anchors that GitHub gives a page's headings. */
function anchorsOf(page: string): readonly string[] {
  const seen = new Map<string, number>();
  return [...page.replace(/^(`{3,}).*\n[\s\S]*?^\1$/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
    const slug = heading!.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

describe('links', () => {
  test.each(PAGES)('%s', path => {
    const page = textOf(path);
    const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
    for (const link of links.filter(target => !/^https?:/.test(target))) {
      const [file, anchor] = link.split('#') as [string, string?];
      const target = file === '' ? path : join(dirname(path), file);
      expect(existsSync(join(ROOT, target)), `${path}: ${link}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(textOf(target)), `${path}: ${link}`).toContain(anchor);
    }
  });
  test('the map leads to every guide, the README to the map', () => {
    for (const guide of GUIDES.filter(path => path !== 'docs/README.md')) expect(textOf('docs/README.md')).toContain(`](${guide.slice('docs/'.length)}`);
    expect(textOf('README.md')).toContain('](docs/README.md)');
  });
  test('pages and findings are told from where the package says it lives', () => {
    expect(docsOf({})).toBe('docs');
    expect(docsOf({ homepage: 'https://github.com/o/drainlint#readme' })).toBe('https://github.com/o/drainlint/blob/HEAD/docs');
    expect(docsOf({ repository: { url: 'git+https://github.com/o/drainlint.git' } })).toBe('https://github.com/o/drainlint/blob/HEAD/docs');
    expect(docsOf({ repository: 'https://gitlab.com/g/h/drainlint' })).toBe('https://gitlab.com/g/h/drainlint/-/blob/HEAD/docs');
    expect(docsOf({ homepage: 'https://drainlint.example/' })).toBe('https://drainlint.example/docs');
  });
});

describe('pictures', () => {
  test.each(readdirSync(join(ROOT, 'docs/pictures')))('%s says what it shows, in light and dark', name => {
    const picture = textOf(`docs/pictures/${name}`);
    for (const part of ['<title id="title">', '<desc id="desc">', 'aria-labelledby="title desc"', 'prefers-color-scheme: dark']) expect(picture).toContain(part);
    const alt = PAGES.flatMap(path => [...textOf(path).matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)]).filter(([, , target]) => target!.endsWith(`pictures/${name}`)).map(([, text]) => text!);
    expect(alt.join('').length).toBeGreaterThan(40);
  });
});

interface Line { readonly page: string; readonly words: readonly string[] }
/** The lines of code of a page: in fenced blocks, and those that are indented and start with npx. */
const codeOf = (page: string): readonly string[] => [...blocksOf(page).flatMap(({ text }) => text.split('\n')), ...[...page.matchAll(/^ {4}(npx .*)$/gm)].map(([, line]) => line!)];
/** What the pages' shell and yaml start drainlint with. Quoted words lose their quotes. */
const commands: readonly Line[] = PAGES.flatMap(page => codeOf(textOf(page)).flatMap(line => [...line.matchAll(/(?:npx |run: |'|\$\(|^)drainlint(?! [-:]* ?ignore)((?: [^|&>;#)']+|'[^']*')*)/g)].map(([, rest]) => ({ page, words: (rest!.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map(word => word.replace(/^(['"])(.*)\1$/, '$2')) }))));
const helpOf = (command: string): string => drainlint(ROOT, [command, '--help']).out;
const COMMANDS = ['check', 'live', 'settings', 'fate', 'explain', 'rules', 'init', 'completion'];

describe('commands', () => {
  const helps = new Map(COMMANDS.map(command => [command, helpOf(command)]));
  const general = drainlint(ROOT, ['--help']).out;
  test('there are some', () => expect(commands.length).toBeGreaterThan(30));
  test.each(commands)('$page: drainlint $words has only what --help lists', ({ words }) => {
    const command = COMMANDS.includes(words[0] ?? '') ? words[0]! : 'check';
    const help = helps.get(command)! + general;
    for (const word of words.filter(one => one.startsWith('--'))) expect(help, words.join(' ')).toContain(word.replace(/=.*/, ''));
    for (const [i, word] of words.entries()) if (words[i - 1] === '--format') expect(Object.keys(reporters)).toContain(word.split(':')[0]);
  });
  const runs = [...new Map(commands.map(line => [line.words.join(' '), line])).values()].filter(line => line.words.some(word => word.startsWith('examples/') || ['explain', 'rules', 'completion', '--print-iam-policy'].includes(word)) && !line.words.some(word => word.startsWith('--fix') || word.includes(':report')));
  test.each(runs)('$page: drainlint $words runs', ({ words }) => {
    const run = drainlint(ROOT, words);
    expect(run.err).toBe('');
    expect(run.code).toBe(words.includes('never') || words.includes('examples/newsletter-fixed') || ['settings', 'fate', 'explain', 'rules', 'completion'].includes(words[0]!) || words.includes('--print-iam-policy') || words.includes('--print-config') ? 0 : 1);
  });
});

describe('what the guides say', () => {
  const work = mkdtempSync(join(tmpdir(), 'drainlint-guides-'));
  afterAll(() => rmSync(work, { recursive: true }));
  const newsletter = (name: string): string => {
    cpSync(join(ROOT, 'examples/newsletter'), join(work, name), { recursive: true });
    return join(work, name);
  };

  test('of the configuration: every key, and no other', async () => {
    const [all] = blocksOf(textOf('docs/configuration.md')).filter(({ heading }) => heading === 'Every key');
    await parseConfig(all!.text, 'drainlint.config.yaml');
    const keys = Object.keys((JSON.parse(textOf('schema/config.schema.json')) as { properties: object }).properties).filter(key => key !== '$schema');
    for (const key of keys) expect(all!.text, key).toMatch(new RegExp(`^${key}:`, 'm'));
  });
  test('of the output: a finding, word for word', () => {
    const shown = textOf('docs/output.md').match(/^## A finding\n\n((?: {4}.*\n)+)/m)![1]!.replace(/^ {4}/gm, '').trimEnd();
    expect(drainlint(ROOT, ['examples/newsletter']).out).toContain(`\n${shown}\n\n`);
  });
  test('of an image that nothing builds: a command in the container joins it', () => {
    const folder = newsletter('no-dockerfile');
    rmSync(join(folder, 'Dockerfile'));
    const before = drainlint(folder, ['--verbose', '.']).out;
    for (const said of ['what the container worker runs is not in the repository', 'no start command names newsletter.app:app: it is judged as the app with task functions', 'unknown: worker']) expect(before).toContain(said);
    const definition = join(folder, 'infra/task-definition.json');
    for (const service of ['newsletter-worker', 'worker']) {
      writeFileSync(join(folder, 'drainlint.config.yaml'), `workers: [ { service: ${service}, app: newsletter/app.py } ]\n`);
      const declared = drainlint(folder, ['settings', '.']).out;
      expect(declared).toMatch(/^ {2}command +the command of worker, which is not in the repository \(infra\/task-definition\.json:\d+\)\n {2}app +newsletter\.app:app/m);
      // what its command line may say is not known, what it cannot say is
      expect(declared).toMatch(/^ {2}task_time_limit +\? --time-limit is not read/m);
      expect(declared).toMatch(/^ {2}task_serializer +json/m);
      const { out, code } = drainlint(folder, ['--format', 'concise', '.']);
      expect(code).toBe(1);
      for (const rule of ['ecs/stop-timeout-too-short', 'celery/early-ack', 'celery/sigterm-remap-ineffective']) expect(out).toContain(rule);
      for (const rule of ['container/', 'celery/prefetch-above-one', 'celery/no-time-limit']) expect(out).not.toContain(rule);
    }
    writeFileSync(join(folder, 'drainlint.config.yaml'), 'workers: [ { service: another, app: newsletter/app.py } ]\n');
    expect(drainlint(folder, ['settings', '.']).out).toContain('no worker command found');
    rmSync(join(folder, 'drainlint.config.yaml'));
    writeFileSync(definition, readFileSync(definition, 'utf8').replace('"name": "worker",', '"name": "worker",\n      "command": ["celery", "-A", "newsletter.app", "worker"],'));
    expect(drainlint(folder, ['settings', '.']).out).toMatch(/^ {2}app +newsletter\.app:app/m);
  });
  test('of a command without -A among several apps: `workers` names it', () => {
    const folder = newsletter('two-apps');
    writeFileSync(join(folder, 'Dockerfile'), readFileSync(join(folder, 'Dockerfile'), 'utf8').replace('celery -A newsletter.app worker', 'celery worker'));
    writeFileSync(join(folder, 'newsletter/other.py'), 'from celery import Celery\n\napp = Celery("other", broker="redis://other/0")\n\n\n@app.task\ndef other():\n    pass\n');
    expect(drainlint(folder, ['--verbose', '.']).out).toContain('the command names no app');
    writeFileSync(join(folder, 'drainlint.config.yaml'), 'workers:\n  - service: newsletter-worker\n    app: newsletter/app.py\n');
    expect(drainlint(folder, ['settings', '.']).out).toMatch(/^ {2}app +newsletter\.app:app/m);
  });
});
