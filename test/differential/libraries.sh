#!/usr/bin/env bash
# What the generated projects import beside Celery, into every venv of scripts/celery/venvs.sh. Fails where pip does.
set -euo pipefail
cd "$(dirname "$0")/../.."
jobs=()
for venv in .venvs/celery-*; do
  [ -e "$venv/.differential" ] && continue
  { "$venv/bin/pip" install --quiet --disable-pip-version-check 'django<5.3' 'flask<4' 'django-environ<1' 'python-decouple<4' && touch "$venv/.differential"; } & jobs+=($!)
done
for job in "${jobs[@]:-}"; do [ -z "$job" ] || wait "$job"; done
