import type { Rule, Setting } from '../../model/index.js';
import { beatsOf } from '../beat.js';
import { about, inWords, startConfidence } from '../shared.js';
import { onEcs } from '../outlast.js';

export const schedulerStateLost: Rule = {
  id: 'ecs/scheduler-state-lost',
  severity: 'note',
  title: 'Each deployment makes beat forget when it sent what',
  rationale:
    'Celery\'s usual scheduler keeps the time of the last run of each entry in the file celerybeat-schedule, on the container\'s disk. A new container starts without it: intervals begin anew, so an entry of every 24 hours ' +
    'never runs where deployments are more frequent, and what fell due while no beat ran is skipped.',
  remedy: 'Keep the schedule outside the container: RedBeat, django-celery-beat, or a volume.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#starting-the-scheduler', 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_data_volumes.html'],
  documentedBy: 'Celery\'s beat: PersistentScheduler keeps its state in a shelve file (celery beat.py)',

  *check(model) {
    for (const { process, command, onDisk, embedded } of beatsOf(model)) {
      const longest = longestInterval(process.app?.settings.get('beat_schedule'));
      if (!onDisk || !onEcs(process) || process.role === 'development' || !process.container || process.container.mounts || longest === undefined || longest.seconds < SHORT) continue;
      yield {
        order: 9, at: command.at, confidence: startConfidence(process), ...about(process),
        message: `${embedded ? 'the embedded beat' : 'beat'} keeps its schedule on the container's disk: each deployment starts the ${inWords(longest.seconds)} of ${longest.name} anew, so it never runs while you deploy more often`,
        label: 'celerybeat-schedule is gone with the container',
        suggestion: `write ${longest.name} as crontab, or keep the schedule outside: --scheduler redbeat.RedBeatScheduler, django-celery-beat, or a volume that --schedule points into`,
        fate: 'deployment → new container without celerybeat-schedule → the interval starts again',
      };
    }
  },
};

/** s. An interval that passes between two deployments anyway. */
const SHORT = 4 * 3600;

/** The entry with the longest interval; those of a crontab go by the clock. undefined: none that is known. */
function longestInterval(schedule: Setting<unknown> | undefined): { readonly name: string; readonly seconds: number } | undefined {
  if (schedule?.state !== 'set' || typeof schedule.value !== 'object' || schedule.value === null) return undefined;
  const intervals = Object.entries(schedule.value).flatMap(([name, entry]: [string, unknown]) => {
    const { schedule: every } = (typeof entry === 'object' && entry !== null ? entry : {}) as { readonly schedule?: unknown };
    const seconds = typeof every === 'number' ? every : typeof every === 'object' && every !== null && 'seconds' in every && typeof every.seconds === 'number' ? every.seconds : undefined;
    return seconds === undefined ? [] : [{ name, seconds }];
  });
  return intervals.sort((a, b) => b.seconds - a.seconds)[0];
}
