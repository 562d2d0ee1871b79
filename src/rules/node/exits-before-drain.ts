import type { Rule } from '../../model/index.js';
import { byProcess, COMES_BACK, MESSAGE } from '../consumers.js';

export const exitsBeforeDrain: Rule = {
  id: 'node/exits-before-drain',
  severity: 'error',
  title: 'SIGTERM ends the process before its work is done',
  rationale: 'process.exit() ends Node.js at once, whatever other handlers are still waiting for. One that is called before the consumers have been closed cuts every message that runs, and makes the other handlers useless.',
  remedy: 'Wait for the consumers to close, then exit.',
  references: ['https://nodejs.org/api/process.html#processexitcode', 'https://docs.bullmq.io/guide/workers/graceful-shutdown'],
  provenBy: ['node/exits-before-drain/bad', 'node/exits-before-drain/good'],

  *check({ consumers }) {
    for (const { process, consumers: all } of byProcess(consumers)) {
      const [first] = all;
      for (const { at, exitsAtOnce } of process.signals) {
        if (!first || !exitsAtOnce) continue;
        yield {
          order: 1, at: exitsAtOnce, confidence: 'medium',
          message: `this SIGTERM handler calls process.exit() before anything was waited for: the ${MESSAGE[first.kind]} that runs is cut at each deployment, and ${COMES_BACK[first.kind]}`,
          label: 'ends the process at once',
          related: [{ at, message: 'the handler' }, { at: first.at, message: 'what is cut' }],
          suggestion: `close ${first.name ?? 'the consumers'} and wait for it in front of process.exit()`,
          fate: `SIGTERM → process.exit() → the ${MESSAGE[first.kind]} is cut`,
        };
      }
    }
  },
};
