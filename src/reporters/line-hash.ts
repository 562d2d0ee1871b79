/** Characters of a line and of what follows it that its hash speaks of. */
const BLOCK = 100;

/**
 * GitHub's fingerprint of each line of a file: `<hash>:<which of the lines with this hash>` by the line's number, undefined where there
 * is no such line. Blanks do not count. The same as the upload action computes where a report has none (codeql-action,
 * src/fingerprints.ts): an alert keeps its identity, whoever computes it.
 */
export function lineHashes(lines: readonly string[]): (line: number) => string | undefined {
  const text = `${lines.join('\n').replace(/[\t ]+/g, '')}\uffff`;
  const starts = lines.length > 0 ? [0] : [];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return line => {
    const start = starts[line - 1];
    if (start === undefined) return undefined;
    const block = text.slice(start, start + BLOCK);
    return `${hashOf(block)}:${starts.slice(0, line).filter(other => text.startsWith(block, other)).length}`;
  };
}

function hashOf(block: string): string {
  let hash = 0n;
  for (let i = 0; i < BLOCK; i++) hash = BigInt.asUintN(64, hash * 37n + BigInt(i < block.length ? block.charCodeAt(i) : 0));
  return hash.toString(16);
}
