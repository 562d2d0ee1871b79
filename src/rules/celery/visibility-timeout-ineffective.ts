import type { CeleryApp, NoEffect, Problem, Rule, Setting, Worker } from '../../model/index.js';
import { place } from '../../model/index.js';
import { about, appConfidence, inWords, oncePerPlace, weakest } from '../shared.js';
import { deployedWorkers, numberOf, ofApp, spelled, toWrite } from '../celery-shared.js';
import { VISIBILITY_TIMEOUT, visibilityOf, type Visibility } from '../celery-visibility.js';

export const visibilityTimeoutIneffective: Rule = {
  id: 'celery/visibility-timeout-ineffective',
  severity: 'warning',
  title: 'The visibility timeout written here is not the one that counts',
  rationale:
    'kombu keeps visibility_timeout for Redis, and for SQS only as it creates a queue: a predefined queue has its own, 30 s unless somebody set it, and RabbitMQ has none. On Redis ' +
    'the messages of all apps of one database are in one index, which every worker sweeps by its own value: the shortest one holds for all.',
  remedy: 'Set the value where it counts: on the SQS queue, or equal in all apps of a Redis database; on RabbitMQ remove it.',
  references: [
    'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout', 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/sqs.html#predefined-queues',
    'https://github.com/celery/kombu/blob/v5.6.2/kombu/transport/redis.py#L410-L425', 'https://github.com/celery/kombu/blob/v5.6.2/kombu/transport/SQS.py#L409-L416',
  ],
  leadsTo: ['celery/visibility-timeout-too-long', 'celery/visibility-timeout-too-short', 'celery/countdown-exceeds-consumer-timeout'],

  *check({ apps }) {
    for (const app of apps) {
      for (const row of oncePerPlace(app.workers.flatMap(rowsOf), ({ at }) => at)) {
        if (app.workers.every(worker => rowsOf(worker).length > 0)) yield withoutEffect(app, row);
      }
    }
    yield* oncePerPlace([...sharedDatabases(apps)], ({ at }) => at);
  },
};

const rowsOf = (worker: Worker): readonly NoEffect[] => (worker.noEffect ?? []).filter(({ setting, kind }) => setting === VISIBILITY_TIMEOUT && kind === 'broker');

function withoutEffect(app: CeleryApp, { at, text }: NoEffect): Problem {
  const setting = app.settings.get(VISIBILITY_TIMEOUT);
  const seconds = numberOf(setting);
  const isSqs = app.broker === 'sqs';
  const after = isSqs ? 'a task that runs longer than that one is delivered again while it runs' : 'it gives back what a worker held as its connection ends, and ends the connection of one that holds a message longer than consumer_timeout';
  return {
    order: 6, at, confidence: appConfidence(app, setting), ...ofApp(app, at), workers: app.workers.flatMap(worker => about(worker).workers ?? []),
    message: `visibility_timeout${seconds === undefined ? '' : ` is ${inWords(seconds)} but`} has no effect: ${text}: ${after}`,
    label: 'not read on this broker',
    suggestion: isSqs ? `set VisibilityTimeout${seconds === undefined ? '' : ` = ${seconds}`} on the queues named in predefined_queues, and remove visibility_timeout here` : `remove visibility_timeout from ${spelled(app, 'broker_transport_options')}`,
  };
}

/** Two apps on one database, the one with the longer value at its place. */
interface Neighbour { readonly app: CeleryApp; readonly visibility: Visibility; readonly database: string }

function* sharedDatabases(apps: readonly CeleryApp[]): Iterable<Problem> {
  const all = apps.flatMap((app): readonly Neighbour[] => {
    const visibility = app.broker === 'redis' ? visibilityOf(app) : undefined;
    return visibility ? databasesOf(app).map(database => ({ app, visibility, database })) : [];
  });
  for (const longer of all) {
    const shorter = all.filter(other => other.app !== longer.app && other.database === longer.database && other.visibility.seconds < longer.visibility.seconds).sort((a, b) => a.visibility.seconds - b.visibility.seconds)[0];
    if (shorter && !longer.visibility.isDefault) yield overruled(longer, shorter);
  }
}

/**
 * The Redis databases of an app's deployed workers, as host, port and number. Only what is written counts, and a name without a dot
 * (redis, localhost) is a database of its own in every file that says it.
 */
function databasesOf(app: CeleryApp): readonly string[] {
  return [...new Set(deployedWorkers(app).flatMap(worker => databaseOf(worker.settings.get('broker_url')) ?? []))];
}

function databaseOf(setting: Setting<unknown> | undefined): string | undefined {
  if (setting?.state !== 'set' || setting.certainty !== 'written' || typeof setting.value !== 'string') return undefined;
  const parts = /^(?:redis|rediss|valkey):\/\/(?:[^@/]*@)?([^/:?]+)(?::(\d+))?(?:\/(\d+))?(?:\?.*)?$/.exec(setting.value);
  if (!parts || /[${}<>*]/.test(parts[1]!)) return undefined;
  const [, host, port = '6379', number = '0'] = parts;
  return `${host!.includes('.') && !/^127\./.test(host!) ? '' : `${setting.at.path} `}${host!}:${port}/${number}`;
}

function overruled({ app, visibility }: Neighbour, { app: other, visibility: shorter, database }: Neighbour): Problem {
  const { setting, seconds } = visibility;
  const { resource, related = [] } = ofApp(app, setting.at);
  const theirs = shorter.isDefault ? other.configuredAt ?? other.at : shorter.setting.at;
  return {
    order: 6, at: setting.at, confidence: weakest(appConfidence(app, setting), appConfidence(other, shorter.setting)), resource,
    workers: app.workers.flatMap(worker => about(worker).workers ?? []),
    related: [{ at: theirs, message: `${inWords(shorter.seconds)} in ${other.name}${shorter.isDefault ? ', by default' : ''}` }, ...related.filter(({ at }) => place(at) !== place(theirs))],
    message: `visibility_timeout is ${inWords(seconds)}, but ${other.name}, on the same Redis database (${database.replace(/^.* /, '')}), has ${inWords(shorter.seconds)}${shorter.isDefault ? ' by default' : ''}: its workers put back messages of ${app.name} after ${inWords(shorter.seconds)}, and tasks that still run are run twice`,
    label: 'the shortest of the database holds',
    suggestion: `${toWrite(other, [VISIBILITY_TIMEOUT, seconds])}, or give one of them another database`,
    fate: `delivered → ${inWords(shorter.seconds)} → put back by a worker of ${other.name}: done twice`,
  };
}
