import type { Rule } from '../../model/index.js';
import { about, confidenceOf, fixTo, inWords, killedAfter, outcomeOfKill, relatedAt } from '../shared.js';
import { blockersOf } from '../signal-path.js';

export const stopGracePeriodTooShort: Rule = {
  id: 'container/stop-grace-period-too-short',
  severity: 'warning',
  title: 'Compose kills the worker before its longest task can finish',
  rationale:
    '`docker compose up` and `down` send the stop signal, wait `stop_grace_period` and then send SIGKILL. Without the key that is 10 s: a worker that is ' +
    'still busy then is cut off at every deployment.',
  remedy: 'Set `stop_grace_period` to what the longest task needs and 3 s more.',
  references: ['https://github.com/compose-spec/compose-spec/blob/main/05-services.md#stop_grace_period'],
  provenBy: ['stop-outlives/prefork/early', 'stop-in-time/prefork/late'],
  leadsTo: ['celery/early-ack'],

  *check({ workers }, { exitMarginSeconds, stopTimeoutSeconds }) {
    for (const worker of workers) {
      const { stopTime, drainNeed } = worker;
      if (worker.platform !== 'compose' || worker.role !== 'deployed' || stopTime.state !== 'set') continue;
      const isDefault = stopTime.certainty === 'format-default';
      const wanted = drainNeed.is === 'bounded' ? Math.ceil(drainNeed.seconds + exitMarginSeconds) : stopTimeoutSeconds;
      if (stopTime.value >= wanted || (drainNeed.is === 'unknown' && !isDefault)) continue;
      const name = worker.container?.name ?? worker.name;
      const fix = fixTo(stopTime, wanted, 'safe', `set stop_grace_period to ${wanted}s`);
      yield {
        order: 2, at: stopTime.at, confidence: confidenceOf(worker, stopTime, drainNeed), ...about(worker), ...blockersOf(worker),
        message: `Compose kills this worker ${stopTime.value} s after the stop signal, ${
          drainNeed.is === 'bounded' ? `but its tasks may run ${inWords(drainNeed.seconds)}` : drainNeed.is === 'unbounded' ? 'but nothing bounds its tasks' : 'however long its tasks run'}`,
        label: isDefault ? `no stop_grace_period: Compose waits ${stopTime.value} s` : '',
        related: relatedAt(drainNeed.is === 'bounded' ? drainNeed.from : [], 'a task may run this long'),
        suggestion: `${isDefault ? 'add' : 'write'} \`stop_grace_period: ${wanted}s\` ${isDefault ? 'to' : 'in'} service ${name}`,
        fate: killedAfter(stopTime.value, outcomeOfKill(worker)),
        ...(fix && { fix }),
      };
    }
  },
};
