import type { ShellCommand } from '../../model/index.js';
import { joined, type Word, type WordScope } from '../process-environment.js';

/** Whether a test command holds: `[ … ]`, `[[ … ]]`, `test …`, `true`, `false`. undefined: not known, or no test at all. */
export function truthOf(command: ShellCommand, scope: WordScope, depth = 0): boolean | undefined {
  if (command.do === 'chain') return depth > 20 ? undefined : ofChain(command, scope, depth);
  if (command.do !== 'run' || command.piped) return undefined;
  const words = command.words.map(word => joined(word, scope));
  const [first, ...rest] = words;
  if (!first?.known) return undefined;
  switch (first.text) {
    case 'true': case ':': return true;
    case 'false': return false;
    case '!': return negated(truthOf({ ...command, words: command.words.slice(1) }, scope, depth));
    case '[': return ofTest(rest.slice(0, rest.at(-1)?.text === ']' ? -1 : undefined));
    case '[[': return ofTest(rest.slice(0, rest.at(-1)?.text === ']]' ? -1 : undefined));
    case 'test': return ofTest(rest);
    default: return undefined;
  }
}

const negated = (truth: boolean | undefined): boolean | undefined => (truth === undefined ? undefined : !truth);

function ofChain({ operator, parts }: Extract<ShellCommand, { do: 'chain' }>, scope: WordScope, depth: number): boolean | undefined {
  const truths = parts.map(part => truthOf(part, scope, depth + 1));
  const decisive = operator === '||';
  return truths.includes(decisive) ? (truths.slice(0, truths.indexOf(decisive)).includes(undefined) ? undefined : decisive) : truths.includes(undefined) ? undefined : !decisive;
}

function ofTest(words: readonly Word[]): boolean | undefined {
  const [first] = words;
  if (!first || words.length > 60) return words.length > 60 ? undefined : false;
  if (first.text === '!' && words.length > 1) return negated(ofTest(words.slice(1)));
  for (const operator of ['||', '-o', '&&', '-a']) {
    const at = words.findIndex((word, i) => i > 0 && word.text === operator);
    if (at > 0) return both(ofTest(words.slice(0, at)), ofTest(words.slice(at + 1)), operator === '||' || operator === '-o');
  }
  if (words.length === 1) return first.known ? first.text !== '' : undefined;
  if (words.length === 2) return ofUnary(first.text, words[1]!);
  return words.length === 3 ? ofBinary(first, words[1]!.text, words[2]!) : undefined;
}

function both(a: boolean | undefined, b: boolean | undefined, decisive: boolean): boolean | undefined {
  if (a === decisive || b === decisive) return decisive;
  return a === undefined || b === undefined ? undefined : !decisive;
}

function ofUnary(operator: string, operand: Word): boolean | undefined {
  if (!operand.known) return undefined;
  if (operator === '-z') return operand.text === '';
  return operator === '-n' ? operand.text !== '' : undefined;
}

function ofBinary(left: Word, operator: string, right: Word): boolean | undefined {
  if (!left.known || !right.known) return undefined;
  const isPattern = /[*?[]/.test(right.text);
  switch (operator) {
    case '=': case '==': return isPattern ? undefined : left.text === right.text;
    case '!=': return isPattern ? undefined : left.text !== right.text;
    case '-eq': return Number(left.text) === Number(right.text);
    case '-ne': return Number(left.text) !== Number(right.text);
    case '-gt': return Number(left.text) > Number(right.text);
    case '-ge': return Number(left.text) >= Number(right.text);
    case '-lt': return Number(left.text) < Number(right.text);
    case '-le': return Number(left.text) <= Number(right.text);
    default: return undefined;
  }
}
