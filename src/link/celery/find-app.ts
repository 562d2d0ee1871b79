import { posix } from 'node:path';
import type { FactStore } from '../../model/index.js';
import { bindingsOf } from '../bindings.js';
import type { Resolver, Scope } from '../modules.js';
import type { Start } from '../starts.js';
import type { AppSite } from './apps.js';

/** The app a command names, or why it could not be found. */
export type FoundApp = { readonly app: AppSite; readonly how: 'written' | 'only-candidate' | 'declared' } | { readonly reason: string };

/**
 * As Celery's own `find_app` (celery app/utils.py): `m:x`, `m.x`, then m's `app`, m's `celery`, package m's `m.celery`, the first
 * Celery object. m is looked for from the process's directories, else the one path in the tree with that suffix, nearest first.
 */
export function findApp(name: string, start: Pick<Start, 'directories'>, apps: readonly AppSite[], resolver: Resolver, store: FactStore): FoundApp {
  const [dotted = '', attribute] = name.replace(/\.py$/, '').replaceAll('/', '.').split(':');
  const module = moduleFrom(dotted, start.directories, resolver, store);
  if (module) return attribute ? named(attribute, module, apps, resolver) : appIn(dotted, module, start, apps, resolver, store);
  const cut = dotted.lastIndexOf('.');
  const outer = cut > 0 && !attribute ? moduleFrom(dotted.slice(0, cut), start.directories, resolver, store) : undefined;
  if (outer) return named(dotted.slice(cut + 1), outer, apps, resolver);
  return { reason: `no module ${dotted} was found for "-A ${name}"` };
}

function named(attribute: string, module: Scope, apps: readonly AppSite[], resolver: Resolver): FoundApp {
  const app = siteOf(attribute, module, apps, resolver);
  return app ? { app, how: 'written' } : { reason: `${attribute} in ${module.path} is no Celery app that can be read` };
}

function appIn(dotted: string, module: Scope, start: Pick<Start, 'directories'>, apps: readonly AppSite[], resolver: Resolver, store: FactStore): FoundApp {
  for (const attribute of ['app', 'celery']) {
    const app = siteOf(attribute, module, apps, resolver);
    if (app) return { app, how: 'written' };
  }
  const inner = posix.basename(module.path) === '__init__.py' ? moduleFrom(`${dotted}.celery`, start.directories, resolver, store) : undefined;
  const app = inner && (siteOf('app', inner, apps, resolver) ?? siteOf('celery', inner, apps, resolver) ?? firstIn(inner, apps, resolver));
  if (app) return { app, how: 'written' };
  const first = firstIn(module, apps, resolver);
  return first ? { app: first, how: 'written' } : { reason: `${module.path} holds no Celery app that can be read` };
}

function siteOf(attribute: string, module: Scope, apps: readonly AppSite[], resolver: Resolver): AppSite | undefined {
  const target = resolver.exported(attribute, module);
  return target.is === 'instance' ? apps.find(app => app.call === target.call) : undefined;
}

function firstIn(module: Scope, apps: readonly AppSite[], resolver: Resolver): AppSite | undefined {
  for (const name of bindingsOf(module.statements).byName.keys()) {
    const app = siteOf(name, module, apps, resolver);
    if (app) return app;
  }
  return undefined;
}

export function moduleFrom(dotted: string, directories: readonly string[], resolver: Resolver, store: FactStore): Scope | undefined {
  const parts = dotted.split('.').filter(Boolean).join('/');
  if (parts === '') return undefined;
  for (const folder of directories) {
    const base = posix.normalize(folder === '' ? parts : `${folder}/${parts}`);
    const path = [`${base}.py`, `${base}/__init__.py`].find(candidate => store.has(candidate));
    const module = path && resolver.module(path);
    if (module) return module;
  }
  const found = resolver.find(dotted, `${directories[0] ?? ''}/x.py`)[0];
  return found ? resolver.module(found) : undefined;
}
