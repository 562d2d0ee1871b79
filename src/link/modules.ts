import type { ClassFacts, Expr, FactStore, FunctionFacts, OriginStep, SourceLocation, Slot, Statement } from '../model/index.js';

/** Where a name is looked up: a module, a class body or a function body, with what is bound there. */
export interface Scope {
  readonly path: string;
  readonly parent?: Scope;
  readonly statements: readonly Statement[];
  readonly kind: 'module' | 'class' | 'function';
  /** function scopes: what is known of the parameters at this call. */
  readonly bound?: ReadonlyMap<string, Target>;
  /** Methods: the class whose instance `self` is (the most derived one known). */
  readonly self?: ClassTarget;
}

export type FunctionTarget = { readonly is: 'function'; readonly function: FunctionFacts; readonly scope: Scope; readonly owner?: ClassTarget };
export type ClassTarget = { readonly is: 'class'; readonly class: ClassFacts; readonly scope: Scope };

/** What an expression names. */
export type Target =
  | FunctionTarget
  | ClassTarget
  /** The result of calling a class: of the repository, or of a library. `call` is the constructor call. */
  | { readonly is: 'instance'; readonly of: ClassTarget | ExternalTarget; readonly call: Expr; readonly scope: Scope }
  | { readonly is: 'module'; readonly path: string }
  | ExternalTarget
  /** Any other value, as written there. */
  | { readonly is: 'value'; readonly expr: Expr; readonly scope: Scope }
  | { readonly is: 'unknown' };
/** A name of a library, in full: `redis.Redis`, `celery.shared_task`, `django.core.cache.cache`. */
export type ExternalTarget = { readonly is: 'external'; readonly name: string };

/** A computed value. `known` false: `candidates` are what it may be (empty: anything). Mappings are Map, lists are arrays. */
export interface Value {
  readonly known: boolean;
  readonly value?: unknown;
  readonly candidates: readonly unknown[];
  readonly certainty: 'written' | 'unless-environment';
  readonly at: SourceLocation;
  readonly origin: readonly OriginStep[];
  readonly slots: readonly Slot[];
  /** As written, for "could not be resolved". */
  readonly expression: string;
}

/** What the process's environment says of a variable. `absent`: certainly not set. `unknown`: a source could not be read. */
export type Lookup = (name: string) => { readonly state: 'set'; readonly value: string; readonly step: OriginStep } | { readonly state: 'secret'; readonly step: OriginStep } | { readonly state: 'absent' } | { readonly state: 'unknown' };

export interface Resolver {
  /** The module scope of a file; undefined where it is no code or cannot be read. */
  module(path: string): Scope | undefined;
  /** The scope of a function's body, for one call of it. */
  inside(target: FunctionTarget, bound?: ReadonlyMap<string, Target>): Scope;
  /** Follows names, imports, re-exports, attributes, simple assignments. Cycles end in `unknown`. */
  resolve(expr: Expr, scope: Scope): Target;
  /** The dotted library name an expression ends at (`redis.Redis.from_url`), with local aliases undone; undefined where it is ours or unknown. Instances of library classes: `redis.Redis().set`. */
  externalName(expr: Expr, scope: Scope): string | undefined;
  evaluate(expr: Expr, scope: Scope, environment?: Lookup): Value;
  /** The modules of the tree for a dotted name, nearest to `from` first. */
  find(module: string, from: string): readonly string[];
}

export declare function createResolver(store: FactStore): Resolver;
