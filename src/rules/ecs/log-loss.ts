import type { Rule } from '../../model/index.js';
import { startConfidence, weakest } from '../shared.js';
import { containersOnEcs } from '../signal-path.js';

/** bytes. From here on the API's own default (10m since June 2025) is at hand. */
const ENOUGH = 10 * 2 ** 20;

export const logLoss: Rule = {
  id: 'ecs/log-loss',
  severity: 'note',
  title: 'Log lines of a stopped worker are lost, or hold it up',
  rationale:
    'In mode non-blocking lines are dropped when the buffer is full, just when a worker writes most: tracebacks at a stop. In mode blocking a write to stdout waits while CloudWatch cannot be reached: the worker hangs, SIGTERM ' +
    'handlers included, until SIGKILL.',
  remedy: 'mode non-blocking with max-buffer-size 25m.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html', 'https://aws.amazon.com/blogs/containers/preventing-log-loss-with-non-blocking-mode-in-the-awslogs-container-log-driver/'],
  documentedBy: 'The ECS API, LogConfiguration: mode and max-buffer-size',

  *check(model) {
    for (const { process, container } of containersOnEcs(model)) {
      const mode = container.logOptions.get('mode');
      if (!mode) continue;
      const size = container.logOptions.get('max-buffer-size')?.value;
      const isBlocking = mode.value === 'blocking';
      if (!isBlocking && (mode.value !== 'non-blocking' || size === undefined || bytesOf(size) >= ENOUGH)) continue;
      yield {
        order: 9, at: mode.at, confidence: weakest(startConfidence(process), 'low'), workers: [process.id], resource: container.name,
        message: isBlocking ? `logs of ${container.name} are written in mode blocking: while CloudWatch cannot be reached the worker stands still, and SIGTERM finds it so` : `logs of ${container.name} have a buffer of ${size}: what does not fit is dropped, tracebacks of a stop among it`,
        suggestion: 'write mode non-blocking with max-buffer-size 25m',
      };
    }
  },
};

function bytesOf(size: string): number {
  const [, number = '', unit = ''] = /^(\d+)\s*([kmg]?)b?$/i.exec(size.trim()) ?? [];
  return number === '' ? Infinity : Number(number) * { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[unit.toLowerCase() as '' | 'k' | 'm' | 'g'];
}
