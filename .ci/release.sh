#!/usr/bin/env bash
# release.sh FOLDER: what is released from this commit, into FOLDER. TAG and REPOSITORY (owner/name on GitHub) have to be what package.json says:
# npm takes provenance only for a package that names the repository it is built in.
set -euo pipefail
cd "$(dirname "$0")/.."
said=$(node -p 'const { version, repository } = require("./package.json"); `v${version} ${(repository?.url ?? repository ?? "no repository").replace(/^github:|^(git\+)?https:\/\/github\.com\/|\.git$/g, "")}`')
[ "$said" = "$TAG $REPOSITORY" ] || { echo "release: package.json says $said, but this is $TAG $REPOSITORY"; exit 1; }
bash .ci/reproducible.sh "$1"
