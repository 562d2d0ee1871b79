import type { EcsService, Model, Problem, Rule } from '../../model/index.js';
import { agreed } from '../../model/index.js';
import { inside, rolls, schedulersIn, workersIn } from '../deployment.js';
import { fixTo, startConfidence, weakest } from '../shared.js';

export const noDeploymentRollback: Rule = {
  id: 'ecs/no-deployment-rollback',
  severity: 'note',
  title: 'A deployment that cannot start is tried for ever',
  rationale:
    'Without the deployment circuit breaker ECS starts a broken worker again and again: with minimumHealthyPercent 100 the old ones stay, below it some of them are gone, and a stack waits up to ' +
    'three hours. The circuit breaker ends such a deployment, and with rollback the old version comes back. It counts tasks that do not start; a worker that starts and fails every message is not seen.',
  remedy: 'Turn the deployment circuit breaker on, with rollback.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html', 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html'],
  documentedBy: 'Only the ECS scheduler rolls back',

  *check(model) {
    for (const service of model.services) {
      if ((service.runs !== 'work' && service.runs !== 'scheduler') || !rolls(service)) continue;
      const problem = judge(service, model);
      if (problem) yield problem;
    }
  },
};

function judge(service: EcsService, model: Model): Problem | undefined {
  const { enable, rollback } = service.circuitBreaker;
  const [isOn, rollsBack] = [agreed(enable), agreed(rollback)];
  if (isOn === undefined || (isOn && rollsBack !== false)) return undefined;
  const setting = isOn ? rollback : enable;
  // a circuit breaker that is written new needs both of its fields: only JSON writes them together
  const isWhole = isOn || (setting.state !== 'unknown' && setting.slots.every(slot => slot.kind === 'replace' || slot.encoding.at(-1) === 'json'));
  const fix = isWhole ? fixTo(setting, true, 'safe', isOn ? 'roll back as well' : 'turn the circuit breaker on') : undefined;
  return {
    order: 9, at: setting.at, ...inside(model, service),
    confidence: weakest(...[...workersIn(model, service), ...schedulersIn(model, service)].map(process => startConfidence(process, setting))),
    message: isOn ? 'the deployment circuit breaker ends a deployment that cannot start, and leaves the broken version in place' : 'the deployment circuit breaker is off: a version that cannot start is started again and again instead of being rolled back',
    suggestion: isOn ? 'set rollback of the deployment circuit breaker to true' : 'turn the deployment circuit breaker on: enable true, rollback true',
    ...(fix && { fix }),
  };
}
