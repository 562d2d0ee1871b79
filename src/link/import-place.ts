import type { Importable, SourceLocation, Statement } from '../model/index.js';
import { STANDARD_MODULES } from '../knowledge/python-modules.js';
import { bindingsOf } from './bindings.js';
import type { Resolver, Scope } from './modules.js';

type Import = Extract<Statement, { do: 'import-names' | 'import-module' | 'import-star' }>;
/** Imports without a line between them. */
type Group = readonly [Import, ...Import[]];

/** How a module of Python names what another one has, and where the import goes that it takes first; undefined where the name stands for something else. */
export function importable(module: string, name: string, scope: Scope, resolver: Resolver, lineBreak: string): Importable | undefined {
  const own = resolver.module(scope.path);
  if (!own) return undefined;
  const imports = own.statements.filter(isImport);
  const known = imports.flatMap(statement => (statement.do === 'import-names' && statement.module === module ? statement.names : [])).find(([original]) => original === name);
  if (known) return { name: known[1] };
  if (bindingsOf(own.statements).byName.has(name)) return undefined;
  const root = rootOf({ module });
  const place = placeFor(module, groupsOf(imports), one => rootOf(one) !== root && isOurs(one, scope.path, resolver), lineBreak);
  return place && { name, slot: { kind: 'insert', at: place.at, encoding: ['python'], before: `${place.before}from ${module} import ${name}${lineBreak}${place.after}`, after: '' } };
}

const isImport = (statement: Statement): statement is Import => statement.do === 'import-names' || statement.do === 'import-module' || statement.do === 'import-star';

function groupsOf(imports: readonly Import[]): readonly Group[] {
  const groups: [Import, ...Import[]][] = [];
  for (const one of imports) {
    const last = groups.at(-1)?.at(-1);
    if (last && one.at.startLine <= last.at.endLine + 1) groups.at(-1)!.push(one); else groups.push([one]);
  }
  return groups;
}

interface Place { readonly at: SourceLocation; readonly before: string; readonly after: string }

/** As isort and ruff sort: beside what is imported of the same library, else of other libraries, else in a group of its own behind Python's own library. */
function placeFor(module: string, groups: readonly Group[], isOurs: (one: Import) => boolean, lineBreak: string): Place | undefined {
  const root = rootOf({ module });
  const isForeign = (one: Import): boolean => !isOurs(one) && !STANDARD_MODULES.has(rootOf(one));
  const group = groups.find(group => group.some(one => rootOf(one) === root)) ?? groups.findLast(group => group.some(isForeign));
  if (group) {
    const names = group.filter(one => one.do !== 'import-module');
    const before = names.findLast(one => !isOurs(one) && one.module.toLowerCase() <= module.toLowerCase());
    return before ? behind(before) : names[0] ? inFront(names[0]) : behind(group.at(-1)!);
  }
  const ours = groups.find(group => group.every(isOurs));
  if (ours) return { ...inFront(ours[0]), after: lineBreak };
  const last = groups.at(-1)?.at(-1);
  return last && { ...behind(last), before: lineBreak };
}

const rootOf = ({ module }: Pick<Import, 'module'>): string => module.split('.')[0]!;
/** Relative, or of the repository. */
const isOurs = ({ module }: Import, path: string, resolver: Resolver): boolean => module.startsWith('.') || resolver.find(module.split('.')[0]!, path).length > 0 || resolver.find(module, path).length > 0;

const lineAt = ({ path }: SourceLocation, line: number): SourceLocation => ({ path, startLine: line, startColumn: 1, endLine: line, endColumn: 1 });
const inFront = ({ at }: Import): Place => ({ at: lineAt(at, at.startLine), before: '', after: '' });
const behind = ({ at }: Import): Place => ({ at: lineAt(at, at.endLine + 1), before: '', after: '' });
