import type { Expr, FactStore, SourceLocation } from '../../model/index.js';
import { BY_NAME } from '../../knowledge/celery-settings.js';
import { bindingsOf } from '../bindings.js';
import type { Resolver, Scope } from '../modules.js';
import type { AppSite, ConfigurationAction } from './apps.js';
import { sites } from './sites.js';

type Call = Extract<Expr, { is: 'call' }>;

/**
 * A tree with task functions or Celery settings but no app (a package of tasks, a reduced copy): judged on the decorators and on
 * what looks like its configuration, at medium. undefined: nothing of the kind.
 */
export function implicitApp(found: readonly Scope[], firstFunction: SourceLocation | undefined, resolver: Resolver, store: FactStore): AppSite | undefined {
  const modules = [...found].sort((a, b) => (a.path < b.path ? -1 : 1)); // of several configurations the same one counts, whatever was found first
  const scope = modules.find(module => module.path === firstFunction?.path) ?? modules[0];
  if (!scope) return undefined;
  const configuration = celeryConfigModule(modules) ?? settingsDict(modules, resolver) ?? djangoModule(modules, resolver, store);
  if (!configuration && !firstFunction) return undefined;
  const at = firstFunction ?? configuration!.at;
  const call: Call = { is: 'call', callee: { is: 'opaque', text: 'Celery', at }, positional: [], keywords: [], at };
  const actions = configuration ? [configuration.action] : [];
  return { id: `${resolver.nameOf(at.path)}:(no app found)`, name: '(no app found)', path: at.path, at, call, scope, actions };
}

interface Found { readonly action: ConfigurationAction; readonly at: SourceLocation }

/** celeryconfig.py, celery_config.py, celeryconf_v2.py: a module that holds settings and nothing else claims them. */
function celeryConfigModule(modules: readonly Scope[]): Found | undefined {
  const module = modules.find(candidate => /(^|\/)celery_?conf(ig)?[^/]*\.py$/i.test(candidate.path) && [...bindingsOf(candidate.statements).byName.keys()].some(name => BY_NAME.has(name) || BY_NAME.has(name.toLowerCase()) || /^CELERYD?_|^BROKER_/.test(name)));
  return module && fromModule(module, undefined);
}

function fromModule(module: Scope, namespace: string | undefined): Found {
  const at = module.statements[0]!.at;
  const source: Expr = { is: 'literal', value: module.path.replace(/\.py$/, '').replaceAll('/', '.'), at };
  return { at, action: { kind: 'object', source, at, scope: module, guards: [], ...(namespace && { namespace: { is: 'literal', value: namespace, at } as Expr }) } };
}

/** `CELERY = {"broker_url": …}` on a module or class. */
function settingsDict(modules: readonly Scope[], resolver: Resolver): Found | undefined {
  for (const module of modules) {
    for (const { statement, scope } of sites(module, resolver)) {
      if (statement.do !== 'assign' || scope.kind === 'function') continue;
      const target = statement.targets[0];
      if (target?.is !== 'name' || !/^CELERY(_SETTINGS|_CONFIG)?$/i.test(target.name) || statement.value.is !== 'map') continue;
      const names = statement.value.entries.map(([key]) => (key?.is === 'literal' ? String(key.value) : ''));
      if (names.some(name => BY_NAME.has(name))) return { at: statement.at, action: { kind: 'update', value: statement.value, at: statement.at, scope, guards: [] } };
    }
  }
  return undefined;
}

/** A Django settings module with CELERY_ names: Django projects use that namespace. */
function djangoModule(modules: readonly Scope[], resolver: Resolver, store: FactStore): Found | undefined {
  const module = settingsModules(modules, resolver, store)[0];
  return module && fromModule(module, 'CELERY');
}

/** Settings modules that name Celery, themselves or by star import, the base of a package first, those of tests and developers left out. */
export function settingsModules(modules: readonly Scope[], resolver: Resolver, store: FactStore): readonly Scope[] {
  const isSettings = (path: string): boolean => /(^|\/)settings(\.py$|\/|_)|(^|\/)[^/]*settings\.py$/.test(path) && !/test|local|dev|ci\b/i.test(path.split('/').pop()!);
  const others = store.paths.filter(path => isSettings(path) && path.endsWith('.py') && !modules.some(module => module.path === path)).slice(0, 20);
  const all = [...modules.filter(module => isSettings(module.path)), ...others.map(path => resolver.module(path)).filter(module => module !== undefined)];
  const named = all.filter(module => namesCelery(module) || starred(module, resolver).some(namesCelery));
  const rank = (path: string): number => (/(settings|base|common|__init__|defaults?)\.py$/.test(path) ? 0 : 1);
  return [...named].sort((a, b) => rank(a.path) - rank(b.path) || a.path.length - b.path.length);
}

const namesCelery = (module: Scope): boolean => [...bindingsOf(module.statements).byName.keys()].some(name => /^(CELERY|BROKER)_/.test(name));

function starred(module: Scope, resolver: Resolver): readonly Scope[] {
  return bindingsOf(module.statements).stars.flatMap(star => resolver.find(star.module, module.path)).filter(path => path !== module.path).map(path => resolver.module(path)).filter(scope => scope !== undefined);
}
