import type { Rule, Severity, Thresholds, Worker } from '../../model/index.js';
import { about, adviceWhereNamed, confidenceOf, fateOfStop, fixTo, relatedAt, textToWrite, unlessFrozen } from '../shared.js';
import { isProtected, mayOutlast, misplaced, needSaid, onEcs, survivesStop } from '../outlast.js';
import { blockersOf } from '../signal-path.js';

export const stopTimeoutTooShort: Rule = {
  id: 'ecs/stop-timeout-too-short',
  severity: 'error',
  title: 'The container is killed before its longest task can finish',
  rationale:
    'On every deployment and scale-in ECS sends SIGTERM, waits `stopTimeout` seconds (30 unless set) and then sends SIGKILL. A worker that is still ' +
    'busy then is cut off: its task is lost under early acknowledgement, repeated later under late acknowledgement.',
  remedy: 'Give the container as long as its tasks may take (Fargate: up to 120 s), or make tasks short, resumable or protected.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html'],
  provenBy: ['ecs/stop-timeout-too-short/bad', 'ecs/stop-timeout-too-short/good', 'stop-outlives/prefork/early', 'stop-in-time/prefork/late'],
  leadsTo: ['celery/early-ack'],

  *check({ workers }, thresholds) {
    for (const worker of workers) {
      const { stopTime, drainNeed } = worker;
      if (!onEcs(worker) || stopTime.state !== 'set' || isProtected(worker) || (worker.container && misplaced(worker.container))) continue;
      const severity = severityOf(worker, stopTime.value, stopTime.certainty === 'format-default', thresholds);
      if (!severity) continue;
      const isDefault = stopTime.certainty === 'format-default';
      const name = worker.container?.name ?? worker.name;
      const wanted = wantedSeconds(worker, thresholds);
      const fix = stopTime.value < wanted ? fixTo(stopTime, wanted, 'safe', `set stopTimeout to ${wanted}`) : undefined;
      yield {
        order: 2, at: stopTime.at, severity: adviceWhereNamed(worker, severity), confidence: confidenceOf(worker, stopTime, drainNeed), ...about(worker), ...blockersOf(worker),
        message: `ECS kills this worker ${stopTime.value} s after SIGTERM, ${needSaid(worker)}`,
        label: isDefault ? `no stopTimeout: ECS waits ${stopTime.value} s` : '',
        related: relatedAt(drainNeed.is === 'bounded' ? drainNeed.from : [], 'a task may run this long'),
        suggestion: unlessFrozen(stopTime, suggest(worker, stopTime.value, wanted, name, thresholds)),
        fate: fateOfStop(worker, stopTime.value, thresholds.exitMarginSeconds),
        ...(fix && { fix }),
      };
    }
  },
};

function severityOf(worker: Worker, stop: number, isDefault: boolean, thresholds: Thresholds): Severity | undefined {
  const { drainNeed } = worker;
  const longest = thresholds.stopTimeoutSeconds;
  if (drainNeed.is === 'unknown') return isDefault && stop < longest ? 'warning' : undefined;
  if (drainNeed.is === 'unbounded') return stop < longest ? 'warning' : undefined;
  if (!mayOutlast(worker, stop, thresholds)) return undefined;
  return stop >= longest && survivesStop(worker, stop, thresholds) ? undefined : 'error';
}

/** Fargate's longest for all it runs; on instances what the tasks need, which the agent does not cap below 120 s either. */
function wantedSeconds({ platform, drainNeed }: Worker, { stopTimeoutSeconds, exitMarginSeconds }: Thresholds): number {
  if (platform !== 'ec2' || drainNeed.is !== 'bounded') return stopTimeoutSeconds;
  return Math.min(Math.ceil(drainNeed.seconds + exitMarginSeconds), stopTimeoutSeconds);
}

function suggest(worker: Worker, stop: number, wanted: number, name: string, { exitMarginSeconds }: Thresholds): string {
  const longer = worker.drainNeed.is === 'bounded' && worker.drainNeed.seconds + exitMarginSeconds > wanted;
  const rest = `split tasks over ${wanted - exitMarginSeconds} s, make them resumable with late acknowledgement, or protect them with ECS task protection`;
  if (stop >= wanted) return rest;
  return `write ${textToWrite(worker.stopTime, wanted, `\`"stopTimeout": ${wanted}\``)} in container ${name}${longer ? `, and ${rest}` : ''}`;
}
