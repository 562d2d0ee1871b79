import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { place, type Model, type Setting, type Worker } from '../src/model/index.js';

/**
 * Inventories of six real repositories, written by hand before the tool could answer. The trees are not part of this repository:
 * DRAINLINT_TREES names a folder that holds them as OWNER+NAME; without it there is nothing to compare, with it a tree that is not
 * there is a failure.
 */
const TREES = process.env.DRAINLINT_TREES ?? '';
const FOLDER = new URL('inventories/', import.meta.url).pathname;

interface Expected {
  readonly repository: string;
  readonly workers: readonly {
    readonly file: string; readonly name: string; readonly environment?: string; readonly command: string; readonly app: string | null; readonly platform: string;
    readonly stopTime?: readonly [number, string]; readonly stopWait?: number; readonly desiredCount?: number; readonly values: Readonly<Record<string, readonly [unknown, string]>>;
    readonly unset: readonly string[]; readonly unknown?: readonly string[]; readonly broker?: string; readonly remap?: string; readonly celery?: string; readonly billiard?: string; readonly functions?: number;
  }[];
}

const files = readdirSync(FOLDER).map(name => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Expected);

for (const expected of files) {
  const tree = join(TREES, expected.repository.replace('/', '+'));
  describe.skipIf(TREES === '')(expected.repository, () => {
    let model: Promise<Model> | undefined;
    const read = (): Promise<Model> => (model ??= audit({ root: tree, rules: [] }).then(report => report.model));

    for (const wanted of expected.workers) {
      test(`${wanted.file}: ${wanted.name}, ${wanted.command}`, async () => {
        const found = (await read()).workers.filter(worker => matches(worker, wanted));
        expect(found, `workers of ${(await read()).workers.map(worker => `${worker.id} | ${worker.command.text}`).join('\n')}`).toHaveLength(1);
        expect(summary(found[0]!, wanted)).toEqual(wish(wanted));
      });
    }

    test('each is a worker of its own, and no other deployed worker stands in these files', async () => {
      const { workers } = await read();
      const wantedFiles = [...new Set(expected.workers.map(worker => worker.file))];
      const here = workers.filter(worker => worker.role === 'deployed' && wantedFiles.some(file => standsIn(worker, file)));
      expect(here.filter(worker => !expected.workers.some(wanted => matches(worker, wanted))).map(({ id, command }) => `${id} | ${command.text}`)).toEqual([]);
      expect(new Set(expected.workers.flatMap(wanted => workers.filter(worker => matches(worker, wanted)).map(({ id }) => id))).size).toBe(expected.workers.length);
    });
  });
}

type Wanted = Expected['workers'][number];

const standsIn = (worker: Worker, file: string): boolean => worker.id.startsWith(`${file}:`) || worker.command.at.path === file;

function matches(worker: Worker, wanted: Wanted): boolean {
  return standsIn(worker, wanted.file) && (worker.name === wanted.name || worker.id.includes(`: ${wanted.name}`)) && worker.command.text.includes(wanted.command) && (wanted.environment === undefined || worker.environment === wanted.environment);
}

const originOf = (setting: Setting<unknown> | undefined): string => (setting?.state === 'set' ? [...setting.origin.map(step => step.text), place(setting.at)].join(' < ') : setting?.state ?? 'absent');

/** A value and where it comes from, in the words of the expectation: an origin that contains the wanted one is the wanted one. */
function told(setting: Setting<unknown> | undefined, wantedOrigin: string): readonly [unknown, string] {
  const origin = originOf(setting);
  return [setting?.state === 'set' ? setting.value : setting?.state ?? 'absent', origin.includes(wantedOrigin) ? wantedOrigin : origin];
}

/** s a process manager on the way waits before it kills. */
function stopWaitOf(worker: Worker): unknown {
  const manager = worker.start.links.find(link => link.kind === 'process-manager');
  return manager?.stopWait.state === 'set' ? manager.stopWait.value : manager?.stopWait.state;
}

function summary(worker: Worker, wanted: Wanted) {
  return {
    app: worker.app ? `${worker.app.at.path}:${worker.app.name}` : null, platform: worker.platform,
    ...(wanted.stopTime && { stopTime: told(worker.stopTime, wanted.stopTime[1]) }), ...(wanted.stopWait !== undefined && { stopWait: stopWaitOf(worker) }),
    ...(wanted.desiredCount !== undefined && { desiredCount: worker.service?.desiredCount.state === 'set' ? worker.service.desiredCount.value : undefined }),
    values: Object.fromEntries(Object.entries(wanted.values).map(([name, [, origin]]) => [name, told(worker.settings.get(name), origin)])),
    unset: wanted.unset.filter(name => worker.settings.get(name)?.state === 'unset'),
    unknown: (wanted.unknown ?? []).filter(name => { const setting = worker.settings.get(name); return setting?.state === 'unknown' || (setting?.state === 'set' && setting.certainty === 'unless-environment'); }),
    ...(wanted.broker && { broker: worker.broker }), ...(wanted.remap && { remap: worker.sigtermRemap.state === 'set' ? worker.sigtermRemap.value : undefined }),
    ...(wanted.celery && { celery: worker.app?.versions.celery.version }), ...(wanted.billiard && { billiard: worker.app?.versions.billiard.version }),
    ...(wanted.functions !== undefined && { functions: worker.functions.length }),
  };
}

function wish(wanted: Wanted) {
  return {
    app: wanted.app, platform: wanted.platform, ...(wanted.stopTime && { stopTime: wanted.stopTime }), ...(wanted.stopWait !== undefined && { stopWait: wanted.stopWait }), ...(wanted.desiredCount !== undefined && { desiredCount: wanted.desiredCount }),
    values: wanted.values, unset: wanted.unset, unknown: wanted.unknown ?? [], ...(wanted.broker && { broker: wanted.broker }), ...(wanted.remap && { remap: wanted.remap }),
    ...(wanted.celery && { celery: wanted.celery }), ...(wanted.billiard && { billiard: wanted.billiard }), ...(wanted.functions !== undefined && { functions: wanted.functions }),
  };
}
