#!/usr/bin/env bash
# The real AWS CDK into .cdk/ (git-ignored), pinned: `npm run synthesis` asks it what its sources become.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=2.276.0
[ "$(node -p "require('./.cdk/node_modules/aws-cdk-lib/package.json').version" 2>/dev/null || true)" = "$version" ] && exit 0
rm -rf .cdk && mkdir .cdk
echo '{ "private": true }' > .cdk/package.json
(cd .cdk && npm install --ignore-scripts --no-audit --no-fund --silent "aws-cdk-lib@$version" constructs@10)
