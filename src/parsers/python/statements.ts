import type { ClassFacts, Expr, FunctionFacts, Handler, Parameter, SourceLocation, Statement } from '../../model/index.js';
import { classNamed } from './annotations.js';
import { attributeSlot, decoratorSlot } from './argument-places.js';
import { noteAssignment, noteImport, prefixOf, readConfigurationValue } from './environment.js';
import { argumentsOf, expression, firstName, target, valueOf } from './expressions.js';
import { opaque, placeOf, textOf, type Source } from './source.js';
import type { Syntax } from './syntax.js';

type Converter = (node: Syntax, source: Source) => readonly Statement[];

/** Branches of one `if … elif …` or `match` that are nested; further ones follow each other, so that no chain gets too deep to walk. */
const MAX_BRANCHES = 100;

const NONE: readonly never[] = [];

/** The statements of a module, a block or a place that could not be read whole. */
export function statements(nodes: readonly Syntax[], source: Source): Statement[] {
  const result: Statement[] = [];
  for (const node of nodes) {
    const convert = CONVERTERS[node.type];
    if (convert) result.push(...convert(node, source));
    else if (EXPRESSIONS.has(node.type)) result.push({ do: 'call', value: expression(node, source), at: placeOf(node, source) });
  }
  return result.slice(); // as long as it is: it is kept
}

/** Expressions that stand in a statement's place only where the text around them is broken, or as the code of a broken line. */
const EXPRESSIONS = new Set(['call', 'await', 'yield']);

const blockOf = (node: Syntax | undefined, source: Source): Statement[] => {
  const block = node?.type === 'block' ? node : node?.children.findLast(child => child.type === 'block');
  return block ? statements(block.children, source) : [];
};

/** A compound statement's head: from its keyword to the end of the last node before its block. */
const headOf = (node: Syntax, source: Source): SourceLocation => {
  const before = node.children.findLast(child => child.type !== 'block' && !child.type.endsWith('_clause') || child.type === 'with_clause');
  return source.at(node.start, before && before.end > node.start ? before.end : node.start + (/^\w+/.exec(source.text.slice(node.start, node.start + 20))?.[0].length ?? 0));
};

const clause = (node: Syntax, type: string): Syntax | undefined => node.children.find(child => child.type === type);
const heads = (node: Syntax): Syntax[] => node.children.filter(child => child.type !== 'block' && !child.type.endsWith('_clause'));

const expressionStatement: Converter = (node, source) => {
  const [only] = node.children;
  if (!only) return [];
  if (node.children.length > 1) return [{ do: 'call', value: valueOf(node, source), at: placeOf(node, source) }];
  if (only.type === 'assignment') return assignment(only, source);
  if (only.type === 'augmented_assignment') return augmented(only, source);
  if (SILENT.has(only.type)) return [];
  return [{ do: 'call', value: expression(only, source), at: placeOf(node, source) }];
};

/** Documentation and placeholders: they do nothing. */
const SILENT = new Set(['string', 'ellipsis', 'integer', 'none', 'true', 'false']);

/** `a = b = value`: one statement with all targets. An annotation without a value says nothing. */
function assignment(node: Syntax, source: Source): Statement[] {
  const targets: Syntax[] = [];
  let at: Syntax = node, type: Syntax | undefined;
  while (at.type === 'assignment') {
    const [left, right] = at.children.filter(child => child.type !== 'type');
    if (!left || !right) return [];
    type = at.children.find(child => child.type === 'type');
    targets.push(left);
    at = right;
  }
  const [first] = targets, annotated = classNamed(type, source);
  const name = first?.type === 'identifier' ? textOf(first, source) : undefined;
  const written = expression(at, source);
  const value = name === undefined ? written : readConfigurationValue(written, name, source);
  if (name !== undefined) noteAssignment(name, value, source);
  return [{ do: 'assign', targets: targets.map(child => target(child, source)), value, at: placeOf(node, source), ...(annotated && { type: annotated }) }];
}

function augmented(node: Syntax, source: Source): Statement[] {
  const [left, operator, right] = node.children;
  if (!left || !operator || !right) return [];
  return [{ do: 'assign', targets: [target(left, source)], value: expression(right, source), augmented: operator.type.slice(0, -1), at: placeOf(node, source) }];
}

const compact = (node: Syntax, source: Source): string => textOf(node, source).replace(/[\s\\]+/g, '');

/** [name, local name] of one imported thing. */
const imported = (node: Syntax, source: Source): readonly [string, string | undefined] => {
  const [name, alias] = node.type === 'aliased_import' ? node.children : [node];
  return [name ? compact(name, source) : '', alias && textOf(alias, source)];
};

const importModules: Converter = (node, source) => node.children.map((child): Statement => {
  const [module, alias] = imported(child, source);
  const root = module.split('.')[0]!;
  noteImport(alias === undefined ? root : module, undefined, alias ?? root, source);
  return { do: 'import-module', module, ...(alias !== undefined && { alias }), at: placeOf(child, source) };
});

const importNames: Converter = (node, source) => {
  const [from, ...rest] = node.children;
  if (!from) return [];
  const module = compact(from, source);
  const at = placeOf(node, source);
  if (rest.some(child => child.type === 'wildcard_import')) return [{ do: 'import-star', module, at }];
  const names = rest.map(child => imported(child, source)).map(([name, alias]) => [name, alias ?? name] as const);
  for (const [name, local] of names) noteImport(module, name, local, source);
  return [{ do: 'import-names', module, names, at }];
};

const decorated: Converter = (node, source) => {
  const definition = node.children[node.children.length - 1];
  const decorators = node.children.filter(child => child.type === 'decorator' && child.children.length > 0).map(child => decoratorOf(child.children[0]!, source));
  if (definition?.type === 'function_definition') return functionOf(definition, source, decorators);
  return definition?.type === 'class_definition' ? classOf(definition, source, decorators) : [];
};

/** With the place of one more keyword argument. */
function decoratorOf(node: Syntax, source: Source): Expr {
  const slot = decoratorSlot(node, source);
  return { ...expression(node, source), ...(slot && { slot }) };
}

function functionOf(node: Syntax, source: Source, decorators: readonly Expr[]): Statement[] {
  const name = clause(node, 'identifier');
  if (!name) return [];
  const parameters = clause(node, 'parameters');
  const at = source.at(node.start, (parameters ?? name).end);
  const before = source.yields;
  const returns = classNamed(clause(node, 'type'), source);
  const given = parameters ? parametersOf(parameters, source) : NONE;
  source.yields = false;
  const body = blockOf(node, source);
  const definition: FunctionFacts = { name: textOf(name, source), at, parameters: given, decorators, ...(returns && { returns }), body, isAsync: node.children[0]?.type === 'async', isGenerator: source.yields };
  source.yields = before;
  return [{ do: 'function', function: definition, at }];
}

function parametersOf(node: Syntax, source: Source): readonly Parameter[] {
  if (node.children.length === 0) return NONE;
  let keywordOnly = false;
  return node.children.flatMap((child): Parameter[] => {
    if (child.type.endsWith('_separator')) { keywordOnly ||= child.type === 'keyword_separator'; return []; }
    const form = child.type === 'typed_parameter' ? child.children[0] : child;
    const kind = form?.type === 'list_splat_pattern' ? 'rest' : form?.type === 'dictionary_splat_pattern' ? 'keywords' : 'plain';
    const fallback = child.type.endsWith('default_parameter') ? child.children.slice(1).find(part => part.type !== 'type') : undefined;
    const type = classNamed(child.children.find(part => part.type === 'type'), source);
    const parameter: Parameter = { name: firstName(child, source), kind, ...(fallback && { fallback: expression(fallback, source) }), ...(keywordOnly && kind === 'plain' && { keywordOnly }), ...(type && { type }) };
    keywordOnly ||= kind === 'rest';
    return [parameter];
  });
}

function classOf(node: Syntax, source: Source, decorators: readonly Expr[]): Statement[] {
  const name = clause(node, 'identifier');
  if (!name) return [];
  const args = clause(node, 'argument_list');
  const { positional, keywords } = args ? argumentsOf(args, source) : { positional: NONE, keywords: NONE };
  const at = source.at(node.start, (args ?? name).end);
  const body = blockOf(node, source);
  const beside = source.written.attributesBeside;
  const slot = beside !== undefined && body.some(statement => statement.do === 'function' && statement.function.name === beside) ? attributeSlot(node, (args ?? name).end, source) : undefined;
  const definition: ClassFacts = { name: textOf(name, source), at, bases: positional, keywords, decorators, body, ...(slot && { slot }) };
  return [{ do: 'class', class: definition, at }];
}

interface Branch { readonly test: Expr; readonly then: readonly Statement[]; readonly at: SourceLocation }

/** if, elif, elif … else as ifs inside each other. */
function chain(branches: readonly Branch[], otherwise: readonly Statement[]): readonly Statement[] {
  const deep = branches.slice(0, MAX_BRANCHES);
  const flat = branches.slice(MAX_BRANCHES).map((branch): Statement => ({ do: 'if', ...branch, otherwise: [] }));
  return deep.reduceRight<readonly Statement[]>((rest, branch) => [{ do: 'if', ...branch, otherwise: rest }], [...flat, ...otherwise]);
}

const branchOf = (node: Syntax, source: Source): Branch => {
  const [test] = heads(node);
  return { test: test ? expression(test, source) : opaque(node, source), then: blockOf(node, source), at: headOf(node, source) };
};

const conditional: Converter = (node, source) => {
  const branches = [branchOf(node, source), ...node.children.filter(child => child.type === 'elif_clause').map(child => branchOf(child, source))];
  return chain(branches, blockOf(clause(node, 'else_clause'), source));
};

const loop: Converter = (node, source) => {
  const [left, ...over] = heads(node);
  if (!left || over.length === 0) return blockOf(node, source);
  return [{ do: 'for', target: target(left, source), over: valueOf(node, source, over), body: blockOf(node, source), otherwise: blockOf(clause(node, 'else_clause'), source), at: headOf(node, source) }];
};

const repeat: Converter = (node, source) => {
  const { test, then, at } = branchOf(node, source);
  return [{ do: 'while', test, body: then, at }, ...blockOf(clause(node, 'else_clause'), source)];
};

const context: Converter = (node, source) => {
  const items = (clause(node, 'with_clause')?.children ?? []).flatMap(child => withItems(child, source));
  const before = source.prefix;
  source.prefix = before + items.map(item => prefixOf(item.value, source)).join('');
  const body = blockOf(node, source);
  source.prefix = before;
  return [{ do: 'with', items, body, at: headOf(node, source) }];
};

function withItems(node: Syntax, source: Source): { value: Expr; as?: Expr }[] {
  const [value] = node.children;
  if (!value) return [];
  if (value.type === 'tuple') return value.children.flatMap(child => withItems({ ...node, children: [child] }, source));
  const [entered, alias] = value.type === 'as_pattern' ? value.children : [value];
  return entered ? [{ value: expression(entered, source), ...(alias?.children[0] && { as: target(alias.children[0], source) }) }] : [];
}

const attempt: Converter = (node, source) => [{
  do: 'try', body: blockOf(node.children[0], source),
  handlers: node.children.filter(child => child.type === 'except_clause').map(child => handler(child, source)),
  otherwise: blockOf(clause(node, 'else_clause'), source),
  finally: blockOf(clause(node, 'finally_clause'), source),
  at: source.at(node.start, node.start + 'try'.length),
}];

function handler(node: Syntax, source: Source): Handler {
  const caught = heads(node);
  const [first] = caught;
  const alias = first?.type === 'as_pattern' ? first.children[1] : undefined;
  const types = (alias ? [first!.children[0]!] : caught).flatMap(child => (child.type === 'tuple' ? child.children : [child]));
  return { types: types.map(child => expression(child, source)), ...(alias && { name: textOf(alias, source) }), body: blockOf(node, source), at: headOf(node, source) };
}

/** `match` as ifs whose tests are the patterns as written; `case _` is the else. */
const match: Converter = (node, source) => {
  const subjects = heads(node);
  const cases = (clause(node, 'block')?.children ?? []).filter(child => child.type === 'case_clause');
  const last = cases[cases.length - 1];
  const otherwise = last && last.children.length === 2 && textOf(last.children[0]!, source) === '_' ? last : undefined;
  const branches = cases.filter(child => child !== otherwise).map((child): Branch => {
    const patterns = child.children.filter(part => part.type !== 'block');
    const from = patterns[0] ?? child, to = patterns[patterns.length - 1] ?? child;
    return { test: opaque({ ...from, end: to.end }, source), then: blockOf(child, source), at: source.at(child.start, to.end) };
  });
  const evaluated = subjects.filter(subject => subject.type !== 'identifier').map((subject): Statement => ({ do: 'call', value: expression(subject, source), at: placeOf(subject, source) }));
  return [...evaluated, ...chain(branches, otherwise ? blockOf(otherwise, source) : [])];
};

const returned: Converter = (node, source) => [{ do: 'return', ...(node.children.length > 0 && { value: valueOf(node, source) }), at: placeOf(node, source) }];

/** `raise X from Y` raises X; so does Python 2's `raise X, "text"`. */
const raised: Converter = (node, source) => {
  const [first] = node.children;
  const value = first?.type === 'expression_list' ? first.children[0] : first;
  return [{ do: 'raise', ...(value && { value: expression(value, source) }), at: placeOf(node, source) }];
};

const removal: Converter = (node, source) => {
  const nodes = node.children.flatMap(child => (child.type === 'expression_list' || child.type === 'tuple' ? child.children : [child]));
  return [{ do: 'delete', targets: nodes.map(child => target(child, source)), at: placeOf(node, source) }];
};

const assertion: Converter = (node, source) => [{
  do: 'call', at: placeOf(node, source),
  value: { is: 'operation', operator: 'assert', operands: node.children.map(child => expression(child, source)), at: placeOf(node, source) },
}];

/** Python 2's `print x` and `exec x`, as the calls they became. */
const oldCall = (name: string): Converter => (node, source) => {
  const at = placeOf(node, source);
  const positional = node.children.filter(child => child.type !== 'chevron').map(child => expression(child, source));
  return [{ do: 'call', value: { is: 'call', callee: { is: 'name', name, at }, positional, keywords: [], at }, at }];
};

const CONVERTERS: Readonly<Record<string, Converter | undefined>> = {
  expression_statement: expressionStatement, assignment: (node, source) => assignment(node, source),
  import_statement: importModules, import_from_statement: importNames,
  function_definition: (node, source) => functionOf(node, source, NONE), class_definition: (node, source) => classOf(node, source, NONE), decorated_definition: decorated,
  if_statement: conditional, for_statement: loop, while_statement: repeat, with_statement: context, try_statement: attempt, match_statement: match,
  return_statement: returned, raise_statement: raised, delete_statement: removal, assert_statement: assertion,
  print_statement: oldCall('print'), exec_statement: oldCall('exec'),
  break_statement: (node, source) => [{ do: 'break', at: placeOf(node, source) }],
  continue_statement: (node, source) => [{ do: 'continue', at: placeOf(node, source) }],
  block: (node, source) => statements(node.children, source), ERROR: (node, source) => statements(node.children, source),
};
