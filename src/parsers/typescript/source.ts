import type { Expr, SourceLocation } from '../../model/index.js';
import type { LineTable } from '../lines.js';
import type { Ts } from './read.js';

export type TsNode = import('ts-morph').ts.Node;
export type TsExpression = import('ts-morph').ts.Expression;
export type TsStatement = import('ts-morph').ts.Statement;

/** One file while it is converted. `depth`: how deep the node at hand lies. */
export interface Source { readonly ts: Ts; readonly root: import('ts-morph').ts.SourceFile; readonly lines: LineTable; readonly depth: number }

/** Levels of code inside code that are converted. */
export const DEPTH = 150;
/** Longer texts of what is not understood are cut: they are for messages only. */
const OPAQUE_LENGTH = 200;

export const placeOf = (node: TsNode, { root, lines }: Source): SourceLocation => lines.at(node.getStart(root), node.end);
export const deeper = (source: Source): Source => ({ ...source, depth: source.depth + 1 });

export function opaque(node: TsNode, source: Source): Expr {
  const start = node.getStart(source.root);
  return { is: 'opaque', text: source.root.text.slice(start, Math.min(node.end, start + OPAQUE_LENGTH)), at: placeOf(node, source) };
}
