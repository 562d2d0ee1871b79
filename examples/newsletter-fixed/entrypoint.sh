#!/bin/sh
set -e

python -m newsletter.seed

exec "$@"
