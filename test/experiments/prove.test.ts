import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { catalogue, missing } from './catalogue.js';
import { writeOutcomes, type Outcome } from './outcomes.js';
import { Invalid, run, Servers, venvOf, type Run } from './run.js';
import type { Experiment, Subject } from './experiment.js';

/** `npm run prove`, whose options come by environment (scripts/prove.js). */
const { PROVE_ALL: all, PROVE_ONLY: only, PROVE_REPEAT: repeat = '1', PROVE_REQUIRE_ALL: requireAll, PROVE_WRITE: table, PROVE_IDS: ids } = process.env;
const named = ids === undefined ? undefined : new Set(ids.split('\n'));
const chosen = catalogue().filter(({ experiment: { id, slow }, core }) => (named ? named.has(id) : only ? only.split(';').some(part => id.includes(part)) : all ? true : core && !slow));
/** A run that says nothing is run again, so often at most; one that disagrees never is. */
const AGAIN = 2;

const servers = new Servers();
afterAll(() => servers.close());

test('there is something to prove', () => { expect(chosen.length).toBeGreaterThan(0); expect(availableParallelism()).toBeGreaterThan(0); });

for (const { experiment, disagreement } of chosen) {
  const lacks = missing(experiment);
  if (lacks.length > 0 && !requireAll) { test.skip(`${experiment.id}: SKIPPED, there is no ${lacks.join(', ')}`); continue; }
  test.concurrent(experiment.id, async () => {
    expect(lacks, 'missing').toEqual([]);
    const runs: Run[] = [];
    let invalid = 0;
    while (runs.length < Number(repeat)) {
      try { runs.push(await run(experiment, servers)); } catch (error) {
        if (!(error instanceof Invalid) || ++invalid > AGAIN) throw error;
        process.stderr.write(`again: ${error.message.split('\n')[0]}\n`);
      }
    }
    if (table) writeOutcomes(table, [outcomeOf(experiment, runs, invalid)]);
    expect(runs.flatMap(each => disagreement(each) ?? [])).toEqual([]);
  });
}

function outcomeOf({ id, subject }: Experiment, runs: readonly Run[], invalid: number): Outcome {
  const words = runs.map(({ observed, boots, stop }) => Object.values(observed).map(({ verdict }) => verdict).join(',') || (boots === undefined ? (stop ? 'stopped' : 'none') : boots ? 'starts' : 'ends at its start'));
  const times = new Map<string, number>();
  for (const word of words) times.set(word, (times.get(word) ?? 0) + 1);
  const range = (values: readonly (number | undefined)[]): string => { const all = values.filter(value => value !== undefined); return all.length === 0 ? '' : `${Math.min(...all)}..${Math.max(...all)}`; };
  const stops = runs.flatMap(({ stop }) => stop ?? []);
  return {
    id, valid: runs.length, verdicts: [...times].map(([each, count]) => ({ each: each.split(','), times: count })), invalid,
    again: range(runs.flatMap(({ observed }) => Object.values(observed).map(({ again }) => again))), gone: range(stops.map(({ after }) => after)), killed: stops.length === 0 ? '' : `${stops.filter(({ killed }) => killed).length}/${stops.length}`,
    held: [...new Set(runs.flatMap(({ afterStop }) => (afterStop ? `${afterStop.ready},${afterStop.unacknowledged}` : [])))].join(' '),
    software: [...(subject.python ? [`celery ${subject.python.celery}`, `billiard ${subject.python.billiard ?? installed(subject.python.celery, 'billiard')}`] : subject.sender.is === 'celery' ? [] : nodeLibraries(subject)), runs[0]!.broker].join(', '),
  };
}

const NODE_LIBRARIES = { bullmq: ['@nestjs/bullmq', 'bullmq'], amqp: ['amqplib'], sqs: ['sqs-consumer', '@aws-sdk/client-sqs'], celery: [] } as const;
/** Those that the subject's own node_modules hold. */
function nodeLibraries({ sender, image }: Subject): readonly string[] {
  const folder = image.flatMap(part => ('link' in part ? [part.link] : []))[0]!;
  return NODE_LIBRARIES[sender.is].flatMap(name => (existsSync(`${folder}/${name}`) ? [`${name} ${(JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { readonly version: string }).version}`] : []));
}

const versions = new Map<string, string>();
function installed(celery: string, name: string): string {
  if (!versions.has(celery)) versions.set(celery, execFileSync(`${venvOf(celery)}/bin/python`, ['-c', `import importlib.metadata as m; print(m.version("${name}"))`], { encoding: 'utf8' }).trim());
  return versions.get(celery)!;
}
