import type { AnalyzerEntry } from '../model/index.js';

/**
 * Names that only Celery code and configuration hold. Options count as much as the package: they often stand in files that never
 * import it (`acks_late=True` on a decorator of the repository's own). The last one: a loop over SQS is a consumer of another kind.
 */
const CELERY = /celery|shared_task|acks_late|acks_on_failure|reject_on_worker_lost|visibility_timeout|prefetch_multiplier|task_(?:soft_)?time_limit|task_default_queue|task_routes|broker_(?:url|transport)|worker_(?:soft_shutdown|max_|concurrency)|remap_sigterm|apply_async|\.delay\(|send_task\(|@[\w.]+\.task\b|autoretry_for|retry_backoff|max_retries|\.receive_messages?\(/i;
const COMMANDS = /celery|supervisord|honcho|circusd/i;

/** What consumers of queues and their way out are made of, in TypeScript and JavaScript. Commands of the SDK stand in code that sends, too; the types of options where a class of the repository's own stands between. */
const CONSUMERS = /['"](?:bullmq|bull|amqplib|amqp-connection-manager|sqs-consumer|kafkajs|pg-boss|graphile-worker|celery-node|@nestjs\/(?:bull|bullmq|microservices)|@golevelup\/nestjs-rabbitmq|@ssut\/nestjs-sqs)['"\/]|ReceiveMessage(?:Command)?\b|\.receiveMessage\(|['"]SIGTERM['"]|task-protection\/v1|UpdateTaskProtection|enableShutdownHooks|NestFactory\.create|@Transactional\(|@Processor\(|@Cron\(|[bB]oss\??\.work\(|[qQ]ueue(?:\(\))?[?!]?\.(?:add|addBulk|upsertJobScheduler)\(|[qQ]ueue(?:\(\))?\s{0,40}\.process\(|\b(?:Worker|Queue|Jobs)Options\b/;

/** Every format drainlint reads, the most telling first. A file belongs to the first one that recognises it. */
export const analyzers: readonly AnalyzerEntry[] = [
  {
    format: 'cloudformation', name: /\.(?:ya?ml|json|template)$/i, onDemand: false,
    words: /AWS::(?:ECS::(?:TaskDefinition|Service)|ElastiCache::(?:ParameterGroup|ReplicationGroup|CacheCluster)|AmazonMQ::(?:Broker|Configuration)|CloudFormation::Stack|Serverless::Application)/,
    load: () => import('./cloudformation.js'),
  },
  {
    format: 'cdk', name: /\.[cm]?tsx?$/i, onDemand: false,
    words: /(?:Fargate|Ec2|External)(?:TaskDefinition|Service)\b|addContainer\(|(?:QueueProcessing|LoadBalanced)(?:Fargate|Ec2)Service|Scheduled(?:Fargate|Ec2)Task/,
    async load() {
      const { loadTypeScript } = await import('../parsers/typescript/read.js');
      await loadTypeScript();
      return import('./cdk.js');
    },
  },
  {
    format: 'cdk', name: /\.py$/i, onDemand: false,
    words: /aws_ecs/,
    async load({ shortRun }) {
      const { loadPython } = await import('../parsers/python.js');
      await loadPython({ shortRun });
      return import('./cdk.js');
    },
  },
  {
    format: 'cloudformation', name: /\.py$/i, onDemand: false,
    words: /troposphere/,
    async load({ shortRun }) {
      const { loadPython } = await import('../parsers/python.js');
      await loadPython({ shortRun });
      return import('./troposphere.js');
    },
  },
  {
    // Variables, locals and modules stand in files of their own, which the file with the service asks for.
    format: 'terraform', name: /\.(?:tf|tfvars)$/i, onDemand: true, reached: true,
    words: /aws_ecs_(?:service|task_definition)|aws_sqs_queue\b|container_definitions|aws_appautoscaling_target|ecs-container-definition|aws_elasticache_parameter_group|terraform-aws-modules\/ecs|source[ \t]*=[ \t]*"[^"\n]*(?:\becs\b|fargate)/,
    async load({ shortRun }) {
      const { loadHcl } = await import('../parsers/hcl.js');
      await loadHcl({ shortRun });
      return import('./terraform.js');
    },
  },
  {
    format: 'terraform-plan', name: /\.json$/i, onDemand: false,
    words: /"planned_values"/,
    load: () => import('./terraform-plan.js'),
  },
  {
    format: 'aws-answer', name: /^aws:/, onDemand: false,
    load: () => import('./aws-answer.js'),
  },
  {
    format: 'ecs-json', name: /\.json[\w.-]*$/i, onDemand: false,
    words: /"(?:containerDefinitions|taskDefinition|desiredCount|deploymentConfiguration|stopTimeout|logConfiguration|portMappings|essential)"/,
    load: () => import('./ecs-json.js'),
  },
  {
    format: 'copilot', name: /(?:^|\/)manifest\.ya?ml$/i, onDemand: false,
    words: /(?:Worker|Backend|Load Balanced Web|Request-Driven Web) Service|Scheduled Job/,
    load: () => import('./copilot.js'),
  },
  {
    format: 'copilot', name: /(?:^|\/)overrides\/cfn\.patches\.ya?ml$/i, onDemand: false,
    words: /\/Resources\//,
    load: () => import('./copilot-patches.js'),
  },
  {
    format: 'compose', name: /\.ya?ml$/i, onDemand: true, reached: true,
    words: /^\S{0,3}services\s*:/m,
    load: () => import('./compose.js'),
  },
  {
    // A template of a Dockerfile is none, and `Dockerfile.dockerignore` neither.
    format: 'dockerfile', name: /(?:^|\/)[\w.-]*(?:docker|container)file(?:[._-](?!(?:[\w.-]*\.)?(?:dockerignore|mdx?|rst|txt|tmpl|tpl|template|j2|jinja2?|erb|in|py|[cm]?[jt]sx?|ya?ml|json|go|rb|html?)$)[\w.-]+)?$/i, onDemand: true,
    load: () => import('./dockerfile.js'),
  },
  {
    format: 'process-manager', name: /(?:^|\/)procfile[\w.-]*$|supervisor[^/]*$|\.(?:conf|ini)(?:\.\w+)?$|\.service(?:\.\w+)?$/i, onDemand: true,
    words: COMMANDS,
    load: () => import('./process-manager.js'),
  },
  {
    format: 'process-manager', name: /(?:^|\/)(?:ecosystem|pm2|process|processes)[\w.-]*\.(?:[cm]?js|json)$/i, onDemand: false,
    words: /\bapps\b["']?\s*:/,
    async load() {
      const { loadTypeScript } = await import('../parsers/typescript/read.js');
      await loadTypeScript();
      return import('./ecosystem.js');
    },
  },
  {
    // What a consumer imports is read when it is reached.
    format: 'typescript', name: /\.[cm]?[jt]sx?$/i, onDemand: 'beside', reached: true,
    words: CONSUMERS,
    async load() {
      const { loadTypeScript } = await import('../parsers/typescript/read.js');
      await loadTypeScript();
      return import('./typescript.js');
    },
  },
  {
    // Asked for by what TypeScript imports; by itself it says nothing.
    format: 'node-package', name: /(?:^|\/)(?:package|tsconfig[\w.-]*)\.json$/i, onDemand: true, reached: true,
    words: /(?!)/,
    load: () => import('./node-package.js'),
  },
  {
    format: 'entry-script', name: /\.(?:sh|bash|ash|ksh|zsh)$|(?:^|\/)[^./]+$/i, onDemand: true, reached: /^#!/,
    words: COMMANDS,
    load: () => import('./entry-script.js'),
  },
  {
    format: 'lockfile', name: /(?:^|\/)(?:[\w.-]*(?:requirements|constraints)[\w.-]*\.(?:txt|in)|requirements\/[\w.-]+\.(?:txt|in)|poetry\.lock|uv\.lock|pdm\.lock|pipfile(?:\.lock)?|pyproject\.toml|setup\.(?:cfg|py))$/i, onDemand: false,
    words: /celery|billiard|kombu/i,
    load: () => import('./lockfile.js'),
  },
  {
    format: 'python', name: /\.py$/i, onDemand: false, reached: true,
    words: CELERY,
    async load({ shortRun }) {
      const { loadPython } = await import('../parsers/python.js');
      await loadPython({ shortRun });
      return import('./python.js');
    },
  },
];
