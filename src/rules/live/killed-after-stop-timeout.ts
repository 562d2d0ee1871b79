import type { LiveService, Rule, TaskStop } from '../../model/index.js';
import { about, inWords, textToWrite } from '../shared.js';
import { askedStops, causesOf, containerIn, containerOf, moment, newest, shareOf, workersOf } from '../live-services.js';

/** 128 + SIGKILL */
const KILLED = 137;

export const killedAfterStopTimeout: Rule = {
  id: 'live/killed-after-stop-timeout',
  severity: 'error',
  title: 'ECS had to kill this container when it stopped it',
  rationale:
    'An ECS task that was told to stop and whose container ended with exit code 137, without having run out of memory, got SIGKILL: its stop timeout was over while it still worked, or the signal never reached the ' +
    'worker. What it did then was lost, or is done again.',
  remedy: 'Let the signal reach the worker, give the container as long as its work takes (Fargate: up to 120 s), and make longer work resumable.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html', 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html'],
  documentedBy: 'What ECS says of tasks that it stopped; the kill itself is measured for the workers that run in them',

  *check(model, { stopTimeoutSeconds }) {
    for (const service of model.live?.services ?? []) {
      for (const [name, stops] of askedStops(service)) {
        const container = containerOf(model, service, name);
        if (!container) continue;
        const { stopTimeout } = container;
        const seconds = stopTimeout.state === 'set' ? stopTimeout.value : undefined;
        const killed = stops.filter(stop => stop.exitCode === KILLED && !stop.outOfMemory && !endedEarlier(stop, service, seconds));
        const last = newest(killed);
        if (!last) continue;
        const workers = workersOf(model, service, name);
        const isDefault = stopTimeout.state === 'set' && stopTimeout.certainty === 'format-default';
        const longer = seconds !== undefined && seconds < stopTimeoutSeconds;
        const drain = last.drainSeconds === undefined ? '' : `, ${last.drainSeconds} s after ECS decided to stop it`;
        yield {
          order: 2, at: stopTimeout.at, confidence: 'high', resource: service.name, absorbs: ['ecs/stop-timeout-too-short'],
          ...(workers[0] ? about(workers[0]) : {}), ...(workers.length > 1 && { workers: workers.map(({ id }) => id) }),
          message: `${shareOf(killed.length, stops.length)} of ${containerIn(service, name)} ended with SIGKILL, ${killed.length === 1 ? '' : 'the last '}at ${moment(last.stoppedAt)}${drain}: ${seconds === undefined ? 'its stop timeout' : `the stop timeout of ${seconds} s`} is too short for what it does, or the signal does not reach it`,
          label: seconds === undefined ? '' : isDefault ? `no stopTimeout: ECS waits ${seconds} s` : `killed after ${seconds} s`,
          suggestion: longer ? `write ${textToWrite(stopTimeout, stopTimeoutSeconds, `\`"stopTimeout": ${stopTimeoutSeconds}\``)} in container ${name}, and make work over ${stopTimeoutSeconds} s resumable with late acknowledgement, or protect it with ECS task protection` : `make work over ${inWords(seconds ?? stopTimeoutSeconds)} resumable with late acknowledgement, or protect it with ECS task protection`,
          fate: `${causesOf(killed)} → SIGTERM → ${seconds ?? '?'} s → SIGKILL (exit code ${KILLED})${last.drainSeconds === undefined ? '' : `: measured ${last.drainSeconds} s`}`,
        };
      }
    }
  },
};

/** It was gone before ECS would have killed it: something else did. What an older revision waited for is not known. */
function endedEarlier({ drainSeconds, taskDefinition }: TaskStop, service: LiveService, stopTimeout: number | undefined): boolean {
  return stopTimeout !== undefined && drainSeconds !== undefined && taskDefinition !== undefined && taskDefinition === service.taskDefinition && drainSeconds < stopTimeout;
}
