import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { DEFAULT_CONFIG, type Config } from '../src/config.js';
import { rules } from '../src/rules/index.js';
import { BASE, FORMATS, type Format } from './metamorphic/formats.js';
import { appOf, specOf, stylesOf, type Spec } from './metamorphic/spec.js';

/** The same service says the same in every language: generated services, printed in each format, give the same rules. */
const SEED = 4;
const SERVICES = Number(process.env.DRAINLINT_SERVICES ?? 200);
const STRICT: Config = { ...DEFAULT_CONFIG, minConfidence: 'low' };
const root = mkdtempSync(join(tmpdir(), 'drainlint-metamorphic-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function rulesOf(format: Format, spec: Spec, n: number): Promise<readonly string[]> {
  const folder = join(root, `${format.name.replace(/\W+/g, '-')}-${n}`);
  for (const [path, text] of Object.entries({ ...appOf(spec), ...format.files(spec) })) { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), text); }
  const { findings } = await audit({ root: folder, rules, config: STRICT });
  rmSync(folder, { recursive: true });
  return [...new Set(findings.map(({ ruleId, severity }) => `${ruleId} ${severity}`))].sort();
}

/** What the same service says in the language that the others are compared with: asked once, not once for each of them. */
const known = new Map<string, Promise<readonly string[]>>();
function rulesOfBase(spec: Spec, n: number): Promise<readonly string[]> {
  const key = JSON.stringify(spec);
  const asked = known.get(key) ?? rulesOf(BASE, spec, n);
  known.set(key, asked);
  return asked;
}

const specs = Array.from({ length: SERVICES }, (_, n) => specOf(SEED, n));

describe('a service says the same in every format', () => {
  test('the services differ enough to say something', async () => {
    const all = new Set<string>();
    for (const [n, spec] of specs.slice(0, 160).entries()) for (const id of await rulesOfBase(spec, n)) all.add(id.split(' ')[0]!);
    for (const id of ['ecs/stop-timeout-too-short', 'ecs/stop-timeout-above-fargate-limit', 'ecs/minimum-healthy-percent', 'ecs/deployment-deadlock', 'ecs/spot-interrupts-tasks', 'ecs/no-log-configuration', 'ecs/scheduler-overlap', 'container/shell-swallows-signal', 'celery/embedded-beat']) expect([...all]).toContain(id);
  }, 60_000);

  test.each(FORMATS.map(format => [format.name, format] as const))('%s', async (_name, format) => {
    const differences: string[] = [];
    const own = format.expresses ? Array.from({ length: SERVICES * 4 }, (_, n) => specOf(SEED, n)).filter(format.expresses).slice(0, SERVICES) : specs;
    expect(own.length).toBeGreaterThanOrEqual(Math.min(20, SERVICES / 3));
    for (const [n, spec] of own.entries()) {
      const said = format.said ?? (ids => ids);
      const [expected, found] = [said(await rulesOfBase(format.defaults?.(spec) ?? spec, n)), said(await rulesOf(format, spec, n))];
      if (JSON.stringify(expected) !== JSON.stringify(found)) differences.push(`${n}: ${JSON.stringify(spec)}\n  missing ${expected.filter(id => !found.includes(id)).join(', ') || 'nothing'}; too much ${found.filter(id => !expected.includes(id)).join(', ') || 'nothing'}`);
    }
    expect(differences).toEqual([]);
  }, 120_000);

  test('every style of the corpus that infrastructure has is in at least twenty samples', () => {
    const samples = new Map<number, number>();
    for (const format of [BASE, ...FORMATS]) {
      const own = format.expresses ? Array.from({ length: SERVICES * 4 }, (_, n) => specOf(SEED, n)).filter(format.expresses).slice(0, SERVICES) : specs;
      for (const spec of own) for (const style of [...(format.styles ?? []), ...stylesOf(spec)]) samples.set(style, (samples.get(style) ?? 0) + 1);
    }
    if (process.env.DRAINLINT_COVERAGE) console.log([...samples].sort(([a], [b]) => a - b).map(([style, count]) => `${style}: ${count}`).join(', '));
    for (const style of [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22]) expect(samples.get(style) ?? 0, `style ${style}`).toBeGreaterThanOrEqual(20);
  });

  test('what is no worker gets no rule of workers, in any format', async () => {
    const web = specs.filter(spec => stylesOf(spec).includes(18));
    expect(web.length).toBeGreaterThanOrEqual(15);
    for (const format of [BASE, ...FORMATS]) {
      for (const [n, spec] of web.filter(one => format.expresses?.(one) ?? true).slice(0, 8).entries()) {
        const ids = (await rulesOf(format, spec, n)).map(id => id.split(' ')[0]!).filter(id => !id.startsWith('celery/') && !ABOUT_ANY.has(id));
        expect(ids, `${format.name} ${JSON.stringify(spec)}`).toEqual([]);
      }
    }
  }, 60_000);
});

/** Rules that hold for any service: values that ECS refuses, deployments that cannot move. */
const ABOUT_ANY: ReadonlySet<string> = new Set(['ecs/stop-timeout-above-fargate-limit', 'ecs/deployment-deadlock']);
