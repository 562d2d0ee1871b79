import type { Rule } from '../../model/index.js';
import { locksByPlace } from '../locks.js';

export const lockWithoutExpiry: Rule = {
  id: 'tasks/lock-without-expiry',
  severity: 'error',
  title: 'A lock has no expiry: a killed task leaves it for ever',
  rationale:
    'The task that holds the lock is killed at a deployment, by running out of memory or with its host, before it can release it. Nothing else does: every later run ' +
    'finds the lock taken and gives up, often quietly, until somebody deletes the key by hand.',
  remedy: 'Give the lock a lifetime above the time limit of the task that holds it.',
  references: ['https://redis.io/docs/latest/commands/set/', 'https://redis-py.readthedocs.io/en/stable/lock.html', 'https://docs.djangoproject.com/en/5.2/topics/cache/#cache-arguments', 'https://github.com/steinitzu/celery-singleton'],
  provenBy: ['tasks/lock-without-expiry/bad', 'tasks/lock-without-expiry/good'],
  leadsTo: ['tasks/lock-released-by-non-owner'],

  *check({ apps }) {
    for (const { lock, functions, confidence, app } of locksByPlace(apps)) {
      if (lock.ttl.state !== 'unset') continue;
      const limits = functions.map(fn => (fn.timeLimit.state === 'set' ? fn.timeLimit.value : 0));
      const seconds = Math.max(600, ...limits.map(limit => limit + 30));
      yield {
        order: 4, at: lock.at, confidence, resource: app.id,
        message: `the lock of ${functions[0]!.functionName} never expires: when a deployment kills the task that holds it, no later run gets it`,
        label: 'no expiry',
        related: functions.slice(0, 5).map(fn => ({ at: fn.at, message: `${fn.functionName} takes it` })),
        flow: [...lock.via, { at: lock.at, text: lock.text }],
        suggestion: `write ${lock.option ? `${lock.option}=${seconds}` : HOW[lock.kind](seconds)}${lock.kind === 'redis-lock' && /cache/i.test(lock.text) ? ` (python-redis-lock: expire=${seconds})` : ''} ${lock.kind === 'singleton' ? 'beside' : 'in'} ${lock.text}${limits.some(limit => limit > 0) ? '' : ', above the time limit of the task'}`,
        fate: 'SIGKILL → the key stays: every later run finds it taken',
      };
    }
  },
};

const HOW = {
  'redis-set-nx': (seconds: number) => `ex=${seconds}`,
  setnx: (seconds: number) => `set(key, value, nx=True, ex=${seconds}) instead of setnx`,
  'redis-lock': (seconds: number) => `timeout=${seconds}`,
  'cache-add': (seconds: number) => `timeout=${seconds}`,
  singleton: (seconds: number) => `lock_expiry=${seconds}`,
} as const;
