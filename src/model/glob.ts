/** One step of a pattern: a sign, `?` within a folder, any signs within a folder or across folders, or the next `optional` steps, which may be left out. */
type Step = string | 'one' | 'within' | 'across' | { readonly optional: number };

/** A pattern over paths. It takes as long as pattern times path, whatever stands in them: both are other people's. */
export interface Glob { test(path: string): boolean }

export const ONE = 'one', WITHIN = 'within', ACROSS = 'across';
/** Any folders, or none: what stands before a `/`. */
export const FOLDERS: readonly Step[] = [{ optional: 2 }, ACROSS, '/'];
/** The signs of a text, as they are. */
export const signs = (text: string): readonly Step[] => text.split('');

/** Steps that follow each other, from the first sign of a path to the last. */
export function globOf(steps: readonly Step[]): Glob {
  const end = steps.length;
  /** Goes on to every step that can be reached without a sign. */
  const spread = (at: Uint8Array): void => {
    for (let i = 0; i < end; i++) {
      const step = steps[i]!;
      if (!at[i]) continue;
      if (step === WITHIN || step === ACROSS) at[i + 1] = 1;
      else if (typeof step === 'object') { at[i + 1] = 1; at[i + 1 + step.optional] = 1; }
    }
  };
  return {
    test(path) {
      let at = new Uint8Array(end + 1);
      at[0] = 1;
      spread(at);
      for (const sign of path.split('')) {
        const next = new Uint8Array(end + 1);
        let going = false;
        for (let i = 0; i < end; i++) {
          const step = steps[i]!;
          if (!at[i] || typeof step === 'object') continue;
          if (step === ACROSS || (step === WITHIN && sign !== '/')) { next[i] = 1; going = true; }
          else if (step === sign || (step === ONE && sign !== '/')) { next[i + 1] = 1; going = true; }
        }
        if (!going) return false;
        spread(next);
        at = next;
      }
      return at[end] === 1;
    },
  };
}
