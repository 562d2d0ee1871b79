import type { CeleryApp, Finding, Model, Report, Worker } from '../model/index.js';
import { SEVERITIES } from '../model/index.js';
import { bySeverity, visible } from './options.js';

/** Findings that belong together: those of one worker, of one app with several workers, of a service, or of nothing that was joined. */
export interface Group { readonly heading: string; readonly findings: readonly Finding[] }

/** Findings, by default every one that is not suppressed, grouped, in the order of cure; the group with the worst finding first. */
export function groupFindings(report: Report, all: readonly Finding[] = visible(report)): readonly Group[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of all) {
    const heading = headingOf(finding, report.model);
    groups.set(heading, [...(groups.get(heading) ?? []), finding]);
  }
  return [...groups].map(([heading, findings]) => ({ heading, findings: findings.sort((a, b) => a.order - b.order || bySeverity(a, b)) }))
    .sort((a, b) => worst(a) - worst(b) || b.findings.length - a.findings.length || (a.heading < b.heading ? -1 : 1));
}

const worst = (group: Group): number => Math.min(...group.findings.map(finding => SEVERITIES.indexOf(finding.severity)));

/** The heading of findings that name nothing that was joined. */
export const ELSEWHERE = 'elsewhere in the repository';

function headingOf(finding: Finding, model: Model): string {
  const ids = finding.workers ?? [];
  const named = model.workers.filter(worker => ids.includes(worker.id));
  const app = model.apps.find(each => each.id === finding.resource) ?? sharedApp(named);
  if (named.length === 1) return workerHeading(named[0]!);
  if (app) return appHeading(app);
  const scheduler = model.schedulers.find(each => ids.includes(each.id) || each.id === finding.resource);
  if (scheduler) return `scheduler ${withEnvironment(scheduler.id, scheduler.environment)}`;
  if (named[0]) return workerHeading(named[0]);
  const service = model.services.find(each => each.name === finding.resource);
  const inService = model.workers.filter(worker => service && worker.service === service);
  if (service) return inService.length === 1 ? workerHeading(inService[0]!) : `service ${withEnvironment(service.name, service.environment)}`;
  const folder = packageOf(finding, model);
  if (finding.at.path.startsWith('aws:')) return 'elsewhere in the account';
  return folder === undefined ? ELSEWHERE : `consumers of ${folder === '.' ? 'package.json' : folder}`;
}

/** The package whose consumers a finding is about: that of the handler, or of a consumer in one of its files. */
function packageOf({ resource, at, related = [] }: Finding, { consumers, processors }: Model): string | undefined {
  if (processors.some(({ id }) => id === resource)) return resource;
  const paths = [at.path, ...related.map(other => other.at.path)];
  return consumers.find(consumer => paths.includes(consumer.at.path))?.process.folder;
}

/** The one app all these workers run. */
function sharedApp(workers: readonly Worker[]): CeleryApp | undefined {
  const app = workers[0]?.app;
  return workers.length > 1 && workers.every(worker => worker.app === app) ? app : undefined;
}

/** What concerns an app with one worker concerns that worker. */
function appHeading(app: CeleryApp): string {
  const deployed = app.workers.filter(worker => worker.role === 'deployed');
  const only = deployed.length === 1 ? deployed[0] : app.workers.length === 1 ? app.workers[0] : undefined;
  return only ? workerHeading(only) : `app ${app.id}${app.workers.length > 1 ? ` (${app.workers.length} workers)` : ''}`;
}

export const workerHeading = (worker: Worker): string => `worker ${running(worker) ?? withEnvironment(worker.id, worker.environment)}`;

/** Where a worker of a running service runs: `mail in shop (cluster prod, eu-central-1)`. */
function running({ service, container }: Worker): string | undefined {
  const [, region, cluster] = /^aws:arn:[\w-]+:ecs:([\w-]+):[^:]*:service\/([^/]+)\//.exec(service?.at.path ?? '') ?? [];
  if (!service || !container || cluster === undefined) return undefined;
  return `${container.name === service.name ? '' : `${container.name} in `}${service.name} (cluster ${cluster}, ${region!})`;
}

const withEnvironment = (id: string, environment: string | undefined): string => (environment === undefined || id.includes(environment) ? id : `${id} (${environment})`);
