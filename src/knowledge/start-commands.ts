/** How a program that starts another one passes the stop signal on; ends: it passes it on and ends without waiting. */
export type Forwarding = 'yes' | 'no' | 'ends' | 'unknown';

/** A program whose arguments hold another command. */
export interface LauncherRow {
  readonly program: RegExp;
  /**
   * wrapper: replaces itself by the command. package-manager: stays as its parent. init: made for PID 1. detach: leaves the
   * command behind. development: restarts the command when files change.
   */
  readonly as: 'wrapper' | 'package-manager' | 'init' | 'detach' | 'development';
  readonly forwards?: Forwarding;
  /** The words after the program and its options, one of each list. */
  readonly subcommand?: readonly string[];
  /** Options that take the next word as their value. */
  readonly values?: readonly string[];
  /** Words in front of the command that are no options: a user, a service. */
  readonly operands?: number;
  /** The command stands behind `--`, and nowhere else. */
  readonly needsSeparator?: boolean;
  /** A word in front of it that makes it another program of the same name. */
  readonly never?: string;
  /** NAME=VALUE words in front of the command are its environment. */
  readonly assignments?: boolean;
  /** init: options that send the signal to the whole group, or only to the child. */
  readonly toGroup?: { readonly usually: boolean; readonly unless: readonly string[] };
  /** Why `forwards` or `as` is what it is. */
  readonly because: string;
}

/** Inits, wrappers, package managers and the like, by the last part of the program's path. The first that fits counts. */
export const LAUNCHERS: readonly LauncherRow[] = [
  { program: /^(tini|tini-static|docker-init|catatonit)$/, as: 'init', values: ['-p', '-e'], toGroup: { usually: false, unless: ['-g'] }, because: 'krallin/tini README: signals go to the child only; -g sends them to its group' },
  { program: /^dumb-init$/, as: 'init', values: ['-r', '--rewrite'], toGroup: { usually: true, unless: ['-c', '--single-child'] }, because: 'Yelp/dumb-init README: signals go to the whole session unless --single-child' },

  { program: /^newrelic-admin$/, as: 'wrapper', subcommand: ['run-program', 'run-python'], because: 'newrelic-python-agent admin/run_program.py: os.execl' },
  { program: /^(ddtrace-run|sls-wrapper|splunk-py-trace)$/, as: 'wrapper', because: 'ddtrace/commands/ddtrace_run.py: os.execl' },
  { program: /^opentelemetry-instrument$/, as: 'wrapper', values: ['--traces_exporter', '--metrics_exporter', '--logs_exporter', '--service_name', '--exporter_otlp_endpoint', '--propagators', '--id_generator'], because: 'opentelemetry auto_instrumentation/__init__.py: execl' },
  { program: /^(elasticapm-run|scout-apm-run|sentry-run|appmap-python)$/, as: 'wrapper', because: 'agents that set PYTHONPATH and exec' },
  { program: /^(gosu|su-exec|s6-setuidgid|s6-applyuidgid|setuidgid)$/, as: 'wrapper', operands: 1, because: 'tianon/gosu and ncopa/su-exec README: they exec, there is no parent left' },
  { program: /^setpriv$/, as: 'wrapper', values: ['--reuid', '--regid', '--groups', '--inh-caps', '--bounding-set'], because: 'util-linux setpriv(1): execs the program' },
  { program: /^chpst$/, as: 'wrapper', values: ['-u', '-U', '-b', '-e', '-/', '-n', '-l', '-L', '-m', '-d', '-o', '-p', '-f', '-c', '-r', '-t'], because: 'runit chpst(8): execs the program' },
  { program: /^env$/, as: 'wrapper', values: ['-u', '--unset', '-C', '--chdir'], assignments: true, because: 'coreutils env: execvp' },
  { program: /^(nice|ionice|chrt|taskset|stdbuf|numactl|prlimit|choom)$/, as: 'wrapper', values: ['-n', '--adjustment', '-c', '-p', '-o', '-e', '-i'], because: 'coreutils and util-linux: execvp' },
  { program: /^(with-contenv|exec|command|catchsegv|unshare)$/, as: 'wrapper', because: 's6-overlay with-contenv and shell builtins: exec' },
  { program: /^(wait-for-it|wait-for|wait_for_it|wait)(\.sh)?$/, as: 'wrapper', needsSeparator: true, because: 'vishnubob/wait-for-it wait-for-it.sh and eficode/wait-for: exec the command behind --' },
  { program: /^(chamber|ssm-env|aws-env|aws-vault|env-aws-params|berglas)$/, as: 'wrapper', needsSeparator: true, because: 'segmentio/chamber, remind101/ssm-env, ByteNess/aws-vault: syscall.Exec' },

  { program: /^dockerize$/, as: 'package-manager', forwards: 'unknown', values: ['-wait', '-timeout', '-template', '-stdout', '-stderr', '-wait-retry-interval', '-wait-http-header', '-env', '-env-section', '-delims'], because: 'jwilder/dockerize exec.go: passes SIGTERM on, but kills the command 10 s later' },
  { program: /^(doppler|infisical|op|vault|secrethub)$/, as: 'package-manager', forwards: 'unknown', needsSeparator: true, because: 'they stay as parent; signal forwarding differs by version' },
  { program: /^cross-env(?:-shell)?$/, as: 'package-manager', forwards: 'yes', assignments: true, because: 'cross-env 7.0.3: passes SIGTERM on and waits (measured)' },
  { program: /^env-cmd$/, as: 'package-manager', forwards: 'ends', values: ['-f', '--file', '-r', '--rc-file', '-e', '--environments'], because: 'env-cmd 11.0.0: passes SIGTERM on and ends at once (measured)' },
  { program: /^dotenv$/, as: 'package-manager', forwards: 'yes', needsSeparator: true, never: 'run', because: 'dotenv-cli 11.0.0: passes SIGTERM on and waits (measured)' },
  { program: /^(dotenv|dotenvx)$/, as: 'package-manager', forwards: 'unknown', subcommand: ['run'], values: ['-f', '--file', '-e'], because: 'python-dotenv run starts a child or execs, by version' },
  { program: /^timeout$/, as: 'package-manager', forwards: 'yes', values: ['-k', '--kill-after', '-s', '--signal'], operands: 1, because: 'coreutils timeout.c: sends the signals it gets to the command' },
  { program: /^sudo$/, as: 'package-manager', forwards: 'yes', values: ['-u', '--user', '-g', '--group', '-h', '-p', '-C'], assignments: true, because: 'sudo(8): relays signals to the command' },
  { program: /^runuser$/, as: 'package-manager', forwards: 'unknown', values: ['-u', '--user', '-g', '-G'], because: 'util-linux runuser(1): with -u execs, else stays' },

  { program: /^poetry$/, as: 'package-manager', forwards: 'yes', subcommand: ['run'], values: ['-C', '--directory', '-P', '--project'], because: 'python-poetry src/poetry/utils/env/base_env.py execute(): os.execvpe' },
  { program: /^pipenv$/, as: 'package-manager', forwards: 'yes', subcommand: ['run'], because: 'pypa/pipenv routines/shell.py do_run_posix(): os.execve' },
  { program: /^pdm$/, as: 'package-manager', forwards: 'yes', subcommand: ['run'], values: ['-p', '--project'], because: 'pdm src/pdm/cli/commands/run.py: forward_signal, then process.wait()' },
  { program: /^pipx$/, as: 'package-manager', forwards: 'yes', subcommand: ['run'], values: ['--spec', '--python', '--pip-args'], because: 'pypa/pipx commands/run.py exec_app(): os.execvpe' },
  { program: /^uv$/, as: 'package-manager', forwards: 'yes', subcommand: ['run'], values: ['--directory', '--project', '--with', '--env-file', '--extra', '--group', '--python', '-p', '--package', '--only-group', '--no-group', '--no-extra', '--index-url', '--with-requirements', '--cache-dir', '--color', '--config-file'], because: 'astral-sh/uv #6738: forwards SIGTERM since 0.4' },
  { program: /^(hatch|rye|conda|micromamba|mamba|pixi)$/, as: 'package-manager', forwards: 'unknown', subcommand: ['run'], values: ['-n', '--name', '-p', '--prefix', '-e', '--env'], because: 'not established' },
  { program: /^(npm|pnpm|yarn|npx)$/, as: 'package-manager', forwards: 'no', needsSeparator: true, because: 'nodejs/docker-node docs/BestPractices.md: run node directly, the signal stops at the package manager or its shell' },
  { program: /^(honcho|foreman|forego)$/, as: 'package-manager', forwards: 'unknown', subcommand: ['run'], values: ['-e', '--env', '-f', '--procfile', '-d'], because: 'nickstenning/honcho command.py: a child of honcho' },

  { program: /^(nohup|setsid|start-stop-daemon|daemonize)$/, as: 'detach', values: ['--pidfile', '-p', '-u', '--user', '-c', '--chuid', '-d', '--chdir', '-x'], because: 'the command leaves the process group or ignores the hang-up' },

  { program: /^(watchmedo)$/, as: 'development', forwards: 'yes', subcommand: ['auto-restart', 'shell-command'], values: ['-d', '--directory', '-p', '--pattern', '--patterns', '-i', '--ignore-pattern', '--ignore-patterns', '--signal', '--kill-after', '--interval', '--debounce-interval'], because: 'watchdog: restarts the command when files change' },
  { program: /^(nodemon)$/, as: 'development', forwards: 'unknown', values: ['-e', '--ext', '-w', '--watch', '-i', '--ignore', '-d', '--delay', '--signal', '-s'], because: 'nodemon: restarts the command when files change' },
  { program: /^(watchfiles|watchgod|hupper|reflex|entr)$/, as: 'development', forwards: 'unknown', values: ['--filter', '--target-type', '--args', '--ignore-paths', '--sigint-timeout', '-m'], because: 'restarts the command when files change' },
  { program: /^(coverage|debugpy|pudb|strace|ltrace|perf)$/, as: 'development', forwards: 'unknown', subcommand: ['run'], because: 'a tool for tests and debugging' },
];

/** Programs that never start what their arguments name: what follows is text, files or another machine's command. */
export const NO_LAUNCHERS: ReadonlySet<string> = new Set([
  'echo', 'printf', 'test', '[', '[[', ':', 'true', 'false', 'which', 'type', 'hash', 'pip', 'pip3', 'apt', 'apt-get', 'apk', 'yum', 'dnf', 'docker', 'docker-compose', 'podman', 'kubectl', 'helm',
  'grep', 'egrep', 'pgrep', 'pkill', 'killall', 'kill', 'ps', 'rm', 'mkdir', 'chown', 'chmod', 'cp', 'mv', 'ln', 'ls', 'cat', 'tail', 'head', 'sed', 'awk', 'ssh', 'scp', 'git', 'curl', 'wget', 'aws', 'copilot', 'ecs-cli',
  'make', 'systemctl', 'service', 'adduser', 'useradd', 'groupadd', 'sleep', 'export', 'unset', 'read', 'return', 'exit', 'pytest', 'tox', 'flake8', 'ruff', 'black', 'mypy', 'pylint', 'brew', 'npm', 'heroku', 'cf', 'flyctl',
]);

/** Consumers that are recognised but not audited: the program, and the word that makes it a consumer. */
export const OTHER_CONSUMERS: readonly { readonly kind: string; readonly program: RegExp; readonly word?: RegExp }[] = [
  { kind: 'rq', program: /^rq$/, word: /^(worker|worker-pool)$/ },
  { kind: 'rq', program: /^(rqworker|rqworker-pool)$/ },
  { kind: 'dramatiq', program: /^(dramatiq|dramatiq-gevent|remoulade|periodiq)$/ },
  { kind: 'arq', program: /^arq$/ },
  { kind: 'huey', program: /^huey_consumer(\.py)?$/ },
  { kind: 'taskiq', program: /^taskiq$/, word: /^worker$/ },
  { kind: 'faust', program: /^faust$/, word: /^worker$/ },
  { kind: 'airflow', program: /^airflow$/, word: /^(worker|celery)$/ },
  { kind: 'procrastinate', program: /^procrastinate$/, word: /^worker$/ },
  { kind: 'saq', program: /^(saq|streaq)$/ },
  { kind: 'nameko', program: /^nameko$/, word: /^run$/ },
];

/** Django management commands that run a consumer. */
export const MANAGEMENT_CONSUMERS: Readonly<Record<string, string>> = {
  rqworker: 'rq', 'rqworker-pool': 'rq', run_huey: 'huey', rundramatiq: 'dramatiq', qcluster: 'django-q', db_worker: 'django-tasks', process_tasks: 'background-tasks', runworker: 'channels',
};

/** Process managers whose file their argv names, with seconds from SIGTERM to SIGKILL and how they send it. */
export const PROCESS_MANAGERS: readonly { readonly program: RegExp; readonly name: 'supervisord' | 'honcho' | 'foreman' | 'pm2' | 'systemd'; readonly signal?: string; readonly file: readonly string[]; readonly places: readonly string[]; readonly stopWait: number; readonly toGroup: boolean; readonly because: string }[] = [
  {
    program: /^supervisord$/, name: 'supervisord', file: ['-c', '--configuration'], stopWait: 10, toGroup: false,
    places: ['supervisord.conf', 'etc/supervisord.conf', '/etc/supervisord.conf', '/etc/supervisor/supervisord.conf'],
    because: 'supervisor docs/configuration.rst: stopwaitsecs 10, stopsignal TERM, stopasgroup false; the search path of docs/running.rst',
  },
  {
    program: /^pm2(?:-runtime|-docker|-dev)?$/, name: 'pm2', file: [], stopWait: 1.6, signal: 'INT', toGroup: false, places: ['ecosystem.config.js', 'ecosystem.config.cjs', 'ecosystem.json', 'process.json'],
    because: 'Unitech/pm2 constants.js: KILL_TIMEOUT 1600, KILL_SIGNAL SIGINT; treekill sends it to the children too, which prefork children ignore (celery concurrency/prefork.py, WORKER_SIGIGNORE)',
  },
  { program: /^systemd$/, name: 'systemd', file: [], places: [], stopWait: 90, toGroup: false, because: 'systemd.service(5): DefaultTimeoutStopSec 90 s; systemd.kill(5): KillMode control-group, KillSignal SIGTERM' },
  { program: /^(honcho)$/, name: 'honcho', file: ['-f', '--procfile'], places: ['Procfile'], stopWait: 5, toGroup: true, because: 'nickstenning/honcho manager.py: KILL_WAIT = 5; environ.py: os.killpg' },
  { program: /^(foreman|forego|hivemind|overmind)$/, name: 'foreman', file: ['-f', '--procfile'], places: ['Procfile'], stopWait: 5, toGroup: true, because: 'ddollar/foreman engine.rb: timeout 5' },
];

/** Seconds from the stop signal to SIGKILL where nothing is written. */
export const STOP_SECONDS = {
  /** amazon-ecs-agent config.go:67; API ContainerDefinition.stopTimeout. */
  ecs: 30,
  /** compose-spec 05-services.md: stop_grace_period. */
  compose: 10,
} as const;

export type ShellName = 'dash' | 'bash' | 'busybox' | 'zsh' | 'unknown';

/** What a shell is by the name it is called by, where the name says it. */
export const SHELL_NAMES: Readonly<Record<string, ShellName>> = { bash: 'bash', dash: 'dash', ash: 'busybox', busybox: 'busybox', zsh: 'zsh' };

/** /bin/sh by the base image: Debian and Ubuntu link it to dash, Alpine to busybox, the Red Hat family to bash. The first that fits counts. */
export const IMAGE_SHELLS: readonly { readonly image: RegExp; readonly shell: ShellName }[] = [
  { image: /alpine|(^|\/)busybox(:|$)/, shell: 'busybox' },
  { image: /amazonlinux|amazon-linux|\bal20\d\d|(^|\/)(centos|fedora|rockylinux|almalinux|oraclelinux|redhat|lambda)\b|\bubi[789]|[:-](ubi|centos|fedora|rocky|alma)/, shell: 'bash' },
  { image: /bookworm|bullseye|buster|trixie|stretch|jammy|focal|noble|ubuntu|debian|slim/, shell: 'dash' },
  { image: /^(library\/)?(python|node|ruby|php|golang|perl|rust|pypy|buildpack-deps|openjdk|eclipse-temurin|gcc|mono|swift|postgres|mysql|redis|nginx|rabbitmq)(:|$)/, shell: 'dash' },
  { image: /^(continuumio\/(mini|ana)conda3?|mambaorg\/micromamba|nikolaik\/python-nodejs|tiangolo\/[\w-]+|apache\/airflow)(:|$)/, shell: 'dash' },
];

/** Images that run something else than the repository's code, wherever they come from. */
export const FOREIGN_IMAGES = /(^|\/)(redis|valkey|redis-stack|redis-stack-server|postgres|postgresql|postgis|mysql|mariadb|mongo|mongodb|memcached|rabbitmq|nginx|nginx-unprivileged|traefik|caddy|haproxy|envoy|aws-appmesh-envoy|ecs-service-connect-agent|amazon-ssm-agent|httpd|elasticsearch|opensearch|kibana|logstash|localstack|elasticmq|elasticmq-native|minio|mc|kafka|zookeeper|mailhog|mailpit|maildev|mailcatcher|grafana|loki|prometheus|jaeger|all-in-one|otel-collector|opentelemetry-collector|opentelemetry-collector-contrib|aws-otel-collector|aws-xray-daemon|aws-for-fluent-bit|fluent-bit|fluentd|agent|datadog-agent|cloudwatch-agent|amazon-ecs-sample|adminer|pgadmin4|pgbouncer|flower|dynamodb-local|selenium|hub|vault|consul|cloudflared|tunnel|wiremock|clamav|gotenberg|tika|ganache|keycloak|vespa|neo4j|influxdb|statsd|sentry-relay)(:|@|$)/;

/** Publishers in public registries whose images hold their own programs. */
export const FOREIGN_PUBLISHERS = /^(?:public\.ecr\.aws\/(?:appmesh|aws-observability|aws-containers|aws-ec2|amazon-ssm-agent|bitnami|bottlerocket|cloudwatch-agent|datadog|docker|eks|hashicorp|lambda|newrelic|nginx|supabase|xray)|(?:docker\.io\/)?(?:amazon|bitnami|datadog|grafana|hashicorp|newrelic|otel|prom|envoyproxy|cloudflare|tailscale)|gcr\.io\/(?:datadoghq|cloudsql-docker|cloud-sql-connectors)|quay\.io\/(?:prometheus|keycloak|oauth2-proxy)|ghcr\.io\/(?:open-telemetry))\//;

/** ms that s6-overlay waits for the services of /etc/services.d before it sends SIGTERM to every process that is left (S6_SERVICES_GRACETIME; s6-overlay README, customizing). */
export const S6_SERVICES_GRACETIME = 3000;

/** Images whose `worker` takes no messages of a queue: continuous integration, clusters that compute. */
export const OTHER_WORKERS = /(?:^|\/)(?:concourse|spark|dask|flink|trino|presto|drone-runner[\w-]*|woodpecker-agent|buildkite-agent|gitlab-runner|jenkins|inbound-agent|ray|storm|nomad|swarm|buildbot-worker)(?::|@|$)/;
