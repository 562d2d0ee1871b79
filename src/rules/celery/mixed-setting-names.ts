import type { Rule } from '../../model/index.js';
import { appConfidence, listed } from '../shared.js';
import { ofApp } from '../celery-shared.js';

export const mixedSettingNames: Rule = {
  id: 'celery/mixed-setting-names',
  severity: 'error',
  title: 'Old and new setting names together: the worker does not start',
  rationale:
    'Without a namespace Celery reads either its names from before version 4 (CELERY_ACKS_LATE) or the new ones (task_acks_late). Both together raise ' +
    'ImproperlyConfigured as the configuration is first read: no worker starts, and the deployment rolls back or hangs.',
  remedy: 'Use the new lower-case names throughout.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/configuration.html#new-lowercase-settings', 'https://github.com/celery/celery/blob/v5.6.3/celery/app/utils.py#L232-L286'],
  provenBy: ['celery/mixed-setting-names/bad', 'celery/mixed-setting-names/good'],
  leadsTo: ['celery/early-ack', 'celery/worker-loss-acknowledged', 'celery/prefetch-above-one', 'celery/no-time-limit'],

  *check({ apps }) {
    for (const app of apps) {
      const mixed = app.namespace === undefined ? app.ineffective.filter(({ reason }) => reason === 'mixed-names') : [];
      const [first, ...others] = mixed;
      if (!first) continue;
      const { related, ...about } = ofApp(app, first.at);
      yield {
        order: 1, at: first.at, confidence: appConfidence(app),
        message: `${listed(mixed.map(({ name }) => name))} ${mixed.length === 1 ? 'is' : 'are'} in another style of names than the rest of the configuration, which Celery refuses: the worker does not start`,
        label: 'old and new names together',
        suggestion: mixed.map(({ name, wanted }) => `rename ${name}${wanted === undefined ? '' : ` to ${wanted}`}`).slice(0, 5).join(', '),
        ...about, related: [...others.slice(0, 5).map(({ at, name }) => ({ at, message: `${name} too` })), ...(related ?? [])],
        fate: 'start → ImproperlyConfigured → exit',
      };
    }
  },
};
