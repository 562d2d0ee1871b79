import type { Container, Problem, Rule, Worker } from '../../model/index.js';
import { about, fixAt, startConfidence } from '../shared.js';
import { onEcs } from '../outlast.js';

type Sibling = Container['siblings'][number];

/** Sidecars a worker's connections run through, by image. */
const PATHS: readonly (readonly [RegExp, string])[] = [
  [/(^|\/)(?:aws-appmesh-)?envoy\b|(^|\/)(?:haproxy|nginx|traefik)\b/, 'proxy'], [/(^|\/)(?:pgbouncer|pgcat|odyssey|rds-proxy|cloud-sql-proxy|cloudsql-docker|proxysql)\b/, 'database proxy'], [/(^|\/)(?:redis|valkey|rabbitmq)\b/, 'broker'],
  [/(^|\/)(?:cloudflared|tailscale|twingate|autossh|stunnel)\b/, 'tunnel'], [/(^|\/)(?:postgres|mysql|mariadb|mongo)\b/, 'database'],
];
/** Sidecars that only watch. */
const WATCHERS = /(^|\/)(?:datadog|agent|datadog-agent|aws-xray-daemon|cloudwatch-agent|aws-otel-collector|opentelemetry-collector(?:-contrib)?|newrelic-infra|statsd|prometheus)\b/;
/** A log router is stopped last by ECS. */
const LOG_ROUTER = /fluent/;

export const sidecarStopsFirst: Rule = {
  id: 'ecs/sidecar-stops-first',
  severity: 'warning',
  title: 'A sidecar that the worker needs stops while the worker still drains',
  rationale:
    'Without `dependsOn` all containers of a task get the stop signal together: a proxy or tunnel is gone in a second, while the worker finishes its task for as long as stopTimeout allows, without the connections it needs ' +
    'to store the result and to acknowledge the message. And an essential sidecar that ends takes the worker with it at any time.',
  remedy: 'Let the worker depend on the start of the sidecar: ECS stops a container only after those that depend on it.',
  references: ['https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html', 'https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/dependencygraph/graph.go'],
  documentedBy: 'The order is that of the ECS agent (dependencygraph/graph.go)',

  *check({ workers }) {
    for (const worker of workers) {
      const { container } = worker;
      if (!container || !onEcs(worker) || worker.role === 'development') continue;
      const depends = new Set(container.dependsOn.map(one => one.container));
      for (const sidecar of container.siblings) {
        const role = roleOf(sidecar);
        if (role && !depends.has(sidecar.name) && !sidecar.dependsOn.includes(container.name)) yield problemOf(worker, container, sidecar, role);
      }
    }
  },
};

/** undefined: not essential, a log router, or nobody knows what it does. */
function roleOf({ image, essential }: Sibling): string | undefined {
  if (!essential || image === undefined || LOG_ROUTER.test(image)) return undefined;
  return PATHS.find(([pattern]) => pattern.test(image))?.[1] ?? (WATCHERS.test(image) ? 'watcher' : undefined);
}

function problemOf(worker: Worker, { name, dependsOn, dependsOnSlots }: Container, sidecar: Sibling, role: string): Problem {
  const isPath = role !== 'watcher';
  const fix = dependsOn.length === 0 ? fixAt(dependsOnSlots, sidecar.name, 'safe', `let ${name} depend on ${sidecar.name}`) : undefined;
  return {
    order: 2, at: sidecar.at, severity: isPath ? 'warning' : 'note', confidence: startConfidence(worker, 'medium'), ...about(worker), resource: sidecar.name,
    message: isPath ? `${sidecar.name}, the worker's ${role}, gets SIGTERM together with ${name}: it is gone while the worker still finishes its task` : `${sidecar.name} gets SIGTERM together with ${name}: what the worker reports while it drains is lost, and when it ends by itself the worker is stopped`,
    label: 'essential, and nothing depends on it',
    suggestion: `let container ${name} depend on the START of ${sidecar.name}${isPath ? '' : ', or set essential to false there'}`,
    fate: isPath ? `SIGTERM → ${sidecar.name} ends → the worker drains without its ${role} → its task fails or is not acknowledged` : `SIGTERM → ${sidecar.name} ends → the last seconds are not reported`,
    ...(fix && { fix }),
  };
}
