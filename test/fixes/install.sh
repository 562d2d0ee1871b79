#!/usr/bin/env bash
# Parsers that others wrote, into .venvs/fixes (git-ignored), pinned: `npm run fixes` reads mended files with them.
set -euo pipefail
cd "$(dirname "$0")/../.."
wanted='python-hcl2==8.1.4 PyYAML==6.0.4'
if [ "$(cat .venvs/fixes/.installed 2>/dev/null)" != "$wanted" ]; then
  rm -rf .venvs/fixes
  python3 -m venv .venvs/fixes
  # shellcheck disable=SC2086
  .venvs/fixes/bin/pip install --quiet --disable-pip-version-check $wanted
  echo "$wanted" > .venvs/fixes/.installed
fi
