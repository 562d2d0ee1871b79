import type { CeleryApp, Setting } from '../model/index.js';
import { VISIBILITY_TIMEOUT_DEFAULT } from '../knowledge/celery-settings.js';
import { numberOf } from './bounds.js';

export const VISIBILITY_TIMEOUT = 'broker_transport_options.visibility_timeout';
/** s a message may stay unacknowledged before the broker gives it to another worker. */
export interface Visibility { readonly seconds: number; readonly setting: Setting<unknown>; readonly isDefault: boolean }

/** The effective visibility timeout on Redis or SQS; undefined where there is none, it is not known, or the queue has its own (predefined queues). */
export function visibilityOf(app: Pick<CeleryApp, 'broker' | 'settings'>): Visibility | undefined {
  if (app.broker !== 'redis' && app.broker !== 'sqs') return undefined;
  const options = app.settings.get('broker_transport_options');
  if (app.broker === 'sqs' && hasPredefinedQueues(app, options)) return undefined;
  const setting = app.settings.get(VISIBILITY_TIMEOUT);
  if (setting && setting.state !== 'unset') {
    const seconds = numberOf(setting);
    return seconds === undefined || seconds <= 0 ? undefined : { seconds, setting, isDefault: setting.state === 'set' && setting.certainty === 'format-default' };
  }
  if (!options || options.state === 'unknown') return undefined;
  const seconds = VISIBILITY_TIMEOUT_DEFAULT[app.broker];
  return { seconds, isDefault: true, setting: { state: 'set', value: seconds, at: options.at, certainty: 'format-default', origin: [{ text: `default of kombu on ${app.broker}` }], overridden: [], slots: [] } };
}

function hasPredefinedQueues(app: Pick<CeleryApp, 'settings'>, options: Setting<unknown> | undefined): boolean {
  return app.settings.has('broker_transport_options.predefined_queues') || (options?.state === 'set' && typeof options.value === 'object' && options.value !== null && 'predefined_queues' in options.value);
}
