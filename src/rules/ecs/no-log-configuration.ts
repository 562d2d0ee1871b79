import type { Rule } from '../../model/index.js';
import { about, startConfidence } from '../shared.js';
import { onEcs } from '../outlast.js';

export const noLogConfiguration: Rule = {
  id: 'ecs/no-log-configuration',
  severity: 'warning',
  title: 'What the worker writes is kept nowhere',
  rationale:
    'Without a logConfiguration the output of a container goes to no log group. A task that was cut off by a deployment then leaves no trace: neither its ' +
    'last lines nor the worker\'s shutdown can be looked at.',
  remedy: 'Add a `logConfiguration` with the driver `awslogs`.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html'],
  documentedBy: 'Where ECS sends the output of a container is no matter of a local process',

  *check({ workers }) {
    for (const worker of workers) {
      const { container } = worker;
      if (!onEcs(worker) || container?.logConfiguration.state !== 'unset') continue;
      yield {
        order: 9, at: container.logConfiguration.at, confidence: startConfidence(worker), ...about(worker),
        message: `container ${container.name} has no logConfiguration, so what a stopped worker wrote is lost`,
        label: 'no logConfiguration',
        suggestion: `add \`"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/${container.name}", "awslogs-region": "…", "awslogs-stream-prefix": "${container.name}"}}\` to container ${container.name}`,
      };
    }
  },
};
