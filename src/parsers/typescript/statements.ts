import type { Expr, Statement } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { expression } from './expressions.js';
import { classNamed, classOf, functionOf } from './functions.js';
import { deeper, DEPTH, opaque, placeOf, type Source, type TsExpression, type TsNode, type TsStatement } from './source.js';

/** Statements in order; blocks are taken apart, declarations come first, as they are hoisted. */
export function statementsOf(nodes: readonly TsStatement[], source: Source): Statement[] {
  if (source.depth > DEPTH) return [];
  const { ts } = source;
  const hoisted = nodes.filter(node => ts.isFunctionDeclaration(node)), others = nodes.filter(node => !ts.isFunctionDeclaration(node));
  return [...hoisted, ...others].flatMap(node => statement(node, source));
}

const block = (node: TsStatement | undefined, source: Source): Statement[] => (!node ? [] : source.ts.isBlock(node) ? statementsOf(node.statements, deeper(source)) : statementsOf([node], deeper(source)));

function statement(node: TsStatement, source: Source): Statement[] {
  const { ts } = source;
  const at = placeOf(node, source);
  const expr = (part: TsExpression): Expr => expression(part, source);
  if (ts.isImportDeclaration(node)) return importOf(node, source);
  if (ts.isExportDeclaration(node)) return exportOf(node, source);
  if (ts.isExportAssignment(node)) return [assign([name('default', at)], expr(node.expression), at)];
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.flatMap(declaration => declared(declaration, source));
  if (ts.isFunctionDeclaration(node)) return node.body ? named(node, (own, text) => ({ do: 'function', function: functionOf(own, text, source), at }), source) : [];
  if (ts.isClassDeclaration(node)) return named(node, (own, text) => ({ do: 'class', class: classOf(own, text, source), at }), source);
  if (ts.isEnumDeclaration(node)) return [assign([name(node.name.text, placeOf(node.name, source))], enumOf(node, source), at)];
  if (ts.isExpressionStatement(node)) return effect(node.expression, source);
  if (ts.isReturnStatement(node)) return [{ do: 'return', ...(node.expression && { value: expr(node.expression) }), at }];
  if (ts.isThrowStatement(node)) return [{ do: 'raise', value: expr(node.expression), at }];
  if (ts.isBreakStatement(node)) return [{ do: 'break', at }];
  if (ts.isContinueStatement(node)) return [{ do: 'continue', at }];
  if (ts.isIfStatement(node)) return [{ do: 'if', test: expr(node.expression), then: block(node.thenStatement, source), otherwise: block(node.elseStatement, source), at: headOf(node, node.thenStatement, source) }];
  if (ts.isForOfStatement(node) || ts.isForInStatement(node)) {
    const target = bound(node.initializer, source);
    return [{ do: 'for', target: target.expr, over: expr(node.expression), body: [...target.parts, ...block(node.statement, source)], otherwise: [], at: headOf(node, node.statement, source) }];
  }
  if (ts.isForStatement(node)) {
    const start = node.initializer ? ts.isVariableDeclarationList(node.initializer) ? node.initializer.declarations.flatMap(declaration => declared(declaration, source)) : effect(node.initializer, source) : [];
    return [...start, { do: 'while', test: node.condition ? expr(node.condition) : literal(true, at), body: [...block(node.statement, source), ...(node.incrementor ? effect(node.incrementor, source) : [])], at: headOf(node, node.statement, source) }];
  }
  if (ts.isWhileStatement(node) || ts.isDoStatement(node)) return [{ do: 'while', test: expr(node.expression), body: block(node.statement, source), at: headOf(node, node.statement, source) }];
  if (ts.isTryStatement(node)) {
    const { catchClause } = node;
    return [{
      do: 'try', body: block(node.tryBlock, source), otherwise: [], finally: block(node.finallyBlock, source), at: headOf(node, node.tryBlock, source),
      handlers: catchClause ? [{ types: [], body: block(catchClause.block, source), at: headOf(catchClause, catchClause.block, source), ...(catchClause.variableDeclaration && ts.isIdentifier(catchClause.variableDeclaration.name) && { name: catchClause.variableDeclaration.name.text }) }] : [],
    }];
  }
  if (ts.isSwitchStatement(node)) return cases(node, source);
  if (ts.isBlock(node)) return block(node, source);
  if (ts.isLabeledStatement(node)) return block(node.statement, source);
  return [];
}

const name = (text: string, at: Statement['at']): Expr => ({ is: 'name', name: text, at });
const assign = (targets: readonly Expr[], value: Expr, at: Statement['at'], type?: string): Statement => ({ do: 'assign', targets, value, at, ...(type !== undefined && { type }) });
/** Up to where the body begins. */
const headOf = (node: TsNode, body: TsNode, { root, lines }: Source): Statement['at'] => lines.at(node.getStart(root), Math.max(node.getStart(root) + 1, body.getFullStart()));

/** `enum Queues { MAIL = 'mail', REPORTS }` as a table: a member without a value is one more than the one before it. */
function enumOf(node: import('ts-morph').ts.EnumDeclaration, source: Source): Expr {
  const { ts } = source;
  let next: number | undefined = 0;
  const entries = node.members.flatMap(member => {
    const at = placeOf(member, source);
    const value: Expr = member.initializer ? expression(member.initializer, source) : next === undefined ? opaque(member, source) : literal(next, at);
    next = value.is === 'literal' && typeof value.value === 'number' ? value.value + 1 : undefined;
    return ts.isIdentifier(member.name) || ts.isStringLiteral(member.name) ? [[literal(member.name.text, at), value] as const] : [];
  });
  return { is: 'map', entries, at: placeOf(node, source) };
}

/** A declaration by its own name, and as `default` where it is exported so. */
function named<T extends import('ts-morph').ts.FunctionDeclaration | import('ts-morph').ts.ClassDeclaration>(node: T, make: (node: T, text: string) => Statement, source: Source): Statement[] {
  const { ts } = source;
  const at = placeOf(node, source);
  const isDefault = node.modifiers?.some(modifier => modifier.kind === ts.SyntaxKind.DefaultKeyword) === true;
  const own = node.name?.text ?? 'default';
  return [make(node, own), ...(isDefault && own !== 'default' ? [assign([name('default', at)], name(own, at), at)] : [])];
}

function importOf(node: import('ts-morph').ts.ImportDeclaration, source: Source): Statement[] {
  const { ts } = source;
  const at = placeOf(node, source);
  if (!ts.isStringLiteral(node.moduleSpecifier)) return [];
  const module = node.moduleSpecifier.text;
  const clause = node.importClause, bindings = clause?.namedBindings;
  if (!clause) return [{ do: 'import-module', module, at }];
  return [
    ...(clause.name ? [{ do: 'import-names' as const, module, names: [['default', clause.name.text] as const], at }] : []),
    ...(bindings && ts.isNamespaceImport(bindings) ? [{ do: 'import-module' as const, module, alias: bindings.name.text, at }] : []),
    ...(bindings && ts.isNamedImports(bindings) ? [{ do: 'import-names' as const, module, names: bindings.elements.map(element => [(element.propertyName ?? element.name).text, element.name.text] as const), at }] : []),
  ];
}

function exportOf(node: import('ts-morph').ts.ExportDeclaration, source: Source): Statement[] {
  const { ts } = source;
  const at = placeOf(node, source);
  const module = node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : undefined;
  if (!node.exportClause) return module === undefined ? [] : [{ do: 'import-star', module, at }];
  if (ts.isNamespaceExport(node.exportClause)) return module === undefined ? [] : [{ do: 'import-module', module, alias: node.exportClause.name.text, at }];
  const pairs = node.exportClause.elements.map(element => [(element.propertyName ?? element.name).text, element.name.text] as const);
  if (module !== undefined) return [{ do: 'import-names', module, names: pairs, at }];
  return pairs.filter(([own, shown]) => own !== shown).map(([own, shown]) => assign([name(shown, at)], name(own, at), at));
}

function declared(node: import('ts-morph').ts.VariableDeclaration, source: Source): Statement[] {
  const { ts } = source;
  const at = placeOf(node, source);
  if (!node.initializer) return [];
  const required = requiredModule(node.initializer, source);
  if (required !== undefined) return requiring(node.name, required, source);
  if (!ts.isIdentifier(node.name)) return destructured(node.name, expression(node.initializer, source), source);
  if (ts.isArrowFunction(node.initializer) || ts.isFunctionExpression(node.initializer)) return [{ do: 'function', function: functionOf(node.initializer, node.name.text, source), at }];
  if (ts.isClassExpression(node.initializer)) return [{ do: 'class', class: classOf(node.initializer, node.name.text, source), at }];
  return [assign([name(node.name.text, placeOf(node.name, source))], expression(node.initializer, source), at, classNamed(node.type, source))];
}

/** `require('bullmq')`, `await import('./worker')`. */
function requiredModule(node: TsExpression, source: Source): string | undefined {
  const { ts } = source;
  const call = ts.isAwaitExpression(node) ? node.expression : node;
  if (!ts.isCallExpression(call) || call.arguments.length !== 1 || !ts.isStringLiteral(call.arguments[0]!)) return undefined;
  return call.expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(call.expression) && call.expression.text === 'require') ? call.arguments[0]!.text : undefined;
}

function requiring(node: import('ts-morph').ts.BindingName, module: string, source: Source): Statement[] {
  const { ts } = source;
  const at = placeOf(node, source);
  if (ts.isIdentifier(node)) return [{ do: 'import-module', module, alias: node.text, at }];
  if (!ts.isObjectBindingPattern(node)) return [];
  return [{ do: 'import-names', module, names: node.elements.flatMap(element => (ts.isIdentifier(element.name) ? [[element.propertyName && ts.isIdentifier(element.propertyName) ? element.propertyName.text : element.name.text, element.name.text] as const] : [])), at }];
}

/** `const { a, b: c, ...rest } = value`, `const [first] = list`: an assignment for each name. */
export function destructured(node: import('ts-morph').ts.BindingName, value: Expr, source: Source): Statement[] {
  const { ts } = source;
  const at = placeOf(node, source);
  if (ts.isIdentifier(node)) return [assign([name(node.text, at)], value, at)];
  return node.elements.flatMap((element, i): Statement[] => {
    if (!ts.isBindingElement(element)) return [];
    if (element.dotDotDotToken) return destructured(element.name, value, source);
    const key = element.propertyName ?? element.name;
    const part: Expr = ts.isArrayBindingPattern(node) ? { is: 'item', object: value, key: literal(i, at), at }
      : ts.isIdentifier(key) ? { is: 'member', object: value, name: key.text, at } : opaque(element, source);
    return destructured(element.name, part, source);
  });
}

/** What a loop binds: a name, or the parts of one. */
function bound(node: import('ts-morph').ts.ForInitializer, source: Source): { readonly expr: Expr; readonly parts: readonly Statement[] } {
  const { ts } = source;
  const at = placeOf(node, source);
  const target = ts.isVariableDeclarationList(node) ? node.declarations[0]?.name : undefined;
  if (!target) return { expr: opaque(node, source), parts: [] };
  if (ts.isIdentifier(target)) return { expr: name(target.text, placeOf(target, source)), parts: [] };
  const item = name('item', at);
  return { expr: item, parts: destructured(target, item, source) };
}

/** An expression on its own: an assignment, a call, or several of them. */
function effect(node: TsExpression, source: Source): Statement[] {
  const { ts } = source;
  const at = placeOf(node, source);
  if (ts.isParenthesizedExpression(node)) return effect(node.expression, source);
  if (ts.isVoidExpression(node)) return effect(node.expression, source);
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.getText(source.root);
    if (operator === ',') return [...effect(node.left, source), ...effect(node.right, source)];
    if (operator === '&&') return [{ do: 'if', test: expression(node.left, source), then: effect(node.right, source), otherwise: [], at }];
    if (/^(?:[-+*/]|\|\||\?\?|&&)?=$/.test(operator)) return assigned(node, operator, source);
  }
  if ((ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node)) && /^(\+\+|--)$/.test(ts.tokenToString(node.operator) ?? ''))
    return [{ do: 'assign', targets: [expression(node.operand, source)], value: literal(1, at), augmented: ts.tokenToString(node.operator)![0]!, at }];
  if (ts.isDeleteExpression(node)) return [{ do: 'delete', targets: [expression(node.expression, source)], at }];
  return [{ do: 'call', value: expression(node, source), at }];
}

/** `a = b`, `a += b`; `module.exports = …` and `exports.a = …` bind what the module gives. */
function assigned(node: import('ts-morph').ts.BinaryExpression, operator: string, source: Source): Statement[] {
  const { ts } = source;
  const at = placeOf(node, source);
  const value = expression(node.right, source);
  const left = node.left.getText(source.root);
  if (left === 'module.exports') return [assign([name('default', at)], value, at), ...(value.is === 'map' ? value.entries.flatMap(([key, given]) => (key?.is === 'literal' && typeof key.value === 'string' && !(given.is === 'name' && given.name === key.value) ? [assign([name(key.value, at)], given, at)] : [])) : [])];
  const exported = /^(?:module\.)?exports\.(\w+)$/.exec(left)?.[1];
  if (exported !== undefined) return value.is === 'name' && value.name === exported ? [] : ts.isFunctionExpression(node.right) || ts.isArrowFunction(node.right) ? [{ do: 'function', function: functionOf(node.right, exported, source), at }] : [assign([name(exported, at)], value, at)];
  return [{ do: 'assign', targets: [expression(node.left, source)], value, at, ...(operator !== '=' && { augmented: operator.slice(0, -1) }) }];
}

/** `switch`: one case after the other. */
function cases(node: import('ts-morph').ts.SwitchStatement, source: Source): Statement[] {
  const { ts } = source;
  const subject = expression(node.expression, source);
  return node.caseBlock.clauses.reduceRight<Statement[]>((otherwise, clause) => {
    const body = statementsOf(clause.statements, deeper(source)).filter(inner => inner.do !== 'break');
    if (ts.isDefaultClause(clause)) return [...body, ...otherwise];
    const at = placeOf(clause.expression, source);
    return [{ do: 'if', test: { is: 'operation', operator: '==', operands: [subject, expression(clause.expression, source)], at }, then: body, otherwise, at }];
  }, []);
}
