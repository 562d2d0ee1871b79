import type { EffectiveSettings } from '../../model/index.js';
import { shared } from '../find-modules.js';
import type { Resolver } from '../modules.js';
import type { AppSite } from './apps.js';
import type { FunctionSite } from './functions.js';

/** The task functions an app runs: its own by decorator, and the shared ones that its configuration names or finds. */
export function membersOf(site: AppSite, judged: readonly AppSite[], functions: readonly FunctionSite[], settings: EffectiveSettings, resolver: Resolver): readonly FunctionSite[] {
  return functions.filter(fn => {
    if (fn.app) return fn.app === site.call || (!judged.some(other => other.call === fn.app) && judged.length === 1);
    return judged.length === 1 || claims(site, fn, settings, resolver) || nearest(site, fn, judged);
  });
}

/** include, imports or autodiscover literals that name the function's module. */
function claims(site: AppSite, fn: FunctionSite, settings: EffectiveSettings, resolver: Resolver): boolean {
  const module = resolver.nameOf(fn.at.path);
  const packages = site.actions.flatMap(action => {
    const value = action.kind === 'autodiscover' && action.packages ? resolver.evaluate(action.packages, action.scope) : undefined;
    return value?.known && Array.isArray(value.value) ? (value.value as { known: boolean; value?: unknown }[]).flatMap(item => (item.known ? [String(item.value)] : [])) : [];
  });
  const named = ['include', 'imports'].flatMap(name => { const setting = settings.get(name); return setting?.state === 'set' && Array.isArray(setting.value) ? setting.value.map(String) : []; });
  return [...named, ...packages].some(name => module === name || module.endsWith(`.${name}`) || module.startsWith(`${name}.`) || module.includes(`.${name}.`));
}

/** Several apps and none that names the module: the app that lies nearest, if one does. */
function nearest(site: AppSite, fn: FunctionSite, judged: readonly AppSite[]): boolean {
  const own = shared(site.path, fn.at.path);
  return judged.every(other => other === site || shared(other.path, fn.at.path) <= own);
}
