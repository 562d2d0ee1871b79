import { posix } from 'node:path';
import { textOf, unaudited, type Process, type Reached } from '../command.js';
import { likely, type Word } from '../process-environment.js';

/** Programs that run a script of JavaScript or TypeScript. */
const RUNTIMES = /^(node|nodejs|ts-node|tsx|bun|deno)$/;
/** Options of these programs that take the next word as their value (nodejs.org/api/cli.html). */
const VALUES: ReadonlySet<string> = new Set(['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions', '--env-file', '--max-old-space-size', '-P', '--project', '--tsconfig']);
/** Words of a script's name that say that it works off a queue, and those that say that it does not. */
const CONSUMER = /^(workers?|consumers?|processors?|queues?|jobs)$/;
const NO_CONSUMER = /^(web|www|http|api|server|service|next|ui|dashboard|board|test|migrate|seed|create|setup)$/;

/** `node dist/queue-worker.js`: a consumer by the name of its script; nothing else says what a built file does. */
export function node(process: Process): readonly Reached[] {
  const script = scriptOf(process.argv.slice(1));
  const text = likely(script);
  return script && text !== undefined && (namesConsumer(text) || standsIn(process, text)) ? [unaudited('node', textOf(process.argv), process.argv[0]!.at, process)] : [];
}

/** `apps/worker` runs `dist/main.js`: the folder says what it is. */
function standsIn({ directory }: Process, script: string): boolean {
  return directory !== undefined && !script.startsWith('/') && /^(?:workers?|consumers?)$/.test(posix.basename(directory)) && /(?:^|\/)(?:main|index|app|start|bootstrap)\.[cm]?[jt]s$/.test(script);
}

export const isNode = (program: string): boolean => RUNTIMES.test(program);

/** The name of a file says that it is a consumer: `queue-worker.js`, `emailConsumer.ts`; never `service-worker.js`. */
export function namesConsumer(path: string): boolean {
  const words = posix.basename(path).replace(/\.[cm]?[jt]sx?$|\.py$/, '').replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase().split(/[^a-z]+/);
  return words.some(word => CONSUMER.test(word)) && !words.some(word => NO_CONSUMER.test(word));
}

function scriptOf(words: readonly Word[]): Word | undefined {
  for (let i = 0; i < words.length; i++) {
    const text = words[i]!.text;
    if (/^(-e|--eval|-p|--print|--test|--check|-c)$/.test(text)) return undefined;
    if (VALUES.has(text)) i++;
    else if (text !== 'run' && !text.startsWith('-')) return words[i];
  }
  return undefined;
}
