import type { EcsService, Rule } from '../../model/index.js';
import { workersIn } from '../deployment.js';
import { about, confidenceOf, listed, weakest } from '../shared.js';
import { isProtected, onEcs } from '../outlast.js';

/** Metrics that see waiting messages or the machine, and no message that a worker holds. */
const VISIBLE = /MessagesVisible/i;
const MACHINE = /CPU|Memory/i;

export const scaleInIgnoresInFlight: Rule = {
  id: 'ecs/scale-in-ignores-in-flight',
  severity: 'warning',
  title: 'Scaling in does not see the messages that are worked on',
  rationale:
    'ApproximateNumberOfMessagesVisible counts what waits: while every worker is busy and nothing waits it is 0, and the service is scaled in under running tasks. CPU says no more of a worker ' +
    'that waits for a database or another service. QueueProcessingFargateService scales by just these two.',
  remedy: 'Scale by visible plus not-visible messages for each worker, or by the age of the oldest message with scale-in turned off while something is in flight.',
  references: ['https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html', 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html'],
  documentedBy: 'What the metrics count is documented by SQS',

  *check(model) {
    for (const service of model.services) {
      const blind = blindMetrics(service);
      const [worker] = workersIn(model, service).filter(one => onEcs(one) && !isProtected(one));
      if (!blind || !worker) continue;
      const { autoscaling } = service;
      const seesQueue = blind.some(metric => VISIBLE.test(metric));
      yield {
        order: 9, at: autoscaling!.at, ...about(worker), resource: service.name, confidence: weakest(confidenceOf(worker), seesQueue ? 'medium' : 'low'),
        message: `${service.name} scales by ${listed(blind)}, which ${seesQueue ? 'is 0 as soon as nothing waits' : 'is low while tasks wait for something else'}: busy workers are stopped`,
        label: 'no metric counts what is worked on',
        suggestion: 'scale by visible plus in-flight messages for each worker (ApproximateNumberOfMessagesNotVisible, or the length of the queue and its unacknowledged messages)',
        fate: 'queue empty, workers busy → scale-in → SIGTERM to a busy worker',
      };
    }
  },
};

/** The metrics, where all of them are blind and the count can fall. */
function blindMetrics({ autoscaling, runs }: EcsService): readonly string[] | undefined {
  if (runs !== 'work' || !autoscaling || autoscaling.metrics.length === 0 || (autoscaling.minimum !== undefined && autoscaling.minimum === autoscaling.maximum)) return undefined;
  return autoscaling.metrics.every(metric => VISIBLE.test(metric) || MACHINE.test(metric)) ? autoscaling.metrics : undefined;
}
