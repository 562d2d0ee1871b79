import type { Platform, Problem, Rule, Worker } from '../../model/index.js';
import { shorten } from '../../model/index.js';
import { about, startConfidence, weakest } from '../shared.js';

/** Platforms on which a container sees the CPUs of a whole host. On Fargate, also where a definition that was not read asks for it, it sees those of its own task alone. */
const HOSTS: Readonly<Partial<Record<Platform, string>>> = { ec2: 'the EC2 instance', ecs: 'its host', compose: 'its host' };
/** MiB. A guess at what a process of a Django or Flask worker takes: where to start measuring. */
const PER_PROCESS = 300;

export const concurrencyUnset: Rule = {
  id: 'celery/concurrency-unset',
  severity: 'note',
  title: 'The worker starts as many processes as the host has CPUs',
  rationale:
    'Without --concurrency a prefork worker starts one process for each CPU it sees. In a container on EC2 that is every CPU of the instance, whatever `cpu` and `memory` the container is given: 16 processes, each with the whole ' +
    'application, share the memory meant for one or two, and the same task definition behaves differently on another instance type. On Fargate the CPUs are those of the task.',
  remedy: 'Write --concurrency, as many processes as the container\'s memory has room for.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/workers.html#concurrency', 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#worker-concurrency'],
  documentedBy: 'Celery\'s documentation: worker_concurrency defaults to the number of available CPUs',

  *check({ workers }) {
    for (const worker of workers) {
      const problem = judge(worker);
      if (problem) yield problem;
    }
  },
};

function judge(worker: Worker): Problem | undefined {
  const { command, container, service, platform } = worker;
  const host = HOSTS[platform];
  if (worker.role !== 'deployed' || command.kind !== 'celery-worker' || worker.pool !== 'prefork' || host === undefined || isSized(worker)) return undefined;
  const memory = container?.memoryMiB;
  // neither the service nor the task definition names a launch type: EC2 is what the API takes then
  if ((platform === 'ecs' && !service) || (platform === 'compose' && memory === undefined)) return undefined;
  const count = memory === undefined ? undefined : Math.max(1, Math.min(8, Math.floor(memory / PER_PROCESS)));
  const room = memory === undefined ? '' : ` in ${memory} MiB`;
  return {
    order: 7, at: command.at, confidence: weakest(startConfidence(worker, worker.settings.get('worker_concurrency')), platform === 'ec2' ? 'high' : 'medium'), ...about(worker), ...(worker.app && { resource: worker.app.id }),
    message: `${worker.name} is started without --concurrency, so it runs one process per CPU of ${host}${room}: a larger machine means more processes, not more memory for them`,
    label: 'as many processes as CPUs',
    suggestion: `add --concurrency ${count ?? 2} to \`${shorten(command.text, 80)}\` and measure what one process takes${memory === undefined ? '' : `: ${count} in ${memory} MiB leaves each ${Math.floor(memory / count!)} MiB`}`,
    ...(container && memory !== undefined && { related: [{ at: container.at, message: `${container.name} is given ${memory} MiB` }] }),
  };
}

/** Somebody says how many, even where the number cannot be read. */
function isSized({ command, settings }: Worker): boolean {
  const given = (option: string): boolean => command.options.has(option) || command.unknownOptions.has(option);
  const setting = settings.get('worker_concurrency');
  return given('--concurrency') || given('--autoscale') || (setting !== undefined && setting.state !== 'unset');
}
