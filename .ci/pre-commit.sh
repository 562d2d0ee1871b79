#!/usr/bin/env bash
# Installs both hooks with the real pre-commit into a sample repository and runs them: a finding stops the commit, a clean
# project passes, unrelated files cost nothing. Needs git, node, python3 and a package index.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

venv=$root/.venv/pre-commit
[ -x "$venv/bin/pre-commit" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet pre-commit==4.7.0; }
export PRE_COMMIT_HOME=$work/cache PATH=$venv/bin:$PATH

git clone --quiet "$root" "$work/drainlint"
revision=$(git -C "$work/drainlint" rev-parse HEAD)

cp -r "$root/examples/newsletter" "$work/sample"
cd "$work/sample"
git init --quiet
git config user.name sample
git config user.email sample@example.com
cat > .pre-commit-config.yaml <<YAML
repos:
  - repo: file://$work/drainlint
    rev: $revision
    hooks:
      - id: ${1:-drainlint}
      - id: drainlint-changed
YAML
git add -A
git commit --quiet -m "Start"
pre-commit install --install-hooks >"$work/install.log" 2>&1 || { cat "$work/install.log"; exit 1; }

expect() { # expect STATUS TEXT COMMAND…
  local status=$1 text=$2; shift 2
  local code=0 output
  output=$("$@" 2>&1) || code=$?
  if [ "$code" -ne "$status" ] || { [ -n "$text" ] && ! grep -qF "$text" <<<"$output"; }; then
    printf '%s\n' "$output"
    echo "pre-commit: '$*' ended with $code, wanted $status and \"$text\""
    exit 1
  fi
}

expect 1 'error[celery/early-ack]' pre-commit run --all-files drainlint
expect 1 'error[celery/early-ack]' pre-commit run --files newsletter/app.py newsletter/settings.py newsletter/tasks.py
echo 'notes' > notes.md && git add notes.md
expect 0 '' git commit -m "Add a file no hook reads"

rm -rf newsletter infra Dockerfile entrypoint.sh
cp -r "$root/examples/newsletter-fixed/." .
git add -A
expect 0 'Passed' git commit -m "Repair the application"
expect 0 'Passed' pre-commit run --all-files
echo 'pre-commit: both hooks installed from git; 1 finding project stopped, 1 clean project passed'
