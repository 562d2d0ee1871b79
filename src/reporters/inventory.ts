import type { CeleryApp, EcsService, EffectiveSettings, MessageConsumer, Model, OriginStep, Scheduler, Setting, TaskFunction, Worker } from '../model/index.js';
import { isSecret, withoutPasswords } from './credentials.js';
import { region } from './region.js';

/** What was found and joined, as plain data: the report's `inventory`, and what a test of a join compares. */
export function inventory(model: Model): unknown {
  return {
    workers: model.workers.map(workerOf),
    schedulers: model.schedulers.map(schedulerOf),
    apps: model.apps.map(appOf),
    tasks: model.apps.flatMap(app => app.functions.map(each => functionOf(each, app))),
    services: model.services.map(serviceOf),
    consumers: model.consumers.map(consumerOf),
    unaudited: model.unaudited.map(({ kind, at, text }) => ({ kind, text, ...region(at) })),
  };
}

const processOf = (one: Worker | Scheduler): object => ({
  id: one.id, name: one.name, environment: one.environment, platform: one.platform, role: one.role,
  service: one.service?.name, container: one.container?.name, app: one.app?.id,
  command: { text: one.command.text, ...region(one.command.at) },
  start: { complete: one.start.complete, links: one.start.links.map(({ kind, text, at }) => ({ kind, text, ...region(at) })) },
  joins: one.joins.map(({ step, how, at }) => ({ step, how, at: at.map(region) })),
});

const schedulerOf = (scheduler: Scheduler): unknown => processOf(scheduler);

function workerOf(worker: Worker): unknown {
  const { drainNeed } = worker;
  return {
    ...processOf(worker), broker: worker.broker, pool: worker.pool, stopTime: settingOf(worker.stopTime), sigtermRemap: settingOf(worker.sigtermRemap),
    drainNeed: drainNeed.is === 'bounded' ? { is: 'bounded', seconds: drainNeed.seconds, from: drainNeed.from.map(region), confidence: drainNeed.confidence } : drainNeed,
    settings: settingsOf(worker.settings), noEffect: (worker.noEffect ?? []).map(({ setting, kind, text, at }) => ({ setting, kind, text, ...region(at) })), tasks: worker.functions.map(({ name }) => name),
  };
}

function appOf(app: CeleryApp): unknown {
  return {
    id: app.id, name: app.name, ...region(app.at), reach: app.reach, namespace: app.namespace, broker: app.broker, pool: app.pool,
    settings: settingsOf(app.settings), workers: app.workers.map(({ id }) => id), versions: app.versions,
    ineffective: app.ineffective.map(({ name, at, reason, wanted }) => ({ name, reason, wanted, ...region(at) })),
  };
}

function functionOf(each: TaskFunction, app: CeleryApp): unknown {
  return {
    name: each.name, app: app.id, ...region(each.at), periodic: each.periodic,
    acksLate: settingOf(each.acksLate), rejectOnWorkerLost: settingOf(each.rejectOnWorkerLost), acksOnFailureOrTimeout: settingOf(each.acksOnFailureOrTimeout), timeLimit: settingOf(each.timeLimit), softTimeLimit: settingOf(each.softTimeLimit),
    effects: each.body.effects.map(({ kind, text, at }) => ({ kind, text, ...region(at) })), partial: each.body.partial,
  };
}

function consumerOf(consumer: MessageConsumer): unknown {
  return {
    id: consumer.id, kind: consumer.kind, text: consumer.text, queue: consumer.queue, name: consumer.name, ...region(consumer.at), package: consumer.process.folder,
    options: [...consumer.options.keys()], handler: consumer.handler && region(consumer.handler.at), closes: consumer.closes.map(region), signals: consumer.process.signals.map(({ at }) => region(at)),
  };
}

function serviceOf(service: EcsService): unknown {
  return {
    name: service.name, ...region(service.at), environment: service.environment, platform: service.platform, runs: service.runs,
    desiredCount: settingOf(service.desiredCount), maximumCount: settingOf(service.maximumCount),
    minimumHealthyPercent: settingOf(service.minimumHealthyPercent), maximumPercent: settingOf(service.maximumPercent),
  };
}

/** Everything that has a value or may have one; what nobody set and has no default is left out. */
function settingsOf(settings: EffectiveSettings): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...settings].filter(([, setting]) => setting.state !== 'unset').map(([name, setting]) => [name, settingOf(setting, name)]));
}

function settingOf(setting: Setting<unknown>, name = ''): unknown {
  switch (setting.state) {
    case 'set': return { state: 'set', value: hidden(name, setting.value), certainty: setting.certainty, ...region(setting.at), origin: setting.origin.map(stepOf), overridden: setting.overridden.map(stepOf) };
    case 'unknown': return { state: 'unknown', expression: isSecret(name) ? '***' : withoutPasswords(setting.expression), candidates: setting.candidates.map(candidate => hidden(name, candidate)), ...region(setting.at) };
    default: return { state: 'unset' };
  }
}

const stepOf = ({ text, at }: OriginStep): unknown => ({ text: withoutPasswords(text), ...(at && { at: region(at) }) });

/** A value as JSON can hold it, without the passwords of URLs. */
export function plain(value: unknown): unknown {
  if (typeof value === 'string') return withoutPasswords(value);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [String(key), hidden(String(key), inner)]));
  if (Array.isArray(value) || value instanceof Set) return [...value].map(plain);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hidden(key, inner)]));
  return value;
}

/** The value under a name, as `plain`; of a credential only that there is one. */
export function hidden(name: string, value: unknown): unknown {
  return isSecret(name) && value !== null && value !== undefined && value !== '' ? '***' : plain(value);
}
