import type { Rule } from '../../model/index.js';
import { containerIn } from '../live-services.js';
import { listed } from '../shared.js';

export const brokerEvictions: Rule = {
  id: 'live/broker-evictions',
  severity: 'warning',
  title: 'The cache that may be the broker throws keys away',
  rationale: 'A Redis whose memory is full removes keys unless its policy is noeviction. In a broker these keys are queues and messages that wait for their acknowledgement: they are gone, and nobody is told.',
  remedy: 'Set maxmemory-policy to noeviction for a broker, keep caches elsewhere, and give it more memory.',
  references: ['https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html', 'https://redis.io/docs/latest/develop/reference/eviction/'],
  documentedBy: 'CloudWatch counts the evictions',

  *check({ live }) {
    for (const { name, users: found, at, evictions, policy } of live?.caches ?? []) {
      if (evictions <= 0) continue;
      const users = found.map(({ service, container }) => containerIn({ name: service }, container));
      const isBroker = users.length > 0;
      yield {
        order: 4, at, confidence: isBroker ? 'high' : 'low', resource: name,
        message: `${name} threw ${evictions} keys away within a day${policy === undefined ? '' : ` (maxmemory-policy ${policy})`}: ${isBroker ? `it is the broker of ${listed(users)}, whose messages may be among them` : 'as a broker it loses messages so'}`,
        suggestion: `${isBroker ? '' : 'where it is a broker, '}set maxmemory-policy to noeviction and give it more memory`,
      };
    }
  },
};
