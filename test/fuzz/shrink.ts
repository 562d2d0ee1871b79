import type { Input } from './mutate.js';

/** The parts of a list that are needed for `fails` to stay true: halves are left out, then quarters, down to single ones. */
async function needed<T>(items: readonly T[], fails: (items: readonly T[]) => Promise<boolean>): Promise<readonly T[]> {
  let kept = items;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length;) {
      const rest = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (await fails(rest)) kept = rest; else at += size;
    }
  }
  return kept;
}

/** A smaller input that fails alike: without files, then without lines that do not matter. */
export async function shrunk(input: Input, fails: (input: Input) => Promise<boolean>): Promise<Input> {
  const alone = { ...input, before: new Map<string, string>(), order: 1 };
  let least = await fails(alone) ? alone : input;
  const withFiles = (files: Iterable<readonly [string, string]>): Input => ({ ...least, tree: new Map(files) });
  least = withFiles(await needed([...least.tree], files => fails(withFiles(files))));
  for (const [path, text] of least.tree) {
    const withLines = (lines: readonly string[]): Input => withFiles(new Map([...least.tree, [path, lines.join('')] as const]));
    least = withLines(await needed(text.split(/(?<=\n)/), lines => fails(withLines(lines))));
  }
  return least;
}
