import type { CeleryApp, IneffectiveSetting, Problem, Rule, TaskFunction } from '../../model/index.js';
import { appConfidence, fixAt, weakest } from '../shared.js';
import { ofApp, orderOf } from '../celery-shared.js';

export const unknownSetting: Rule = {
  id: 'celery/unknown-setting',
  severity: 'warning',
  mends: 'delivery',
  title: 'A name close to a setting, which Celery does not know',
  rationale:
    'Celery takes any name for a setting or a task option and says nothing about those it does not know: `ack_late=True` becomes an attribute that nothing reads, and ' +
    'messages are acknowledged early as before.',
  remedy: 'Write the name that Celery knows, or delete it.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/configuration.html', 'https://docs.celeryq.dev/en/stable/userguide/tasks.html#list-of-options'],
  documentedBy: 'Loaded by celery 5.6.3: unknown settings and options are accepted without a warning',
  leadsTo: [
    'celery/worker-loss-acknowledged', 'celery/endless-redelivery', 'celery/prefetch-above-one', 'celery/visibility-timeout-too-long', 'celery/visibility-timeout-too-short', 'celery/time-limit-too-long',
    'celery/soft-limit-not-below-hard', 'celery/no-sigterm-remap',
  ],

  *check({ apps }) {
    for (const app of apps) {
      for (const setting of app.ineffective) if (setting.reason === 'unknown-name' && setting.wanted !== undefined) yield settingProblem(app, setting, setting.wanted);
      for (const fn of app.functions) for (const option of fn.unknownOptions) yield optionProblem(app, fn, option);
    }
  },
};

function settingProblem(app: CeleryApp, { name, at, value, slot }: IneffectiveSetting, wanted: string): Problem {
  const fix = slot && fixAt([slot], wanted, 'delivery', `rename it to ${wanted}`);
  return {
    order: orderOf(wanted), at, confidence: appConfidence(app),
    message: `${name} = ${value} is no setting of Celery, which knows ${wanted}: nothing reads it`,
    label: 'not a setting', suggestion: `rename ${name} to ${wanted} in ${at.path}, or delete it`, ...ofApp(app, at), ...(fix && { fix }),
  };
}

function optionProblem(app: CeleryApp, fn: TaskFunction, { name, wanted, at }: TaskFunction['unknownOptions'][number]): Problem {
  return {
    order: orderOf(wanted), at, confidence: weakest(appConfidence(app), 'medium'),
    message: `${fn.functionName} has the option ${name}, which Celery does not know: it knows ${wanted}, and nothing reads ${name}`,
    label: 'not a task option', suggestion: `rename ${name} to ${wanted} on ${fn.functionName}, or delete it`, ...ofApp(app, at),
  };
}
