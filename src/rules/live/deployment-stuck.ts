import type { LiveService, Rule } from '../../model/index.js';
import { plural } from '../shared.js';
import { moment } from '../live-services.js';

/** What a service says when a deployment cannot go on (service event messages, developer guide). */
const STUCK = /unable to (?:place a task|consistently start tasks)|unable to stop or start tasks|was unable to (?:start|stop)|deployment (?:failed|circuit breaker)|rolling back/i;
const STEADY = /has reached a steady state/i;

export const deploymentStuck: Rule = {
  id: 'live/deployment-stuck',
  severity: 'error',
  title: 'The deployment of the service does not get on',
  rationale: 'A service that can neither start new ECS tasks nor stop old ones stays half deployed: old workers run on with the old code, or ECS starts and kills new ones again and again, and each of those kills cuts tasks.',
  remedy: 'Give the deployment room (minimumHealthyPercent below 100, or capacity for new tasks), mend what keeps new tasks from starting, and let protection expire.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html'],
  documentedBy: 'What the service says of itself',

  *check({ live }) {
    for (const service of live?.services ?? []) {
      const event = stuckEvent(service);
      const reason = event?.message ?? service.failedDeployment;
      if (reason === undefined) continue;
      yield {
        order: 1, at: service.at, confidence: 'high', resource: service.name,
        message: `${service.name} does not get on with its deployment${event ? ` since ${moment(event.at)}` : ''}: ${reason.replace(/^\(service [^)]*\)\s*/, '').replace(/For more information[^]*$/i, '').trimEnd().replace(/\.$/, '')}`,
        suggestion: service.protectedCount > 0 ? `${plural(service.protectedCount, 'ECS task')} of it ${service.protectedCount === 1 ? 'is' : 'are'} protected: end the protection when the work is done, and give it an expiry` : /stop or start/i.test(reason) ? 'set minimumHealthyPercent to 50 or maximumPercent to 200, so that a task can be stopped or started' : 'mend what the message names; until then deploy nothing else',
      };
    }
  },
};

/** The first such event after the service was last steady. */
function stuckEvent({ events }: LiveService): LiveService['events'][number] | undefined {
  const steady = events.findIndex(({ message }) => STEADY.test(message));
  return (steady < 0 ? events : events.slice(0, steady)).findLast(({ message }) => STUCK.test(message));
}
