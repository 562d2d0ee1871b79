import type { CommandFacts, Expr } from '../model/index.js';
import { isNull, textOf, type ChoiceNode, type DataNode, type DataSource, type ScalarNode } from '../parsers/nodes.js';
import { scalarOffsets } from '../parsers/scalar-offsets.js';
import { execCommand, shellCommand, stringCommand, type CommandOptions as Wanted, type Locate } from './command.js';
import { replaceSlot } from './insertion.js';
import { exprOf, placeOf, plainText, textExprOf, type TextReader } from './node-values.js';

/** What stands for one character where a format gives it a meaning of its own (Compose: `$$` is a dollar). */
export type Unescape = (text: string) => { readonly text: string; readonly offsets: readonly number[] };

export interface CommandOptions {
  readonly source: DataSource;
  /** How a text that is no list is run: split into words, or by a shell. */
  readonly text: 'string' | 'shell';
  readonly read?: TextReader;
  readonly unescape?: Unescape;
}

/** A command as a list or one text; undefined where nothing is written. */
export function commandOf(node: DataNode | undefined, options: CommandOptions): CommandFacts | undefined {
  if (!node || isNull(node) || node.is === 'map') return undefined;
  const { source } = options;
  if (node.is === 'choice') return commandOf(onlyBranch(node), options) ?? computed(exprOf(node, source));
  if (node.is === 'expr' && textOf(node) === undefined) return computed(node.expr);
  if (node.is === 'list') return execOf(node, node.items, options);
  const value = textOf(node);
  if (value === undefined) return undefined;
  // "command": ${jsonencode(command)} of a template
  if (source.encoding === 'json' && /^\$\{[^]*\}$/.test(value) && !source.lines.text.startsWith('"', node.start)) return computed(exprOf(node, source));
  const written = options.unescape?.(value);
  const build = options.text === 'shell' ? shellCommand : stringCommand;
  return build(written?.text ?? value, placeOf(node, source), locator(node, source, written?.offsets), [replaceSlot(node, source)], wanted(source));
}

/** A command whose words are not in this place: link puts them there. */
const computed = (expr: Expr): CommandFacts => ({ form: 'exec', words: [expr], at: expr.at, text: '…', slots: [] });

function onlyBranch({ branches }: ChoiceNode): DataNode | undefined {
  const written = branches.filter(branch => branch !== undefined);
  return written.length === 1 ? written[0] : undefined;
}

/** The exec form of some of a list's items (a health check's begin behind `CMD`). */
export function execOf(list: DataNode, items: readonly DataNode[], options: CommandOptions): CommandFacts {
  const { source, read = plainText } = options;
  const words = items.map((item, i) => {
    const isProgram = i > 0 && isShellOption(textOf(items[i - 1]!));
    return isProgram ? programOf(item, options) : textExprOf(item, source, read);
  });
  const text = items.map(item => textOf(item) ?? '').join(' ').replace(/\s+/g, ' ').trim();
  const locateWord = (index: number): Locate => locator(items[index]!, source, options.unescape?.(textOf(items[index]!) ?? '').offsets);
  return execCommand(words, placeOf(list, source), text, [replaceSlot(list, source)], { ...wanted(source), locateWord });
}

const wanted = ({ report }: DataSource): Wanted => (report ? { report } : {});

/** `-c`, `-lc`, `-exc`: the next word is a program, whose `${X}` the command analyzer reads itself. */
const isShellOption = (word: string | undefined): boolean => word !== undefined && /^-[a-z]*c$/.test(word);

function programOf(item: DataNode, { source, unescape }: CommandOptions): Expr {
  const value = textOf(item);
  return value === undefined ? textExprOf(item, source) : { is: 'literal', value: unescape?.(value).text ?? value, at: placeOf(item, source), slot: replaceSlot(item, source) };
}

/** From offsets in the text that runs to places in the file. */
function locator(node: DataNode, source: DataSource, through?: readonly number[]): Locate {
  const offsets = node.is === 'scalar' ? scalarOffsets(node as ScalarNode) : [];
  const last = offsets.length - 1;
  const at = (index: number): number => offsets[Math.min(Math.max(through?.[index] ?? index, 0), last)] ?? node.start;
  return (start, end) => source.lines.at(at(start), at(end));
}
