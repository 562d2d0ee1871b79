#!/usr/bin/env bash
# The README's way from a clone to a green hook, in a repository with faults: every command it takes must stand in the README, and the whole
# of it stays under ten minutes. Needs git, node, npm, python3 and a package index.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

venv=$root/.venv/pre-commit
bash "$root/.ci/venv.sh"
export PRE_COMMIT_HOME=$work/cache PATH=$venv/bin:$PATH

step() { # step STATUS COMMAND: as the README writes it, with the address of this clone
  grep -qF -- "$2" "$work/drainlint/README.md" || { echo "newcomer: the README does not say: $2"; exit 1; }
  local code=0
  eval "${2/https:\/\/<the address of this repository>/file:\/\/$work/drainlint}" >"$work/log" 2>&1 || code=$?
  [ "$code" -eq "$1" ] || { cat "$work/log"; echo "newcomer: '$2' ended with $code, wanted $1"; exit 1; }
}
expect() { grep -qF -- "$1" "${2:-$work/log}" || { cat "${2:-$work/log}"; echo "newcomer: nothing says \"$1\""; exit 1; }; }

SECONDS=0
git clone --quiet "$root" "$work/drainlint"
cd "$work/drainlint"
step 0 'npm ci && npm start'
expect 'error[celery/early-ack]'

cp -r "$work/drainlint/examples/newsletter" "$work/sample"
cd "$work/sample"
git init --quiet
git config user.name sample
git config user.email sample@example.com
git add -A
git commit --quiet -m 'Start'

step 0 'npm install --save-dev git+https://<the address of this repository>'
echo 'node_modules/' > .gitignore
step 1 'npx drainlint  '
expect 'mended by --fix'
# three are mended by --fix, two by hand as their suggestions say, and one is silenced
step 1 'npx drainlint --fix'
expect 'mended Dockerfile'
sed -i 's/"1", nx=True)/"1", nx=True, ex=900)/; s|^\( *\)for user in session|\1# drainlint: ignore tasks/unbatched-loop -- a few hundred readers\n&|' newsletter/tasks.py
sed -i '/BILLIARD_REMAP_SIGTERM/d; s|6379/0" },|6379/0" }|' infra/task-definition.json

step 0 'npx drainlint --baseline known.jsonl --update-baseline'
expect '0 removed)'
expect 'write `baseline: known.jsonl` into drainlint.config.yaml'
step 0 'npx drainlint init --pre-commit --github'
expect 'worker infra/task-definition.json:11 worker: celery -A newsletter.app worker'
expect 'wrote drainlint.config.yaml'
expect "repo: file://$work/drainlint" .pre-commit-config.yaml
step 0 "echo 'baseline: known.jsonl' >> drainlint.config.yaml"
step 0 'pre-commit install'
step 0 'npx drainlint  '
expect 'no findings'
git add -A
git commit --quiet -m 'Add drainlint' >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
expect 'Passed'

# and a new fault is stopped
sed -i '/drainlint: ignore/d' newsletter/tasks.py
sed -i 's/"1", nx=True, ex=900)/"1", nx=True)/' newsletter/tasks.py
git add -A
if git commit --quiet -m 'Undo' >"$work/log" 2>&1; then echo 'newcomer: the hook let a fault pass'; exit 1; fi
expect 'error[tasks/lock-without-expiry]'
[ "$(git log --oneline | wc -l)" -eq 2 ]

[ "$SECONDS" -lt 600 ] || { echo "newcomer: $SECONDS s"; exit 1; }
echo "newcomer: from a clone to a green hook in $SECONDS s, with the README's commands"
