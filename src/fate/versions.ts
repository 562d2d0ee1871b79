import { compareVersions, type Worker } from '../model/index.js';
import type { Circumstances } from './circumstances.js';

/** The oldest and the newest version that may be installed; equal where it is pinned. Dotted numbers. */
export interface VersionRange { readonly lowest: string; readonly newest: string }

/** The circumstances that versions decide. What the two measured versions disagree on is open between them. */
export type Behaviour = Required<Pick<Circumstances, 'modernPools' | 'soloWaits' | 'requeuesLimits' | 'beatsWhenWarm' | 'forgetsCancelled'>> & { readonly readsRemap: boolean; readonly knowsSoftShutdown: boolean; readonly cancelsOnLoss: boolean; readonly acksDirectly: boolean };

/** The last release that was measured to stop as before, and the first one that was measured to stop as today; which one between them changed is not established. */
const POOLS_CHANGED: { readonly [P in Worker['pool']]?: { readonly old: string; readonly new: string } } = { solo: { old: '5.2.6', new: '5.4.0' }, gevent: { old: '5.4.0', new: '5.5.3' } };

type Open<T> = { readonly [K in keyof T]?: T[K] };

/** What celery and billiard of these versions do on a pool; a field that is absent may be either. */
export function behaviourOf(celery: VersionRange, billiard: VersionRange, pool: Worker['pool']): Open<Behaviour> {
  const since = (range: VersionRange, version: string): boolean | undefined => (compareVersions(range.lowest, version) >= 0 ? true : compareVersions(range.newest, version) < 0 ? false : undefined);
  const fixed = since(celery, '5.6.4');
  const splits = since(billiard, '4.3.0');
  return defined({
    modernPools: compareVersions(celery.lowest, POOLS_CHANGED[pool]?.new ?? '5.5.3') >= 0 ? true : compareVersions(celery.newest, POOLS_CHANGED[pool]?.old ?? '5.2.6') <= 0 ? false : undefined,
    soloWaits: compareVersions(celery.lowest, '5.4.0') >= 0 && compareVersions(celery.newest, '5.4.0') <= 0 ? true : compareVersions(celery.lowest, '5.5.3') >= 0 || compareVersions(celery.newest, '5.2.6') <= 0 ? false : undefined,
    requeuesLimits: since(celery, '5.5.0'), beatsWhenWarm: since(celery, '5.6.1'), readsRemap: since(celery, '4.4.7'), knowsSoftShutdown: since(celery, '5.5.0'), cancelsOnLoss: since(celery, '5.1.0'), acksDirectly: since(celery, '5.7.0'),
    forgetsCancelled: fixed === true || splits === false ? false : fixed === false && splits === true ? true : undefined,
  });
}

function defined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): Open<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Open<T>;
}
