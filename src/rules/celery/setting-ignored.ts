import type { CeleryApp, IneffectiveSetting, Problem, Rule, Setting, Severity } from '../../model/index.js';
import { SEVERITIES, straddles } from '../../model/index.js';
import { BY_MAP, defaultOf } from '../../knowledge/celery-settings.js';
import { appConfidence, fixAt, oncePerPlace } from '../shared.js';
import { isWritten, ofApp, orderOf, plainName, python } from '../celery-shared.js';

/** Settings that decide whether a task is lost, run twice or run at all. */
const DECISIVE = /^(task_(acks|reject|time_limit|soft_time_limit|queues|routes|default_queue|create_missing|always_eager|annotations|publish_retry)|worker_(prefetch|concurrency|pool|max_|soft_shutdown|cancel_long|disable_prefetch|lost_wait)|broker_|visibility_timeout|imports$|include$|beat_schedule$|result_expires$)/;

type Reason = Exclude<IneffectiveSetting['reason'], 'unknown-name' | 'mixed-names'>;

const BECAUSE: Readonly<Record<Reason, (app: CeleryApp) => string>> = {
  'old-name-under-namespace': app => `is a name from before Celery 4, which ${straddles(app.versions.celery, BY_MAP) ? `celery reads under namespace ${app.namespace} from 5.7 on only (it is not pinned)` : `is not read under namespace ${app.namespace}`}`,
  'prefixed-without-namespace': () => 'carries a prefix, but the configuration is loaded without a namespace',
  'wrong-case': app => (app.namespace === undefined ? 'is not in the case that Celery reads' : `is not in the case of namespace ${app.namespace}`),
  'module-variable': () => 'is a variable of the module: nothing hands it to the app',
  'replaced-by-second-config': () => 'is in a configuration that a second config_from_object replaces',
  'unprefixed-under-namespace': app => `lacks the prefix of namespace ${app.namespace}`,
};

export const settingIgnored: Rule = {
  id: 'celery/setting-ignored',
  severity: 'error',
  mends: 'delivery',
  title: 'Celery does not read this setting',
  rationale:
    'Celery ignores names it does not know without a word: an old name under a namespace (up to 5.6), a prefixed name without one, another case, or a variable that never reaches ' +
    'the app. What it was set for, late acknowledgement or a time limit, is believed to be on and is off.',
  remedy: 'Write the name that is read here.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/configuration.html#new-lowercase-settings', 'https://github.com/celery/celery/blob/v5.6.3/celery/app/utils.py#L232-L286'],
  provenBy: ['celery/setting-ignored/bad', 'celery/setting-ignored/good'],
  leadsTo: [
    'celery/worker-loss-acknowledged', 'celery/endless-redelivery', 'celery/prefetch-above-one', 'celery/visibility-timeout-too-long', 'celery/visibility-timeout-too-short', 'celery/visibility-timeout-not-seconds',
    'celery/time-limit-too-long', 'celery/time-limit-ignored', 'celery/soft-limit-not-below-hard', 'celery/string-boolean', 'celery/no-sigterm-remap',
  ],

  *check({ apps }) {
    const all = apps.flatMap(app => app.ineffective.flatMap(setting => (setting.reason === 'unknown-name' || setting.reason === 'mixed-names' || saysWhatHolds(app, setting) ? [] : [problemOf(app, setting, setting.reason)])));
    // a file that several apps load is mended once: the worst of what it costs them
    yield* oncePerPlace([...all].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)), ({ at }) => at);
  },
};

function problemOf(app: CeleryApp, ignored: IneffectiveSetting, reason: Reason): Problem & { readonly severity: Severity } {
  const { name, at, wanted, value } = ignored;
  const setting = wanted === undefined ? undefined : plainName(app, wanted);
  const effective = setting === undefined ? undefined : app.settings.get(setting);
  const isSet = isWritten(effective);
  const fix = !isSet && reason !== 'module-variable' && wanted !== undefined && ignored.slot ? fixAt([ignored.slot], wanted, 'delivery', `rename it to ${wanted}`) : undefined;
  return {
    order: orderOf(setting ?? name), at, severity: severityOf(setting, isSet), confidence: appConfidence(app, reason === 'replaced-by-second-config' ? 'medium' : 'high'),
    message: `${name} = ${value} ${BECAUSE[reason](app)}, so ${isSet ? `it changes nothing: ${wanted} is set as well` : `${wanted ?? name} ${keeps(effective, app)}`}`,
    label: 'not read by Celery',
    suggestion: suggest(app, ignored, reason, isSet), ...ofApp(app, at), ...(fix && { fix }),
  };
}

function keeps(effective: Setting<unknown> | undefined, app: CeleryApp): string {
  if (effective?.state === 'unknown') return straddles(app.versions.celery, BY_MAP) && effective.candidates.length > 0 ? 'keeps its default before that' : 'is not set by it';
  return effective?.state === 'set' ? `keeps its default ${python(effective.value)}` : 'stays unset';
}

/** The value that is in force anyway. */
function saysWhatHolds(app: CeleryApp, { wanted, value }: IneffectiveSetting): boolean {
  const setting = wanted === undefined ? undefined : plainName(app, wanted);
  const effective = setting === undefined ? undefined : app.settings.get(setting);
  // what could not be read may set it otherwise: then this line does not count either
  const inForce = effective?.state === 'set' && !isWritten(effective) ? effective : effective?.state === 'unknown' ? { value: defaultOf(setting!, app.versions.celery.version ?? app.versions.celery.assumed) } : undefined;
  return inForce !== undefined && python(inForce.value) === value;
}

function severityOf(setting: string | undefined, isSet: boolean): Severity {
  if (isSet) return 'warning';
  return setting === undefined || DECISIVE.test(setting) ? 'error' : 'warning';
}

function suggest(app: CeleryApp, { name, wanted, value, at }: IneffectiveSetting, reason: Reason, isSet: boolean): string {
  if (isSet) return `delete ${name} in ${at.path}`;
  if (reason === 'module-variable') {
    const prefixed = app.namespace === undefined ? '' : `, or ${app.namespace.replace(/(?<!_)_+$/, '')}_${app.namespace === app.namespace.toUpperCase() ? name.toUpperCase() : name} = ${value} in the settings it loads`;
    return `write ${app.name}.conf.${name} = ${value}${prefixed}`;
  }
  if (reason === 'replaced-by-second-config') return `move ${name} into the configuration that is loaded last`;
  return wanted === undefined ? `delete ${name} in ${at.path}` : `rename ${name} to ${wanted} in ${at.path}`;
}
