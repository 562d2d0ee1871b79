#!/usr/bin/env bash
# moto, a stand-in for AWS, into .venvs/moto (git-ignored), pinned: `npm run live` audits what it runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=5.2.5
if [ "$(.venvs/moto/bin/pip show moto 2>/dev/null | sed -n 's/^Version: //p')" != "$version" ]; then
  rm -rf .venvs/moto
  python3 -m venv .venvs/moto
  .venvs/moto/bin/pip install --quiet --disable-pip-version-check "moto[server]==$version"
fi
