#!/usr/bin/env bash
# Installs the hooks with the real pre-commit into a sample repository and runs them: a finding stops the commit, a clean
# project passes, unrelated files cost nothing. Needs git, node, python3 and a package index.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

venv=$root/.venv/pre-commit
bash "$root/.ci/venv.sh"
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
sed 's/- id: .*/- id: drainlint-staged/; $d' .pre-commit-config.yaml > staged.yaml
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

# names with spaces
mkdir 'old tasks' && printf 'def hello():\n    return "hello"\n' > 'old tasks/hello world.py' && git add -A
expect 0 'Passed' git commit -m "Add a file with spaces in its name"

# partially staged: the hooks see what is staged, and nothing else
echo '# a note' >> newsletter/settings.py
sed -i 's/^exec "\$@"/"$@"/' entrypoint.sh
git add newsletter/settings.py entrypoint.sh
sed -i '/task_acks_late/d' newsletter/settings.py
expect 1 'error[container/' git commit -m "Forget exec"
if git commit -m "Forget exec" 2>&1 | grep -q 'celery/early-ack'; then echo 'pre-commit: a change that is not staged was reported'; exit 1; fi
git checkout --quiet HEAD -- entrypoint.sh
sed -i 's/^exec "\$@"/"$@"/' entrypoint.sh
expect 0 'Passed' git commit -m "Add a note, with exec forgotten beside it"
grep -q '^"\$@"' entrypoint.sh || { echo 'pre-commit: the unstaged change is gone'; exit 1; }
git checkout --quiet -- .

# what the commit makes worse, as the index has it
sed -i 's/^exec "\$@"/"$@"/' entrypoint.sh
git add entrypoint.sh
expect 1 'error[container/' pre-commit run --config staged.yaml
git checkout --quiet HEAD -- .
expect 0 '' pre-commit run --config staged.yaml

# a commit that only deletes
git rm --quiet 'old tasks/hello world.py'
expect 0 '' git commit -m "Remove a file"

echo 'pre-commit: three hooks installed from git; findings stopped, a clean project and what is not staged passed'
