import type { Rule } from '../../model/index.js';
import { samePlace } from '../../model/index.js';
import { confidenceOf, fixTo, unlessFrozen } from '../shared.js';
import { processesOf } from '../signal-path.js';

/** s, Fargate's bounds (ECS API, ContainerDefinition.stopTimeout). */
const SHORTEST = 2;
const LONGEST = 120;

export const stopTimeoutAboveFargateLimit: Rule = {
  id: 'ecs/stop-timeout-above-fargate-limit',
  severity: 'error',
  title: 'Fargate does not accept this stopTimeout',
  rationale: 'Fargate takes a stopTimeout of 2 to 120 seconds. With another value the task definition is refused and the deployment does not happen; the unit is seconds, not milliseconds.',
  remedy: 'Write at most 120, and split, protect or checkpoint what runs longer.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html'],
  documentedBy: 'Fargate itself checks the value; no local process does',
  leadsTo: ['ecs/stop-timeout-too-short'],

  *check(model) {
    for (const { container: { name, at, stopTimeout }, platform, environment } of model.containers) {
      if (platform === 'fargate') {
        if (stopTimeout.state !== 'set' || stopTimeout.certainty === 'format-default' || (stopTimeout.value >= SHORTEST && stopTimeout.value <= LONGEST)) continue;
        const wanted = stopTimeout.value < SHORTEST ? SHORTEST : LONGEST;
        const fix = fixTo(stopTimeout, wanted, 'safe', `set stopTimeout to ${wanted}`);
        yield {
          order: 2, at: stopTimeout.at, confidence: confidenceOf({ role: 'deployed', joins: [] }, stopTimeout), resource: name, workers: processesOf(model).flatMap(({ id, container }) => (container && samePlace(container.at, at) ? [id] : [])), environments: environment === undefined ? [] : [environment],
          message: `stopTimeout is ${stopTimeout.value}, but Fargate takes ${SHORTEST} to ${LONGEST} seconds, so the task definition is refused`,
          suggestion: unlessFrozen(stopTimeout, `set stopTimeout to ${wanted} s in container ${name}${wanted === LONGEST ? `, and split, protect or checkpoint tasks that need more than ${LONGEST} s` : ''}`),
          ...(fix && { fix }),
        };
      }
    }
  },
};
