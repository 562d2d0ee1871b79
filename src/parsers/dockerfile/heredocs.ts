import type { Instruction } from '../dockerfile.js';

export interface Heredoc { readonly name: string; /** `<<-`: tabs before the end are allowed. */ readonly stripTabs: boolean }

const TAKES_HEREDOCS: ReadonlySet<string> = new Set(['ADD', 'COPY', 'RUN']);
const WORD = /^\d*<<(-?)(["']?)([^<"'\s]+)\2$/;

/** The heredocs whose bodies follow an instruction, in order. Only words that are nothing but `<<NAME` open one. */
export function heredocsOf(instruction: Instruction): readonly Heredoc[] {
  const { keyword, arguments: { text } } = instruction;
  const inner = keyword === 'ONBUILD' ? /^(\w+)\s/.exec(text)?.[1]?.toUpperCase() ?? '' : keyword;
  if (!TAKES_HEREDOCS.has(inner) || !text.includes('<<')) return [];
  return rawWords(text).flatMap(word => {
    const match = word.length < 200 ? WORD.exec(word) : null;
    return match ? [{ name: match[3]!, stripTabs: match[1] === '-' }] : [];
  });
}

/** Words with their quotes; white space within quotes does not split. */
function rawWords(text: string): readonly string[] {
  const words: string[] = [];
  let word = '', quote = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quote === '' && /\s/.test(character)) { if (word !== '') words.push(word); word = ''; continue; }
    if (character === '\\' && quote !== '\'' && i + 1 < text.length) { word += character + text[++i]!; continue; }
    if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === '\'')) quote = character;
    word += character;
  }
  return word === '' ? words : [...words, word];
}

/** The offset behind the line that ends a heredoc whose body starts at `from`; undefined where there is none. */
export function heredocEnd(text: string, from: number, { name, stripTabs }: Heredoc): number | undefined {
  for (let at = from; at < text.length;) {
    const found = text.indexOf('\n', at);
    const lineEnd = found < 0 ? text.length : found;
    const end = text[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd;
    let start = at;
    while (stripTabs && text[start] === '\t') start++;
    if (end - start === name.length && text.startsWith(name, start)) return lineEnd + 1;
    at = lineEnd + 1;
  }
  return undefined;
}
