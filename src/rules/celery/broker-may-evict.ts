import type { Cache, CeleryApp, Problem, Rule } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { appConfidence, weakest } from '../shared.js';
import { ofApp } from '../celery-shared.js';

export const brokerMayEvict: Rule = {
  id: 'celery/broker-may-evict',
  severity: 'error',
  title: 'The broker may throw messages away',
  rationale:
    'With an allkeys policy Redis makes room by deleting any key when its memory is full: a queue is one key, and so is the index of what workers hold. Messages are gone without an error on either side, and what was ' +
    'held is never delivered again.',
  remedy: 'Set maxmemory-policy to noeviction on the broker, and use another Redis for caching.',
  references: ['https://redis.io/docs/latest/develop/reference/eviction/', 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#key-eviction'],
  provenBy: ['celery/broker-may-evict/bad', 'celery/broker-may-evict/good'],

  *check({ apps, caches }) {
    const evicting = caches.filter(({ policy }) => /^allkeys-/.test(agreed(policy) ?? ''));
    for (const cache of evicting) {
      const app = apps.find(one => one.broker === 'redis' && (cache.host === undefined ? isElsewhere(one) : hostsOf(one).includes(cache.host)));
      if (app) yield problemOf(app, cache, caches);
    }
  },
};

/** The hosts of an app's broker, as its workers have it. */
function hostsOf({ settings, workers }: CeleryApp): readonly string[] {
  const urls = [settings, ...workers.map(worker => worker.settings)].map(all => agreed(all.get('broker_url')));
  return urls.flatMap(url => (typeof url === 'string' ? /^\w+:\/\/(?:[^@/]*@)?([\w.-]+)/.exec(url)?.[1] ?? [] : []));
}

/** Its broker is no container beside it: then the parameter group may be its own. */
const isElsewhere = (app: CeleryApp): boolean => hostsOf(app).every(host => host.includes('.'));

function problemOf(app: CeleryApp, { name, host, policy }: Cache, all: readonly Cache[]): Problem {
  const isSure = host !== undefined;
  return {
    order: 2, at: policy.at, severity: isSure ? 'error' : 'warning', confidence: weakest(appConfidence(app, policy), isSure ? 'high' : all.filter(cache => cache.host === undefined).length === 1 ? 'medium' : 'low'), ...ofApp(app, policy.at),
    message: `maxmemory-policy of ${name} is ${agreed(policy) ?? ''}: when its memory is full Redis deletes any key, whole queues of ${app.name} among them, and nobody is told`,
    label: 'deletes keys of the broker', suggestion: 'set maxmemory-policy to noeviction, and keep what may be evicted in another Redis',
    fate: 'memory full → Redis deletes a queue: its messages are lost',
  };
}
