import type { CeleryApp, Confidence, Lock, TaskFunction } from '../model/index.js';
import { appConfidence, weakest } from './shared.js';
import { spotOf } from '../model/index.js';

export interface LockUse { readonly lock: Lock; readonly functions: readonly TaskFunction[]; readonly app: CeleryApp; readonly confidence: Confidence }

/** The locks of all task functions, each place once: a helper's lock is one fault, however many functions take it. */
export function locksByPlace(apps: readonly CeleryApp[]): readonly LockUse[] {
  const uses = new Map<string, { lock: Lock; functions: TaskFunction[]; app: CeleryApp }>();
  for (const app of apps) {
    for (const fn of app.functions) {
      for (const lock of fn.body.locks) {
        const key = spotOf(lock.at);
        const use = uses.get(key);
        if (!use) uses.set(key, { lock, functions: [fn], app });
        else if (!use.functions.includes(fn)) use.functions.push(fn);
      }
    }
  }
  return [...uses.values()].map(use => ({ ...use, confidence: weakest(appConfidence(use.app), use.lock.via.length > 1 ? 'medium' : 'high') }));
}
