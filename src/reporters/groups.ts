import type { CeleryApp, Finding, Model, Report, Worker } from '../model/index.js';
import { isRunning, SEVERITIES } from '../model/index.js';
import { bySeverity, visible } from './options.js';

/** Findings that belong together: those of one worker, of one app with several workers, of a service, or of nothing that was joined. */
export interface Group { readonly heading: string; /** Where they concern that worker alone. */ readonly worker?: Worker; readonly findings: readonly Finding[] }

/** Findings, by default every one that is not suppressed, grouped, in the order of cure; the group with the worst finding first. */
export function groupFindings(report: Report, all: readonly Finding[] = visible(report)): readonly Group[] {
  const groups = new Map<string, Subject & { readonly findings: Finding[] }>();
  for (const finding of all) {
    const subject = subjectOf(finding, report.model);
    const group = groups.get(subject.heading);
    if (group) group.findings.push(finding);
    else groups.set(subject.heading, { ...subject, findings: [finding] });
  }
  return [...groups.values()].map(({ findings, ...subject }) => ({ ...subject, findings: findings.sort((a, b) => a.order - b.order || bySeverity(a, b)) }))
    .sort((a, b) => worst(a) - worst(b) || b.findings.length - a.findings.length || (a.heading < b.heading ? -1 : 1));
}

/** The rule in this group that must be obeyed before this finding is worth a look. */
export function blockerOf(finding: Finding, group: Group): string | undefined {
  return finding.blockedBy?.find(id => id !== finding.ruleId && group.findings.some(other => other.ruleId === id && !other.blockedBy?.length));
}

/** The findings that wait for this one, shown under it: under the first of its rule. */
export function blockedOn(finding: Finding, group: Group): readonly Finding[] {
  const isFirst = group.findings.find(other => other.ruleId === finding.ruleId) === finding;
  return isFirst ? group.findings.filter(other => blockerOf(other, group) === finding.ruleId) : [];
}

/** What the worst finding is about, in the words of its rule. */
export function verdict(group: Group, report: Report): string {
  const [worst] = [...group.findings].sort(bySeverity);
  const title = report.rules.find(rule => rule.id === worst!.ruleId)?.title ?? worst!.message;
  return /^(A |[A-Z][a-z])/.test(title) ? title[0]!.toLowerCase() + title.slice(1) : title;
}

const worst = (group: Group): number => Math.min(...group.findings.map(finding => SEVERITIES.indexOf(finding.severity)));

/** The heading of findings that name nothing that was joined. */
export const ELSEWHERE = 'elsewhere in the repository';

type Subject = Pick<Group, 'heading' | 'worker'>;

function subjectOf(finding: Finding, model: Model): Subject {
  const ids = finding.workers ?? [];
  const named = model.workers.filter(worker => ids.includes(worker.id));
  const app = model.apps.find(each => each.id === finding.resource) ?? sharedApp(named);
  if (named.length === 1) return aboutWorker(named[0]!);
  if (app) return aboutApp(app);
  const scheduler = model.schedulers.find(each => ids.includes(each.id) || each.id === finding.resource);
  if (scheduler) return { heading: `scheduler ${withEnvironment(scheduler.id, scheduler.environment)}` };
  if (named[0]) return aboutWorker(named[0]!);
  const service = model.services.find(each => each.name === finding.resource);
  const inService = model.workers.filter(worker => service && worker.service === service);
  if (service) return inService.length === 1 ? aboutWorker(inService[0]!) : { heading: `service ${withEnvironment(service.name, service.environment)}` };
  const folder = packageOf(finding, model);
  if (isRunning(finding.at)) return { heading: 'elsewhere in the account' };
  return { heading: folder === undefined ? ELSEWHERE : `consumers of ${folder === '.' ? 'package.json' : folder}` };
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
function aboutApp(app: CeleryApp): Subject {
  const deployed = app.workers.filter(worker => worker.role === 'deployed');
  const only = deployed.length === 1 ? deployed[0] : app.workers.length === 1 ? app.workers[0] : undefined;
  return only ? aboutWorker(only) : { heading: `app ${app.id}${app.workers.length > 1 ? ` (${app.workers.length} workers)` : ''}` };
}

const aboutWorker = (worker: Worker): Subject => ({ heading: workerHeading(worker), worker });

/** What a worker is called in a report. */
export const workerHeading = (worker: Worker): string => `worker ${running(worker) ?? withEnvironment(worker.id, worker.environment)}`;

/** Where a worker of a running service runs: `mail in shop (cluster prod, eu-central-1)`. */
function running({ service, container }: Worker): string | undefined {
  const [, region, cluster] = /^aws:arn:[\w-]+:ecs:([\w-]+):[^:]*:service\/([^/]+)\//.exec(service?.at.path ?? '') ?? [];
  if (!service || !container || cluster === undefined) return undefined;
  return `${container.name === service.name ? '' : `${container.name} in `}${service.name} (cluster ${cluster}, ${region!})`;
}

const withEnvironment = (id: string, environment: string | undefined): string => (environment === undefined || id.includes(environment) ? id : `${id} (${environment})`);
