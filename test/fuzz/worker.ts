import { parentPort, workerData } from 'node:worker_threads';
import { Failure, holds } from './holds.js';
import { make, type Input, type Recipe } from './mutate.js';
import { readTrees } from './trees.js';

/** What is asked: whether all holds of an input (or of what a recipe makes), or only what a recipe makes. */
export type Question = { readonly recipe: Recipe; readonly isMadeOnly?: true } | { readonly input: Input };
/** `failed`: what does not hold, the same for inputs that fail alike, and all that is known of it. */
export interface Answer { readonly input?: Input; readonly failed?: { readonly what: string; readonly detail: string } }

const pool = readTrees((workerData as { readonly folder?: string }).folder);

/** Where in our own code it was thrown: what tells one crash from another. */
const thrownAt = (error: Error): string => /^\s+at .*\/(?:src|test)\/(.+:\d+):\d+\)?$/m.exec(error.stack ?? '')?.[1] ?? '?';

parentPort!.on('message', async (question: Question) => {
  let input: Input | undefined;
  try {
    input = 'input' in question ? question.input : make(question.recipe, pool);
    if ('recipe' in question && question.isMadeOnly) return parentPort!.postMessage({ input } satisfies Answer);
    await holds(input);
    parentPort!.postMessage({} satisfies Answer);
  } catch (error) {
    const { message, stack = '' } = error as Error;
    const failed = error instanceof Failure ? { what: error.what, detail: message } : { what: `${(error as Error).name} in ${thrownAt(error as Error)}`, detail: `${message}\n${stack}` };
    parentPort!.postMessage({ ...(input && { input }), failed } satisfies Answer);
  }
});
parentPort!.postMessage(pool.length);
