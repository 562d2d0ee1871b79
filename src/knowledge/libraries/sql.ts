import type { LibraryCall, MethodCall } from './types.js';

/** SQLAlchemy 1.4 and 2.0 (docs.sqlalchemy.org/en/20/orm/session_basics.html): what a session is given becomes a row at its commit. */
export const SESSION_METHODS: Readonly<Record<string, MethodCall>> = {
  add: { kind: 'insert', onSession: true },
  add_all: { kind: 'insert', onSession: true },
  merge: { kind: 'update', onSession: true },
  bulk_save_objects: { kind: 'insert', onSession: true },
  bulk_insert_mappings: { kind: 'insert', onSession: true },
  bulk_update_mappings: { kind: 'update', onSession: true },
};

/** What a Query, a Result or a Session of SQLAlchemy answers rows with (docs.sqlalchemy.org/en/20/orm/queryguide): they are in the database. */
export const READS_ROWS = /^(all|first|one|one_or_none|scalars|scalar_one|scalar_one_or_none)$/;
/** `session.get(Order, id)`, `Order.query.get(id)`; get() of anything else may be a dictionary's. */
export const OF_SESSION = /(^|\.)(db_)?(session|query)$/i;

/** peewee (docs.peewee-orm.com/en/latest/peewee/querying.html): methods of the model's class, found by its base. */
export const SQL_CALLS: readonly LibraryCall[] = [
  { name: /^peewee\.(\w*Model)\.(create|insert|insert_many|insert_from|bulk_create)$/, kind: 'insert' },
  { name: /^peewee\.(\w*Model)\.(get_or_create|replace|replace_many)$/, kind: 'insert', guard: 'get_or_create' },
  { name: /^peewee\.(\w*Model)\.(save|update|bulk_update|set_by_id)$/, kind: 'update' },
  { name: /^peewee\.(\w*Model)\.(delete|delete_instance|delete_by_id)$/, kind: 'delete', idempotent: true },
];

/** What takes a statement as text: psycopg and every other DB-API driver (PEP 249), SQLAlchemy's connections. */
export const EXECUTES = /^(execute|executemany|execute_values|executescript|exec_driver_sql)$/;
/** Reads the statement's first word; `guarded`: it keeps a row that is there. A value counted on itself is an increment. `cut`: it says itself how many rows it gives; `byKey`: rows of a key. */
export const STATEMENTS = {
  insert: /^\s*(insert|copy)\b/i, update: /^\s*(update|merge|grant|revoke|create|alter|drop|truncate|reassign|call)\b/i, delete: /^\s*delete\b/i,
  select: /^\s*(?:select|with|table)\b/i, cut: /\blimit\s|\bfetch\s+(?:first|next)\b|\btop\s{0,9}\(?\s{0,9}\d|^\s*select\s+(?:count|sum|max|min|avg|exists|coalesce)\s*\((?![^]*\bgroup\s+by\b)/i, byKey: /\b(?:where|and)\s+[\w.]*\b(?:\w*_)?(?:id|uuid|pk|oid)\s*(?:=|in\b)/i,
  guarded: /\bon\s+(conflict|duplicate\s+key)\b|\binsert\s+(or\s+)?(ignore|replace)\b|\bwhere\s+not\s+exists\b/i,
  counts: /\bset\b[^;]{0,1000}?\b(\w{1,64})\s{0,9}=\s{0,9}(?:\w{1,64}\.)?\1\s{0,9}[-+]/i,
} as const;
