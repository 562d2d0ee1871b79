#!/usr/bin/env bash
# pre-commit from PyPI into .venv/pre-commit (git-ignored), pinned.
set -euo pipefail
venv=$(cd "$(dirname "$0")/.." && pwd)/.venv/pre-commit
[ -x "$venv/bin/pre-commit" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet pre-commit==4.7.0; }
