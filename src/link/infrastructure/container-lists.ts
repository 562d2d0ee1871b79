import { posix } from 'node:path';
import type { ContainerFacts, Expr, FactStore } from '../../model/index.js';
import { valueIn } from '../../model/index.js';
import { mapExprs } from './map-exprs.js';
import { calledFrom, type Instance } from './modules.js';
import { inTemplate, resolveIn } from './resolve.js';

const DEPTH = 12;

/** The tree, and the files of it that were found to be templates. */
export interface Files { readonly store: FactStore; readonly filled: Set<string> }

/**
 * The containers an expression of Terraform stands for: a local, a variable, an output, a template file with its variables, a file. Empty
 * where it cannot be followed.
 */
export function containersFor(expr: Expr, instance: Instance, files: Files, depth = 0): readonly ContainerFacts[] {
  if (depth > DEPTH) return [];
  const inner = (part: Expr, where = instance): readonly ContainerFacts[] => containersFor(part, where, files, depth + 1);
  switch (expr.is) {
    case 'list': return expr.items.flatMap(item => inner(item));
    case 'choice': return inner(expr.branches.find(branch => !(branch.is === 'literal' && branch.value === null)) ?? expr);
    case 'call': return call(expr, instance, files, inner);
    case 'reference': return reference(expr, instance, files, inner);
    case 'member': case 'item': return inner(expr.object);
    default: return [];
  }
}

type Inner = (part: Expr, where?: Instance) => readonly ContainerFacts[];

function call(expr: Extract<Expr, { is: 'call' }>, instance: Instance, files: Files, inner: Inner): readonly ContainerFacts[] {
  const name = expr.callee.is === 'name' ? expr.callee.name : '';
  const [first, second] = expr.positional;
  if (name === 'templatefile' && first && second) return fromFile(first, second, instance, files);
  if (name === 'file' && first) return fromFile(first, undefined, instance, files);
  return /^(jsonencode|jsondecode|tolist|flatten|concat|compact|coalesce|try)$/.test(name) ? expr.positional.flatMap(part => inner(part)) : [];
}

function reference(expr: Extract<Expr, { is: 'reference' }>, instance: Instance, files: Files, inner: Inner): readonly ContainerFacts[] {
  const { table, caller, arguments: given } = instance;
  const put = (containers: readonly ContainerFacts[], where: Instance): readonly ContainerFacts[] => mapExprs(containers, part => resolveIn(part, where));
  const full = `${expr.module}.${expr.name}`;
  if (expr.module === 'var' && caller) {
    const argument = given.get(expr.name);
    const written = caller.table.containers.find(({ name }) => name === `module.${instance.name ?? ''}.${expr.name}`);
    if (written) return put(written.containers, caller);
    if (argument) return inner(argument, caller);
  }
  const own = table.containers.find(({ name }) => name === full || (name.startsWith('module.') && name.split('.').length === 2 && full.startsWith(`${name}.`)));
  if (own) return put(own.containers, instance);
  const template = table.templates.find(({ name }) => full === `${name}.rendered`);
  if (template) return template.file.is === 'call' ? fromFile(template.file.positional[0] ?? template.file, template.variables, instance, files) : [];
  if (expr.module === 'local') { const local = table.locals.find(({ name }) => name === expr.name); return local ? inner(local.value) : []; }
  if (expr.module === 'module') {
    const [module = '', output = ''] = expr.name.split('.');
    const target = calledFrom(instance, module);
    const found = target?.table.outputs.find(({ name }) => name === output);
    return target && found ? inner(found.value, target) : [];
  }
  return [];
}

/** A file of JSON, its `${name}` filled from the variables of the call. */
function fromFile(file: Expr, variables: Expr | undefined, instance: Instance, { store, filled }: Files): readonly ContainerFacts[] {
  const path = pathOf(file, instance, store);
  const facts = path === undefined ? undefined : store.facts(path);
  const containers = facts?.taskDefinitions?.[0]?.containers ?? [];
  if (path !== undefined && containers.length > 0) filled.add(path);
  const given = variables && resolveIn(variables, instance);
  const lookup = (name: string, at: Expr['at']): Expr => valueIn(given, name) ?? { is: 'reference', module: 'template', name, at };
  return mapExprs(containers, part => (part.is === 'literal' && typeof part.value === 'string' && part.value.includes('${') ? inTemplate(part, name => lookup(name, part.at)) : part));
}

/**
 * `"${path.module}/templates/worker.json.tpl"`: from the folder of the module that says so; `"templates/worker.json"` from the one where
 * Terraform is run (developer.hashicorp.com/terraform/language/functions/file), which calls it.
 */
function pathOf(expr: Expr, instance: Instance, store: FactStore): string | undefined {
  const parts = expr.is === 'operation' && expr.operator === 'concat' ? expr.operands : [expr];
  const texts = parts.map(part => (part.is === 'reference' && part.module === 'path' ? '.' : part.is === 'literal' ? String(part.value) : undefined));
  if (texts.some(text => text === undefined)) return undefined;
  const folders: string[] = [];
  for (let at: Instance | undefined = instance; at && folders.length < DEPTH; at = at.caller) folders.push(at.folder);
  const paths = folders.map(folder => posix.join(folder, texts.join('')));
  return paths.find(path => store.has(path)) ?? paths[0];
}
