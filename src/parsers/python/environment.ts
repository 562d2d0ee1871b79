import type { Expr } from '../../model/index.js';
import { dottedName, literalText } from '../../model/index.js';
import type { Source } from './source.js';

type Call = Extract<Expr, { is: 'call' }>;
type Cast = 'string' | 'number' | 'boolean';

/** What a local name stands for, among the libraries that read the environment; `()` marks an instance. */
export interface Origin {
  readonly name: string;
  /** `environ.Env(DEBUG=(bool, False))`: cast and default by variable. */
  readonly schema?: readonly (readonly [string, Variable])[];
}
interface Variable { readonly cast?: Cast; readonly fallback?: Expr }

/** Modules whose names are followed. */
const MODULES = new Set(['os', 'environ', 'environs', 'decouple', 'configurations', 'configurations.values', 'starlette.config']);
const CONSTRUCTORS = new Set(['environ.Env', 'environ.FileAwareEnv', 'environs.Env', 'environs.FileAwareEnv', 'decouple.AutoConfig', 'decouple.Config', 'starlette.config.Config']);

/** Where a reader's default and cast stand among the arguments behind the variable's name. */
type Shape = readonly ('default' | 'cast')[];
const READERS: Readonly<Record<string, Shape>> = {
  'os.getenv': ['default'],
  'os.environ.get': ['default'],
  'environ.Env()': ['cast', 'default'], // django-environ: Env.__call__(var, cast, default, parse_default)
  'environs.Env()': ['default'],
  'decouple.config': ['default', 'cast'],
  'decouple.AutoConfig()': ['default', 'cast'],
  'decouple.Config()': ['default', 'cast'],
  'decouple.config.get': ['default', 'cast'],
  'decouple.Config().get': ['default', 'cast'],
  'starlette.config.Config()': ['cast', 'default'],
};
const ALIASES: Readonly<Record<string, string>> = { 'environs.env': 'environs.Env()', 'environ.FileAwareEnv()': 'environ.Env()', 'environs.FileAwareEnv()': 'environs.Env()' };
/** Methods of django-environ's and environs' Env whose value is the variable's text, converted. */
const METHODS: Readonly<Record<string, Cast | 'as-is'>> = {
  str: 'string', unicode: 'string', int: 'number', float: 'number', decimal: 'number', bool: 'boolean', list: 'as-is', url: 'as-is', json: 'as-is',
};
const CASTS: Readonly<Record<string, Cast>> = { str: 'string', int: 'number', float: 'number', bool: 'boolean' };

/** django-configurations: the value classes that give one scalar. */
const VALUES: Readonly<Record<string, Cast>> = {
  Value: 'string', IntegerValue: 'number', PositiveIntegerValue: 'number', FloatValue: 'number', BooleanValue: 'boolean', SecretValue: 'string', URLValue: 'string', RegexValue: 'string', PathValue: 'string',
};

/** Notes what an import binds. */
export function noteImport(module: string, name: string | undefined, local: string, source: Source): void {
  const origin = name === undefined ? module : `${module}.${name}`;
  if (MODULES.has(module) || MODULES.has(origin)) source.origins.set(local, { name: origin });
  else source.origins.delete(local);
}

/** Notes `name = environ.Env(…)`, `name = os.environ.get`; any other value ends what the name stood for. */
export function noteAssignment(name: string, value: Expr, source: Source): void {
  const constructed = value.is === 'call' ? originOf(value.callee, source)?.name : undefined;
  if (value.is === 'call' && constructed !== undefined && CONSTRUCTORS.has(constructed)) source.origins.set(name, { name: `${constructed}()`, schema: schemaOf(value) });
  else {
    const origin = originOf(value, source);
    if (origin) source.origins.set(name, origin); else if (source.origins.size > 0) source.origins.delete(name);
  }
}

function schemaOf(call: Call): readonly (readonly [string, Variable])[] {
  return call.keywords.flatMap(([name, value]): readonly (readonly [string, Variable])[] => {
    if (name === null) return [];
    const [cast, fallback] = value.is === 'list' ? value.items : [value];
    const known = castNamed(cast);
    return [[name, { ...(known && { cast: known }), ...(fallback && { fallback }) }]];
  });
}

const castNamed = (expr: Expr | undefined): Cast | undefined => (expr?.is === 'name' ? CASTS[expr.name] : undefined);

/** What a chain of names starts from, where that is one of the libraries above. */
function originOf(expr: Expr, source: Source): Origin | undefined {
  let root = expr;
  while (root.is === 'member') root = root.object;
  if (root.is !== 'name') return undefined;
  const origin = source.origins.get(root.name);
  if (!origin) return undefined;
  const rest = dottedName(expr)!.slice(root.name.length);
  const name = `${ALIASES[origin.name] ?? origin.name}${rest}`;
  return { ...origin, name: ALIASES[name] ?? name };
}

/** `os.environ["X"]` as the environment; any other item unchanged. */
export function readItem(item: Expr, source: Source): Expr {
  if (item.is !== 'item' || source.origins.size === 0) return item;
  const name = literalText(item.key);
  return name !== undefined && originOf(item.object, source)?.name === 'os.environ' ? { is: 'environment', name, at: item.at } : item;
}

/** A call of one of the readers above as the environment; any other call, and one whose conversion is not known, unchanged. */
export function readCall(call: Call, source: Source): Expr {
  if (source.origins.size === 0) return call;
  const origin = originOf(call.callee, source);
  const name = literalText(call.positional[0]) ?? literalText(keyword(call, 'var') ?? keyword(call, 'key') ?? keyword(call, 'name'));
  if (!origin || name === undefined) return call;
  const shape = READERS[origin.name];
  if (shape) return withShape(call, name, shape, origin, source);

  const method = /^environs?\.Env\(\)\.(\w+)$/.exec(origin.name)?.[1];
  const cast = method !== undefined && Object.hasOwn(METHODS, method) ? METHODS[method]! : undefined;
  if (!cast) return call;
  const fallback = keyword(call, 'default') ?? call.positional[1];
  return environment(call, name, cast === 'as-is' ? undefined : cast, fallback, origin, source);
}

function withShape(call: Call, name: string, shape: Shape, origin: Origin, source: Source): Expr {
  const argument = (kind: 'default' | 'cast'): Expr | undefined => keyword(call, kind) ?? (shape.includes(kind) ? call.positional[1 + shape.indexOf(kind)] : undefined);
  const written = argument('cast');
  const cast = castNamed(written);
  const none = written === undefined || (written.is === 'literal' && written.value === null);
  return none || cast ? environment(call, name, cast, argument('default'), origin, source) : call;
}

function environment(call: Call, name: string, cast: Cast | undefined, fallback: Expr | undefined, origin: Origin, source: Source): Expr {
  const declared = origin.schema?.find(([key]) => key === name)?.[1];
  const conversion = cast ?? declared?.cast;
  const value = fallback ?? declared?.fallback;
  const prefix = origin.name.startsWith('environs.') ? source.prefix : '';
  return { is: 'environment', name: `${prefix}${name}`, at: call.at, ...(value && { fallback: value }), ...(conversion && { cast: conversion }) };
}

/** django-configurations: `X = values.IntegerValue(5, environ_name="Y")`, where `X` is the name it is assigned to. Its prefix is DJANGO by default. */
export function readConfigurationValue(value: Expr, attribute: string, source: Source): Expr {
  if (value.is !== 'call' || source.origins.size === 0) return value;
  const kind = /^configurations\.values\.(\w+)$/.exec(originOf(value.callee, source)?.name ?? '')?.[1];
  const cast = kind !== undefined && Object.hasOwn(VALUES, kind) ? VALUES[kind]! : undefined;
  const [named, prefixed, environ] = [keyword(value, 'environ_name'), keyword(value, 'environ_prefix'), keyword(value, 'environ')];
  const name = named ? literalText(named) : attribute;
  const prefix = prefixed === undefined ? 'DJANGO' : prefixed.is === 'literal' ? prefixed.value : undefined;
  if (!cast || environ || name === undefined || prefix === undefined) return value;
  const fallback = keyword(value, 'default') ?? value.positional[0];
  return { is: 'environment', name: prefix ? `${prefix}_${name}` : name, at: value.at, cast, ...(fallback && { fallback }) };
}

/** The prefix that `with env.prefixed("X_"):` adds inside; '' for any other context. */
export function prefixOf(value: Expr, source: Source): string {
  if (value.is !== 'call' || originOf(value.callee, source)?.name !== 'environs.Env().prefixed') return '';
  return literalText(value.positional[0]) ?? '';
}

const keyword = (call: Call, name: string): Expr | undefined => call.keywords.find(([key]) => key === name)?.[1];
