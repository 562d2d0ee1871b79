import type { Rule } from '../../model/index.js';

export const drift: Rule = {
  id: 'live/drift',
  severity: 'warning',
  title: 'What runs is set otherwise than the repository says',
  rationale: 'What was mended in the repository and never deployed does not help, and what was changed by hand is undone by the next deployment. Only values that decide about running tasks are compared.',
  remedy: 'Deploy what the repository says, or write there what runs.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html'],
  documentedBy: 'Both values are read',

  *check({ live }) {
    for (const { service, what, running, written, at, writtenAt } of live?.drift ?? []) {
      yield {
        order: 9, at, confidence: 'high', resource: service, message: `${service}: ${what} is ${running} where it runs, and ${written} in the repository`,
        label: running, related: [{ at: writtenAt, message: written }], suggestion: `deploy ${written}, or write ${running} here`,
      };
    }
  },
};
