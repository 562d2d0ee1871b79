import type { Language, Tree } from 'web-tree-sitter';

/** A node of the concrete syntax tree that matters to us, as plain data. Offsets are UTF-16 code units, the end is exclusive. */
export interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly children: readonly Syntax[];
}

/** A tree without what carries no meaning here (punctuation, annotations, the inside of plain texts). */
export interface ReadTree {
  readonly root: Syntax;
  readonly comments: readonly Syntax[];
  /** Offset of the first place that is not Python. */
  readonly error?: number;
  /** Offset of the first place that was cut off because it lies too deep. */
  readonly tooDeep?: number;
}

/** Levels of the syntax tree that are read; real files stay below 90. Keeps every later recursion off the stack's end. */
export const MAX_DEPTH = 400;

type Treatment = 'skip' | 'leaf' | 'inner' | 'token' | 'type' | 'comment' | 'string' | 'error';

/** Node type id → what to do with it, prepared once per grammar because a file has a node for every four bytes. */
export interface Grammar { readonly names: readonly string[]; readonly treatments: readonly Treatment[] }

const LEAVES = new Set(['identifier', 'integer', 'float', 'true', 'false', 'none', 'ellipsis', 'string_start', 'string_content', 'string_end', 'type_conversion',
  'import_prefix', 'wildcard_import', 'case_pattern', 'dotted_name', 'pass_statement', 'break_statement', 'continue_statement', 'format_specifier', 'positional_separator', 'keyword_separator']);
const IGNORED = new Set(['type_parameter', 'line_continuation', 'type_alias_statement', 'global_statement', 'nonlocal_statement', 'future_import_statement']);
const TOKENS = new Set(['+', '-', '*', '/', '//', '%', '**', '@', '|', '&', '^', '<<', '>>', '~', 'and', 'or', '<', '<=', '==', '!=', '>=', '>', '<>', 'in', 'not in', 'is', 'is not',
  '+=', '-=', '*=', '/=', '//=', '%=', '**=', '@=', '|=', '&=', '^=', '<<=', '>>=', ':', 'async', '=']);
const TOKEN_PARENTS = new Set(['comparison_operator', 'binary_operator', 'boolean_operator', 'unary_operator', 'augmented_assignment', 'slice', 'function_definition', 'interpolation']);
/** Whose annotations say what something is. */
const TYPED = new Set(['typed_parameter', 'typed_default_parameter', 'assignment', 'function_definition']);
/** Where what stands beside an error can still be understood by itself. */
const STATEMENT_LISTS = new Set(['module', 'block', 'ERROR']);
/** What stands by itself at the top of a file whose rest could not be joined. */
const WHOLE = /_statement$|_definition$|^comment$/;
const NONE: readonly Syntax[] = [];

export function grammarOf(language: Language): Grammar {
  const names = language.types.map(name => name ?? '');
  const treatments = names.map((name, id): Treatment => {
    if (!language.nodeTypeIsNamed(id)) return TOKENS.has(name) ? 'token' : 'skip';
    if (IGNORED.has(name)) return 'skip';
    return name === 'type' ? 'type' : name === 'comment' ? 'comment' : name === 'string' ? 'string' : LEAVES.has(name) ? 'leaf' : 'inner';
  });
  return { names, treatments };
}

/** Walks the tree without recursion and copies what matters; the tree can be deleted afterwards. */
export function readTree(tree: Tree, grammar: Grammar, text: string): ReadTree {
  const { hasError: broken, isError: unrooted } = tree.rootNode;
  const cursor = tree.walk();
  const comments: Syntax[] = [];
  let error: number | undefined, tooDeep: number | undefined;
  let parent = { type: 'module', start: 0, end: text.length, children: [] as Syntax[] };
  const root = parent;
  const parents: typeof root[] = [];

  const ascend = (): boolean => {
    while (!cursor.gotoNextSibling()) {
      const above = parents.pop();
      if (!above || !cursor.gotoParent()) return false;
      parent = above;
    }
    return true;
  };

  let going = cursor.gotoFirstChild();
  while (going) {
    const id = cursor.nodeTypeId;
    const treatment = grammar.treatments[id] ?? 'error';
    const type = grammar.names[id] ?? 'ERROR';
    const kept = treatment !== 'skip' && (treatment !== 'token' || TOKEN_PARENTS.has(parent.type)) && (treatment !== 'type' || TYPED.has(parent.type));
    if (broken && error === undefined && (treatment === 'error' || cursor.nodeIsMissing || (unrooted && parents.length === 0 && !WHOLE.test(type)))) error = cursor.startIndex;
    if (!kept) { going = ascend(); continue; }

    const start = cursor.startIndex, end = cursor.endIndex;
    if (treatment === 'comment') { comments.push({ type, start, end, children: NONE }); going = ascend(); continue; }
    if (treatment === 'error' && !STATEMENT_LISTS.has(parent.type)) { going = ascend(); continue; }

    const enter = treatment === 'inner' || treatment === 'error' || (treatment === 'string' && isInterpolated(text, start));
    if (!enter) { parent.children.push({ type, start, end, children: NONE }); going = ascend(); continue; }
    if (parents.length >= MAX_DEPTH) {
      tooDeep ??= start;
      parent.children.push({ type: 'too_deep', start, end, children: NONE });
      going = ascend();
      continue;
    }
    const node = { type, start, end, children: [] as Syntax[] };
    parent.children.push(node);
    if (cursor.gotoFirstChild()) { parents.push(parent); parent = node; } else going = ascend();
  }
  cursor.delete();
  if (broken) error ??= 0;
  return { root, comments, ...(error !== undefined && { error }), ...(tooDeep !== undefined && { tooDeep }) };
}

/** `f"…"`, `rf"…"`, `t"…"`: only these hold expressions. */
function isInterpolated(text: string, start: number): boolean {
  for (let i = start; i < start + 3; i++) {
    const letter = text[i];
    if (letter === 'f' || letter === 'F' || letter === 't' || letter === 'T') return true;
    if (letter === '"' || letter === "'") return false;
  }
  return false;
}
