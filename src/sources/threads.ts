import { parentPort, Worker } from 'node:worker_threads';
import type { Analyzer, AnalyzerEntry, Facts, Step } from '../model/index.js';
import { addSteps, newStep, record } from '../model/index.js';
import { pack, unpack } from './packing.js';
import { factsOf } from './reading.js';

/** Threads that read files: the program each of them runs (it calls `readForMain`), and how many there may be. */
export interface Threads { readonly program: URL; readonly count: number }
/** A file to read. `ids`: the analyzers that may know it, by their number in the list, the most telling first. */
export interface Work { readonly path: string; readonly text: string; readonly ids: readonly number[] }
interface Answer { readonly read: readonly { readonly path: string; readonly bytes: Uint8Array }[]; readonly step: Step }

/** Characters that a thread gets at once. */
const BATCH = 200_000;

/**
 * Facts of files, by path, packed: `unpackFacts` opens them. A file that is absent could not be read there, whatever the reason (its analyzer threw, the
 * thread ended): read it here, where that is reported.
 */
export async function readInThreads(work: readonly Work[], { program, count }: Threads): Promise<ReadonlyMap<string, Buffer>> {
  const batches = batchesOf(work);
  const found = new Map<string, Buffer>();
  await Promise.all(Array.from({ length: Math.min(count, batches.length) }, () => new Promise<void>(resolve => {
    const thread = new Worker(program);
    const next = (): void => {
      const batch = batches.pop();
      if (batch) thread.postMessage(batch);
      else void thread.terminate();
    };
    thread.on('message', ({ read, step }: Answer) => {
      for (const { path, bytes } of read) found.set(path, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      addSteps({ ...newStep(''), steps: new Map([[step.name, step]]) });
      next();
    });
    thread.on('error', () => {});
    thread.on('exit', () => resolve());
    next();
  })));
  return found;
}

export const unpackFacts = (bytes: Buffer, path: string): Facts | null => unpack(bytes, path) as Facts | null;

function batchesOf(work: readonly Work[]): Work[][] {
  const batches: Work[][] = [];
  let size = BATCH;
  for (const one of work) {
    if (size >= BATCH) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)!.push(one);
    size += one.text.length;
  }
  return batches;
}

/** In a thread: reads what it is given, until it is ended. */
export function readForMain(analyzers: readonly AnalyzerEntry[]): void {
  const loading = new Map<number, Promise<Analyzer>>();
  const load = (id: number): Promise<Analyzer> => {
    const before = loading.get(id) ?? analyzers[id]!.load({ shortRun: false });
    loading.set(id, before);
    return before;
  };
  const answer = async (work: readonly Work[]): Promise<void> => {
    const step = newStep('in threads');
    const from = performance.now();
    const read: { path: string; bytes: Uint8Array<ArrayBuffer> }[] = [];
    for (const { path, text, ids } of work) {
      const fitting = await Promise.all(ids.map(async id => ({ format: analyzers[id]!.format, analyzer: await load(id) })));
      record(step);
      try {
        const bytes = pack(factsOf(path, text, fitting) ?? null, path);
        if (bytes) read.push({ path, bytes: new Uint8Array(bytes) });
      } catch {
        // the main thread meets the same fault, and reports it
      }
      record(undefined);
    }
    parentPort!.postMessage({ read, step: { ...step, ms: performance.now() - from, times: 1 } } satisfies Answer, read.map(({ bytes }) => bytes.buffer));
  };
  parentPort!.on('message', (work: readonly Work[]) => { void answer(work); });
}
