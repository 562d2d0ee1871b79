import type { Rule } from '../../model/index.js';
import { startConfidence, weakest } from '../shared.js';
import { containersOnEcs } from '../signal-path.js';

export const mutableImageTag: Rule = {
  id: 'ecs/mutable-image-tag',
  severity: 'note',
  title: 'The image tag may mean another image tomorrow',
  rationale: 'A task definition that names `latest` (or no tag) has no version to roll back to: the deployment circuit breaker goes back to the old revision, which names the same tag, and a task that ECS starts in a later deployment may run other code.',
  remedy: 'Tag images by commit, and name that tag or the digest.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-considerations.html'],
  documentedBy: 'AWS, best practices for Amazon ECS container images',

  *check(model) {
    for (const { process, container } of containersOnEcs(model)) {
      if (!container.image || !isMutable(container.image)) continue;
      yield {
        order: 9, at: container.at, confidence: weakest(startConfidence(process), 'low'), workers: [process.id], resource: container.name,
        message: `container ${container.name} runs ${container.image}: a rollback goes back to the same tag, not to the old code`,
        suggestion: 'name a tag that never moves (the commit) or the digest',
      };
    }
  },
};

/** A whole image name with the tag latest, or none; what a pipeline fills in is no such name. */
const isMutable = (image: string): boolean => !/[<>{}$\s]/.test(image) && !image.includes('@') && (/:latest$/.test(image) || (/\/[\w.-]+$/.test(image) && !/:[\w.-]+$/.test(image)));
