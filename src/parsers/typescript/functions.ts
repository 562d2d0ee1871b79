import type { ClassFacts, Expr, FunctionFacts, Parameter, Statement } from '../../model/index.js';
import { expression } from './expressions.js';
import { deeper, placeOf, type Source, type TsNode } from './source.js';
import { destructured, statementsOf } from './statements.js';

type Function = import('ts-morph').ts.FunctionLikeDeclaration;

/** A function of any form. One whose body is an expression returns it. */
export function functionOf(node: Function, name: string, source: Source, extra: { readonly isMethod?: boolean } = {}): FunctionFacts {
  const { ts } = source;
  const body = node.body;
  const at = placeOf(node, source);
  const inner = deeper(source);
  // `({ data }) => …`: the parts are bound at the start of the body
  const parts = node.parameters.flatMap((parameter, i) => (ts.isIdentifier(parameter.name) ? [] : destructured(parameter.name, { is: 'name', name: `argument${i}`, at: placeOf(parameter, source) }, inner)));
  const own: readonly Statement[] = !body ? [] : ts.isBlock(body) ? statementsOf(body.statements, inner) : [{ do: 'return', value: expression(body, inner), at: placeOf(body, source) }];
  return {
    name, at: body ? source.lines.at(node.getStart(source.root), Math.max(node.getStart(source.root), body.getStart(source.root))) : at,
    parameters: [...(extra.isMethod ? [{ name: 'this', kind: 'plain' as const }] : []), ...node.parameters.map((parameter, i) => parameterOf(parameter, i, inner))],
    decorators: decoratorsOf(node, source), body: [...parts, ...own],
    isAsync: node.modifiers?.some(modifier => modifier.kind === ts.SyntaxKind.AsyncKeyword) === true,
    isGenerator: 'asteriskToken' in node && node.asteriskToken !== undefined,
  };
}

function parameterOf(node: import('ts-morph').ts.ParameterDeclaration, index: number, source: Source): Parameter {
  const { ts } = source;
  const type = classNamed(node.type, source);
  return {
    name: ts.isIdentifier(node.name) ? node.name.text : `argument${index}`, kind: node.dotDotDotToken ? 'rest' : 'plain',
    ...(node.initializer && { fallback: expression(node.initializer, source) }), ...(type !== undefined && { type }),
    ...(node.type && ts.isFunctionTypeNode(node.type) && ts.isTypeReferenceNode(node.type.type) && node.type.type.typeName.getText(source.root) === 'Promise' && { givesPromise: true as const }),
  };
}

/** `Repository`, `services.Mailer`: a class by its name; undefined for every other type. */
export function classNamed(type: import('ts-morph').ts.TypeNode | undefined, { ts, root }: Source): string | undefined {
  if (!type || !ts.isTypeReferenceNode(type)) return undefined;
  const name = type.typeName.getText(root);
  return /^(?:\w+\.)*[A-Z]\w*$/.test(name) && !/^(?:Promise|Array|Record|Partial|Readonly|Map|Set|Pick|Omit|Date|Error|Function|Object|String|Number)$/.test(name) ? name : undefined;
}

export function decoratorsOf(node: TsNode, source: Source): readonly Expr[] {
  const { ts } = source;
  return ts.canHaveDecorators(node) ? (ts.getDecorators(node) ?? []).map(decorator => expression(decorator.expression, source)) : [];
}

/** A class: its methods take `this` first, its constructor is `__init__`, and what a constructor's parameters or fields hold is assigned there. */
export function classOf(node: import('ts-morph').ts.ClassLikeDeclaration, name: string, source: Source): ClassFacts {
  const { ts } = source;
  const inner = deeper(source);
  const fields: Statement[] = [], methods: Statement[] = [];
  let constructor: FunctionFacts | undefined;
  const define = (facts: FunctionFacts): void => { methods.push({ do: 'function', function: facts, at: facts.at }); };
  for (const member of node.members) {
    const memberName = member.name && (ts.isIdentifier(member.name) || ts.isPrivateIdentifier(member.name) || ts.isStringLiteral(member.name)) ? member.name.text : undefined;
    if (ts.isConstructorDeclaration(member) && member.body) {
      const facts = functionOf(member, '__init__', inner, { isMethod: true });
      const kept = member.parameters.filter(parameter => parameter.modifiers?.length && ts.isIdentifier(parameter.name)).map(parameter => field((parameter.name as import('ts-morph').ts.Identifier).text, { is: 'name', name: (parameter.name as import('ts-morph').ts.Identifier).text, at: placeOf(parameter, inner) }, classNamed(parameter.type, inner)));
      constructor = { ...facts, body: [...kept, ...facts.body] };
    } else if ((ts.isMethodDeclaration(member) || ts.isGetAccessor(member)) && member.body && memberName !== undefined) define(functionOf(member, memberName, inner, { isMethod: true }));
    else if (ts.isPropertyDeclaration(member) && memberName !== undefined && member.initializer) {
      if (ts.isArrowFunction(member.initializer) || ts.isFunctionExpression(member.initializer)) define(functionOf(member.initializer, memberName, inner, { isMethod: true }));
      else fields.push(field(memberName, expression(member.initializer, inner), classNamed(member.type, inner)));
    } else if (ts.isPropertyDeclaration(member) && memberName !== undefined) { const type = classNamed(member.type, inner); if (type !== undefined) fields.push(field(memberName, { is: 'opaque', text: memberName, at: placeOf(member, inner) }, type)); }
  }
  const at = placeOf(node, source);
  const made = constructor ?? (fields.length > 0 ? { name: '__init__', at, parameters: [{ name: 'this', kind: 'plain' as const }], decorators: [], body: [], isAsync: false, isGenerator: false } : undefined);
  if (made) define({ ...made, body: [...fields, ...made.body] });
  return {
    name, at: source.lines.at(node.getStart(source.root), node.members.pos), keywords: [], decorators: decoratorsOf(node, source), body: methods,
    bases: (node.heritageClauses ?? []).filter(clause => clause.token === ts.SyntaxKind.ExtendsKeyword).flatMap(clause => clause.types.map(type => expression(type.expression, inner))),
  };
}

/** `this.name = value`. */
function field(name: string, value: Expr, type: string | undefined): Statement {
  return { do: 'assign', targets: [{ is: 'member', object: { is: 'name', name: 'this', at: value.at }, name, at: value.at }], value, at: value.at, ...(type !== undefined && { type }) };
}
