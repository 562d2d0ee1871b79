#!/usr/bin/env bash
# The real AWS CDK into .cdk/ (git-ignored), pinned: `npm run synthesis` asks it what its sources become.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=2.276.0
python_version=2.275.0
mkdir -p .cdk
if [ "$(node -p "require('./.cdk/node_modules/aws-cdk-lib/package.json').version" 2>/dev/null || true)" != "$version" ]; then
  echo '{ "private": true }' > .cdk/package.json
  (cd .cdk && npm install --ignore-scripts --no-audit --no-fund --silent "aws-cdk-lib@$version" constructs@10)
fi
# the same in Python, where there is Python
if [ "$(.cdk/venv/bin/pip show aws-cdk-lib 2>/dev/null | sed -n 's/^Version: //p')" != "$python_version" ]; then
  python3 -m venv .cdk/venv
  .cdk/venv/bin/pip install --quiet --disable-pip-version-check "aws-cdk-lib==$python_version" "constructs>=10,<11"
fi
