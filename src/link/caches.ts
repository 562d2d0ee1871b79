import type { Cache, ComposeServiceFacts, Facts, Setting } from '../model/index.js';
import { place } from '../model/index.js';
import { settingOf } from './start/field-settings.js';
import { joined, OPEN_ENVIRONMENT } from './process-environment.js';

/** Redis and Valkey servers whose eviction policy a file says: the command of a Compose service, a parameter group of ElastiCache. */
export function cachesIn(all: readonly Facts[]): readonly Cache[] {
  return all.flatMap(facts => [
    ...(facts.compose?.services ?? []).flatMap(inCompose),
    ...(facts.caches ?? []).map(({ name, policy }): Cache => ({ name, policy: settingOf(policy, value => (typeof value === 'string' ? value : undefined)) })),
  ]);
}

function inCompose(service: ComposeServiceFacts): readonly Cache[] {
  const text = (expr: ComposeServiceFacts['image']): string => (expr ? joined(expr, { environment: OPEN_ENVIRONMENT }).text : '');
  if (!/(^|\/)(redis|valkey)(-stack(-server)?)?(:|$|@)/.test(text(service.image)) || !service.command) return [];
  const words = service.command.words.map(text).join(' ');
  const value = /--maxmemory-policy[ =]([a-z-]+)/.exec(words)?.[1];
  const { at } = service.command;
  const policy: Setting<string> | undefined = value === undefined ? undefined : { state: 'set', value, at, certainty: 'written', origin: [{ text: place(at), at }], overridden: [], slots: [] };
  return policy ? [{ name: service.name, host: service.name, policy }] : [];
}
