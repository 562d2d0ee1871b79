import type { Comment, ReadProblem, Statement } from '../model/index.js';
import { lineTable } from './lines.js';
import { readTypeScript } from './typescript/read.js';
import { statementsOf } from './typescript/statements.js';

export interface ParsedTypeScript {
  readonly statements: readonly Statement[];
  readonly comments: readonly Comment[];
  readonly problems: readonly ReadProblem[];
}

/** The code of a file as plain data, in the words that Python has too. Never throws on any text; `loadTypeScript` must have been awaited. */
export function parseTypeScript(text: string, path: string): ParsedTypeScript {
  const lines = lineTable(text, path);
  return readTypeScript<ParsedTypeScript>(text, lines, {
    unread: why => ({ statements: [], ...why }),
    read: ({ ts, root, comments, problems }) => ({ statements: statementsOf(root.statements, { ts, root, lines, depth: 0 }), comments, problems }),
  });
}
