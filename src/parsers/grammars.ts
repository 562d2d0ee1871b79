import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { Language, Parser, Range, Tree } from 'web-tree-sitter';
import { now } from '../model/index.js';

/**
 * The compiled grammars, and the packages they come from. The build copies them next to the bundle. tree-sitter-terraform.wasm lies beside
 * this module in the repository too: it is the file of @tree-sitter-grammars/tree-sitter-hcl 1.2.0 (Apache-2.0), whose package runs an
 * install script that nobody here needs; test/hcl.test.ts checks its sum.
 */
const PACKAGES = {
  'web-tree-sitter.wasm': 'web-tree-sitter/web-tree-sitter.wasm',
  'tree-sitter-python.wasm': '@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm',
} as const;

/** A parser of one language, ready to parse. */
export interface LoadedGrammar { readonly parser: Parser; readonly language: Language }

/**
 * Loads a grammar; callers keep what they get, one per process. `shortRun`: few bytes will be read, so V8 compiles WebAssembly without its
 * optimising second tier, which costs 100 ms at exit (and makes long runs 1.4 times slower). That is how a run starts (src/start.ts): code is kept between
 * runs under the flags that hold when it is compiled and when the run ends.
 */
export async function loadGrammar(name: 'tree-sitter-python.wasm' | 'tree-sitter-terraform.wasm', shortRun: boolean): Promise<LoadedGrammar> {
  if (!shortRun) optimise();
  const { Language, Parser } = await import('web-tree-sitter');
  await (runtime ??= Parser.init({ instantiateWasm }));
  const language = Language.loadSync(compiled(name));
  const parser = new Parser();
  parser.setLanguage(language);
  return { parser, language };
}

/** One for all grammars: two of them would not know each other's memory. */
let runtime: Promise<void> | undefined;

/** Of the global of this name, what is used here: TypeScript knows it of browsers only. */
declare namespace WebAssembly {
  class Module { constructor(bytes: Uint8Array); }
  class Instance { constructor(module: Module, imports: object); }
}

/** At once: what is compiled is little (functions are, as they are called), and handing it to other threads takes longer. */
const compiled = (name: Parameters<typeof grammarFile>[0]): WebAssembly.Module => new WebAssembly.Module(readFileSync(grammarFile(name)));

/** An option of Emscripten (emscripten.org/docs/api_reference/module.html). */
function instantiateWasm(imports: object, receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void): void {
  const module = compiled('web-tree-sitter.wasm');
  receive(new WebAssembly.Instance(module, imports), module);
}

let isOptimised = false;
function optimise(): void {
  if (isOptimised) return;
  isOptimised = true;
  setFlagsFromString('--no-liftoff-only');
  process.prependListener('exit', () => setFlagsFromString('--liftoff-only'));
}

/** ms of processor time for each character, four times what real files take, and for a file besides. */
const USUAL = { perCharacter: 0.001, perFile: 50 };
/** ms beyond that, of all files. A few made-up texts (100,000 continued lines of Python) would take minutes each. */
const MOST_SLOW = 2000;
let slow = 0;
/**
 * Processor time of this thread, ms: a machine that is busy with other things changes nothing, and neither does what else this process does. Linux tells it, in
 * ticks of 10 ms (proc_pid_stat(5): utime and stime). Elsewhere a quarter of the time that passes: right on a machine that has four times too much to do.
 */
export function threadTime(): number {
  try {
    const fields = readFileSync('/proc/thread-self/stat', 'latin1').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return now() / 4;
  }
}

/** The tree of a text, or of a part of it, in places of the whole. undefined: it took too long. The caller deletes it: WebAssembly memory is not garbage-collected. */
export function parseWithin(parser: Parser, text: string, part?: Range): Tree | undefined {
  const length = part ? part.endIndex - part.startIndex : text.length;
  const usual = USUAL.perFile + length * USUAL.perCharacter;
  const [started, from] = [now(), threadTime()];
  const allowed = usual + Math.max(0, MOST_SLOW - slow) / 2;
  const tree = parser.parse(text, null, { ...(part && { includedRanges: [part] }), progressCallback: () => now() - started > allowed && threadTime() - from > allowed });
  slow += Math.max(0, threadTime() - from - usual);
  if (!tree) parser.reset();
  return tree ?? undefined;
}

/** The path of a WebAssembly file: beside this module in a build, in its package in a checkout. */
export function grammarFile(name: keyof typeof PACKAGES | 'tree-sitter-terraform.wasm'): string {
  const beside = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return existsSync(beside) || name === 'tree-sitter-terraform.wasm' ? beside : createRequire(import.meta.url).resolve(PACKAGES[name]);
}
