import { BY_NAME, NEW_NAME_OF, SETTINGS } from '../../knowledge/celery-settings.js';
import { editDistance, type IneffectiveSetting } from '../../model/index.js';

/** What Celery makes of a name: a setting it reads, a name it ignores, or none of its business (undefined). */
export type Reading =
  | { readonly setting: string; readonly prefixed: boolean; readonly old: boolean }
  | { readonly ignored: IneffectiveSetting['reason']; readonly wanted?: string; readonly distance?: number };

/** Every name from before Celery 4 and the setting it is of, BROKER_URL and its like included. */
export const OLD_NAMES: ReadonlyMap<string, string> = new Map(SETTINGS.map(([name, old]) => [old, name]));
/** Upper-case names outside these families (TIMEZONE, DATABASE_URL, S3_BUCKET …) are a project's own as often as not. */
const CELERY_FAMILY = /^(TASK|WORKER|BEAT|BROKER|RESULT|CELERY)_/i;

/**
 * How Celery reads a name of a configuration object, class, dict or `conf.update` (facts: celery app/utils.py:232-286,
 * utils/collections.py:367-425; all rows were run on 5.6.3). `namespace` undefined: none given.
 */
export function readName(name: string, namespace: string | undefined): Reading | undefined {
  return namespace ? underNamespace(name, namespace.replace(/(?<!_)_+$/, '')) : withoutNamespace(name);
}

function withoutNamespace(name: string): Reading | undefined {
  if (BY_NAME.has(name)) return { setting: name, prefixed: false, old: false };
  const renamed = OLD_NAMES.get(name);
  if (renamed) return { setting: renamed, prefixed: false, old: true };
  if (!CELERY_FAMILY.test(name)) return undefined;
  const lower = name.toLowerCase();
  if (lower.startsWith('celery_') && BY_NAME.has(lower.slice(7))) return { ignored: 'prefixed-without-namespace', wanted: lower.slice(7) };
  if (BY_NAME.has(lower)) return { ignored: 'wrong-case', wanted: lower };
  return nearest(name, name === lower ? [...BY_NAME.keys()] : [...NEW_NAME_OF.keys()]);
}

function underNamespace(name: string, namespace: string): Reading | undefined {
  const upper = namespace === namespace.toUpperCase();
  const prefix = `${namespace}_`;
  const shape = (setting: string): string => prefix + (upper ? setting.toUpperCase() : setting);
  if (name.startsWith(prefix)) {
    const rest = name.slice(prefix.length);
    const setting = rest.toLowerCase();
    if (BY_NAME.has(setting)) return rest === (upper ? rest.toUpperCase() : setting) ? { setting, prefixed: true, old: false } : { ignored: 'wrong-case', wanted: shape(setting) };
  }
  if (BY_NAME.has(name)) return { setting: name, prefixed: false, old: false };
  const renamed = NEW_NAME_OF.get(name);
  if (renamed) return { ignored: 'old-name-under-namespace', wanted: shape(renamed) };
  const lower = name.toLowerCase();
  if (lower.startsWith(`${namespace.toLowerCase()}_`)) {
    const setting = lower.slice(prefix.length);
    if (BY_NAME.has(setting)) return { ignored: 'wrong-case', wanted: shape(setting) };
    // CELERY_PREFETCH_MULTIPLIER, CELERY_REJECT_ON_WORKER_LOST: half of a real name
    const family = ['task', 'worker', 'result', 'broker', 'beat'].map(part => `${part}_${setting}`).find(candidate => BY_NAME.has(candidate));
    if (family && name === name.toUpperCase()) return { ignored: 'unknown-name', wanted: shape(family), distance: 2 };
    return nearest(name, [...BY_NAME.keys()].map(shape));
  }
  if (upper && name === name.toUpperCase() && /^(TASK|WORKER|BEAT|BROKER)_/.test(name) && BY_NAME.has(lower)) return { ignored: 'unprefixed-under-namespace', wanted: shape(lower) };
  return undefined;
}

function nearest(name: string, candidates: readonly string[]): Reading | undefined {
  if (name.length < 8) return undefined;
  let best: { wanted: string; distance: number } | undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > 2) continue;
    const distance = editDistance(name, candidate);
    if (distance <= 2 && (!best || distance < best.distance)) best = { wanted: candidate, distance };
  }
  return best && { ignored: 'unknown-name', ...best };
}

/** May a name of a settings module concern Celery? Cheap, before anything is evaluated. */
export function mayConcernCelery(name: string, namespace: string | undefined): boolean {
  if (namespace && name.toLowerCase().startsWith(namespace.toLowerCase())) return true;
  return BY_NAME.has(name) || OLD_NAMES.has(name) || /^(celery|celeryd|celerybeat|broker|task|worker|beat)_/i.test(name);
}
