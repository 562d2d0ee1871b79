import type { MethodCall } from './types.js';

/** pymongo and motor (pymongo.readthedocs.io/en/stable/api/pymongo/collection.html): names that only a collection has. */
export const COLLECTION_METHODS: Readonly<Record<string, MethodCall>> = {
  insert_one: { kind: 'insert' },
  insert_many: { kind: 'insert' },
  update_one: { kind: 'update' },
  update_many: { kind: 'update' },
  replace_one: { kind: 'update' },
  find_one_and_update: { kind: 'update' },
  find_one_and_replace: { kind: 'update' },
  delete_one: { kind: 'delete' },
  delete_many: { kind: 'delete' },
  find_one_and_delete: { kind: 'delete' },
};
