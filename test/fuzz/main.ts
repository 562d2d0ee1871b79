import fc from 'fast-check';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { recipes, type Input, type Recipe } from './mutate.js';
import { inputOf, savedOf, type Saved } from './saved.js';
import { shrunk } from './shrink.js';
import type { Answer, Question } from './worker.js';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, trees: { type: 'string' }, seed: { type: 'string' }, jobs: { type: 'string', default: '2' }, replay: { type: 'string' }, help: { type: 'boolean' } } });
if (values.help) {
  console.log(`npm run fuzz -- [options]: changed trees, audited whole; what fails is kept in .fuzz and named
  --seconds N    how long (60)
  --trees DIR    seeds besides the fixtures: the repositories in this folder
  --seed S       the same inputs again
  --jobs N       threads (2)
  --replay FILE  one input of .fuzz again`);
  process.exit();
}

/** An input that takes longer hangs: the slowest parsers stop by themselves after 10 s. ms. */
const LONGEST = 30_000;
/** Inputs fast-check draws at once; with the next number as its seed it draws the next ones. */
const TOGETHER = 100;
const FOUND = '.fuzz';

type Failed = NonNullable<Answer['failed']>;

/** A thread that checks inputs, and is replaced where it does not come back. */
class Checker {
  private worker: Worker | undefined;
  private answered: (answer: Answer) => void = () => {};
  /** ms of the slowest answer. */
  slowest = 0;

  /** Resolves to the number of trees it has. */
  async start(): Promise<number> {
    const worker = this.worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: { folder: values.trees }, resourceLimits: { maxOldGenerationSizeMb: 1500 } });
    const trees = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    worker.on('message', (answer: Answer) => this.answered(answer)).on('error', error => this.lose(`the thread dies: ${(error as NodeJS.ErrnoException).code ?? error.message}`));
    return trees;
  }
  async ask(question: Question): Promise<Answer> {
    if (!this.worker) await this.start();
    const begun = Date.now();
    const timer = setTimeout(() => this.lose(`an input takes more than ${LONGEST / 1000} s`), LONGEST);
    const answer = await new Promise<Answer>(resolve => { this.answered = resolve; this.worker!.postMessage(question); });
    clearTimeout(timer);
    this.slowest = Math.max(this.slowest, Date.now() - begun);
    return answer;
  }
  private lose(what: string): void {
    void this.worker?.terminate();
    this.worker = undefined;
    this.answered({ failed: { what, detail: what } });
  }
  async stop(): Promise<void> { await this.worker?.terminate(); }
}

function save({ what, detail }: Failed, input: Input): void {
  mkdirSync(FOUND, { recursive: true });
  const file = join(FOUND, `${what.replace(/[^\w.-]+/g, '-').slice(0, 80)}.json`);
  writeFileSync(file, `${JSON.stringify(savedOf(what, input), null, 1)}\n`);
  console.log(`\n${detail.slice(0, 3000)}\n  npm run fuzz -- --replay ${file}`);
}

async function replay(file: string): Promise<number> {
  const checker = new Checker();
  const { failed } = await checker.ask({ input: inputOf(JSON.parse(readFileSync(file, 'utf8')) as Saved) });
  await checker.stop();
  console.log(failed ? failed.detail : 'all holds');
  return failed ? 1 : 0;
}

async function fuzz(): Promise<number> {
  const first = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
  const checkers = Array.from({ length: Number(values.jobs) }, () => new Checker());
  const [trees] = await Promise.all(checkers.map(checker => checker.start()));
  const end = Date.now() + Number(values.seconds) * 1000;
  console.log(`npm run fuzz -- --seed ${first}${values.trees === undefined ? '' : ` --trees ${values.trees}`}`);
  const known = new Map<string, number>();
  let [next, inputs] = [first, 0];

  /** Draws inputs, lets fast-check make the first that fails smaller, and goes on: what has failed once is only counted. */
  const work = async (checker: Checker): Promise<void> => {
    while (Date.now() < end) {
      let failing: { readonly what: string; readonly until: number } | undefined, least: { recipe: Recipe; answer: Answer } | undefined;
      const property = fc.asyncProperty(recipes, async recipe => {
        if (Date.now() > (failing?.until ?? end)) return;
        inputs++;
        const answer = await checker.ask({ recipe });
        const what = answer.failed?.what;
        if (what === undefined || (failing && failing.what !== what)) return;
        if (!failing && known.has(what)) { known.set(what, known.get(what)! + 1); return; }
        if (!failing) known.set(what, 1);
        failing ??= { what, until: Date.now() + LONGEST };
        least = { recipe, answer };
        throw new Error(what);
      });
      await fc.check(property, { seed: next++, numRuns: TOGETHER });
      if (least) await report(checker, least.recipe, least.answer.failed!, least.answer.input);
    }
  };
  await Promise.all(checkers.map(work));
  const seconds = (Date.now() - end) / 1000 + Number(values.seconds);
  await Promise.all(checkers.map(checker => checker.stop()));
  console.log(`${inputs} inputs of ${trees} trees in ${Math.round(seconds)} s (${Math.round(inputs / seconds)} a second), the slowest ${Math.max(...checkers.map(({ slowest }) => slowest))} ms`);
  for (const [what, times] of known) console.log(`${times} × ${what}`);
  return known.size > 0 ? 1 : 0;
}

/** Names what failed, and keeps its input, made smaller for as long as one input may take. */
async function report(checker: Checker, recipe: Recipe, failed: Failed, made?: Input): Promise<void> {
  const input = made ?? (await checker.ask({ recipe, isMadeOnly: true })).input;
  const until = Date.now() + LONGEST;
  if (input) save(failed, await shrunk(input, async smaller => Date.now() < until && (await checker.ask({ input: smaller })).failed?.what === failed.what));
  else console.log(`${failed.detail}\n  while it is made: ${JSON.stringify(recipe)}`);
}

process.exitCode = values.replay === undefined ? await fuzz() : await replay(values.replay);
process.exit();
