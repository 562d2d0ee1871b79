import type { EffectiveSettings, FactStore } from '../../model/index.js';
import { shared } from '../find-modules.js';
import type { Resolver } from '../modules.js';
import { ofProject } from '../projects.js';
import type { AppSite } from './apps.js';
import type { FunctionSite } from './functions.js';

/** What the apps of a tree and their task functions are. */
interface Tree { readonly apps: readonly AppSite[]; readonly functions: readonly FunctionSite[]; readonly resolver: Resolver; readonly store: FactStore }

/** The task functions an app runs: its own by decorator, and the shared ones that its configuration names or finds, of its own project where that has apps. */
export function membersOf(site: AppSite, judged: readonly AppSite[], settings: EffectiveSettings, { apps, functions, resolver, store }: Tree): readonly FunctionSite[] {
  return functions.filter(fn => {
    if (fn.app) return fn.app === site.call || (!judged.some(other => other.call === fn.app) && judged.length === 1);
    if (judged.length === 1 && apps.length < 2) return true;
    return claims(site, fn, settings, resolver) || (ofProject(fn.at.path, apps, store).includes(site) && (judged.length === 1 || nearest(site, fn, judged)));
  });
}

/** include, imports or autodiscover literals that name the function's module, and mean this one: of several projects in one tree each has its own. */
function claims(site: AppSite, fn: FunctionSite, settings: EffectiveSettings, resolver: Resolver): boolean {
  const module = resolver.nameOf(fn.at.path);
  const [meant = fn.at.path] = resolver.find(module, site.path);
  if (meant !== fn.at.path) return false;
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
