#!/usr/bin/env bash
# Makes .venvs/celery-VERSION from requirements-VERSION.txt: for the versions named, else for all. One that is complete is left as it is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3}

command -v "$python" >/dev/null || { echo "celery venvs: there is no $python on the PATH" >&2; exit 1; }
"$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "celery venvs: $python has no venv module (Debian: python3-venv)" >&2; exit 1; }

if [ $# -eq 0 ]; then
  for file in "$here"/requirements-*.txt; do file=${file##*/requirements-}; set -- "$@" "${file%.txt}"; done
fi

make() { # make VERSION: the pins it was made from are kept in it, so that new pins make it anew
  local requirements=$here/requirements-$1.txt venv=$root/.venvs/celery-$1
  cmp -s "$requirements" "$venv/made-from.txt" && "$venv/bin/python" -c '' 2>/dev/null && return
  rm -rf "$venv"
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$requirements"
  "$venv/bin/python" -m pip --disable-pip-version-check check >/dev/null
  cp "$requirements" "$venv/made-from.txt"
  echo "celery venvs: made .venvs/celery-$1"
}

for version in "$@"; do
  [ -f "$here/requirements-$version.txt" ] || { echo "celery venvs: there is no scripts/celery/requirements-$version.txt" >&2; exit 1; }
done
pids=()
for version in "$@"; do
  (set -e; make "$version") &
  pids+=($!)
done
failed=0
for i in "${!pids[@]}"; do
  wait "${pids[$i]}" || { shift_by=$((i + 1)); echo "celery venvs: .venvs/celery-${!shift_by} could not be made" >&2; failed=1; }
done
exit $failed
