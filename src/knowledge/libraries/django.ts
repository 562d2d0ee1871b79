import type { LibraryCall, MethodCall } from './types.js';

/** Django: mail (docs.djangoproject.com/en/5.2/topics/email), storage (ref/files/storage), models (ref/models/querysets). */
export const DJANGO_CALLS: readonly LibraryCall[] = [
  { name: /^django\.core\.mail\.(send_mail|send_mass_mail|mail_admins|mail_managers)$/, kind: 'email' },
  { name: /^django\.core\.mail\.(message\.)?(EmailMessage|EmailMultiAlternatives)\(\)\.send$/, kind: 'email' },
  { name: /^django\.core\.mail\.(\w+\.)*get_connection\(\)\.send_messages$/, kind: 'email' },
  // a bucket where it matters
  { name: /^django\.core\.files\.storage\.(\w+\.)*default_storage\.delete$/, kind: 'delete', idempotent: true },
  { name: /^django\.core\.files\.storage\.(\w+\.)*default_storage\.save$/, kind: 'upload' },
];

/** The ORM's methods by their names: Django's models and managers. */
export const DJANGO_METHODS: Readonly<Record<string, MethodCall>> = {
  create: { kind: 'insert', onQueryset: true },
  acreate: { kind: 'insert', onQueryset: true },
  bulk_create: { kind: 'insert', onQueryset: true },
  abulk_create: { kind: 'insert', onQueryset: true },
  get_or_create: { kind: 'insert', onQueryset: true, guard: 'get_or_create' },
  aget_or_create: { kind: 'insert', onQueryset: true, guard: 'get_or_create' },
  update_or_create: { kind: 'insert', onQueryset: true, guard: 'update_or_create' },
  aupdate_or_create: { kind: 'insert', onQueryset: true, guard: 'update_or_create' },
  bulk_update: { kind: 'update', onQueryset: true },
  update: { kind: 'update', onQueryset: true },
  aupdate: { kind: 'update', onQueryset: true },
  delete: { kind: 'delete', bare: true },
  save: { kind: 'update', bare: true },
  asave: { kind: 'update', bare: true },
  adelete: { kind: 'delete', bare: true },
};

/** Relations of django.contrib.auth, whose add() and remove() write rows (ref/models/relations); the same row once. */
export const DJANGO_RELATIONS: Readonly<Record<string, MethodCall>> = {
  add: { kind: 'update', onAttribute: /^(user_permissions|groups|permissions)$/ },
  remove: { kind: 'delete', onAttribute: /^(user_permissions|groups|permissions)$/ },
};

/** What makes an expression a queryset. */
export const MANAGERS = /^(objects|_default_manager|_base_manager|unscoped|\w+_objects)$/;
