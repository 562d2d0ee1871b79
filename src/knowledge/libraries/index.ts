import { AWS_CALLS } from './aws.js';
import { DJANGO_CALLS, DJANGO_METHODS } from './django.js';
import { HTTP_CALLS } from './http.js';
import { MESSAGE_CALLS } from './messages.js';
import { COLLECTION_METHODS } from './mongo.js';
import { PAYMENT_CALLS } from './payments.js';
import { PYTHON_CALLS } from './python.js';
import { REDIS_CALLS } from './redis.js';
import { SESSION_METHODS, SQL_CALLS } from './sql.js';
import type { LibraryCall, MethodCall } from './types.js';

export { DJANGO_RELATIONS, MANAGERS } from './django.js';
export { BOUNDING_METHODS, CHUNKERS, FILE_OPENERS, FOLDERS, ITERATORS, LISTINGS, LISTING_METHODS, PASS_THROUGH, QUERYSET_METHODS, TABLES } from './loops.js';
export { PURE } from './python.js';
export { EXECUTES, OF_SESSION, READS_ROWS, STATEMENTS } from './sql.js';
export { COLLECTION_METHODS } from './mongo.js';
export type { LibraryCall, MethodCall } from './types.js';

/** Calls known by the library's name. The first match counts: one table per ecosystem, the most special first. */
export const LIBRARY_CALLS: readonly LibraryCall[] = [
  ...DJANGO_CALLS, ...MESSAGE_CALLS, ...PAYMENT_CALLS, ...HTTP_CALLS, ...AWS_CALLS, ...SQL_CALLS, ...PYTHON_CALLS, ...REDIS_CALLS,
];

/** Methods known by their name where the object's class cannot be told. */
export const ORM_METHODS: Readonly<Record<string, MethodCall>> = { ...DJANGO_METHODS, ...SESSION_METHODS, ...COLLECTION_METHODS };
