import type { ConsumerCommand, EcsService, Model, Scheduler, Setting, Worker } from '../model/index.js';
import { processesOf, type Process } from './signal-path.js';

/** What sends periodic tasks: beat of its own, or `-B` in a worker. */
export interface Beat {
  readonly process: Process;
  readonly command: ConsumerCommand;
  readonly embedded: boolean;
  /** It keeps its schedule in a file on the container's disk (Celery's default, PersistentScheduler). */
  readonly onDisk: boolean;
}

/** Every beat that may run twice; one whose scheduler takes a lock (RedBeat) sends once however many there are. */
export function beatsOf(model: Model): readonly Beat[] {
  return processesOf(model).filter(isBeat).flatMap(process => {
    const { command, app } = process;
    const scheduler = written(command.options.get('--scheduler')) ?? settingOf(app?.settings.get('beat_scheduler'));
    if (command.unknownOptions.has('--scheduler') || (scheduler !== undefined && /redbeat/i.test(scheduler))) return [];
    return [{ process, command, embedded: 'drainNeed' in process, onDisk: scheduler === undefined || /PersistentScheduler|^$/.test(scheduler) }];
  });
}

function isBeat(process: Process): boolean {
  return 'drainNeed' in process ? (process as Worker).command.options.has('--beat') : (process as Scheduler).command.kind === 'celery-beat';
}

const written = (option: string | true | undefined): string | undefined => (typeof option === 'string' ? option : undefined);
/** A text, or the class itself (`RedBeatScheduler`). */
const settingOf = (setting: Setting<unknown> | undefined): string | undefined => (setting?.state === 'set' && typeof setting.value === 'string' ? setting.value : setting?.state === 'unknown' && /redbeat/i.test(setting.expression) ? setting.expression : undefined);

/** Workers run beside this beat in the same service: more copies of them are more beats. */
export function sharesService(beat: Beat, service: EcsService): boolean {
  return beat.embedded || service.runs === 'work';
}
