import type { Rule } from '../../model/index.js';
import { inWords } from '../shared.js';
import { locksByPlace } from '../locks.js';

export const lockReleasedByNonOwner: Rule = {
  id: 'tasks/lock-released-by-non-owner',
  severity: 'warning',
  title: 'A lock is deleted without a look at who holds it',
  rationale:
    'A task that runs longer than its lock lives loses it to the next run; when it ends at last it deletes the key, which by then is the other run’s. A third run starts while ' +
    'the second is still working: the lock protects nothing from there on.',
  remedy: 'Use the lock of the client library, which stores a token and deletes only its own, or compare the token before deleting.',
  references: ['https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/', 'https://redis-py.readthedocs.io/en/stable/lock.html'],

  *check({ apps }) {
    for (const { lock, functions, confidence, app } of locksByPlace(apps)) {
      if (!lock.released || lock.released.checksOwner || lock.released.byLibrary || lock.ttl.state === 'unset') continue;
      const lives = lock.ttl.state === 'set' ? lock.ttl.value : undefined;
      // killed before it is free again
      if (lives !== undefined && functions.every(({ timeLimit }) => timeLimit.state === 'set' && timeLimit.value > 0 && timeLimit.value <= lives)) continue;
      const ttl = lives === undefined ? undefined : inWords(lives);
      yield {
        order: 4, at: lock.released.at, confidence: ttl === undefined ? 'low' : confidence, resource: app.id,
        message: `the lock of ${functions[0]!.functionName} is deleted by whoever ends, not by its holder: a run longer than ${ttl ?? 'its lifetime'} frees the lock of the next one`,
        label: 'deletes the key whoever set it',
        related: [{ at: lock.at, message: `taken here${ttl === undefined ? '' : `, free again after ${ttl}`}` }, ...functions.slice(0, 5).map(fn => ({ at: fn.at, message: `${fn.functionName} holds it` }))],
        suggestion: lock.kind === 'cache-add'
          ? 'store a token made for this run with cache.add(), and delete the key only while cache.get() still returns it'
          : 'take it with `redis.lock(name, timeout=…, blocking_timeout=0)`, whose release() deletes only its own, or store a token and compare it in a Lua script before deleting',
      };
    }
  },
};
