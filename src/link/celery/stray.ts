import type { IneffectiveSetting, Setting, Worker } from '../../model/index.js';
import { startOf } from '../../model/index.js';
import { BY_NAME } from '../../knowledge/celery-settings.js';
import { bindingsOf } from '../bindings.js';
import type { Resolver } from '../modules.js';
import { render } from '../render.js';
import type { Start } from '../starts.js';
import type { AppSite } from './apps.js';

/** REMAP_SIGTERM of the process, and variables that look like it but are read by nothing (measured: BILLIARD_REMAP_SIGTERM). */
export function strayNames(start: Start): Pick<Worker, 'sigtermRemap' | 'strayVariables'> {
  const found = start.lookup('REMAP_SIGTERM');
  const at = start.container?.at ?? start.command.at ?? startOf('');
  const written = start.variables.get('REMAP_SIGTERM');
  const sigtermRemap: Setting<string> = found.state === 'set'
    ? { state: 'set', value: found.value, at: written?.at ?? found.step.at ?? at, certainty: 'written', origin: [found.step], overridden: [], slots: written?.slot ? [written.slot] : [] }
    : found.state === 'absent' ? { state: 'unset', at, slots: [] } : { state: 'unknown', at, expression: 'REMAP_SIGTERM', candidates: [] };
  const strayVariables = [...start.variables].filter(([name]) => name !== 'REMAP_SIGTERM' && /remap_?sig|sigterm_?remap/i.test(name)).map(([name, { value, at: place, slot }]) => ({ name, value, at: place, ...(slot && { slot }) }));
  return { sigtermRemap, strayVariables };
}

/** `task_acks_late = True` on its own in the app's module: a variable, no setting. */
export function moduleVariables(site: AppSite, resolver: Resolver, isRead: (name: string) => boolean): readonly IneffectiveSetting[] {
  const module = resolver.module(site.path);
  if (!module || /celery_?conf/i.test(site.path) || site.actions.some(action => action.kind === 'object' && action.source.is === 'name' && action.source.name === '__name__')) return [];
  return [...bindingsOf(module.statements).byName].flatMap(([name, bindings]) => {
    const binding = bindings.at(-1)!;
    if (binding.kind !== 'value' || !BY_NAME.has(name) || !/^(task|worker|broker|result|beat)_/.test(name) || isRead(name)) return [];
    return [{ name, at: binding.expr.at, reason: 'module-variable' as const, wanted: name, value: render(binding.expr) }];
  });
}
