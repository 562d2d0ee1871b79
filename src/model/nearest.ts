import { ACROSS, globOf, signs } from './glob.js';

/** A name fits a pattern of `durations`, in which `*` stands for any letters. */
export function fitsPattern(name: string, pattern: string): boolean {
  return globOf(pattern.split('*').flatMap((part, i) => [...(i === 0 ? [] : [ACROSS]), ...signs(part)])).test(name);
}

/** The known word nearest to a mistyped one, at most a third of its letters away; undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(word, candidate);
    if (distance <= limit && (!best || distance < best.distance)) best = { word: candidate, distance };
  }
  // `early-ack` for `celery/early-ack`: the family is what people leave out.
  return best?.word ?? known.find(candidate => candidate.endsWith(`/${word}`));
}

/** Levenshtein's: insertions, deletions and replacements of one character. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
