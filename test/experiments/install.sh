#!/usr/bin/env bash
# What `npm run prove` runs: Celery (.venvs/, scripts/celery), what the fixtures import, another billiard, moto, and the consumers of
# Node.js (.experiments/); all git-ignored and pinned. Redis, RabbitMQ, tini, dumb-init and busybox are Debian's: with --system they
# are installed too, as root. What cannot be had is named by the experiments that need it.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ "${1:-}" = --system ]; then
  for program in redis-server:redis-server tini:tini dumb-init:dumb-init busybox:busybox /usr/lib/rabbitmq/bin/rabbitmq-server:rabbitmq-server; do
    command -v "${program%%:*}" >/dev/null || missing+=" ${program##*:}"
  done
  [ -z "${missing:-}" ] || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null; }
fi
command -v python3 >/dev/null || { echo 'prove: there is no python3: experiments with Celery are skipped'; exit 0; }
bash scripts/celery/venvs.sh
bash test/live/install.sh
libraries='gevent==25.9.1 Django==5.2.5 psycopg[binary]==3.3.9 SQLAlchemy==2.0.43 requests==2.32.5 boto3==1.40.2 pycurl==7.45.7 supervisor==4.3.0'
if [ "$(cat .venvs/experiments/made-from.txt 2>/dev/null)" != "$libraries" ]; then
  rm -rf .venvs/experiments
  python3 -m venv .venvs/experiments/pip
  pip() { .venvs/experiments/pip/bin/pip install --quiet --disable-pip-version-check "$@"; }
  pip --target .venvs/experiments/libraries $libraries
  pip --no-deps --target .venvs/experiments/billiard-4.3.0 billiard==4.3.0
  pip --no-deps --target .venvs/experiments/billiard-4.2.4 billiard==4.2.4
  echo "$libraries" > .venvs/experiments/made-from.txt
fi
# packages FOLDER NAME@VERSION...: NestJS has a folder of its own, as it takes an earlier BullMQ
packages() {
  local folder=$1 each; shift
  mkdir -p "$folder"
  echo '{ "private": true }' > "$folder/package.json"
  for each; do
    [ "$(node -p "require('./$folder/node_modules/${each%@*}/package.json').version" 2>/dev/null || true)" = "${each##*@}" ] && continue
    npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --no-package-lock --silent "$@"
    return
  done
}
packages .experiments bullmq@6.7.0 ioredis@6.0.0 amqplib@2.3.1 sqs-consumer@14.2.8 @aws-sdk/client-sqs@3.1175.0
packages .experiments/nest @nestjs/core@11.1.6 @nestjs/common@11.1.6 @nestjs/bullmq@11.0.4 bullmq@5.61.0 reflect-metadata@0.2.2 rxjs@7.8.2
