import type { Rule } from '../../model/index.js';
import { about, fixTo, startConfidence, textToWrite } from '../shared.js';
import { misplaced, onEcs } from '../outlast.js';

export const stopTimeoutOnWrongContainer: Rule = {
  id: 'ecs/stop-timeout-on-wrong-container',
  severity: 'warning',
  title: 'The stopTimeout is written on a sidecar, not on the worker',
  rationale: 'Each container has a stopTimeout of its own. One that is written on a sidecar does nothing for the worker, which is killed after the default of 30 seconds.',
  remedy: 'Write stopTimeout in the worker\'s container.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html'],
  documentedBy: 'The ECS API: stopTimeout belongs to one container',
  leadsTo: ['ecs/stop-timeout-too-short'],

  *check({ workers }) {
    for (const worker of workers) {
      const { container, stopTime } = worker;
      const elsewhere = container && misplaced(container);
      if (!container || !elsewhere || !onEcs(worker) || stopTime.state !== 'set' || elsewhere.stopTimeout.state !== 'set') continue;
      const { value } = elsewhere.stopTimeout;
      const fix = fixTo(stopTime, value, 'safe', `give ${container.name} the stopTimeout of ${elsewhere.name}`);
      yield {
        order: 2, at: elsewhere.stopTimeout.at, confidence: startConfidence(worker), ...about(worker), resource: elsewhere.name,
        message: `stopTimeout ${value} is written on ${elsewhere.name}, but ${container.name}, which runs the worker, has none: it is killed ${stopTime.value} s after SIGTERM`,
        label: 'does nothing for the worker', related: [{ at: stopTime.at, message: `${container.name}: ${stopTime.value} s by default` }],
        suggestion: `write ${textToWrite(stopTime, value, `\`"stopTimeout": ${value}\``)} in container ${container.name}`,
        fate: `SIGTERM → ${stopTime.value} s → SIGKILL to the worker; ${elsewhere.name} would have had ${value} s`,
        ...(fix && { fix }),
      };
    }
  },
};
