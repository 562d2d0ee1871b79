#!/usr/bin/env bash
# Installs what `npm run bench` compares with into .peers: ESLint and ast-grep from npm, ruff and cfn-lint from PyPI, ripgrep and git from the system.
set -euo pipefail
cd "$(dirname "$0")/.."
# ast-grep's binary comes in a package for each platform, so that its install script is not needed
npm install --prefix .peers --ignore-scripts --no-audit --no-fund --no-save --silent eslint@9 typescript-eslint@8 typescript@5 @ast-grep/cli@0.51.1
[ -x .peers/venv/bin/pip ] || python3 -m venv .peers/venv
.peers/venv/bin/pip install --quiet --disable-pip-version-check ruff==0.17.* cfn-lint==1.*
command -v rg >/dev/null || { apt-get update -qq && apt-get install -y -qq ripgrep >/dev/null; }
