import type { Rule } from '../../model/index.js';
import { byProcess, COMES_BACK, MESSAGE, namesOf } from '../consumers.js';

export const shutdownHooksMissing: Rule = {
  id: 'node/shutdown-hooks-missing',
  severity: 'error',
  title: 'The shutdown hooks of NestJS are off',
  rationale:
    'onModuleDestroy, beforeApplicationShutdown and onApplicationShutdown run at a signal only after enableShutdownHooks(). Without it the code that closes consumers is never called: Node.js ignores SIGTERM as PID 1, and a deployment ' +
    'cuts what runs.',
  remedy: 'Call app.enableShutdownHooks() where the application is made.',
  references: ['https://docs.nestjs.com/fundamentals/lifecycle-events#application-shutdown', 'https://docs.nestjs.com/techniques/queues'],
  provenBy: ['node/shutdown-hooks-missing/bad', 'node/shutdown-hooks-missing/good'],

  *check({ consumers }) {
    for (const { process, consumers: all } of byProcess(consumers)) {
      const [bootstrap, ...others] = process.bootstraps;
      const [first] = all;
      if (!bootstrap || !first || process.hooks.length > 0 || process.signals.length > 0 || process.library) continue;
      yield {
        order: 1, at: bootstrap, confidence: 'high',
        message: `enableShutdownHooks() is never called, so SIGTERM reaches nothing that would close ${namesOf(all)}: the ${MESSAGE[first.kind]} that runs is cut at a deployment, and ${COMES_BACK[first.kind]}`,
        label: 'made without shutdown hooks',
        related: [...others.map(at => ({ at, message: 'made here too' })), ...all.slice(0, 3).map(({ at }) => ({ at, message: 'takes messages' }))],
        suggestion: 'call app.enableShutdownHooks() behind it, and close the consumers in onModuleDestroy or onApplicationShutdown',
        fate: `SIGTERM → no hook runs → SIGKILL: the ${MESSAGE[first.kind]} is cut`,
      };
    }
  },
};
