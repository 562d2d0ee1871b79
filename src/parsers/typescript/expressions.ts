import type { Expr, SourceLocation } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { functionOf } from './functions.js';
import { deeper, DEPTH, opaque, placeOf, type Source, type TsExpression, type TsNode } from './source.js';

type Call = Extract<Expr, { is: 'call' }>;

/** An expression; what is not understood as written. An `await` is part of the call it waits for. */
export function expression(node: TsExpression, source: Source): Expr {
  const { ts } = source;
  if (source.depth > DEPTH) return opaque(node, source);
  const at = placeOf(node, source);
  const inner = (part: TsExpression): Expr => expression(part, deeper(source));
  const operation = (operator: string, ...operands: readonly TsExpression[]): Expr => ({ is: 'operation', operator, operands: operands.map(inner), at });
  if (ts.isIdentifier(node)) return node.text === 'undefined' ? literal(null, at) : { is: 'name', name: node.text, at };
  if (node.kind === ts.SyntaxKind.ThisKeyword) return { is: 'name', name: 'this', at };
  if (node.kind === ts.SyntaxKind.SuperKeyword) return { is: 'name', name: 'super', at };
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return literal(node.text, at);
  if (ts.isNumericLiteral(node)) return literal(Number(node.text), at);
  if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) return literal(node.kind === ts.SyntaxKind.TrueKeyword, at);
  if (node.kind === ts.SyntaxKind.NullKeyword) return literal(null, at);
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node) || ts.isSatisfiesExpression(node) || ts.isTypeAssertionExpression(node) || ts.isExpressionWithTypeArguments(node)) return expression(node.expression, deeper(source));
  if (ts.isAwaitExpression(node)) { const waited = inner(node.expression); return waited.is === 'call' ? { ...waited, awaited: true } : waited; }
  if (ts.isPropertyAccessExpression(node)) return environment(node, node.name.text, source) ?? { is: 'member', object: inner(node.expression), name: node.name.text, at };
  if (ts.isElementAccessExpression(node)) {
    const key = node.argumentExpression;
    return (ts.isStringLiteral(key) ? environment(node, key.text, source) : undefined) ?? { is: 'item', object: inner(node.expression), key: inner(key), at };
  }
  if (ts.isCallExpression(node)) return converted(node, source) ?? call(node.expression, node.arguments, at, source);
  if (ts.isNewExpression(node)) return call(node.expression, node.arguments ?? [], at, source);
  if (ts.isTaggedTemplateExpression(node)) return { is: 'call', callee: inner(node.tag), positional: [ts.isNoSubstitutionTemplateLiteral(node.template) ? literal(node.template.text, placeOf(node.template, source)) : template(node.template, source)], keywords: [], at };
  if (ts.isTemplateExpression(node)) return template(node, source);
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return anonymous(node, source);
  if (ts.isObjectLiteralExpression(node)) return { is: 'map', entries: node.properties.flatMap(property => entry(property, source)), at };
  if (ts.isArrayLiteralExpression(node)) return { is: 'list', items: node.elements.map(element => item(element, source)), at };
  if (ts.isConditionalExpression(node)) return { is: 'choice', branches: [inner(node.whenTrue), inner(node.whenFalse)], test: inner(node.condition), at };
  if (ts.isPrefixUnaryExpression(node)) {
    if (node.operator === ts.SyntaxKind.ExclamationToken) return operation('not', node.operand);
    const operand = inner(node.operand);
    if (node.operator === ts.SyntaxKind.MinusToken && operand.is === 'literal' && typeof operand.value === 'number') return literal(-operand.value, at);
    if (node.operator === ts.SyntaxKind.PlusToken) return operand.is === 'environment' ? { ...operand, cast: 'number' } : operand;
    return { is: 'operation', operator: ts.tokenToString(node.operator) ?? '?', operands: [operand], at };
  }
  if (ts.isBinaryExpression(node)) return binary(node, source);
  if (ts.isVoidExpression(node)) return inner(node.expression);
  if (ts.isTypeOfExpression(node)) return operation('typeof', node.expression);
  if (ts.isYieldExpression(node)) return { is: 'operation', operator: 'yield', operands: node.expression ? [inner(node.expression)] : [], at };
  return opaque(node, source);
}

const OPERATORS: Readonly<Record<string, string>> = { '===': '==', '!==': '!=', '&&': 'and', '||': 'or', '??': 'or' };

function binary(node: import('ts-morph').ts.BinaryExpression, source: Source): Expr {
  const operator = node.operatorToken.getText(source.root);
  const [left, right] = [expression(node.left, deeper(source)), expression(node.right, deeper(source))];
  // an environment variable or what stands for it
  if ((operator === '??' || operator === '||') && left.is === 'environment' && !left.fallback) return { ...left, fallback: right };
  return { is: 'operation', operator: OPERATORS[operator] ?? operator, operands: [left, right], at: placeOf(node, source) };
}

/** `process.env.X`, `process.env['X']`, `import.meta.env.X`, `Bun.env.X`. */
function environment(node: TsNode & { readonly expression: TsExpression }, name: string, source: Source): Expr | undefined {
  return /^(process\.env|import\.meta\.env|Bun\.env)$/.test(node.expression.getText(source.root)) ? { is: 'environment', name, at: placeOf(node, source) } : undefined;
}

/** `Number(process.env.X)`, `parseInt(process.env.X, 10)`: the variable as a number. */
function converted(node: import('ts-morph').ts.CallExpression, source: Source): Expr | undefined {
  const cast = ({ Number: 'number', parseInt: 'number', parseFloat: 'number', String: 'string', Boolean: 'boolean' } as const)[node.expression.getText(source.root).replace(/^Number\./, '') as 'Number'];
  const [first] = node.arguments;
  const value = cast && first && expression(first, deeper(source));
  if (!cast || !value) return undefined;
  if (value.is === 'environment') return { ...value, cast };
  return value.is === 'literal' && cast === 'number' && value.value !== null && !Number.isNaN(Number(value.value)) ? literal(Number(value.value), value.at) : undefined;
}

function call(callee: TsExpression, args: readonly TsExpression[], at: SourceLocation, source: Source): Call {
  return { is: 'call', callee: expression(callee, deeper(source)), positional: args.map(argument => item(argument, source)), keywords: [], at };
}

function item(node: TsExpression, source: Source): Expr {
  return source.ts.isSpreadElement(node) ? { is: 'operation', operator: '*', operands: [expression(node.expression, deeper(source))], at: placeOf(node, source) } : expression(node, deeper(source));
}

function template(node: import('ts-morph').ts.TemplateLiteral, source: Source): Expr {
  const at = placeOf(node, source);
  if (source.ts.isNoSubstitutionTemplateLiteral(node)) return literal(node.text, at);
  const text = (value: string): readonly Expr[] => (value === '' ? [] : [literal(value, at)]);
  return { is: 'operation', operator: 'concat', operands: [...text(node.head.text), ...node.templateSpans.flatMap(span => [expression(span.expression, deeper(source)), ...text(span.literal.text)])], at };
}

function anonymous(node: import('ts-morph').ts.ArrowFunction | import('ts-morph').ts.FunctionExpression, source: Source): Expr {
  const { ts } = source;
  const code = functionOf(node, 'anonymous', source);
  return { is: 'function', parameters: code.parameters.map(({ name }) => name), returns: ts.isBlock(node.body) ? literal(null, placeOf(node, source)) : expression(node.body, deeper(source)), code, at: placeOf(node, source) };
}

function entry(property: import('ts-morph').ts.ObjectLiteralElementLike, source: Source): readonly (readonly [Expr | null, Expr])[] {
  const { ts } = source;
  const at = placeOf(property, source);
  if (ts.isSpreadAssignment(property)) return [[null, expression(property.expression, deeper(source))]];
  if (ts.isShorthandPropertyAssignment(property)) return [[literal(property.name.text, at), { is: 'name', name: property.name.text, at }]];
  const key: Expr = ts.isComputedPropertyName(property.name) ? expression(property.name.expression, deeper(source)) : literal(property.name.text, placeOf(property.name, source));
  if (ts.isPropertyAssignment(property)) return [[key, expression(property.initializer, deeper(source))]];
  if (!ts.isMethodDeclaration(property) || !property.body) return [];
  const code = functionOf(property, property.name.getText(source.root), source);
  return [[key, { is: 'function', parameters: code.parameters.map(({ name }) => name), returns: literal(null, at), code, at }]];
}
