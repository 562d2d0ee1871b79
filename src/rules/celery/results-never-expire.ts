import type { CeleryApp, Model, Problem, Rule, Setting } from '../../model/index.js';
import { appConfidence, weakest } from '../shared.js';
import { deployedWorkers, isOn, isWritten, numberOf, ofApp, placeIn, spelled, toWrite } from '../celery-shared.js';

/** Backends that keep a result until something removes it, and how: by an expiry of the key, or by Celery's clean-up alone. */
const BACKENDS: readonly (readonly [RegExp, { readonly name: string; readonly rows: string; readonly byBeat: boolean }])[] = [
  [/^(?:rediss?|sentinel|valkeys?)(?:\+\w+)?:\/\//, { name: 'Redis', rows: 'a key', byBeat: false }],
  [/^django-db$/, { name: 'the Django database', rows: 'a row', byBeat: true }],
  [/^db\+/, { name: 'the database', rows: 'a row', byBeat: true }],
];

export const resultsNeverExpire: Rule = {
  id: 'celery/results-never-expire',
  severity: 'note',
  title: 'Results are kept for ever',
  rationale:
    'Every task that does not ignore its result leaves one in the backend. Redis drops it after result_expires (a day, unless it is None or 0); a database does not: there the task celery.backend_cleanup deletes old rows, and nothing ' +
    'but beat sends it, at 4 a.m. Without one or the other the backend grows until it is full, and a full Redis that is the broker too takes no more tasks.',
  remedy: 'Set result_expires, run beat where results are kept in a database, or set task_ignore_result where nobody reads them.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/configuration.html#result-expires', 'https://github.com/celery/celery/blob/v5.6.3/celery/beat.py#L272-L276'],
  documentedBy: 'Celery\'s documentation of result_expires, and celery/beat.py: beat alone adds celery.backend_cleanup',

  *check(model) {
    for (const app of model.apps) {
      const problem = judge(app, model);
      if (problem) yield problem;
    }
  },
};

function judge(app: CeleryApp, model: Model): Problem | undefined {
  const backend = app.settings.get('result_backend');
  const kind = kindOf(backend);
  const expires = app.settings.get('result_expires');
  if (!kind || isOn(app.settings.get('task_ignore_result')) !== false || !expires || cleansUp(app)) return undefined;
  // by default it is a day: unset is a None that somebody wrote
  if (expires.state === 'unset' || numberOf(expires) === 0) return unlimited(app, expires, kind, backend!);
  return kind.byBeat && deployedWorkers(app).length > 0 && !hasBeat(app, model) ? uncleaned(app, kind, backend!) : undefined;
}

/** A task function of its own deletes rows of django-celery-results. */
const cleansUp = (app: CeleryApp): boolean => app.functions.some(({ body }) => body.effects.some(({ kind, entity, text }) => kind === 'delete' && (entity === 'TaskResult' || /\bTaskResult\b/.test(text))));

type Kind = (typeof BACKENDS)[number][1];

function kindOf(backend: Setting<unknown> | undefined): Kind | undefined {
  const value = backend?.state === 'set' ? backend.value : undefined;
  return typeof value === 'string' ? BACKENDS.find(([pattern]) => pattern.test(value))?.[1] : undefined;
}

/** A beat that was found, or a schedule that only a beat can follow: it runs somewhere. */
function hasBeat(app: CeleryApp, model: Model): boolean {
  const schedule = app.settings.get('beat_schedule');
  const isScheduled = schedule !== undefined && isWritten(schedule) || schedule?.state === 'unknown' || app.functions.some(fn => fn.periodic) || isWritten(app.settings.get('beat_scheduler'));
  return isScheduled || model.schedulers.length > 0 || model.workers.some(({ command }) => command.options.has('--beat'));
}

function unlimited(app: CeleryApp, expires: Setting<unknown>, { name, rows, byBeat }: Kind, backend: Setting<unknown>): Problem {
  const { related, ...about } = ofApp(app, expires.at);
  return {
    order: 9, at: expires.at, confidence: weakest(appConfidence(app, expires, backend)),
    message: `${spelled(app, 'result_expires')} is ${expires.state === 'set' ? String(expires.value) : 'None'}, so every result stays in ${name} for ever: ${rows} for each task that runs`,
    label: 'results are never removed',
    suggestion: `${toWrite(app, ['result_expires', 86_400])} (a day${byBeat ? ', which beat enforces' : ''}), or ${toWrite(app, ['task_ignore_result', true])} where nobody reads them`,
    ...about, related: [{ at: backend.at, message: `results go to ${name}` }, ...(related ?? [])],
  };
}

function uncleaned(app: CeleryApp, { name }: Kind, backend: Setting<unknown>): Problem {
  const at = placeIn(app, backend);
  return {
    order: 9, at, confidence: weakest(appConfidence(app, backend), 'medium'),
    message: `results go to ${name}, and no beat was found that sends celery.backend_cleanup, so none is ever deleted: a row for each task that runs`,
    label: 'nothing deletes old results',
    suggestion: `${toWrite(app, ['task_ignore_result', true])} where nobody reads results, or run one \`celery${app.workers[0]?.command.app === undefined ? '' : ` -A ${app.workers[0].command.app}`} beat\` beside the workers`,
    ...ofApp(app, at),
  };
}
