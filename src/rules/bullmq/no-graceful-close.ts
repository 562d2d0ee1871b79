import type { Rule } from '../../model/index.js';
import { byProcess, COMES_BACK, namesOf } from '../consumers.js';

export const noGracefulClose: Rule = {
  id: 'bullmq/no-graceful-close',
  severity: 'error',
  title: 'A worker is left open when its process is told to stop',
  rationale: 'The process handles SIGTERM, but this worker is never closed: it takes jobs until the process ends, and the one that runs then is cut. The stall check finds it 60 s later (30 s lock, checked every 30 s), and a second cut fails it for good.',
  remedy: 'Close every worker in the SIGTERM handler, and wait for it.',
  references: ['https://docs.bullmq.io/guide/workers/graceful-shutdown', 'https://docs.bullmq.io/guide/jobs/stalled'],
  provenBy: ['bullmq/no-graceful-close/bad', 'bullmq/no-graceful-close/good'],

  *check({ consumers }) {
    for (const { process, consumers: all } of byProcess(consumers)) {
      const own = all.filter(({ kind, isNest }) => (kind === 'bullmq' || kind === 'bull') && !isNest);
      const open = own.filter(({ closes }) => closes.length === 0);
      const [first] = open;
      const [signal] = process.signals;
      const at = signal ? signal.handler ?? signal.at : process.hooks[0];
      // loops that take jobs by hand look at what the handler notes, and go on to what closes the others
      const isNoted = process.signals.some(({ notes }) => notes) && own.some(({ byHand }) => byHand);
      if (!first || !at || process.library || isNoted) continue;
      yield {
        order: 1, at, confidence: 'medium',
        message: `SIGTERM is handled without closing ${open.length === own.length ? namesOf(open) : `${open.length} of ${own.length} workers (${namesOf(open)})`}: a job that runs there at a deployment is cut, and ${COMES_BACK.bullmq}`,
        label: signal ? 'SIGTERM is handled here' : 'hooks run at SIGTERM',
        related: open.slice(0, 6).map(({ at }) => ({ at, message: 'never closed' })),
        suggestion: `wait for ${open.map(({ name }) => `${name ?? 'worker'}.close()`).slice(0, 5).join(', ')} ${signal ? 'in the handler, in front of process.exit()' : 'in onModuleDestroy'}`,
        fate: 'SIGTERM → the process ends → the job stalls → run again 60 s later',
      };
    }
  },
};
