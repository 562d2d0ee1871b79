import type { CeleryApp, Problem, Rule, Setting } from '../../model/index.js';
import { appConfidence, fixTo } from '../shared.js';
import { BY_NAME } from '../../knowledge/celery-settings.js';
import { ofApp, oncePerPlace, orderOf, spelled } from '../celery-shared.js';

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
      const switches = oncePerPlace(switchesOf(app), ({ setting }) => setting.at);
      for (const { name, setting } of switches) if (setting.state === 'set' && typeof setting.value === 'string' && MEANS_NO.test(setting.value)) yield problemOf(app, name, setting, setting.value);
    }
  },
};

interface Switch { readonly name: string; readonly setting: Setting<unknown> }

/** Every boolean of the app: its settings, and the options of its task functions. */
function switchesOf(app: CeleryApp): readonly Switch[] {
  const settings = [...app.settings].filter(([name]) => BY_NAME.get(name)?.[2] === 'bool').map(([name, setting]) => ({ name: spelled(app, name), setting }));
  const options = app.functions.flatMap(fn => [
    { name: `acks_late of ${fn.functionName}`, setting: fn.acksLate }, { name: `reject_on_worker_lost of ${fn.functionName}`, setting: fn.rejectOnWorkerLost },
    { name: `acks_on_failure_or_timeout of ${fn.functionName}`, setting: fn.acksOnFailureOrTimeout },
  ]);
  return [...settings, ...options];
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
