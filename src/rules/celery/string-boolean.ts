import type { CeleryApp, Problem, Rule, Setting } from '../../model/index.js';
import { appConfidence, fixTo, oncePerPlace } from '../shared.js';
import { BY_NAME } from '../../knowledge/celery-settings.js';
import { ofApp, orderOf, spelled } from '../celery-shared.js';

const MEANS_NO = /^\s*(false|no|off|0|none|null|n|f)\s*$/i;

export const stringBoolean: Rule = {
  id: 'celery/string-boolean',
  severity: 'error',
  title: 'The text "False" is true',
  rationale:
    'Celery does not convert switches that it finds in its configuration. A text, as environment variables are, is true unless it is empty: task_acks_late = "False" turns late ' +
    'acknowledgement on.',
  remedy: 'Write the boolean, and compare what an environment variable says: os.environ.get("X", "") == "true".',
  references: ['https://github.com/celery/celery/blob/v5.6.3/celery/app/defaults.py', 'https://docs.python.org/3/library/stdtypes.html#truth-value-testing'],
  provenBy: ['celery/string-boolean/bad', 'celery/string-boolean/good'],
  leadsTo: ['celery/early-ack', 'celery/worker-loss-acknowledged', 'celery/no-time-limit'],

  *check({ apps }) {
    for (const app of apps) {
      for (const { name, setting, text } of oncePerPlace(switchedOn(app), ({ setting }) => setting.at)) yield problemOf(app, name(), setting, text);
    }
  },
};

interface Switch { readonly name: () => string; readonly setting: Setting<unknown>; readonly text: string }

/** Every boolean of the app that is a text which means no: of its settings, and of the options of its task functions. */
function switchedOn(app: CeleryApp): readonly Switch[] {
  const settings = [...app.settings].filter(([name]) => BY_NAME.get(name)?.[2] === 'bool').map(([name, setting]) => [() => spelled(app, name), setting] as const);
  const options = app.functions.flatMap(fn => ([
    ['acks_late', fn.acksLate], ['reject_on_worker_lost', fn.rejectOnWorkerLost], ['acks_on_failure_or_timeout', fn.acksOnFailureOrTimeout],
  ] as const).map(([option, setting]) => [() => `${option} of ${fn.functionName}`, setting] as const));
  return [...settings, ...options].flatMap(([name, setting]: readonly [() => string, Setting<unknown>]) => {
    const text = setting.state === 'set' ? setting.value : undefined;
    return typeof text === 'string' && MEANS_NO.test(text) ? [{ name, setting, text }] : [];
  });
}

function problemOf(app: CeleryApp, name: string, setting: Setting<unknown>, value: string): Problem {
  const fromEnvironment = setting.state === 'set' && setting.certainty === 'unless-environment';
  const fix = fixTo(setting, false, 'delivery', 'write False');
  return {
    order: orderOf(name), at: setting.at, confidence: appConfidence(app, setting),
    message: `${name} is the text "${value}", which is true in Python: it turns on what it is meant to turn off`,
    label: 'a text, therefore true',
    suggestion: fromEnvironment ? `compare the variable, for example … == "true", where ${name} is set in ${setting.at.path}` : `write ${name} = False, without quotes, in ${setting.at.path}`,
    ...ofApp(app, setting.at), ...(fix && { fix }),
  };
}
