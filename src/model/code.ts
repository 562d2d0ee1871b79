import { walk, type Expr } from './expression.js';
import type { SourceLocation, Slot } from './location.js';

/**
 * Code as plain data: what every function of a read file does, in the order it does it, without syntax trees.
 * The same words for Python and TypeScript.
 */
export type Statement = { readonly at: SourceLocation } & (
  | { readonly do: 'assign'; readonly targets: readonly Expr[]; readonly value: Expr; /** `+=`: '+' */ readonly augmented?: string; /** The class it is annotated with: `services.Mailer` */ readonly type?: string }
  /** An expression on its own; `await f()` is the call. */
  | { readonly do: 'call'; readonly value: Expr }
  /** `from m import a as b` → module m, names [[a, b]]. Relative modules keep their dots. */
  | { readonly do: 'import-names'; readonly module: string; readonly names: readonly (readonly [string, string])[] }
  | { readonly do: 'import-star'; readonly module: string }
  /** `import a.b as c` → alias c is a.b; without alias `import a.b` binds a. */
  | { readonly do: 'import-module'; readonly module: string; readonly alias?: string }
  | { readonly do: 'function'; readonly function: FunctionFacts }
  | { readonly do: 'class'; readonly class: ClassFacts }
  | { readonly do: 'if'; readonly test: Expr; readonly then: readonly Statement[]; readonly otherwise: readonly Statement[] }
  | { readonly do: 'for'; readonly target: Expr; readonly over: Expr; readonly body: readonly Statement[]; readonly otherwise: readonly Statement[] }
  | { readonly do: 'while'; readonly test: Expr; readonly body: readonly Statement[] }
  | { readonly do: 'with'; readonly items: readonly { readonly value: Expr; readonly as?: Expr }[]; readonly body: readonly Statement[] }
  | { readonly do: 'try'; readonly body: readonly Statement[]; readonly handlers: readonly Handler[]; readonly otherwise: readonly Statement[]; readonly finally: readonly Statement[] }
  | { readonly do: 'return'; readonly value?: Expr }
  | { readonly do: 'raise'; readonly value?: Expr }
  | { readonly do: 'delete'; readonly targets: readonly Expr[] }
  | { readonly do: 'break' } | { readonly do: 'continue' }
);

/** `except A, B as e:`; no types: a bare `except:`. */
export interface Handler {
  readonly types: readonly Expr[];
  readonly name?: string;
  readonly body: readonly Statement[];
  readonly at: SourceLocation;
}

export interface Parameter {
  readonly name: string;
  readonly kind: 'plain' | 'rest' | 'keywords';
  readonly fallback?: Expr;
  /** Behind `*` or `*args`. */
  readonly keywordOnly?: true;
  /** The class it is annotated with: `services.Mailer` */
  readonly type?: string;
  /** It is annotated as a function that gives a promise: `(text: string) => Promise<void>` */
  readonly givesPromise?: true;
}

export interface FunctionFacts {
  readonly name: string;
  /** The place of the `def` line's head, decorators excluded. */
  readonly at: SourceLocation;
  readonly parameters: readonly Parameter[];
  /** The class it is annotated to return. */
  readonly returns?: string;
  /** Outermost first. */
  readonly decorators: readonly Expr[];
  readonly body: readonly Statement[];
  readonly isAsync: boolean;
  readonly isGenerator: boolean;
}

export interface ClassFacts {
  readonly name: string;
  /** Where one more attribute goes, in a class whose methods say that some may be written. */
  readonly slot?: Slot;
  readonly at: SourceLocation;
  readonly bases: readonly Expr[];
  readonly keywords: readonly (readonly [string | null, Expr])[];
  readonly decorators: readonly Expr[];
  readonly body: readonly Statement[];
}

/** Statements directly inside this one, every branch. Functions and classes are not entered. */
export function nested(statement: Statement): readonly Statement[] {
  switch (statement.do) {
    case 'if': return [...statement.then, ...statement.otherwise];
    case 'for': return [...statement.body, ...statement.otherwise];
    case 'while': case 'with': return statement.body;
    case 'try': return [...statement.body, ...statement.handlers.flatMap(handler => handler.body), ...statement.otherwise, ...statement.finally];
    default: return [];
  }
}

/** The expressions a statement evaluates itself, without those of the statements inside it. */
export function expressionsOf(statement: Statement): readonly Expr[] {
  switch (statement.do) {
    case 'assign': return [...statement.targets, statement.value];
    case 'call': return [statement.value];
    case 'if': case 'while': return [statement.test];
    case 'for': return [statement.over];
    case 'with': return statement.items.map(item => item.value);
    case 'return': case 'raise': return statement.value ? [statement.value] : [];
    case 'delete': return statement.targets;
    default: return [];
  }
}

/** Every statement of a body, with those in its branches, loops and blocks; not those of functions and classes in it. */
export const statementsIn = (body: readonly Statement[]): readonly Statement[] => body.flatMap(statement => [statement, ...statementsIn(nested(statement))]);

/** Every expression in these statements, with its parts. */
export const partsOfAll = (body: readonly Statement[]): readonly Expr[] => statementsIn(body).flatMap(statement => expressionsOf(statement).flatMap(expr => walk(expr)));

/** Every call in these statements. */
export const callsWithin = (body: readonly Statement[]): readonly Extract<Expr, { is: 'call' }>[] => partsOfAll(body).filter(part => part.is === 'call');

/** The errors of `except A:` and `except (A, B):`, as expressions; none: a bare `except:`. */
export const exceptionsOf = ({ types }: Pick<Handler, 'types'>): readonly Expr[] => types.flatMap(type => (type.is === 'list' ? type.items : [type]));
