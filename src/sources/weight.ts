/**
 * What reading a text costs, whatever its format: its words and signs. A word is a run of letters, digits and `_`; anything else that is no white space is a
 * sign. Code that people write has one for every five or six characters.
 */
export function weightOf(text: string): number {
  let weight = 0;
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isWord = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95 || code > 127;
    if (isWord ? !inWord : code > 32) weight++;
    inWord = isWord;
  }
  return weight;
}

/** The most that one file may weigh. The heaviest file that a person wrote, among 86,000 of real repositories, weighs a third. */
export const HEAVIEST_FILE = 300_000;
/** The most that the files of one tree may weigh together: ten times what the largest real repository does. */
export const HEAVIEST_TREE = 1_500_000;
/** Files up to this weight find half of that kept for them, so that a few large ones leave room for all others. */
const ORDINARY = 10_000;

/** Whether a file is still read, beside files that weigh `others` together. */
export const hasRoom = (weight: number, others: number): boolean => others + weight <= (weight > ORDINARY ? HEAVIEST_TREE / 2 : HEAVIEST_TREE);
