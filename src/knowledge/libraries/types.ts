import type { EffectKind } from '../../model/index.js';

/** What a library call does. `name` is matched against the full dotted name; a call's result is written `()`. */
export interface LibraryCall {
  readonly name: RegExp;
  readonly kind: EffectKind;
  /** Running it twice is harmless by the call's own meaning (PUT, delete by key). */
  readonly idempotent?: boolean;
  /** It writes nothing that is there already: how that is called. */
  readonly guard?: string;
  /** s until the library gives up by default; undefined: never, or not known. */
  readonly timeoutSeconds?: number;
  /** It answers what it is given, and keeps nothing: a language model. */
  readonly answers?: boolean;
  /** Without a `timeout=` of the call it waits for ever. */
  readonly endless?: boolean;
}

/** What a method does where the class of its object cannot be told. */
export interface MethodCall {
  readonly kind: EffectKind;
  readonly guard?: string;
  /** Only behind a queryset or manager (`.objects`, `.filter()`). */
  readonly onQueryset?: boolean;
  /** Only without positional arguments. */
  readonly bare?: boolean;
  /** Only on a session of SQLAlchemy. */
  readonly onSession?: boolean;
  /** Only on an attribute of this name: `user.groups.add(…)`. */
  readonly onAttribute?: RegExp;
}
