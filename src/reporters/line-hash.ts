/** Characters of a line and of what follows it that its hash speaks of. */
const BLOCK = 100;

/**
 * GitHub's fingerprint of each line of a file: `<hash>:<which of the lines with this hash>` by the line's number, undefined where there
 * is no such line. Blanks do not count. The same as the upload action computes where a report has none (codeql-action,
 * src/fingerprints.ts): an alert keeps its identity, whoever computes it.
 */
export function lineHashes(lines: readonly string[]): (line: number) => string | undefined {
  const bare = lines.map(line => line.replace(/[\t ]/g, ''));
  const text = `${bare.join('\n')}\uffff`;
  const seen = new Map<string, number>();
  let start = 0;
  const blocks = bare.map(line => {
    const block = text.slice(start, start + BLOCK);
    const index = (seen.get(block) ?? 0) + 1;
    seen.set(block, index);
    start += line.length + 1;
    return { block, index };
  });
  return line => {
    const found = blocks[line - 1];
    return found && `${hashOf(found.block)}:${found.index}`;
  };
}

function hashOf(block: string): string {
  let hash = 0n;
  for (let i = 0; i < BLOCK; i++) hash = BigInt.asUintN(64, hash * 37n + BigInt(i < block.length ? block.charCodeAt(i) : 0));
  return hash.toString(16);
}
