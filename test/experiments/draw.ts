import type { Listed } from './catalogue.js';
import type { Step } from './experiment.js';
import { predict } from './predict.js';

/** A cell of the matrix that had not been run when its outcome was foreseen. */
export interface Foreseen { readonly id: string; /** The verdicts that src/fate left open, for each message. */ readonly foreseen: readonly (readonly string[])[] }

/** The seed and the number of cells: 40 further ones, drawn on 2026-11-26. */
export const [SEED, CELLS] = [20_261_126, 40];

/** Draws cells whose outcome no table holds. `known`: ids that had been measured; Celery on SQS had been tried while the driver was made, `limit=14` came later. */
export function draw(all: readonly Listed[], known: ReadonlySet<string>): readonly string[] {
  const open = all.filter(({ experiment: { id, slow }, core }) => !core && !slow && !known.has(id) && /\/5\./.test(id) && !/\/(bad|good)$|\/sqs\/|limit=14/.test(id)).map(({ experiment }) => experiment.id).sort();
  const random = mulberry32(SEED);
  const drawn: string[] = [];
  while (drawn.length < CELLS) drawn.push(...open.splice(Math.floor(random() * open.length), 1));
  return drawn.sort();
}

export const messagesOf = (steps: readonly Step[]): number => steps.reduce((count, step) => count + (step.do === 'send' ? step.messages.length : 0), 0);

export function foresee(drawn: readonly string[], all: readonly Listed[]): readonly Foreseen[] {
  const steps = new Map(all.map(({ experiment }) => [experiment.id, experiment.steps]));
  return drawn.map(id => ({ id, foreseen: predict(id, messagesOf(steps.get(id)!)) }));
}

/** A small generator whose numbers depend on the seed alone (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
