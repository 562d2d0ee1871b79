import type { Rule } from '../../model/index.js';
import { listed, startConfidence, weakest } from '../shared.js';
import { containersOnEcs } from '../signal-path.js';

export const plaintextCredentials: Rule = {
  id: 'ecs/plaintext-credentials',
  severity: 'note',
  title: 'A credential stands in the task definition as plain text',
  rationale: 'Whoever may describe the task definition reads its environment, and every revision keeps it for ever. It also has to be changed there, with a deployment that stops every worker.',
  remedy: 'Keep it in Secrets Manager or Parameter Store and name it under `secrets`.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html'],
  documentedBy: 'DescribeTaskDefinition returns environment as it is',

  *check(model) {
    for (const { process, container } of containersOnEcs(model)) {
      const names = container.plaintextCredentials;
      if (names.length === 0) continue;
      // the line of the value would show it
      yield {
        order: 9, at: container.at, confidence: weakest(startConfidence(process), 'low'), workers: [process.id], resource: container.name,
        message: `${listed(names)} of container ${container.name} ${names.length === 1 ? 'is' : 'are'} written in plain text, and stay${names.length === 1 ? 's' : ''} in every revision of the task definition`,
        suggestion: `put ${names.length === 1 ? 'it' : 'them'} into Secrets Manager or Parameter Store, named under secrets of container ${container.name}`,
      };
    }
  },
};
