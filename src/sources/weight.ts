/** Characters of one word or sign that cost as much as another one. */
const LONG = 8;

/**
 * What reading a text costs: its words and signs. A word is a run of letters, digits and `_`; anything else that is no white space is a sign, and so is the end of a line. Code that people
 * write has one for every five characters; a text of few and long ones counts as one for every eight.
 */
export function weightOf(text: string): number {
  let weight = 0;
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isWord = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95 || code > 127;
    if (isWord ? !inWord : code > 32 || code === 10) weight++;
    inWord = isWord;
  }
  return Math.max(weight, Math.ceil(text.length / LONG));
}

/** The most that one file may weigh: 1.5 MB of what people write. */
export const HEAVIEST_FILE = 300_000;
/** The most that the files of one tree may weigh together. The heaviest of 54 real repositories weighs more than a million, most of them less than 100,000. */
export const HEAVIEST_TREE = 2_500_000;
/** Files up to this weight find a sixth of that kept for them, so that a few large ones leave room for all others. */
const ORDINARY = 10_000;

/** Whether a file is still read, beside files that weigh `others` together. */
export const hasRoom = (weight: number, others: number): boolean => others + weight <= (weight > ORDINARY ? HEAVIEST_TREE * 5 / 6 : HEAVIEST_TREE);

export const thousands = (count: number): string => count.toLocaleString('en-US');
